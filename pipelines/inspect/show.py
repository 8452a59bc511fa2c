"""Show documents: what became of one of them at every stage, or a sample of those that went for a reason."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.record import UPSTREAM
from pipelines.store import Store

#: The stages that judge, in order; the reason of a document is that of the first that has one.
JUDGES = ("extract", "filter", "dedup/decide")

#: Characters of a text that are shown.
EXCERPT = 300


def excerpt(store: Store, part: int, row: int) -> dict[str, Any]:
    """The url, doc_id and beginning of a document."""
    columns = ["doc_id", "url", "text"]
    (found,) = _rows(store, f"extract/part-{part:05d}.parquet", columns, [row])
    return {"doc_id": found["doc_id"].hex(), "url": found["url"], "text": (found["text"] or "")[:EXCERPT]}


def by_reason(out: Path | str, reason: str, sample: int, seed: int) -> dict[str, Any]:
    """A seeded sample of the documents that went for a reason, with what was measured."""
    store, places = Store(out), []
    for stage in JUDGES:
        for part in store.indices(stage):
            found = pc.fill_null(pc.equal(_column(store, stage, part, "reason"), reason), False)
            places += [(stage, part, row) for row in pc.indices_nonzero(found).to_pylist()]
    if not places:
        raise UsageError(f"{out}: no document went for {reason!r}; there are: {', '.join(sorted(_reasons(store)))}")
    chosen = random.Random(seed).sample(  # noqa: S311  a sample to read
        places, min(sample, len(places))
    )
    documents = []
    for stage, part, row in chosen:
        (verdict,) = _rows(store, f"{stage}/part-{part:05d}.parquet", None, [row])
        known = {
            name: verdict.get(name) for name in ("value", "limit", "lang", "detail") if verdict.get(name) is not None
        }
        documents.append(excerpt(store, part, row) | known)
    return {"reason": reason, "documents": len(places), "sample": documents}


def fate(out: Path | str, url: str | None, doc_id: str | None) -> list[dict[str, Any]]:
    """Everything on record about the documents with a URL, or the one with a doc_id (hexadecimal), stage by stage.

    Raises `UsageError` where there is none, or the doc_id is not hexadecimal.
    """
    store, found = Store(out), []
    try:
        wanted: Any = bytes.fromhex(doc_id) if doc_id else url
    except ValueError:
        raise UsageError(f"--doc-id {doc_id}: not hexadecimal") from None
    column = "doc_id" if doc_id else "url"
    judged = {stage: set(store.indices(stage)) for stage in JUDGES}
    for part in sorted(judged["extract"]):
        same = pc.fill_null(pc.equal(_column(store, "extract", part, column), wanted), False)
        for row in pc.indices_nonzero(same).to_pylist():
            says = {}
            for stage in JUDGES:
                if part in judged[stage]:
                    (record,) = _rows(store, f"{stage}/part-{part:05d}.parquet", None, [row])
                    says[stage] = {name: _plain(name, value) for name, value in record.items() if value is not None}
            reasons = [says[stage].get("reason") for stage in JUDGES if stage in says]
            first = next((reason for reason in reasons if reason not in (None, UPSTREAM)), None)
            found.append({"part": part, "row": row, "reason": first, "stages": says})
    if not found:
        raise UsageError(f"{out}: no document with {column} {doc_id or url}")
    return found


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if name == "text" and len(value) > EXCERPT:
        return f"{value[:EXCERPT]}… ({len(value):,} characters)"
    return value if isinstance(value, int | float | str | list) else str(value)


def _reasons(store: Store) -> set[str]:
    found = {
        reason
        for stage in JUDGES
        for part in store.indices(stage)
        for reason in _column(store, stage, part, "reason").unique().to_pylist()
    }
    return {reason for reason in found if reason not in (None, UPSTREAM)}


def columns_of(store: Store, path: str, *columns: str) -> pa.Table:
    """Those of the columns that a part has."""
    with store.fetched(path) as file:
        have = pq.read_schema(file).names
        return pq.read_table(file, columns=[name for name in columns if name in have])


def _column(store: Store, stage: str, part: int, column: str) -> pa.ChunkedArray:
    return columns_of(store, f"{stage}/part-{part:05d}.parquet", column).column(column)


def _rows(store: Store, path: str, columns: list[str] | None, rows: list[int]) -> list[dict[str, Any]]:
    """Some rows of a part, reading only the row groups they are in."""
    found = []
    with store.fetched(path) as place, pq.ParquetFile(place, memory_map=True) as file:
        start = 0
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            inside = [row - start for row in rows if start <= row < start + size]
            if inside:
                found += file.read_row_group(group, columns=columns).take(pa.array(inside)).to_pylist()
            start += size
    return found
