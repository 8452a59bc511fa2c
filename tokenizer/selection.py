"""The documents of a corpus that a job reads: all of them, or those on one side of a held-out split."""

import hashlib
import itertools
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tokenizer.loader import OPEN_SHARDS, TokenShards, recall

Split = Literal["train", "held_out"]


def is_held_out(doc_ids: NDArray[np.uint8], share: float) -> NDArray[np.bool_]:
    """Whether each document (uint8[documents, 16]) is held out: the first 8 bytes of its id, big-endian, lie below
    `share` of 2**64.

    Ids are cut from SHA-256, so that is a share of the documents. It depends on nothing else: a document is held out of
    every corpus and every plan with this share or a larger one.
    """
    hashes = np.ascontiguousarray(doc_ids[:, :8]).view(">u8").ravel().astype(np.uint64)
    return hashes < np.uint64(min(int(share * 2**64), 2**64 - 1))


@dataclass(frozen=True)
class Chosen:
    """The rows chosen of a shard, and the tokens before each of them, counted over chosen rows; last all of these."""

    rows: NDArray[np.int64] | range
    ends: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Selection:
    """The chosen documents of a corpus, end to end, as one stream of tokens.

    `token_starts` has the chosen tokens before each shard, and last all of them. With `share` 0 nothing is read to make
    one; else every doc_id is, once.
    """

    shards: TokenShards
    share: float
    split: Split
    documents: int
    token_starts: list[int]
    #: SHA-256 of which documents are chosen; "" where all are.
    digest: str
    _recent: dict[int, Chosen] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        return self.token_starts[-1]

    def chosen(self, shard: int) -> Chosen:
        if not self.share:
            ends = self.shards.shard(shard).ends
            return Chosen(range(len(ends) - 1), ends)
        return recall(self._recent, OPEN_SHARDS, shard, lambda: _chosen(self.shards, shard, self.share, self.split))

    def window(self, start: int, length: int) -> list[tuple[int, int, int]]:
        """(document, start, stop) of the tokens from `start` on; after the last token comes the first."""
        found: list[tuple[int, int, int]] = []
        while length:
            start %= self.tokens
            index = bisect_right(self.token_starts, start) - 1
            first = self.shards.document_starts[index]
            at = start - self.token_starts[index]
            stop = min(at + length, self.token_starts[index + 1] - self.token_starts[index])
            length -= stop - at
            start += stop - at
            chosen = self.chosen(index)
            row = int(np.searchsorted(chosen.ends, at, side="right")) - 1
            while at < stop:
                begin, end = int(chosen.ends[row]), int(chosen.ends[row + 1])
                if end > at:
                    found.append((first + int(chosen.rows[row]), at - begin, min(end, stop) - begin))
                    at = min(end, stop)
                row += 1
        return found

    def position(self, document: int) -> tuple[int, int, int] | None:
        """(shard, place among its chosen rows, place of its first token in the stream); None where it is not chosen."""
        shard, row = self.shards.place(document)
        chosen = self.chosen(shard)
        at = row if isinstance(chosen.rows, range) else int(np.searchsorted(chosen.rows, row))
        if at == len(chosen.rows) or chosen.rows[at] != row:
            return None
        return shard, at, self.token_starts[shard] + int(chosen.ends[at])


def select(shards: TokenShards, share: float, split: Split) -> Selection:
    """The documents of one side of the split; all of them where `share` is 0."""
    if not share:
        return Selection(shards, 0.0, split, len(shards), shards.token_starts, "")
    sizes = []
    which = hashlib.sha256()
    documents = 0
    for shard in range(len(shards.entries)):
        chosen = _chosen(shards, shard, share, split)
        which.update(shards.doc_ids(shard)[chosen.rows].tobytes())
        documents += len(chosen.rows)
        sizes.append(int(chosen.ends[-1]))
    return Selection(shards, share, split, documents, [0, *itertools.accumulate(sizes)], which.hexdigest())


def _chosen(shards: TokenShards, shard: int, share: float, split: Split) -> Chosen:
    held_out = is_held_out(shards.doc_ids(shard), share)
    rows = np.flatnonzero(held_out if split == "held_out" else ~held_out)
    lengths = np.diff(shards.shard(shard).ends)[rows]
    return Chosen(rows, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
