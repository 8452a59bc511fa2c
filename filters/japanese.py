"""Is a page that passes for Japanese written in Japanese sentences? Judged by its characters alone.

The rules are those of Swallow v1 (Okazaki et al. 2024), HojiChar and llm-jp-corpus. Unlike in Swallow's code, the long
vowel mark ー and half-width katakana are Japanese, so are kanji beyond the BMP, and a text may be empty.
"""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import Bound, scores

# What a code point is.
_OTHER, _LETTER, _HIRAGANA, _KATAKANA, _KANJI, _END, _ASCII_END = range(7)

_RANGES = {  # inclusive
    _HIRAGANA: ((0x3041, 0x3096), (0x309D, 0x309F), (0x1B001, 0x1B11F)),
    _KATAKANA: ((0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)),
    _KANJI: (
        (0x3005, 0x3007),  # 々〆〇
        (0x303B, 0x303B),  # 〻
        (0x3400, 0x4DBF),  # extension A
        (0x4E00, 0x9FFF),
        (0xF900, 0xFAFF),  # compatibility
        (0x20000, 0x3FFFD),  # the planes kept for ideographs
    ),
}
_ENDS = "。．！？｡"
_ASCII_ENDS = ".!?"
_ELLIPSES = ("…", "‥", "...", "．．．", "。。。", "・・・")


@cache
def _kinds() -> NDArray[np.uint8]:
    kinds = np.fromiter((chr(point).isalpha() for point in range(0x110000)), np.uint8, 0x110000)
    for kind, ranges in _RANGES.items():
        for first, last in ranges:
            kinds[first : last + 1] = kind
    kinds[[ord(mark) for mark in _ENDS]] = _END
    kinds[[ord(mark) for mark in _ASCII_ENDS]] = _ASCII_END
    return kinds


class Measures(NamedTuple):
    """What the limits of `Japanese` are held against."""

    letters: int
    """Japanese ones: hiragana, katakana and kanji."""
    japanese: float
    """Share of `letters` in the letters of all scripts; digits, punctuation and symbols are no letters."""
    hiragana: float
    """Share of hiragana in `letters`."""
    katakana: float
    """Share of katakana in `letters`."""
    kuten: float
    """Sentence ends for each of `letters`. One of 。．！？｡ or several in a row; .!? only after a Japanese letter."""
    ellipsis: float
    """Share of the lines (those that are not blank) which end in an ellipsis, … or three dots of any kind."""


def measure(text: str) -> Measures:
    """Measure one text. Where there is nothing to take a share of, it is 0."""
    kinds = _kinds()[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)]
    counts = np.bincount(kinds, minlength=7).tolist()
    letters = counts[_HIRAGANA] + counts[_KATAKANA] + counts[_KANJI]
    lines = [line for line in map(str.rstrip, text.splitlines()) if line]
    return Measures(
        letters=letters,
        japanese=letters / max(letters + counts[_LETTER], 1),
        hiragana=counts[_HIRAGANA] / max(letters, 1),
        katakana=counts[_KATAKANA] / max(letters, 1),
        kuten=_sentence_ends(kinds) / max(letters, 1),
        ellipsis=sum(line.endswith(_ELLIPSES) for line in lines) / max(len(lines), 1),
    )


def _sentence_ends(kinds: NDArray[np.uint8]) -> int:
    ends = kinds == _END
    after_japanese = (kinds[:-1] >= _HIRAGANA) & (kinds[:-1] <= _KANJI)
    ends[1:] |= (kinds[1:] == _ASCII_END) & after_japanese
    return int(np.count_nonzero(ends[:1]) + np.count_nonzero(ends[1:] & ~ends[:-1]))


#: A page with fewer Japanese letters is not asked for sentence ends: one may be missing by chance.
KUTEN_LETTERS = 250


@dataclass(frozen=True)
class Japanese:
    """Rules for rows whose `lang` is "ja"; the others stay. None switches a rule off (in a recipe, 0 a minimum and 1 a
    maximum).

    The published limits were made for prose. Ours are looser, for we read what they drop of manuals and references:
    most of the letters of a good page may be code, and half of its Japanese letters loanwords.
    """

    # Swallow: 0.50, which loses almost half of our trial pages. Between 0.05 and 0.10 are good references, a listing
    # with a few lines about it; below are indexes, and pages whose Japanese is only a menu or lost to a wrong charset.
    min_japanese: float | None = 0.05
    # Swallow: 0.20, uzushio: 0.10 to 0.15 of all characters. Chinese has none, nor has UTF-8 read as Shift_JIS
    # (縺薙ｌ縺ｯ). Nor have old statutes, in kanji and katakana: set 0 for a corpus of them.
    min_hiragana: float | None = 0.10
    # Swallow: 0.50, without ー; good manuals of software pass that (ドラッグ＆ドロップ), lists of names pass 0.7.
    max_katakana: float | None = 0.70
    # llm-jp-corpus v1: one 。 in 250 characters (its strict set: 80; HojiChar: 100). Here in 250 Japanese letters, so
    # that code does not count against a page. Tables of contents and menus go, but verse
    # and classical prose too: set 0 for a corpus of literature.
    min_kuten: float | None = 1 / 250
    # Gopher and FineWeb-2: 0.30 of lines; Swallow: 0.20 of sentences; HojiChar: 0.70. Teasers cut short ("続きを…").
    max_ellipsis: float | None = 0.30

    name: ClassVar[str] = "japanese"
    version: ClassVar[int] = 2

    def __post_init__(self) -> None:
        for field in ("min_japanese", "min_hiragana", "max_katakana", "min_kuten", "max_ellipsis"):
            limit = getattr(self, field)
            if limit is not None and not 0 <= limit <= 1:
                raise ValueError(f"{field}: a share from 0 to 1, not {limit}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`japanese.share`, `.hiragana`, `.katakana`, `.kuten` and `.ellipsis` of Japanese rows."""
        texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
        rows = [measure(text) if lang == "ja" and text is not None else None for text, lang in zip(texts, langs)]
        found = scores(self.name, ("letters", "share", "hiragana", "katakana", "kuten", "ellipsis"), list(rows))
        letters = found.pop("japanese.letters")
        enough = pc.greater_equal(letters, KUTEN_LETTERS)
        return found | {"japanese.kuten": pc.if_else(enough, found["japanese.kuten"], pa.scalar(None, pa.float64()))}

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`japanese_share`, `japanese_hiragana`, `japanese_katakana`, `japanese_kuten` and `japanese_ellipsis`."""
        return (
            Bound("japanese_share", "japanese.share", least=self.min_japanese),
            Bound("japanese_hiragana", "japanese.hiragana", least=self.min_hiragana),
            Bound("japanese_katakana", "japanese.katakana", most=self.max_katakana),
            Bound("japanese_kuten", "japanese.kuten", least=self.min_kuten),
            Bound("japanese_ellipsis", "japanese.ellipsis", most=self.max_ellipsis),
        )
