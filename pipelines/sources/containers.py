"""Members of tar and zip archives and of compressed files, read as a stream: nothing is unpacked to disk, and no name
in an archive becomes a path.

A member larger than its limit is passed over and named. What an archive inflates to is bounded by its own size: gzip
and zip pack text 3 to 20 times, and at most 1,032 times (https://www.zlib.net/zlib_tech.html); a bomb of overlapping
members (Fifield 2019, https://www.bamsoftware.com/hacks/zipbomb/) more.
"""

import bz2
import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, cast

from fastwarc.stream_io import ZstdReader

from pipelines.sources.archive import Damaged
from pipelines.sources.tar import Broken, Tar

#: Beyond so many bytes for each byte of the archive, and FREE, it is a bomb. Logs and tables reach a hundred.
MAX_RATIO = 200
FREE = 64 << 20

#: Members of one archive that are looked at. PMC's largest packages hold some 100,000 articles.
MAX_MEMBERS = 1_000_000

#: Of a zip, which is held: 64 MiB are 600,000 members with names of 60 letters, and 0.5 GiB of memory.
MAX_DIRECTORY = 64 << 20

_STEP = 1 << 20
_BOMB = f"inflates to more than {MAX_RATIO} times its size"
_END, _END64 = 22, 56 + 20  # bytes of the record that ends a zip, and of the two before it in a large one

#: What reading compressed or packed files raises where they are damaged.
ERRORS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, struct.error, NotImplementedError, RuntimeError,
          ValueError, OverflowError, Broken)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A file in an archive. `payload` is empty where it is too large. `offset` is the place of its header in the file;
    where the archive as a whole is compressed 0, and `inner` its place in what that inflates to."""

    name: str
    payload: bytes
    offset: int
    problem: str | None = None
    inner: int = 0


def coding(file: BinaryIO) -> Literal["gzip", "bzip2", "zstd", ""]:
    """How a file is compressed, by its first bytes; "" for one that is not."""
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh"):
        return "bzip2"
    # pzstd begins with a frame to be skipped (RFC 8878, 3.1.2).
    frame = head == b"\x28\xb5\x2f\xfd" or (head[1:] == b"\x2a\x4d\x18" and head[0] >> 4 == 5)
    return "zstd" if frame else ""


def inflated(file: BinaryIO) -> BinaryIO:
    """A file's content from its beginning, uncompressed; the file itself where it is not compressed."""
    match coding(file):
        case "gzip":
            return cast(BinaryIO, gzip.GzipFile(fileobj=file))
        case "bzip2":
            return cast(BinaryIO, bz2.BZ2File(file))
        case "zstd":
            return cast(BinaryIO, io.BufferedReader(_Zstd(file), _STEP))
    return file


def read_whole(file: BinaryIO, max_bytes: int) -> tuple[bytes, str | None]:
    """All of a file, uncompressed; and too_large (no bytes then), or bad_encoding (those that could be read)."""
    found, problem = _read(inflated(file), max_bytes + 1)
    return (b"", "too_large") if len(found) > max_bytes else (found, problem)


def head(file: BinaryIO, size: int) -> bytes:
    """The first bytes of a file, uncompressed, as far as they can be read."""
    return _read(inflated(file), size)[0]


def _read(stream: BinaryIO, size: int) -> tuple[bytes, str | None]:
    found = bytearray()
    try:
        # Not `read`, which keeps nothing of what it had read when it finds the file cut off.
        while piece := cast(io.BufferedReader, stream).read1(min(_STEP, size - len(found))):
            found += piece
    except ERRORS:
        return bytes(found), "bad_encoding"
    return bytes(found), None


def tar_cuts(file: BinaryIO, part_bytes: int) -> Iterator[int]:
    """Where the members of a tar that is not compressed begin, about every `part_bytes`; none after damage."""
    wanted = part_bytes
    try:
        for entry in Tar(file, 0, seekable=True).entries():
            if entry.offset >= wanted:
                yield entry.offset
                wanted = entry.offset + part_bytes
    except ERRORS:
        return


