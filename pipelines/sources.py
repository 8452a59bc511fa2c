"""Find web archives, cut them into spans, and read the HTTP responses in a span.

What a span yields depends on the bytes of its file alone, and the spans of a file together yield the same records
whatever their size. What cannot be read is yielded as `Damaged`, with its place in the file.
"""

import contextlib
import fnmatch
import glob
import hashlib
import io
import itertools
import os
import re
import string
import struct
import urllib.parse
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Literal

import brotli  # type: ignore[import-untyped]
from fastwarc.stream_io import ZstdReader

from pipelines import archive
from pipelines.archive import Damaged as Damaged
from pipelines.errors import UsageError

SUFFIXES = (".warc", ".warc.gz", ".arc", ".arc.gz", ".wacz")

#: Characters of a URL or a record id. Longer URLs are cut; for a longer id the record's place stands in.
TEXT_LIMIT = 8192

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DATE = re.compile(
    rb"(\d{4})(?:-?(\d\d)(?:-?(\d\d)(?:[Tt ]?(\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d+))?)?)?)?)?"
    rb"(?:[Zz]|([+-])(\d\d):?(\d\d))?"
)
_FOLD = re.compile(rb"\r*\n[ \t]+")
_HEAD_LIMIT = 1 << 18  # what Chromium takes (kMaxHeaderBufSize)
_STATUS = re.compile(rb"HTTP/\d(?:\.\d+)?[ \t]+(\d{3})(?!\d)")
_MEDIA_TYPE = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]{1,127}/[!#$%&'*+.^_`|~0-9a-z-]{1,127}")  # lengths: RFC 6838, 4.2
_CHARSET = re.compile(rb"charset[ \t]*=[ \t]*[\"']?([!#$%&+.^_`~0-9a-z:-]{1,64})")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r?\n")
_CHUNK_LINE = 270  # longest of those
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # "binary data byte" in WHATWG's MIME Sniffing, 3
_MAX_CODINGS = 4  # ours: nobody means more
_STEP = 1 << 14

_ZIP = b"PK\x03\x04"

_Decoded = tuple[bytes, Literal["whole", "cut", "bad"]]


class InputError(UsageError):
    """An input that cannot be read at all: what, where, what to do."""


@dataclass(frozen=True)
class Source:
    """One archive file. `name` stands for it in everything that is hashed: its base name, or as much of the end of
    its path as tells it from the other inputs."""

    name: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Span:
    """Bytes [start, stop) of a file. A record belongs to the span in which it starts."""

    source: Source
    kind: Literal["gzip", "plain"]
    start: int
    stop: int


@dataclass(frozen=True)
class Raw:
    """One response record.

    `payload` is the body without transfer and content coding; for a record that is no HTTP response, its block.
    `problem` is None, or why the payload cannot be used: `too_large` (the payload is then empty) or `bad_encoding`
    (it holds what could be decoded). `date` is in UTC; where the record's is coarser than a second, the beginning of
    the period it names. `status` is None where the record is no HTTP response.
    """

    record_id: str  # WARC-Record-ID, or `sha256:offset:inner` of a record that has none
    url: str
    date: datetime | None
    status: int | None
    content_type: str  # media type, lower case; "" where none is declared
    http_charset: str  # lower case; "" where none is declared
    offset: int  # in the file: of the gzip member, or of the record where the file is not compressed
    inner: int  # in the inflated member; 0 where the file is not compressed
    payload: bytes
    problem: str | None


# ---- finding ---------------------------------------------------------------------------------------------------------


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_inputs(patterns: Sequence[str], digest: Callable[[Path], str] = sha256_of) -> list[Source]:
    """The archives that files, globs (`**` too), folders and `.paths` lists name, sorted by name, each file once.

    A folder gives the files in and below it that have one of `SUFFIXES`; like a glob, it leaves out hidden names. A
    `.paths` list holds a path, glob or folder per line, relative to the list's folder, and comments after `#`.

    Raises `InputError` for what names nothing, cannot be read, or is no archive.
    """
    found: dict[tuple[int, int], Path] = {}
    for path in itertools.chain.from_iterable(_expand(pattern, Path.cwd(), "") for pattern in patterns):
        key = _identity(path)
        # Of several links to a file the same one is taken whatever the order of the patterns.
        found[key] = min(found.get(key, path), path, key=lambda path: (path.name, path.as_posix()))
    names = _names(list(found.values()))
    sources = []
    for path in sorted(found.values(), key=names.__getitem__):
        try:
            names[path].encode()
            sources.append(Source(names[path], str(path), path.stat().st_size, digest(path)))
        except UnicodeEncodeError:
            raise InputError(f"{str(path)!r}: its name is not valid UTF-8; rename it") from None
        except OSError as error:
            raise InputError(
                f"{path}: cannot be read ({error.strerror}); see to it or take it off the inputs"
            ) from None
    return sources


def _expand(pattern: str, folder: Path, where: str) -> Iterator[Path]:
    """The archives one pattern names. `where` is the list and line it comes from, for messages."""
    literal = folder / pattern
    if os.path.lexists(literal):
        matches = [literal]
    elif glob.has_magic(pattern):
        matches = [path for path in _glob(pattern, folder) if path.suffix != ".paths" or pattern.endswith(".paths")]
    else:
        raise InputError(f"{where}{pattern}: no such file; correct the path")
    archives = [file for match in matches for file in _archives(match, match is literal, where)]
    if not archives:
        raise InputError(f"{where}{pattern}: no web archive there ({' '.join(SUFFIXES)}); correct the path")
    yield from archives


def _archives(path: Path, explicit: bool, where: str) -> list[Path]:
    """The archives a path stands for. Only what was named itself, not found by a glob, has to be one."""
    path = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would give a link its target's name
    try:
        if path.is_dir():
            return [file for file in _walk(path) if file.name.lower().endswith(SUFFIXES)]
        if path.suffix == ".paths":
            if where:
                raise InputError(f"{where}{path}: a list in a list; name the archives themselves")
            return list(_listed(path))
        if _is_archive(path):
            return [path]
    except OSError as error:
        raise InputError(f"{where}{path}: cannot be read ({error.strerror}); see to it or take it off") from None
    if explicit:
        raise InputError(f"{where}{path}: not a web archive (WARC, ARC or WACZ); take it off the inputs")
    return []


def _listed(path: Path) -> Iterator[Path]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text in UTF-8; a .paths list holds one path a line") from None
    for number, line in enumerate(lines, 1):
        if entry := re.sub(r"(^|\s)#.*", "", line).strip():
            yield from _expand(entry, path.parent, f"{path}:{number}: ")


def _is_archive(path: Path) -> bool:
    if not path.exists() or path.is_file():  # a pipe would be waited for
        with path.open("rb") as file:
            if path.name.lower().endswith(SUFFIXES):
                return True
            return _is_zip(file) or archive.is_archive(file.fileno(), path.stat().st_size)
    return False


def _glob(pattern: str, folder: Path) -> Iterator[Path]:
    """What matches a glob. `**` goes through `_walk`, which no circle of links and no closed folder can fool."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from (folder / match for match in glob.iglob(pattern, root_dir=folder))  # noqa: PTH207  # takes `..`
        return
    fixed = next(n for n, part in enumerate(parts) if glob.has_magic(part))
    base = folder.joinpath(*parts[:fixed])
    if base.is_dir():
        yield from (file for file in _walk(base) if _fits(file.relative_to(base).parts, parts[fixed:]))


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder that is not hidden. Links are followed, but no folder is entered twice."""

    def fail(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror}); see to it") from None

    entered = {_identity(folder)}
    for root, folders, files in os.walk(folder, followlinks=True, onerror=fail):
        yield from (Path(root, name) for name in sorted(files) if not name.startswith("."))
        visible = {
            _identity(path): path.name
            for name in sorted(folders)
            if not (path := Path(root, name)).name.startswith(".")
        }
        folders[:] = [name for key, name in visible.items() if key not in entered]
        entered |= visible.keys()


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); see to it or take it off the inputs") from None
    return status.st_dev, status.st_ino


