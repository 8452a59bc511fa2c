"""The pages of a MediaWiki XML export (schema 0.3 to 0.11, "pages-articles"), plain or compressed with bzip2 or gzip.

A page lies between <page> and </page>. Nothing else in the XML is looked at to find them: MediaWiki escapes every "<"
of a text and writes no CDATA section and no comment, so these tags stand nowhere else. Dumps are UTF-8.

A reader that starts at any cut sees what a reader from the beginning sees from there on. Wikimedia's multistream dumps
hold a hundred pages in each bzip2 stream, and pbzip2 cuts through pages; both can be read from any stream on, as a page
belongs to the cut in which its first byte lies. A single stream cannot be cut.
(https://meta.wikimedia.org/wiki/Data_dumps/Dump_format)
"""

import bz2
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipelines.sources.archive import Damaged, Handle, Inflation, Plain, size_of

Kind = Literal["xml", "bz2", "gzip"]

_SCAN = 1 << 18
#: A bzip2 block takes at least 37 bytes and inflates to at most 46 MB: no more than two of them are held at once.
_STEP = 32
_GZIP = b"\x1f\x8b\x08"
_STREAM = re.compile(rb"BZh[1-9]1AY&SY")  # the stream's header and its first block's: too long for chance
_STREAM_SIZE = 10
_TAG = re.compile(rb"<(/?)page(?:[ \t\r\n][^<>]{0,1000})?>")
_TAG_SIZE = 1009  # of the longest
_HEAD = 1 << 16  # <siteinfo> takes 3 KB
_DBNAME = re.compile(rb"<dbname>([a-z0-9_]{1,60})</dbname>")
_BASE = re.compile(
    rb"<base>https?://([a-z-]{1,20})\.(wikipedia|wiktionary|wikibooks|wikinews|wikiquote|wikisource|wikiversity"
    rb"|wikivoyage)\.org/"
)


@dataclass(frozen=True)
class Page:
    """One <page> element, with its tags.

    `offset` is its place in the file, or that of the bzip2 stream or gzip member in which it begins; `inner` is its
    place in what that inflates to, 0 in plain XML. `problem` is None, or `too_large`: `payload` is then empty.
    """

    offset: int
    inner: int
    payload: bytes
    problem: str | None


def kind(file: Handle, size: int) -> Kind | None:
    """What a file that may be a dump is, by its first bytes; None for what is none."""
    head = Plain(file, size).at(0, 4096)
    if head.startswith(b"BZh"):
        return "bz2"
    if head.startswith(_GZIP):
        return "gzip"
    return "xml" if b"<mediawiki" in head else None


def is_dump(file: Handle, size: int) -> bool:
    """Whether a file begins as a dump does, compressed or not."""
    return b"<mediawiki" in _head(file, size)


def site(file: Handle, size: int) -> str:
    """The site that a dump says it is of, as "jawiki", or "". Before schema 0.10 only its address tells."""
    head = _head(file, size)
    if found := _DBNAME.search(head):
        return found[1].decode()
    if found := _BASE.search(head):
        return found[1].decode().replace("-", "_") + found[2].decode().replace("wikipedia", "wiki")
    return ""


def _head(file: Handle, size: int) -> bytes:
    found = kind(file, size)
    head = b""
    for piece in _pieces(file, found, 0, size) if found else ():
        if isinstance(piece, _Fault) or len(head) >= _HEAD:
            break
        head += piece.data
    return head[:_HEAD]


def cuts(file: Handle, kind: Kind, start: int, stop: int, part_bytes: int) -> Iterator[int]:
    """The places in (start, stop) where a dump can be cut in parts of about `part_bytes`, ascending.

    Page starts of plain XML and stream starts of bzip2; none of gzip.
    """
    wanted = start + part_bytes
    while wanted < stop and (cut := _next_cut(file, kind, wanted, stop)) < stop:
        yield cut
        wanted = cut + part_bytes - (cut - start) % part_bytes  # the next multiple


def _next_cut(file: Handle, kind: Kind, position: int, stop: int) -> int:
    match kind:
        case "xml":
            return next((at for at, tag in _search(file, _TAG, _TAG_SIZE, position, stop) if not tag[1]), stop)
        case "bz2":
            return next_stream(file, position, stop)
        case "gzip":
            return stop


def next_stream(file: Handle, position: int, stop: int) -> int:
    """The first bzip2 stream at or after a position whose first block can be read, or `stop`."""
    for at, _ in _search(file, _STREAM, _STREAM_SIZE, position, stop):
        if next(iter(_Bzip2(file, at, size_of(file))), b""):
            return at
    return stop


def _search(
    file: Handle, pattern: re.Pattern[bytes], longest: int, position: int, stop: int
) -> Iterator[tuple[int, re.Match[bytes]]]:
    """The places in [position, stop) of a file where a pattern is found."""
    view = Plain(file, size_of(file))
    while position < stop and (data := view.at(position, _SCAN)):
        last = len(data) < _SCAN
        # What begins in the last bytes may be cut off by the end of what was read.
        end = len(data) if last else _SCAN - longest + 1
        for found in pattern.finditer(data):
            if found.start() < min(end, stop - position):
                yield position + found.start(), found
        if last:
            return
        position += end


