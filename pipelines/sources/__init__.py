"""Cut input files into spans, and read the records in a span, whatever the file is.

What a span yields depends on the bytes of its file alone, and the spans of a file together yield the same records
whatever their size. What cannot be read is yielded as `Damaged`, with its place in the file.
"""

import contextlib
import io
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipelines import remote
from pipelines.errors import InputError
from pipelines.sources import containers, dumps, formats, projects, responses, tables
from pipelines.sources.archive import Damaged as Damaged
from pipelines.sources.archive import handle, size_of
from pipelines.sources.containers import Member
from pipelines.sources.raw import NOTHING_DECLARED, Declared, Kind, Raw, Source, Span

__all__ = ["Damaged", "Declared", "InputError", "Raw", "Source", "Span", "format_of", "format_of_path", "read", "split"]

#: Of a text that is not named otherwise, to tell its format from all of it.
_LONGEST_TEXT = 16 << 20

#: Members of an archive that are looked at to tell the source of one paper from a collection. Of arXiv's papers the
#: main file is among the first; figures come in dozens.
_LOOKED_AT = 256

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAME_LIMIT = 1024


def format_of_path(path: Path) -> str:
    """The same of a file on this machine."""
    with path.open("rb") as file:
        return format_of(file, path.name)


def format_of(file: BinaryIO, name: str) -> str:
    """The format of a file, one of `formats.FORMATS`, by its name and first bytes; "" for what is none of them."""
    named = formats.by_name(name)
    if named in formats.FORMATS and named != "archive":
        return named
    size = size_of(handle(file))
    if named != "archive":
        if responses.is_archive(file, size):
            return "warc"
        if dumps.is_dump(handle(file), size):
            return "dump"
    head = containers.head(file, formats.HEAD)
    if formats.is_zip(head) or formats.is_tar(head):
        return "latex" if _is_paper(file, size) else "archive"
    if named == "xml" and not head and size:
        return "dump"  # of which nothing can be inflated: as a dump it is a row that says so
    if named == "archive":  # damaged, or a paper of one file, which arXiv calls .tar.gz too
        return "latex" if formats.sniff("", head) == "latex" else "archive"
    # The line that tells a work of Aozora Bunko is its last.
    return formats.sniff(formats.bare(name), containers.head(file, _LONGEST_TEXT) if named == "text" else head)


def _is_paper(file: BinaryIO, size: int) -> bool:
    """Whether an archive is the source of one paper in LaTeX, not a collection of documents."""
    try:
        names = itertools.islice(containers.names(file, size), _LOOKED_AT)
        seen = {formats.by_name(name) for name in names}
    except containers.ERRORS:
        return False
    return "latex" in seen and not seen & {"xml", "warc", "lines", "parquet", "archive", "markdown", "html"}


def split(
    source: Source, part_bytes: int, declared: Declared = NOTHING_DECLARED, others: tuple[Source, ...] = ()
) -> list[Span]:
    """Spans of about `part_bytes` that cover a file. An empty file has one empty span. `others` are the further
    files of a LaTeX project.

    Raises `InputError` for a WACZ that cannot be read in place, and for a file that is not the one that was found.
    """
    if part_bytes < 1:
        raise ValueError(f"part_bytes is {part_bytes}; must be at least 1")
    size = source.size
    with _open(source) as file:
        match _format(file, source, declared):
            case "warc":
                return responses.split(source, file, part_bytes)
            case "dump":
                kind = dumps.kind(handle(file), size)
                places = dumps.cuts(handle(file), kind, 0, size, part_bytes) if kind else iter(())
                return _between(source, "xml.gz" if kind == "gzip" else kind or "xml", [*places, size], declared)
            case "lines":
                return _between(source, "lines", [*tables.line_cuts(file, size, part_bytes), size], declared)
            case "parquet":
                return _between(source, "parquet", [*tables.parquet_cuts(file, part_bytes)], declared)
            case "archive" if formats.is_zip(file):
                return _between(source, "zip", [*containers.zip_cuts(file, part_bytes)], declared)
            case "archive" if containers.coding(file):
                return [Span(source, "tar stream", 0, size, declared)]
            case "archive":
                return _between(source, "tar", [*containers.tar_cuts(file, part_bytes), size], declared)
    return [Span(source, "file", 0, size, declared, others)]


