"""Swallow's rules for Japanese web pages (Okazaki et al. 2024, arXiv:2404.17733), with the limits of swallow-corpus v1.

Measured as by its code, but for what we take for mistakes. ー, half-width katakana, iteration marks (ゝヽ) and kanji
beyond the BMP are Japanese. Three ASCII dots are an ellipsis. Blank lines are no paragraphs, else a text with one after
each paragraph repeats itself, nor is white space a sentence. Texts may be short, or empty: what has no share of
anything has no score.

Its rules for hosts are left out, and its list of unwanted words was never published.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound
from filters.gopher import Scores, check_limits, columns, duplicates, share
from filters.scripts import HIRAGANA, KANJI, KATAKANA, LETTER, code_points, kinds
from tokenizer.words import words as split_words

_CHARS = (
    "swallow.letters",
    "swallow.japanese_letters",
    "swallow.japanese",
    "swallow.hiragana",
    "swallow.katakana",
    "swallow.mean_sentence",
    "swallow.longest_sentence",
    "swallow.ellipsis",
    "swallow.words",
)
_DUPLICATES = (
    "swallow.dup_lines",
    "swallow.dup_sentences",
    "swallow.dup_line_chars",
    "swallow.dup_sentence_chars",
)
_NGRAMS = (*(f"swallow.top_{n}_gram" for n in range(2, 5)), *(f"swallow.dup_{n}_grams" for n in range(5, 11)))

_PUNCTUATION = "、，。．！？"
_SENTENCE = re.compile("[^。．！？!?\n]+[。．！？!?]?")
_NO_SENTENCE = re.compile("(?<![^。．！？!?\n])[。．！？!?]+")  # ends of nothing: a line without them is its sentences
_ELLIPSES = ("・", "…", "...")


def measure(text: str, unwanted: Sequence[str] = ()) -> Scores:
    """What `Swallow` asks of one text. Letters are code points, white space and line breaks among them."""
    points = code_points(text)
    counts = np.bincount(kinds(points), minlength=KANJI + 1).tolist()
    punctuation = sum(map(text.count, _PUNCTUATION))
    japanese = counts[HIRAGANA] + counts[KATAKANA] + counts[KANJI] + punctuation
    lines = [line for line in _NO_SENTENCE.sub("", text).split("\n") if line and not line.isspace()]
    sentences = [sentence for sentence in _SENTENCE.findall(text) if not sentence.isspace()]
    line_count, line_chars = duplicates(lines)
    sentence_count, sentence_chars = duplicates(sentences)
    lengths = [*map(len, sentences)]
    scores: dict[str, float | None] = {
        "swallow.letters": len(text),
        "swallow.japanese_letters": japanese,
        "swallow.japanese": share(japanese, len(text)),
        "swallow.hiragana": share(counts[HIRAGANA], japanese),
        "swallow.katakana": share(counts[KATAKANA], japanese),
        "swallow.mean_sentence": share(sum(lengths), len(lengths)),
        "swallow.longest_sentence": max(lengths, default=None),
        "swallow.ellipsis": share(sum(s.rstrip().endswith(_ELLIPSES) for s in sentences), len(sentences)),
        "swallow.dup_lines": share(line_count, len(lines)),
        "swallow.dup_line_chars": share(line_chars, sum(map(len, lines))),
        "swallow.dup_sentences": share(sentence_count, len(sentences)),
        "swallow.dup_sentence_chars": share(sentence_chars, sum(lengths)),
    }
    if unwanted:
        scores["swallow.words"] = share(sum(end - start for start, end in hits(text, unwanted)), japanese)
    for n, (grams, repeated) in enumerate(ngrams(points, 10), 2):
        if n < 5:
            scores[f"swallow.top_{n}_gram"] = share(int(repeated.max(initial=1)), grams)
        else:
            types = grams - int(repeated.sum()) + len(repeated)
            scores[f"swallow.dup_{n}_grams"] = share(len(repeated), types)
    return scores


def ngrams(units: NDArray[np.integer[Any]], longest: int) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """For n from 2 to `longest`: how many n-grams there are, and how often each that is there more than once.

    Units are code points, or numbers for words, below 2**31.
    """
    names = units.astype(np.int32)
    for _ in range(2, longest + 1):
        names, counts = _lengthen(names)
        yield len(names), counts


_MIX = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's finalizer


@numba.njit(cache=True, nogil=True)
def _lengthen(names: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Numbers for the n-grams at each place, from those of the (n-1)-grams; and their counts.

    What is there once has the number -1, for nothing that holds it is there twice: few are left when n is large.
    """
    grams = max(len(names) - 1, 0)
    longer = np.full(grams, -1, np.int32)
    repeatable = 0
    for at in range(grams):
        repeatable += names[at] >= 0 and names[at + 1] >= 0
    bits = 1
    while 1 << bits < 2 * repeatable:
        bits += 1
    table = np.full(1 << bits, -1, np.int32)
    keys = np.empty(repeatable, np.uint64)
    counts = np.zeros(repeatable, np.int32)
    found = 0
    for at in range(grams):
        if names[at] < 0 or names[at + 1] < 0:
            continue
        key = np.uint64(names[at]) << np.uint64(32) | np.uint64(names[at + 1])
        slot = ((key ^ key >> np.uint64(32)) * _MIX) >> np.uint64(64 - bits)
        while table[slot] >= 0 and keys[table[slot]] != key:
            slot = (slot + np.uint64(1)) & np.uint64((1 << bits) - 1)
        if table[slot] < 0:
            table[slot] = found
            keys[found] = key
            found += 1
        longer[at] = table[slot]
        counts[table[slot]] += 1
    repeated = 0
    for name in range(found):
        if counts[name] > 1:
            counts[repeated] = counts[name]
            table[name] = repeated
            repeated += 1
        else:
            table[name] = -1
    for at in range(grams):
        if longer[at] >= 0:
            longer[at] = table[longer[at]]
    return longer, counts[:repeated].copy()


