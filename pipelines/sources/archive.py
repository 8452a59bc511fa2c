"""Where the records of a WARC or ARC file begin and end, and which bytes belong to no record that can be read.

Nothing here looks inside a record. A reader that starts at any record start sees what a reader from the beginning of
the file sees from there on, so a file can be cut into spans. Two rules make that so:

* A record is whole when what its declared length leads to is the end of the input, a record separator or another
  record. Otherwise it is damaged, and reading goes on at the next record start after its beginning.
* A gzip member is read only when it inflates to its checksum. Otherwise reading goes on at the next gzip header that
  inflates to a record start. A member that the end of the file cuts off is read up to its last record.
"""

import functools
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol, runtime_checkable

#: Longest WARC header, and as much of an oversized record as is kept: twice what fastwarc takes for a header.
HEAD_LIMIT = 1 << 16

#: A gzip member that inflates to no more than this is inflated once. A longer one (a whole archive in one member) is
#: inflated twice, first for its checksum, and never held.
HOLD = 8 << 20

#: RFC 1951, 3.2.4: a stored block holds at most this many bytes.
STORED_BLOCK = 65_535

_NOTHING = "no record begins here"
_INPUT, _OUTPUT, _SCAN = 1 << 14, 1 << 20, 1 << 18
_GZIP = b"\x1f\x8b\x08"
# Writers end lines with LF, CRLF, and even CR CRLF.
BLANK_LINE = re.compile(rb"\r{0,2}\n\r{0,2}\n")
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:\s*(\d{1,18})[ \t\r]*$")
_VERSION = re.compile(rb"(?i:WARC)/[0-9.]{1,9}[ \t]*\r{0,2}\n")
# URL (spaces occur), IP address, date and length; between the last two a media type, and in version 2 more.
_ARC = rb"([A-Za-z][A-Za-z0-9+.-]{1,30}:[^\n]{1,8192}?) ([0-9A-Fa-f.:-]+) (\d{12,14}) ([^\n]{0,512}? )?(\d{1,18})\r?\n"
ARC_LINE = re.compile(_ARC)
# In the midst of damage a record start has to be plain: a version line and a field, or an ARC header line.
_WARC = rb"(?i:WARC)/\d\.\d{1,2}[ \t]*\r{0,2}\n[A-Za-z][A-Za-z0-9-]{1,64}[ \t]*:"
_WARC_PLAIN = re.compile(_WARC)
_PLAIN = re.compile(_WARC + rb"|(?<=\n)" + _ARC)
_ARC_LONGEST = 9_216  # more than the longest line the pattern takes


@dataclass(frozen=True)
class Record:
    """One record. `head` is its header with line ends as they are; an ARC header is a single line.

    `block` is its content: all of the `length` bytes, or the first `HEAD_LIMIT` where `length` is over the limit.
    """

    offset: int  # in the file: of the gzip member, or of the record where the file is not compressed
    inner: int  # in the inflated member; 0 where the file is not compressed
    head: bytes
    block: bytes
    length: int


@dataclass(frozen=True)
class Damaged:
    """Bytes [offset, stop) of the file from which a record, or what was to be one, could not be read.

    `inner` is where in the inflated member the damage begins; with `offset` it is as unique as that of a record.
    """

    offset: int
    stop: int
    detail: str
    inner: int = 0


@runtime_checkable
class Ranges(Protocol):
    """A file that lies elsewhere and is read by ranges."""

    size: int

    def pread(self, size: int, offset: int, /) -> bytes:
        """Up to `size` bytes from `offset` on, as `os.pread` gives them; none at the end alone."""


#: What archives and dumps are read from: a descriptor, or what stands in for one.
Handle = int | Ranges


def handle(file: BinaryIO) -> Handle:
    """What an open file is read by at any place."""
    raw = getattr(file, "raw", None)
    return raw if isinstance(raw, Ranges) else file.fileno()


def size_of(file: Handle) -> int:
    return os.fstat(file).st_size if isinstance(file, int) else file.size


