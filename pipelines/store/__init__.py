"""Whole or absent: a file appears when it is complete, and a commit record, written last, is the only truth.

    OUT/extract/part-00000.parquet            data
    OUT/commits/extract/00000.json            the commit of that part, written last
    OUT/commits/extract/stage.json            what made the stage: its settings, resolved
    OUT/log/events.jsonl                      when, how long, how much memory: never part of any identity

A data file without a commit record is garbage; readers look at commits, never at directory listings.

OUT is a folder or a URL (s3://bucket/prefix, gs://…). Work reads and writes local files in either case: those of a
folder where they lie; those of an object store fetched to this machine, and uploaded when they are complete.
"""

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.errors import Denied, Stop, UsageError
from pipelines.store.folder import Folder, HashingFile, whole_or_absent

if TYPE_CHECKING:  # whoever has a folder does not wait for the client of object stores
    from pipelines.store.bucket import Bucket

T = TypeVar("T")
R = TypeVar("R")

#: Requests to an object store at a time, where many small ones are to be made: each takes 10 to 50 ms.
REQUESTS = 32

#: Files fetched from one at a time; each holds a piece of it in memory (`bucket.PIECE`).
TRANSFERS = 4

_URL = re.compile(r"(s3|gs)://[A-Za-z0-9][A-Za-z0-9._-]+(/[^/?#@\s]+)*")
_INDEX = re.compile(r"\d{5}")


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

    def path(self) -> str:
        return f"commits/{self.stage}/{self.index:05d}.json"

    def content(self) -> str:
        """Digest of the bytes this part consists of: what a later stage's fingerprint hangs on."""
        return digest({path: entry["sha256"] for path, entry in self.files.items()} | {"": self.detail})


@dataclass
class Output:
    """What one task reads and writes, and the record of the files it has finished. `Store.output` gives it.

    `root` is where files are written: OUT itself, or a folder of this machine until they are published.
    """

    store: "Store"
    root: Path
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    commits: dict[tuple[str, str, int], Commit | None] = field(default_factory=dict)
    work: Path | None = None
    """Where the files of object stores are at hand, made when the first is: OUT may be a folder, and corpora before it
    in a bucket."""
    ends: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @contextlib.contextmanager
    def create(self, path: str) -> Iterator[HashingFile]:
        """A binary file that appears under `path` (below OUT) whole, or not at all."""
        with whole_or_absent(self.root / path) as file:
            yield file
        self.files[path] = {"bytes": file.size, "sha256": file.sha256.hexdigest()}

    def fetch(self, path: str) -> Path:
        """Where a finished file lies on this machine, as long as this output is in use: to be opened or memory-mapped.

        `path` is one below OUT, or that of another corpus as `beyond` gives it. Of an object store the file is fetched
        once for this machine and checked against its commit. Raises `Stop` where there is no such file.
        """
        root, _, name = path.rpartition("//")
        store = Store(root) if root else self.store
        if isinstance(folder := store.files, Folder):
            return folder.local(name)
        return self.provide(store, name, self._entry(store, name))

    def fetch_all(self, paths: Sequence[str]) -> list[Path]:
        """Where many files lie, as `fetch` has it; several are brought at a time."""
        return list(self.store.each(self.fetch, paths, TRANSFERS))

    def provide(self, store: "Store", name: str, entry: dict[str, Any]) -> Path:
        """A file of an object store, as its commit describes it, on this machine."""
        from pipelines.store import cache

        bucket = store.files
        assert not isinstance(bucket, Folder)
        if self.work is None:
            self.work = self.ends.enter_context(cache.of_this_machine().work_folder())
        link: Path = self.work / "fetched" / entry["sha256"] / name.rpartition("/")[2]
        if not link.exists():
            try:
                cache.of_this_machine().provide(
                    entry["sha256"], entry["bytes"], link, lambda into: bucket.download(name, entry["bytes"], into)
                )
            except cache.Damaged as damaged:
                raise Stop(f"{store.root}/{name}: {damaged}; delete its commit record to have it made again") from None
        return link

    def _entry(self, store: "Store", name: str) -> dict[str, Any]:
        stage, index = owner(name)
        key = (str(store.root), stage, index)
        if key not in self.commits:
            self.commits[key] = store.record(stage, index)
        commit = self.commits[key]
        if commit is None or name not in commit.files:
            raise Stop(f"{store.root}/{name}: no commit record names such a file; finish the run that makes it")
        entry: dict[str, Any] = commit.files[name]
        return entry


