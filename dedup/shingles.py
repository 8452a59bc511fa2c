"""What two documents have in common: the matching key of a text, its n-grams (shingles) and their 32-bit hashes.

Every step has a plain definition, so that anyone can redo our signatures without this code:

    key      `key(text, fold)`: NFKC and, as `Fold` says, lower case, what is no letter, mark or number folded to single
             spaces, and all digits alike
    words    `segmented(key)` for Japanese that is to be compared by words: SudachiPy's, set one space apart
    shingle  n consecutive characters of the key without its spaces for languages written without spaces between words
             (`tokenizer.words.UNSPACED`), n consecutive words of the key joined by one space for all others; a document
             that is shorter has one shingle, all of it, and a document with an empty key has none
    bytes    the shingle in UTF-32-LE: four bytes for every code point, so the kernel reads code points as they are and
             never meets a partial word
    hash     xxh32 with seed 0 of these bytes

`ngrams` and `hash32` are that definition in plain Python; `hashes` computes the same numbers for a batch.
"""

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType

import numba
import numpy as np
import xxhash
from numpy.typing import NDArray

from tokenizer.words import UNSPACED, words

#: A text as `key` returns it.
Key = NewType("Key", str)


@dataclass(frozen=True)
class Fold:
    """What is no difference to `key`, beside what never is one: NFKC, white space and characters that vanish."""

    case: bool = True
    """Upper and lower case are equal."""
    punctuation: bool = True
    """Punctuation and symbols (P*, S*) separate, as a space does. If not, they stay as NFKC leaves them: ！ is !, but
    〜 and ～, or − and －, then differ, as codecs do over them."""
    digits: bool = False
    """Every decimal digit (Nd after NFKC, of any script) is 0, one for one: pages that differ only in their dates and
    counters become equal, as they do for datatrove. 三 is no digit."""


_SPACE = 0x20
_IGNORED = 0
# A table entry: a code point in the low 21 bits, and two flags. Every mark needs its context.
_CODE_POINT = (1 << 21) - 1
_MARK = 1 << 30
_IN_CONTEXT = 1 << 31
# Planes 0 to 3 hold every letter, mark and number. Of the others only plane 14 is assigned for interchange.
_TABLE_SIZE = 0x40000


def key(text: str, fold: Fold = Fold()) -> Key:
    """The form of a text that is compared: encoding, width, case, spacing and punctuation no longer tell.

    By default NFKC and lower case; then
    - letters (L*), numbers (N*) and combining marks (M*) stay. バス and パス differ; が is the same whether it came
      composed, decomposed (か + U+3099), in half width (ｶﾞ) or with a spacing mark (か゛);
    - format characters (Cf: zero-width spaces and joiners, soft hyphen, BOM) and variation selectors vanish, and what
      is beyond 30 marks in a row (Unicode's Stream-Safe Text Format: longer runs take quadratic time to normalise);
    - everything else separates: white space, punctuation, symbols, controls, private use, a mark without a base. A run
      of these becomes one space, at the ends nothing. So what depends on the codec is equal: 〜～, －−, ‖∥, ￣‾.

    `fold` changes this; voice marks (dakuten) it never folds. Idempotent. "" for a text without a letter or number (or
    whatever else stays): such a document resembles no other, not even its like.
    """
    points = _points(text)
    table = _fold_table(fold)
    folded = np.empty_like(points)
    length = _fold(points, table, True, folded)
    if length < 0:
        length = _prepare(points, table, folded)
        normal = unicodedata.normalize("NFKC", _text(folded[:length]))
        points = _points(normal.lower() if fold.case else normal)
        folded = np.empty_like(points)
        length = _fold(points, table, False, folded)
        # Lower case may have given a base and its mark a common form: J̌ has none, ǰ has.
        return Key(unicodedata.normalize("NFKC", _text(folded[:length])))
    return Key(_text(folded[:length]))


def segmented(text_key: Key) -> Key:
    """A Japanese key as words of SudachiPy's mode A, the shortest, one space apart: what FineWeb-2 makes shingles of.

    `ngrams(segmented(key), None, n)` are its shingles. They depend on the dictionary (`tokenizer.words.dictionary`).
    """
    return Key(" ".join(words(text_key)))


def ngrams(text_key: Key, lang: str | None, n: int) -> list[bytes]:
    """The shingles of a document in order, repetitions included; the definition that `hashes` follows."""
    if lang in UNSPACED:
        characters = text_key.replace(" ", "")
        pieces = [characters[i : i + n] for i in range(max(len(characters) - n + 1, 1))]
    else:
        words = text_key.split(" ")
        pieces = [" ".join(words[i : i + n]) for i in range(max(len(words) - n + 1, 1))]
    return [piece.encode("utf-32-le") for piece in pieces if piece]


