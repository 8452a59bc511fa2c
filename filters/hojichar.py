"""The filters of HojiChar for Japanese pages, with its defaults; its lists of words are not here.

Measured as by its code, but for what we take for mistakes. All kana count, also ー and half-width ones. Blank lines are
no short lines, and the last line counts without a line break. Special characters are all but letters, marks and
numbers; its own set, from BigScience, holds 士 and lacks most symbols. What has no share of anything has no score.

Its filters of nouns, which needs their part of speech, and of languages are left out.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound
from filters.gopher import Scores, check_limits, columns, share
from filters.scripts import HIRAGANA, KATAKANA, code_points, kinds
from filters.splitting import number
from filters.swallow import check_words, hits, japanese_texts, ngrams
from tokenizer.words import words as split_words

_SCORES = (
    "hojichar.chars",
    "hojichar.kana",
    "hojichar.kuten",
    "hojichar.ads",
    "hojichar.bbs",
    "hojichar.words",
    "hojichar.top_5_grams",
    "hojichar.dup_7_grams",
    "hojichar.special",
    "hojichar.run",
    "hojichar.ellipsis",
    "hojichar.short_lines",
)

#: Those of its 31 words of advertisements that we know.
ADS = ("お問い合わせください", "営業時間", "送料", "求人情報", "勤務地", "①", "②", "■")
#: Of lists of comments and of goods. Dates count beside them.
BBS = ("コメント", "レビュー", "投稿", "ページ", "質問", "楽天市場", "-", *(f"({day})" for day in "月火水木金土日"))

_DATE = re.compile(r"\d\d\d\d[年./-] *\d\d?[月./-] *\d\d?日?")
_ELLIPSES = ("...", "…")
_SHORT_LINE = 10
_NGRAM, _WORD_NGRAM = 5, 7


def measure(text: str, ads: Sequence[str], bbs: Sequence[str], words: Sequence[str], split: bool) -> Scores:
    """What `HojiChar` asks of one text."""
    points = code_points(text)
    lines = [line for line in map(str.rstrip, text.split("\n")) if line]
    without_dates, dates = _DATE.subn("\n", text)
    scores: dict[str, float | None] = {
        "hojichar.chars": len(text),
        "hojichar.kana": kana(text),
        "hojichar.kuten": share(text.count("。"), len(text)),
        "hojichar.ads": keywords(text, ads),
        "hojichar.bbs": dates + keywords(without_dates, bbs),
        "hojichar.top_5_grams": top_ngrams(points, _NGRAM),
        "hojichar.special": share(int(np.count_nonzero(_special()[points])), len(text)),
        "hojichar.run": longest_run(points),
        "hojichar.ellipsis": share(sum(line.endswith(_ELLIPSES) for line in lines), len(lines)),
        "hojichar.short_lines": share(sum(len(line) <= _SHORT_LINE for line in lines), len(lines)),
    }
    if words:
        scores["hojichar.words"] = len(hits(text, words))
    if split:
        *_, (grams, repeated) = ngrams(number(split_words(text)).ids, _WORD_NGRAM)
        scores["hojichar.dup_7_grams"] = share(int(repeated.sum()), grams)
    return scores


def kana(text: str) -> int:
    """How many of the first 50 characters are hiragana or katakana."""
    kind = kinds(code_points(text[:50]))
    return int(np.count_nonzero((kind == HIRAGANA) | (kind == KATAKANA)))


def keywords(text: str, words: Sequence[str]) -> int:
    """How often words of a list are in a text, whatever is around them."""
    return len(_any_of(tuple(words)).findall(text)) if words else 0


@lru_cache(maxsize=16)
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def top_ngrams(points: NDArray[np.uint32], n: int) -> float | None:
    """Share of the most frequent n-grams in all n-grams: as many as the root of the different ones, to take the length
    out of it (BigScience), but none that is there once."""
    *_, (grams, repeated) = ngrams(points, n)
    types = grams - int(repeated.sum()) + len(repeated)
    top = min(math.isqrt(types), len(repeated))
    return share(int(np.sort(repeated)[len(repeated) - top :].sum()), grams)


def longest_run(points: NDArray[np.uint32]) -> int:
    """Of one and the same character."""
    changes = np.flatnonzero(points[1:] != points[:-1])
    return int(np.diff(changes, prepend=-1, append=len(points) - 1).max()) if len(points) else 0


@cache
def _special() -> NDArray[np.bool_]:
    categories = (unicodedata.category(chr(point))[0] for point in range(0x110000))
    return np.fromiter((category in "PSZC" for category in categories), np.bool_, 0x110000)


@dataclass(frozen=True)
class HojiChar:
    """Filters that throw a Japanese document away, in one. Rows in other languages stay. None switches a limit off."""

    # Code points. HojiChar's documentation speaks of 200 to 50,000, its code sets no limit.
    min_chars: int | None = None
    max_chars: int | None = None
    # In the first 50 characters. One lets Chinese with の pass.
    min_kana: int | None = 1
    # 。 for each character.
    min_kuten: float | None = 1 / 100
    # Words of these lists; dates such as 2024年5月1日 and 2024-05-01 count with the second.
    ads: tuple[str, ...] = ADS
    max_ads: int | None = 14
    bbs: tuple[str, ...] = BBS
    max_bbs: int | None = 14
    # Unwanted words (sex, discrimination, violence). HojiChar drops a page for one, and takes parts of words for it.
    words: tuple[str, ...] = ()
    max_words: int | None = 0
    # The most frequent of the n-grams of 5 characters, in all; a page that reaches 0.33 goes.
    max_top_ngrams: float | None = math.nextafter(0.33, 0)
    # Those of the n-grams of 7 words that are there more than once, in all; a page that reaches 0.40 goes. Words are
    # SudachiPy's (mode A), and take more time than all the rest, so they are asked for.
    split_words: bool = False
    max_dup_word_ngrams: float | None = math.nextafter(0.40, 0)
    # Share of punctuation, symbols, emoji and white space; digits are none.
    max_special: float | None = 0.40
    # The longest row of one and the same character; a page that reaches 200 goes.
    max_run: int | None = 199
    # Shares of the lines.
    max_ellipsis: float | None = 0.70
    max_short_lines: float | None = 0.50

    name: ClassVar[str] = "hojichar"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)
        check_words(ads=self.ads, bbs=self.bbs, words=self.words)

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Scores (float64) by name of Japanese rows, null where there is nothing to measure."""
        rows = [
            {} if text is None else measure(text, self.ads, self.bbs, self.words, self.split_words)
            for text in japanese_texts(batch)
        ]
        return columns(rows, _SCORES)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """HojiChar leaves the order to its users."""
        if lang != "ja":
            return ()
        return (
            Bound("hojichar_short", "hojichar.chars", least=self.min_chars),
            Bound("hojichar_long", "hojichar.chars", most=self.max_chars),
            Bound("hojichar_kana", "hojichar.kana", least=self.min_kana),
            Bound("hojichar_kuten", "hojichar.kuten", least=self.min_kuten),
            Bound("hojichar_ads", "hojichar.ads", most=self.max_ads),
            Bound("hojichar_bbs", "hojichar.bbs", most=self.max_bbs),
            Bound("hojichar_words", "hojichar.words", most=self.max_words),
            Bound("hojichar_top_ngrams", "hojichar.top_5_grams", most=self.max_top_ngrams),
            Bound("hojichar_dup_word_ngrams", "hojichar.dup_7_grams", most=self.max_dup_word_ngrams),
            Bound("hojichar_special", "hojichar.special", most=self.max_special),
            Bound("hojichar_run", "hojichar.run", most=self.max_run),
            Bound("hojichar_ellipsis", "hojichar.ellipsis", most=self.max_ellipsis),
            Bound("hojichar_short_lines", "hojichar.short_lines", most=self.max_short_lines),
        )
