"""Corpora that were deduplicated before: a new one is compared with them by their stored runs, clusters and signatures.

Their documents come first, so they win; what they published stays published. Their text is not read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.errors import UsageError
from pipelines.record import UPSTREAM
from pipelines.stage import Stage, drift
from pipelines.store import Commit, Output, Store, beyond, digest, located
from pipelines.work.dedup import exchange
from pipelines.work.dedup.signed import prefix


@dataclass(frozen=True)
class Earlier:
    """One such corpus. `base` is the uid of its first document here, `offsets` are those of its parts within it.

    `digest` says which corpus it is (by what it signed), `content` also what it decided. `runs` are, for each part,
    where the run of each band begins and the last one ends. `spaces` says how the uids of its own arrays become ours:
    (first uid there, first uid here) of each corpus that it was itself compared with, and of itself, the last.
    """

    root: str
    digest: str
    content: str
    base: int
    offsets: tuple[int, ...]
    runs: tuple[tuple[int, ...], ...]
    spaces: tuple[tuple[int, int], ...]

    @property
    def documents(self) -> int:
        return self.offsets[-1]

    def parts(self) -> list[str]:
        return [beyond(self.root, prefix(index)) for index in range(len(self.runs))]

    def places(self, band: int) -> list[exchange.Place]:
        """The runs of a band."""
        return [
            (f"{part}.bands.npy", run[band], run[band + 1], self.base)
            for part, run in zip(self.parts(), self.runs, strict=True)
        ]

    def edges(self, output: Output) -> NDArray[np.uint64]:
        """Its clusters, as edges (m, 2) between our uids."""
        path = output.fetch(beyond(self.root, "dedup/cluster/parents.npy"))
        parents = np.load(path, mmap_mode="r", allow_pickle=False)
        children = np.flatnonzero(parents != np.arange(len(parents), dtype=np.uint64)).astype(np.uint64)
        edges = np.stack([parents[children], children], axis=1)
        there, here = np.array(self.spaces, dtype=np.int64).T
        space = np.searchsorted(there, edges.astype(np.int64), side="right") - 1
        moved: NDArray[np.uint64] = (edges.astype(np.int64) + (here - there)[space]).astype(np.uint64)
        return moved

    def stands_for(self, output: Output) -> NDArray[np.uint32]:
        """For how many documents each of its signed documents stands; 0 where it was not kept. (documents,)"""
        pieces = [np.empty(0, dtype=np.uint32)]
        for index in range(len(self.runs)):
            path = output.fetch(beyond(self.root, f"dedup/decide/part-{index:05d}.parquet"))
            table = pq.read_table(path, columns=["reason", "cluster_size"])
            table = table.filter(pc.not_equal(pc.fill_null(table.column("reason"), ""), UPSTREAM))
            sizes = pc.if_else(pc.is_null(table.column("reason")), table.column("cluster_size"), 0)
            pieces.append(sizes.to_numpy().astype(np.uint32))
        return np.concatenate(pieces)


def open_earlier(outs: Sequence[Path | str], sign: Stage) -> tuple[Earlier, ...]:
    """Corpus folders in the order given. Raises `UsageError` for one that is not deduplicated, was signed with settings
    other than those of `sign` (naming the first), or was itself compared with a corpus that is not named before it."""
    found: dict[str, Earlier] = {}
    for out in outs:
        corpus = _open(out, sign, found)
        if corpus.digest in found:
            raise UsageError(f"{out}: the same documents as in {found[corpus.digest].root}; name each corpus once")
        found[corpus.digest] = corpus
    return tuple(found.values())


def _open(out: Path | str, sign: Stage, before: dict[str, Earlier]) -> Earlier:
    store = Store(located(out))
    description = store.read_json("commits/dedup/sign/stage.json")
    commits = {name: _commits(store, name) for name in ("dedup/sign", "dedup/cluster", "dedup/decide")}
    signed, cluster, decided = commits.values()
    if description is None or not cluster or len(signed) != len(decided):
        raise UsageError(f"{out}: not a deduplicated corpus; finish it with `minamoto dedup`, or leave it out")
    for what in ("version", "settings"):
        if fields := drift({what: description[what]}, {what: sign.description()[what]}):
            field = fields[0].removeprefix("settings.")
            raise UsageError(f"{out}: was signed otherwise, so it cannot be compared with: {field}")
    spaces = []
    start = 0
    for other in cluster[0].detail["earlier"]:
        if other["digest"] not in before:
            raise UsageError(
                f"{out}: was itself deduplicated against a corpus of {other['documents']:,} documents (digest "
                f"{other['digest'][:12]}…) that is not given before it; give it too"
            )
        spaces.append((start, before[other["digest"]].base))
        start += other["documents"]
    base = sum(corpus.documents for corpus in before.values())
    offsets = [0]
    for commit in signed:
        offsets.append(offsets[-1] + commit.kept)
    return Earlier(
        str(store.root), digest([commit.content() for commit in signed]),
        digest([[commit.content() for commit in of_stage] for of_stage in commits.values()]), base, tuple(offsets),
        tuple(tuple(commit.detail["bands"]) for commit in signed), (*spaces, (start, base)),
    )  # fmt: skip


def _commits(store: Store, stage: str) -> list[Commit]:
    found: list[Commit] = []
    while commit := store.read_commit(stage, len(found)):
        found.append(commit)
    return found
