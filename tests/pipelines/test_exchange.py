import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import exchange

HASHES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=40)


@given(HASHES)
def test_combine_lets_the_smallest_uid_of_each_hash_leave_and_joins_the_rest_to_it(values: list[int]) -> None:
    hashes = np.array(values, dtype=np.uint64)
    uids = np.arange(len(values), dtype=np.uint64)[::-1].copy() + np.uint64(7)
    entries, edges = exchange.combine(hashes, uids)
    groups: dict[int, list[int]] = {}
    for value, uid in zip(values, uids.tolist(), strict=True):
        groups.setdefault(value, []).append(uid)
    assert [(int(e["hash"]), int(e["uid"])) for e in entries] == [(h, min(groups[h])) for h in sorted(groups)]
    found = sorted((int(a), int(b)) for a, b in edges)
    assert found == sorted((min(g), uid) for g in groups.values() for uid in g if uid != min(g))


@given(values=HASHES, buckets=st.integers(1, 9))
def test_buckets_cut_a_band_where_the_hash_says_without_loss(values: list[int], buckets: int) -> None:
    entries, _ = exchange.combine(np.array(values, dtype=np.uint64), np.arange(len(values), dtype=np.uint64))
    bounds = exchange.bucket_bounds(entries, buckets)
    assert bounds[0] == 0
    assert bounds[-1] == len(entries)
    assert len(bounds) == buckets + 1
    for bucket, (start, stop) in enumerate(itertools.pairwise(bounds)):
        assert all(int(h) * buckets >> 64 == bucket for h in entries["hash"][start:stop])


def test_ranges_of_several_files_are_read_in_order(tmp_path: Path) -> None:
    for name in "ab":
        entries: Any = np.zeros(3, dtype=exchange.ENTRY)
        entries["uid"] = [ord(name), ord(name) + 1, ord(name) + 2]
        np.save(tmp_path / f"{name}.npy", entries)
    read = exchange.read_ranges(tmp_path, [("a.npy", 1, 3), ("b.npy", 0, 1)])
    assert read["uid"].tolist() == [98, 99, 98]
    assert len(exchange.read_ranges(tmp_path, [])) == 0


def test_a_file_with_pickles_in_it_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        exchange.read_ranges(tmp_path, [("bad.npy", 0, 1)])
