"""Lines of a PDF to paragraphs: where one ends, and how lines are joined to one."""

import itertools
import re
import statistics
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from pipelines.extract.pdf.glyphs import FIRST_WIDE
from pipelines.extract.pdf.layout import Line
from pipelines.extract.wrapping import WIDE


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a row of a table, a listing.

    `open` where its last line is full and ends no sentence; `goes_on` where its first may be the rest of a paragraph of
    an earlier column or page; `tight` where it is a line close to another, as in a verse."""

    lines: tuple[Line, ...]
    kind: str
    """text, caption, row, code or note."""
    open: bool
    goes_on: bool
    tight: bool

    @property
    def length(self) -> int:
        """In characters."""
        return sum(len(line.text) for line in self.lines)


# Of a size: an indent, and how much sizes of one paragraph differ (Japanese type is set 4 to 8 % smaller than Latin).
INDENT = 0.7
SAME_SIZE = 0.11
# Of the size of the text, what headings have at least.
LARGE = 1.12
# Of the usual distance of lines, what parts paragraphs.
PARAGRAPH_GAP = 1.3
# Of a size, a usual line: where there are too few to measure.
LEADING = 1.3
# Of a size, what one character of Japanese takes with what may hang over; of a Latin word, the space before it.
WIDE_ROOM, LATIN_ROOM = 2.0, 0.4

_WIDE = re.compile(f"[{WIDE}]")
_ENDED = re.compile(r"[.!?。．！？:：;」』][\"'”’)）」』\]0-9]{0,3}$")
_MARKER = re.compile(
    r"(?:[-–—•·‣▪◦○●◯■□◆◇▶►✓※∗*・]\s*(?=\S)|\(?[0-9]{1,3}[.)]\s|\(?[a-z][.)]\s|\[[0-9]{1,3}\]|[（(][0-9０-９一-十]{1,3}[）)]"
    r"|[①-⑳]|(?:Figure|Fig\.|Table|FIGURE|TABLE) ?[0-9]|[図表] ?[0-9])"
)
_NUMBERED = re.compile(r"(?:[0-9０-９]{1,3}[.．]?)+\s|第[0-9０-９一-十百]{1,4}[章節部]|[0-9０-９]+[　.．]")
_NOTE = re.compile(r"[0-9]{1,2}(?=[A-Zh])|[*†‡§]|[0-9]{1,2} [A-Z]")
CAPTION = re.compile(
    r"(?:(?:supplementary |extended data )?"
    r"(?:figure|fig\.|table|tab\.|scheme|algorithm|listing)\s?[0-9A-Z]{1,3}(?:\.[0-9]{1,2})?\s?[:.|．：]"
    r"|[図表写真]{1,2}[\s　]?[0-9０-９]{1,3}(?:[-.．－‐–][0-9０-９]{1,2})?(?:[:：.．　\s]|$))",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(rf"[^\s{WIDE}]+")
# Of a dash between words, or of an address.
_OPEN_END = re.compile(r"(?:\S[–—]|[a-z]/|//)$")
_LAST_PART = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*-$")
_NEXT_PART = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
# Of a dash between words, or of an address.
_OPEN_END = re.compile(r"(?:\S[–—]|[a-z]/|//)$")
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
# Of the end of a line, what is looked at for the part of a word: the longest words of dictionaries have 45.
_MOST_LETTERS = 60
# Behind them no other ending comes: model-based, drug-free, data-driven.
_COMPOUNDED = frozenset({"aware", "based", "driven", "free", "oriented", "related", "specific"})
# A compound of an adverb, manually-chosen; not cata-ly-sis.
_ADVERB = re.compile(r"[a-z]{3,}[^ao]ly")
# Their compounds keep the hyphen; those of other words, as re-, co-, multi-, mostly have none.
_COMPOUNDING = frozenset(
    {"all", "cross", "first", "full", "half", "high", "large", "left", "long", "low", "non", "open", "real", "right"}
    | {"second", "self", "short", "single", "small", "so", "state", "third", "three", "two", "well"}
)


def known_words(lines: Sequence[Line]) -> set[str]:
    """The words of a text that no line parts, compounds with their hyphens, in lower case."""
    known: set[str] = set()
    parted = False
    for line in lines:
        whole = line.text.partition(" ")[2] if parted else line.text
        if parted := whole.endswith("-"):
            whole = whole.rpartition(" ")[0]
        known.update(map(str.lower, _WORD.findall(whole)))
    return known


def blocks(lines: Sequence[Line], body: float) -> list[Block]:
    """The paragraphs of lines in reading order, the text of which is mostly of the size `body`."""
    leading = _leading(lines)
    made: list[Block] = []
    run: list[Line] = []
    for line in lines:
        if run and _parts(run, line, leading, body):
            made.append(_block(run, made, leading, body))
            run = []
        run.append(line)
    if run:
        made.append(_block(run, made, leading, body))
    return _continued(made)


def text(lines: Sequence[Line], known: Set[str]) -> str:
    """The lines of a paragraph as one; words that a hyphen parts at its end are put together."""
    made = [lines[0].text]
    for line in lines[1:]:
        made[-1], between = _joint(made[-1], line.text, known)
        made += [between, line.text]
    return "".join(made)


def joined(before: str, after: str, known: Set[str] = frozenset()) -> str:
    """Two lines as one."""
    before, between = _joint(before, after, known)
    return f"{before}{between}{after}"


def _joint(before: str, after: str, known: Set[str]) -> tuple[str, str]:
    """The first of two lines, without a hyphen that only parted a word, and what stands between them."""
    end = before[-_MOST_LETTERS:]
    if end.endswith("-"):
        if (last := _LAST_PART.search(end)) and (rest := _NEXT_PART.match(after)):
            return before if _keeps_hyphen(last[0][:-1], rest[0], known) else before[:-1], ""
        return before, "" if end[-2:-1].isalnum() else " "
    wide = end[-1:] >= FIRST_WIDE or after[:1] >= FIRST_WIDE
    return before, "" if wide or _OPEN_END.search(end) else " "


def _keeps_hyphen(last: str, rest: str, known: Set[str]) -> bool:
    joint = f"{last}{rest}".lower()
    if joint in known or f"{last}-{rest}".lower() in known:
        return joint not in known
    if not rest[0].islower() or (len(last) > 1 and last.isupper()):  # Navier-Stokes, GPU-based
        return True
    last, rest = last.lower(), rest.lower()
    if (rest in _COMPOUNDED and len(last) > 3) or (_ADVERB.fullmatch(last) and len(rest) > 3):
        return True
    end = last.rpartition("-")[2]
    return end in _COMPOUNDING or "-" in last or (len(last) > 2 and len(rest) > 3 and last in known and rest in known)


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance of lines, in sizes."""
    steps = [
        (b.bottom - a.bottom) / b.size
        for a, b in itertools.pairwise(lines)
        if not b.first
        and a.page == b.page
        and abs(a.size - b.size) < 0.5
        and 0.8 * b.size < b.bottom - a.bottom < 3 * b.size
    ]
    return statistics.median(steps) if len(steps) > 5 else LEADING


