"""The shuffle over files: every part writes one file with a run for every band, sorted by hash; a bucket is a range of
each run.

A band's hashes are cut into buckets of equal width, so each bucket is contiguous in every run and found by bisection.
The number of buckets decides who does the work, never what comes out.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.store import Output

#: One run: (2, n) uint64, the hashes in order and below them the uids.
Run = NDArray[np.uint64]

#: A file of edges, and what is to be added to the uids in it.
Edges = tuple[str, int]

#: A run within a file: the path, first column, end column, and what is to be added to its uids.
Place = tuple[str, int, int, int]


def combine(hashes: NDArray[np.uint64], uids: NDArray[np.uint64]) -> tuple[Run, NDArray[np.uint64]]:
    """Sort one band of one part and let only the smallest uid of each hash leave.

    hashes, uids: (n,). Returns the run that leaves, and the edges (m, 2) from the smallest uid to the others with its
    hash: a bucket of boilerplate costs at most one entry a part, however large it is.
    """
    order = np.lexsort((uids, hashes))
    hashes, uids = hashes[order], uids[order]
    first = np.ones(len(hashes), dtype=bool)
    first[1:] = hashes[1:] != hashes[:-1]
    run = np.stack([hashes[first], uids[first]]).astype("<u8", copy=False)
    smallest = run[1][np.cumsum(first) - 1] if len(uids) else uids
    return run, np.stack([smallest[~first], uids[~first]], axis=1).astype("<u8")


def bucket_start(bucket: int, buckets: int) -> int:
    """The smallest hash of a bucket; that of `buckets`, where the last one ends, is 2**64."""
    return -(-(bucket << 64) // buckets)


def bucket_range(hashes: NDArray[np.uint64], bucket: int, buckets: int) -> slice:
    """Where a bucket lies among sorted hashes."""
    start = int(np.searchsorted(hashes, np.uint64(bucket_start(bucket, buckets))))
    if bucket + 1 == buckets:
        return slice(start, len(hashes))
    return slice(start, int(np.searchsorted(hashes, np.uint64(bucket_start(bucket + 1, buckets)))))


def read_bucket(output: Output, places: Sequence[Place], bucket: int, buckets: int) -> Run:
    """One bucket of a band from all its runs, in the order of `places`."""
    pieces = []
    files = output.fetch_all([path for path, _, _, _ in places])
    for file, (_, start, stop, base) in zip(files, places, strict=True):
        run = np.load(file, mmap_mode="r", allow_pickle=False)[:, start:stop]
        piece = run[:, bucket_range(run[0], bucket, buckets)]
        pieces.append(piece + np.array([[0], [base]], dtype=np.uint64))
    return np.concatenate(pieces, axis=1) if pieces else np.empty((2, 0), dtype=np.uint64)


def read_edges(output: Output, files: Sequence[Edges]) -> Iterator[NDArray[np.uint64]]:
    """Each file of edges (m, 2), memory-mapped where nothing is to be added."""
    for file, (_, base) in zip(output.fetch_all([path for path, _ in files]), files, strict=True):
        edges = np.load(file, mmap_mode="r", allow_pickle=False)
        yield edges + np.uint64(base) if base else edges