class View(Protocol):
    """Bytes by position. What lies before `first` can no longer be looked at."""

    first: int

    def at(self, position: int, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""

    def forget(self, position: int) -> None:
        """Allow `first` to move on to a position."""


class Plain:
    """The bytes of an open file up to `stop`."""

    first = 0

    def __init__(self, file: Handle, stop: int) -> None:
        self.pread = functools.partial(os.pread, file) if isinstance(file, int) else file.pread
        self.stop = stop

    def at(self, position: int, size: int) -> bytes:
        size = min(size, self.stop - position)
        data = self.pread(size, position) if size > 0 else b""
        while 0 < len(data) < size and (more := self.pread(size - len(data), position + len(data))):
            data += more
        return data

    def forget(self, position: int) -> None:
        """Nothing is held, so nothing is let go."""


class Window:
    """The concatenation of `pieces`, of which only what was not forgotten is held."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.buffer = bytearray()
        self.first = self.wanted = 0

    def at(self, position: int, size: int) -> bytes:
        while self.first + len(self.buffer) < position + size and (piece := next(self.pieces, b"")):
            self.buffer += piece
            self.forget(self.wanted)
        start = position - self.first
        with memoryview(self.buffer) as view:
            return bytes(view[start : start + size])

    def forget(self, position: int) -> None:
        self.wanted = position
        gone = max(0, min(position - self.first, len(self.buffer)))
        del self.buffer[:gone]
        self.first += gone


@dataclass(frozen=True)
class Frame:
    """One record within a view."""

    start: int
    head: bytes
    block: bytes
    length: int


@dataclass(frozen=True)
class Gap:
    """Bytes of a view that are no whole record. `begun`: they begin like one."""

    start: int
    stop: int
    detail: str
    begun: bool = True


def frames(view: View, position: int, stop: int, keep: int) -> Iterator[Frame | Gap]:
    """The records that start in [position, stop) of a view, and what lies damaged between them.

    A block longer than `keep` bytes is not read but for its beginning; with `keep` 0 no block is read at all.
    """
    while position < stop:
        view.forget(position)
        opening = view.at(position, 4096)
        if newlines := len(opening) - len(opening.lstrip(b"\r\n")):
            position += newlines
            continue
        if not opening:
            return
        head, length, fault = _header(view, position, opening)
        body = position + len(head)
        end = body + length
        block, separator = b"", None
        if not fault:
            if length > keep:
                block = view.at(body, HEAD_LIMIT) if keep else b""
                view.forget(end - 1)
            separator = _separator(view, end, head)
            fault = "the record is cut off, or its length is wrong"
        if separator is None:
            after = _resume(view, max(position, view.first) + 1)
            yield Gap(position, after, fault, fault != _NOTHING)
            position = after
            continue
        yield Frame(position, head, view.at(body, length) if length <= keep else block, length)
        position = end + separator
        if separator:
            yield Gap(end, position, "the separator between two records is damaged", begun=False)


def _header(view: View, position: int, opening: bytes) -> tuple[bytes, int, str]:
    """The header at a position, the length it declares, and what is wrong with it, if anything is."""
    if is_warc(opening):
        blank = BLANK_LINE.search(opening)
        if not blank:
            opening = view.at(position, HEAD_LIMIT)
            blank = BLANK_LINE.search(opening)
        if not blank:
            return b"", 0, "the record's header has no end"
        head = opening[: blank.end()]
        if _WARC_PLAIN.search(head, 1):
            return b"", 0, "the record's header is cut off by another record"
        length = _LENGTH.search(head)
        return (head, int(length[1]), "") if length else (b"", 0, "the record has no length")
    if b"\n" not in opening:
        opening = view.at(position, _ARC_LONGEST)
    if line := ARC_LINE.match(opening):
        return line[0], int(line[5]), ""
    return b"", 0, _NOTHING


def _separator(view: View, end: int, head: bytes) -> int | None:
    """None where a record cannot end, or how many bytes follow its end that are neither line ends nor a record.

    The standard separates WARC records by CRLF CRLF and ARC records by LF. Writers put less, and more. Where the next
    record is in its place, damage to the separator is damage to no record. What follows a separator is never held
    against the record before it, so an ARC record whose length is wrong and leads to a line end passes for whole.
    """
    tail = view.at(end - 1, 1 + _ARC_LONGEST)  # the last byte of the record shows that the input is that long
    if not tail:
        return None
    tail = tail[1:]
    warc = is_warc(head)
    rest = tail.lstrip(b"\r\n")
    if tail.startswith((b"\r\n\r\n", b"\n\n") if warc else (b"\n", b"\r\n")) or not rest:
        return 0
    size = 4 if warc else 1
    if _starts(tail[size:]):
        return size if tail[:size].strip(b"\r\n") else 0
    return 0 if _starts(rest) else None


def is_warc(head: bytes) -> bool:
    """Whether a record's header is that of a WARC, not an ARC."""
    return bool(_VERSION.match(head))


def _starts(data: bytes) -> bool:
    return is_warc(data) or bool(ARC_LINE.match(data))


def _resume(view: View, position: int) -> int:
    """The next plain record start, or the end of the view."""
    while True:
        view.forget(position - 1)
        data = view.at(position - 1, _SCAN)
        if found := _PLAIN.search(data, 1):
            return position - 1 + found.start()
        if len(data) < _SCAN:
            return position - 1 + len(data)
        position += _SCAN - _ARC_LONGEST


def kind(file: Handle, start: int, stop: int) -> Literal["gzip", "plain", "unknown"]:
    """What bytes [start, stop) of a file are, by how they begin; damaged beginnings are unknown."""
    view = Plain(file, stop)
    if view.at(start, len(_GZIP)) == _GZIP:
        return "gzip"
    return "plain" if _starts(view.at(start, _ARC_LONGEST).lstrip(b"\r\n")) else "unknown"


def is_archive(file: Handle, size: int) -> bool:
    """Whether a file begins with a record, compressed or not."""
    found = kind(file, 0, size)
    return found == "plain" or (found == "gzip" and _opens(Plain(file, size), 0))


def plain_records(file: Handle, start: int, stop: int, limit: int, keep: int) -> Iterator[Record | Damaged]:
    """The records that start in [start, stop) of an uncompressed file whose archive ends at `limit`."""
    for item in frames(Plain(file, limit), start, stop, keep):
        if isinstance(item, Frame):
            yield Record(item.start, 0, item.head, item.block, item.length)
        else:
            yield Damaged(item.start, item.stop, item.detail)


class Inflation:
    """Inflates one gzip member, a piece at a time. At the end `state` says how it ended, `position` where."""

    def __init__(self, file: Handle, start: int, limit: int) -> None:
        self.input = Plain(file, limit)
        self.position = start
        self.state: Literal["", "whole", "cut", "bad"] = ""

    def __iter__(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj(wbits=31)  # 31: gzip, checksum and length verified
        while not inflate.eof:
            data = inflate.unconsumed_tail
            if not data:
                data = self.input.at(self.position, _INPUT)
                self.position += len(data)
            if not data:
                self.state = "cut"
                return
            try:
                piece = inflate.decompress(data, _OUTPUT)
            except zlib.error:
                self.state = "bad"
                return
            if piece:
                yield piece
        self.position -= len(inflate.unused_data)
        self.state = "whole"


def gzip_records(file: Handle, start: int, stop: int, limit: int, keep: int) -> Iterator[Record | Damaged]:
    """The records of the gzip members that start in [start, stop) of a file whose archive ends at `limit`."""
    position = start
    while position < stop:
        member = Inflation(file, position, limit)
        held: list[bytes] = []
        size = 0
        for piece in member:
            size += len(piece)
            if size <= HOLD:
                held.append(piece)
        window = Window(iter(held) if size <= HOLD else iter(Inflation(file, position, limit)))
        if member.state == "whole":
            for item in frames(window, 0, size, keep):
                yield _in_member(item, position, member.position)
            position = member.position
            continue
        after = next_member(file, position + 1, limit)
        if member.state == "cut" and after == limit:
            yield from _cut_member(frames(window, 0, size, keep), position, limit)
        elif Plain(file, limit).at(position, 3) == _GZIP:
            yield Damaged(position, after, "the gzip member does not inflate to its checksum")
        else:
            yield Damaged(position, after, "no gzip member begins here")
        position = after


def _in_member(item: Frame | Gap, offset: int, stop: int) -> Record | Damaged:
    if isinstance(item, Frame):
        return Record(offset, item.start, item.head, item.block, item.length)
    return Damaged(offset, stop, item.detail, item.start)


def _cut_member(items: Iterator[Frame | Gap], offset: int, stop: int) -> Iterator[Record | Damaged]:
    """The records of a member that the end of the file cuts off, as far as the beginning of another follows them.

    No checksum vouches for them, as none does in a file that is not compressed. For the bytes after the last beginning
    nothing does: a member that only seems to be cut off may be a damaged one.
    """
    held: list[Frame | Gap] = []
    for item in items:
        if isinstance(item, Frame) or item.begun:
            yield from (_in_member(before, offset, stop) for before in held)
            held.clear()
        held.append(item)
    yield Damaged(offset, stop, "the file ends within this gzip member", held[0].start if held else 0)


def next_member(file: Handle, position: int, limit: int) -> int:
    """The first gzip header at or after a position that inflates to a record start, or `limit`."""
    view = Plain(file, limit)
    while len(data := view.at(position, _SCAN)) >= len(_GZIP):
        found = data.find(_GZIP)
        while found >= 0:
            if _opens(view, position + found):
                return position + found
            found = data.find(_GZIP, found + 1)
        position += len(data) - len(_GZIP) + 1
    return limit


def _opens(view: Plain, position: int) -> bool:
    """Whether a gzip member here begins with a record, even if it is damaged further on."""
    inflate = zlib.decompressobj(wbits=31)
    begun = b""
    data = view.at(position, 8192)
    for at in range(0, len(data), 32):  # an error takes with it what the same call had inflated, hence the small steps
        try:
            begun += inflate.decompress(data[at : at + 32], _ARC_LONGEST)
        except zlib.error:
            return False
        if _starts(begun.lstrip(b"\r\n")):
            return True
        if inflate.eof or len(begun) > _ARC_LONGEST:
            return False
    return False


def next_cut(file: Handle, position: int, limit: int) -> int:
    """The first place at or after a position where a gzip file can be cut in two, or `limit`.

    A crawled `.warc.gz` lies in its record as it is, in stored blocks, and looks like the archive around it. But a
    stored block is short: whole members that follow each other for longer than one are the archive's own.
    """
    while (position := next_member(file, position, limit)) < limit:
        end = position
        while end < limit and end - position <= STORED_BLOCK:
            member = Inflation(file, end, limit)
            for _ in member:
                pass
            if member.state != "whole":
                break
            end = member.position
        else:
            return position
        position += 1
    return limit
