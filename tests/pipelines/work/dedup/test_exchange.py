from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.store import Output, Store
from pipelines.work.dedup import exchange

HASHES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=40)


@given(HASHES)
def test_combine_lets_the_smallest_uid_of_each_hash_leave_and_joins_the_rest_to_it(values: list[int]) -> None:
    hashes = np.array(values, dtype=np.uint64)
    uids = np.arange(len(values), dtype=np.uint64)[::-1].copy() + np.uint64(7)
    run, edges = exchange.combine(hashes, uids)
    groups: dict[int, list[int]] = {}
    for value, uid in zip(values, uids.tolist(), strict=True):
        groups.setdefault(value, []).append(uid)
    assert run.T.tolist() == [[h, min(groups[h])] for h in sorted(groups)]
    found = sorted((int(a), int(b)) for a, b in edges)
    assert found == sorted((min(g), uid) for g in groups.values() for uid in g if uid != min(g))


@given(values=HASHES, buckets=st.integers(1, 9))
def test_buckets_cut_a_band_where_the_hash_says_without_loss(values: list[int], buckets: int) -> None:
    hashes = np.array(sorted(values), dtype=np.uint64)
    cuts = [exchange.bucket_range(hashes, bucket, buckets) for bucket in range(buckets)]
    assert [row for cut in cuts for row in range(len(hashes))[cut]] == list(range(len(hashes)))
    for bucket, cut in enumerate(cuts):
        assert all(h * buckets >> 64 == bucket for h in hashes[cut].tolist())


def test_a_bucket_is_read_from_several_runs_in_their_order(tmp_path: Path) -> None:
    half = 1 << 63
    for name, hashes in {"a": [1, 2, half], "b": [3, half + 1, half + 2]}.items():
        np.save(tmp_path / f"{name}.npy", np.array([hashes, [10, 11, 12]], dtype=np.uint64))
    places = [("a.npy", 1, 3, 0), ("b.npy", 0, 2, 100)]
    assert exchange.read_bucket(Output(Store(tmp_path), tmp_path), places, 0, 1).T.tolist() == [
        [2, 11], [half, 12], [3, 110], [half + 1, 111],
    ]  # fmt: skip
    assert exchange.read_bucket(Output(Store(tmp_path), tmp_path), places, 0, 2).T.tolist() == [[2, 11], [3, 110]]
    assert exchange.read_bucket(Output(Store(tmp_path), tmp_path), [], 0, 1).shape == (2, 0)


def test_edges_are_moved_to_where_their_corpus_begins(tmp_path: Path) -> None:
    np.save(tmp_path / "edges.npy", np.array([[0, 3], [1, 2]], dtype=np.uint64))
    found = list(exchange.read_edges(Output(Store(tmp_path), tmp_path), [("edges.npy", 0), ("edges.npy", 10)]))
    assert [edges.tolist() for edges in found] == [[[0, 3], [1, 2]], [[10, 13], [11, 12]]]


def test_a_file_with_pickles_in_it_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        exchange.read_bucket(Output(Store(tmp_path), tmp_path), [("bad.npy", 0, 1, 0)], 0, 1)
