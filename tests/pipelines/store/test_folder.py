"""OUT on a disk: whole or absent; and what NFS does differently, as its client's answers tell it."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import Stop
from pipelines.store import folder
from pipelines.store.folder import Folder, whole_or_absent


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_what_is_written_is_read_listed_and_removed(tmp_path: Path) -> None:
    there = Folder(tmp_path / "out")
    assert (there.read("a"), there.size("a"), there.names("commits"), there.folders("commits")) == (None, None, [], [])
    for path in ("commits/a/1.json", "commits/a/0.json", "commits/b/c/0.json", "commits/inputs.json"):
        there.write(path, path.encode())
    assert there.read("commits/a/0.json") == b"commits/a/0.json"
    assert there.size("commits/a/0.json") == 16
    assert (there.names("commits"), there.names("commits/a")) == (["inputs.json"], ["0.json", "1.json"])
    assert (there.folders("commits"), there.folders("commits/b")) == (["a", "b"], ["c"])
    there.remove("commits/a/0.json")
    there.remove("commits/a/0.json")
    assert there.names("commits/a") == ["1.json"]


def test_what_lies_below_a_file_is_absent(tmp_path: Path) -> None:
    there = Folder(tmp_path)
    there.write("a", b"")
    assert (there.read("a/b"), there.size("a/b")) == (None, None)
    there.remove("a/b")


@given(pieces=st.lists(st.binary(max_size=50)))
def test_a_file_has_the_digest_of_what_was_written_to_it(
    pieces: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("out") / "a"
    with whole_or_absent(path) as file:
        for piece in pieces:
            file.write(piece)
    whole = b"".join(pieces)
    assert path.read_bytes() == whole
    assert (file.size, file.sha256.hexdigest()) == (len(whole), hashlib.sha256(whole).hexdigest())


def fail_at(patch: pytest.MonkeyPatch, owner: Any, name: str, error: BaseException) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    patch.setattr(owner, name, fails)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(os, "fsync"), (Path, "replace"), (folder.HashingFile, "write")],
    ids=["sync", "rename", "write"],
)
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_whatever_fails_on_the_way_leaves_nothing(
    owner: Any, name: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Folder(tmp_path).write("kept", b"as it was")
    with monkeypatch.context() as patch:
        fail_at(patch, owner, name, error)
        for path in ("kept", "new"):
            with pytest.raises(type(error)):
                Folder(tmp_path).write(path, b"half")
    assert names(tmp_path) == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"as it was"


def test_writers_of_one_number_do_not_meet(tmp_path: Path) -> None:
    """Containers on machines that share a folder all have a process 1."""
    with whole_or_absent(tmp_path / "a") as one:
        one.write(b"one")
        with whole_or_absent(tmp_path / "a") as two:
            two.write(b"another one")
        assert (tmp_path / "a").read_bytes() == b"another one"
    assert (tmp_path / "a").read_bytes() == b"one"
    assert names(tmp_path) == ["a"]


def test_what_was_left_half_written_is_cleared_by_the_next_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Folder(tmp_path)
    with monkeypatch.context() as patch:
        fail_at(patch, Path, "replace", KeyboardInterrupt())
        fail_at(patch, Path, "unlink", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            there.write("extract/part-00000.parquet", b"half")
    (left,) = names(tmp_path)
    assert left.startswith("extract/.part-00000.parquet.")
    assert left.endswith(".tmp")
    with there.locked():
        assert names(tmp_path) == [".lock"]


def test_a_rename_whose_answer_got_lost_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks again and is told that there is no such name any more."""
    rename = Path.replace

    def twice(self: Path, target: Path) -> None:
        rename(self, target)
        rename(self, target)

    monkeypatch.setattr(Path, "replace", twice)
    Folder(tmp_path).write("a", b"first")
    Folder(tmp_path).write("a", b"second")
    assert (tmp_path / "a").read_bytes() == b"second"


def test_a_name_that_somebody_took_away_is_no_lost_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace

    def gone(self: Path, target: Path) -> None:
        self.unlink()
        rename(self, target)

    monkeypatch.setattr(Path, "replace", gone)
    (tmp_path / "a").write_bytes(b"of another")
    for path in ("a", "b"):
        with pytest.raises(FileNotFoundError):
            Folder(tmp_path).write(path, b"ours")
    assert (tmp_path / "a").read_bytes() == b"of another"


def stale(times: int) -> Callable[[Path], bytes]:
    """`read_bytes`, of a file that another client has renamed over so many times while it was read."""
    read, left = Path.read_bytes, iter(range(times))

    def of(self: Path) -> bytes:
        if next(left, None) is not None:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(self))
        return read(self)

    return of


def test_a_file_that_went_stale_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"content")
    monkeypatch.setattr(Path, "read_bytes", stale(folder.STALE_TRIES - 1))
    assert Folder(tmp_path).read("a") == b"content"
    monkeypatch.setattr(Path, "read_bytes", stale(folder.STALE_TRIES))
    with pytest.raises(OSError, match="Stale file handle"):
        Folder(tmp_path).read("a")


def test_a_name_that_was_not_there_is_looked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An NFS client keeps that there is no such name, until the folder is read again."""
    exists, look, read = Path.exists, os.listdir, set()

    def listed(path: Path) -> list[str]:
        read.add(path)
        return look(path)

    def cached(self: Path) -> bool:
        return self.parent in read and exists(self)

    monkeypatch.setattr(os, "listdir", listed)
    monkeypatch.setattr(Path, "exists", cached)
    (tmp_path / "a").write_bytes(b"content")
    assert Folder(tmp_path).local("a").exists()


def test_a_file_system_without_locks_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at(monkeypatch, fcntl, "flock", OSError(errno.ENOLCK, os.strerror(errno.ENOLCK)))
    with (
        pytest.raises(Stop, match=r"keeps no locks \(No locks available\); mount NFS with version 4, or with its lock"),
        Folder(tmp_path).locked(),
    ):
        pass
