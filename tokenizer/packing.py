"""From documents to samples of `seq_len` tokens: cut the stream every so many tokens, or fit documents together.

Both give the samples of a pass over a selection, in the order of that pass, each by itself: `segments(pass, index)`.
And they answer the other way round: `seen(pass, document)` are the samples that a document is in.
"""

import itertools
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenizer.loader import recall
from tokenizer.permutation import Keys, keys, permute, permute_all, unpermute
from tokenizer.selection import Selection

#: A range of a document's tokens: (document, start, stop).
Segment = tuple[int, int, int]

#: Documents are fitted together with those of the same so many tokens. More fills the samples better and takes more
#: time to begin with: benchmarks/loader.py has the numbers.
BLOCK_TOKENS = 1 << 22

#: Blocks whose packing is kept; a pass reads one after the other, so one for each of a few readers is enough.
RECENT_BLOCKS = 8


@dataclass(frozen=True, eq=False)
class Concat:
    """Documents end to end, cut every `seq_len` tokens, as Megatron does. No padding; documents are cut where it falls.

    Each pass begins to cut at another token, so that a document is not cut at the same place again. What is left at the
    end of the stream, less than a sample, is not read in that pass.
    """

    selection: Selection
    seq_len: int
    seed: int
    name: str
    _by: dict[int, tuple[Keys, int]] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        return self.selection.tokens // self.seq_len

    @property
    def tokens(self) -> int:
        """How many tokens of documents a pass has."""
        return self.samples * self.seq_len

    def segments(self, of_pass: int, index: int) -> list[Segment]:
        by, shift = self._keys(of_pass)
        return self.selection.window(shift + permute(index, self.samples, by) * self.seq_len, self.seq_len)

    def seen(self, of_pass: int, document: int) -> list[int]:
        position = self.selection.position(document)
        if position is None:
            return []
        shard, at, token = position
        ends = self.selection.chosen(shard).ends
        length = int(ends[at + 1] - ends[at])
        by, shift = self._keys(of_pass)
        begin = (token - shift) % self.selection.tokens
        # A document may lie across the place where the first window begins and the last one ends.
        tail = max(begin + length - self.selection.tokens, 0)
        windows: set[int] = set()
        for start, stop in ((begin, begin + length - tail), (0, tail)):
            if stop > start:
                windows |= set(range(start // self.seq_len, min((stop - 1) // self.seq_len + 1, self.samples)))
        return sorted(unpermute(window, self.samples, by) for window in windows)

    def _keys(self, of_pass: int) -> tuple[Keys, int]:
        """The keys of a pass's order, and the token it begins to cut at."""

        def make() -> tuple[Keys, int]:
            return (
                keys(self.seed, self.name, of_pass),
                keys(self.seed, self.name, of_pass, "shift")[0] % self.selection.tokens,
            )

        return recall(self._by, 2, of_pass, make)


@dataclass(frozen=True)
class Packed:
    """A block's samples: sample b is the segments `starts[b]` to `starts[b + 1]`, each (place of the document, start,
    stop), in the order of the documents."""

    segments: NDArray[np.int64]
    starts: NDArray[np.int64]


def best_fit(lengths: NDArray[np.int64], seq_len: int) -> Packed:
    """Best-fit decreasing (Ding et al. 2024, "Fewer truncations improve language modeling", arXiv:2404.10830).

    A document longer than a sample is cut into full samples and a rest; rests and shorter documents go, the longest
    first, where they leave the least room. The room that is left is kept as one bit for every size, so a document costs
    the same whatever the number of samples.
    """
    full = lengths // seq_len
    rest = lengths % seq_len
    order = np.argsort(-rest, kind="stable")
    order = order[rest[order] > 0]
    room: dict[int, list[int]] = {}
    sizes = 0
    bins = np.empty(len(order), np.int64)
    count = 0
    for place, size in enumerate(rest[order].tolist()):
        fitting = sizes >> size
        if fitting:
            left = size + (fitting & -fitting).bit_length() - 1
            waiting = room[left]
            chosen = waiting.pop()
            if not waiting:
                sizes ^= 1 << left
        else:
            left, chosen, count = seq_len, count, count + 1
        bins[place] = chosen
        if left > size:
            sizes |= 1 << left - size
            room.setdefault(left - size, []).append(chosen)
    whole = np.repeat(np.arange(len(lengths)), full)
    turn = np.arange(len(whole)) - np.repeat(np.cumsum(full) - full, full)
    documents = np.concatenate([order, whole])
    begins = np.concatenate([full[order] * seq_len, turn * seq_len])
    stops = np.concatenate([lengths[order], (turn + 1) * seq_len])
    bins = np.concatenate([bins, count + np.arange(len(whole))])
    by_bin = np.lexsort((documents, bins))
    starts = np.concatenate([[0], np.cumsum(np.bincount(bins, minlength=count + len(whole)))])
    return Packed(np.stack([documents, begins, stops], axis=1)[by_bin], starts.astype(np.int64))


@dataclass(frozen=True, eq=False)
class BestFit:
    """Whole documents fitted together, block by block; only those longer than a sample are cut. The rest is padding.

    A block is the documents of a shard that begin in the same BLOCK_TOKENS of it. Every pass has the same samples;
    blocks come in another order, and samples in another order within their block. Documents lie in a random order to
    begin with, so that is as good as any, and the packing of one block at a time is all there is to remember.
    """

    selection: Selection
    seq_len: int
    seed: int
    name: str
    #: How many blocks there are before each shard, and last all of them; and how many samples each has.
    block_starts: list[int]
    sizes: NDArray[np.int64]
    #: How many documents are cut.
    cut: int
    _packed: dict[int, Packed] = field(default_factory=dict)
    _orders: dict[int, tuple[NDArray[np.uint64], NDArray[np.int64]]] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        return int(self.sizes.sum())

    @property
    def tokens(self) -> int:
        return self.selection.tokens

    def segments(self, of_pass: int, index: int) -> list[Segment]:
        order, starts = self._order(of_pass)
        turn = int(np.searchsorted(starts, index, side="right")) - 1
        block = int(order[turn])
        sample = permute(index - int(starts[turn]), int(self.sizes[block]), self._keys(of_pass, block))
        shard = bisect_right(self.block_starts, block) - 1
        rows, begin = self._rows(block)
        packed = self._block(block)
        found = packed.segments[int(packed.starts[sample]) : int(packed.starts[sample + 1])].tolist()
        first = self.selection.shards.document_starts[shard]
        return [(first + int(rows[begin + place]), start, stop) for place, start, stop in found]

    def seen(self, of_pass: int, document: int) -> list[int]:
        position = self.selection.position(document)
        if position is None:
            return []
        shard, at, token = position
        block = self.block_starts[shard] + (token - self.selection.token_starts[shard]) // BLOCK_TOKENS
        _, begin = self._rows(block)
        packed = self._block(block)
        holding = np.flatnonzero(packed.segments[:, 0] == at - begin)
        samples = np.searchsorted(packed.starts, holding, side="right") - 1
        order, starts = self._order(of_pass)
        start = int(starts[int(np.flatnonzero(order == block)[0])])
        by = self._keys(of_pass, block)
        return sorted(start + unpermute(int(sample), int(self.sizes[block]), by) for sample in samples)

    def _rows(self, block: int) -> tuple[NDArray[np.int64] | range, int]:
        """The rows chosen of the block's shard, and which of them is the block's first."""
        shard = bisect_right(self.block_starts, block) - 1
        chosen = self.selection.chosen(shard)
        return chosen.rows, _edges(chosen.ends, block - self.block_starts[shard])[0]

    def _block(self, block: int) -> Packed:
        def pack() -> Packed:
            shard = bisect_right(self.block_starts, block) - 1
            ends = self.selection.chosen(shard).ends
            return best_fit(_lengths(ends, block - self.block_starts[shard]), self.seq_len)

        return recall(self._packed, RECENT_BLOCKS, block, pack)

    def _order(self, of_pass: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The blocks in the order of a pass, and the samples before each."""

        def shuffle() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
            blocks = np.arange(len(self.sizes), dtype=np.uint64)
            order = permute_all(blocks, len(blocks), keys(self.seed, self.name, of_pass))
            return order, np.concatenate([[0], np.cumsum(self.sizes[order])]).astype(np.int64)

        return recall(self._orders, 2, of_pass, shuffle)

    def _keys(self, of_pass: int, block: int) -> Keys:
        return keys(self.seed, self.name, of_pass, block)


def plan_best_fit(selection: Selection, seq_len: int, seed: int, name: str) -> BestFit:
    """Pack every block once, to know how many samples there are."""
    counts = []
    sizes = []
    cut = 0
    for shard in range(len(selection.shards.entries)):
        ends = selection.chosen(shard).ends
        counts.append(-(-int(ends[-1]) // BLOCK_TOKENS))
        for block in range(counts[-1]):
            lengths = _lengths(ends, block)
            sizes.append(len(best_fit(lengths, seq_len).starts) - 1)
            cut += int((lengths > seq_len).sum())
    return BestFit(
        selection, seq_len, seed, name, [0, *itertools.accumulate(counts)], np.array(sizes, np.int64), cut
    )  # fmt: skip


def _edges(ends: NDArray[Any], block: int) -> tuple[int, int]:
    """The documents that begin in the tokens of a block."""
    edges = np.searchsorted(ends[:-1], [block * BLOCK_TOKENS, (block + 1) * BLOCK_TOKENS])
    return int(edges[0]), int(edges[1])


def _lengths(ends: NDArray[np.int64], block: int) -> NDArray[np.int64]:
    first, after = _edges(ends, block)
    return np.diff(ends[first : after + 1])
