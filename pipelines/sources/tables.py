"""Rows of JSON Lines and Parquet as documents: one text a row, and what its other columns say of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sources.archive import Damaged
from pipelines.sources.containers import ERRORS, inflated
from pipelines.sources.raw import Declared

#: A line of JSON may be this much longer than its text: \uXXXX is twice a kana in UTF-8.
_ESCAPED = 2

#: Strings, lists and objects of a line. Each takes 3 bytes in the line and 60 in memory; a text has two quotes.
_MAX_VALUES = 4_000_000

#: Values of a list in a row, on average of a row group: in a few bytes there can be billions.
_MAX_LIST = 1_000

_STEP = 1 << 20


@dataclass(frozen=True)
class Row:
    """`offset` is the byte of a line in the file, or the row of the file in Parquet; of a compressed file 0, and
    `inner` the line's place in what that inflates to."""

    offset: int
    fields: dict[str, Any]
    problem: str | None = None
    inner: int = 0


def line_cuts(file: BinaryIO, size: int, part_bytes: int) -> Iterator[int]:
    """Where lines begin in a file, about every `part_bytes`; none where it is compressed."""
    if inflated(file) is not file:
        return
    wanted = part_bytes
    while wanted < size:
        file.seek(wanted - 1)
        cut = wanted - 1 + _rest_of_line(file)
        if cut >= size:
            return
        yield cut
        wanted = cut + part_bytes


def _rest_of_line(file: BinaryIO) -> int:
    """How many bytes the line goes on for. The file is behind it then."""
    length = 0
    while piece := file.readline(_STEP):
        length += len(piece)
        if piece.endswith(b"\n"):
            break
    return length


def lines(file: BinaryIO, start: int, stop: int, size: int, max_bytes: int) -> Iterator[Row | Damaged]:
    """The lines that begin in [start, stop) of a file; of a compressed one, all. Empty lines are none."""
    stream = inflated(file)
    plain = stream is file
    at = start if plain else 0
    limit = _ESCAPED * max_bytes + _STEP
    try:
        if plain:
            file.seek(start)
        while not plain or at < stop:
            if not (line := stream.readline(limit)):
                return
            place = (at, 0) if plain else (0, at)
            at += len(line)
            if len(line) == limit and not line.endswith(b"\n"):
                at += _rest_of_line(stream)
                yield Row(place[0], {}, "too_large", place[1])
            elif line.strip():
                fields = _fields(line)
                yield Row(place[0], fields or {}, "bad_json" if fields is None else None, place[1])
    except ERRORS as error:
        yield Damaged(at if plain else 0, size, f"the file cannot be read on ({error})", 0 if plain else at)


def _fields(line: bytes) -> dict[str, Any] | None:
    if line.count(b'"') // 2 + line.count(b"[") + line.count(b"{") > _MAX_VALUES:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def parquet_cuts(file: BinaryIO, part_bytes: int) -> Iterator[int]:
    """Numbers of row groups at which a Parquet file can be cut, about every `part_bytes`; then the number of all, 0
    where it cannot be read."""
    try:
        metadata = pq.ParquetFile(file).metadata
        sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
    except (pa.ArrowException, OSError, ValueError):  # the last for a column whose name is no UTF-8
        sizes = []
    read = 0
    for group, size in enumerate(sizes):
        if read >= part_bytes:
            yield group
            read = 0
        read += max(size, 0)
    yield len(sizes)


def parquet(file: BinaryIO, declared: Declared, start: int, stop: int, size: int) -> Iterator[Row | Damaged]:
    """The rows of the row groups [start, stop). A row group that cannot be read is damaged; the others are unharmed.

    Rows are decoded one by one, for thousands may share a text of megabytes; a row group is held packed.
    """
    wanted = {
        getattr(declared, role) for role in ("text", "id", "title", "url", "date", "lang_column", "licence_column")
    }
    try:
        table = pq.ParquetFile(file)
        columns = [name for name in table.schema_arrow.names if name in wanted]
        place = sum(table.metadata.row_group(group).num_rows for group in range(start))
    except (pa.ArrowException, OSError, ValueError) as error:
        yield Damaged(0, size, f"no readable Parquet ({str(error)[:200]})")
        return
    for group in range(start, stop):
        first = place
        about = table.metadata.row_group(group)
        place = first + about.num_rows
        at = first
        try:
            for column in map(about.column, range(about.num_columns)):
                listed = column.num_values > _MAX_LIST * about.num_rows
                if listed and column.path_in_schema.partition(".")[0] in columns:
                    raise ValueError(f"{column.num_values} values in {about.num_rows} rows")
            for row in table.iter_batches(1, row_groups=[group], columns=columns, use_threads=False):
                yield Row(at, {name: _value(row.column(name)) for name in columns})
                at += 1
        except (pa.ArrowException, OSError, ValueError) as error:
            yield Damaged(at, size, f"row group {group} cannot be read ({str(error)[:200]})")


def _value(column: pa.Array) -> Any:
    """The only value of a column. Times as text: Python's have no nanoseconds and end with the year 9999."""
    return (pc.cast(column, pa.string()) if pa.types.is_temporal(column.type) else column)[0].as_py()


def text_of(value: Any) -> str:
    """A column's value as text: what is no string, number or list of them is none."""
    if isinstance(value, list):
        return " OR ".join(filter(None, (text_of(part) for part in value[:100] if not isinstance(part, list))))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode(errors="replace").decode()


def date_of(value: Any) -> datetime | None:
    """A column's value as a time in UTC: ISO 8601, a month or a year; None for anything else."""
    text = text_of(value).strip()
    if text.isascii() and text.isdigit() and len(text) == 4:
        text += "-01-01"
    elif len(text) == 7:
        text += "-01"
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
