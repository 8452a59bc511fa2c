"""MinHash signatures equal to datasketch's `affine32` bit for bit, and the bands that make documents candidates.

A permutation is h → a·h + b in uint32 with odd a, after one fixed mix of h; see the head of datasketch/minhash.py (2.0)
for what is proven and what is measured about it. To check a signature without this code:

    sketch = datasketch.MinHash(num_perm=settings.permutations, seed=settings.seed, scheme="affine32", hashfunc=hash32)
    sketch.update_batch(ngrams(key, lang, settings.ngram)[: settings.max_shingles])
    sketch.hashvalues                          # equals the document's row of `signatures`

With `settings.japanese == "words"`, a Japanese document (lang "ja") has `ngrams(segmented(key), None, settings.ngram)`
instead. `hash32`, `ngrams`, `segmented` and the key are in dedup/shingles.py. Similarities are those of the sets of
shingles (Jaccard).
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from dedup import shingles

#: Every value in the signature of a document without shingles, that is, with an empty key. All bands of such documents
#: are alike, so callers must leave out these rows: `(signatures == EMPTY).all(axis=1)`.
EMPTY = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True)
class MinHash:
    """What decides which documents become candidates.

    14 bands of 8 rows over 5-grams, and seed 1, are FineWeb's (arXiv:2406.17557) and datatrove's `MinhashConfig`: pairs
    of similarity 0.68 share a band every other time, of 0.8 with probability 0.924. Raises ValueError if out of range.
    """

    bands: int = 14
    rows: int = 8
    ngram: int = 5
    seed: int = 1
    #: Only the first so many shingles of a document count: 3 MB of Japanese or 6 MB of English, more than pages have.
    #: It bounds the work; the price is that two documents that agree that far count as equal.
    max_shingles: int = 1_000_000
    #: What an n-gram of Japanese is made of. One of words, FineWeb-2's choice, is about twice as long, so an edit costs
    #: more: versions of real pages that are 0.85 alike by characters are 0.81 by words. It takes SudachiPy, at 1.5 MB a
    #: second a hundredth of the speed, and another dictionary may give other signatures.
    japanese: Literal["characters", "words"] = "characters"

    def __post_init__(self) -> None:
        for name in ("bands", "rows", "ngram", "max_shingles"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"seed must be from 0 to 2**32 - 1, not {self.seed}")
        if self.japanese not in ("characters", "words"):
            raise ValueError(f"japanese must be characters or words, not {self.japanese}")

    @property
    def permutations(self) -> int:
        return self.bands * self.rows


def signatures(keys: Sequence[shingles.Key], langs: Sequence[str | None], settings: MinHash) -> NDArray[np.uint32]:
    """One signature per document, (documents, permutations); each depends on its own key and language only.

    A document with an empty key gets `EMPTY` in every column. Raises ValueError if the two sequences differ in length.
    """
    multipliers, increments = _permutations(settings.permutations, settings.seed)
    found = np.empty((len(keys), settings.permutations), dtype=np.uint32)
    for some, values, offsets in _hashed(keys, langs, settings):
        _minima(values, offsets, multipliers, increments, found[some])
    return found


def shingle_sets(
    keys: Sequence[shingles.Key], langs: Sequence[str | None], settings: MinHash
) -> list[NDArray[np.uint32]]:
    """The hashes of each document's shingles, sorted and without repetition: what a signature is made of."""
    return [
        np.unique(values[start:end])
        for _, values, offsets in _hashed(keys, langs, settings)
        for start, end in itertools.pairwise(offsets.tolist())
    ]


