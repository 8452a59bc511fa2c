import hashlib
import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from pipelines.errors import Stop
from pipelines.store import Commit, Output, Store, canonical
from pipelines.store.folder import whole_or_absent


def commit(output: Output, **changes: object) -> Commit:
    fields = {
        "stage": "extract", "index": 0, "fingerprint": "f", "rows_in": 1, "kept": 1, "reasons": {},
        "files": output.files, "totals": {}, "detail": {},
    }  # fmt: skip
    return Commit(**(fields | changes))  # type: ignore[arg-type]


def test_a_file_appears_whole_under_its_name_with_its_digest(tmp_path: Path) -> None:
    output = Output(Store(tmp_path), tmp_path)
    with output.create("extract/a") as file:
        file.write(b"one ")
        assert not (tmp_path / "extract/a").exists()
        file.write(b"two")
    assert (tmp_path / "extract/a").read_bytes() == b"one two"
    assert output.files == {"extract/a": {"bytes": 7, "sha256": hashlib.sha256(b"one two").hexdigest()}}


def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"before")

    def fail_half_way() -> None:
        with whole_or_absent(tmp_path / "a") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"before"


def die_while_writing(root: Path) -> None:
    with Store(root).locked(), whole_or_absent(root / "extract" / "a") as file:
        file.write(b"half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_left_is_cleared_away_and_its_lock_is_free(tmp_path: Path) -> None:
    child = multiprocessing.get_context("spawn").Process(target=die_while_writing, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert len(list((tmp_path / "extract").iterdir())) == 1
    with Store(tmp_path).locked():
        assert list((tmp_path / "extract").iterdir()) == []


def test_a_second_driver_is_turned_away_in_one_line(tmp_path: Path) -> None:
    with (
        Store(tmp_path).locked(),
        pytest.raises(Stop, match=f"in use by process {os.getpid()}"),
        Store(tmp_path).locked(),
    ):
        pass


def test_a_commit_counts_only_while_its_files_are_there_in_their_size(tmp_path: Path) -> None:
    store, output = Store(tmp_path), Output(Store(tmp_path), tmp_path)
    assert store.read_commit("extract", 0) is None
    with output.create("extract/a") as file:
        file.write(b"abc")
    store.write_commit(commit(output))
    assert store.read_commit("extract", 0) == commit(output)
    (tmp_path / "extract/a").write_bytes(b"ab")
    assert store.read_commit("extract", 0) is None
    (tmp_path / "extract/a").unlink()
    assert store.read_commit("extract", 0) is None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"stage": "extract"}', b"[]", b"\xff"])
def test_a_damaged_commit_record_is_named(tmp_path: Path, damage: bytes) -> None:
    store = Store(tmp_path)
    store.files.write("commits/extract/00003.json", damage)
    with pytest.raises(Stop, match=r"00003\.json"):
        store.read_commit("extract", 3)


def test_sweep_takes_back_the_parts_of_a_larger_plan(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for index in range(3):
        output = Output(Store(tmp_path), tmp_path)
        with output.create(f"extract/{index}") as file:
            file.write(b"x")
        store.write_commit(commit(output, index=index))
    store.sweep("extract", 1)
    assert sorted(path.name for path in (tmp_path / "extract").iterdir()) == ["0"]
    assert store.read_commit("extract", 0) is not None
    assert store.read_commit("extract", 1) is None


def test_the_log_reads_past_a_torn_last_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert list(store.events()) == []
    store.log({"part": 1})
    with (tmp_path / "log/events.jsonl").open("ab") as file:
        file.write(b'{"par')
    assert list(store.events()) == [{"part": 1}]


def test_canonical_json_does_not_know_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": "源"}) == canonical(json.loads('{"a": "源", "b": 1}')) == '{"a":"源","b":1}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))
