from pathlib import Path
from typing import Any

import pytest

from pipelines.stage import Result, Stage, Task, Unaccounted, drift, fresh, run_task
from pipelines.store import Output, Store


def work(task: Task, output: Output) -> Result:
    with output.create(f"{task.stage.name}/{task.index}") as file:
        file.write(str(task.given).encode())
    return Result(2, 1, {"short": 1}, detail={"seen": task.given})


def careless(task: Task, output: Output) -> Result:
    return Result(3, 1, {"short": 1})


def stage(name: str = "extract", after: tuple[Stage, ...] = (), **settings: Any) -> Stage:
    return Stage(name, work, settings, after=after, libraries=("numpy",))


def test_a_task_commits_what_it_made_and_is_fresh_afterwards(tmp_path: Path) -> None:
    store, task = Store(tmp_path), Task(stage(), 4, "x", "reads")
    assert fresh(task, store) is None
    commit = run_task(task, store)
    assert fresh(task, store) == commit
    assert (commit.rows_in, commit.kept, commit.reasons) == (2, 1, {"short": 1})


def test_rows_that_do_not_add_up_are_never_committed(tmp_path: Path) -> None:
    task = Task(Stage("extract", careless, {}), 0, None, "")
    with pytest.raises(Unaccounted, match="3 rows in, 1 kept and 1 dropped"):
        run_task(task, Store(tmp_path))
    assert fresh(task, Store(tmp_path)) is None


def test_a_task_is_done_again_when_settings_content_or_place_change(tmp_path: Path) -> None:
    store = Store(tmp_path)
    task = Task(stage(limit=1), 0, None, "reads")
    run_task(task, store)
    assert fresh(Task(stage(limit=1), 0, None, "reads"), store)
    assert not fresh(Task(stage(limit=2), 0, None, "reads"), store)
    assert not fresh(Task(stage(limit=1), 0, None, "other"), store)


def test_a_change_upstream_changes_every_fingerprint_below() -> None:
    def bottom(limit: int) -> str:
        return stage("dedup", (stage("filter", (stage("extract", limit=limit),)),)).fingerprint()

    assert bottom(1) == bottom(1)
    assert bottom(1) != bottom(2)


def test_the_fingerprint_covers_version_and_libraries() -> None:
    assert Stage("a", work, {}, version=1).fingerprint() != Stage("a", work, {}, version=2).fingerprint()
    assert Stage("a", work, {}).fingerprint() != Stage("a", work, {}, libraries=("numpy",)).fingerprint()


def test_what_is_given_may_hold_paths_for_only_what_is_read_counts() -> None:
    assert Task(stage(), 0, "/one/machine", "r").fingerprint() == Task(stage(), 0, "/another", "r").fingerprint()


def test_drift_names_the_field_with_both_values() -> None:
    before = {"settings": {"limit": 1, "rules": ["a"]}, "version": 1}
    now = {"settings": {"limit": 2, "rules": ["a"]}, "version": 1}
    assert drift(before, now) == ["settings.limit: was 1, is 2"]
    assert drift(before, before) == []
    assert drift({}, {"a": 1}) == ["a: was None, is 1"]
