"""dedup, in four stages: sign each part, group each bucket of each band, cluster the whole, decide each part.

    sign     text → key → exact hash and MinHash signature; band entries (hash, uid) sorted for the exchange
    group    one bucket of one band: edges from the smallest uid of every hash to the others
    cluster  all edges → array union-find → the parent of every document; in each cluster, who stands for whom
    decide   the slice of the representatives that belongs to a part, with the evidence beside it

A uid is a document's number among those that `filter` kept: the part's offset plus its row there.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup import clusters, exact, minhash, shingles
from pipelines import exchange
from pipelines.parts import read_side_by_side, write_batches
from pipelines.record import DUPLICATE, UPSTREAM
from pipelines.stage import Result, Task
from pipelines.store import Output


@dataclass(frozen=True)
class Sign:
    """What a sign task needs: the uid of the part's first document, and into how many buckets a band is cut."""

    first_uid: int
    buckets: int


@dataclass(frozen=True)
class Group:
    """One bucket of one band: (path, first row, end row) in every mapper's file."""

    ranges: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Cluster:
    """The uid of the first document of every part, and the number of documents at the end; and the files of edges."""

    offsets: tuple[int, ...]
    edges: tuple[str, ...]


@dataclass(frozen=True)
class Decide:
    """The uid of the first document of every part, and the number of documents at the end."""

    offsets: tuple[int, ...]


#: Later than any date, in microseconds.
NEVER = 2**63 - 1

#: Rows of a record batch of signed documents; every batch but the last of a part has so many, so that a row is found
#: without looking at the others (a fiftieth of the time of taking it from the part as a whole).
SIGNED_ROWS = 1024

#: Signatures compared at a time, half a kilobyte each.
BLOCK = 1 << 17


def _settings(task: Task) -> minhash.MinHash:
    return minhash.MinHash(**task.stage.settings["minhash"])


def signed(index: int) -> str:
    return f"dedup/sign/part-{index:05d}.arrow"


def sign_part(task: Task, output: Output) -> Result:
    settings = _settings(task)
    part = f"part-{task.index:05d}.parquet"
    schema = pa.schema([
        ("doc_id", pa.binary(16)), ("text_hash", pa.binary(16)), ("signature", pa.binary(4 * settings.permutations)),
        ("chars", pa.int64()), ("date", pa.timestamp("us", "UTC")),
    ])  # fmt: skip
    bands: list[NDArray[np.uint64]] = []
    joinable: list[NDArray[np.bool_]] = []
    text_hashes: list[NDArray[np.uint64]] = []
    pieces: list[pa.RecordBatch] = []
    for documents, verdicts in read_side_by_side(
        (output.root / "extract" / part, ["doc_id", "text", "date"]),
        (output.root / "filter" / part, ["reason", "lang"]),
    ):
        keep = pc.is_null(verdicts.column("reason"))
        documents, verdicts = documents.filter(keep), verdicts.filter(keep)
        keys = [shingles.key(text) for text in documents.column("text").to_pylist()]
        signatures = minhash.signatures(keys, verdicts.column("lang").to_pylist(), settings)
        hashes = exact.text_hashes(keys)
        bands.append(minhash.band_hashes(signatures, settings))
        joinable.append(np.array([bool(key) for key in keys], dtype=bool))
        # The exact layer is one more band: 64 bits make candidates, the full 128 decide.
        text_hashes.append(np.frombuffer(b"".join(h[:8] for h in hashes), dtype="<u8"))
        columns = [
            documents.column("doc_id"),
            pa.array(hashes, pa.binary(16)),
            pa.array([row.tobytes() for row in signatures.astype("<u4", copy=False)], schema.field(2).type),
            pc.utf8_length(documents.column("text")).cast(pa.int64()),
            documents.column("date"),
        ]
        pieces.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    table = pa.Table.from_batches(pieces, schema).combine_chunks()
    with output.create(signed(task.index)) as file, pa.ipc.new_file(file, schema) as writer:
        for batch in table.to_batches(max_chunksize=SIGNED_ROWS):
            writer.write_batch(batch)
    ranges, edge_count = _write_band_entries(task, output, settings, bands, text_hashes, joinable)
    return Result(table.num_rows, table.num_rows, detail={"ranges": ranges, "edges": edge_count})


