"""A real cluster of several nodes: the same bytes as inline, whatever becomes of its nodes and of the driver."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import clusters
import pytest

from conftest import DATA, ROOT
from pipelines.run import WINDOW
from pipelines.store import Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not clusters.EXTRAS.exists(), reason="no deploy/requirements.txt in .venv/cluster"),
]  # fmt: skip

#: One real file beside the demo's two, where it is there.
REAL = DATA / "web/crawl-00004.warc.gz"
RECIPE = 'name = "demo"\n[input]\npart_bytes = 262144\n[tokenize]\nvocab_size = 4000\nshard_tokens = 200000\n'


@pytest.fixture(scope="module")
def cluster() -> Iterator[clusters.Cluster]:
    with clusters.cluster() as made:
        made.start_head()
        yield made


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "demo.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def crawl(demo_crawl: Path) -> str:
    return f"{demo_crawl} {REAL}" if REAL.exists() else str(demo_crawl)


@pytest.fixture(scope="module")
def inline(recipe: Path, crawl: str, minamoto: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("inline") / "out"
    built = minamoto("run", "--recipe", recipe, "--input", *crawl.split(), "--out", out, "--inline")
    assert built.status == 0, built.err
    return out


def digest(out: Path) -> str:
    return str(json.loads((out / "tokenize/shards/manifest.json").read_text())["digest"])


def submitted(cluster: clusters.Cluster, recipe: Path, crawl: str, out: Path) -> subprocess.Popen[bytes]:
    """`make submit-corpus`, its words in a file beside OUT."""
    words = ["make", "--no-print-directory", "-o", ".venv/installed-cluster", f"BIN={Path(sys.executable).parent}",
             "submit-corpus", f"RAY={cluster.address}", f"RECIPE={recipe}", f"INPUT={crawl}", f"OUT={out}"]  # fmt: skip
    with out.with_suffix(".said").open("wb") as said:
        return subprocess.Popen(words, cwd=ROOT, env=cluster.environment(), stdout=said, stderr=said)


def until(found: Callable[[], Any], job: subprocess.Popen[bytes], out: Path, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        assert job.poll() is None, out.with_suffix(".said").read_text()[-3000:]
        time.sleep(0.05)
    raise AssertionError(f"it never happened: {out.with_suffix('.said').read_text()[-3000:]}")


def commits(out: Path, stage: str) -> list[Path]:
    return list((out / "commits" / stage).glob("[0-9]*.json"))


def test_a_submitted_corpus_survives_a_lost_node_and_a_killed_driver_with_the_bytes_of_an_inline_run(
    cluster: clusters.Cluster, recipe: Path, crawl: str, inline: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    lost, _ = cluster.start_node(), cluster.start_node()
    parts = len(commits(inline, "extract"))
    job = submitted(cluster, recipe, crawl, out)
    until(lambda: len(commits(out, "extract")) >= parts // 3, job, out)
    clusters.kill(lost)
    cluster.start_node()
    until(lambda: commits(out, "filter"), job, out)
    events = [event for event in Store(out).events() if event["stage"] == "extract"]
    again = [event for event in events if event["attempts"] > 1]
    assert again, "no part was lost with its node"
    assert len(again) <= WINDOW * 2, "a lost node cost more than the parts in flight"

    until(lambda: commits(out, "dedup/sign"), job, out)
    before = {path: path.stat().st_mtime_ns for path in (out / "commits").rglob("[0-9]*.json")}
    os.kill(json.loads((out / "log/status.json").read_text())["pid"], signal.SIGKILL)
    said = out.with_suffix(".said")
    assert job.wait(timeout=240) == 0, said.read_text()[-3000:]
    assert "was killed; submitted again" in said.read_text()
    assert before == {path: path.stat().st_mtime_ns for path in before}, "a committed part was made again"
    assert digest(out) == digest(inline)


def test_the_status_of_a_failed_job_is_that_of_the_command_and_no_secret_is_on_record(
    cluster: clusters.Cluster, recipe: Path, tmp_path: Path
) -> None:
    cluster.start_node()
    out = tmp_path / "out"
    job = submitted(cluster, recipe, str(tmp_path / "nothing-here"), out)
    assert job.wait(timeout=120) == 2  # make's own, whatever the command's
    said = out.with_suffix(".said").read_text()
    assert "nothing-here" in said
    assert "Error 2" in said
    assert "Traceback" not in said
    token = (cluster.folder / "token").read_text()
    assert token not in said
    for path in cluster.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name != "token":
            assert token.encode() not in path.read_bytes(), path
