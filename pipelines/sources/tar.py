"""The regular files of a tar, read forwards from any header: ustar, GNU and pax names and sizes.

Not the standard library's reader: it takes a broken header for the end of the archive, holds headers of any length,
goes back where a size is negative, and lets one global header change every file after it.
"""

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

#: Of a long name or a pax header. Linux's paths have at most 4 KiB.
MAX_HEADER = 1 << 20

_BLOCK = tarfile.BLOCKSIZE
_ZEROS = bytes(_BLOCK)
_STEP = 1 << 20
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_HEADERS = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE, *_PAX)


class Broken(Exception):
    """What is read is no tar, or a damaged one."""


@dataclass(frozen=True)
class Entry:
    """A regular file. `offset` is the place of the first of its headers in the tar."""

    name: str
    size: int
    offset: int


class Tar:
    """Reads on from `position`, a place in the tar where a header begins. Of a stream that cannot seek it is 0."""

    def __init__(self, stream: BinaryIO, position: int, seekable: bool) -> None:
        self.position = position
        self._stream = stream
        self._end = stream.seek(0, os.SEEK_END) if seekable else None
        if seekable:
            stream.seek(position)

    def entries(self) -> Iterator[Entry]:
        """The files to the end; what is not `read` of one is passed over. Links and devices are, too.

        Blocks of zeros end nothing, so that what was appended to a tar counts.

        Raises:
            Broken: no header where one should be, or the end where none should be. What `stream` raises goes through.
        """
        first, name, size = -1, "", -1  # what headers before a file say of it
        while block := self.read(_BLOCK):
            if block == _ZEROS and first < 0:
                continue
            offset = self.position - len(block)
            first = offset if first < 0 else first
            try:
                header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except tarfile.HeaderError as error:
                raise Broken(f"no header at byte {offset}: {error}") from None
            if header.size < 0 or header.type == tarfile.GNUTYPE_SPARSE:
                raise Broken(f"a header at byte {offset} that cannot be followed")
            if header.type in _HEADERS:
                said = self._said(header.size)
                if header.type == tarfile.GNUTYPE_LONGNAME:
                    name = _text(said.split(b"\0", 1)[0])
                elif header.type in _PAX:
                    pax = _pax(said)
                    name = _text(pax[b"path"]) if b"path" in pax else name
                    size = int(pax[b"size"]) if pax.get(b"size", b"")[:19].isdigit() else size
                continue
            size = header.size if size < 0 else size
            # The size of a link or a folder says nothing of what follows.
            follows = size if header.type in _FILES or header.type not in tarfile.SUPPORTED_TYPES else 0
            after = self.position + -(-follows // _BLOCK) * _BLOCK
            if header.type in _FILES:
                yield Entry(name or header.name, size, first)
            self._pass_to(after)
            first, name, size = -1, "", -1
        if first >= 0:
            raise Broken("the archive ends between headers")

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        found = bytearray()
        while len(found) < size and (piece := self._stream.read(min(size - len(found), _STEP))):
            found += piece
        self.position += len(found)
        return bytes(found)

    def _said(self, size: int) -> bytes:
        if size > MAX_HEADER:
            raise Broken(f"a header of {size} bytes")
        after = self.position + -(-size // _BLOCK) * _BLOCK
        said = self.read(size)
        self._pass_to(after)
        return said

    def _pass_to(self, after: int) -> None:
        if self._end is not None:
            self.position = self._stream.seek(min(after, self._end))
        while self.position < after and self.read(min(after - self.position, _STEP)):
            pass
        if self.position < after:
            raise Broken("the archive ends within a file")


def _pax(said: bytes) -> dict[bytes, bytes]:
    """The records `LENGTH KEY=VALUE\\n` of a pax header, as far as they can be told apart."""
    found: dict[bytes, bytes] = {}
    place = 0
    while place < len(said):
        length, _, _ = said[place : place + 20].partition(b" ")
        if not length.isdigit() or not (end := place + int(length)) > place + len(length):
            raise Broken("a pax header that cannot be read")
        key, _, value = said[place + len(length) + 1 : end - 1].partition(b"=")
        found[key] = value
        place = end
    return found


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
