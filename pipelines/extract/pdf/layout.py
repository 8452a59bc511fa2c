"""The spans of a PDF page to lines in reading order: columns, what spans them, side notes, tables, footnotes."""

import itertools
import re
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.extract.pdf.lines import Span, join, rows


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a column that reaches from `left` to `right`; places in points in the frame of its flow.

    `size` is the mean of its characters. `first` where a column or another part of the page begins, `cells` where it is
    a row of a table, `note` where it is of a footnote.
    """

    text: str
    u0: float
    u1: float
    top: float
    bottom: float
    size: float
    heavy: bool
    mono: bool
    left: float
    right: float
    page: int
    first: bool = False
    cells: bool = False
    note: bool = False


# Spans of one column, its left and right end, and whether it stands beside the text.
Part = tuple[list[Span], float, float, bool]

# Nested columns: newspapers have a headline over groups of columns in columns.
MAX_DEPTH = 6
# In sizes. A gutter is at least the gap that ends a span; lines of prose have more than ten English letters or eight
# Japanese ones, cells of tables seldom.
GUTTER = 0.9
PROSE = 9.0
# A span parts the columns above it from those below if it reaches over the gutter by this much to both sides.
OVERHANG = 2.0
# Share of the characters of a page that makes a column, and of spans on one base line with a span beyond the gutter
# that makes two columns a table or a list of terms.
MIN_COLUMN = 0.1
ALIGNED = 0.85
# Share of the characters of a page that may reach over the gutter of notes at the side: a headline, a foot.
BESIDE_ACROSS = 0.15
# Rows of two cells and more that make a table.
MIN_ROWS = 3
# Gap between cells, in sizes.
CELL_GAP = 1.5
# Size of footnotes in that of the text.
NOTE_SIZE = 0.93
NOTE_GAP = 1.8
# Lines of a block set narrower than its column on both sides, as abstracts are; share of them that reach its right end.
NARROW_LINES, JUSTIFIED = 4, 0.6

_NUMBER = re.compile(r"[0-9]{1,5}")
_NOTE = re.compile(r"(?:[0-9]{1,3}|[*†‡§¶∗＊※⋆]|注)[^0-9.]")


def lines(found: Sequence[Span], page: int, body: float) -> tuple[list[Line], int]:
    """The lines of a flow in reading order, and how many line numbers were left out. `body` is the size of its text."""
    kept, numbers = _without_line_numbers(found)
    ordered: list[Line] = []
    notes: list[Line] = []
    for part, left, right, aside in _parts(kept, body, 0):
        laid = _laid_out(part, left, right, page)
        # What is small below several columns is no text of theirs.
        below = bool(ordered) and all(line.size < NOTE_SIZE * body for line in laid) and _is_last(part, kept)
        at = 0 if aside or below else _notes_from(laid, body)
        ordered += laid[:at]
        notes += [replace(line, note=True) for line in laid[at:]]
    return ordered + notes, numbers


def _is_last(part: Sequence[Span], found: Sequence[Span]) -> bool:
    """Is nothing else of the page below?"""
    return min(span.top for span in part) > max(span.top for span in found) - NOTE_GAP * sum(span.size for span in part)


def _parts(found: list[Span], body: float, depth: int) -> list[Part]:
    """Spans in columns in reading order, each with the left and right end of its column."""
    if not found:
        return []
    if depth == MAX_DEPTH or not (cut := _gutter(found, body)):
        return [(found, *_ends(found), False)]
    gutter, aside = cut
    sides: tuple[list[Span], list[Span]] = ([], [])
    across: list[Span] = []
    for span in found:
        if span.u0 < gutter - OVERHANG * body and span.u1 > gutter + OVERHANG * body:
            across.append(span)
        else:
            sides[(span.u0 + span.u1) / 2 > gutter].append(span)
    made: list[Part] = []
    across.sort(key=lambda span: span.top)
    tops = [span.top for span in across]
    # Which of those across stands above each: the columns are read between them.
    columns = [_parts(side, body, depth + 1) for side in sides]
    whole = _ends(found)
    between: list[list[Part]] = [[] for _ in range(len(across) + 1)]
    for which, side in enumerate(columns):
        for part, left, right, apart in side:
            groups: dict[int, list[Span]] = {}
            for span in part:
                groups.setdefault(bisect_left(tops, span.top), []).append(span)
            for above in sorted(groups):
                between[above].append((groups[above], left, right, apart or which == aside))
    run: list[Span] = []
    for above, group in enumerate(between):
        if group and run:
            made.append((run, *whole, False))
            run = []
        made += group
        if above < len(across):
            run.append(across[above])
    if run:
        made.append((run, *whole, False))
    return made


def _gutter(found: Sequence[Span], body: float) -> tuple[float, int] | None:
    """Where two columns of prose are to be parted, or one and the notes at its side; and which is beside the text, 0
    for the left, -1 for none."""
    by_left = sorted(found, key=lambda span: span.u0)
    by_right = sorted(found, key=lambda span: span.u1)
    lefts = [span.u0 for span in by_left]
    total = sum(span.chars for span in found)
    right_chars, right_spans = [0] * (len(found) + 1), len(found)
    for at in range(len(found) - 1, -1, -1):
        right_chars[at] = right_chars[at + 1] + by_left[at].chars
    best: tuple[int, float] | None = None
    beside: tuple[int, float] | None = None
    seen = 0
    for at, span in enumerate(by_right[:-1]):
        seen += span.chars
        if by_right[at + 1].u1 == span.u1:
            continue
        start = bisect_left(lefts, span.u1 + GUTTER * body)
        if start == right_spans:
            break
        middle = (span.u1 + lefts[start]) / 2
        inside = seen + right_chars[start]
        if min(seen, right_chars[start]) >= MIN_COLUMN * total and (best is None or inside > best[0]):
            best = inside, middle
        if min(at + 1, right_spans - start) >= MIN_ROWS and (beside is None or inside > beside[0]):
            beside = inside, middle
    if best is not None and _are_columns(found, best[1], body):
        return best[1], -1
    if beside is not None and _is_beside(found, beside, total, body):
        left, right = _sides(found, beside[1])
        return beside[1], int(sum(span.chars for span in left) > sum(span.chars for span in right))
    return None


def _are_columns(found: Sequence[Span], gutter: float, body: float) -> bool:
    """Is there prose on both sides, beside each other?"""
    left, right = _sides(found, gutter)
    if not (_is_prose(left, body) and _is_prose(right, body)):
        return False
    overlap = min(left[-1].bottom, right[-1].bottom) - max(left[0].top, right[0].top)
    return overlap > MIN_ROWS * body


def _is_beside(found: Sequence[Span], beside: tuple[int, float], total: int, body: float) -> bool:
    """Is there prose on one side, and on the other what has lines of its own?"""
    inside, gutter = beside
    if inside < (1 - BESIDE_ACROSS) * total:
        return False
    left, right = _sides(found, gutter)
    few, many = sorted((left, right), key=lambda side: sum(span.chars for span in side))
    if not _is_prose(many, body):
        return False
    bases = sorted(span.bottom for span in many)
    near = 0.15 * body
    aligned = sum(
        (at := bisect_left(bases, span.bottom - near)) < len(bases) and bases[at] <= span.bottom + near for span in few
    )
    return aligned < ALIGNED * len(few)


def _ends(found: Sequence[Span]) -> tuple[float, float]:
    """Where the lines of a column begin and end. A few reach farther: numbers of equations, feet, overfull
    lines."""
    enough = max(1, len(found) // 10)
    return sorted(span.u0 for span in found)[enough - 1], sorted(span.u1 for span in found)[-enough]


def _sides(found: Sequence[Span], gutter: float) -> tuple[list[Span], list[Span]]:
    in_order = sorted(found, key=lambda span: span.top)
    return [span for span in in_order if span.u1 <= gutter], [span for span in in_order if span.u0 >= gutter]


def _is_prose(side: Sequence[Span], body: float) -> bool:
    long = [span.chars for span in side if span.u1 - span.u0 >= PROSE * body]
    return len(long) >= MIN_ROWS and 2 * sum(long) >= sum(span.chars for span in side)


def _laid_out(part: list[Span], left: float, right: float, page: int) -> list[Line]:
    """The lines of a column, cells of tables parted by bars."""
    made = rows(part)
    counts = [_cells(row) for row in made]
    laid: list[Line] = []
    at = 0
    while at < len(made):
        end = at
        while end < len(made) and counts[end] > 1:
            end += 1
        is_table = end - at >= MIN_ROWS
        for row in made[at : max(end, at + 1)]:
            span = join(row, " | " if is_table else None)
            laid.append(_line(span, left, right, page, first=not laid, cells=is_table))
        at = max(end, at + 1)
    return _narrowed(laid)


def _narrowed(laid: list[Line]) -> list[Line]:
    """Blocks that are set narrower than the column get their own right end."""
    at = 0
    while at < len(laid):
        end = at
        while end < len(laid) and laid[end].u0 > _set_in(laid[end]) and abs(laid[end].size - laid[at].size) < 1:
            end += 1
        block = laid[at:end]
        right = max((line.u1 for line in block), default=0.0)
        full = sum(line.u1 > right - line.size for line in block)
        if len(block) >= NARROW_LINES and full >= JUSTIFIED * len(block):
            laid[at:end] = [replace(line, right=right) for line in block]
        at = max(end, at + 1)
    return laid


def _set_in(line: Line) -> float:
    """Where a line begins that is set in from its column."""
    return line.left + 0.7 * line.size


def _cells(row: Sequence[Span]) -> int:
    return 1 + sum(b.u0 - a.u1 > CELL_GAP * max(a.size, b.size) for a, b in itertools.pairwise(row))


def _line(span: Span, left: float, right: float, page: int, first: bool, cells: bool) -> Line:
    size = round(span.mass / span.chars, 1)
    heavy, mono = 2 * span.heavy > span.chars, 2 * span.mono > span.chars
    return Line(span.text, span.u0, span.u1, span.top, span.bottom, size, heavy, mono, left, right, page, first, cells)


def _notes_from(laid: Sequence[Line], body: float) -> int:
    """Where the footnotes of a column begin: its end is small, and begins with a mark or after a gap."""
    at = len(laid)
    while at and laid[at - 1].size < NOTE_SIZE * body:
        at -= 1
    while 0 < at < len(laid) and not (
        _NOTE.match(laid[at].text) or laid[at].bottom - laid[at - 1].bottom > NOTE_GAP * body
    ):
        at += 1
    return at if at else len(laid)


def _without_line_numbers(found: Sequence[Span]) -> tuple[list[Span], int]:
    """Without numbers that stand beside the text and count its lines."""
    prose = [span for span in found if not _NUMBER.fullmatch(span.text)]
    if not prose:
        return list(found), 0
    left = statistics.quantiles([span.u0 for span in prose], n=20)[0] if len(prose) > 1 else prose[0].u0
    outside = [span for span in found if span.u1 <= left and _NUMBER.fullmatch(span.text)]
    outside.sort(key=lambda span: span.top)
    values = [int(span.text) for span in outside]
    steps = [b - a for a, b in itertools.pairwise(values)]
    if len(values) < 2 * MIN_ROWS or sum(step in (1, 5) for step in steps) < 0.9 * len(steps):
        return list(found), 0
    numbers = set(map(id, outside))
    return [span for span in found if id(span) not in numbers], len(outside)
