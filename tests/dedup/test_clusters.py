from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
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


@given(forests, st.sampled_from([np.uint32, np.uint64, np.int64]))
def test_clusters_are_the_connected_components(forest: tuple[int, list[tuple[int, int]]], dtype: type) -> None:
    documents, edges = forest
    assert cluster(documents, array(edges, dtype)) == smallest_of_component(documents, array(edges))


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


@given(entries, st.integers(1, 4))
def test_buckets_of_hashes_and_one_sort_of_all_give_equal_clusters(pairs: list[tuple[int, int]], buckets: int) -> None:
    table = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    whole = clusters.star_edges(table[:, 0], table[:, 1])
    parts = [table[table[:, 0] % np.uint64(buckets) == bucket] for bucket in range(buckets)]
    assert cluster(41, whole) == cluster(41, *(clusters.star_edges(part[:, 0], part[:, 1]) for part in parts))


pairs_of_20 = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25)


def forest(pairs: list[tuple[int, int]]) -> clusters.Parents:
    parents = clusters.new_parents(20)
    clusters.union_edges(parents, np.array(pairs, dtype=np.uint64).reshape(-1, 2))
    return clusters.roots(parents)


@given(pairs_of_20, st.lists(st.integers(0, 3), min_size=40), st.lists(st.booleans(), max_size=20))
def test_members_come_cluster_by_cluster_the_settled_before_the_best(
    pairs: list[tuple[int, int]], values: list[int], published: list[bool]
) -> None:
    parents = forest(pairs)
    old = len(published)
    first, second = (np.array(values[i + old : i + 20], dtype=np.int64) for i in (0, 20))
    uids, starts, settled = clusters.members(parents, [first, second], np.array(published, dtype=np.bool_))
    expected, expected_settled = [], []
    for root in sorted(set(parents.tolist())):
        found = [uid for uid in range(20) if parents[uid] == root and (uid >= old or published[uid])]
        before, new = [uid for uid in found if uid < old], [uid for uid in found if uid >= old]
        if len(found) > 1 and new:
            best = sorted(new, key=lambda uid: (first[uid - old], second[uid - old], uid))
            expected.append([*before, *best])
            expected_settled.append(len(before))
    assert [uids[a:b].tolist() for a, b in pairwise(starts.tolist())] == expected
    assert settled.tolist() == expected_settled


def lead_plainly(
    signatures: np.ndarray, texts: np.ndarray, urls: np.ndarray, starts: list[int], settled: list[int], floor: float
) -> list[int]:
    found = []
    for (a, b), fixed in zip(pairwise(starts), settled, strict=True):
        leaders: list[int] = []
        for i in range(a, b):
            like = [] if i < a + fixed else [
                j for j in leaders
                if (texts[i] == texts[j]).all() or (signatures[i] == signatures[j]).mean() >= floor
                or (urls[i].any() and (urls[i] == urls[j]).all())
            ]  # fmt: skip
            found.append(like[0] if like else i)
            leaders += [] if like else [i]
    return found


@given(st.integers(0, 12), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 0.7, 1.0]))
def test_whoever_goes_is_like_the_one_that_stays_and_no_two_that_stay_are(rows: int, seed: int, floor: float) -> None:
    random = np.random.RandomState(seed)
    signatures = random.randint(0, 2, (rows, 6)).astype(np.uint32)
    texts, urls = (random.randint(0, 4, (rows, 2)).astype(np.uint64) for _ in range(2))
    starts = np.unique([0, *random.randint(0, rows + 1, 2), rows]).astype(np.int64)
    settled = np.minimum(random.randint(0, 3, len(starts) - 1), np.diff(starts)).astype(np.int64)
    found = clusters.lead(starts, settled, signatures, texts, urls, floor)
    assert found.leaders.tolist() == lead_plainly(signatures, texts, urls, starts.tolist(), settled.tolist(), floor)
    for row, leader in enumerate(found.leaders.tolist()):
        same = row == leader or (texts[row] == texts[leader]).all()
        assert found.similarities[row] == (1 if same else (signatures[row] == signatures[leader]).mean())


def of_texts(signatures: list[list[int]], floor: float, starts: list[int], **given: object) -> clusters.Lead:
    """Documents of different texts without a URL, none of them settled."""
    rows = len(signatures)
    return clusters.lead(
        np.array(starts), np.zeros(len(starts) - 1, dtype=np.int64), np.array(signatures, dtype=np.uint32),
        np.arange(2 * rows, dtype=np.uint64).reshape(rows, 2), np.zeros((rows, 2), dtype=np.uint64), floor, **given,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_chain_keeps_both_of_its_ends() -> None:
    a, b, c = [0] * 10, [0] * 7 + [1] * 3, [0] * 4 + [1] * 6
    assert of_texts([a, b, c], 0.7, [0, 3]).leaders.tolist() == [0, 0, 2]


@given(st.lists(st.frozensets(st.integers(0, 8)), min_size=2, max_size=6), st.sampled_from([0.3, 0.5, 0.7]))
def test_similarity_of_shingles_is_that_of_the_sets(sets: list[frozenset[int]], floor: float) -> None:
    values = np.array([value for one in sets for value in sorted(one)], dtype=np.uint32)
    bounds = np.cumsum([0, *map(len, sets)])
    found = of_texts([[0]] * len(sets), floor, [0, len(sets)], sets=(values, bounds))
    leaders: list[int] = []
    for row, one in enumerate(sets):
        like = [(len(one & sets[i]) / max(len(one | sets[i]), 1), i) for i in leaders]
        similarity, leader = next(((s, i) for s, i in like if s >= floor - 1e-9), (1.0, row))
        assert (found.leaders[row], found.similarities[row]) == (leader, similarity)
        leaders += [row] if leader == row else []


def test_a_heap_of_strangers_does_not_cost_its_square() -> None:
    rows = clusters.MAX_LEADERS + 10
    signatures = [[row] * 4 for row in range(rows)]
    signatures[-1] = signatures[-2]  # alike, but after the limit
    assert of_texts(signatures, 0.7, [0, rows]).leaders.tolist() == list(range(rows))


@given(pairs_of_20, st.integers(0, 20), st.randoms(use_true_random=False))
def test_a_bridge_is_the_document_with_which_clusters_became_one(
    pairs: list[tuple[int, int]], old: int, random: Random
) -> None:
    inside = [(a, b) for a, b in pairs if max(a, b) < old]
    across = [(a, b) for a, b in pairs if max(a, b) >= old]
    before = forest(inside)
    expected: list[tuple[int, int, int]] = []
    for newest in range(old, 20):  # as if the documents came one after the other
        now = forest(inside + [pair for pair in across if max(pair) < newest])
        then = forest(inside + [pair for pair in across if max(pair) <= newest])
        roots = {int(now[uid]) for uid in range(20) if then[uid] == then[newest]}
        roots = {root for root in roots if root < old}
        expected += [(newest, min(roots), root) for root in sorted(roots - {min(roots)})] if roots else []
    random.shuffle(across)
    found = clusters.bridges(before, np.array(across, dtype=np.uint64).reshape(-1, 2), old)
    assert [row[0] for row in found.tolist()] == [row[0] for row in expected]
    assert sorted((row[0], row[2]) for row in found.tolist()) == sorted((row[0], row[2]) for row in expected)
    after = forest(pairs)
    flags = clusters.joined(before, after, old)
    assert flags.tolist() == [
        after[uid] == uid and len({int(before[o]) for o in range(old) if after[o] == uid}) > 1 for uid in range(20)
    ]
