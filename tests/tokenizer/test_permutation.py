import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.permutation import keys, permute, permute_all, unpermute


@given(n=st.integers(1, 3000), seed=st.integers(0, 2**64))
def test_it_is_a_permutation_and_both_ways_agree(n: int, seed: int) -> None:
    by = keys(seed)
    there = permute_all(np.arange(n, dtype=np.uint64), n, by).tolist()
    assert sorted(there) == list(range(n))
    for index in range(0, n, 1 + n // 50):
        assert permute(index, n, by) == there[index]
        assert unpermute(there[index], n, by) == index


@given(n=st.integers(1, 2**63), seed=st.integers(), data=st.data())
def test_of_any_size(n: int, seed: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, n - 1))
    by = keys(seed, "source", 3)
    there = permute(index, n, by)
    assert 0 <= there < n
    assert unpermute(there, n, by) == index
    assert permute_all(np.array([index], np.uint64), n, by).tolist() == [there]


def test_values_are_pinned() -> None:
    """Another order would be another training run; a change here is a change of plan.VERSION."""
    assert permute_all(np.arange(10, dtype=np.uint64), 10, keys(1, "web", 0)).tolist() == [1, 9, 7, 4, 0, 5, 8, 2, 6, 3]
    assert permute(123_456_789_012, 10**12, keys(1, "web", 0)) == 844_751_026_843


def test_keys_depend_on_every_word() -> None:
    assert len({keys(*of) for of in [(1, "a", 0), (1, "a", 1), (1, "b", 0), (2, "a", 0), (1, "a")]}) == 5


@pytest.mark.parametrize("n", [1000, 1024, 1025])
def test_it_looks_random(n: int) -> None:
    """Every index goes to every tenth of the range about as often, neighbours too; chi-square with 99 degrees of
    freedom is below 149 in 999 of 1000 cases."""
    rounds = 200
    together = np.zeros((10, 10))
    for seed in range(rounds):
        there = permute_all(np.arange(n, dtype=np.uint64), n, keys(seed)).astype(np.int64) * 10 // n
        np.add.at(together, (there[:-1], there[1:]), 1)
    expected = rounds * (n - 1) / 100
    assert ((together - expected) ** 2 / expected).sum() < 149
