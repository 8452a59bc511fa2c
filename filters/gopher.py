"""Gopher's rules of quality and repetition (Rae et al. 2021, arXiv:2112.11446, appendix A), measured as by datatrove.

The published limits are for English, and hold here for every language but Japanese. Those of Japanese are FineWeb-2's
(Penedo et al. 2025, arXiv:2506.20920, its configuration of jpn_Jpan), for words of SudachiPy's mode A.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound
from filters.splitting import Split, Words, default_split, split_rows

_QUALITY = (
    "gopher.words",
    "gopher.mean_word",
    "gopher.hashes",
    "gopher.ellipses",
    "gopher.bullet_lines",
    "gopher.ellipsis_lines",
    "gopher.alpha_words",
    "gopher.stop_words",
)
_REPETITION = (
    "gopher.chars",
    "gopher.dup_para_frac",
    "gopher.dup_para_char_frac",
    "gopher.dup_line_frac",
    "gopher.dup_line_char_frac",
)
_NGRAMS = (*(f"gopher.top_{n}_gram" for n in range(2, 5)), *(f"gopher.dup_{n}_grams" for n in range(5, 11)))

_BULLETS = ("•", "-")
_ELLIPSES = ("...", "…")
_PARAGRAPHS = re.compile("\n\n+")

#: Scores of one text by name. What has no share of anything, or needs words where there are none, is missing or None.
Scores = Mapping[str, float | None]


def quality(text: str, words: Words | None, stop_words: Sequence[str]) -> Scores:
    """What `GopherQuality` asks of one text."""
    lines = text.splitlines()
    scores = {
        "gopher.bullet_lines": share(sum(line.lstrip().startswith(_BULLETS) for line in lines), len(lines)),
        "gopher.ellipsis_lines": share(sum(line.rstrip().endswith(_ELLIPSES) for line in lines), len(lines)),
    }
    if words is None:
        return scores
    every = len(words.ids)
    counted = words.counts[~words.symbols]
    return scores | {
        "gopher.words": int(counted.sum()),
        "gopher.mean_word": share(int(counted @ words.lengths[~words.symbols]), int(counted.sum())),
        "gopher.hashes": share(text.count("#"), every),
        "gopher.ellipses": share(text.count("...") + text.count("…"), every),
        "gopher.alpha_words": share(int(words.counts[words.alpha].sum()), every),
        "gopher.stop_words": len(set(stop_words).intersection(words.distinct(max(map(len, stop_words), default=0)))),
    }


def repetition(text: str, words: Words | None) -> Scores:
    """What `GopherRepetition` asks of one text."""
    # As re.split("\n+", text), which finds an empty line before and after line breaks at the ends.
    lines = [*filter(None, text.split("\n")), *[""] * text.startswith("\n"), *[""] * text.endswith("\n")]
    paragraphs = _PARAGRAPHS.split(text.strip())
    line_count, line_chars = duplicates(lines)
    paragraph_count, paragraph_chars = duplicates(paragraphs)
    scores = {
        "gopher.chars": len(text),
        "gopher.dup_para_frac": share(paragraph_count, len(paragraphs)),
        "gopher.dup_para_char_frac": share(paragraph_chars, len(text)),
        "gopher.dup_line_frac": share(line_count, len(lines)),
        "gopher.dup_line_char_frac": share(line_chars, len(text)),
    }
    if words is None:
        return scores
    chars = _repeated_ngrams(words.ids, words.counts, words.lengths)
    return scores | {name: share(int(some), len(text)) for name, some in zip(_NGRAMS, chars, strict=True)}


def duplicates(pieces: Sequence[str]) -> tuple[int, int]:
    """How many of the pieces stood before among them, and the characters in these."""
    once = set(pieces)
    return len(pieces) - len(once), sum(map(len, pieces)) - sum(map(len, once))


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def columns(rows: Sequence[Scores], names: Iterable[str]) -> dict[str, pa.Array]:
    """The scores of a batch, each a column."""
    return {name: pa.array([row.get(name) for row in rows], pa.float64()) for name in names}


def check_limits(rule: Any) -> None:
    """Raises ValueError that names a field with a limit below 0, or with one that is no number."""
    for field in dataclasses.fields(rule):
        value = getattr(rule, field.name)
        for limit in value if isinstance(value, tuple) else (value,):
            if isinstance(limit, int | float) and not limit >= 0:
                raise ValueError(f"{field.name}: at least 0, not {limit}")


_MIX = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's finalizer


@numba.njit(cache=True, nogil=True)
def _repeated_ngrams(
    ids: NDArray[np.int32], counts: NDArray[np.int32], lengths: NDArray[np.int32]
) -> NDArray[np.int64]:
    """(9,) characters: of the most frequent 2-, 3- and 4-gram with spaces between its words, times its count (the first
    if several are as frequent); then of the 5- to 10-grams that stood before, without spaces, none within another.

    An n-gram is numbered by the numbers of the two shorter ones in it. What is there once has no number, for nothing
    that holds it is there twice: few are left when n is large.
    """
    chars = np.zeros(9, np.int64)
    upto = np.zeros(len(ids) + 1, np.int64)
    for at in range(len(ids)):
        upto[at + 1] = upto[at] + lengths[ids[at]]
    names = ids.copy()
    for n in range(2, 11):
        for at in range(len(ids) - n + 2):
            if names[at] >= 0 and counts[names[at]] == 1:
                names[at] = -1
        grams = len(ids) - n + 1
        if grams < 1:
            break
        repeatable = 0
        for at in range(grams):
            repeatable += names[at] >= 0 and names[at + 1] >= 0
        bits = 1
        while 1 << bits < 2 * repeatable:
            bits += 1
        table = np.full(1 << bits, -1, np.int32)
        keys = np.empty(repeatable, np.uint64)
        firsts = np.empty(repeatable, np.int32)
        counts = np.zeros(repeatable, np.int32)
        found = 0
        for at in range(grams):
            if names[at] < 0 or names[at + 1] < 0:
                names[at] = -1
                continue
            key = np.uint64(names[at]) << np.uint64(32) | np.uint64(names[at + 1])
            slot = ((key ^ key >> np.uint64(32)) * _MIX) >> np.uint64(64 - bits)
            while table[slot] >= 0 and keys[table[slot]] != key:
                slot = (slot + np.uint64(1)) & np.uint64((1 << bits) - 1)
            if table[slot] < 0:
                table[slot] = found
                keys[found] = key
                firsts[found] = at
                found += 1
            names[at] = table[slot]
            counts[names[at]] += 1
        if n < 5:
            count, first = 1, 0
            for name in range(found):
                if counts[name] > count:
                    count, first = counts[name], firsts[name]
            chars[n - 2] = count * (upto[first + n] - upto[first] + n - 1)
        else:
            seen = np.zeros(found, np.bool_)
            at = 0
            while at < grams:
                name = names[at]
                if name >= 0 and seen[name]:
                    chars[n - 2] += upto[at + n] - upto[at]
                    at += n
                    continue
                if name >= 0:
                    seen[name] = True
                at += 1
    return chars


@dataclass(frozen=True)
class GopherQuality:
    """Is it prose? None switches a limit off."""

    # Rae et al.; for Japanese FineWeb-2. Words of punctuation alone do not count here,
    min_words: int | None = 50
    max_words: int | None = 100_000
    min_mean_word: float | None = 3
    min_mean_word_ja: float | None = 1
    max_mean_word: float | None = 10
    max_mean_word_ja: float | None = 6
    # but they do here, where # and ellipses are for each word,
    max_hashes: float | None = 0.1
    max_ellipses: float | None = 0.1
    max_bullet_lines: float | None = 0.9
    max_ellipsis_lines: float | None = 0.3
    # and here: the share of words with a letter.
    min_alpha_words: float | None = 0.8
    min_alpha_words_ja: float | None = 0.759
    # So many different ones.
    min_stop_words: int | None = 2
    stop_words: tuple[str, ...] = ("the", "be", "to", "of", "and", "that", "have", "with")
    stop_words_ja: tuple[str, ...] = (
        "の",
        "に",
        "を",
        "は",
        "た",
        "て",
        "が",
        "と",
        "で",
        "年",
        "し",
        "・",
        "月",
        "れ",
        "さ",
    )

    # SudachiPy reads 1.5 MB a second; without words what is measured in words is null for Japanese.
    japanese_words: bool = False

    name: ClassVar[str] = "gopher_quality"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)

    def measure(self, batch: pa.RecordBatch, split: Split | None = None) -> dict[str, pa.Array]:
        """Scores (float64) by name, null where there is nothing to measure."""
        rows = [
            {} if text is None else quality(text, words, self.stop_words_ja if lang == "ja" else self.stop_words)
            for text, lang, words in split_rows(batch, split or default_split(self.japanese_words))
        ]
        return columns(rows, _QUALITY)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """In the order of datatrove's filter."""
        ja = lang == "ja"
        min_mean_word = self.min_mean_word_ja if ja else self.min_mean_word
        max_mean_word = self.max_mean_word_ja if ja else self.max_mean_word
        min_alpha_words = self.min_alpha_words_ja if ja else self.min_alpha_words
        return (
            Bound("gopher_few_words", "gopher.words", least=self.min_words),
            Bound("gopher_many_words", "gopher.words", most=self.max_words),
            Bound("gopher_short_words", "gopher.mean_word", least=min_mean_word),
            Bound("gopher_long_words", "gopher.mean_word", most=max_mean_word),
            Bound("gopher_hashes", "gopher.hashes", most=self.max_hashes),
            Bound("gopher_ellipses", "gopher.ellipses", most=self.max_ellipses),
            Bound("gopher_bullet_lines", "gopher.bullet_lines", most=self.max_bullet_lines),
            Bound("gopher_ellipsis_lines", "gopher.ellipsis_lines", most=self.max_ellipsis_lines),
            Bound("gopher_alpha_words", "gopher.alpha_words", least=min_alpha_words),
            Bound("gopher_stop_words", "gopher.stop_words", least=self.min_stop_words),
        )


