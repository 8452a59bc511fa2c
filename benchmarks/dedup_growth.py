"""How dedup grows: the stages after signing on synthetic signatures with planted clusters, at sizes ten apart.

    python benchmarks/dedup_growth.py [--largest 10000000] [--folder /where/10/GB/fit]

For 10^5, 10^6 ... documents up to `--largest` (a million by default: under a minute; ten million take 8 GB of disk),
in parts of 100,000. Signatures are drawn, part by part; from there on all is the pipeline's own, through files: band
hashes, `combine`, `bucket_bounds` and the files of a sign task, the tasks of the group stage and their work, union-find
by itself, and the cluster stage. Of the decide stage, which reads documents, only the comparison is run, for some row
groups of the last part, whose representatives are in parts before it, and counted up to all.

About a third of the documents is in clusters of 2, 3, 10 ... 100,000 (a tenth of the documents at most), scattered over
the parts. The first member is the cluster's text; half of the others equal it, the rest differ from it in one row of
every other band or so, but never in all bands. So the clusters to be found are known: "exact" says that the parents
are, for every document, the smallest uid of its planted cluster.

Every step runs alone in a process of its own, on one core; its peak memory counts mapped files. Commits and syncs are
included, drawing signatures is not.
"""

import argparse
import concurrent.futures
import dataclasses
import functools
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import clusters, minhash
from pipelines import exchange, parts, tasks
from pipelines.recipe import Dedup
from pipelines.stage import Result, Stage, Task, run_task
from pipelines.store import Commit, Output, Store
from pipelines.work import dedup

SEED = 20_000
PART = 100_000
SIZES = (2, 3, 10, 100, 1_000, 10_000, 100_000)
#: Of the documents, in the clusters of each size.
SHARE = 0.05
#: Row groups of the last part that are compared as the decide stage does it.
SAMPLE = 4

RECIPE = Dedup()
MINHASH = minhash.MinHash()
SETTINGS = {
    "minhash": dataclasses.asdict(MINHASH),
    "min_similarity": RECIPE.min_similarity,
    "representative": list(RECIPE.representative),
}


