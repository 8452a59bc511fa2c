"""Sign the documents of a part: what they are compared by, and the entries that make them candidates."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dedup import exact, lines, minhash, shingles, urls, works
from pipelines.edits import edited
from pipelines.errors import Stop
from pipelines.parts import read_side_by_side, write_batches
from pipelines.record import CUT
from pipelines.stage import Result, Task
from pipelines.store import Output
from pipelines.work.dedup import exchange
from pipelines.work.dedup.signed import DOCUMENT, NO_DATE, prefix


@dataclass(frozen=True)
class Sign:
    """The uid of the part's first document (in this corpus); the files of repeated lines to be cut, in order, and how
    many characters a line must have to count."""

    first_uid: int
    repeated: tuple[str, ...] = ()
    min_chars: int = 0


def kept_texts(output: Output, index: int, *scores: str) -> Iterator[tuple[list[str], pa.RecordBatch, pa.RecordBatch]]:
    """The documents of a part that filter kept, by row groups: their texts, and all rows of extract and of filter, with
    these scores. Raises `Stop` where filter has measured no such score."""
    part = f"part-{index:05d}.parquet"
    for name in set(scores).difference(pq.read_schema(output.fetch(f"filter/{part}")).names):
        raise Stop(f"dedup.score: no rule of this recipe measures {name!r}")
    for documents, verdicts in read_side_by_side(
        (output.fetch(f"extract/{part}"), ["doc_id", "url", "ids", "date", "text"]),
        (output.fetch(f"filter/{part}"), ["reason", "lang", "edits", *scores]),
    ):
        keep = is_kept(verdicts)
        yield edited(documents.column("text").filter(keep), verdicts.column("edits").filter(keep)), documents, verdicts


def is_kept(verdicts: pa.RecordBatch) -> pa.Array:
    return pc.is_null(verdicts.column("reason"))


def sign_part(task: Task, output: Output) -> Result:
    settings = task.stage.settings
    lsh = minhash.MinHash(**settings["minhash"])
    fold = shingles.Fold(**settings["key"])
    found: list[NDArray[Any]] = [np.empty(0, dtype=DOCUMENT)]
    signatures = [np.empty((0, lsh.permutations), dtype=np.uint32)]
    sets: list[NDArray[np.uint32]] = []
    cuts: list[pa.RecordBatch] = []
    repeated = [np.load(output.fetch(path), mmap_mode="r", allow_pickle=False) for path in task.given.repeated]
    table = np.concatenate(repeated) if repeated else None
    totals: Counter[str] = Counter()
    scores = [settings["score"]] if settings["score"] else []
    uid = task.given.first_uid
    for texts, rows, verdicts in kept_texts(output, task.index, *scores):
        spans = [_repeated_spans(text, uid + row, table, task.given.min_chars) for row, text in enumerate(texts)]
        uid += len(texts)
        left = [lines.cut(text, of_one) for text, of_one in zip(texts, spans, strict=True)]
        if table is not None:
            cuts.append(_cuts(rows.column("doc_id"), is_kept(verdicts), spans))
            totals["cut_lines"] += sum(map(len, spans))
            totals["cut_chars"] += sum(map(len, texts)) - sum(map(len, left))
        keys = [shingles.key(text, fold) for text in left]
        columns = rows.filter(is_kept(verdicts))
        langs = verdicts.column("lang").filter(is_kept(verdicts)).to_pylist()
        signatures.append(minhash.signatures(keys, langs, lsh))
        if settings["shingles"]:
            sets += minhash.shingle_sets(keys, langs, lsh)
        documents = np.zeros(len(texts), dtype=DOCUMENT)
        documents["doc_id"] = columns.column("doc_id").to_pylist()
        documents["text"] = np.frombuffer(b"".join(exact.text_hashes(keys)), dtype="<u8").reshape(-1, 2)
        if settings["urls"]:
            hashes = urls.url_hashes(columns.column("url").to_pylist())
            documents["name"] = np.frombuffer(b"".join(hashes), dtype="<u8").reshape(-1, 2)
        if settings["works"]:
            hashes = works.work_hashes(columns.column("ids").to_pylist(), langs)
            named = np.frombuffer(b"".join(hashes), dtype="<u8").reshape(-1, 2)
            is_work = named.any(axis=1)
            documents["name"][is_work], documents["is_work"] = named[is_work], is_work
        documents["chars"] = [len(text) for text in left]
        documents["date"] = pc.fill_null(columns.column("date").cast(pa.int64()), NO_DATE).to_numpy()
        documents["score"] = np.nan
        for name in scores:
            column = verdicts.column(name).filter(is_kept(verdicts))
            documents["score"] = column.to_numpy(zero_copy_only=False)
        documents["emptied"] = [bool(len(of_one)) and not key for of_one, key in zip(spans, keys, strict=True)]
        found.append(documents)
    documents = np.concatenate(found)
    arrays = {"documents": documents, "signatures": np.concatenate(signatures).astype("<u4", copy=False)}
    if settings["shingles"]:
        arrays["shingles"] = np.concatenate([np.empty(0, np.uint32), *sets]).astype("<u4", copy=False)
        arrays["starts"] = np.cumsum([0, *map(len, sets)]).astype("<i8")
    for name, array in arrays.items():
        with output.create(f"{prefix(task.index)}.{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    if table is not None:
        with output.create(f"{prefix(task.index)}.cuts.parquet") as file:
            write_batches(file, CUT, cuts)
    bands = write_entries(task, output, lsh, arrays["signatures"], documents)
    return Result(len(documents), len(documents), totals=dict(totals), detail={"bands": bands})


def _repeated_spans(text: str, uid: int, table: NDArray[Any] | None, min_chars: int) -> NDArray[np.int64]:
    if table is None:
        return np.empty((0, 2), dtype=np.int64)
    hashes, spans = lines.line_hashes(text, min_chars)
    found: NDArray[np.int64] = spans[lines.repeated(hashes, uid, table)]
    return found


def _cuts(doc_ids: pa.Array, kept: pa.Array, spans: list[NDArray[np.int64]]) -> pa.RecordBatch:
    found: list[list[dict[str, int]] | None] = [None] * len(doc_ids)
    for row, of_one in zip(pc.indices_nonzero(kept).to_pylist(), spans, strict=True):
        found[row] = [{"start": start, "end": end} for start, end in of_one.tolist()]
    return pa.RecordBatch.from_arrays([doc_ids, pa.array(found, CUT.field("cuts").type)], schema=CUT)


def write_entries(
    task: Task, output: Output, lsh: minhash.MinHash, signatures: NDArray[np.uint32], documents: NDArray[Any]
) -> list[int]:
    """The runs of all bands of the part in one file, one after the other, and the edges inside the part; returns where
    each run begins and the last one ends.

    Equal texts are a band more, and so are equal names where the recipe asks: 64 bits make candidates, 128 decide.
    """
    signed = (signatures != minhash.EMPTY).any(axis=1)  # a document without a key joins none
    layers = [(hashes, signed) for hashes in minhash.band_hashes(signatures, lsh).T]
    layers.append((documents["text"][:, 0], signed))
    if task.stage.settings["urls"] or task.stage.settings["works"]:
        layers.append((documents["name"][:, 0], signed & documents["name"].any(axis=1)))
    runs, edges, starts = [], [], [0]
    for hashes, joining in layers:
        rows = np.flatnonzero(joining)
        run, local = exchange.combine(hashes[rows], (rows + task.given.first_uid).astype(np.uint64))
        runs.append(run)
        edges.append(local)
        starts.append(starts[-1] + run.shape[1])
    with output.create(f"{prefix(task.index)}.bands.npy") as file:
        np.save(file, np.concatenate(runs, axis=1), allow_pickle=False)
    with output.create(f"{prefix(task.index)}.edges.npy") as file:
        np.save(file, np.unique(np.concatenate(edges), axis=0), allow_pickle=False)
    return starts
