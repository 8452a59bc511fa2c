"""The loop over tasks: what fails is named, what is fine is kept, and nothing is tried for ever."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import toys
from pipelines import run
from pipelines.errors import PartsFailed, Stop
from pipelines.run import Done, Runner
from pipelines.stage import Stage, Task
from pipelines.store import Store


def tasks(work: Any, count: int, given: Any = None) -> list[Task]:
    return [Task(Stage("toy", work, {}), index, given, "") for index in range(count)]


@pytest.fixture(scope="module")
def ray_runner() -> Iterator[Runner]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(toys.__file__).parent))  # for the workers
        with run.on_ray(2) as runner:
            yield runner


@pytest.fixture(params=["inline", "ray"])
def runner(request: pytest.FixtureRequest) -> Runner:
    return run.inline if request.param == "inline" else request.getfixturevalue("ray_runner")


def go(work: Any, count: int, tmp_path: Path, runner: Runner, given: Any = None) -> list[Done]:
    seen: list[Done] = []
    run.run_stage(tasks(work, count, given), Store(tmp_path), runner, seen.append)
    return seen


def test_commits_come_in_the_order_of_the_parts(tmp_path: Path, runner: Runner) -> None:
    commits = run.run_stage(tasks(toys.fine, 9), Store(tmp_path), runner, lambda done: None)
    assert [commit.index for commit in commits] == list(range(9))
    assert all(next(iter(commit.files.values()))["bytes"] == commit.index for commit in commits)


def test_what_is_committed_is_not_done_again(tmp_path: Path, runner: Runner) -> None:
    assert all(done.worked for done in go(toys.fine, 3, tmp_path, runner))
    assert not any(done.worked for done in go(toys.fine, 3, tmp_path, runner))


def test_failed_parts_are_named_with_their_reason_and_place_and_the_others_are_kept(
    tmp_path: Path, runner: Runner
) -> None:
    with pytest.raises(
        PartsFailed, match=r"toy: 2 of 5 parts failed: part 1: ValueError: cannot abide 1 \(at toys:\d+\);"
    ):
        go(toys.odd_parts_raise, 5, tmp_path, runner)
    assert [Store(tmp_path).read_commit("toy", index) is not None for index in range(5)] == [True, False] * 2 + [True]


def test_rows_that_do_not_add_up_fail_the_part(tmp_path: Path, runner: Runner) -> None:
    with pytest.raises(PartsFailed, match="3 rows in, 1 kept and 1 dropped do not add up"):
        go(toys.careless, 1, tmp_path, runner)


def test_a_full_disk_stops_at_once(tmp_path: Path, runner: Runner) -> None:
    with pytest.raises(Stop, match=r"the disk is full \(.*toy/0.*make room and run again"):
        go(toys.no_space, 50, tmp_path, runner)


def test_a_part_that_kills_its_worker_is_given_up_and_the_others_are_kept(tmp_path: Path, ray_runner: Runner) -> None:
    with pytest.raises(PartsFailed, match="1 of 6 parts failed: part 2: killed its worker 3 times"):
        go(toys.part_two_kills_its_worker, 6, tmp_path, ray_runner)
    assert [index for index in range(6) if Store(tmp_path).read_commit("toy", index) is None] == [2]


def test_a_worker_killed_once_is_replaced(tmp_path: Path, ray_runner: Runner) -> None:
    done = go(toys.part_two_kills_its_worker_once, 4, tmp_path, ray_runner, str(tmp_path / "once"))
    assert sorted((d.task.index, d.attempts) for d in done) == [(0, 1), (1, 1), (2, 2), (3, 1)]


def test_workers_that_read_untrusted_data_do_not_load_ray_data(ray_runner: Runner) -> None:
    """Its Parquet extension types have run pickles from metadata (CVE-2026-41486)."""
    assert "ray.data" not in sys.modules
