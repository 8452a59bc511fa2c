"""The same recipe and input give the same bytes, whoever does the work and whatever happens to them meanwhile."""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import psutil
import pytest

from conftest import ROOT, command

RECIPE = "recipes/demo.toml"


def corpus_bytes(out: Path) -> dict[str, str]:
    """SHA-256 of every data file and every commit; the log and the lock are no part of a corpus."""
    files = [p for p in out.rglob("*") if p.is_file() and p.relative_to(out).parts[0] not in ("log", ".lock")]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_do_not_change_a_byte(
    workers: int, demo_out: Path, demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    built = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", tmp_path / "out", "--workers", workers)
    assert built.status == 0, built.err
    assert corpus_bytes(tmp_path / "out") == corpus_bytes(demo_out)


def test_the_order_and_the_place_of_the_input_do_not_change_a_byte(
    demo_out: Path, demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    files = []
    for path in sorted(demo_crawl.glob("*.warc.gz"), reverse=True):
        files.append(elsewhere / path.name)
        files[-1].write_bytes(path.read_bytes())
    built = minamoto("run", "--recipe", RECIPE, "--input", *files, "--out", tmp_path / "out", "--inline")
    assert built.status == 0, built.err
    assert corpus_bytes(tmp_path / "out") == corpus_bytes(demo_out)


def test_the_instructions_of_the_processor_do_not_change_a_byte(
    demo_out: Path, demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """numpy sorts otherwise where AVX2 or AVX-512 is off; a sort that is not stable shows it."""
    features = numpy._core._multiarray_umath.__cpu_features__
    off = [name for name in numpy._core._multiarray_umath.__cpu_dispatch__ if features[name]]
    if not off:
        pytest.skip("numpy has no faster instructions to leave out on this machine")
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", " ".join(off))
    built = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", tmp_path / "out", "--inline")
    assert built.status == 0, built.err
    assert corpus_bytes(tmp_path / "out") == corpus_bytes(demo_out)


@pytest.mark.parametrize(
    "table", ["[input]\npart_bytes = 40000", "[input]\npart_bytes = 99999999", "[dedup]\nbucket_rows = 10"]
)
def test_the_size_of_parts_and_buckets_does_not_change_the_shards(
    table: str, demo_out: Path, demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    recipe = tmp_path / "demo.toml"
    name, rest = (ROOT / RECIPE).read_text().split("[input]")
    recipe.write_text(f"{name}\n[tokenize]{rest.split('[tokenize]')[1]}\n{table}\n")
    built = minamoto("run", "--recipe", recipe, "--input", demo_crawl, "--out", tmp_path / "out", "--inline")
    assert built.status == 0, built.err
    for shards in ("tokenize/shards/data", "tokenize/shards/__meta__"):
        assert corpus_bytes(tmp_path / "out" / shards) == corpus_bytes(demo_out / shards)


def started(out: Path, crawl: Path, workers: int) -> subprocess.Popen[bytes]:
    """A run in the background; what it says goes to a file beside OUT."""
    words = command("run", "--recipe", RECIPE, "--input", crawl, "--out", out, "--workers", workers, "--json")

    def hear_ctrl_c() -> None:  # who runs the tests in the background has them deaf to it
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with out.with_suffix(".said").open("wb") as said:
        return subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True, preexec_fn=hear_ctrl_c
        )


def until(found: Callable[[], Any], driver: subprocess.Popen[bytes], seconds: float = 120) -> Any:
    """Poll until something is found; fails when the driver ends or time is up before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        assert driver.poll() is None, "the run ended before"
        time.sleep(0.005)
    raise AssertionError("it never happened")


def is_writing(process: psutil.Process, folder: Path) -> bool:
    return any(f.path.endswith(".tmp") and Path(f.path).is_relative_to(folder) for f in process.open_files())


def worker_in_the_middle(driver: subprocess.Popen[bytes], folder: Path) -> psutil.Process | None:
    """A worker of this driver that has a temporary file below the folder open; it is suspended, so that it stays so."""
    for process in psutil.Process(driver.pid).children(recursive=True):
        try:
            if is_writing(process, folder):
                process.suspend()
                if is_writing(process, folder):
                    return process
                process.resume()
        except psutil.Error:
            continue
    return None


def test_a_worker_killed_in_the_middle_of_a_part_changes_nothing(
    demo_out: Path, demo_crawl: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    driver = started(out, demo_crawl, 2)
    victim = until(lambda: worker_in_the_middle(driver, out / "extract"), driver)
    victim.kill()
    assert driver.wait(timeout=240) == 0
    events = [json.loads(line) for line in (out / "log/events.jsonl").read_text().splitlines()]
    assert any(event["attempts"] > 1 for event in events), "no part was tried twice: the kill hit nothing"
    assert corpus_bytes(out) == corpus_bytes(demo_out)


STAGES = (
    "extract", "dedup/sign", "dedup/group", "dedup/cluster", "dedup/compare", "dedup/decide", "tokenize/encode",
    "tokenize/shards",
)  # fmt: skip


def test_a_driver_killed_in_every_stage_is_resumed_with_other_workers_without_doing_anything_twice(
    demo_out: Path, demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    before: dict[Path, int] = {}
    for kills, stage in enumerate(STAGES):
        driver = started(out, demo_crawl, 2 - kills % 2)
        commits = out / "commits" / stage
        until(lambda commits=commits: list(commits.glob("[0-9]*.json")), driver)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        assert before == {path: path.stat().st_mtime_ns for path in before}, f"a committed part was made again: {stage}"
        before = {path: path.stat().st_mtime_ns for path in out.rglob("commits/**/[0-9]*.json")}
    built = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline")
    assert built.status == 0, built.err
    assert before == {path: path.stat().st_mtime_ns for path in before}, "a committed part was made again"
    assert corpus_bytes(out) == corpus_bytes(demo_out)


@pytest.mark.parametrize(("sign", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_says_so_in_a_line_and_can_go_on(
    sign: signal.Signals, status: int, demo_out: Path, demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    driver = started(out, demo_crawl, 2)
    until(lambda: list((out / "commits/extract").glob("[0-9]*.json")), driver)
    os.killpg(driver.pid, sign)  # as a terminal does: to everything the run has started, Ray and all
    assert driver.wait(timeout=60) == status
    said = out.with_suffix(".said").read_text()
    assert "stopped" in said
    assert "Traceback" not in said
    assert minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline").status == 0
    assert corpus_bytes(out) == corpus_bytes(demo_out)
