"""Web archives: WARC, ARC and WACZ files cut into spans, and the HTTP responses in a span; the texts of WET files.

What a span yields depends on the bytes of its file alone, and the spans of a file together yield the same records
whatever their size.
"""

import contextlib
import itertools
import re
import string
import struct
import urllib.parse
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from pipelines.errors import InputError
from pipelines.extract import rights
from pipelines.sources import archive
from pipelines.sources.archive import Damaged
from pipelines.sources.formats import is_zip
from pipelines.sources.payload import decode
from pipelines.sources.raw import Raw, Source, Span

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

_ZIP = b"PK\x03\x04"
_SUFFIXES = (".warc", ".warc.gz", ".arc", ".arc.gz")


def split(source: Source, file: BinaryIO, part_bytes: int) -> list[Span]:
    """Spans of about `part_bytes` that cover every archive in a file. An empty file has one empty span.

    Raises `InputError` for a WACZ that cannot be read in place.
    """
    return [span for region in _regions(source, file) for span in _cut(region, archive.handle(file), part_bytes)]


def _cut(region: Span, file: archive.Handle, part_bytes: int) -> Iterator[Span]:
    cuts = (_gzip_cuts if region.kind == "gzip" else _plain_cuts)(region, file, part_bytes)
    start = region.start
    for stop in itertools.chain(cuts, [region.stop]):
        yield Span(region.source, region.kind, start, stop)
        start = stop


def _gzip_cuts(region: Span, file: archive.Handle, part_bytes: int) -> Iterator[int]:
    wanted = region.start + part_bytes
    while wanted < region.stop and (cut := archive.next_cut(file, wanted, region.stop)) < region.stop:
        yield cut
        wanted = cut + part_bytes - (cut - region.start) % part_bytes  # the next multiple


def _plain_cuts(region: Span, file: archive.Handle, part_bytes: int) -> Iterator[int]:
    wanted = region.start + part_bytes
    for record in archive.plain_records(file, region.start, region.stop, region.stop, keep=0):
        if isinstance(record, archive.Record) and record.offset >= wanted:
            yield record.offset
            wanted = record.offset + part_bytes - (record.offset - region.start) % part_bytes


def _regions(source: Source, file: BinaryIO) -> list[Span]:
    """The archives in a file: itself, or those in a WACZ. Its name outweighs its first bytes, which may be damaged."""
    name = source.name.lower()
    if name.endswith(".wacz") or (is_zip(file) and not name.endswith(_SUFFIXES)):
        return _wacz_regions(source, file)
    return [_region(source, file, source.name, 0, source.size)]


def _region(source: Source, file: BinaryIO, name: str, start: int, stop: int) -> Span:
    kind = archive.kind(archive.handle(file), start, stop)
    if kind == "unknown":  # a damaged beginning
        kind = "gzip" if name.lower().endswith(".gz") else "plain"
    return Span(source, kind, start, stop)


def _wacz_regions(source: Source, file: BinaryIO) -> list[Span]:
    """The files below `archive/`. The WACZ specification has them stored, not deflated, so that they can be read."""
    regions = []
    try:
        with zipfile.ZipFile(file) as packed:
            entries = sorted(packed.infolist(), key=lambda entry: entry.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, struct.error):
        raise InputError(f"{source.shown}: not a readable zip file; unpack it and give the files in archive/") from None
    end = 0
    for entry in entries:
        if not (entry.filename.startswith("archive/") and entry.filename.lower().endswith(_SUFFIXES)):
            continue
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise InputError(f"{source.shown}: {entry.filename} is compressed in the zip; unpack it and give the files")
        start = _data_start(file, entry.header_offset) if end <= entry.header_offset < source.size else None
        if start is None or (end := start + entry.compress_size) > source.size:
            misplaced = f"{entry.filename} is not where the zip says"
            raise InputError(f"{source.shown}: {misplaced}; unpack it and give the files")
        regions.append(_region(source, file, entry.filename, start, end))
    return regions or [Span(source, "plain", 0, 0)]


def _data_start(file: BinaryIO, local_header: int) -> int | None:
    """Where a zip entry's bytes begin. Only the local header says so: the directory's may be of another length."""
    header = archive.Plain(archive.handle(file), local_header + 30).at(local_header, 30)
    if len(header) < 30 or not header.startswith(_ZIP):
        return None
    return local_header + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