@dataclass(frozen=True)
class Plan:
    """N documents, of which the first slots are clusters, one after the other; every other slot is its own."""

    documents: int

    @functools.cached_property
    def starts(self) -> NDArray[np.int64]:
        """The first slot of every cluster, and of the rest."""
        sizes = [size for size in SIZES if size * 10 <= self.documents]
        counts = [max(1, int(self.documents * SHARE) // size) for size in sizes]
        return np.concatenate([[0], np.cumsum(np.repeat(sizes, counts))]).astype(np.int64)

    @property
    def offsets(self) -> tuple[int, ...]:
        return (*range(0, self.documents, PART), self.documents)

    def slots(self, part: int) -> NDArray[np.int64]:
        """The slot of every document of a part."""
        return scattered(np.arange(self.offsets[part], self.offsets[part + 1], dtype=np.uint64), self.documents)

    def firsts(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first slot of each one's cluster."""
        at = self.starts[np.searchsorted(self.starts, slots, side="right") - 1]
        return np.where(slots < self.starts[-1], at, slots)


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64: the same number for the same cluster in whatever part."""
    values = (values + np.uint64(SEED)) * np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)


def scattered(values: NDArray[np.uint64], end: int) -> NDArray[np.int64]:
    """A permutation of 0 ... end - 1 in pieces: mixed within a power of two until below the end."""
    bits = end.bit_length()
    values = values.copy()
    outside = np.ones(len(values), dtype=bool)
    while outside.any():
        some = values[outside]
        for factor in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB):  # odd, so nothing is lost
            some = some * np.uint64(factor) & np.uint64((1 << bits) - 1)
            some ^= some >> np.uint64(bits // 2)
        values[outside] = some
        outside = values >= end
    return values.astype(np.int64)


def draw(plan: Plan, part: int) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    """Signatures (n, permutations) and text hashes (n, 2) of a part."""
    slots = plan.slots(part)
    firsts = plan.firsts(slots)
    columns = np.arange(MINHASH.permutations, dtype=np.uint64)
    texts = firsts.astype(np.uint64)[:, None] * np.uint64(1 << 10)
    signatures = (mixed(texts + columns) >> np.uint64(32)).astype(np.uint32)
    random = np.random.default_rng([SEED, part])
    near = np.flatnonzero((slots != firsts) & (slots % 2 == 1))
    other = random.random((len(near), MINHASH.bands)) < 0.5
    other[np.arange(len(near)), random.integers(MINHASH.bands, size=len(near))] = False
    document, band = np.nonzero(other)
    row = random.integers(MINHASH.rows, size=len(document))
    signatures[near[document], band * MINHASH.rows + row] = random.integers(
        1 << 32, size=len(document), dtype=np.uint32
    )
    own = np.where(slots % 2 == 1, slots, firsts).astype(np.uint64)[:, None] * np.uint64(1 << 10)
    return signatures, mixed(own + np.array([1000, 1001], dtype=np.uint64))


def sign(plan: Plan, drawing: list[float], task: Task, output: Output) -> Result:
    """What `dedup.sign_part` writes, for signatures that are drawn; adds the seconds of the drawing to a list."""
    begun = time.perf_counter()
    signatures, text_hashes = draw(plan, task.index)
    rows = len(signatures)
    columns = {
        "doc_id": pa.array([uid.to_bytes(16, "big") for uid in range(rows)], pa.binary(16)),
        "text_hash": pa.array([row.tobytes() for row in text_hashes], pa.binary(16)),
        "signature": pa.array([row.tobytes() for row in signatures], pa.binary(4 * MINHASH.permutations)),
        "chars": pa.array(np.full(rows, 1_000, dtype=np.int64)),
        "date": pa.array(np.zeros(rows, dtype=np.int64)).cast(pa.timestamp("us", "UTC")),
    }
    drawing.append(time.perf_counter() - begun)
    table = pa.table(columns)
    with output.create(dedup.signed(task.index)) as file, pa.ipc.new_file(file, table.schema) as writer:
        for batch in table.to_batches(dedup.SIGNED_ROWS):
            writer.write_batch(batch)
    bands = minhash.band_hashes(signatures, MINHASH)
    joinable = np.ones(rows, dtype=bool)
    ranges, edges = dedup._write_band_entries(task, output, MINHASH, [bands], [text_hashes[:, 0]], [joinable])
    return Result(rows, rows, detail={"ranges": ranges, "edges": edges})


@dataclass(frozen=True)
class Step:
    """Seconds, peak memory and bytes written; and what is to be said of it."""

    seconds: float
    peak: int
    written: int
    says: str = ""


def step(work: Callable[..., tuple[float, int, str]], *given: Any) -> Step:
    seconds, written, says = work(*given)
    return Step(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, written, says)


def written(commits: list[Commit]) -> int:
    return sum(entry["bytes"] for commit in commits for entry in commit.files.values())


def commits(store: Store, stage: str) -> list[Commit]:
    found: list[Commit] = []
    while commit := store.read_commit(stage, len(found)):
        found.append(commit)
    return found


def sign_all(plan: Plan, store: Store) -> tuple[float, int, str]:
    drawing: list[float] = []
    stage = Stage("dedup/sign", functools.partial(sign, plan, drawing), SETTINGS)
    buckets = max(1, -(-plan.documents // RECIPE.bucket_rows))
    begun = time.perf_counter()
    done = [
        run_task(Task(stage, part, dedup.Sign(first, buckets), ""), store)
        for part, first in enumerate(plan.offsets[:-1])
    ]
    return time.perf_counter() - begun - sum(drawing), written(done), f"{len(done)} parts"


def group_all(plan: Plan, store: Store) -> tuple[float, int, str]:
    begun = time.perf_counter()
    wanted = tasks._group_tasks(Stage("dedup/group", dedup.group_bucket, SETTINGS), commits(store, "dedup/sign"))
    done = [run_task(task, store) for task in wanted]
    return time.perf_counter() - begun, written(done), f"{len(done)} tasks"


def edge_files(store: Store) -> list[str]:
    both = [*commits(store, "dedup/sign"), *commits(store, "dedup/group")]
    return [path for commit in both for path in commit.files if path.endswith(".edges.npy")]


def union_all(plan: Plan, store: Store) -> tuple[float, int, str]:
    """The first half of the cluster stage by itself."""
    paths = edge_files(store)
    clusters.union_edges(clusters.new_parents(2), np.zeros((1, 2), dtype="<u8"))  # loads what numba compiled
    begun = time.perf_counter()
    parents = clusters.new_parents(plan.documents)
    count = 0
    for edges in exchange.read_edges(store.root, paths):
        clusters.union_edges(parents, edges)
        count += len(edges)
    clusters.roots(parents)
    return time.perf_counter() - begun, 0, f"{count / plan.documents:.2f} edges a document"


def cluster_all(plan: Plan, store: Store) -> tuple[float, int, str]:
    given = dedup.Cluster(plan.offsets, tuple(edge_files(store)))
    begun = time.perf_counter()
    done = run_task(Task(Stage("dedup/cluster", dedup.cluster_whole, SETTINGS), 0, given, ""), store)
    return time.perf_counter() - begun, written([done]), f"clusters exact: {'yes' if exact(plan, store) else 'NO'}"


def exact(plan: Plan, store: Store) -> bool:
    """Whether every document's parent is the smallest uid of its planted cluster: same partition, right roots."""
    parents = np.load(store.root / "dedup/cluster/parents.npy", mmap_mode="r", allow_pickle=False)
    smallest = np.full(len(plan.starts) - 1, plan.documents, dtype=np.int64)
    truths = []
    for part, first in enumerate(plan.offsets[:-1]):
        slots = plan.slots(part)
        inside = np.flatnonzero(slots < plan.starts[-1])
        cluster = np.searchsorted(plan.starts, slots[inside], side="right") - 1
        np.minimum.at(smallest, cluster, inside + first)
        truths.append((first, len(slots), inside, cluster))
    for first, rows, inside, cluster in truths:
        expected = np.arange(first, first + rows)
        expected[inside] = smallest[cluster]
        if not np.array_equal(parents[first : first + rows], expected):
            return False
    return len(parents) == plan.documents


def compare_some(plan: Plan, store: Store) -> tuple[float, int, str]:
    standing = np.load(store.root / "dedup/cluster/representatives.npy", mmap_mode="r", allow_pickle=False)
    last = plan.offsets[-2]
    cuts = [last + row * parts.GROUP_ROWS for row in range(SAMPLE + 1)]
    row_groups = [np.arange(start, start + parts.GROUP_ROWS, dtype=np.uint64) for start in cuts]
    dedup._compare(store.root, plan.offsets, row_groups[0], standing[row_groups[0]], MINHASH)  # not the first time
    begun = time.perf_counter()
    for uids in row_groups[1:]:
        dedup._compare(store.root, plan.offsets, uids, standing[uids], MINHASH)
    compared = SAMPLE * parts.GROUP_ROWS
    return (time.perf_counter() - begun) * plan.documents / compared, 0, f"from {compared:,} documents"


STEPS = {
    "sign": sign_all,
    "group": group_all,
    "union alone": union_all,
    "cluster": cluster_all,
    "compare": compare_some,
}


def measure(plan: Plan, folder: str | None) -> dict[str, Step]:
    found = {}
    with tempfile.TemporaryDirectory(dir=folder) as root:
        for name, work in STEPS.items():
            with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                found[name] = alone.submit(step, work, plan, Store(Path(root))).result()
            now = found[name]
            print(
                f"  {name:12}{now.seconds:10.2f} s{now.seconds / plan.documents * 1e6:10.2f} µs/doc"
                f"{now.peak / 1e6:9.0f} MB peak{now.written / 1e6:10.1f} MB written   {now.says}",
                flush=True,
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="How dedup grows with the number of documents.")
    parser.add_argument("--largest", type=int, default=1_000_000, help="documents (default: %(default)s)")
    parser.add_argument("--folder", help="where the temporary files go")
    options = parser.parse_args()
    print(f"One process at a time on a machine of {os.cpu_count()} shared cores; µs/doc is over all documents.")
    before: tuple[int, dict[str, Step]] | None = None
    documents = 100_000
    while documents <= options.largest:
        plan = Plan(documents)
        print(f"{documents:,} documents, {int(plan.starts[-1]):,} of them in {len(plan.starts) - 1:,} clusters")
        found = measure(plan, options.folder)
        if before:
            scale = documents / before[0]
            ratios = (f"{name} {now.seconds / before[1][name].seconds / scale:.2f}" for name, now in found.items())
            print(f"  time per document, times that of {before[0]:,}: {', '.join(ratios)}")
        before = documents, found
        documents *= 10


if __name__ == "__main__":
    main()
