"""Cluster all documents: the connected components of the edges, by one array union-find."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dedup import clusters
from pipelines.record import BRIDGE
from pipelines.stage import Result, Task
from pipelines.store import Output
from pipelines.work.dedup import exchange, signed
from pipelines.work.dedup.earlier import Earlier
from pipelines.work.dedup.signed import NO_DATE, Signed


@dataclass(frozen=True)
class Cluster:
    """Every signed document, every file of edges, how many parts are this corpus's own, and the corpora before it."""

    signed: Signed
    edges: tuple[exchange.Edges, ...]
    parts: int
    earlier: tuple[Earlier, ...] = ()


#: Documents compared at a time, half a kilobyte each; a cluster is never cut.
BLOCK = 1 << 17


def cluster_whole(task: Task, output: Output) -> Result:
    given: Cluster = task.given
    documents = given.signed.offsets[-1]
    first_new = sum(corpus.documents for corpus in given.earlier)
    parents = clusters.new_parents(documents)
    for corpus in given.earlier:
        clusters.union_edges(parents, corpus.edges(output))
    before = clusters.roots(parents).copy() if given.earlier else parents
    for edges in exchange.read_edges(output, given.edges):
        clusters.union_edges(parents, edges)
    clusters.roots(parents)
    detail: dict[str, Any] = {
        "documents": documents - first_new,
        "earlier": [{"digest": corpus.digest, "documents": corpus.documents} for corpus in given.earlier],
    }
    if given.earlier:
        detail["bridges"] = _write_bridges(output, given, before, parents, first_new)
    stands_for = np.concatenate([np.empty(0, np.uint32), *(corpus.stands_for(output) for corpus in given.earlier)])
    preferences = _preferences(output, given.parts, task.stage.settings)
    uids, starts, settled = clusters.members(parents, preferences, stands_for > 0)
    weights = np.ones(len(uids), dtype="<u4")
    weights[uids < first_new] = stands_for[uids[uids < first_new]]
    arrays = {
        "parents": parents.astype("<u8"), "members": uids.astype("<u8"), "weights": weights,
        "starts": starts.astype("<i8"), "settled": settled.astype("<i8"),
    }  # fmt: skip
    for name, array in arrays.items():
        with output.create(f"dedup/cluster/{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    return Result(documents, documents, detail=detail | {"blocks": _blocks(starts)})


def _blocks(starts: NDArray[np.int64]) -> list[int]:
    """Where blocks begin, as numbers of clusters: runs of clusters with about BLOCK documents together."""
    found = [0]
    while found[-1] + 1 < len(starts):
        end = int(np.searchsorted(starts, starts[found[-1]] + BLOCK, side="right")) - 1
        found.append(max(found[-1] + 1, end))
    return found


def _preferences(output: Output, parts: int, settings: Any) -> list[NDArray[np.int64]]:
    """A number for every document of this corpus for each thing the recipe asks of a representative; smaller is
    better."""
    columns: dict[str, list[NDArray[np.int64]]] = {name: [] for name in settings["representative"]}
    output.fetch_all([f"{signed.prefix(index)}.documents.npy" for index in range(parts)])
    for index in range(parts):
        documents = signed.read(output, signed.prefix(index), "documents")
        for name, found in columns.items():
            match name:
                case "source":
                    found.append(_rank(output, index, name, settings["sources"]))
                case "format":
                    found.append(_rank(output, index, name, settings["formats"]))
                case _:
                    found.append(_preference(name, documents))
    return [np.concatenate([np.empty(0, np.int64), *columns[name]]) for name in settings["representative"]]


def _rank(output: Output, index: int, column: str, order: Sequence[str]) -> NDArray[np.int64]:
    """Which of the patterns, the best first, the column's value of each signed document of a part fits; what none names
    comes last."""
    part = f"part-{index:05d}.parquet"
    kept = pc.is_null(pq.read_table(output.fetch(f"filter/{part}"), columns=["reason"]).column("reason"))
    values = pq.read_table(output.fetch(f"extract/{part}"), columns=[column]).column(column).filter(kept)
    known = values.combine_chunks().dictionary_encode()
    ranks = [
        next((i for i, pattern in enumerate(order) if fnmatch.fnmatchcase(value or "", pattern)), len(order))
        for value in [*known.dictionary.to_pylist(), None]
    ]
    places = known.indices.fill_null(len(ranks) - 1).to_numpy()
    found: NDArray[np.int64] = np.array(ranks, dtype=np.int64)[places]
    return found


def _preference(name: str, documents: NDArray[Any]) -> NDArray[np.int64]:
    date = documents["date"]
    match name:
        case "longest":
            return -documents["chars"]
        case "earliest":  # a document without a date comes after all that have one
            return np.where(date == NO_DATE, np.iinfo(np.int64).max, date)
        case "latest":
            return np.where(date == NO_DATE, np.iinfo(np.int64).max, -date)
        case "score":  # the highest first, those without one last
            bits = documents["score"].view(np.int64)  # of floats, ordered as these are once the negative are turned
            ordered = np.where(bits < 0, bits ^ np.iinfo(np.int64).max, bits)
            return np.where(np.isnan(documents["score"]), np.iinfo(np.int64).max, ~ordered)
    raise ValueError(f"no such preference: {name}")


def _write_bridges(
    output: Output, given: Cluster, before: clusters.Parents, after: clusters.Parents, first_new: int
) -> int:
    """Which new document joined clusters that were apart in the corpora before; returns how many joins there were."""
    joined = clusters.joined(before, after, first_new)
    pieces = [np.empty((0, 2), dtype=np.uint64)]
    for edges in exchange.read_edges(output, given.edges):
        pieces.append(edges[joined[after[edges[:, 0]]]])
    found = clusters.bridges(before, np.concatenate(pieces), first_new)
    rows = signed.documents(output, given.signed, found.reshape(-1))["doc_id"].reshape(-1, 3)
    columns = [pa.array([bytes(row) for row in rows[:, i]], pa.binary(16)) for i in range(3)]
    with output.create("dedup/cluster/bridges.parquet") as file:
        pq.write_table(pa.Table.from_arrays(columns, schema=BRIDGE), file, compression="zstd")
    return len(found)