def _names(paths: list[Path]) -> dict[Path, str]:
    """The shortest end of each path that is not the end of another."""
    names: dict[Path, str] = {}
    for depth in itertools.count(1):
        ends = {path: "/".join(path.parts[1:][-depth:]) for path in paths}
        times = Counter(ends.values())
        names |= {path: end for path, end in ends.items() if times[end] == 1 and path not in names}
        if len(names) == len(paths):
            break
    return names


# ---- cutting ---------------------------------------------------------------------------------------------------------


def split(source: Source, part_bytes: int) -> list[Span]:
    """Spans of about `part_bytes` that cover every archive in a file. An empty file has one empty span.

    Raises `InputError` for a WACZ that cannot be read in place, and for a file that is not the one that was found.
    """
    if part_bytes < 1:
        raise ValueError(f"part_bytes is {part_bytes}; must be at least 1")
    with _open(source) as file:
        return [span for region in _regions(source, file) for span in _cut(region, file.fileno(), part_bytes)]


def _cut(region: Span, file: int, part_bytes: int) -> Iterator[Span]:
    cuts = (_gzip_cuts if region.kind == "gzip" else _plain_cuts)(region, file, part_bytes)
    start = region.start
    for stop in itertools.chain(cuts, [region.stop]):
        yield Span(region.source, region.kind, start, stop)
        start = stop