def _format(file: BinaryIO, source: Source, declared: Declared) -> str:
    """What a recipe says a file is, or else what it looks like. Of an archive it may say what its members are."""
    if declared.format in formats.COLLECTIONS or declared.format == "latex":
        return declared.format
    found = format_of(file, remote.base_name(source.path))
    return found if found == "archive" else declared.format or found


def _between(source: Source, kind: Kind, ends: list[int], declared: Declared) -> list[Span]:
    return [Span(source, kind, start, stop, declared) for start, stop in itertools.pairwise([0, *ends])]


def read(span: Span, max_bytes: int, max_file_bytes: int | None = None) -> Iterator[Raw | Damaged]:
    """The records that start in a span, and the damage in it, in the order of the file.

    `max_bytes` is the limit of a page of the web, `max_file_bytes` that of any other document (the same, if it is not
    given); no more than a few times of it is held.
    """
    max_file_bytes = max_file_bytes or max_bytes
    size = span.source.size
    with _open(span.source) as file:
        match span.kind:
            case "gzip" | "plain":
                yield from responses.read(span, file, max_bytes)
            case "xml" | "bz2" | "xml.gz":
                yield from _pages(span, file, max_file_bytes)
            case "lines":
                yield from _rows(span, tables.lines(file, span.start, span.stop, size, max_file_bytes), max_file_bytes)
            case "parquet":
                rows = tables.parquet(file, span.declared, span.start, span.stop, size)
                yield from _rows(span, rows, max_file_bytes)
            case "zip":
                members = containers.zip_members(file, span.start, span.stop, size, max_file_bytes)
                yield from _members(span, members, max_file_bytes)
            case "tar" | "tar stream":
                members = containers.tar_members(file, span.start, span.stop, size, max_file_bytes)
                yield from _members(span, members, max_file_bytes)
            case "file":
                yield _file(span, file, max_file_bytes)


def _pages(span: Span, file: BinaryIO, max_bytes: int) -> Iterator[Raw | Damaged]:
    site = dumps.site(handle(file), span.source.size)
    kind = dumps.kind(handle(file), span.source.size)
    if kind is None and span.stop:
        yield Damaged(0, span.stop, "no dump of MediaWiki begins here")
    for page in dumps.read(handle(file), kind, span.start, span.stop, max_bytes) if kind else ():
        if isinstance(page, Damaged):
            yield page
            continue
        place = f"{span.source.name}:{page.offset}:{page.inner}"
        yield _raw(span, place, page.payload, page.offset, page.inner, page.problem, "wikitext", site)


def _rows(span: Span, rows: Iterator[tables.Row | Damaged], max_bytes: int) -> Iterator[Raw | Damaged]:
    column = span.declared
    for row in rows:
        if isinstance(row, Damaged):
            yield row
            continue
        fields = row.fields
        text, problem = fields.get(column.text), row.problem
        payload = text.encode(errors="replace") if isinstance(text, str) else b""
        if not problem:
            problem = "no_text" if not isinstance(text, str) else "too_large" if len(payload) > max_bytes else None
        own = _clean(tables.text_of(fields.get(column.id)), limit=_NAME_LIMIT + 1)
        # An id may be one in its file alone; one that had to be cut may be that of several rows.
        named = 0 < len(own) <= _NAME_LIMIT
        yield Raw(
            record_id=f"{span.source.name}#{own}" if named else f"{span.source.name}:{row.offset + row.inner}",
            payload=payload if not problem else b"",
            offset=row.offset,
            inner=row.inner,
            problem=problem,
            format="text",
            url=_clean(tables.text_of(fields.get(column.url))),
            title=_clean(tables.text_of(fields.get(column.title))),
            date=tables.date_of(fields.get(column.date)),
            lang=_clean(tables.text_of(fields.get(column.lang_column))) or column.lang,
            licence=_clean(tables.text_of(fields.get(column.licence_column))) or column.licence,
        )


