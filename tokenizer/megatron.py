"""Megatron-LM's index of tokens: an `.idx` beside a `.bin`, as its `IndexedDataset` reads them.

The index says at which byte of the `.bin` each document begins, so the `.bin` may be anything that holds the tokens as
they are: one of our shards as it stands, for one, or the tokens alone.

Layout, little-endian, of version 1 (megatron/core/datasets/indexed_dataset.py): the magic, uint64 version, uint8 code
of the type of a token, uint64 number of sequences, uint64 number of documents + 1, then int32 lengths, int64 bytes at
which sequences begin, int64 sequences before each document. A sequence of ours is a document.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenizer.loader import Shard

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
#: Its code of int32, the type of our tokens; it has none of uint32.
INT32 = 4

#: Megatron blends less than 32,767 data sets (blended_dataset.py keeps their numbers in int16).
MOST_PREFIXES = 32_766

#: Entries of the index that are made at a time.
_BLOCK = 1 << 20


def write_index(file: Any, lengths: NDArray[np.int64], starts: NDArray[np.int64] | None = None) -> None:
    """Write an `.idx` for documents of so many tokens, that begin at these bytes of the `.bin`; without `starts`, one
    right after the other. Raises ValueError where a document is too long for an int32.
    """
    documents = len(lengths)
    if documents and int(lengths.max()) >= 1 << 31:
        raise ValueError(f"a document of {int(lengths.max())} tokens; the index holds int32 lengths")
    file.write(MAGIC + struct.pack("<QBQQ", VERSION, INT32, documents, documents + 1))
    blocks = range(0, documents, _BLOCK)
    for at in blocks:
        file.write(lengths[at : at + _BLOCK].astype("<i4").tobytes())
    before = 0
    for at in blocks:
        if starts is not None:
            file.write(starts[at : at + _BLOCK].astype("<i8").tobytes())
            continue
        ends = before + np.cumsum(4 * lengths[at : at + _BLOCK])
        file.write(np.concatenate([[before], ends[:-1]]).astype("<i8").tobytes())
        before = int(ends[-1])
    for at in range(0, documents + 1, _BLOCK):
        file.write(np.arange(at, min(at + _BLOCK, documents + 1), dtype="<i8").tobytes())


def starts_in(shard: Shard) -> NDArray[np.int64]:
    """The byte of a shard's `.arrow` file at which each document's tokens begin, (documents,)."""
    tokens = shard.ends[:-1]
    batches = np.searchsorted(np.array(shard.batch_tokens), tokens, side="right") - 1
    return np.asarray(4 * (tokens + np.array(shard.words_before)[batches]), np.int64)
