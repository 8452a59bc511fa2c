"""Cut input files into spans, and read the records in a span, whatever the file is.

What a span yields depends on the bytes of its file alone, and the spans of a file together yield the same records
whatever their size. What cannot be read is yielded as `Damaged`, with its place in the file.
"""

import io
import itertools
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipelines import remote
from pipelines.errors import InputError
from pipelines.sources import containers, dumps, formats, responses, tables
from pipelines.sources.archive import Damaged as Damaged
from pipelines.sources.archive import handle, size_of
from pipelines.sources.containers import Member
from pipelines.sources.raw import NOTHING_DECLARED, Declared, Raw, Source, Span

__all__ = ["Damaged", "Declared", "InputError", "Raw", "Source", "Span", "format_of", "format_of_path", "read", "split"]

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
    if named == "archive" and _is_paper(file, name):
        return "latex"
    if named in formats.FORMATS:
        return named
    size = size_of(handle(file))
    if responses.is_archive(file, size):
        return "warc"
    if dumps.is_dump(handle(file), size):
        return "dump"
    if formats.is_zip(file):
        return "archive"
    file.seek(0)
    head, _ = containers.read_whole(io.BytesIO(file.read(formats.HEAD)), name, 1 << 24)
    if not named and name.lower().endswith(".gz") and head[257:262] == b"ustar":
        return "latex" if _is_paper(file, f"{name}.tar.gz") else "archive"
    found = formats.sniff(name, head)
    if found == "plain" or named != "text":
        return found
    file.seek(0)  # the line that tells a work of Aozora Bunko is its last
    return formats.sniff(name, file.read(1 << 24))


def _is_paper(file: BinaryIO, name: str) -> bool:
    """Whether a tar is the source of one paper in LaTeX, not a collection of documents."""
    file.seek(0)
    if formats.is_zip(file):
        return False
    file.seek(0)
    seen = set()
    try:
        with tarfile.open(fileobj=containers.inflated(file, name), mode="r|") as archive:
            for member in itertools.islice(archive, _LOOKED_AT):
                seen.add(formats.by_name(member.name))
                archive.members.clear()  # type: ignore[attr-defined]
    except (OSError, EOFError, tarfile.TarError, ValueError):
        return False
    return "latex" in seen and not seen & {"xml", "warc", "lines", "parquet", "archive", "markdown", "html"}


def split(source: Source, part_bytes: int, declared: Declared = NOTHING_DECLARED) -> list[Span]:
    """Spans of about `part_bytes` that cover a file. An empty file has one empty span.

    Raises `InputError` for an archive that cannot be read in place, and for a file that is not the one that was found.
    """
    if part_bytes < 1:
        raise ValueError(f"part_bytes is {part_bytes}; must be at least 1")
    name, size = source.name, source.size
    with _open(source) as file:
        try:
            match declared.format or format_of(file, remote.base_name(source.path)):
                case "warc":
                    return responses.split(source, file, part_bytes)
                case "dump":
                    kind = dumps.kind(handle(file), size)
                    cuts = dumps.cuts(handle(file), kind, 0, size, part_bytes) if kind else iter(())
                    span_kind = {"xml": "xml", "bz2": "bz2", "gzip": "xml.gz", None: "xml"}[kind]
                    return _between(source, span_kind, cuts, size, declared)
                case "lines":
                    compressed = name.lower().endswith((".gz", ".bz2", ".zst"))
                    cuts = iter(()) if compressed else tables.line_cuts(file, size, part_bytes)
                    return _between(source, "lines", cuts, size, declared)
                case "parquet":
                    *groups, end = tables.parquet_cuts(file, part_bytes)
                    return _between(source, "parquet", iter(groups), end, declared)
                case "archive" if formats.is_zip(file):
                    *members, end = containers.zip_cuts(file, part_bytes)
                    return _between(source, "zip", iter(members), end, declared)
                case "archive" if name.lower().endswith(".tar"):
                    return _between(source, "tar", containers.tar_cuts(file, size, part_bytes), size, declared)
                case "archive":
                    return [Span(source, "tar stream", 0, size, declared)]
        except ValueError as error:
            raise InputError(f"{source.shown}: {error}; mend it or take it off the inputs") from None
    return [Span(source, "file", 0, size, declared)]


def _between(source: Source, kind: str, cuts: Iterator[int], end: int, declared: Declared) -> list[Span]:
    edges = [0, *cuts, end]
    return [Span(source, kind, start, stop, declared) for start, stop in itertools.pairwise(edges)]  # type: ignore[arg-type]


