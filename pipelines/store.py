"""Whole or absent: files are written under a temporary name, synced and renamed; a commit record is the only truth.

    OUT/extract/part-00000.parquet            data
    OUT/commits/extract/00000.json            the commit of that part, written last
    OUT/commits/extract/stage.json            what made the stage: its settings, resolved
    OUT/log/events.jsonl                      when, how long, how much memory: never part of any identity

A data file without a commit record is garbage; readers look at commits, never at directory listings.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pipelines.errors import Stop


def canonical(value: Any) -> bytes:
    """The one JSON form of a value: sorted keys, no spaces, UTF-8. What is hashed goes through here."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def readable(value: Any) -> bytes:
    """The same JSON for people: one key a line, still sorted."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


@dataclass(frozen=True)
class Commit:
    """What became of one part of one stage. `rows_in == kept + sum(reasons.values())`, always.

    `files` maps each file written (path below OUT) to its `bytes` and `sha256`. `totals` are sums that statistics add
    up over parts; `detail` is what a later stage must know (row ranges, offsets).
    """

    stage: str
    index: int
    fingerprint: str
    rows_in: int
    kept: int
    reasons: dict[str, int]
    files: dict[str, dict[str, Any]]
    totals: dict[str, Any]
    detail: dict[str, Any]

    def content(self) -> str:
        """Digest of the bytes this part consists of: what a later stage's fingerprint hangs on."""
        return digest({path: entry["sha256"] for path, entry in self.files.items()} | {"": self.detail})


@dataclass
class Output:
    """The files one task is writing, and the record of those it has finished."""

    root: Path
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @contextlib.contextmanager
    def create(self, path: str) -> Iterator["HashingFile"]:
        """A binary file that appears under `path` (below OUT) whole, or not at all."""
        with whole_or_absent(self.root / path) as file:
            yield file
        self.files[path] = {"bytes": file.size, "sha256": file.sha256.hexdigest()}


class HashingFile:
    """An append-only file that knows the digest of what was written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        written = self.file.write(data)
        self.sha256.update(data)
        self.size += written
        return written

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self.file.flush()

    def close(self) -> None:
        """Left to `whole_or_absent`, which has to sync first; writers of formats like to close what they are given."""

    @property
    def closed(self) -> bool:
        return self.file.closed

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


@contextlib.contextmanager
def whole_or_absent(path: Path) -> Iterator[HashingFile]:
    """Write to a temporary name in the same folder, sync, rename, sync the folder; on an error nothing is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as raw:
            file = HashingFile(raw)
            yield file
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(frozen=True)
class Store:
    """A corpus folder. Small enough to be sent to a worker; opens nothing until asked."""

    root: Path

    def commit_path(self, stage: str, index: int) -> Path:
        return self.root / "commits" / stage / f"{index:05d}.json"

    def read_commit(self, stage: str, index: int) -> Commit | None:
        """The commit of a part, or None where there is none or one of its files is missing or of another size."""
        path = self.commit_path(stage, index)
        try:
            commit = Commit(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise Stop(f"{path}: not a commit record ({error}); delete it to have the part made again") from None
        return commit if self.missing(commit) is None else None

    def missing(self, commit: Commit) -> str | None:
        """The first file of a commit that is not there in its size."""
        for path, entry in commit.files.items():
            file = self.root / path
            if not file.is_file() or file.stat().st_size != entry["bytes"]:
                return path
        return None

    def write_commit(self, commit: Commit) -> None:
        self.write_json(self.commit_path(commit.stage, commit.index), vars(commit))

    def write_json(self, path: Path, value: Any) -> None:
        with whole_or_absent(path) as file:
            file.write(readable(value))

    def read_json(self, path: Path) -> Any:
        """The value written there, or None where there is none."""
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise Stop(f"{path}: damaged ({error}); delete it and run again") from None

    def discard(self, stage: str, index: int) -> None:
        """Take back a part: its record first, so that no record ever speaks of a file that is gone."""
        path = self.commit_path(stage, index)
        record = self.read_json(path)
        path.unlink(missing_ok=True)
        for name in (record or {}).get("files", {}):
            with contextlib.suppress(NotADirectoryError):  # then it is gone too
                (self.root / name).unlink(missing_ok=True)

    def sweep(self, stage: str, parts: int) -> None:
        """Take back the parts of an earlier, larger plan of a stage that is now finished with `parts` parts."""
        for path in sorted((self.root / "commits" / stage).glob("[0-9]*.json")):
            if int(path.stem) >= parts:
                self.discard(stage, int(path.stem))

    def log(self, event: dict[str, Any]) -> None:
        """Append one event to the log. Only the driver writes here, so lines are never torn by a second writer."""
        path = self.root / "log" / "events.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(canonical(event) + b"\n")

    def events(self) -> Iterator[dict[str, Any]]:
        """The log's events, oldest first; a last line torn by a killed driver is passed over."""
        with contextlib.suppress(FileNotFoundError), (self.root / "log" / "events.jsonl").open("rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second driver out, and clear away what killed drivers and workers left half written.

        The kernel drops the lock with the process that held it, so a killed run never has to be unlocked by hand.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise Stop(
                    f"{self.root}: in use by process {lock.read().strip()}; wait for it or give another OUT"
                ) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            self._clear()
            try:
                yield
            finally:
                self._clear()

    def _clear(self) -> None:
        for temporary in self.root.rglob(".*.tmp"):
            temporary.unlink(missing_ok=True)
