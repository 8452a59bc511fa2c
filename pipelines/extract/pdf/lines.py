"""Characters of a PDF page to spans: stretches of a line without a wide gap, with the spaces that the gaps mean."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.extract.pdf.glyphs import Glyph
from pipelines.extract.wrapping import WIDE


@dataclass(slots=True)
class Span:
    """Part of a line; places in points in the frame of its flow. `size` is that of its largest character,
    `mass` the sum of the sizes of all."""

    parts: list[str] = field(default_factory=list)
    u0: float = 0.0
    u1: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    size: float = 0.0
    chars: int = 0
    mass: float = 0.0
    heavy: int = 0
    mono: int = 0

    @property
    def text(self) -> str:
        return "".join(self.parts)


# Gaps, in sizes of the font. A space of a narrow line in TeX shrinks to 0.22, kerns reach 0.1. Between two wide
# characters stands what justification left over, or the half of a bracket or full stop that is blank; next to a Latin
# word a quarter that the typesetter put there and nobody wrote.
SPACE = 0.15
WIDE_SPACE = 0.8
MIXED_SPACE = 0.5
BLANK_HALF = 0.5
# Half of the gaps of letters that are set apart; fewer letters say nothing.
TRACKED, MIN_LETTERS = 0.1, 4
# Wider gaps end a span: columns are set apart by 1.5 and more, words by less.
SPAN_GAP = 1.0
# What the file holds in pieces is not put together over more than a space, for the pieces may be columns.
PIECE_GAP = 0.6
# Accents are put back over the letter before.
OVERLAP = 0.5
# Ruby is set in half the size of its base (JLREQ 3.3).
RUBY_SIZE = 0.62

_WIDE = re.compile(f"[{WIDE}]")
_HALF_BLANK_AFTER = frozenset("、。，．）」』】〕］｝〉》・：；’”")
_HALF_BLANK_BEFORE = frozenset("（「『【〔［｛〈《・：；‘“")
_KANA = re.compile("[ぁ-ゖァ-ヺー゛゜・ 　]+")


def separator(before: str, after: str, gap: float, spaced: bool = False) -> str:
    """What stands between two characters of a line that are `gap` sizes apart: a space or nothing."""
    wide_before, wide_after = bool(_WIDE.match(before)), bool(_WIDE.match(after))
    if wide_before and wide_after:
        blank = (before in _HALF_BLANK_AFTER) + (after in _HALF_BLANK_BEFORE)
        return " " if gap > WIDE_SPACE + BLANK_HALF * blank else ""
    if wide_before or wide_after:
        return (
            " " if gap > MIXED_SPACE + BLANK_HALF * (before in _HALF_BLANK_AFTER or after in _HALF_BLANK_BEFORE) else ""
        )
    return " " if spaced or gap > SPACE else ""


def spans(glyphs: Sequence[Glyph]) -> tuple[list[Span], dict[str, int]]:
    """The spans of a flow, from top to bottom. Counts characters left out: `ruby`, and `overprinted` ones, which stand
    a second time on the first for a bolder look."""
    found, overprinted = _merged(_in_order_of_file(glyphs))
    found, ruby = _without_ruby(found)
    return found, {"ruby": ruby, "overprinted": overprinted}


def _in_order_of_file(glyphs: Sequence[Glyph]) -> list[Span]:
    found: list[Span] = []
    span: Span | None = None
    letters: list[tuple[str, float, bool]] = []
    start = 0.0
    for text, u0, u1, top, bottom, style, spaced in glyphs:
        size = style.size
        if span is not None:
            larger = max(size, span.size)
            gap = u0 - span.u1
            overlap = min(bottom, span.bottom) - max(top, span.top)
            # The letters of a ligature have one box.
            begins = gap > -OVERLAP * larger or u0 > start - 0.1
            if begins and gap < SPAN_GAP * larger and overlap > 0.5 * min(size, span.size):
                letters.append((text, gap / larger, spaced))
                start, span.u1 = u0, max(span.u1, u1)
                span.chars += 1
                span.mass += size
                span.heavy += style.heavy
                span.mono += style.mono
                if size > span.size:
                    span.top, span.bottom, span.size = top, bottom, size
                continue
            span.parts = _spelled(letters)
        start = u0
        letters = [(text, 0.0, False)]
        span = Span([], u0, u1, top, bottom, size, 1, size, int(style.heavy), int(style.mono))
        found.append(span)
    if span is not None:
        span.parts = _spelled(letters)
    return found


def _spelled(letters: Sequence[tuple[str, float, bool]]) -> list[str]:
    """Characters with their gaps, in sizes, as a text. Where they are set apart, as in listings that give each the same
    room, PDFium puts spaces between all, and only wider gaps than usual are spaces."""
    gaps = sorted(gap for _, gap, _ in letters[1:])
    usual = gaps[len(gaps) // 2] if len(gaps) >= MIN_LETTERS else 0.0
    apart = usual > TRACKED
    parts: list[str] = []
    before = ""
    for text, gap, spaced in letters:
        if before and (between := separator(before, text, gap - usual if apart else gap, spaced and not apart)):
            parts.append(between)
        parts.append(text)
        before = text[-1]
    return parts


def rows(found: Sequence[Span]) -> list[list[Span]]:
    """Spans that stand on one line, from left to right; the lines from top to bottom."""
    made: list[list[Span]] = []
    top = bottom = size = 0.0
    for span in sorted(found, key=lambda span: (span.top + span.bottom, span.u0)):
        overlap = min(bottom, span.bottom) - max(top, span.top)
        if made and overlap > 0.5 * min(size, span.size):
            made[-1].append(span)
            if span.size <= size:
                continue
        else:
            made.append([span])
        top, bottom, size = span.top, span.bottom, span.size
    for row in made:
        row.sort(key=lambda span: span.u0)
    return made


def join(spans: Sequence[Span], between: str | None = None) -> Span:
    """One of several from left to right, parted as their gaps say, or by `between`."""
    if len(spans) == 1:
        return spans[0]
    parts: list[str] = []
    before = spans[0]
    for span in spans:
        if parts:
            gap = (span.u0 - before.u1) / max(span.size, before.size)
            parts.append(between or separator(parts[-1][-1], span.parts[0][0], gap))
            if not parts[-1]:
                parts.pop()
        parts += span.parts
        before = span
    largest = max(spans, key=lambda span: span.size)
    return Span(
        parts,
        min(span.u0 for span in spans),
        max(span.u1 for span in spans),
        largest.top,
        largest.bottom,
        largest.size,
        sum(span.chars for span in spans),
        sum(span.mass for span in spans),
        sum(span.heavy for span in spans),
        sum(span.mono for span in spans),
    )


def _merged(found: Sequence[Span]) -> tuple[list[Span], int]:
    """Spans that the file holds in pieces, put together; what is printed twice, once."""
    made: list[Span] = []
    overprinted = 0
    for row in rows(found):
        group = [row[0]]
        for span in row[1:]:
            last = group[-1]
            larger = max(span.size, last.size)
            if abs(span.u0 - last.u0) < 0.2 * larger and span.parts == last.parts:
                overprinted += span.chars
                continue
            if -OVERLAP * larger < span.u0 - last.u1 < PIECE_GAP * larger:
                group.append(span)
            else:
                made.append(join(group))
                group = [span]
        made.append(join(group))
    return made, overprinted


def _without_ruby(found: list[Span]) -> tuple[list[Span], int]:
    """Without small kana that stand close above larger characters, or to their right where lines run down."""
    tops = [span.top for span in found]
    if tops != sorted(tops):
        found = sorted(found, key=lambda span: (span.top, span.u0))
        tops = [span.top for span in found]
    kept: list[Span] = []
    dropped = 0
    for span in found:
        if _KANA.fullmatch(span.text):
            below = found[
                bisect_left(tops, span.bottom - 0.6 * span.size) : bisect_right(tops, span.bottom + span.size)
            ]
            if any(
                span.size <= RUBY_SIZE * base.size and base.u0 - span.size <= span.u0 and span.u1 <= base.u1 + span.size
                for base in below[:_MOST_BASES]
            ):
                dropped += span.chars
                continue
        kept.append(span)
    return kept, dropped


# Spans that may stand in the line below: a bound on the time for pages made to take long.
_MOST_BASES = 200
