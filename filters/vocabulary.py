"""Vocabulary of pornography, violence and hate: how many different words of a list a text uses, and how much of it they
are.

A word counts where it stands by itself: no letter or digit, katakana or kanji goes on before or after it in its own
script (スケ is not in スケジューラー, "ass" not in "assess"), unless what goes on is listed too, as in 巨乳熟女動画.
Hiragana has no such bounds. At each place the longest entry counts, and entries of the category "-" count for nothing:
they cover what is none (爆弾おにぎり), and may go on before and after others (動画).

Texts and lists are compared without case, width (NFKC, where it makes one character of one; ﾞ and ﾟ are joined) and
kinds and lengths of white space.
"""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound, scores
from filters.length import visible_chars

_OWN = ("ja.txt", "en.txt")
_NO_WORD = "-"
_CATEGORY = re.compile(r"[a-z]+|-")
#: Characters of a word of a list: bounds the time that one place of a text takes.
MAX_WORD = 64

# Scripts that bound words; what is in none of them, hiragana too, bounds nothing.
_LETTERS, _KATAKANA, _KANJI = 1, 2, 3
_RANGES = {  # inclusive
    _KATAKANA: ((0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF)),
    _KANJI: ((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD)),
}
_HIRAGANA = (0x3041, 0x309F)
_KANA = 0x3040  # the block of hiragana, then that of katakana, 0xC0 together
_MARKS = (0x3099, 0x309A)


class _Unicode(NamedTuple):
    folds: NDArray[np.uint32]
    """(0x110000,) what a code point is compared as."""
    scripts: NDArray[np.uint8]
    """(0x110000,) the script of a folded code point."""
    voiced: NDArray[np.uint32]
    """(2, 0xC0) the code point for a kana and ゛ or ゜ after it, or 0."""


@functools.cache
def _unicode() -> _Unicode:
    folds = np.arange(0x110000, dtype=np.uint32)
    scripts = np.zeros(0x110000, np.uint8)
    for point in range(0x30000):  # the planes with letters
        char = chr(point)
        if char.isspace():
            folds[point] = 0x20
        elif len(folded := unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())) == 1:
            folds[point] = ord(folded)
        if char.isalnum() or unicodedata.category(char) == "Mn":
            scripts[point] = _LETTERS
    scripts[_HIRAGANA[0] : _HIRAGANA[1] + 1] = 0
    for script, ranges in _RANGES.items():
        for first, last in ranges:
            scripts[first : last + 1] = script
    voiced = np.zeros((2, 0xC0), np.uint32)
    for row, mark in enumerate(_MARKS):
        for column in range(0xC0):
            composed = unicodedata.normalize("NFC", chr(_KANA + column) + chr(mark))
            voiced[row, column] = ord(composed) if len(composed) == 1 else 0
    return _Unicode(folds, scripts, voiced)


