"""Clusters are the connected components of the edges between duplicates, found by an array union-find.

A document is its uid, the place in an array of parents; the root of every cluster is its smallest uid, whatever the
order in which edges come, because a union always hangs the larger root under the smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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


def members(
    parents: Parents, preferences: Sequence[NDArray[np.int64]], published: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The documents to be compared, cluster by cluster, the best of each cluster first.

    `parents` are compressed. The first documents are of earlier corpora, as many as `published` is long: those that
    were kept there come first in their clusters, in the order of their uids; the others, and clusters without a new
    document, have no part in this. Each of `preferences` has a number for every new document; the smallest is the best,
    the first array before the second, and the smallest uid where all are equal.

    Returns the uids, (m,); where each cluster begins among them, with m at the end; and how many members of each
    cluster are settled, being of earlier corpora.
    """
    first_new = len(published)
    taken = np.ones(len(parents), dtype=np.bool_)
    taken[:first_new] = published
    # bincount takes no uint64
    sizes = np.bincount(parents[taken].astype(np.int64), minlength=len(parents))
    new = np.bincount(parents[first_new:].astype(np.int64), minlength=len(parents))
    uids = np.flatnonzero(taken & (sizes[parents] > 1) & (new[parents] > 0))
    is_new = uids >= first_new
    keys = []
    for values in reversed(preferences):
        keys.append(np.zeros(len(uids), dtype=np.int64))
        keys[-1][is_new] = values[uids[is_new] - first_new]
    order = np.lexsort((uids, *keys, is_new, parents[uids]))
    uids = uids[order]
    starts = np.append(np.flatnonzero(_differs_from_previous(parents[uids])), len(uids))
    before = np.append(0, np.cumsum(uids < first_new))
    return uids, starts, np.diff(before[starts])


#: In a cluster, so many documents may stand for others. What comes after them in a heap of strangers that boilerplate
#: has tied together is kept without being compared, or the work would grow with the square of the heap.
MAX_LEADERS = 1_000

#: What a limit may be missed by: 0.7 is not a number of the machine.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Lead:
    """The row of each row's leader, its own where it is kept; and how similar the two are."""

    leaders: NDArray[np.int64]
    similarities: NDArray[np.float64]


def lead(
    starts: NDArray[np.int64], settled: NDArray[np.int64], signatures: NDArray[np.uint32],
    text_hashes: NDArray[np.uint64], name_hashes: NDArray[np.uint64], floor: float,
    sets: tuple[NDArray[np.uint32], NDArray[np.int64]] | None = None,
) -> Lead:  # fmt: skip
    """Who stands for whom.

    Going through a cluster from the best on, a document follows the first leader whose text it equals, to which it is
    similar by at least `floor`, or whose name it has; otherwise it leads. So whoever goes is like the one that stays,
    and of those who stay no two are alike: a chain A~B~C in which A and C are strangers keeps both of them. The first
    `settled` of a cluster lead without being asked.

    Similarity is the share of the signature in which two agree, an estimate of Jaccard's index of their shingles; or
    that index itself, where the documents' sets of shingles are given as `signed.shingles` returns them.

    starts, settled: as from `members`; signatures: (m, permutations), cluster by cluster, the best first; text_hashes
    and name_hashes: (m, 2), zeros for no name.
    """
    leaders = np.full(len(signatures), -1, dtype=np.int64)
    similarities = np.ones(len(signatures), dtype=np.float64)
    values, bounds = sets if sets is not None else (np.empty(0, np.uint32), np.empty(0, np.int64))
    _lead(
        np.ascontiguousarray(starts), np.ascontiguousarray(settled), np.ascontiguousarray(signatures),
        np.ascontiguousarray(text_hashes), np.ascontiguousarray(name_hashes), floor - ROUNDING, values, bounds, leaders,
        similarities,
    )  # fmt: skip
    return Lead(leaders, similarities)


