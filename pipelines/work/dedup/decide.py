"""Decide what became of each document of a part; beside it what was kept instead, and how alike the two are."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.parts import read_side_by_side, write_batches
from pipelines.record import DUPLICATE, UPSTREAM
from pipelines.stage import Result, Task
from pipelines.store import Output
from pipelines.work.dedup import signed
from pipelines.work.dedup.compare import REASONS, block_path
from pipelines.work.dedup.signed import Signed


@dataclass(frozen=True)
class Decide:
    """Every signed document, the uid of the part's first, and how many blocks were compared."""

    signed: Signed
    first_uid: int
    blocks: int


#: The reason of a document of which nothing is left when the repeated lines are cut.
EMPTIED = "repeated_lines"


def decide_part(task: Task, output: Output) -> Result:
    given: Decide = task.given
    floor = task.stage.settings["min_similarity"]
    mine = signed.read(output, signed.prefix(task.index), "documents")
    compared, evidence = _evidence(output, given, len(mine))
    known = dict(zip((compared - given.first_uid).tolist(), evidence, strict=True))
    gone = evidence[evidence["reason"] > 0]["representative"].astype(np.int64)
    kept_ids = signed.documents(output, given.signed, gone)["doc_id"]
    kept_id = {int(uid): bytes(doc_id) for uid, doc_id in zip(gone.tolist(), kept_ids, strict=True)}
    reasons: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    by_size: Counter[int] = Counter()
    chars = 0

    def decisions() -> Iterator[pa.RecordBatch]:
        nonlocal chars
        part = f"part-{task.index:05d}.parquet"
        row_signed = 0
        for documents, verdicts in read_side_by_side(
            (output.fetch(f"extract/{part}"), ["doc_id"]), (output.fetch(f"filter/{part}"), ["reason", "lang"])
        ):
            columns: dict[str, list[Any]] = {name: [None] * documents.num_rows for name in DUPLICATE.names[1:]}
            columns["reason"] = [UPSTREAM] * documents.num_rows
            langs = verdicts.column("lang").to_pylist()
            for row in pc.indices_nonzero(pc.is_null(verdicts.column("reason"))).to_pylist():
                document, found = mine[row_signed], known.get(row_signed)
                row_signed += 1
                reason = EMPTIED if document["emptied"] else REASONS[found["reason"]] if found is not None else None
                size = int(found["size"]) if found is not None else 1
                columns["reason"][row], columns["cluster_size"][row] = reason, size
                if found is not None and reason:
                    columns["value"][row], columns["limit"][row] = float(found["similarity"]), floor
                    columns["representative"][row] = kept_id[int(found["representative"])]
                    columns["bands_shared"][row] = int(found["bands"])
                if reason:
                    reasons[reason] += 1
                else:
                    chars += int(document["chars"])
                    languages[langs[row]] += 1
                    by_size[size] += 1
            arrays = [documents.column("doc_id"), *(pa.array(columns[f.name], f.type) for f in list(DUPLICATE)[1:])]
            yield pa.RecordBatch.from_arrays(arrays, schema=DUPLICATE)

    with output.create(f"dedup/decide/part-{task.index:05d}.parquet") as file:
        write_batches(file, DUPLICATE, decisions())
    totals = {
        "chars": chars, "languages": dict(sorted(languages.items())),
        "clusters_by_size": {str(size): by_size[size] for size in sorted(by_size)},
    }  # fmt: skip
    return Result(len(mine), len(mine) - sum(reasons.values()), dict(reasons), totals)


def _evidence(output: Output, given: Decide, documents: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The uids of the part that were compared, and what was found, from all blocks."""
    uids, evidence = [], []
    files = [
        output.fetch_all([block_path(block, what) for block in range(given.blocks)]) for what in ("uids", "evidence")
    ]
    for of_uids, of_evidence in zip(*files, strict=True):
        found = np.load(of_uids, mmap_mode="r", allow_pickle=False)
        ends = np.array([given.first_uid, given.first_uid + documents], dtype=np.uint64)
        inside = slice(*np.searchsorted(found, ends).tolist())
        uids.append(found[inside].astype(np.int64))
        evidence.append(np.load(of_evidence, mmap_mode="r", allow_pickle=False)[inside])
    if not uids:
        from pipelines.work.dedup.compare import EVIDENCE

        return np.empty(0, np.int64), np.empty(0, EVIDENCE)
    return np.concatenate(uids), np.concatenate(evidence)