def _gzip_cuts(region: Span, file: int, part_bytes: int) -> Iterator[int]:
    wanted = region.start + part_bytes
    while wanted < region.stop and (cut := archive.next_cut(file, wanted, region.stop)) < region.stop:
        yield cut
        wanted = cut + part_bytes - (cut - region.start) % part_bytes  # the next multiple


def _plain_cuts(region: Span, file: int, part_bytes: int) -> Iterator[int]:
    wanted = region.start + part_bytes
    for record in archive.plain_records(file, region.start, region.stop, region.stop, keep=0):
        if isinstance(record, archive.Record) and record.offset >= wanted:
            yield record.offset
            wanted = record.offset + part_bytes - (record.offset - region.start) % part_bytes


def _open(source: Source) -> BinaryIO:
    try:
        file = Path(source.path).open("rb")  # noqa: SIM115  # callers close it
    except OSError as error:
        raise InputError(f"{source.path}: cannot be read ({error.strerror})") from None
    if (size := os.fstat(file.fileno()).st_size) != source.size:
        file.close()
        raise InputError(f"{source.path}: has {size} bytes, had {source.size} when it was found; start again")
    return file


def _regions(source: Source, file: BinaryIO) -> list[Span]:
    """The archives in a file: itself, or those in a WACZ. Its name outweighs its first bytes, which may be damaged."""
    name = source.name.lower()
    if name.endswith(".wacz") or (_is_zip(file) and not name.endswith(SUFFIXES)):
        return _wacz_regions(source, file)
    return [_region(source, file, source.name, 0, source.size)]


def _region(source: Source, file: BinaryIO, name: str, start: int, stop: int) -> Span:
    kind = archive.kind(file.fileno(), start, stop)
    if kind == "unknown":  # a damaged beginning
        kind = "gzip" if name.lower().endswith(".gz") else "plain"
    return Span(source, kind, start, stop)


def _is_zip(file: BinaryIO) -> bool:
    return os.pread(file.fileno(), len(_ZIP), 0) == _ZIP


def _wacz_regions(source: Source, file: BinaryIO) -> list[Span]:
    """The files below `archive/`. The WACZ specification has them stored, not deflated, so that they can be read."""
    regions = []
    try:
        with zipfile.ZipFile(file) as packed:
            entries = sorted(packed.infolist(), key=lambda entry: entry.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, struct.error):
        raise InputError(f"{source.path}: not a readable zip file; unpack it and give the files in archive/") from None
    end = 0
    for entry in entries:
        if not (entry.filename.startswith("archive/") and entry.filename.lower().endswith(SUFFIXES[:4])):
            continue
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise InputError(f"{source.path}: {entry.filename} is compressed in the zip; unpack it and give the files")
        start = _data_start(file, entry.header_offset) if end <= entry.header_offset < source.size else None
        if start is None or (end := start + entry.compress_size) > source.size:
            raise InputError(f"{source.path}: {entry.filename} is not where the zip says; unpack it and give the files")
        regions.append(_region(source, file, entry.filename, start, end))
    return regions or [Span(source, "plain", 0, 0)]


def _data_start(file: BinaryIO, local_header: int) -> int | None:
    """Where a zip entry's bytes begin. Only the local header says so: the directory's may be of another length."""
    header = os.pread(file.fileno(), 30, local_header)
    if len(header) < 30 or not header.startswith(_ZIP):
        return None
    return local_header + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(span: Span, max_bytes: int) -> Iterator[Raw | Damaged]:
    """The response records that start in a span, and the damage in it, in the order of the file.

    Records of other types are passed over. No more than a few times `max_bytes` is held.
    """
    with _open(span.source) as file:
        limit = next(r.stop for r in _regions(span.source, file) if r.start <= span.start and span.stop <= r.stop)
        records = archive.gzip_records if span.kind == "gzip" else archive.plain_records
        for item in records(file.fileno(), span.start, span.stop, limit, max_bytes):
            if isinstance(item, Damaged):
                yield item
            elif raw := _raw(item, span.source, max_bytes):
                yield raw


