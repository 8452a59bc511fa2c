"""Parquet parts: written a row group at a time, read back a row group at a time, side by side with their sisters."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: Where a row group ends. Both are counts, so the cut never depends on memory or time; 64 MiB keep a batch of giant
#: pages from adding up.
GROUP_ROWS = 1024
GROUP_BYTES = 64 << 20


def write_rows(file: Any, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as they come, in row groups of at most GROUP_ROWS rows and about GROUP_BYTES of text."""
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        group: list[dict[str, Any]] = []
        size = 0
        for row in rows:
            group.append(row)
            size += len(row.get("text") or "")
            if len(group) >= GROUP_ROWS or size >= GROUP_BYTES // 4:  # a code point takes up to 4 bytes
                writer.write_batch(pa.RecordBatch.from_pylist(group, schema), row_group_size=len(group))
                group, size = [], 0
        if group:
            writer.write_batch(pa.RecordBatch.from_pylist(group, schema), row_group_size=len(group))


def write_batches(file: Any, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write each batch as a row group: a part of judgements keeps the row groups of the documents it judges."""
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch, row_group_size=max(batch.num_rows, 1))


def read_side_by_side(*parts: tuple[Path, Sequence[str]]) -> Iterator[tuple[pa.RecordBatch, ...]]:
    """Row groups of co-partitioned parts, the named columns of each; raises ValueError where they differ in rows."""
    files = [pq.ParquetFile(path, memory_map=True) for path, _ in parts]
    try:
        groups = {file.num_row_groups for file in files}
        if len(groups) != 1:
            raise ValueError(f"{' and '.join(str(path) for path, _ in parts)} do not have the same row groups")
        for group in range(groups.pop()):
            batches = tuple(
                _one_batch(file.read_row_group(group, columns=list(columns), use_threads=False))
                for file, (_, columns) in zip(files, parts, strict=True)
            )
            if len({batch.num_rows for batch in batches}) != 1:
                raise ValueError(f"{' and '.join(str(path) for path, _ in parts)} differ in rows in group {group}")
            yield batches
    finally:
        for file in files:
            file.close()


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)
