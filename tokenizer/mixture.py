"""Which source a sample comes from: an even mixture, exact over every stage, for any sample by itself."""

import itertools
from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tokenizer.loader import recall
from tokenizer.permutation import MASK, keys, scramble

#: Samples that are arranged at a time, about.
BLOCK = 4096

RECENT = 16


def shares(weights: list[float], tokens_per_sample: list[Fraction]) -> list[Fraction]:
    """The share of samples of each source that gives it its weight of all tokens."""
    asked = [Fraction(weight) / each for weight, each in zip(weights, tokens_per_sample, strict=True)]
    return [one / sum(asked) for one in asked]


@dataclass(frozen=True, eq=False)
class Mixture:
    """`counts[stage][source]` samples of each source, in the order of the stages.

    A stage is cut into blocks of about BLOCK samples, each with its part of every source; in a block, the n-th of a
    source's q samples is put at random into the n-th q-th of the block. So every stretch has what the weights say, give
    or take a sample of each source, and no pattern that a number of ranks could fall in step with.
    """

    counts: list[list[int]]
    seed: int
    _starts: list[int] = field(init=False)
    _recent: dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", [0, *itertools.accumulate(sum(stage) for stage in self.counts)])
        object.__setattr__(self, "_recent", {})

    def __len__(self) -> int:
        return self._starts[-1]

    def at(self, k: int) -> tuple[int, int]:
        """(source, how many samples of it came before) of sample k, 0 ≤ k < len."""
        stage = bisect_right(self._starts, k) - 1
        counts, blocks = self.counts[stage], self._blocks(stage)
        k -= self._starts[stage]
        block = k * blocks // sum(counts)  # never after the block of k, for parts of counts are rounded down
        while block + 1 < blocks and sum(_before(count, block + 1, blocks) for count in counts) <= k:
            block += 1
        sources, turns = self._arranged(stage, block)
        place = k - sum(_before(count, block, blocks) for count in counts)
        source = int(sources[place])
        earlier = sum(stage_counts[source] for stage_counts in self.counts[:stage])
        return source, earlier + _before(counts[source], block, blocks) + int(turns[place])

    def where(self, source: int, sample: int) -> int | None:
        """The k of a source's sample: the inverse of `at`; None where the plan ends before it."""
        for stage, counts in enumerate(self.counts):
            count = counts[source]
            if sample < count:
                blocks = self._blocks(stage)
                block = sample * blocks // count
                while _before(count, block + 1, blocks) <= sample:
                    block += 1
                sources, turns = self._arranged(stage, block)
                turn = sample - _before(count, block, blocks)
                place = int(np.flatnonzero((sources == source) & (turns == turn))[0])
                return self._starts[stage] + sum(_before(each, block, blocks) for each in counts) + place
            sample -= count
        return None

    def _blocks(self, stage: int) -> int:
        return -(-sum(self.counts[stage]) // BLOCK)

    def _arranged(self, stage: int, block: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Source and turn of every place of a block."""

        def arrange() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            blocks = self._blocks(stage)
            sources, turns, places = [], [], []
            for source, count in enumerate(self.counts[stage]):
                size = _before(count, block + 1, blocks) - _before(count, block, blocks)
                turn = np.arange(size, dtype=np.int64)
                begin = keys(self.seed, "mixture", stage, block, source)[0]
                jitter = scramble((turn.astype(np.uint64) + begin) & MASK) >> 11  # 53 bits, what a float64 can hold
                sources.append(np.full(size, source, np.int64))
                turns.append(turn)
                places.append((turn + jitter * 2.0**-53) / max(size, 1))
            order = np.argsort(np.concatenate(places), kind="stable")
            return np.concatenate(sources)[order], np.concatenate(turns)[order]

        return recall(self._recent, RECENT, (stage, block), arrange)


def _before(count: int, block: int, blocks: int) -> int:
    """How many of `count` samples come before a block."""
    return count * block // blocks