def hits(text: str, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where in the text (start, end) words of a list stand: from the left, the longest first, none over another.

    None begins or ends amid katakana (サック is not in リュックサック), or amid letters of other scripts (ass, class).
    Amid kanji one does only where SudachiPy ends a word, and only then is it asked: 性感 is not in 性感染症, which is
    性 感染 症, but in 性感帯, 性感 帯. Hiragana tell nothing, there every place will do.
    """
    points, trie = code_points(text), _trie(tuple(wanted))
    kind = kinds(points)
    same = kind[1:] == kind[:-1]
    amid_kanji = np.zeros(len(points) + 1, np.bool_)
    amid_kanji[1:-1] = same & (kind[1:] == KANJI)
    edges = np.ones(len(points) + 1, np.bool_)
    edges[1:-1] = ~(same & ((kind[1:] == LETTER) | (kind[1:] == KATAKANA)))
    ends = _longest(points, edges, *trie)
    starts = np.flatnonzero(ends)
    asked = starts[amid_kanji[starts] | amid_kanji[ends[starts]]]
    if len(asked):
        breaks = np.flatnonzero((kind < HIRAGANA) | (kind > KANJI))
        for clause in np.unique(np.searchsorted(breaks, np.concatenate((asked, ends[asked])))).tolist():
            at = int(breaks[clause - 1]) + 1 if clause else 0
            end = int(breaks[clause]) if clause < len(breaks) else len(text)
            edges[at : end + 1] &= ~amid_kanji[at : end + 1]
            for word in split_words(text[at:end]):
                at += len(word)
                edges[at] |= amid_kanji[at]
        ends = _longest(points, edges, *trie)
    return [(start, int(ends[start])) for start in _apart(ends).tolist()]


class _Trie(NamedTuple):
    keys: NDArray[np.uint64]
    """(edges,): node << 21 | code point, in order. Node 0 is the root."""
    nodes: NDArray[np.int32]
    """(edges,): where each edge leads."""
    words: NDArray[np.bool_]
    """(nodes,): does a word end here?"""


@lru_cache(maxsize=16)
def _trie(words: tuple[str, ...]) -> _Trie:
    edges: dict[int, int] = {}
    last = []
    for word in words:
        node = 0
        for char in word:
            node = edges.setdefault(node << 21 | ord(char), len(edges) + 1)
        last.append(node)
    ends = np.zeros(len(edges) + 1, np.bool_)
    ends[last] = True
    keys = sorted(edges)
    return _Trie(np.array(keys, np.uint64), np.array([edges[key] for key in keys], np.int32), ends)


@numba.njit(cache=True, nogil=True)
def _longest(
    points: NDArray[np.uint32],
    edges: NDArray[np.bool_],
    keys: NDArray[np.uint64],
    nodes: NDArray[np.int32],
    words: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """(points,) where the longest word from each place ends, with edges at both ends; 0 if none does."""
    ends = np.zeros(len(points), np.int32)
    for start in range(len(points)):
        node, at = 0, start
        while edges[start] and at < len(points):
            key = np.uint64(node) << np.uint64(21) | np.uint64(points[at])
            edge = np.searchsorted(keys, key)
            if edge == len(keys) or keys[edge] != key:
                break
            node = nodes[edge]
            at += 1
            if words[node] and edges[at]:
                ends[start] = at
    return ends


@numba.njit(cache=True, nogil=True)
def _apart(ends: NDArray[np.int32]) -> NDArray[np.int64]:
    """The starts of spans, from the left, of which none lies over another."""
    starts = np.empty(np.count_nonzero(ends), np.int64)
    found = at = 0
    while at < len(ends):
        if ends[at]:
            starts[found] = at
            found += 1
            at = ends[at]
        else:
            at += 1
    return starts[:found]


@dataclass(frozen=True)
class Swallow:
    """Is a Japanese page prose, and does it repeat itself? Rows in other languages stay. None switches a limit off.

    Swallow was made for prose of the web at large: manuals and statutes do not pass it, so judge sources apart.
    """

    # Code points, and Japanese ones among them: letters and the punctuation 、，。．！？
    min_letters: int | None = 400
    min_japanese_letters: int | None = 400
    min_japanese: float | None = 0.50
    # Shares of the Japanese ones.
    min_hiragana: float | None = 0.20
    max_katakana: float | None = 0.50
    # Code points in a sentence. One ends with its line, or with one of 。．！？!?
    min_mean_sentence: float | None = 20
    max_mean_sentence: float | None = 90
    max_longest_sentence: int | None = 200
    # Sentences which end in an ellipsis, or in ・.
    max_ellipsis: float | None = 0.20
    # Lines and sentences that stood before in the text, and the code points in them.
    max_dup_lines: float | None = 0.30
    max_dup_sentences: float | None = 0.30
    max_dup_line_chars: float | None = 0.20
    max_dup_sentence_chars: float | None = 0.20
    # The most frequent n-gram of 2, 3 and 4 characters in all n-grams. Not as in Gopher: there its characters count.
    max_top_ngrams: tuple[float | None, ...] = (0.20, 0.18, 0.16)
    # Different n-grams of 5 to 10 characters that are there more than once, in all different ones. In Gopher, all but
    # the first of them, by characters.
    max_dup_ngrams: tuple[float | None, ...] = (0.15, 0.14, 0.13, 0.12, 0.11, 0.10)
    # Letters in unwanted words for each Japanese one. Swallow drops a page that reaches 0.05.
    words: tuple[str, ...] = ()
    max_words: float | None = math.nextafter(0.05, 0)

    name: ClassVar[str] = "swallow"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)
        check_words(words=self.words)
        for field, count in (("max_top_ngrams", 3), ("max_dup_ngrams", 6)):
            if len(getattr(self, field)) != count:
                raise ValueError(f"{field}: {count} limits, not {len(getattr(self, field))}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Scores (float64) by name of Japanese rows, null where there is nothing to measure."""
        rows = [{} if text is None else measure(text, self.words) for text in japanese_texts(batch)]
        return columns(rows, _CHARS + _DUPLICATES + _NGRAMS)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """In the order of Swallow's code."""
        if lang != "ja":
            return ()
        repetition = (
            self.max_dup_lines,
            self.max_dup_sentences,
            self.max_dup_line_chars,
            self.max_dup_sentence_chars,
            *self.max_top_ngrams,
            *self.max_dup_ngrams,
        )
        return (
            Bound("swallow_letters", "swallow.letters", least=self.min_letters),
            *(
                Bound(score.replace(".", "_"), score, most=limit)
                for score, limit in zip(_DUPLICATES + _NGRAMS, repetition, strict=True)
            ),
            Bound("swallow_hiragana", "swallow.hiragana", least=self.min_hiragana),
            Bound("swallow_katakana", "swallow.katakana", most=self.max_katakana),
            Bound("swallow_japanese", "swallow.japanese", least=self.min_japanese),
            Bound("swallow_japanese_letters", "swallow.japanese_letters", least=self.min_japanese_letters),
            Bound("swallow_short_sentences", "swallow.mean_sentence", least=self.min_mean_sentence),
            Bound("swallow_long_sentences", "swallow.mean_sentence", most=self.max_mean_sentence),
            Bound("swallow_longest_sentence", "swallow.longest_sentence", most=self.max_longest_sentence),
            Bound("swallow_ellipsis", "swallow.ellipsis", most=self.max_ellipsis),
            Bound("swallow_words", "swallow.words", most=self.max_words),
        )


def japanese_texts(batch: pa.RecordBatch) -> list[str | None]:
    """The texts of Japanese rows, None for the others."""
    texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
    return [text if lang == "ja" else None for text, lang in zip(texts, langs, strict=True)]


def check_words(**lists: tuple[str, ...]) -> None:
    """Raises ValueError that names the list with an empty word in it."""
    for field, words in lists.items():
        if not all(words):
            raise ValueError(f"{field}: a word is empty")


@dataclass(frozen=True)
class SwallowFooter:
    """Cuts the end of a Japanese page from the first of its last lines that is made of words of footers.

    Swallow takes away what matches word by word, and so makes new matches of what was apart; here each letter counts
    once. A page that is one line of such words is left with nothing.
    """

    # Copyright, プライバシーポリシー and the like; Swallow has 70, some as common as 記事. None: the rule does nothing.
    words: tuple[str, ...] = ()
    lines: int = 10
    # Share of a line's letters that must be passed.
    share: float = 0.30

    name: ClassVar[str] = "swallow_footer"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_words(words=self.words)
        if self.lines < 1:
            raise ValueError(f"lines: at least 1, not {self.lines}")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share: from 0 to 1, not {self.share}")

    def edits(self, text: str, lang: str | None) -> list[tuple[int, int, str]]:
        if lang != "ja" or not self.words:
            return []
        last = text.split("\n")[-self.lines :]
        start = len(text) - sum(map(len, last)) - len(last) + 1
        for line in last:
            if sum(b - a for a, b in hits(line, self.words)) > self.share * len(line):
                return [(max(start - 1, 0), len(text), "")]
            start += len(line) + 1
        return []


# A mark behind a Japanese letter or a closing bracket.
_COUNTED = re.compile(
    "([、，。．])(?<=[）」』］〕】〉》\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f"
    "々-〇〻\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd].)"
)
# Marks, but for those behind a full-width letter or digit (３．１４), and those between ASCII ones.
_COMMAS, _PERIODS = (
    re.compile(f"(?<![０-９Ａ-Ｚａ-ｚ{mark}])(?:(?<![0-9A-Za-z]){mark}+|{mark}+(?![0-9A-Za-z{mark}]))")
    for mark in "，．"
)


@dataclass(frozen=True)
class SwallowPunctuation:
    """、 for ， and 。 for ． in a Japanese page that has more of the latter behind Japanese letters and brackets.

    Unlike in Swallow, ， and ． stay between ASCII letters or digits (3．14).
    """

    name: ClassVar[str] = "swallow_punctuation"
    version: ClassVar[int] = 1

    def edits(self, text: str, lang: str | None) -> list[tuple[int, int, str]]:
        if lang != "ja" or ("，" not in text and "．" not in text):
            return []
        found = []
        counts = Counter(_COUNTED.findall(text))
        for marks, theirs, ours in ((_COMMAS, "，", "、"), (_PERIODS, "．", "。")):
            if counts[theirs] > counts[ours]:
                found += [(*run.span(), ours * len(run.group())) for run in marks.finditer(text)]
        return sorted(found)