@numba.njit(cache=True, nogil=True)
def _fold(
    points: NDArray[np.uint32], folds: NDArray[np.uint32], voiced: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Folded code points (m,), and where each of them begins in `points` with its end after the last (m + 1,)."""
    symbols = np.empty(len(points), np.uint32)
    places = np.empty(len(points) + 1, np.int32)
    size = 0
    for place in range(len(points)):
        symbol = folds[points[place]]
        if size and symbol == 0x20 and symbols[size - 1] == 0x20:
            continue
        if size and (symbol == 0x3099 or symbol == 0x309A):
            base = symbols[size - 1]
            if 0x3040 <= base < 0x3100 and voiced[symbol - 0x3099, base - 0x3040]:
                symbols[size - 1] = voiced[symbol - 0x3099, base - 0x3040]
                continue
        symbols[size] = symbol
        places[size] = place
        size += 1
    places[size] = len(points)
    return symbols[:size], places[: size + 1]


def _folded(text: str) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return _fold(points, _unicode().folds, _unicode().voiced)


class _Words(NamedTuple):
    """A trie. Its nodes are numbered by depth and then by code points, so that its edges come sorted."""

    edges: NDArray[np.uint64]
    """(nodes - 1,) to node i + 1: the node it comes from * 2**21 + the code point."""
    first: NDArray[np.int32]
    """(0x110000,) the node of a first code point, or 0, the root."""
    ends: NDArray[np.int32]
    """(nodes,) the number of the word that ends there, 0 for one of the category "-", or -1."""
    words: tuple[str, ...]
    """By number, folded; the first is none."""
    categories: tuple[str, ...]
    """Sorted."""
    category: NDArray[np.int32]
    """(words,) the place of its category in `categories`."""
    chars: NDArray[np.int32]
    """(words,) its length without white space."""


@functools.cache
def _words(lists: tuple[str, ...], own: bool) -> _Words:
    """All lists, once in a process. Of a word in several the last list decides."""
    found: dict[str, str] = {}
    for name, path in _paths(lists, own):
        found.update(_read(name, path))
    listed = sorted(word for word, category in found.items() if category != _NO_WORD)
    numbers = dict.fromkeys(found, 0) | {word: number for number, word in enumerate(listed, 1)}
    prefixes = {word[:end] for word in found for end in range(1, len(word) + 1)}
    nodes = {prefix: node for node, prefix in enumerate(["", *sorted(prefixes, key=lambda p: (len(p), p))])}
    edges = [nodes[prefix[:-1]] << 21 | ord(prefix[-1]) for prefix in list(nodes)[1:]]
    first = np.zeros(0x110000, np.int32)
    for prefix, node in nodes.items():
        if len(prefix) == 1:
            first[ord(prefix)] = node
    categories = sorted({found[word] for word in listed})
    return _Words(
        edges=np.array(edges, np.uint64),
        first=first,
        ends=np.array([numbers.get(prefix, -1) for prefix in nodes], np.int32),
        words=("", *listed),
        categories=tuple(categories),
        category=np.array([-1, *(categories.index(found[word]) for word in listed)], np.int32),
        chars=np.array([0, *map(visible_chars, listed)], np.int32),
    )


def _paths(lists: tuple[str, ...], own: bool) -> list[tuple[str, Path]]:
    ours = [(f"filters/words/{name}", Path(__file__).parent / "words" / name) for name in _OWN] if own else []
    return ours + [(path, Path(path)) for path in lists]


def _read(name: str, path: Path) -> Iterator[tuple[str, str]]:
    """The words of a list, folded, with their categories. Raises ValueError with its name."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    for number, line in enumerate(lines, 1):
        entry, _, category = line.partition("#")[0].strip().partition("\t")
        word = _folded(entry.strip())[0].tobytes().decode("utf-32-le")
        category = category.strip() or "other"
        if not word:
            continue
        if len(word) > MAX_WORD:
            raise ValueError(f"{name}: line {number}: a word of more than {MAX_WORD} characters")
        if not _CATEGORY.fullmatch(category):
            raise ValueError(f"{name}: line {number}: a category is a word in lower case or -, not {category!r}")
        yield word, category


@numba.njit(cache=True, nogil=True)
def _find(
    symbols: NDArray[np.uint32],
    scripts: NDArray[np.uint8],
    first: NDArray[np.int32],
    edges: NDArray[np.uint64],
    ends: NDArray[np.int32],
    hits: NDArray[np.int32],
) -> int:
    """How many words there are; (start, end, number) of as many as `hits` has rows for are in it."""
    size = len(symbols)
    count = 0
    start = 0
    while start < size:
        script = scripts[symbols[start]]
        if not first[symbols[start]] or (start and script and script == scripts[symbols[start - 1]]):
            start += 1
            continue
        # From here entry after entry, until one ends where its script does. If none goes on, there was no word.
        here, before = start, count
        while True:
            node, at = first[symbols[here]], here + 1
            bounded, bounded_word, inside, inside_word = 0, -1, 0, -1
            while node:
                if ends[node] >= 0:
                    script = scripts[symbols[at - 1]]
                    if at < size and script and script == scripts[symbols[at]]:
                        inside, inside_word = at, ends[node]
                    else:
                        bounded, bounded_word = at, ends[node]
                if at == size:
                    break
                key = np.uint64(node) << np.uint64(21) | np.uint64(symbols[at])
                edge = np.searchsorted(edges, key)
                node = edge + 1 if edge < len(edges) and edges[edge] == key else 0
                at += 1
            end, word = (bounded, bounded_word) if bounded else (inside, inside_word)
            if word > 0:
                if count < len(hits):
                    hits[count, 0], hits[count, 1], hits[count, 2] = here, end, word
                count += 1
            here = end
            if bounded or not inside:
                break
        if here:
            start = here
        else:
            start += 1
            count = before
    return count


@numba.njit(cache=True, nogil=True)
def _most_distinct(starts: NDArray[np.int32], words: NDArray[np.int32], window: int, known: int) -> int:
    """The most different words of those that start within `window` characters."""
    counts = np.zeros(known, np.int32)
    first, distinct, most = 0, 0, 0
    for last in range(len(starts)):
        distinct += counts[words[last]] == 0
        counts[words[last]] += 1
        while starts[last] - starts[first] >= window:
            counts[words[first]] -= 1
            distinct -= counts[words[first]] == 0
            first += 1
        most = max(most, distinct)
    return most


@dataclass(frozen=True)
class Vocabulary:
    """Every list is held against every text, whatever its language. None switches a limit off.

    Our lists are short. They have words that hardly anybody uses outside of such pages, and none that a physician, a
    court, a teacher, a newspaper or an old novel needs; so they find what is full of them, and nothing subtle.
    """

    # Lists of one's own, UTF-8: a word in each line, then perhaps a tab and its category; # begins a comment. They come
    # after ours, and may set the category of a word of ours anew. Without a category a word is in "other".
    words: tuple[str, ...] = ()
    own: bool = True
    # Different words of a category. llm-jp-corpus stops at 3 hits in its lists of 1,471, 150 and 75 words, uzushio
    # above 5 or 8 different ones for pornography, 8 for discrimination.
    max_adult: int | None = 5
    max_violence: int | None = 5
    max_discrimination: int | None = 5
    # For each category of other lists.
    max_other: int | None = 5
    # They are counted among so many characters, or else a long book would have more than a page.
    window: int = 10_000
    # Share of the characters (without white space) that is in words of one category. Swallow: 0.05, but a short report
    # on such matters names its subject in 0.10 of them. Pages of keywords have 0.6.
    max_density: float | None = 0.20

    name: ClassVar[str] = "vocabulary"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for field in ("max_adult", "max_violence", "max_discrimination", "max_other"):
            limit = getattr(self, field)
            if limit is not None and limit < 0:
                raise ValueError(f"{field}: a number of words, not {limit}")
        if self.max_density is not None and not 0 <= self.max_density <= 1:
            raise ValueError(f"max_density: a share from 0 to 1, not {self.max_density}")
        if self.window < 1:
            raise ValueError(f"window: at least 1 character, not {self.window}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`vocabulary.<category>` and `vocabulary.<category>_density` for each category of the lists.

        Raises ValueError with the path of a list that cannot be read.
        """
        fields = tuple(f"{category}{end}" for category in self._words().categories for end in ("", "_density"))
        rows = [None if text is None else self._measures(text) for text in batch.column("text").to_pylist()]
        return scores(self.name, fields, rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`vocabulary_<category>` and `vocabulary_<category>_density`, category by category."""
        return tuple(
            bound
            for category in self._words().categories
            for bound in (
                Bound(f"vocabulary_{category}", f"vocabulary.{category}", most=self._most(category)),
                Bound(f"vocabulary_{category}_density", f"vocabulary.{category}_density", most=self.max_density),
            )
        )

    def details(self, batch: pa.RecordBatch) -> list[str]:
        """The different words in each document, in order."""
        return [
            ", ".join(dict.fromkeys(word for _, _, word, _ in self.hits(text)))
            for text in batch.column("text").to_pylist()
        ]

    def hits(self, text: str) -> list[tuple[int, int, str, str]]:
        """(start, end, word as it is compared, category) of every word, in code points of `text`."""
        lists = self._words()
        return [
            (start, end, lists.words[word], lists.categories[lists.category[word]])
            for start, end, word in self._hits(text).tolist()
        ]

    def digests(self) -> dict[str, str]:
        """SHA-256 of each list by its path. Raises ValueError with the path of one that cannot be read."""
        digests = {}
        for name, path in _paths(self.words, self.own):
            try:
                digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise ValueError(f"{name}: {error.strerror}") from None
        return digests

    def _words(self) -> _Words:
        return _words(self.words, self.own)

    def _most(self, category: str) -> int | None:
        ours = {"adult": self.max_adult, "violence": self.max_violence, "discrimination": self.max_discrimination}
        return ours.get(category, self.max_other)

    def _hits(self, text: str) -> NDArray[np.int32]:
        """(hits, 3): start and end in `text`, and the number of the word."""
        lists = self._words()
        symbols, places = _folded(text)
        hits = np.empty((256, 3), np.int32)
        while (count := _find(symbols, _unicode().scripts, lists.first, lists.edges, lists.ends, hits)) > len(hits):
            hits = np.empty((count, 3), np.int32)
        hits = hits[:count]
        hits[:, :2] = places[hits[:, :2]]
        return hits

    def _measures(self, text: str) -> tuple[float, ...]:
        lists = self._words()
        hits = self._hits(text)
        if not len(hits):
            return (0.0,) * (2 * len(lists.categories))
        chars = visible_chars(text)
        found: list[float] = []
        for category in range(len(lists.categories)):
            start, _, word = hits[lists.category[hits[:, 2]] == category].T
            distinct = _most_distinct(start, word, self.window, len(lists.words))
            found += [distinct, int(lists.chars[word].sum()) / chars]
        return tuple(found)