def read(span: Span, file: BinaryIO, max_bytes: int) -> Iterator[Raw | Damaged]:
    """The responses, and the extracted texts of WET files, that start in a span, and the damage in it, in the order of
    the file.

    Records of other types are passed over. No more than a few times `max_bytes` is held.
    """
    limit = next(r.stop for r in _regions(span.source, file) if r.start <= span.start and span.stop <= r.stop)
    records = archive.gzip_records if span.kind == "gzip" else archive.plain_records
    for item in records(archive.handle(file), span.start, span.stop, limit, max_bytes):
        if isinstance(item, Damaged):
            yield item
        elif raw := _raw(item, span.source, max_bytes):
            yield raw


def is_archive(file: BinaryIO, size: int) -> bool:
    """Whether a file begins as a WARC or ARC file does, or is a zip with some in it."""
    if not is_zip(file):
        return archive.is_archive(archive.handle(file), size)
    try:
        with zipfile.ZipFile(file) as packed:
            return any(
                entry.startswith("archive/") and entry.lower().endswith(_SUFFIXES) for entry in packed.namelist()
            )
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, struct.error):
        return False


def _raw(record: archive.Record, source: Source, max_bytes: int) -> Raw | None:
    """A record as a response, or as the text that a crawler has made of one (WET); None if it is neither."""
    place = f"{source.sha256}:{record.offset}:{record.inner}"
    if archive.is_warc(record.head):
        fields = _fields(record.head)
        declared = fields.get(b"content-type", b"").lower()
        is_http = declared.startswith(b"application/http")
        kind = fields.get(b"warc-type", b"response" if b"msgtype=response" in declared else b"").lower()
        if kind not in (b"response", b"conversion"):
            return None
        record_id = _text(fields.get(b"warc-record-id", b"").strip(b" \t<>"))
        url, date = fields.get(b"warc-target-uri", b"").strip(b" \t<>"), _date(fields.get(b"warc-date", b""))
    else:
        line = archive.ARC_LINE.match(record.head)
        if line is None or record.head.startswith(b"filedesc:"):  # the file's own description
            return None
        kind, record_id, url, date = b"response", "", line[1], _date(line[3])
        declared, is_http = line[4] or b"", False
    status, content_type, payload, problem = None, b"" if is_http else declared, record.block, None
    pairs: list[tuple[bytes, bytes]] = []
    if kind == b"response" and (response := _response(record.block)):
        status, pairs, payload = response
        fields = dict(pairs)
        content_type = fields.get(b"content-type", b"")
    if record.length > max_bytes:
        payload, problem = b"", "too_large"
    elif status is not None or pairs:
        payload, problem = decode(payload, fields, max_bytes)
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
        format="text" if kind == b"conversion" else "html",
        headers=tuple(
            (name.decode(), _text(value)[:TEXT_LIMIT])
            for name, value in pairs
            if name.decode("latin-1") in rights.HEADERS
        ),
    )


def _fields(head: bytes) -> dict[bytes, bytes]:
    """The fields of a WARC or HTTP header by lower-case name. Of several the last counts, as in browsers."""
    return dict(_pairs(head))


def _pairs(head: bytes) -> list[tuple[bytes, bytes]]:
    """The same as they come. Not fastwarc's `HeaderMap`, which wants CRLF and gives up beyond 32 KiB."""
    fields = []
    for line in _FOLD.sub(b" ", head[:_HEAD_LIMIT]).split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            fields.append((name.strip().lower(), value.strip()))
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


def _response(block: bytes) -> tuple[int | None, list[tuple[bytes, bytes]], bytes] | None:
    """Status, header fields in order and body of an HTTP response; None where a block is none."""
    for _ in range(4):  # past interim responses (100 Continue)
        if not block.startswith(b"HTTP/"):
            return None
        blank = archive.BLANK_LINE.search(block)
        head, body = (block[: blank.end()], block[blank.end() :]) if blank else (block, b"")
        status = _STATUS.match(head)
        if not (status and status[1].startswith(b"1") and body.startswith(b"HTTP/")):
            break
        block = body
    return int(status[1]) if status else None, _pairs(head), body