def _write_band_entries(
    task: Task, output: Output, settings: minhash.MinHash,
    bands: list[NDArray[np.uint64]], text_hashes: list[NDArray[np.uint64]], joinable: list[NDArray[np.bool_]],
) -> tuple[list[list[int]], int]:  # fmt: skip
    """All bands of the part in one file, one after the other; returns each band's bucket bounds as its rows."""
    every = [*np.concatenate(bands or [np.empty((0, settings.bands), np.uint64)]).T]
    every.append(np.concatenate(text_hashes or [np.empty(0, np.uint64)]))
    open_rows = np.flatnonzero(np.concatenate(joinable or [np.empty(0, bool)]))  # a document without a key joins none
    uids = (open_rows + task.given.first_uid).astype(np.uint64)
    entries, edges, ranges, start = [], [], [], 0
    for hashes in every:
        leaving, local = exchange.combine(hashes[open_rows], uids)
        ranges.append([start + row for row in exchange.bucket_bounds(leaving, task.given.buckets)])
        start += len(leaving)
        entries.append(leaving)
        edges.append(local)
    with output.create(f"dedup/sign/part-{task.index:05d}.bands.npy") as file:
        np.save(file, np.concatenate(entries), allow_pickle=False)
    together = np.unique(np.concatenate(edges), axis=0)
    with output.create(f"dedup/sign/part-{task.index:05d}.edges.npy") as file:
        np.save(file, together, allow_pickle=False)
    return ranges, len(together)


def group_bucket(task: Task, output: Output) -> Result:
    entries = exchange.read_ranges(output.root, task.given.ranges)
    edges = clusters.star_edges(entries["hash"], entries["uid"])
    with output.create(f"dedup/group/part-{task.index:05d}.edges.npy") as file:
        np.save(file, edges.astype("<u8", copy=False), allow_pickle=False)
    return Result(len(entries), len(entries), detail={"edges": len(edges)})