def joined(before: Parents, after: Parents, first_new: int) -> NDArray[np.bool_]:
    """Of every uid, whether it is the root (in `after`) of a cluster of two or more that were apart among the first
    `first_new` documents (in `before`); both compressed."""
    old_roots = np.flatnonzero(before[:first_new] == np.arange(first_new, dtype=before.dtype))
    found: NDArray[np.bool_] = np.bincount(after[old_roots].astype(np.int64), minlength=len(after)) > 1
    return found


def bridges(before: Parents, edges: Uids, first_new: int) -> NDArray[np.int64]:
    """Which document joined what had been apart: (n, 3), the document and the roots of the two clusters.

    Edges are taken as their later ends arrive, in the order of the uids; so it does not depend on how the edges were
    grouped. Only joins of clusters that both hold one of the first `first_new` documents count.
    """
    edges = np.sort(edges.astype(np.int64), axis=1)
    edges = np.unique(edges[:, ::-1], axis=0)  # by the later end
    found = np.empty((len(edges), 3), dtype=np.int64)
    count = _bridges(before.copy(), edges, first_new, found)
    return found[:count]


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
def _bridges(parents: Parents, edges: NDArray[np.int64], first_new: int, found: NDArray[np.int64]) -> int:
    count = 0
    for i in range(len(edges)):
        a, b = _find(parents, edges[i, 0]), _find(parents, edges[i, 1])
        a, b = min(a, b), max(a, b)
        if a == b:
            continue
        if b < first_new:  # a root is the smallest uid, so both clusters hold an old document
            found[count, 0], found[count, 1], found[count, 2] = edges[i, 0], a, b
            count += 1
        parents[b] = a
    return count


@numba.njit(cache=True, nogil=True)
def _estimate(signatures: NDArray[np.uint32], i: int | np.int64, j: int | np.int64) -> float:
    equal = 0
    for k in range(signatures.shape[1]):
        equal += signatures[i, k] == signatures[j, k]
    return float(equal / signatures.shape[1])


@numba.njit(cache=True, nogil=True)
def _jaccard(values: NDArray[np.uint32], bounds: NDArray[np.int64], i: int | np.int64, j: int | np.int64) -> float:
    """Of two sorted sets; that of two empty ones is 0."""
    a, b = values[bounds[i] : bounds[i + 1]], values[bounds[j] : bounds[j + 1]]
    both = p = q = 0
    while p < len(a) and q < len(b):
        x, y = a[p], b[q]
        both += x == y
        p += x <= y
        q += y <= x
    return float(both / max(len(a) + len(b) - both, 1))


@numba.njit(cache=True, nogil=True)
def _lead(
    starts: NDArray[np.int64], settled: NDArray[np.int64], signatures: NDArray[np.uint32],
    text_hashes: NDArray[np.uint64], name_hashes: NDArray[np.uint64], floor: float, values: NDArray[np.uint32],
    bounds: NDArray[np.int64], leaders: NDArray[np.int64], similarities: NDArray[np.float64],
) -> None:  # fmt: skip
    for cluster in range(len(starts) - 1):
        leading = 0
        new = starts[cluster] + settled[cluster]
        for i in range(starts[cluster], starts[cluster + 1]):
            if leaders[i] >= 0:
                continue
            leaders[i] = i
            leading += 1
            if leading > MAX_LEADERS:
                continue
            for j in range(max(i + 1, new), starts[cluster + 1]):
                if leaders[j] >= 0:
                    continue
                if text_hashes[i, 0] == text_hashes[j, 0] and text_hashes[i, 1] == text_hashes[j, 1]:
                    leaders[j] = i
                    continue
                similarity = _jaccard(values, bounds, i, j) if len(bounds) > 0 else _estimate(signatures, i, j)
                has_name = name_hashes[i, 0] != 0 or name_hashes[i, 1] != 0
                same_name = name_hashes[i, 0] == name_hashes[j, 0] and name_hashes[i, 1] == name_hashes[j, 1]
                if similarity >= floor or (has_name and same_name):
                    leaders[j] = i
                    similarities[j] = similarity


@numba.njit(cache=True, nogil=True)
def _compress(parents: Parents) -> None:
    # A parent is never larger than its child, so it has its root before the child asks for it.
    for uid in range(len(parents)):
        parents[uid] = parents[parents[uid]]
