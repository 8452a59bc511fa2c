"""How dedup grows: the stages after signing on synthetic signatures with planted clusters, at sizes ten apart.

    python benchmarks/dedup_growth.py [--largest 10000000] [--folder /where/10/GB/fit]

For 10^5, 10^6 ... documents up to `--largest` (a million by default: under a minute; ten million take 8 GB of disk),
in parts of 100,000. Signatures are drawn, part by part; from there on all is the pipeline's own, through files: what a
sign task does with signatures, the tasks of group, cluster, compare and decide and their work; union-find by itself.

About a third of the documents is in clusters of 2, 3, 10 ... 100,000 (a tenth of the documents at most), scattered over
the parts. The first member is the cluster's text; half of the others equal it, the rest differ from it in one row of
every other band or so, but never in all bands. So the clusters to be found are known: "exact" says that the parents
are, for every document, the smallest uid of its planted cluster.

Every step runs alone in a process of its own, on one core. Seconds are of CPU time, so that what else the machine does
tells little; peak memory counts mapped files. Commits are
included, drawing signatures is not.
"""

import argparse
import concurrent.futures
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

from dedup import clusters
from pipelines import corpus, exchange, parts, tasks
from pipelines.recipe import Recipe
from pipelines.sources import Source, Span
from pipelines.stage import Result, Stage, Task, run_task
from pipelines.store import Commit, Output, Store
from pipelines.work.dedup import signed
from pipelines.work.dedup.sign import Sign, write_entries

SEED = 20_000
PART = 100_000
SIZES = (2, 3, 10, 100, 1_000, 10_000, 100_000)
#: Of the documents, in the clusters of each size.
SHARE = 0.05

RECIPE = Recipe(name="growth")
MINHASH = RECIPE.dedup.lsh()


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

    def corpus(self, store: Store) -> tasks.Corpus:
        parts = range(len(self.offsets) - 1)
        spans = [(Span(Source("s", f"part-{part:05d}", 0, ""), "plain", 0, 0),) for part in parts]
        return tasks.Corpus(RECIPE, tuple(spans), store)

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
    """What `sign_part` writes, for signatures that are drawn, and the columns that `decide` reads of the stages before
    it; adds the seconds of the drawing, and of those columns, to a list."""
    begun = time.process_time()
    signatures, text_hashes = draw(plan, task.index)
    documents = np.zeros(len(signatures), dtype=signed.DOCUMENT)
    documents["doc_id"] = [
        uid.to_bytes(16, "big") for uid in range(task.given.first_uid, task.given.first_uid + len(documents))
    ]
    documents["text"], documents["chars"] = text_hashes, 1_000
    write_verdicts(task.index, documents, output)
    drawing.append(time.process_time() - begun)
    for name, array in {"documents": documents, "signatures": signatures}.items():
        with output.create(f"{signed.prefix(task.index)}.{name}.npy") as file:
            np.save(file, array, allow_pickle=False)
    bands = write_entries(task, output, MINHASH, signatures, documents)
    return Result(len(documents), len(documents), detail={"bands": bands})


def write_verdicts(index: int, documents: NDArray[Any], output: Output) -> None:
    """Every document was kept; in row groups as the stages write them."""
    part = f"part-{index:05d}.parquet"
    ids = pa.array(documents["doc_id"].tolist(), pa.binary(16))
    extract = pa.table({"doc_id": ids})
    nothing = pa.nulls(len(ids), pa.string())
    for stage, table in {"extract": extract, "filter": pa.table({"reason": nothing, "lang": nothing})}.items():
        path = output.root / stage / part
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            parts.write_batches(file, table.schema, table.combine_chunks().to_batches(parts.GROUP_ROWS))


@dataclass(frozen=True)
class Step:
    """CPU seconds, peak memory and bytes written; and what is to be said of it."""

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


def run_all(name: str, plan: Plan, store: Store) -> tuple[float, int, str]:
    """A stage of the pipeline as it is."""
    stage = corpus.stages(RECIPE)[name]
    before = {other: commits(store, other) for other in corpus.COMMANDS["dedup"]}
    before |= {"extract": before["dedup/sign"], "filter": before["dedup/sign"]}
    begun = time.process_time()
    wanted = tasks.tasks(stage, plan.corpus(store), before)
    done = [run_task(task, store) for task in wanted]
    seconds = time.process_time() - begun
    says = f"{len(done)} tasks"
    if name == "dedup/cluster":
        says = f"clusters exact: {'yes' if exact(plan, store) else 'NO'}"
    if name == "dedup/decide":
        says = f"{sum(commit.kept for commit in done):,} kept"
    return seconds, written(done), says


def sign_all(plan: Plan, store: Store) -> tuple[float, int, str]:
    drawing: list[float] = []
    settings = corpus.stages(RECIPE)["dedup/sign"].settings
    stage = Stage("dedup/sign", functools.partial(sign, plan, drawing), settings)
    begun = time.process_time()
    done = [run_task(Task(stage, part, Sign(first), ""), store) for part, first in enumerate(plan.offsets[:-1])]
    return time.process_time() - begun - sum(drawing), written(done), f"{len(done)} parts"


def union_all(plan: Plan, store: Store) -> tuple[float, int, str]:
    """The first half of the cluster stage by itself."""
    both = [*commits(store, "dedup/sign"), *commits(store, "dedup/group")]
    paths = [(path, 0) for commit in both for path in commit.files if path.endswith(".edges.npy")]
    clusters.union_edges(clusters.new_parents(2), np.zeros((1, 2), dtype="<u8"))  # loads what numba compiled
    begun = time.process_time()
    parents = clusters.new_parents(plan.documents)
    count = 0
    for edges in exchange.read_edges(store.root, paths):
        clusters.union_edges(parents, edges)
        count += len(edges)
    clusters.roots(parents)
    return time.process_time() - begun, 0, f"{count / plan.documents:.2f} edges a document"


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


STEPS: dict[str, Callable[..., tuple[float, int, str]]] = {
    "sign": sign_all,
    "group": functools.partial(run_all, "dedup/group"),
    "union alone": union_all,
    "cluster": functools.partial(run_all, "dedup/cluster"),
    "compare": functools.partial(run_all, "dedup/compare"),
    "decide": functools.partial(run_all, "dedup/decide"),
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
