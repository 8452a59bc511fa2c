"""What a run says of itself while it is under way, and those who look on."""

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import toys
from conftest import command
from pipelines import progress, run, status
from pipelines.errors import PartsFailed, Stop
from pipelines.inspect import watch
from pipelines.run import Done, Terminated
from pipelines.stage import Result, Stage, Task
from pipelines.store import Commit, Output, Store


def tasks(count: int, work: Any = toys.fine) -> list[Task]:
    return [Task(Stage("toy", work, {}), index, None, "") for index in range(count)]


def build(out: Path, work: Any, count: int = 4) -> None:
    store = Store(out)
    todo = tasks(count, work)
    with progress.shown(store, quiet=True) as announce:
        run.run_stage(todo, store, run.inline, announce(todo[0].stage, todo))


def plain(out: Path) -> tuple[int, str]:
    console = Console(record=True, force_terminal=False, width=200, quiet=False)
    code = watch.watch(out, console)
    return code, console.export_text()


def test_a_finished_run_has_its_numbers_on_record(tmp_path: Path) -> None:
    build(tmp_path, toys.fine)
    found = watch.read(tmp_path)
    assert (found["state"], found["error"]) == ("done", "")
    (stage,) = found["stages"]
    assert {name: stage[name] for name in ("stage", "parts", "done", "failed", "rows", "bytes", "share")} == {
        "stage": "toy", "parts": 4, "done": 4, "failed": 0, "rows": 4, "bytes": 6, "share": 1.0,
    }  # fmt: skip
    code, text = plain(tmp_path)
    assert code == 0
    assert "toy: 4/4 parts, 4 rows" in text
    assert text.splitlines()[-1].startswith("done, process ")


def test_a_failed_run_says_what_failed(tmp_path: Path) -> None:
    with pytest.raises(PartsFailed):
        build(tmp_path, toys.odd_parts_raise)
    code, text = plain(tmp_path)
    assert code == 1
    assert "2 failed" in text
    assert "cannot abide 1" in text.splitlines()[-1]


def interrupted(task: Task, output: Output) -> Result:
    raise Terminated


def test_a_stopped_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(Terminated):
        build(tmp_path, interrupted)
    assert plain(tmp_path)[1].startswith("toy: 0/4 parts")
    assert watch.read(tmp_path)["state"] == "stopped"


def test_a_driver_that_was_killed_is_told_by_its_silence(tmp_path: Path) -> None:
    store = Store(tmp_path)
    says = {"state": "running", "error": "", "host": "far", "pid": 7, "started": 0.0, "stages": []}
    store.write_json("log/status.json", says | {"updated": time.time() - 3600})
    code, text = plain(tmp_path)
    assert code == 1
    assert "nothing heard for 1:00:0" in text
    store.write_json("log/status.json", says | {"updated": time.time() + 3600})
    assert watch.read(tmp_path)["silent_seconds"] == 0, "a clock that runs ahead is no silence"


def test_nothing_there_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"no run has written a status there \(log/status.json\)"):
        watch.read(tmp_path)


def done(index: int, worked: bool = True) -> Done:
    return Done(tasks(9)[index], Commit("toy", index, "", 10, 10, {}, {}, {}, {}), worked=worked)


def test_time_to_go_is_by_bytes_and_by_what_was_made_now(tmp_path: Path) -> None:
    tally = status.Tally({0: 600, 1: 100, 2: 100, 3: 200}, started=time.time() - 10)
    assert tally.eta() is None
    tally.add(done(0, worked=False))  # found made: says nothing of how long the rest will take
    assert tally.eta() is None
    tally.add(done(1))
    assert tally.eta() == pytest.approx(30, rel=0.01)
    tally.add(done(2))
    tally.add(done(3))
    assert tally.eta() is None
    assert tally.record()["share"] == 1


def test_parts_weigh_what_was_extracted_and_other_tasks_the_same() -> None:
    assert status.weights(tasks(3), {0: 5, 1: 0, 2: 9}) == {0: 5, 1: 1, 2: 9}
    assert status.weights(tasks(2), {0: 5, 1: 0, 2: 9}) == {0: 1, 1: 1}
    assert status.weights([], {}) == {}


def test_the_table_shows_hostile_words_as_they_are(tmp_path: Path) -> None:
    found = {"state": "failed", "error": "[bold]x[/] [link=file:///etc]", "host": "h", "pid": 1, "stages": []}
    console = Console(record=True, width=200)
    console.print(watch.table(found))
    assert "[bold]x[/] [link=file:///etc]" in console.export_text()


def test_the_command_follows_a_run_of_another_process(tmp_path: Path) -> None:
    build(tmp_path, toys.fine)
    ran = subprocess.run(command("watch", "--out", tmp_path), capture_output=True, text=True, check=True)
    assert "toy: 4/4 parts" in ran.stdout
