"""Members of tar and zip archives and of compressed files, read as a stream: nothing is unpacked to disk, and no name
in an archive becomes a path.

A member larger than its limit is passed over and named. What an archive inflates to is bounded by its own size: gzip
and zip pack text 3 to 20 times, and at most 1,032 times (https://www.zlib.net/zlib_tech.html); a bomb of overlapping
members (Fifield 2019, https://www.bamsoftware.com/hacks/zipbomb/) more.
"""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from fastwarc.stream_io import ZstdReader

from pipelines.sources.archive import Damaged

#: Beyond so many bytes for each byte of the archive, and FREE, it is a bomb. Logs and tables reach a hundred.
MAX_RATIO = 200
FREE = 64 << 20

#: Members of one archive that are looked at. PMC's largest packages hold some 100,000 articles.
MAX_MEMBERS = 1_000_000

_STEP = 1 << 20
_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, struct.error,
           NotImplementedError, RuntimeError, ValueError, OverflowError)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A file in an archive. `payload` is empty where it is too large. `offset` is the place of its header in the file
    (in what the file inflates to, where the archive as a whole is compressed)."""

    name: str
    payload: bytes
    offset: int
    problem: str | None = None


class _Bomb(Exception):
    """An archive inflates to more than it may."""


def inflated(file: BinaryIO, name: str) -> BinaryIO:
    """A file's content, uncompressed where its name says that it is compressed (.gz, .bz2, .zst)."""
    name = name.lower()
    if name.endswith((".gz", ".tgz")):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if name.endswith((".bz2", ".tbz2")):
        return cast(BinaryIO, bz2.BZ2File(file))
    if name.endswith((".zst", ".tzst")):
        return cast(BinaryIO, io.BufferedReader(_Zstd(file), _STEP))
    return file


def read_whole(file: BinaryIO, name: str, max_bytes: int) -> tuple[bytes, str | None]:
    """All of a file, uncompressed; and too_large (no bytes then), or bad_encoding (those that could be read)."""
    stream = inflated(file, name)
    found = bytearray()
    try:
        while piece := stream.read(min(_STEP, max_bytes + 1 - len(found))):
            found += piece
            if len(found) > max_bytes:
                return b"", "too_large"
    except _ERRORS:
        return bytes(found), "bad_encoding"
    return bytes(found), None


def tar_cuts(file: BinaryIO, size: int, part_bytes: int) -> Iterator[int]:
    """Where the members of a tar that is not compressed begin, about every `part_bytes`; none where it is damaged."""
    wanted = part_bytes
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            while member := archive.next():
                if member.offset >= wanted:
                    yield member.offset
                    wanted = member.offset + part_bytes
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all
    except _ERRORS:
        return


def tar_members(
    file: BinaryIO, name: str, start: int, stop: int, size: int, max_bytes: int
) -> Iterator[Member | Damaged]:
    """The regular files of a tar whose headers lie in [start, stop). Links and devices are passed over.

    Damage ends the reading of a compressed tar; of a plain one too, for what follows cannot be found.
    """
    stream = inflated(file, name)
    at = start
    budget = _Budget(size)
    try:
        if stream is file:
            file.seek(start)
        with tarfile.open(fileobj=stream, mode="r|" if stream is not file else "r:", bufsize=1 << 16) as archive:
            for _ in range(MAX_MEMBERS):
                member = archive.next()
                if member is None:
                    return
                at = member.offset
                if at >= stop and stream is file:
                    return
                archive.members.clear()  # type: ignore[attr-defined]
                if not member.isreg():
                    continue
                budget.spend(member.size)
                if member.size > max_bytes:
                    yield Member(member.name, b"", at, "too_large")
                    continue
                content = archive.extractfile(member)
                payload = content.read() if content else b""
                if len(payload) < member.size:
                    raise EOFError("the file ends within this member")
                yield Member(member.name, payload, at)
            raise _Bomb(f"more than {MAX_MEMBERS} members")
    except _Bomb as bomb:
        yield Damaged(at, size, str(bomb))
    except _ERRORS as error:
        yield Damaged(at, size, f"the archive cannot be read on ({error or type(error).__name__})")


def zip_cuts(file: BinaryIO, part_bytes: int) -> Iterator[int]:
    """Numbers of members at which a zip can be cut, about every `part_bytes` of packed bytes; then the number of all.

    Raises `ValueError` for what is no readable zip.
    """
    packed = 0
    with _zip(file) as archive:
        for number, member in enumerate(archive.infolist()):
            if packed >= part_bytes:
                yield number
                packed = 0
            packed += member.compress_size
        yield len(archive.infolist())


def zip_members(file: BinaryIO, start: int, stop: int, size: int, max_bytes: int) -> Iterator[Member | Damaged]:
    """The files of a zip with numbers in [start, stop). One that cannot be read is damaged; the others are unharmed."""
    budget = _Budget(size)
    with _zip(file) as archive:
        for member in archive.infolist()[start:stop]:
            if member.is_dir():
                continue
            at, end = member.header_offset, member.header_offset + member.compress_size
            if member.file_size > max_bytes:
                yield Member(member.filename, b"", at, "too_large")
                continue
            try:
                budget.spend(member.file_size)
                with archive.open(member) as content:
                    payload = content.read(max_bytes + 1)
            except _Bomb as bomb:
                yield Damaged(at, size, str(bomb))
                return
            except _ERRORS as error:
                yield Damaged(at, end, f"a member of the zip cannot be read ({error or type(error).__name__})")
                continue
            # The directory may lie about sizes; zipfile stops at the size it gives.
            yield Member(member.filename, payload, at)


def _zip(file: BinaryIO) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(file)
    except _ERRORS as error:
        raise ValueError(f"no readable zip ({error})") from None
    if len(archive.infolist()) > MAX_MEMBERS:
        raise ValueError(f"more than {MAX_MEMBERS} members")
    return archive


class _Budget:
    """How much an archive may still inflate to."""

    def __init__(self, size: int) -> None:
        self._left = FREE + MAX_RATIO * size

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _Bomb(f"inflates to more than {MAX_RATIO} times its size")


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