def _raw(record: archive.Record, source: Source, max_bytes: int) -> Raw | None:
    """A record as a response, or None if it is none."""
    place = f"{source.sha256}:{record.offset}:{record.inner}"
    if archive.is_warc(record.head):
        fields = _fields(record.head)
        declared = fields.get(b"content-type", b"").lower()
        is_http = declared.startswith(b"application/http")
        if fields.get(b"warc-type", b"response" if b"msgtype=response" in declared else b"").lower() != b"response":
            return None
        record_id = _text(fields.get(b"warc-record-id", b"").strip(b" \t<>"))
        url, date = fields.get(b"warc-target-uri", b"").strip(b" \t<>"), _date(fields.get(b"warc-date", b""))
    else:
        line = archive.ARC_LINE.match(record.head)
        if line is None or record.head.startswith(b"filedesc:"):  # the file's own description
            return None
        record_id, url, date = "", line[1], _date(line[3])
        declared, is_http = line[4] or b"", False
    status, content_type, payload, problem = None, b"" if is_http else declared, record.block, None
    if response := _response(record.block):
        status, fields, payload = response
        content_type = fields.get(b"content-type", b"")
    if record.length > max_bytes:
        payload, problem = b"", "too_large"
    elif response:
        payload, problem = _decode(payload, fields, max_bytes)
    media_type = _MEDIA_TYPE.match(content_type.lower())
    declared_charset = _CHARSET.search(content_type.lower())
    return Raw(
        record_id=record_id if 0 < len(record_id) <= TEXT_LIMIT else place,
        url=_text(url)[:TEXT_LIMIT],
        date=date,
        status=status,
        content_type=media_type[0].decode() if media_type else "",
        http_charset=declared_charset[1].decode() if declared_charset else "",
        offset=record.offset,
        inner=record.inner,
        payload=payload,
        problem=problem,
    )


def _fields(head: bytes) -> dict[bytes, bytes]:
    """The fields of a WARC or HTTP header by lower-case name. Of several the last counts, as in browsers.

    Not fastwarc's `HeaderMap`, which wants CRLF and gives up beyond 32 KiB.
    """
    fields = {}
    for line in _FOLD.sub(b" ", head[:_HEAD_LIMIT]).split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            fields[name.strip().lower()] = value.strip()
    return fields


def _text(value: bytes) -> str:
    """Bytes as valid, printable text; percent-encoded where they are not UTF-8, or hold control characters."""
    with contextlib.suppress(UnicodeDecodeError):
        if not _CONTROL.search(text := value.decode()):
            return text
    return urllib.parse.quote(value, safe=string.punctuation + " ")


def _date(value: bytes) -> datetime | None:
    """A date of WARC (ISO 8601, from the year alone down to any fraction of a second) or of ARC (digits only)."""
    if not (parts := _DATE.fullmatch(value.strip())):
        return None
    micro = (parts[7] or b"").ljust(6, b"0")[:6]
    year, month, day, hour, minute, second = (int(part or low) for part, low in zip(parts.groups(), (1, 1, 1, 0, 0, 0)))
    try:
        date = datetime(year, month, day, hour, minute, second, int(micro), UTC)
        ahead = timedelta(hours=int(parts[9] or 0), minutes=int(parts[10] or 0))
        return date + ahead if parts[8] == b"-" else date - ahead
    except (ValueError, OverflowError):
        return None


def _response(block: bytes) -> tuple[int | None, dict[bytes, bytes], bytes] | None:
    """Status, header fields and body of an HTTP response; None where a block is none."""
    for _ in range(4):  # past interim responses (100 Continue)
        if not block.startswith(b"HTTP/"):
            return None
        blank = archive.BLANK_LINE.search(block)
        head, body = (block[: blank.end()], block[blank.end() :]) if blank else (block, b"")
        status = _STATUS.match(head)
        if not (status and status[1].startswith(b"1") and body.startswith(b"HTTP/")):
            break
        block = body
    return int(status[1]) if status else None, _fields(head), body


# ---- decoding --------------------------------------------------------------------------------------------------------


class _TooLarge(Exception):
    """A body decodes to more than was allowed."""


