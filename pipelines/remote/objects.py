"""Objects behind s3:// and gs:// as inputs: looked at, listed and read by ranges."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import obstore
from obstore.exceptions import PreconditionError

from pipelines.errors import InputError
from pipelines.remote import clients
from pipelines.remote.retry import Transient
from pipelines.remote.seen import Changed, Seen, shown

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")

#: Bytes of one request; a piece has `_PIECE`.
_STEP, _PIECE = 8 << 20, 1 << 20


@dataclass(frozen=True)
class ObjectFile:
    """One object: its bucket, and its key there."""

    url: str
    bucket: str
    key: str

    def look(self) -> Seen:
        if not self.key or self.key.endswith("/"):
            raise InputError(f"{shown(self.url)}: a folder; correct the address")
        with self._faults():
            return _seen(obstore.head(clients.client(self.bucket), self.key))

    def pieces(self, start: int, stop: int, seen: Seen | None) -> Iterator[bytes]:
        """The bytes [start, stop), or those up to where the store leaves off, on condition that the object is the one
        that was `seen`; without, of whatever is there."""
        condition = {"if_match": seen.etag} if seen and seen.etag else {}
        with self._faults():
            while start < stop:
                asked: Any = condition | {"range": (start, min(start + _STEP, stop))}
                try:
                    found = obstore.get(clients.client(self.bucket), self.key, options=asked)
                except PreconditionError:
                    raise Changed from None
                if found.meta["size"] < stop or (seen and _seen(found.meta) != seen):
                    raise Changed
                before = start
                for piece in found.stream(min_chunk_size=_PIECE):
                    yield bytes(piece)
                    start += len(piece)
                if start == before:
                    return

    def close(self) -> None:
        """The client is kept for the next object."""

    def listing(self) -> list[tuple[str, str]]:
        """The addresses of the objects below this one as of a folder, sorted, each with its key below the folder."""
        folder = f"{self.key.rstrip('/')}/".lstrip("/")
        with self._faults():
            found = obstore.list(clients.client(self.bucket), folder or None)
            keys = sorted(entry["path"] for batch in found for entry in batch)
        return [(f"{self.bucket}/{key}", key.removeprefix(folder)) for key in keys]

    def _faults(self) -> "_Faults":
        return _Faults(self.url)


def _seen(meta: Any) -> Seen:
    return Seen(meta["size"], meta["e_tag"] or "", f"{meta['last_modified']:%Y-%m-%dT%H:%M:%SZ}")


@dataclass(frozen=True)
class _Faults:
    """Tells errors of a client that pass from those that do not."""

    url: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, clients.ERRORS):
            return
        match clients.meaning(error):
            case "no bucket" | "absent":
                raise InputError(f"{shown(self.url)}: not there; correct the address (a folder's ends in /)") from None
            case "denied":
                raise InputError(
                    f"{shown(self.url)}: not allowed; see to the credentials ({clients.why(error)})"
                ) from None
            case "refused":
                raise InputError(f"{shown(self.url)}: the store refuses ({clients.why(error)})") from None
        raise Transient(clients.why(error)) from None


def open_file(url: str) -> ObjectFile:
    """Raises `InputError` for an address with credentials or settings in it: they would end in logs."""
    scheme, _, place = url.partition("://")
    bucket, _, key = place.partition("/")
    if "@" in bucket or "?" in key:
        raise InputError(f"{shown(url)}: has credentials or settings in it; give them in the environment")
    steps = key.removesuffix("/").split("/") if key else []
    if not _BUCKET.fullmatch(bucket) or any(step in ("", ".", "..") for step in steps):
        raise InputError(f"{shown(url)}: no address of an object, or one the client has no name for (a//b); correct it")
    return ObjectFile(url, f"{scheme}://{bucket}", key)