def _hashed(
    keys: Sequence[shingles.Key], langs: Sequence[str | None], settings: MinHash
) -> Iterator[tuple[slice, NDArray[np.uint32], NDArray[np.int64]]]:
    """Runs of documents, and their shingles' hashes as `shingles.hashes` returns them."""
    if len(keys) != len(langs):
        raise ValueError(f"{len(keys)} keys but {len(langs)} languages")
    if settings.japanese == "words":
        keys = [shingles.segmented(key) if lang == "ja" else key for key, lang in zip(keys, langs)]
        langs = [None if lang == "ja" else lang for lang in langs]
    ends = np.cumsum([len(key) for key in keys])
    cuts = [0, *(np.flatnonzero(np.diff(ends // _AT_ONCE)) + 1).tolist(), len(keys)]
    for some in itertools.starmap(slice, itertools.pairwise(cuts)):
        yield some, *shingles.hashes(keys[some], langs[some], settings.ngram, settings.max_shingles)


def band_hashes(signatures: NDArray[np.uint32], settings: MinHash) -> NDArray[np.uint64]:
    """For each document and band, (documents, bands), 64 bits of the band's rows.

    h = 0; for each row r: h = mix((h ^ r) + 0x9E3779B97F4A7C15), all modulo 2^64, where mix is the finalizer of
    splitmix64 (Steele et al. 2014). Two documents are candidates if they agree in a column.
    """
    found = np.empty((len(signatures), settings.bands), dtype=np.uint64)
    _mix_bands(np.ascontiguousarray(signatures), settings.rows, found)
    return found


def similarity(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> float:
    """The Jaccard similarity of two documents as their signatures (permutations,) estimate it.

    The standard error is √(s(1-s) / permutations). A document without shingles has similarity 0 to every document.
    """
    return float(np.mean((a == b) & (a != EMPTY)))


def detection_probability(similarity: float, bands: int, rows: int) -> float:
    """The chance that two documents of this Jaccard similarity share at least one band: 1 - (1 - s^rows)^bands."""
    return 1.0 - (1.0 - similarity**rows) ** bands


def even_odds(bands: int, rows: int) -> float:
    """The similarity at which two documents share a band every other time."""
    return float((1.0 - 0.5 ** (1.0 / bands)) ** (1.0 / rows))


def for_threshold(settings: MinHash, threshold: float, permutations: int) -> MinHash:
    """The same settings with the bands and rows that weigh what is missed above `threshold` and what is let in below it
    alike, out of at most `permutations`: datasketch's optimum (MinHashLSH)."""
    import datasketch

    lsh = datasketch.MinHashLSH(threshold=threshold, num_perm=permutations)
    return dataclasses.replace(settings, bands=int(lsh.b), rows=int(lsh.r))


#: Characters hashed at a time, give or take a document: it bounds the memory, and their shingles are still in the cache
#: when the permutations read them (a fifth faster than millions at a time).
_AT_ONCE = 1 << 16


@functools.cache
def _permutations(count: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """datasketch's own parameters, so ours are equal by construction."""
    import datasketch  # half a second, and only who signs needs it

    multipliers, increments = datasketch.MinHash(num_perm=count, seed=seed, scheme="affine32").permutations
    return multipliers, increments


@numba.njit(cache=True, nogil=True)
def _mix_bands(signatures: NDArray[np.uint32], rows: int, found: NDArray[np.uint64]) -> None:
    for document in range(len(signatures)):
        for band in range(found.shape[1]):
            h = np.uint64(0)
            for row in range(band * rows, band * rows + rows):
                h = (h ^ np.uint64(signatures[document, row])) + np.uint64(0x9E3779B97F4A7C15)
                h = (h ^ h >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
                h = (h ^ h >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
                h ^= h >> np.uint64(31)
            found[document, band] = h


@numba.njit(cache=True, nogil=True)
def _minima(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    multipliers: NDArray[np.uint32],
    increments: NDArray[np.uint32],
    found: NDArray[np.uint32],
) -> None:
    # MurmurHash3's finalizer, as datasketch applies it before the permutations.
    mixed = np.empty_like(values)
    for i in range(len(values)):
        h = values[i]
        h = np.uint32((h ^ h >> 16) * np.uint32(0x85EBCA6B))
        h = np.uint32((h ^ h >> 13) * np.uint32(0xC2B2AE35))
        mixed[i] = h ^ h >> 16
    for document in range(len(offsets) - 1):
        mine = mixed[offsets[document] : offsets[document + 1]]
        for k in range(len(multipliers)):
            # One permutation over all shingles: the minimum stays in registers and LLVM makes vectors of the loop.
            a = multipliers[k]
            b = increments[k]
            least = EMPTY
            for h in mine:
                least = min(least, np.uint32(a * h + b))
            found[document, k] = least