def hash32(data: bytes) -> int:
    """The hash of a shingle's bytes; give it to datasketch as `hashfunc`."""
    return xxhash.xxh32_intdigest(data)


def hashes(
    keys: Sequence[Key], langs: Sequence[str | None], n: int, most: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """`hash32` of the first `most` shingles of each document, without an object for any of them.

    Returns the hashes of all documents one after the other, and offsets (documents + 1,): those of document i are
    `values[offsets[i]:offsets[i + 1]]`. Raises ValueError if there is not one language (or None) for each key, or if n
    or `most` is below 1.
    """
    if len(keys) != len(langs):
        raise ValueError(f"{len(keys)} keys but {len(langs)} languages")
    if n < 1 or most < 1:
        raise ValueError(f"n ({n}) and most ({most}) must be at least 1")
    points = _points("".join(keys))
    bounds = np.zeros(len(keys) + 1, dtype=np.int64)
    np.cumsum([len(text_key) for text_key in keys], out=bounds[1:])
    by_character = np.array([lang in UNSPACED for lang in langs], dtype=np.bool_)
    values = np.empty(len(points), dtype=np.uint32)
    offsets = np.zeros(len(keys) + 1, dtype=np.int64)
    _hash_batch(points, bounds, by_character, n, most, values, offsets)
    return values[: offsets[-1]], offsets


@functools.cache
def _fold_table(fold: Fold) -> NDArray[np.uint32]:
    """What becomes of each code point: itself folded, a space, or `_IGNORED`; 1 MiB, built in half a second.

    `_IN_CONTEXT` is set where the fold is longer than one code point or depends on the neighbours. The other bits say
    what becomes of that code point once the text is in NFKC and lower case.
    """
    characters = [chr(point) for point in range(_TABLE_SIZE)]
    decompositions = [unicodedata.decomposition(character).split() for character in characters]
    seconds = {chr(int(parts[1], 16)) for parts in decompositions if len(parts) == 2 and parts[0][0] != "<"}
    seconds.update(map(chr, range(0x1160, 0x1200)))  # Hangul syllables compose by rule, not by the database
    return np.array([_fold_entry(character, seconds, fold) for character in characters], dtype=np.uint32)


def _fold_entry(character: str, seconds: set[str], fold: Fold) -> int:
    normal = unicodedata.normalize("NFKC", character)
    folded = normal.lower() if fold.case else normal
    classes = [_class(c, fold) for c in folded]
    if len(folded) == 1 and not classes[0] & _IN_CONTEXT and folded not in seconds and normal != "Σ":  # final: ς
        return classes[0]
    if classes[0] == _SPACE and all(entry == _SPACE or entry & _MARK for entry in classes) and character not in "゛゜":
        return _SPACE
    return _class(character, fold) | _IN_CONTEXT


def _class(character: str, fold: Fold) -> int:
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":  # variation selectors
        return _IGNORED
    if category[0] == "M":
        return ord(character) | _MARK | _IN_CONTEXT
    if category == "Nd" and fold.digits:
        return ord("0")
    return ord(character) if category[0] in ("LN" if fold.punctuation else "LNPS") else _SPACE


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _text(points: NDArray[np.uint32]) -> str:
    return points.tobytes().decode("utf-32-le", "surrogatepass")


@numba.njit(cache=True, nogil=True)
def _entry(point: np.uint32, table: NDArray[np.uint32]) -> np.uint32:
    if point < _TABLE_SIZE:
        return np.uint32(table[point])
    return np.uint32(_IGNORED if 0xE0000 <= point < 0xE1000 else _SPACE)  # tags and more variation selectors


@numba.njit(cache=True, nogil=True)
def _prepare(points: NDArray[np.uint32], table: NDArray[np.uint32], prepared: NDArray[np.uint32]) -> int:
    """What must be done before NFKC: voice marks with a space of their own, ignored characters, endless marks."""
    length = 0
    marks = 0
    for point in points:
        if _entry(point, table) == _IGNORED:
            continue
        if point == 0x309B or point == 0x309C:  # ゛゜, of which NFKC makes a space and a mark
            point -= np.uint32(2)
        if _entry(point, table) & _MARK or point == 0xFF9E or point == 0xFF9F:  # ﾞﾟ
            marks += 1
        else:
            marks = 0
        if marks <= 30:
            prepared[length] = point
            length += 1
    return length


@numba.njit(cache=True, nogil=True)
def _fold(points: NDArray[np.uint32], table: NDArray[np.uint32], alone: bool, folded: NDArray[np.uint32]) -> int:
    """Fold by the table; the number of code points written, or -1 if `alone` and one of them needs its context."""
    length = 0
    separated = False
    for point in points:
        entry = _entry(point, table)
        if alone and entry & _IN_CONTEXT:
            return -1
        value = entry & _CODE_POINT
        if value == _SPACE or (entry & _MARK and (separated or length == 0)):
            separated = True
        elif value != _IGNORED:
            if separated and length > 0:
                folded[length] = _SPACE
                length += 1
            separated = False
            folded[length] = value
            length += 1
    return length


_PRIME_1 = np.uint32(0x9E3779B1)
_PRIME_2 = np.uint32(0x85EBCA77)
_PRIME_3 = np.uint32(0xC2B2AE3D)
_PRIME_4 = np.uint32(0x27D4EB2F)
_PRIME_5 = np.uint32(0x165667B1)


@numba.njit(cache=True, nogil=True)
def _round(lane: np.uint32, word: np.uint32) -> np.uint32:
    lane = np.uint32(lane + word * _PRIME_2)
    return np.uint32(np.uint32(lane << 13 | lane >> 19) * _PRIME_1)


@numba.njit(cache=True, nogil=True)
def _xxh32(points: NDArray[np.uint32], start: int | np.int64, length: int | np.int64) -> np.uint32:
    """xxh32 (seed 0, Yann Collet's specification 0.2) of the bytes of points[start:start + length]."""
    i = 0
    if length >= 4:
        a = np.uint32(_PRIME_1 + _PRIME_2)
        b = _PRIME_2
        c = np.uint32(0)
        d = np.uint32(-_PRIME_1)
        while i + 4 <= length:
            a = _round(a, points[start + i])
            b = _round(b, points[start + i + 1])
            c = _round(c, points[start + i + 2])
            d = _round(d, points[start + i + 3])
            i += 4
        h = np.uint32((a << 1 | a >> 31) + (b << 7 | b >> 25) + (c << 12 | c >> 20) + (d << 18 | d >> 14))
    else:
        h = _PRIME_5
    h = np.uint32(h + 4 * length)
    while i < length:
        h = np.uint32(h + points[start + i] * _PRIME_3)
        h = np.uint32(np.uint32(h << 17 | h >> 15) * _PRIME_4)
        i += 1
    h = np.uint32((h ^ h >> 15) * _PRIME_2)
    h = np.uint32((h ^ h >> 13) * _PRIME_3)
    return np.uint32(h ^ h >> 16)


@numba.njit(cache=True, nogil=True)
def _hash_characters(
    document: NDArray[np.uint32], n: int, most: int, scratch: NDArray[np.uint32], out: NDArray[np.uint32]
) -> int:
    length = 0
    for point in document:
        scratch[length] = point
        length += point != _SPACE  # no branch: spaces are unpredictable, and a key never ends in one
    if length <= n:
        out[0] = _xxh32(scratch, 0, length)
        return 1
    count = min(length - n + 1, most)
    if n == 5:
        # The default as a constant: LLVM unrolls the hash and computes several shingles at once.
        for i in range(count):
            out[i] = _xxh32(scratch, i, 5)
    else:
        for i in range(count):
            out[i] = _xxh32(scratch, i, n)
    return count


@numba.njit(cache=True, nogil=True)
def _hash_words(
    document: NDArray[np.uint32], n: int, most: int, starts: NDArray[np.uint32], out: NDArray[np.uint32]
) -> int:
    """Words of a key stand one space apart, so a shingle is a slice of it: n words from `starts[i]` on."""
    words = 1
    starts[0] = 0
    for i in range(len(document)):
        starts[words] = i + 1
        words += document[i] == _SPACE
    starts[words] = len(document) + 1
    if words <= n:
        out[0] = _xxh32(document, 0, len(document))
        return 1
    count = min(words - n + 1, most)
    for i in range(count):
        start = np.int64(starts[i])
        out[i] = _xxh32(document, start, np.int64(starts[i + n]) - 1 - start)
    return count


@numba.njit(cache=True, nogil=True)
def _hash_batch(
    points: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    by_character: NDArray[np.bool_],
    n: int,
    most: int,
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
) -> None:
    longest = np.int64(0)
    for i in range(len(by_character)):
        longest = max(longest, bounds[i + 1] - bounds[i])
    scratch = np.empty(longest + 1, dtype=np.uint32)
    for i in range(len(by_character)):
        document = points[bounds[i] : bounds[i + 1]]
        out = values[offsets[i] :]
        if len(document) == 0:
            count = 0
        elif by_character[i]:
            count = _hash_characters(document, n, most, scratch, out)
        else:
            count = _hash_words(document, n, most, scratch, out)
        offsets[i + 1] = offsets[i] + count