def read(span: Span, max_bytes: int, max_file_bytes: int | None = None) -> Iterator[Raw | Damaged]:
    """The records that start in a span, and the damage in it, in the order of the file.

    `max_bytes` is the limit of a page of the web, `max_file_bytes` that of any other document (the same, if it is not
    given); no more than a few times of it is held.
    """
    max_file_bytes = max_file_bytes or max_bytes
    with _open(span.source) as file:
        match span.kind:
            case "gzip" | "plain":
                yield from responses.read(span, file, max_bytes)
            case "xml" | "bz2" | "xml.gz":
                yield from _pages(span, file, max_file_bytes)
            case "lines":
                rows = tables.lines(file, span.source.name, span.start, span.stop, span.source.size, max_file_bytes)
                yield from _rows(span, rows)
            case "parquet":
                yield from _rows(span, tables.parquet(file, span.declared, span.start, span.stop, max_file_bytes))
            case "zip":
                yield from _members(
                    span, containers.zip_members(file, span.start, span.stop, span.source.size, max_file_bytes)
                )
            case "tar" | "tar stream":
                yield from _members(span, containers.tar_members(
                    file, span.source.name, span.start, span.stop, span.source.size, max_file_bytes
                ))  # fmt: skip
            case "file":
                yield _file(span, file, max_file_bytes)


def _pages(span: Span, file: BinaryIO, max_bytes: int) -> Iterator[Raw | Damaged]:
    site = dumps.site(handle(file), span.source.size)
    kind = dumps.kind(handle(file), span.source.size)
    if kind is None:
        return
    for page in dumps.read(handle(file), kind, span.start, span.stop, max_bytes):
        if isinstance(page, Damaged):
            yield page
            continue
        place = f"{span.source.name}:{page.offset}:{page.inner}"
        yield _raw(span, place, page.payload, page.offset, page.inner, page.problem, format="wikitext", name=site)


def _rows(span: Span, rows: Iterator[tables.Row | Damaged]) -> Iterator[Raw | Damaged]:
    column = span.declared
    for row in rows:
        if isinstance(row, Damaged):
            yield row
            continue
        fields = row.fields
        text = fields.get(column.text)
        problem = row.problem or (None if isinstance(text, str) else "no_text")
        own = tables.text_of(fields.get(column.id)) or f"{span.source.name}:{row.offset}"
        yield Raw(
            record_id=own[:_NAME_LIMIT],
            payload=text.encode(errors="replace") if isinstance(text, str) else b"",
            offset=row.offset,
            inner=0,
            problem=problem,
            format="text",
            url=_clean(tables.text_of(fields.get(column.url))),
            title=_clean(tables.text_of(fields.get(column.title))),
            date=tables.date_of(fields.get(column.date)),
            lang=tables.text_of(fields.get(column.lang_column)) or column.lang,
            licence=_clean(tables.text_of(fields.get(column.licence_column))) or column.licence,
        )


def _members(span: Span, members: Iterator[Member | Damaged]) -> Iterator[Raw | Damaged]:
    for member in members:
        if isinstance(member, Damaged):
            yield member
            continue
        name = _clean(member.name)
        place = f"{span.source.name}!{name}"
        payload, problem, format = member.payload, member.problem, span.declared.format
        if not problem and format in ("", "archive"):
            format = formats.by_name(name)
            if format == "archive" or name.lower().endswith((".gz", ".bz2", ".zst")):
                # arXiv packs each paper, or its only file, as .gz; whatever else is packed twice is not opened.
                inner, _ = containers.read_whole(io.BytesIO(payload), name, formats.HEAD)
                paper = format == "latex" or name.lower().endswith((".tar.gz", ".tgz", ".tar"))
                paper = paper or inner[257:262] == b"ustar" or formats.sniff(name, inner) == "latex"
                format = "latex" if paper else formats.sniff(name, inner)
                if not paper and format in formats.DOCUMENTS:
                    payload, problem = containers.read_whole(io.BytesIO(payload), name, span.source.size * 20)
            elif format not in formats.DOCUMENTS:
                format = formats.sniff(name, payload)
        yield _raw(span, place, payload, member.offset, 0, problem, format=format, name=name)


def _file(span: Span, file: BinaryIO, max_bytes: int) -> Raw:
    name = span.source.name
    paper = span.declared.format == "latex" or formats.by_name(name) in ("archive", "latex")
    payload, problem = containers.read_whole(file, "" if paper else name, max_bytes)
    found = span.declared.format or ("latex" if paper else formats.sniff(name, payload))
    if not found and payload[:2] == b"\x1f\x8b":
        found = "latex"
    return _raw(span, name, payload, 0, 0, problem, format=found, name=name)


def _raw(
    span: Span, place: str, payload: bytes, offset: int, inner: int, problem: str | None, format: str, name: str
) -> Raw:
    if not problem and format not in formats.DOCUMENTS:
        problem = "unknown_format"
    declared = span.declared
    return Raw(
        record_id=place, payload=b"" if problem == "unknown_format" else payload, offset=offset, inner=inner,
        problem=problem, format=format, name=name, lang=declared.lang, licence=declared.licence,
    )  # fmt: skip


def _clean(text: str) -> str:
    """Words of a source on one line that any file can hold."""
    return " ".join(_CONTROL.sub(" ", text).split())[:_NAME_LIMIT]


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