def tar_members(file: BinaryIO, start: int, stop: int, size: int, max_bytes: int) -> Iterator[Member | Damaged]:
    """The regular files of a tar whose headers lie in [start, stop); of a compressed one, all.

    Damage ends the reading, for what follows cannot be found.
    """
    archive, plain = _tar(file, start, size)
    at = archive.position
    try:
        for count, entry in enumerate(archive.entries()):
            at = entry.offset
            if plain and at >= stop:
                return
            if count == MAX_MEMBERS:
                raise Broken(f"more than {MAX_MEMBERS} members")
            place = (at, 0) if plain else (0, at)
            if entry.size > max_bytes:
                yield Member(entry.name, b"", place[0], "too_large", place[1])
                continue
            payload = archive.read(entry.size)
            if len(payload) < entry.size:
                raise Broken("the archive ends within a file")
            yield Member(entry.name, payload, place[0], None, place[1])
            at = archive.position
    except ERRORS as error:
        yield Damaged(at if plain else 0, size, f"the archive cannot be read on ({_said(error)})", 0 if plain else at)


def _tar(file: BinaryIO, start: int, size: int) -> tuple[Tar, bool]:
    """A tar, and whether it is not compressed, so that it can be read from `start`."""
    stream = inflated(file)
    if stream is file:
        return Tar(file, start, seekable=True), True
    return Tar(cast(BinaryIO, _Bounded(stream, size)), 0, seekable=False), False


def names(file: BinaryIO, size: int) -> Iterator[str]:
    """Of the files in a tar or zip. Raises one of `ERRORS` where it cannot be read on."""
    file.seek(0)
    if file.read(4) == b"PK\3\4":
        with _zip(file) as archive:
            yield from archive.namelist()
    else:
        yield from (entry.name for entry in _tar(file, 0, size)[0].entries())


def zip_cuts(file: BinaryIO, part_bytes: int) -> Iterator[int]:
    """Numbers of members at which a zip can be cut, about every `part_bytes` of packed bytes; then the number of all,
    0 where it cannot be read."""
    try:
        with _zip(file) as archive:
            members = archive.infolist()
    except ERRORS:
        members = []
    packed = 0
    for number, member in enumerate(members):
        if packed >= part_bytes:
            yield number
            packed = 0
        packed += member.compress_size
    yield len(members)


def zip_members(file: BinaryIO, start: int, stop: int, size: int, max_bytes: int) -> Iterator[Member | Damaged]:
    """The files of a zip with numbers in [start, stop). One that cannot be read is damaged; the others are unharmed."""
    try:
        archive = _zip(file)
    except ERRORS as error:
        yield Damaged(0, size, f"no readable zip ({_said(error)})")
        return
    left = FREE + MAX_RATIO * size
    with archive:
        for number, member in enumerate(archive.infolist()[:stop]):
            at = min(max(member.header_offset, 0), size)
            large = member.file_size > max_bytes
            # Those before `start` count too, or how a zip is cut would tell how much of it is read.
            left -= 0 if large else member.file_size
            if left < 0:
                if number >= start:
                    yield Damaged(at, size, f"the archive cannot be read on ({_BOMB})")
                return
            if number < start or member.is_dir():
                continue
            if large:
                yield Member(member.filename, b"", at, "too_large")
                continue
            try:
                # The others unpack more than they are asked for, or take memory as the archive says.
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise NotImplementedError(f"packed by method {member.compress_type}")
                with archive.open(member) as content:
                    payload = content.read(max_bytes + 1)
            except ERRORS as error:
                yield Damaged(at, min(at + member.compress_size, size), f"a file in the zip: {_said(error)}")
                continue
            yield Member(member.filename, payload, at)


def _zip(file: BinaryIO) -> zipfile.ZipFile:
    """Raises one of `ERRORS`."""
    if (length := _directory_size(file)) > MAX_DIRECTORY:
        raise ValueError(f"a directory of {length} bytes")
    return zipfile.ZipFile(file)


def _directory_size(file: BinaryIO) -> int:
    """As the records at the end of a zip give it (APPNOTE.TXT 4.3.14 and 4.3.16), found where zipfile finds them."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - _END64 - _END))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    found = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    if end >= _END64 and tail.startswith(b"PK\6\6", end - _END64):
        found = max(found, int.from_bytes(tail[end - _END64 + 40 : end - _END64 + 48], "little"))
    return found


def _said(error: Exception) -> str:
    """An error's words in one line. They may hold a name from the archive."""
    return " ".join(ascii(str(error))[1:-1].split())[:200] or type(error).__name__


class _Bounded:
    """A stream that a bomb ends."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = FREE + MAX_RATIO * size

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise Broken(_BOMB)
        return piece


class _Zstd(io.RawIOBase):
    """zstd frames as a stream."""

    def __init__(self, file: BinaryIO) -> None:
        self._reader = ZstdReader(file, fsspec_args=False)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._reader.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
