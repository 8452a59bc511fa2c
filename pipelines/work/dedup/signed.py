"""Signed documents as they lie in the files of dedup/sign, found by uid, in whatever part and corpus they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.store import Output

#: What is known of a signed document beside its signature; 88 bytes.
DOCUMENT = np.dtype(
    [
        ("doc_id", "V16"),
        ("text", "<u8", (2,)),  # hash of its key
        ("name", "<u8", (2,)),  # hash of its work's name, or its canonical URL; zeros where the recipe asks for none
        ("is_work", "<i8"),  # 1 where the name is a work's
        ("chars", "<i8"),  # of the text that is left
        ("date", "<i8"),  # microseconds since 1970; NO_DATE
        ("score", "<f8"),  # the one that the recipe prefers representatives by; nan where there is none
        ("emptied", "<i8"),  # 1 where nothing is left after the repeated lines were cut
    ]
)

NO_DATE = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Signed:
    """The uid of the first document of every part, and the number of documents at the end; and where each part's files
    begin (below OUT, or anywhere for the parts of earlier corpora)."""

    offsets: tuple[int, ...]
    parts: tuple[str, ...]


def prefix(index: int) -> str:
    return f"dedup/sign/part-{index:05d}"


def read(output: Output, part: str, what: str) -> NDArray[Any]:
    """One of a part's arrays (documents, signatures, shingles, starts), memory-mapped."""
    found: NDArray[Any] = np.load(output.fetch(f"{part}.{what}.npy"), mmap_mode="r", allow_pickle=False)
    return found


def documents(output: Output, signed: Signed, uids: NDArray[np.int64]) -> NDArray[np.void]:
    """The rows of DOCUMENT of some uids, (n,)."""
    found = np.empty(len(uids), dtype=DOCUMENT)
    for (array,), places, rows in _arrays(output, signed, uids, "documents"):
        found[places] = array[rows]
    return found


def signatures(output: Output, signed: Signed, uids: NDArray[np.int64], permutations: int) -> NDArray[np.uint32]:
    """The signatures of some uids, (n, permutations)."""
    found = np.empty((len(uids), permutations), dtype=np.uint32)
    for (array,), places, rows in _arrays(output, signed, uids, "signatures"):
        found[places] = array[rows]
    return found


def shingles(output: Output, signed: Signed, uids: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The shingles of some uids, each document's sorted and without repetition, one after the other; and where each
    document's begin, (n + 1,)."""
    pieces = [np.empty(0, dtype=np.uint32)] * len(uids)
    for (values, starts), places, rows in _arrays(output, signed, uids, "shingles", "starts"):
        for place, row in zip(places.tolist(), rows.tolist(), strict=True):
            pieces[place] = values[starts[row] : starts[row + 1]]
    lengths = np.array([0, *map(len, pieces)], dtype=np.int64)
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.uint32), np.cumsum(lengths)


def _arrays(
    output: Output, signed: Signed, uids: NDArray[np.int64], *what: str
) -> Iterator[tuple[list[NDArray[Any]], NDArray[np.int64], NDArray[np.int64]]]:
    """For every part that has some of the uids: those of its arrays, the places among the uids, the rows in it."""
    parts = list(_by_part(signed, uids))
    output.fetch_all([f"{part}.{name}.npy" for part, _, _ in parts for name in what])
    for part, places, rows in parts:
        yield [read(output, part, name) for name in what], places, rows


def _by_part(signed: Signed, uids: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """For every part that has some of the uids: the part, their places among them, their rows in it."""
    offsets = np.array(signed.offsets, dtype=np.int64)
    owner = np.searchsorted(offsets, uids, side="right") - 1
    order = np.argsort(owner, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
        if len(places):
            part = int(owner[places[0]])
            yield signed.parts[part], places, uids[places] - offsets[part]