def _members(span: Span, members: Iterator[Member | Damaged], max_bytes: int) -> Iterator[Raw | Damaged]:
    for member in members:
        if isinstance(member, Damaged):
            yield member
            continue
        name = _clean(member.name)
        # With its offset, for an archive may hold a name twice.
        place = f"{span.source.name}!{name}:{member.offset + member.inner}"
        format, payload, problem = _document(span, member.name, member.payload, max_bytes)
        yield _raw(span, place, payload, member.offset, member.inner, member.problem or problem, format, name)


def _file(span: Span, file: BinaryIO, max_bytes: int) -> Raw:
    name, problem = span.source.name, None
    payload = file.read(max_bytes + 1)
    if len(payload) > max_bytes:
        payload, problem = payload[: formats.HEAD], "too_large"
    elif span.others:
        with contextlib.ExitStack() as opened:
            others = {other: opened.enter_context(_open(other)).read(max_bytes + 1) for other in span.others}
        payload, problem = projects.bundle(span.source, payload, others, max_bytes)
    elif formats.is_zip(payload):
        payload, problem = projects.repacked(file, span.source.size, max_bytes)
    format, payload, damage = _document(span, name, payload, max_bytes)
    return _raw(span, name, b"" if problem else payload, 0, 0, problem or damage, format, name)


def _document(span: Span, name: str, packed: bytes, max_bytes: int) -> tuple[str, bytes, str | None]:
    """The format of a file or member, "" where it is none that is known; its bytes, uncompressed; what is wrong."""
    declared = span.declared.format if span.declared.format in formats.DOCUMENTS else ""
    file = io.BytesIO(packed)
    bare = formats.bare(name) if formats.by_name(name) != "archive" else ""
    head = containers.head(file, formats.HEAD)
    found = declared or formats.sniff(bare, head)
    if not declared and formats.is_tar(head):
        found = "latex" if _is_paper(file, len(packed)) else ""
    if found == "latex" and containers.coding(file) == "gzip":
        return found, packed, None  # as arXiv hands out papers; the extractor unpacks it, within limits of its own
    payload, problem = containers.read_whole(file, max_bytes)
    if found == "plain" and not declared:
        found = formats.sniff(bare, payload)  # the line that tells a work of Aozora Bunko is its last
    return found, payload, problem


def _raw(
    span: Span, place: str, payload: bytes, offset: int, inner: int, problem: str | None, format: str, name: str
) -> Raw:
    if not problem and format not in formats.DOCUMENTS:
        payload, problem = b"", "unknown_format"
    declared = span.declared
    return Raw(
        record_id=place, payload=payload, offset=offset, inner=inner,
        problem=problem, format=format, name=name, lang=declared.lang, licence=declared.licence,
    )  # fmt: skip


def _clean(text: str, limit: int = _NAME_LIMIT) -> str:
    """Words of a source on one line that any file can hold."""
    return " ".join(_CONTROL.sub(" ", text).split())[:limit]


def _open(source: Source) -> BinaryIO:
    if source.seen:
        return remote.buffered(source.path, source.seen)
    try:
        file = Path(source.path).open("rb")  # noqa: SIM115  # callers close it
    except OSError as error:
        raise InputError(f"{source.path}: cannot be read ({error.strerror})") from None
    if (size := os.fstat(file.fileno()).st_size) != source.size:
        file.close()
        raise InputError(f"{source.path}: has {size} bytes, had {source.size} when it was found; start again")
    return file
