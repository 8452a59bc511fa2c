"""Clusters are the connected components of the edges between duplicates, found by an array union-find.

A document is its uid, the place in an array of parents; the root of every cluster is its smallest uid, whatever the
order in which edges come, because a union always hangs the larger root under the smaller.
"""

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

#: uint32, or uint64 from 2^32 documents on.
Parents = NDArray[np.uint32] | NDArray[np.uint64]
#: Of any integer type that holds them.
Uids = NDArray[np.uint32] | NDArray[np.uint64] | NDArray[np.int64]


def new_parents(documents: int) -> Parents:
    """The forest in which every document is its own cluster, (documents,)."""
    if documents <= 1 << 32:
        return np.arange(documents, dtype=np.uint32)
    return np.arange(documents, dtype=np.uint64)


def union_edges(parents: Parents, edges: Uids) -> None:
    """Join the clusters of both ends of every edge, (m, 2), in place.

    Raises ValueError for an edge to a uid outside the forest; the edges before it are joined.
    """
    outside = _union(parents, edges)
    if outside >= 0:
        raise ValueError(f"edge {outside} {edges[outside].tolist()} leaves the forest of {len(parents)} documents")


def roots(parents: Parents) -> Parents:
    """Point every document at the smallest uid of its cluster: compresses `parents` in place and returns it."""
    _compress(parents)
    return parents


def members(parents: Parents, preferences: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The documents that are not alone, cluster by cluster, the best of each cluster first.

    `parents` are compressed. Each of `preferences` has a number for every document; the smallest is the best, the first
    array before the second, and the smallest uid where all are equal. Returns the uids, (m,), and where each cluster
    begins among them, with m at the end.
    """
    sizes = np.bincount(parents.astype(np.int64), minlength=len(parents))  # it takes no uint64
    uids = np.flatnonzero(sizes[parents] > 1)
    order = np.lexsort((uids, *reversed([values[uids] for values in preferences]), parents[uids]))
    uids = uids[order]
    return uids, np.append(np.flatnonzero(_differs_from_previous(parents[uids])), len(uids))


#: In a cluster, so many documents may stand for others. What comes after them in a heap of strangers that boilerplate
#: has tied together is kept without being compared, or the work would grow with the square of the heap.
MAX_LEADERS = 1_000


def lead(
    signatures: NDArray[np.uint32], text_hashes: NDArray[np.uint64], starts: NDArray[np.int64], floor: float
) -> NDArray[np.int64]:
    """Who stands for whom: the row of each row's leader, its own where it is kept.

    Going through a cluster from the best on, a document follows the first leader that it equals, or whose signature is
    at least `floor` like its own; otherwise it leads. So whoever goes is like the one that stays, and of those who stay
    no two are alike: a chain A~B~C in which A and C are strangers keeps both of them.

    signatures: (m, permutations), cluster by cluster, the best first; text_hashes: (m, 2); starts as from `members`.
    """
    least = int(np.ceil(floor * signatures.shape[1] - 1e-9))
    leaders = np.full(len(signatures), -1, dtype=np.int64)
    _lead(np.ascontiguousarray(signatures), text_hashes, starts, least, leaders)
    return leaders


def star_edges(hashes: NDArray[np.uint64], uids: Uids) -> Uids:
    """Edges (m, 2), of the type of `uids`, from the smallest uid of each hash to every other uid with that hash.

    hashes, uids: (n,), in any order. Each edge comes once, sorted by its ends: `union_edges` takes sorted edges
    faster, for their parents lie side by side.
    """
    order = np.lexsort((uids, hashes))
    hashes, uids = hashes[order], uids[order]
    first = _differs_from_previous(hashes)
    smallest = uids[first][np.cumsum(first) - 1]
    other = uids != smallest
    smallest, uids = smallest[other], uids[other]
    order = np.lexsort((uids, smallest))
    smallest, uids = smallest[order], uids[order]
    once = _differs_from_previous(smallest) | _differs_from_previous(uids)
    return np.stack([smallest[once], uids[once]], axis=1)


def _differs_from_previous(values: NDArray[Any]) -> NDArray[np.bool_]:
    differs = np.ones(len(values), dtype=np.bool_)
    differs[1:] = values[1:] != values[:-1]
    return differs


@numba.njit(cache=True, nogil=True)
def _find(parents: Parents, uid: np.int64) -> np.int64:
    while parents[uid] != uid:
        parents[uid] = parents[parents[uid]]  # path halving
        uid = np.int64(parents[uid])
    return uid


@numba.njit(cache=True, nogil=True)
def _union(parents: Parents, edges: Uids) -> int:
    """The number of the first edge that leaves the forest, or -1."""
    for i in range(len(edges)):
        # One signed type for all: numba would compare uint64 with int64 as floats.
        a, b = np.int64(edges[i, 0]), np.int64(edges[i, 1])
        if min(a, b) < 0 or max(a, b) >= len(parents):
            return i
        a, b = _find(parents, a), _find(parents, b)
        if a < b:
            parents[b] = a
        elif b < a:
            parents[a] = b
    return -1


@numba.njit(cache=True, nogil=True)
def _lead(
    signatures: NDArray[np.uint32], text_hashes: NDArray[np.uint64], starts: NDArray[np.int64], least: int,
    leaders: NDArray[np.int64],
) -> None:  # fmt: skip
    for cluster in range(len(starts) - 1):
        leading = 0
        for i in range(starts[cluster], starts[cluster + 1]):
            if leaders[i] >= 0:
                continue
            leaders[i] = i
            leading += 1
            if leading > MAX_LEADERS:
                continue
            for j in range(i + 1, starts[cluster + 1]):
                if leaders[j] >= 0:
                    continue
                same = text_hashes[i, 0] == text_hashes[j, 0] and text_hashes[i, 1] == text_hashes[j, 1]
                equal = 0
                for k in range(signatures.shape[1]):
                    equal += signatures[i, k] == signatures[j, k]
                if same or equal >= least:
                    leaders[j] = i


@numba.njit(cache=True, nogil=True)
def _compress(parents: Parents) -> None:
    # A parent is never larger than its child, so it has its root before the child asks for it.
    for uid in range(len(parents)):
        parents[uid] = parents[parents[uid]]