def read(file: Handle, kind: Kind, start: int, stop: int, max_bytes: int) -> Iterator[Page | Damaged]:
    """The pages that start in [start, stop) of a dump, both of them cuts or its ends, and the damage, in their order.

    No more is held than a few times `max_bytes`, and 100 MB of a hostile bzip2 block. After damage, reading goes on at
    the next bzip2 stream; a gzip file ends there. bzip2 has a checksum in each block, so that what comes before the
    damage is right; gzip has one at its end, and damage there may be that of pages already given.
    """
    size = size_of(file)
    held = _Held()
    for piece in _pieces(file, kind, start, size):
        if isinstance(piece, _Fault):
            offset, inner = held.begun or (piece.offset, piece.inner)
            if offset < stop:
                yield Damaged(offset, piece.stop, piece.detail, inner)
            if piece.stop >= stop:
                return
            held = _Held()
            continue
        if piece.offset >= stop and not held.begun and not held.may_begin():
            return
        held.add(piece)
        for item in held.pages(max_bytes):
            if item.offset >= stop:
                return
            yield item
    if held.begun and held.begun[0] < stop:
        yield Damaged(held.begun[0], size, "the file ends within this page", held.begun[1])


@dataclass(frozen=True)
class _Piece:
    """Inflated bytes, from `inner` on in the stream at `offset`; `inner` is None in plain XML."""

    offset: int
    inner: int | None
    data: bytes


@dataclass(frozen=True)
class _Fault:
    """From `inner` of the stream at `offset` on, nothing can be read up to `stop` in the file."""

    offset: int
    inner: int
    stop: int
    detail: str


class _Held:
    """Inflated bytes that are still needed, and where they come from. Positions count all bytes that were added."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.first = 0  # position of the buffer
        self.pieces: deque[tuple[int, int, int | None]] = deque()  # position, offset, inner
        self.looked = 0  # no tag begins before this position that was not seen
        self.begin = 0  # of the page that has begun
        self.begun: tuple[int, int] | None = None  # its offset and inner

    def add(self, piece: _Piece) -> None:
        self.pieces.append((self.first + len(self.buffer), piece.offset, piece.inner))
        self.buffer += piece.data

    def may_begin(self) -> bool:
        """Whether the beginning of a tag may be held."""
        return b"<" in self.buffer[self.looked - self.first :]

    def pages(self, max_bytes: int) -> Iterator[Page | Damaged]:
        """The pages that have come to their end."""
        while tag := _TAG.search(self.buffer, self.looked - self.first):
            start, self.looked = self.first + tag.start(), self.first + tag.end()
            if not tag[1]:
                before, place = self.begun, self._place(start)
                self.begin, self.begun = start, place
                if before:
                    yield Damaged(
                        before[0], max(place[0], before[0]), "another page begins within this page", before[1]
                    )
            elif self.begun:
                (offset, inner), self.begun = self.begun, None
                long = self.looked - self.begin > max_bytes
                payload = b"" if long else bytes(self.buffer[self.begin - self.first : self.looked - self.first])
                yield Page(offset, inner, payload, "too_large" if long else None)
        self._place(self.looked)
        end = self.first + len(self.buffer)
        self.looked = max(self.looked, end - _TAG_SIZE + 1)
        needed = self.begin if self.begun and end - self.begin <= max_bytes else self.looked
        del self.buffer[: needed - self.first]
        self.first = needed

    def _place(self, position: int) -> tuple[int, int]:
        # Positions only go up, so the pieces before are not asked for again.
        while len(self.pieces) > 1 and self.pieces[1][0] <= position:
            self.pieces.popleft()
        at, offset, inner = self.pieces[0]
        return (offset + position - at, 0) if inner is None else (offset, inner + position - at)


def _pieces(file: Handle, kind: Kind, start: int, size: int) -> Iterator[_Piece | _Fault]:
    """All that a dump inflates to from a cut on."""
    position = start
    if kind == "xml":
        view = Plain(file, size)
        while data := view.at(position, _SCAN):
            yield _Piece(position, None, data)
            position += len(data)
        return
    while position < size:
        stream = _Bzip2(file, position, size) if kind == "bz2" else Inflation(file, position, size)
        inner = 0
        for data in stream:
            yield _Piece(position, inner, data)
            inner += len(data)
        if stream.state == "whole":
            position = stream.position
            continue
        after = next_stream(file, position + 1, size) if kind == "bz2" else size
        name = "bzip2 stream" if kind == "bz2" else "gzip member"
        cut_off = stream.state == "cut" and after == size
        yield _Fault(position, inner, after, f"the file ends within this {name}" if cut_off else f"damaged {name}")
        position = after


class _Bzip2:
    """Inflates one stream, block by block, each after its checksum. At the end `state` says how it ended, `position`
    where."""

    def __init__(self, file: Handle, start: int, limit: int) -> None:
        self.input = Plain(file, limit)
        self.start = self.position = start
        self.state: Literal["", "whole", "cut", "bad"] = ""

    def __iter__(self) -> Iterator[bytes]:
        given = 0
        for piece in self._inflate(exact_from=None):
            yield piece
            given += len(piece)
        if self.state == "bad":
            # An error takes with it the block that the same call had finished: once more, byte by byte at the end.
            passed = 0
            for piece in self._inflate(exact_from=self.position):
                passed += len(piece)
                if passed > given:
                    yield piece

    def _inflate(self, exact_from: int | None) -> Iterator[bytes]:
        inflate = bz2.BZ2Decompressor()
        position = self.start
        while not inflate.eof:
            data = self.input.at(position, _SCAN)
            if not data:
                self.state, self.position = "cut", position
                return
            at = 0
            while at < len(data) and not inflate.eof:
                step = 1 if exact_from is not None and position + at >= exact_from else _STEP
                try:
                    piece = inflate.decompress(data[at : at + step])
                except (OSError, ValueError):
                    self.state, self.position = "bad", position + at
                    return
                at += min(step, len(data) - at)
                if piece:
                    yield piece
            position += at
        self.state, self.position = "whole", position - len(inflate.unused_data)
