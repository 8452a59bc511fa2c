"""Rows of JSON Lines and Parquet as documents: one text a row, and what its other columns say of it."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.archive import Damaged, handle, size_of
from pipelines.sources.containers import inflated
from pipelines.sources.raw import Declared

#: A line of JSON may be this much longer than its text: escapes make six bytes of one.
_ESCAPED = 8

_STEP = 1 << 20
_ROWS = 256


@dataclass(frozen=True)
class Row:
    """`number` counts from 0 in what was read; `offset` is the byte of a line, or the row of the file in Parquet."""

    offset: int
    fields: dict[str, Any]
    problem: str | None = None


def line_cuts(file: BinaryIO, size: int, part_bytes: int) -> Iterator[int]:
    """Where lines begin in a file that is not compressed, about every `part_bytes`."""
    wanted = part_bytes
    while wanted < size:
        file.seek(wanted - 1)
        rest = file.readline()
        cut = wanted - 1 + len(rest)
        if cut >= size:
            return
        yield cut
        wanted = max(cut, wanted) + part_bytes


def lines(file: BinaryIO, name: str, start: int, stop: int, size: int, max_bytes: int) -> Iterator[Row | Damaged]:
    """The lines that begin in [start, stop) of a file; of a compressed one, all."""
    stream = inflated(file, name)
    if stream is file:
        file.seek(start)
    place = start
    try:
        while stream is not file or place < stop:
            at, line = place, stream.readline(_ESCAPED * max_bytes)
            place += len(line)
            if not line:
                return
            if len(line) >= _ESCAPED * max_bytes and not line.endswith(b"\n"):
                while rest := stream.readline(_STEP):
                    place += len(rest)
                    if rest.endswith(b"\n"):
                        break
                yield Row(at, {}, "too_large")
            elif line.strip():
                yield _row(at, line)
    except (OSError, EOFError, ValueError) as error:
        yield Damaged(place if stream is file else 0, size, f"the file cannot be read on ({error})", place)


def _row(at: int, line: bytes) -> Row:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return Row(at, {}, "bad_json")
    return Row(at, fields) if isinstance(fields, dict) else Row(at, {}, "bad_json")


def parquet_cuts(file: BinaryIO, part_bytes: int) -> Iterator[int]:
    """Numbers of row groups at which a Parquet file can be cut, about every `part_bytes`; then the number of all.

    Raises `ValueError` for what is no readable Parquet.
    """
    try:
        metadata = pq.ParquetFile(file).metadata
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"no readable Parquet ({error})") from None
    size = 0
    for group in range(metadata.num_row_groups):
        if size >= part_bytes:
            yield group
            size = 0
        size += metadata.row_group(group).total_byte_size
    yield metadata.num_row_groups


def parquet(file: BinaryIO, declared: Declared, start: int, stop: int, max_bytes: int) -> Iterator[Row | Damaged]:
    """The rows of the row groups [start, stop)."""
    size = size_of(handle(file))
    table = pq.ParquetFile(file)
    wanted = {
        getattr(declared, role) for role in ("text", "id", "title", "url", "date", "lang_column", "licence_column")
    }
    columns = [name for name in table.schema_arrow.names if name in wanted]
    place = sum(table.metadata.row_group(group).num_rows for group in range(start))
    for group in range(start, stop):
        rows = table.metadata.row_group(group).num_rows
        first = place
        try:
            for batch in table.iter_batches(_ROWS, row_groups=[group], columns=columns, use_threads=False):
                for fields in batch.to_pylist():
                    large = len(str(fields.get(declared.text) or "")) > max_bytes
                    yield Row(place, {} if large else fields, "too_large" if large else None)
                    place += 1
        except (pa.ArrowException, OSError, ValueError) as error:
            yield Damaged(place, size, f"row group {group} cannot be read ({str(error)[:200]})")
        place = first + rows


def text_of(value: Any) -> str:
    """A column's value as text: what is no string, number or list of strings is none."""
    if isinstance(value, list):
        return " OR ".join(itertools.filterfalse(lambda part: not part, map(text_of, value)))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode(errors="replace").decode()


def date_of(value: Any) -> datetime | None:
    """A column's value as a time in UTC: of Arrow's date types, ISO 8601, or a year; None for anything else."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = text_of(value).strip()
    if text.isascii() and text.isdigit() and len(text) == 4 and text != "0000":
        return datetime(int(text), 1, 1, tzinfo=UTC)
    if len(text) == 7:
        text += "-01"
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