def _parts(run: Sequence[Line], line: Line, leading: float, body: float) -> bool:
    """Does `line` begin another block than that of the lines before it?"""
    last = run[-1]
    size = max(last.size, line.size)
    if line.cells or last.cells or line.note != last.note:
        return True
    if not _is_near(last, line, leading):
        return True
    if last.mono and line.mono:
        return False
    if min(line.size, last.size) > LARGE * body:
        return line.heavy != last.heavy or bool(_NUMBERED.match(line.text))
    if line.heavy != last.heavy and (_has_room(last, line) or _ends(last)):
        return True
    if line.note and _NOTE.match(line.text):
        return True
    if _MARKER.match(line.text) and (len(run) == 1 or line.u0 < run[1].u0 - 0.1 or _has_room(last, line)):
        return True
    if _has_room(last, line):
        return True
    deeper = line.u0 - last.u0
    if deeper > INDENT * size:
        return len(run) > 1 or _ends(last)
    if deeper < -INDENT * size:
        # A first line is indented; where the others are, the next item of a list has come.
        return len(run) > 1
    return False


def _ends(line: Line) -> bool:
    return bool(_ENDED.search(line.text))


def _has_room(line: Line, after: Line) -> bool:
    """Would the first word of `after` have had room on `line`?"""
    room = line.right - line.u1
    if _WIDE.match(after.text):
        return room > WIDE_ROOM * after.size
    word = _FIRST_WORD.match(after.text)
    width = (after.u1 - after.u0) * len(word[0] if word else "") / max(len(after.text), 1)
    return room > width + LATIN_ROOM * after.size


def _block(run: Sequence[Line], made: Sequence[Block], leading: float, body: float) -> Block:
    first, last = run[0], run[-1]
    if first.note:
        kind = "note"
    elif first.cells:
        kind = "row"
    elif all(line.mono for line in run) and first.size < LARGE * body:
        kind = "code"
    else:
        kind = "caption" if CAPTION.match(first.text) else "text"
    is_open = kind == "text" and not _ends(last) and last.right - last.u1 < 3 * last.size
    begins = first.first or (bool(made) and (made[-1].lines[-1].page != first.page or made[-1].kind in _BETWEEN))
    goes_on = kind == "text" and begins and first.u0 - first.left < INDENT * first.size
    tight = bool(made) and len(run) == len(made[-1].lines) == 1 and _is_near(made[-1].lines[0], first, leading)
    return Block(tuple(run), kind, is_open, goes_on and not _MARKER.match(first.text), tight)


def _is_near(line: Line, after: Line, leading: float) -> bool:
    same = not after.first and after.page == line.page and abs(after.size - line.size) <= SAME_SIZE * line.size
    return same and -0.5 * line.size < after.bottom - line.bottom < PARAGRAPH_GAP * leading * line.size


def _continued(made: Sequence[Block]) -> list[Block]:
    """Paragraphs that go on in the next column or on the next page are one; notes between go behind them."""
    found: list[Block] = []
    for block in made:
        at = len(found) - 1
        while at >= 0 and found[at].kind in _BETWEEN and len(found) - at < _MOST_BETWEEN:
            at -= 1
        if block.goes_on and at >= 0 and _fits(found[at], block):
            found[at] = replace(block, lines=found[at].lines + block.lines, goes_on=found[at].goes_on)
        else:
            found.append(block)
    return found


# What may stand between two parts of a paragraph, and how much of it: no loop over a whole book of tables.
_BETWEEN = frozenset({"note", "row", "caption"})
_MOST_BETWEEN = 100


def _fits(before: Block, after: Block) -> bool:
    a, b = before.lines[-1], after.lines[0]
    same = abs(a.size - b.size) <= SAME_SIZE * b.size and a.heavy == b.heavy
    return before.open and same and not b.text[:1].isspace()
