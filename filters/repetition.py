"""Text that repeats itself: lines (Rae et al. 2021, "Gopher", table A1), strings of characters, single characters.

Characters and not words, so that one rule serves languages with and without spaces.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound, scores
from filters.scripts import code_points, visible

_PRIME = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, for multiplicative hashing (Knuth, TAOCP 6.4)


class Measures(NamedTuple):
    """What the limits of `Repetition` are held against."""

    lines: float
    """Share of the lines (stripped, not blank) that stood before in the text."""
    line_chars: float
    """Share of the characters of lines that is in such lines."""
    ngrams: float
    """Share of the characters (without white space) that lie in an n-gram which began in the last `window` before."""
    short_ngrams: float | None
    """The same; None of a text longer than the window."""
    run: int
    """The longest row of one and the same character, white space left out."""


def measure(text: str, ngram: int, window: int) -> Measures:
    """Measure one text, with n-grams of `ngram` characters, looked for among the `window` that began last."""
    lines = repeated_lines(text)
    points = visible(code_points(text))
    covered, run = _repeats(points, ngram, window)
    share = covered / max(len(points), 1)
    return Measures(*lines, share, share if len(points) <= window else None, run)


def repeated_lines(text: str) -> tuple[float, float]:
    """`Measures.lines` and `Measures.line_chars`."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    different = set(lines)
    chars = sum(map(len, lines))
    repeated_chars = chars - sum(map(len, different))
    return (len(lines) - len(different)) / max(len(lines), 1), repeated_chars / max(chars, 1)


@numba.njit(cache=True, nogil=True)
def _repeats(points: NDArray[np.uint32], ngram: int, window: int) -> tuple[int, int]:
    """How many code points lie in repeated n-grams, and the longest run of one.

    Earlier n-grams are found as LZ77 finds them in zlib: the last place of each hash, and for each place in the window
    the one before it with the same hash. Candidates are compared, so the count is exact. Memory: 12 to 24 bytes per
    place in the window, whatever the length of the text.
    """
    bits = 1
    while (1 << bits) <= window:
        bits += 1
    ring = 1 << bits  # more places than the window has, so that a link in the window is never overwritten
    before = np.full(ring, -1, np.int32)
    bits += 1
    last = np.full(1 << bits, -1, np.int32)
    shift = np.uint64(64 - bits)

    covered, covered_to, run, longest = 0, 0, 0, 0
    for start in range(len(points)):
        run = run + 1 if start and points[start] == points[start - 1] else 1
        longest = max(longest, run)
        if start + ngram > len(points):
            continue
        key = np.uint64(0)
        for at in range(start, start + ngram):
            key = (key ^ np.uint64(points[at])) * _PRIME
        slot = key >> shift
        place = last[slot]
        before[start & (ring - 1)] = place
        last[slot] = start
        while place >= 0 and start - place <= window:
            same = 0
            while same < ngram and points[place + same] == points[start + same]:
                same += 1
            if same == ngram:
                covered += start + ngram - max(start, covered_to)
                covered_to = start + ngram
                break
            place = before[place & (ring - 1)]
    return covered, longest


@dataclass(frozen=True)
class Repetition:
    """None switches a rule off (in a recipe, 1 the limit of a share).

    Gopher's limits for lines, 0.30 and 0.20, also Swallow's, lose 4 to 6 % of our trial pages, and most of those we
    read were good: tutorials repeat the lines of their listings. Over our limits are lists of names, menus and logs.

    The published rules for characters do not part spam from manuals. Of 22 made-up pages of shuffled or cycled keywords
    and looped sentences, HojiChar's (the most frequent 5-grams' share, after BigScience) finds 5, ours 17; lists of
    many Japanese keywords are left to `Japanese`. Gopher's and FineWeb-2's shares of repeated n-grams grow with the
    length of a text. Within a window they do not.
    """

    max_lines: float | None = 0.50
    max_line_chars: float | None = 0.40
    # Trial pages: median 0.4, 99 % below 0.80. Loops and short lists of keywords: 0.9 to 1.
    max_ngrams: float | None = 0.80
    # Of texts no longer than the window, which have had less room to repeat themselves: one sentence for every town,
    # logs. Of 4,586 trial pages one short one lies between the limits.
    max_ngrams_short: float | None = 0.75
    # As HojiChar's. With 3 or 4 prose comes close to spam, with 6 and more short keywords are not seen.
    ngram: int = 5
    # About a page of Japanese. Without a window half of all texts over 30,000 characters pass 0.80.
    window: int = 1_000
    # HojiChar: 200. The longest in a good page is a rule of 252 ─ over a table.
    max_run: int | None = 400

    name: ClassVar[str] = "repetition"
    version: ClassVar[int] = 3

    def __post_init__(self) -> None:
        for field in ("max_lines", "max_line_chars", "max_ngrams", "max_ngrams_short"):
            limit = getattr(self, field)
            if limit is not None and not 0 <= limit <= 1:
                raise ValueError(f"{field}: a share from 0 to 1, not {limit}")
        if not 1 <= self.ngram <= 100:
            raise ValueError(f"ngram: from 1 to 100 characters, not {self.ngram}")
        if not 1 <= self.window <= 1 << 16:
            raise ValueError(f"window: from 1 to {1 << 16} characters, not {self.window}")
        if self.max_run is not None and self.max_run < 1:
            raise ValueError(f"max_run: at least 1 character, not {self.max_run}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`repetition.lines`, `.line_chars`, `.ngrams`, `.short_ngrams` and `.run`."""
        texts = batch.column("text").to_pylist()
        rows = [None if text is None else measure(text, self.ngram, self.window) for text in texts]
        return scores(self.name, Measures._fields, list(rows))

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`repetition_lines`, `repetition_line_chars`, `repetition_ngrams` and `repetition_run`."""
        return (
            Bound("repetition_lines", "repetition.lines", most=self.max_lines),
            Bound("repetition_line_chars", "repetition.line_chars", most=self.max_line_chars),
            Bound("repetition_ngrams", "repetition.ngrams", most=self.max_ngrams),
            Bound("repetition_ngrams", "repetition.short_ngrams", most=self.max_ngrams_short),
            Bound("repetition_run", "repetition.run", most=self.max_run),
        )