def cluster_whole(task: Task, output: Output) -> Result:
    given: Cluster = task.given
    settings = task.stage.settings
    documents = given.offsets[-1]
    parents = clusters.new_parents(documents)
    for edges in exchange.read_edges(output.root, given.edges):
        clusters.union_edges(parents, edges)
    clusters.roots(parents)
    standing = np.arange(documents, dtype=np.int64)
    uids, starts = clusters.members(parents, _preferences(output.root, given, settings["representative"]))
    for first, last in _blocks(starts):
        some = uids[starts[first] : starts[last]]
        found = read_signed(output.root, given.offsets, some)
        inside = starts[first : last + 1] - starts[first]
        standing[some] = some[clusters.lead(found.signatures, found.text_hashes, inside, settings["min_similarity"])]
    sizes = np.bincount(standing, minlength=documents).astype("<u4")
    arrays = {"parents": parents.astype("<u8"), "representatives": standing.astype("<u8"), "sizes": sizes}
    for name, array in arrays.items():
        with output.create(f"dedup/cluster/{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    by_size = Counter(sizes[sizes > 0].tolist())
    return Result(documents, documents, detail={"clusters_by_size": {str(s): by_size[s] for s in sorted(by_size)}})


def _blocks(starts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Runs of clusters (first, end) with about BLOCK documents together, so that their signatures fit in memory."""
    first = 0
    while first + 1 < len(starts):
        end = max(first + 1, int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1)
        yield first, end
        first = end


def _preferences(root: Path, given: Cluster, names: Sequence[str]) -> list[NDArray[np.int64]]:
    """A number for every document for each thing the recipe asks of a representative; smaller is better."""
    columns: dict[str, list[NDArray[np.int64]]] = {name: [np.empty(0, np.int64)] for name in names}
    for part in range(len(given.offsets) - 1 if names else 0):
        with pa.memory_map(str(root / signed(part))) as source, pa.ipc.open_file(source) as reader:
            table = reader.read_all()
            chars = table.column("chars").to_numpy()
            date = table.column("date").cast(pa.int64())
            for name in names:
                match name:
                    case "longest":
                        found = -chars
                    case "earliest":  # a document without a date comes after all that have one
                        found = pc.fill_null(date, NEVER).to_numpy()
                    case "latest":
                        found = pc.fill_null(pc.negate(date), NEVER).to_numpy()
                    case _:
                        raise ValueError(f"no such preference: {name}")
                columns[name].append(found)
    return [np.concatenate(columns[name]) for name in names]


@dataclass(frozen=True)
class Evidence:
    """The signed rows of some documents: their ids, hashes (n, 2) and signatures (n, permutations)."""

    doc_ids: list[bytes]
    text_hashes: NDArray[np.uint64]
    signatures: NDArray[np.uint32]


def read_signed(root: Path, offsets: Sequence[int], uids: NDArray[np.uint64] | NDArray[np.int64]) -> Evidence:
    """The signed rows of any documents by uid, from whatever parts they are in; memory-mapped."""
    doc_ids: list[bytes] = [b""] * len(uids)
    hashes: list[bytes] = [b""] * len(uids)
    signatures: list[bytes] = [b""] * len(uids)
    wanted: dict[int, dict[int, list[tuple[int, int]]]] = {}  # part → batch → where it goes, row of the batch
    for place, uid in enumerate(uids.tolist()):
        part = bisect_right(offsets, uid) - 1
        batch, row = divmod(uid - offsets[part], SIGNED_ROWS)
        wanted.setdefault(part, {}).setdefault(batch, []).append((place, row))
    for part, batches in wanted.items():
        with pa.memory_map(str(root / signed(part))) as source, pa.ipc.open_file(source) as reader:
            for batch, places in batches.items():
                found = reader.get_batch(batch).select(["doc_id", "text_hash", "signature"])
                rows = found.take(pa.array([row for _, row in places])).columns
                for (place, _), doc, text, signature in zip(places, *(c.to_pylist() for c in rows), strict=True):
                    doc_ids[place], hashes[place], signatures[place] = doc, text, signature
    flat = np.frombuffer(b"".join(signatures), dtype="<u4")
    halves = np.frombuffer(b"".join(hashes), dtype="<u8").reshape(-1, 2)
    return Evidence(doc_ids, halves, flat.reshape(len(uids), -1) if len(uids) else flat.reshape(0, 0))


def decide_part(task: Task, output: Output) -> Result:
    """Read the decisions off the representatives; beside each what was kept instead, and how alike the two are."""
    offsets = task.given.offsets
    settings = _settings(task)
    floor = task.stage.settings["min_similarity"]
    standing = np.load(output.root / "dedup/cluster/representatives.npy", mmap_mode="r", allow_pickle=False)
    sizes = np.load(output.root / "dedup/cluster/sizes.npy", mmap_mode="r", allow_pickle=False)
    reasons: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    part = f"part-{task.index:05d}.parquet"

    def decisions() -> Iterator[pa.RecordBatch]:
        uid = offsets[task.index]
        for documents, verdicts in read_side_by_side(
            (output.root / "extract" / part, ["doc_id", "text"]), (output.root / "filter" / part, ["reason", "lang"])
        ):
            keep = pc.is_null(verdicts.column("reason"))
            open_rows = pc.indices_nonzero(keep).to_pylist()
            uids = np.arange(uid, uid + len(open_rows), dtype=np.uint64)
            uid += len(open_rows)
            columns: dict[str, list[Any]] = {name: [None] * documents.num_rows for name in DUPLICATE.names[1:]}
            columns["reason"] = [UPSTREAM] * documents.num_rows
            lengths = pc.utf8_length(documents.column("text")).to_pylist()
            langs = verdicts.column("lang").to_pylist()
            kept = np.asarray(standing[int(uids[0]) : int(uids[-1]) + 1]) if len(uids) else uids
            found = _compare(output.root, offsets, uids, kept, settings)
            for place, row in enumerate(open_rows):
                reason = None
                if place in found:
                    kept_id, is_exact, similarity, shared = found[place]
                    reason = "exact" if is_exact else "near"
                    columns["value"][row], columns["limit"][row] = similarity, floor
                    columns["representative"][row], columns["bands_shared"][row] = kept_id, shared
                columns["reason"][row] = reason
                columns["cluster_size"][row] = int(sizes[int(kept[place])])
                totals["rows"] += 1
                if reason:
                    reasons[reason] += 1
                else:
                    totals["chars"] += lengths[row]
                    languages[langs[row]] += 1
            arrays = [documents.column("doc_id"), *(pa.array(columns[f.name], f.type) for f in list(DUPLICATE)[1:])]
            yield pa.RecordBatch.from_arrays(arrays, schema=DUPLICATE)

    with output.create(f"dedup/decide/{part}") as file:
        write_batches(file, DUPLICATE, decisions())
    rows_in = totals.pop("rows", 0)
    return Result(
        rows_in, rows_in - sum(reasons.values()), dict(reasons),
        {"chars": totals["chars"], "languages": dict(sorted(languages.items()))},
    )  # fmt: skip


def _compare(
    root: Path, offsets: Sequence[int], uids: NDArray[np.uint64], kept: NDArray[np.uint64], settings: minhash.MinHash
) -> dict[int, tuple[bytes, bool, float, int]]:
    """For every place whose document is not its own representative: the representative's doc_id, whether their keys are
    equal, their estimated similarity and in how many bands they agree."""
    places = np.flatnonzero(kept != uids)
    if not len(places):
        return {}
    mine = read_signed(root, offsets, uids[places])
    representatives, back = np.unique(kept[places], return_inverse=True)
    theirs = read_signed(root, offsets, representatives)
    equal = mine.signatures == theirs.signatures[back]
    similarity = equal.mean(axis=1)
    shared = equal.reshape(len(places), settings.bands, settings.rows).all(axis=2).sum(axis=1)
    same = (mine.text_hashes == theirs.text_hashes[back]).all(axis=1)
    return {
        int(place): (theirs.doc_ids[back[i]], bool(same[i]), float(similarity[i]), int(shared[i]))
        for i, place in enumerate(places)
    }
