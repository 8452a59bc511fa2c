"""OUT in an object store (`s3://bucket/prefix`, `gs://…`): every object appears whole, by one PUT or by the end of a
multipart upload, and records that must not be overwritten are put on condition. See `remote.clients` for credentials.
"""

import contextlib
import functools
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from pipelines.errors import Denied, InputError, Stop, UsageError
from pipelines.remote import clients
from pipelines.remote.retry import Transient, retried
from pipelines.store import cache, lease
from pipelines.store.folder import HashingFile

T = TypeVar("T")

#: Bytes of one part of a multipart upload, and of one request of a download: 4 in flight are held in memory. S3 takes
#: 10,000 parts, so a file may have 160 GB.
PIECE, AT_ONCE = 16 << 20, 4

#: Seconds between two uploads of the log, which a store cannot append to.
LOG_EVERY = 30.0

#: An object's content and what the store calls this version of it.
Version = tuple[bytes, dict[str, str]]


@dataclass(frozen=True)
class Bucket:
    """Objects below a URL, by their paths there."""

    url: str

    def read(self, path: str) -> bytes | None:
        """The content of an object, None where there is none."""
        found = self.read_version(path)
        return None if found is None else found[0]

    def read_version(self, path: str) -> Version | None:
        def get() -> Version:
            found = obstore.get(clients.client(self.url), path)
            return bytes(found.bytes()), {name: mark for name in ("e_tag", "version") if (mark := found.meta[name])}

        return self._done(path, get)

    def write(self, path: str, data: bytes) -> None:
        self._done(path, lambda: obstore.put(clients.client(self.url), path, data, use_multipart=False))

    def create(self, path: str, data: bytes) -> bytes | None:
        """Put an object where there is none. Returns None, or what is there instead."""
        return self._put_if(path, data, "create")

    def replace(self, path: str, data: bytes, version: dict[str, str]) -> bytes | None:
        """Put an object in the place of a version of it. Returns None, or what has come there meanwhile (b"" where it
        is gone)."""
        return self._put_if(path, data, version)

    def _put_if(self, path: str, data: bytes, condition: Any) -> bytes | None:
        def put() -> bytes | None:
            try:
                obstore.put(clients.client(self.url), path, data, mode=condition)
            except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
                if clients.meaning(error) == "no bucket":
                    raise
                # Perhaps by ourselves: an earlier try was done, and its answer got lost.
                found = self.read(path) or b""
                return None if found == data else found
            except BaseError:
                if self.read(path) == data:
                    return None
                raise
            return None

        return self._done(path, put)

    def size(self, path: str) -> int | None:
        """Bytes of an object, None where there is none."""
        return self._done(path, lambda: obstore.head(clients.client(self.url), path)["size"])

    def remove(self, path: str) -> None:
        self._done(path, lambda: obstore.delete(clients.client(self.url), path))

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, sorted, as the store lists it: nothing that is on no other record may hang on it."""
        return sorted(entry["path"].rpartition("/")[2] for entry in self._list(folder)["objects"])

    def folders(self, folder: str) -> list[str]:
        return sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in self._list(folder)["common_prefixes"])

    def _list(self, folder: str) -> Any:
        found = self._done(folder, lambda: obstore.list_with_delimiter(clients.client(self.url), f"{folder}/"))
        return found or {"objects": [], "common_prefixes": []}

    def upload(self, path: str, file: Path) -> None:
        def put() -> None:
            try:
                obstore.put(
                    clients.client(self.url), path, file, chunk_size=PIECE, max_concurrency=AT_ONCE,
                    use_multipart=file.stat().st_size > PIECE,
                )  # fmt: skip
            except FileNotFoundError as error:
                if "NoSuchUpload" not in str(error):
                    raise
                # It was ended, and the answer got lost; or somebody has cleared it away. Once more does no harm.
                raise Transient(clients.why(error)) from None

        self._done(path, put)

    def download(self, path: str, size: int, into: HashingFile) -> None:
        """Raises `Stop` where there is no such object, or one of less bytes."""
        for start in range(0, size, PIECE):
            length = min(PIECE, size - start)
            get = functools.partial(obstore.get_range, clients.client(self.url), path, start=start, length=length)
            piece = self._done(path, get)
            if piece is None or len(piece) != length:
                raise Stop(f"{self.url}/{path}: {'gone' if piece is None else 'too short'}, against its commit")
            into.write(piece)

    def writable(self) -> bool:
        """That we may not is seen when we try; only then is it known."""
        return True

    def is_locked(self) -> bool:
        """An object store is the same for all machines."""
        return True

    def append(self, path: str, data: bytes) -> None:
        """Only the driver appends: to a file of this machine, which is uploaded now and then, and at the end."""
        journal = self._journal(path)
        journal.parent.mkdir(parents=True, exist_ok=True)
        with journal.open("ab") as file:
            file.write(data)
        pushed = journal.with_suffix(".pushed")
        if not pushed.exists() or time.time() - pushed.stat().st_mtime > LOG_EVERY:
            pushed.touch()
            self.upload(path, journal)

    def _journal(self, path: str) -> Path:
        name = hashlib.sha256(f"{self.url}/{path}".encode()).hexdigest()[:32]
        return cache.of_this_machine().root / "log" / f"{name}.log"

    @contextlib.contextmanager
    def appending(self, path: str) -> Iterator[None]:
        """Go on with the log that is there, or with what a killed driver on this machine has added to it."""
        journal, there = self._journal(path), self.read(path) or b""
        journal.parent.mkdir(parents=True, exist_ok=True)
        if not journal.exists() or not journal.read_bytes().startswith(there):
            journal.write_bytes(there)
        try:
            yield
        except BaseException:
            with contextlib.suppress(Stop):  # what has ended the run is to be told
                self._push(path)
            raise
        self._push(path)

    def _push(self, path: str) -> None:
        if (journal := self._journal(path)).stat().st_size:
            self.upload(path, journal)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second driver out; see `lease`."""
        with lease.held(self), self.appending("log/events.jsonl"):
            yield

    def _done(self, path: str, request: Callable[[], T]) -> T | None:
        """What a request returns at last; None where there is no such object.

        Raises `Stop` with a line that says what is wrong: no such bucket, no permission, a fault that did not pass.
        """

        def attempt() -> T | None:
            try:
                return request()
            except clients.ERRORS as error:
                why = clients.why(error)
                match clients.meaning(error):
                    case "absent":
                        return None
                    case "no bucket":
                        raise UsageError(f"{_bucket(self.url)}: no such bucket; make it, or give another OUT") from None
                    case "denied":
                        raise Denied(f"{self.url}: not allowed to work with {path} ({why}); see to the keys in the "
                                     "environment, or the role of this machine") from None  # fmt: skip
                    case "refused":
                        raise Stop(f"{self.url}/{path}: the store refuses ({why})") from None
                raise Transient(why) from None

        try:
            return retried(f"{self.url}/{path}", attempt)
        except InputError as error:  # the words are right, the status is not: OUT is no input
            raise Stop(str(error)) from None


def _bucket(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
