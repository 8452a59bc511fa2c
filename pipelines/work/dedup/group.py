"""Group one bucket of one band: documents with the same hash are candidates."""

from dataclasses import dataclass

import numpy as np

from dedup import clusters
from pipelines.stage import Result, Task
from pipelines.store import Output
from pipelines.work.dedup import exchange


@dataclass(frozen=True)
class Group:
    """One bucket of the band whose runs these are, and where the uids of each corpus begin."""

    runs: tuple[exchange.Place, ...]
    bucket: int
    buckets: int
    corpora: tuple[int, ...] = (0,)


def group_bucket(task: Task, output: Output) -> Result:
    given: Group = task.given
    hashes, uids = exchange.read_bucket(output, given.runs, given.bucket, given.buckets)
    edges = clusters.star_edges(hashes, uids)
    if len(given.corpora) > 1:
        # What an earlier corpus joined is known from its clusters.
        owner = np.searchsorted(np.array(given.corpora, dtype=np.uint64), edges, side="right")
        edges = edges[(owner[:, 0] != owner[:, 1]) | (owner[:, 0] == len(given.corpora))]
    with output.create(f"dedup/group/part-{task.index:05d}.edges.npy") as file:
        np.save(file, edges.astype("<u8", copy=False), allow_pickle=False)
    return Result(len(uids), len(uids), detail={"edges": len(edges)})
