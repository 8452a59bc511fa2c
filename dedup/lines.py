"""Lines that many documents share: cookie notices, navigation, footers.

A line is what stands between two newlines; two lines are equal if their keys (`dedup.shingles.key`) are, and a line
whose key is shorter than some minimum never counts. A line is repeated if enough documents hold it. It is cut from all
of them but the first, the one with the smallest uid, so no text vanishes from the corpus (CCNet, Wenzek et al. 2020,
keeps the first of equal paragraphs too).
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, compress
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from dedup.shingles import key

#: A row of a table, 24 bytes: a line's hash, the smallest uid of the documents that hold it, and their number.
LINE = np.dtype([("hash", "<u8"), ("uid", "<u8"), ("documents", "<u8")])

# A letter that `key` leaves as it is. It marks where lines end while one call of `key` folds a whole text, which takes
# an eighth of the time of a call for each line.
_END = "\U00013000"


def line_hashes(text: str, min_chars: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The lines of a document that count: those whose key has at least `min_chars` characters, and at least one.

    Returns their hashes (m,), xxh3_64 with seed 0 of the key's UTF-8 bytes, and their spans (m, 2) in code points of
    the text, from start to end, without the newline. The chance that a line has the hash of one of 10^7 repeated lines
    by accident is 5·10^-13.
    """
    keys = _line_keys(text)
    counting = [len(line_key) >= max(min_chars, 1) for line_key in keys]
    hashes = [xxhash.xxh3_64_intdigest(line_key.encode()) for line_key in compress(keys, counting)]
    lengths = np.array([len(line) for line in text.split("\n")], dtype=np.int64)
    ends = np.cumsum(lengths + 1) - 1
    return np.array(hashes, dtype=np.uint64), np.stack([ends - lengths, ends], axis=1)[np.array(counting)]


def count(hashes: NDArray[np.uint64], uids: NDArray[np.uint64]) -> NDArray[Any]:
    """In how many documents each line occurs: a table of `LINE`, sorted by hash.

    hashes, uids: (n,), every line of one part and its document, in any order. A document that holds a line several
    times counts once.
    """
    order = np.lexsort((uids, hashes))
    hashes, uids = hashes[order], uids[order]
    once = _differs_from_previous(hashes) | _differs_from_previous(uids)
    hashes, uids = hashes[once], uids[once]
    return _added(hashes, uids, np.ones_like(uids))


def merge(counts: Sequence[NDArray[Any]], least: int) -> NDArray[Any]:
    """The tables of several parts as one, without the lines that fewer than `least` documents hold; sorted by hash.

    A document belongs to one part. The order of the tables does not matter.
    """
    rows = np.concatenate([np.empty(0, dtype=LINE), *counts])
    rows = rows[np.lexsort((rows["uid"], rows["hash"]))]
    table = _added(rows["hash"], rows["uid"], rows["documents"])
    return table[table["documents"] >= least]


def repeated(hashes: NDArray[np.uint64], uid: int, table: NDArray[Any]) -> NDArray[np.bool_]:
    """Which lines of a document are to be cut: those in the table whose first document is another one.

    hashes: (m,), the lines of document `uid`; table: from `merge`. The first document keeps every occurrence.
    """
    if len(table) == 0:
        return np.zeros(len(hashes), dtype=np.bool_)
    rows = np.minimum(np.searchsorted(table["hash"], hashes), len(table) - 1)
    found: NDArray[np.bool_] = (table["hash"][rows] == hashes) & (table["uid"][rows] != uid)
    return found


def cut(text: str, spans: NDArray[np.int64] | Sequence[tuple[int, int]]) -> str:
    """The text without these lines.

    spans: (m, 2), code points, sorted and disjoint, as from `line_hashes`. Every line takes the newline after it along,
    the last line of the text the one before it. Where lines were cut, three or more newlines in a row become two. All
    else stays.
    """
    if len(spans) == 0:
        return text
    lines = np.asarray(spans, dtype=np.int64).reshape(-1, 2).tolist()
    pieces, place = [], 0
    for start, end in lines:
        pieces.append(text[place:start])
        place = end + text.startswith("\n", end)
    rest = "".join(pieces) + text[place:]
    if lines[-1][1] == len(text):
        rest = rest.removesuffix("\n")
    seams = [min(seam, len(rest)) for seam in accumulate(map(len, pieces))]

    def fold(newlines: re.Match[str]) -> str:
        seam = bisect_left(seams, newlines.start())
        return "\n\n" if seam < len(seams) and seams[seam] <= newlines.end() else newlines[0]

    return re.sub("\n{3,}", fold, rest)


def _line_keys(text: str) -> list[str]:
    """`key` of each line."""
    if _END in text:
        return [key(line) for line in text.split("\n")]
    # The newline stays, or marks at the start of a line would join the letter.
    return [line_key.strip(" ") for line_key in key(text.replace("\n", _END + "\n")).split(_END)]


def _added(hashes: NDArray[np.uint64], uids: NDArray[np.uint64], documents: NDArray[np.uint64]) -> NDArray[Any]:
    """The table of rows that are sorted by hash and uid, one for each hash."""
    starts = np.flatnonzero(_differs_from_previous(hashes))
    table = np.empty(len(starts), dtype=LINE)
    table["hash"], table["uid"], table["documents"] = hashes[starts], uids[starts], np.add.reduceat(documents, starts)
    return table


def _differs_from_previous(values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    differs = np.ones(len(values), dtype=np.bool_)
    differs[1:] = values[1:] != values[:-1]
    return differs