def _decode(body: bytes, fields: dict[bytes, bytes], max_bytes: int) -> tuple[bytes, str | None]:
    """A body without its content and transfer codings, and what is wrong with it.

    Crawlers take a coding off and leave its name in the header, so a body that looks like text is taken as it is. One
    that ends too early counts as far as it goes, coded or not: crawlers cut long pages off.
    """
    declared = fields.get(b"content-encoding", b"") + b"," + fields.get(b"transfer-encoding", b"")
    codings = [name for part in declared.lower().split(b",") if (name := part.strip()) in _CODINGS]
    if len(codings) > _MAX_CODINGS:
        return b"", "bad_encoding"
    for name in reversed(codings):
        if name != b"chunked" and not _BINARY.search(body, 0, 512):
            continue
        try:
            body, state = _CODINGS[name](body, max_bytes)
        except _TooLarge:
            return b"", "too_large"
        if state == "bad":
            return body, "bad_encoding"
    return body, None


def _unchunk(body: bytes, max_bytes: int) -> _Decoded:
    """RFC 9112, 7.1. What does not begin with a chunk is no chunked body and is returned as it is."""
    decoded, position = bytearray(), 0
    while size := _CHUNK.match(body, position):
        start, stop = size.end(), size.end() + int(size[1], 16)
        if start == stop:
            return bytes(decoded), "whole"
        if stop < len(body) and not body.startswith((b"\r\n", b"\n"), stop):
            break
        decoded += body[start:stop]
        position = stop + (2 if body.startswith(b"\r\n", stop) else 1)
    if not decoded:
        return body, "whole"
    return bytes(decoded), "cut" if len(body) - position < _CHUNK_LINE else "bad"


def _gunzip(body: bytes, max_bytes: int) -> _Decoded:
    """RFC 1952. What follows the first member is passed over, as browsers do."""
    return _inflate(body, 31, max_bytes) if body.startswith(b"\x1f\x8b") else (body, "whole")


def _undeflate(body: bytes, max_bytes: int) -> _Decoded:
    """RFC 9110, 8.4.1.2 means zlib's format; many servers send a bare deflate stream."""
    decoded, state = _inflate(body, 15, max_bytes)
    return _inflate(body, -15, max_bytes) if state == "bad" and not decoded else (decoded, state)


def _inflate(body: bytes, wbits: int, max_bytes: int) -> _Decoded:
    inflate, decoded = zlib.decompressobj(wbits), bytearray()
    for start in range(0, len(body), _STEP):
        data = body[start : start + _STEP]
        while data and not inflate.eof:
            try:
                decoded += inflate.decompress(data, max_bytes + 1 - len(decoded))
            except zlib.error:
                return bytes(decoded), "bad"
            if len(decoded) > max_bytes:
                raise _TooLarge
            data = inflate.unconsumed_tail
    return bytes(decoded), "whole" if inflate.eof else "cut"


def _unbrotli(body: bytes, max_bytes: int) -> _Decoded:
    expand, decoded = brotli.Decompressor(), bytearray()
    for start in range(0, len(body), _STEP):
        data = body[start : start + _STEP]
        while data or not expand.can_accept_more_data():
            try:
                decoded += expand.process(data, output_buffer_limit=max_bytes + 1 - len(decoded))
            except brotli.error:
                return bytes(decoded), "bad"
            if len(decoded) > max_bytes:
                raise _TooLarge
            data = b""
        if expand.is_finished():
            return bytes(decoded), "whole"
    return bytes(decoded), "cut"


def _unzstd(body: bytes, max_bytes: int) -> _Decoded:
    reader, decoded = ZstdReader(io.BytesIO(body), fsspec_args=False), bytearray()
    try:
        while piece := reader.read(_STEP):
            decoded += piece
            if len(decoded) > max_bytes:
                raise _TooLarge
    except OSError:  # the reader does not tell a frame that is cut off from one that is damaged
        return bytes(decoded), "cut" if decoded else "bad"
    return bytes(decoded), "whole"


#: Names that are not here (identity, none, utf-8 …) change nothing, as in browsers.
_CODINGS: dict[bytes, Callable[[bytes, int], _Decoded]] = {
    b"chunked": _unchunk,
    b"gzip": _gunzip,
    b"x-gzip": _gunzip,
    b"deflate": _undeflate,
    b"br": _unbrotli,
    b"zstd": _unzstd,
}
