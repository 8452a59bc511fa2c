from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenizer.mixture import BLOCK, Mixture, shares

STAGES = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 300), min_size=n, max_size=n).filter(any), min_size=1, max_size=3)
)


@settings(max_examples=50)
@given(counts=STAGES, seed=st.integers(0, 99))
def test_every_sample_of_every_source_comes_once_and_in_order(counts: list[list[int]], seed: int) -> None:
    mixture = Mixture(counts, seed)
    assert len(mixture) == sum(map(sum, counts))
    seen: list[list[int]] = [[] for _ in counts[0]]
    for k in range(len(mixture)):
        source, sample = mixture.at(k)
        seen[source].append(sample)
        assert mixture.where(source, sample) == k
    for source, samples in enumerate(seen):
        total = sum(stage[source] for stage in counts)
        assert sorted(samples) == list(range(total))
        assert mixture.where(source, total) is None


def test_every_stretch_has_the_mixture() -> None:
    counts = [70_000, 20_000, 7_000, 3_000, 1]
    mixture = Mixture([counts], 5)
    for start in (0, BLOCK - 500, 54_321):
        found = [0] * 5
        for k in range(start, start + 1000):
            found[mixture.at(k)[0]] += 1
            for source, count in enumerate(counts):
                assert abs(found[source] - (k - start + 1) * count / sum(counts)) < 8


def test_there_is_no_pattern_for_ranks_to_fall_in_step_with() -> None:
    mixture = Mixture([[4000, 4000]], 1)
    for world in (2, 4, 8):
        for rank in range(world):
            mine = [mixture.at(k)[0] for k in range(rank, 8000, world)]
            assert 0.4 < sum(mine) / len(mine) < 0.6


def test_stages_follow_each_other() -> None:
    mixture = Mixture([[10, 0], [5, 5]], 0)
    assert {mixture.at(k)[0] for k in range(10)} == {0}
    assert sorted(mixture.at(k) for k in range(10, 20)) == [(0, n) for n in range(10, 15)] + [(1, n) for n in range(5)]


def test_weights_are_of_tokens_not_of_samples() -> None:
    assert shares([1.0, 1.0], [Fraction(100), Fraction(50)]) == [Fraction(1, 3), Fraction(2, 3)]


@pytest.mark.parametrize("k", [0, 1, 12_345, 10**12])
def test_a_long_plan_is_as_easy(k: int) -> None:
    mixture = Mixture([[10**12, 10**11, 7]], 3)
    source, sample = mixture.at(k)
    assert mixture.where(source, sample) == k
