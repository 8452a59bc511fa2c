"""A real cluster of several nodes: the same bytes as inline on local files, whatever becomes of its nodes and of the
driver, in a folder and from and to an object store."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import clusters
import pytest

import buckets
from conftest import DATA, ROOT, Ran
from pipelines.run import WINDOW
from pipelines.store import Store, located

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not clusters.EXTRAS.exists(), reason="no deploy/requirements.txt in .venv/cluster"),
]  # fmt: skip

#: One real file beside the demo's two, where it is there.
REAL = DATA / "web/crawl-00004.warc.gz"
#: Files elsewhere are known by their digests: so the corpus is that of local files to the last byte of its manifest.
RECIPE = """name = "demo"
[input]
part_bytes = 262144
remote_digest = "sha256"
[tokenize]
vocab_size = 4000
shard_tokens = 200000
"""


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[buckets.Server]:
    with buckets.served() as server, buckets.named(server, tmp_path_factory.mktemp("cache")):
        yield server


@pytest.fixture(scope="module")
def cluster(s3: buckets.Server) -> Iterator[clusters.Cluster]:
    """Its nodes know the store from their environment, as institutes' nodes do."""
    with clusters.cluster() as made:
        made.start_head()
        yield made


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "demo.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="module")
def crawl(demo_crawl: Path) -> list[Path]:
    return [*sorted(demo_crawl.glob("*.warc.gz")), *([REAL] if REAL.exists() else [])]


@pytest.fixture(scope="module")
def inline(
    recipe: Path, crawl: list[Path], minamoto: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("inline") / "out"
    built = minamoto("run", "--recipe", recipe, "--input", *crawl, "--out", out, "--inline")
    assert built.status == 0, built.err
    return out


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, s3: buckets.Server, crawl: list[Path], tmp_path: Path) -> tuple[str, str]:
    """INPUT and OUT."""
    if request.param == "folder":
        return " ".join(map(str, crawl)), str(tmp_path / "out")
    for file in crawl:
        s3.client().upload_file(str(file), "corpora", f"crawl/{file.name}")
    return "s3://corpora/crawl/", "s3://corpora/out"


def digest(store: Store) -> str:
    return str(store.read_json("tokenize/shards/manifest.json")["digest"])


def submitted(cluster: clusters.Cluster, recipe: Path, crawl: str, out: str, said: Path) -> subprocess.Popen[bytes]:
    """`make submit-corpus`, its words in the file `said`."""
    words = ["make", "--no-print-directory", "-o", ".venv/installed-cluster", f"BIN={Path(sys.executable).parent}",
             "submit-corpus", f"RAY={cluster.address}", f"RECIPE={recipe}", f"INPUT={crawl}", f"OUT={out}"]  # fmt: skip
    with said.open("wb") as file:
        return subprocess.Popen(words, cwd=ROOT, env=cluster.environment(), stdout=file, stderr=file)


def until(found: Callable[[], Any], job: subprocess.Popen[bytes], said: Path, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        assert job.poll() is None, said.read_text()[-3000:]
        time.sleep(0.05)
    raise AssertionError(f"it never happened: {said.read_text()[-3000:]}")


def commits(store: Store, s3: buckets.Server) -> dict[str, int]:
    """Every commit record of a part, by its path, with a number that changes when it is written again."""
    paths = [record.path() for stage in ("extract", "filter", "dedup/sign") for record in store.records(stage)]
    if isinstance(store.root, Path):
        return {path: (store.root / path).stat().st_mtime_ns for path in paths}
    put = Counter(path for method, path in s3.requests if method == "PUT")
    return {path: put[f"/corpora/out/{path}"] for path in paths}


def test_a_submitted_corpus_survives_a_lost_node_and_a_killed_driver_with_the_bytes_of_an_inline_run(
    cluster: clusters.Cluster, recipe: Path, place: tuple[str, str], s3: buckets.Server, inline: Path, tmp_path: Path
) -> None:
    crawl, out = place
    said, store, local = tmp_path / "said", Store(located(out)), Store(inline)
    lost, _ = cluster.start_node(), cluster.start_node()
    job = submitted(cluster, recipe, crawl, out, said)
    third = len(local.indices("extract")) // 3
    until(lambda: len(store.indices("extract")) >= third and clusters.working(lost), job, said)
    clusters.kill(lost)
    cluster.start_node()
    until(lambda: store.indices("dedup/sign"), job, said)
    before = commits(store, s3)
    os.kill(store.read_json("log/status.json")["pid"], signal.SIGKILL)
    assert job.wait(timeout=240) == 0, said.read_text()[-3000:]
    assert "was killed; submitted again" in said.read_text()
    after = commits(store, s3)
    assert {path: after[path] for path in before} == before, "a committed part was made again"
    again = [event for event in store.events() if event["stage"] == "extract" and event["attempts"] > 1]
    assert again, "no part was lost with its node"
    assert len(again) <= WINDOW * 2, "a lost node cost more than the parts in flight"
    assert digest(store) == digest(local)


def test_the_status_of_a_failed_job_is_that_of_the_command_and_no_secret_is_on_record(
    cluster: clusters.Cluster, recipe: Path, tmp_path: Path
) -> None:
    cluster.start_node()
    job = submitted(cluster, recipe, str(tmp_path / "nothing-here"), str(tmp_path / "out"), tmp_path / "said")
    assert job.wait(timeout=120) == 2  # make's own, whatever the command's
    said = (tmp_path / "said").read_text()
    assert "nothing-here" in said
    assert "Error 2" in said
    assert "Traceback" not in said
    secrets = [(cluster.folder / "token").read_text(), buckets.KEYS["AWS_SECRET_ACCESS_KEY"]]
    assert not any(secret in said for secret in secrets)
    for path in cluster.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name != "token":
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in secrets), path
