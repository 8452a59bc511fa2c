"""The shuffle over files: every mapper writes one file sorted by (band, hash); a bucket is a row range of each.

A band's hashes are cut into buckets of equal width, so each bucket is contiguous in every file and its range fits in
the mapper's commit. The number of buckets decides who does the work, never what comes out.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: One entry of a band: 16 bytes, little-endian, as they lie in the .npy file.
ENTRY = np.dtype([("hash", "<u8"), ("uid", "<u8")])


def combine(hashes: NDArray[np.uint64], uids: NDArray[np.uint64]) -> tuple[NDArray[Any], NDArray[np.uint64]]:
    """Sort one band of one part and let only the smallest uid of each hash leave.

    hashes, uids: (n,). Returns the entries that leave, sorted by hash, and the edges (m, 2) from the smallest uid to
    the others with its hash: a bucket of boilerplate costs at most one entry a part, however large it is.
    """
    order = np.lexsort((uids, hashes))
    hashes, uids = hashes[order], uids[order]
    first = np.ones(len(hashes), dtype=bool)
    first[1:] = hashes[1:] != hashes[:-1]
    entries = np.empty(int(first.sum()), dtype=ENTRY)
    entries["hash"], entries["uid"] = hashes[first], uids[first]
    smallest = entries["uid"][np.cumsum(first) - 1] if len(uids) else uids
    return entries, np.stack([smallest[~first], uids[~first]], axis=1).astype("<u8")


def bucket_bounds(entries: NDArray[Any], buckets: int) -> list[int]:
    """Row numbers (buckets + 1 of them) where each bucket of a sorted band begins and the last one ends."""
    starts = np.array([-(-(bucket << 64) // buckets) for bucket in range(1, buckets)], dtype=np.uint64)
    inner = np.searchsorted(entries["hash"], starts, side="left")
    return [0, *(int(row) for row in inner), len(entries)]


def read_ranges(root: Path, ranges: Sequence[tuple[str, int, int]]) -> NDArray[Any]:
    """The entries of one bucket from all mappers' files, in the order of `ranges` (path, first row, end row)."""
    pieces = [np.load(root / path, mmap_mode="r", allow_pickle=False)[start:stop] for path, start, stop in ranges]
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=ENTRY)


def read_edges(root: Path, paths: Sequence[str]) -> Iterator[NDArray[np.uint64]]:
    """Each file of edges (m, 2), memory-mapped."""
    for path in paths:
        yield np.load(root / path, mmap_mode="r", allow_pickle=False)