def owner(path: str) -> tuple[str, int]:
    """The stage and part that a file is of, as its path says: `dedup/sign/part-00003.bands.npy` is of part 3 of
    dedup/sign, and a file without a number of part 0."""
    folder, _, name = path.rpartition("/")
    stage = "/".join(folder.split("/")[: 1 if folder.startswith(("extract", "filter")) else 2])
    index = _INDEX.search(name)
    return stage, int(index[0]) if index else 0


def beyond(root: Path | str, path: str) -> str:
    """A file of another corpus, for `Output.fetch`."""
    return f"{root}//{path}"


def located(out: Path | str) -> Path | str:
    """OUT as it is used from here on: an absolute path, or a URL without an end of "/".

    Raises `UsageError` for a URL that is none of an object store. What is secret in it is not repeated.
    """
    if "://" not in str(out):
        return Path(out).resolve()
    url = str(out).rstrip("/")
    if not _URL.fullmatch(url) or any(part in (".", "..") for part in url.split("/")):
        raise UsageError(f"{url.partition('://')[0]}://…: not of the form s3://bucket/prefix or gs://bucket/prefix; "
                         "credentials belong into the environment")  # fmt: skip
    return url


@dataclass(frozen=True)
class Store:
    """A corpus: a folder, or the URL of one in an object store. Paths are those below it. Small enough to be sent to a
    worker; opens nothing until asked."""

    root: Path | str

    @property
    def files(self) -> "Folder | Bucket":
        if isinstance(self.root, Path) or "://" not in self.root:
            return Folder(Path(self.root))
        from pipelines.store.bucket import Bucket

        return Bucket(self.root)

    @contextlib.contextmanager
    def output(self) -> Iterator[Output]:
        """What a task, or a command that reads, gets at the files by."""
        if isinstance(files := self.files, Folder):
            with contextlib.ExitStack() as ends:
                yield Output(self, files.root, ends=ends)
            return
        from pipelines.store import cache

        with cache.of_this_machine().work_folder() as folder:
            yield Output(self, folder, work=folder)

    @contextlib.contextmanager
    def laid_out(self, *stages: str) -> Iterator[Path]:
        """A folder with the finished files of stages under their paths, for those who read a corpus as it lies."""
        with self.output() as output:
            root = output.root
            for stage in () if isinstance(self.files, Folder) else stages:
                for commit in self.records(stage):
                    for path, entry in commit.files.items():
                        (root / path).parent.mkdir(parents=True, exist_ok=True)
                        os.link(output.provide(self, path, entry), root / path)
            yield root

    @contextlib.contextmanager
    def current(self, path: str) -> Iterator[Path]:
        """A file as it lies there now, whatever this machine has kept of it; perhaps no file, where there is none."""
        if isinstance(files := self.files, Folder):
            yield files.local(path)
            return
        with self.output() as output:
            if (size := files.size(path)) is not None:
                with whole_or_absent(output.root / path) as file:
                    files.download(path, size, file)
            yield output.root / path

    @contextlib.contextmanager
    def fetched(self, path: str) -> Iterator[Path]:
        """One finished file, as long as it is looked at."""
        with self.output() as output:
            yield output.fetch(path)

    def record(self, stage: str, index: int) -> Commit | None:
        """The commit record of a part, whatever has become of its files; None where there is none."""
        path = f"commits/{stage}/{index:05d}.json"
        data = self.files.read(path)
        if data is None:
            return None
        try:
            return Commit(**json.loads(data))
        except (ValueError, TypeError) as error:
            raise Stop(
                f"{self.root}/{path}: not a commit record ({error}); delete it to have the part made again"
            ) from None

    def read_commit(self, stage: str, index: int) -> Commit | None:
        """The commit of a part, or None where there is none or one of its files is missing or of another size."""
        commit = self.record(stage, index)
        return commit if commit and self.missing(commit) is None else None

    def records(self, stage: str) -> Iterator[Commit]:
        """The commit records of a stage, in order."""
        found = self.each(functools.partial(self.record, stage), self.indices(stage))
        yield from (commit for commit in found if commit)

    def indices(self, stage: str) -> list[int]:
        """The parts of a stage that have commit records, in order."""
        return [int(name[:-5]) for name in self.files.names(f"commits/{stage}") if name[:-5].isdecimal()]

    def missing(self, commit: Commit) -> str | None:
        """The first file of a commit that is not there in its size."""
        files = self.files
        return next((path for path, entry in commit.files.items() if files.size(path) != entry["bytes"]), None)

    def each(self, ask: Callable[[T], R], things: Sequence[T], at_once: int = REQUESTS) -> Iterator[R]:
        """`ask` of each, in order; several at a time where every answer takes a request."""
        if isinstance(self.files, Folder):
            yield from map(ask, things)
            return
        with ThreadPoolExecutor(at_once) as pool:
            yield from pool.map(ask, things)

    def publish(self, output: Output, commit: Commit, before: Commit | None = None) -> None:
        """Bring the files of a part to their place, and then its record.

        The record of the part as it was `before` is taken back first where it is another, so that no record ever speaks
        of files that are replaced. Raises `Stop` where another driver has committed the part otherwise meanwhile.
        """
        if isinstance(bucket := self.files, Folder):
            self.write_commit(commit)
            return
        if before and before != commit:
            bucket.remove(commit.path())
        self.bring(output)
        if bucket.create(commit.path(), readable(vars(commit))) is not None:
            raise Stop(f"{self.root}/{commit.path()}: committed otherwise by another run meanwhile; run again when it "
                       "has ended")  # fmt: skip

    def bring(self, output: Output) -> None:
        """Bring files to their place; those of a folder are there. What was made here is kept for those who read it."""
        if isinstance(bucket := self.files, Folder):
            return
        from pipelines.store import cache

        for path, entry in output.files.items():
            bucket.upload(path, output.root / path)
            cache.of_this_machine().keep(entry["sha256"], output.root / path)

    def write_commit(self, commit: Commit) -> None:
        self.write_json(commit.path(), vars(commit))

    def write_json(self, path: str, value: Any) -> None:
        self.files.write(path, readable(value))

    def remember(self, path: str, value: Any) -> None:
        """Write what only spares work, where OUT may be written to; of an object store that is known when we try."""
        if self.files.writable():
            with contextlib.suppress(Denied):
                self.write_json(path, value)

    def read_json(self, path: str) -> Any:
        """The value written there, or None where there is none."""
        data = self.files.read(path)
        try:
            return None if data is None else json.loads(data)
        except ValueError as error:
            raise Stop(f"{self.root}/{path}: damaged ({error}); delete it and run again") from None

    def discard(self, stage: str, index: int) -> None:
        """Take back a part: its record first, so that no record ever speaks of a file that is gone."""
        path = f"commits/{stage}/{index:05d}.json"
        record = self.read_json(path)
        if record is None:
            return
        self.files.remove(path)
        for name in record.get("files", {}):
            self.files.remove(name)

    def sweep(self, stage: str, parts: int) -> None:
        """Take back the parts of an earlier, larger plan of a stage that is now finished with `parts` parts."""
        for index in self.indices(stage):
            if index >= parts:
                self.discard(stage, index)

    def log(self, event: dict[str, Any]) -> None:
        """Append one event to the log. Only the driver writes here."""
        self.files.append("log/events.jsonl", canonical(event) + b"\n")

    def events(self) -> Iterator[dict[str, Any]]:
        """The log's events, oldest first; a last line torn by a killed driver is passed over."""
        for line in (self.files.read("log/events.jsonl") or b"").splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def free(self) -> int:
        """Bytes free where this machine writes: in the folder, or where files of an object store are worked with."""
        if isinstance(files := self.files, Folder):
            return shutil.disk_usage(files.root).free
        from pipelines.store import cache

        return shutil.disk_usage(cache.of_this_machine().root).free

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep a second driver out, for whom this raises `Stop`."""
        return self.files.locked()
