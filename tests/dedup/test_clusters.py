from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dedup import clusters

forests = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=80))
)
entries = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), max_size=80)


def array(edges: list[tuple[int, int]], dtype: type = np.uint64) -> np.ndarray:
    return np.array(edges, dtype=dtype).reshape(-1, 2)


def smallest_of_component(documents: int, edges: np.ndarray) -> list[int]:
    """What `roots` must be, from scipy."""
    a, b = edges.astype(np.int64).T
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(documents, documents))
    count, labels = connected_components(graph, directed=False)
    smallest = np.full(count, documents)
    np.minimum.at(smallest, labels, np.arange(documents))
    return list(smallest[labels].tolist())


def cluster(documents: int, *batches: np.ndarray) -> list[int]:
    parents = clusters.new_parents(documents)
    for edges in batches:
        clusters.union_edges(parents, edges)
    return list(clusters.roots(parents).tolist())


@settings(deadline=None)
@given(forests, st.sampled_from([np.uint32, np.uint64, np.int64]))
def test_clusters_are_the_connected_components(forest: tuple[int, list[tuple[int, int]]], dtype: type) -> None:
    documents, edges = forest
    assert cluster(documents, array(edges, dtype)) == smallest_of_component(documents, array(edges))


@settings(deadline=None)
@given(forests, st.randoms(use_true_random=False), st.lists(st.integers(0, 80), max_size=4))
def test_order_direction_and_batches_of_edges_do_not_matter(
    forest: tuple[int, list[tuple[int, int]]], random: Random, cuts: list[int]
) -> None:
    documents, edges = forest
    expected = cluster(documents, array(edges))
    shuffled = [random.choice([(a, b), (b, a)]) for a, b in random.sample(edges, len(edges))]
    bounds = [0, *sorted(cuts), len(edges)]
    assert cluster(documents, *(array(shuffled[a:b]) for a, b in pairwise(bounds))) == expected


def test_many_documents_equal_scipy() -> None:
    rng = np.random.default_rng(3)
    edges = rng.integers(0, 200_000, (150_000, 2))
    chain = np.stack([np.arange(100_000, 150_000), np.arange(100_001, 150_001)], axis=1)[::-1]
    edges = np.concatenate([edges, chain])
    assert cluster(200_000, edges) == smallest_of_component(200_000, edges)


def test_a_large_forest_has_64_bit_parents() -> None:
    assert clusters.new_parents(3).dtype == np.uint32
    parents = np.arange(5, dtype=np.uint64)
    clusters.union_edges(parents, np.array([[4, 2], [1, 4]]))
    assert clusters.roots(parents).tolist() == [0, 1, 1, 3, 1]


@pytest.mark.parametrize("edge", [(0, 5), (5, 0), (-1, 2), (2, 1 << 40)])
def test_an_edge_that_leaves_the_forest_is_refused(edge: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"edge 1 .* leaves the forest of 5 documents"):
        clusters.union_edges(clusters.new_parents(5), array([(0, 1), edge], np.int64))


def test_edges_may_come_from_a_read_only_file(tmp_path: Path) -> None:
    np.save(tmp_path / "edges.npy", array([(3, 1), (0, 3)]))
    edges = np.load(tmp_path / "edges.npy", mmap_mode="r", allow_pickle=False)
    assert cluster(4, edges) == [0, 0, 2, 0]


@settings(deadline=None)
@given(entries, st.sampled_from([np.uint32, np.uint64, np.int64]))
def test_star_edges_join_every_uid_to_the_smallest_with_its_hash(pairs: list[tuple[int, int]], dtype: type) -> None:
    hashes = np.array([h for h, _ in pairs], dtype=np.uint64)
    uids: clusters.Uids = np.array([uid for _, uid in pairs], dtype=dtype)
    smallest = {h: min(uid for other, uid in pairs if other == h) for h, _ in pairs}
    expected = sorted({(smallest[h], uid) for h, uid in pairs if uid != smallest[h]})
    edges = clusters.star_edges(hashes, uids)
    assert edges.dtype == dtype
    assert edges.shape == (len(expected), 2)
    assert list(map(tuple, edges.tolist())) == expected


@settings(deadline=None)
@given(entries, st.integers(1, 4))
def test_buckets_of_hashes_and_one_sort_of_all_give_equal_clusters(pairs: list[tuple[int, int]], buckets: int) -> None:
    table = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    whole = clusters.star_edges(table[:, 0], table[:, 1])
    parts = [table[table[:, 0] % np.uint64(buckets) == bucket] for bucket in range(buckets)]
    assert cluster(41, whole) == cluster(41, *(clusters.star_edges(part[:, 0], part[:, 1]) for part in parts))


@given(
    st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25), st.lists(st.integers(0, 3), min_size=40)
)
def test_members_come_cluster_by_cluster_the_best_first(pairs: list[tuple[int, int]], values: list[int]) -> None:
    parents = clusters.new_parents(20)
    clusters.union_edges(parents, np.array(pairs, dtype=np.uint64).reshape(-1, 2))
    clusters.roots(parents)
    first, second = (np.array(values[i : i + 20], dtype=np.int64) for i in (0, 20))
    uids, starts = clusters.members(parents, [first, second])
    expected = []
    for root in sorted(set(parents.tolist())):
        found = [uid for uid in range(20) if parents[uid] == root]
        if len(found) > 1:
            expected.append(sorted(found, key=lambda uid: (first[uid], second[uid], uid)))
    assert [uids[a:b].tolist() for a, b in pairwise(starts.tolist())] == expected


def lead_plainly(signatures: np.ndarray, hashes: np.ndarray, starts: list[int], floor: float) -> list[int]:
    found = []
    for a, b in pairwise(starts):
        leaders: list[int] = []
        for i in range(a, b):
            like = [
                j for j in leaders
                if (hashes[i] == hashes[j]).all() or (signatures[i] == signatures[j]).mean() >= floor
            ]  # fmt: skip
            found.append(like[0] if like else i)
            leaders += [] if like else [i]
    return found


@given(st.integers(0, 12), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 0.7, 1.0]))
def test_whoever_goes_is_like_the_one_that_stays_and_no_two_that_stay_are(rows: int, seed: int, floor: float) -> None:
    random = np.random.RandomState(seed)
    signatures = random.randint(0, 2, (rows, 6)).astype(np.uint32)
    hashes = random.randint(0, 4, (rows, 2)).astype(np.uint64)
    starts = np.unique([0, *random.randint(0, rows + 1, 2), rows]).astype(np.int64)
    found = clusters.lead(signatures, hashes, starts, floor)
    assert found.tolist() == lead_plainly(signatures, hashes, starts.tolist(), floor)


def test_a_chain_keeps_both_of_its_ends() -> None:
    a, b, c = [0] * 10, [0] * 7 + [1] * 3, [0] * 4 + [1] * 6
    hashes = np.arange(6, dtype=np.uint64).reshape(3, 2)
    found = clusters.lead(np.array([a, b, c], np.uint32), hashes, np.array([0, 3]), 0.7)
    assert found.tolist() == [0, 0, 2]


def test_a_heap_of_strangers_does_not_cost_its_square() -> None:
    rows = clusters.MAX_LEADERS + 10
    signatures = np.arange(rows, dtype=np.uint32).repeat(4).reshape(rows, 4)
    signatures[-1] = signatures[-2]  # alike, but after the limit
    hashes = np.arange(2 * rows, dtype=np.uint64).reshape(rows, 2)
    found = clusters.lead(signatures, hashes, np.array([0, rows]), 0.7)
    assert found.tolist() == list(range(rows))
