"""Files that lie elsewhere, behind http(s)://, s3:// and gs://: found, read by ranges, or fetched.

A file is looked at once, when the input is planned. Every read after that compares what the server says with what it
said then, and stops where the file has changed.
"""

import io
from collections.abc import Callable
from typing import BinaryIO

from pipelines.errors import InputError
from pipelines.remote import http, objects
from pipelines.remote.retry import Transient, retried
from pipelines.remote.seen import Changed, Seen, base_name, parts, shown

__all__ = [
    "Records", "RemoteFile", "Seen", "base_name", "buffered", "is_object", "is_remote", "listing", "look", "parts",
    "shown", "whole",
]  # fmt: skip

#: What the first request of a reading asks for; as long as reading goes on in order, each next one asks for twice as
#: much, up to `_MOST`. To find where a file can be cut takes the first few 100 KB at each place; a span of 8 MiB takes
#: six requests, and what is read beyond its end is less than `_MOST`.
_FIRST, _MOST = 1 << 18, 4 << 20

#: Blocks that are held. Readers go back a little, to where a gzip member or a header began.
_HELD = 3


def is_remote(name: str) -> bool:
    return name.startswith(("http://", "https://")) or is_object(name)


def is_object(name: str) -> bool:
    """Whether a name is that of an object in a store, which can be listed, not only asked for."""
    return name.startswith(("s3://", "gs://"))


def _connected(url: str) -> http.HttpFile | objects.ObjectFile:
    return objects.open_file(url) if is_object(url) else http.open_file(url)


def look(url: str) -> Seen:
    """What the server says of a file.

    Raises `InputError` where it is not there, may not be read, or nothing would tell that it has changed.
    """
    file = _connected(url)
    try:
        seen = retried(shown(url), file.look)
    except Changed:
        raise InputError(f"{shown(url)}: the server contradicts itself on its size; fetch the file") from None
    finally:
        file.close()
    if not seen.etag and not seen.modified:
        raise InputError(f"{shown(url)}: the server tells neither ETag nor date; fetch the file, give the copy")
    return seen


def listing(url: str) -> list[tuple[str, str]]:
    """The addresses of the objects below a folder of a store, sorted, each with its path below it."""
    return retried(shown(url), objects.open_file(url).listing)


def whole(url: str, max_bytes: int) -> bytes:
    """A small file.

    Raises `InputError` also where it is larger than `max_bytes`.
    """
    seen = look(url)
    if seen.size > max_bytes:
        raise InputError(f"{shown(url)}: {seen.size:,} bytes, more than {max_bytes:,}; it cannot be what it should")
    found = bytearray()
    with RemoteFile(url, seen) as file:
        file.copy(0, seen.size, found.extend)
    return bytes(found)


def buffered(url: str, seen: Seen) -> BinaryIO:
    """A file to read and seek in; `.raw` of it is the `RemoteFile`."""
    return io.BufferedReader(RemoteFile(url, seen), 1 << 16)


class Records:
    """Single ranges of the many files below a base, over one connection that is kept. For one thread at a time."""

    def __init__(self, base: str) -> None:
        self._first = _connected(base)

    def read(self, url: str, start: int, stop: int) -> bytes:
        """Raises `InputError` where the file has no such range, or faults do not pass."""
        if isinstance(self._first, http.HttpFile):
            file: http.HttpFile | objects.ObjectFile = http.open_file(url, self._first.session)
        else:
            file = objects.open_file(url)

        def attempt() -> bytes:
            found = b"".join(file.pieces(start, stop, None))
            if len(found) < stop - start:
                raise Transient(f"the server gave {len(found):,} bytes of {stop - start:,}")
            return found

        try:
            return retried(shown(url), attempt)
        except Changed:
            raise InputError(f"{shown(url)}: has no bytes {start:,} to {stop:,}; the index speaks of another") from None

    def close(self) -> None:
        self._first.close()


class RemoteFile(io.RawIOBase):
    """A file elsewhere, of which at most `_HELD` blocks of `_MOST` bytes are held."""

    def __init__(self, url: str, seen: Seen) -> None:
        self.url, self.seen, self.size = url, seen, seen.size
        self._server = _connected(url)
        self._position = 0
        self._blocks: list[tuple[int, bytes]] = []  # start and bytes, the latest first
        self._ahead = _FIRST

    def pread(self, size: int, offset: int, /) -> bytes:
        """Up to `size` bytes from `offset` on; fewer at the end of what is held, none at the end of the file alone."""
        for start, block in self._blocks:
            if start <= offset < start + len(block):
                return block[offset - start : offset - start + size]
        if offset >= self.size or size <= 0:
            return b""
        in_order = self._blocks and offset == self._blocks[0][0] + len(self._blocks[0][1])
        self._ahead = min(2 * self._ahead, _MOST) if in_order else _FIRST
        found = bytearray()
        self.copy(offset, min(offset + max(self._ahead, min(size, _MOST)), self.size), found.extend)
        self._blocks = [(offset, bytes(found)), *self._blocks[: _HELD - 1]]
        return bytes(found[:size])

    def copy(self, start: int, stop: int, write: Callable[[bytes], object]) -> None:
        """Write the bytes [start, stop), past what is held; each once, however often the connection breaks.

        Raises `InputError` where the file is no longer the one that was seen, or faults do not pass.
        """
        at = start

        def attempt() -> None:
            nonlocal at
            for piece in self._server.pieces(at, stop, self.seen):
                write(piece)
                at += len(piece)
            if at < stop:
                raise Transient(f"the server gave {at - start:,} bytes of {stop - start:,}")

        try:
            if start < stop:
                retried(shown(self.url), attempt)
        except Changed:
            raise InputError(f"{shown(self.url)}: has changed since it was found; start again") from None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self.pread(len(buffer), self._position)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"a place before the beginning: {base + offset}")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        if not self.closed:
            self._server.close()
        super().close()
