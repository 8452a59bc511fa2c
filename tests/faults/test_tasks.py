"""What a part cannot do to a run, however it dies or lies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import toys
from pipelines import run
from pipelines.errors import PartsFailed
from pipelines.run import Done, Runner
from pipelines.stage import Stage, Task, Unaccounted, run_task
from pipelines.store import Store


def tasks(work: Any, count: int, given: Any = None) -> list[Task]:
    return [Task(Stage("toy", work, {}), index, given, "") for index in range(count)]


@pytest.fixture
def ray_runner() -> Iterator[Runner]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(toys.__file__).parent))
        with run.on_ray(2) as runner:
            yield runner


def test_a_worker_killed_between_its_file_and_its_commit_leaves_the_same_bytes(
    tmp_path: Path, ray_runner: Runner
) -> None:
    done: list[Done] = []
    out, once = Store(tmp_path / "out"), str(tmp_path / "once")
    run.run_stage(tasks(toys.dies_before_its_commit_once, 1, once), out, ray_runner, done.append)
    assert [one.attempts for one in done] == [2]
    assert out.read_commit("toy", 0) is not None
    assert not list(out.root.rglob("*.tmp"))


def test_a_part_that_comes_out_otherwise_is_refused_with_both_digests(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (task,) = tasks(toys.different_every_time, 1)
    first = run_task(task, store)
    with pytest.raises(
        Unaccounted, match=r"toy part 0 came out otherwise than before: toy/0.sha256: was '.+', is '.+'"
    ):
        run_task(task, store)
    assert store.record("toy", 0) == first
    (tmp_path / "toy/0").unlink()
    with pytest.raises(Unaccounted):
        run_task(task, store)
    (other,) = [Task(task.stage, 0, None, "other content")]
    assert run_task(other, store).files != first.files


@pytest.mark.slow
def test_a_part_that_eats_the_memory_of_its_node_is_given_up_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = psutil.virtual_memory()
    monkeypatch.setenv("RAY_memory_usage_threshold", str((memory.total - memory.available + (1 << 30)) / memory.total))
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "50")
    monkeypatch.setenv("PYTHONPATH", str(Path(toys.__file__).parent))
    with (
        run.on_ray(2) as runner,
        pytest.raises(PartsFailed, match="1 of 4 parts failed: part 2: killed its worker 3 times"),
    ):
        run.run_stage(tasks(toys.hungry, 4), Store(tmp_path), runner, lambda done: None)
    assert [index for index in range(4) if Store(tmp_path).read_commit("toy", index) is None] == [2]