@dataclass(frozen=True)
class GopherRepetition:
    """Does it repeat itself? None switches a limit off.

    The limits are shares of the paragraphs, of the lines, or of all characters. Those of n-grams count words, and grow
    with the length of a text; `filters.repetition.Repetition` does neither.
    """

    # Rae et al., table A1; for Japanese FineWeb-2, which leaves three out.
    max_dup_paras: float | None = 0.30
    max_dup_paras_ja: float | None = None
    max_dup_para_chars: float | None = 0.20
    max_dup_para_chars_ja: float | None = None
    max_dup_lines: float | None = 0.30
    max_dup_lines_ja: float | None = 0.328
    max_dup_line_chars: float | None = 0.20
    max_dup_line_chars_ja: float | None = None
    # The most frequent n-gram of 2, 3 and 4 words.
    max_top_ngrams: tuple[float | None, ...] = (0.20, 0.18, 0.16)
    max_top_ngrams_ja: tuple[float | None, ...] = (0.239, 0.196, 0.172)
    # All repeated n-grams of 5 to 10 words.
    max_dup_ngrams: tuple[float | None, ...] = (0.15, 0.14, 0.13, 0.12, 0.11, 0.10)
    max_dup_ngrams_ja: tuple[float | None, ...] = (0.243, 0.225, 0.207, 0.19, 0.175, 0.159)

    # SudachiPy reads 1.5 MB a second; without words what is measured in words is null for Japanese.
    japanese_words: bool = False

    name: ClassVar[str] = "gopher_repetition"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)
        for field, count in (("max_top_ngrams", 3), ("max_dup_ngrams", 6)):
            for name in (field, f"{field}_ja"):
                if len(getattr(self, name)) != count:
                    raise ValueError(f"{name}: {count} limits, not {len(getattr(self, name))}")

    def measure(self, batch: pa.RecordBatch, split: Split | None = None) -> dict[str, pa.Array]:
        """Scores (float64) by name, null where there is nothing to measure."""
        rows = [
            {} if text is None else repetition(text, words)
            for text, _, words in split_rows(batch, split or default_split(self.japanese_words))
        ]
        return columns(rows, _REPETITION + _NGRAMS)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """In the order of datatrove's filter."""
        ja = lang == "ja"
        limits = (
            self.max_dup_paras_ja if ja else self.max_dup_paras,
            self.max_dup_para_chars_ja if ja else self.max_dup_para_chars,
            self.max_dup_lines_ja if ja else self.max_dup_lines,
            self.max_dup_line_chars_ja if ja else self.max_dup_line_chars,
            *(self.max_top_ngrams_ja if ja else self.max_top_ngrams),
            *(self.max_dup_ngrams_ja if ja else self.max_dup_ngrams),
        )
        return (
            Bound("gopher_empty", "gopher.chars", least=1),
            *(
                Bound(score.replace(".", "_"), score, most=limit)
                for score, limit in zip(_REPETITION[1:] + _NGRAMS, limits, strict=True)
            ),
        )
