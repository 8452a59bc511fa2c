"""Lines that were broken to a width are made paragraphs again, where a text is clearly hard-wrapped.

A line was broken by a wrapper if the first word of the next had no room on it. Where most lines of a text are such, and
go on in the middle of a sentence, its width is known, and every line that leaves its room unused was meant to end: the
last of a paragraph, a verse, a row of a table, a line of code.
"""

import itertools
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

#: For a class of a regular expression: the characters of two columns, which Japanese is written in.
WIDE = "⺀-\u303f぀-ㇿ㈀-\u33ff㐀-鿿豈-\ufaff︰-﹏！-ﾟ￠-￦\U00020000-\U0003ffff"

# Columns. RFCs have 72, Project Gutenberg 65 to 75, Japanese mail 70; what is wider was broken for no screen, and what
# is narrower is verse or a list.
MIN_WIDTH, MAX_WIDTH = 40, 100
# Pairs of lines. Fewer say nothing of a habit.
MIN_PAIRS = 8
# Share of the pairs whose first line has no room for the next word.
MIN_FULL = 0.6
# Share of these pairs whose first line ends a sentence (where each sentence has a line: all), and whose second begins
# with a capital (verse: all).
MAX_ENDED, MAX_CAPITALS = 0.35, 0.5
# Of a width, what a line may leave: people wrap unevenly, and a line may not begin with 。 or 」.
SLACK = 0.12
# Share of the lines of a block that make it code.
MAX_CODE = 0.3
# Share of symbols in a line of prose; formulas and references have up to 0.25.
MAX_SYMBOLS = 0.3

_WIDE_CHARACTER = re.compile(f"[{WIDE}]")
_WIDE_MARK = re.compile("[、-〃〈-】，．：；！？（）｛｝［］]")
_FIRST_WORD = re.compile(rf"[ \t\u3000]*([{WIDE}]|[^\s{WIDE}]+)")
_ENDED = re.compile(r"[.!?。．！？:：][\"'”’)）」』\]]?$|[」』]$")
_BULLET = re.compile(r"[ \t\u3000]*(?:[-*+•‣][ \t]|[▪◦●■□◆◇・※])")
_NUMBER = re.compile(r"[ \t\u3000]*(?:\(?(?:[0-9]{1,3}|[a-z])[.)][ \t]|[①-⑳]|[（(][0-9０-９一-十]{1,3}[）)])")
_BEFORE_NUMBER = re.compile("[.:;。：；]$")
# Columns, leaders of a table of contents, boxes, quoted mail.
_SET = ("   ", "\t", " | ", ".....", ". . . .")
_SET_BEFORE = (">", "|", "+")
_BOX = re.compile("[│-╿]")
_CODE = re.compile(r"[;{}\\]$|^\s*(?:[}#$%<]|//|/\*|\*/)")
_SYMBOLS = re.compile(r"[^\w\s]+")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W_]")
_MIXED = re.compile(f"[{WIDE}][A-Za-z0-9]")
_MIXED_PARTED = re.compile(f"[{WIDE}] [A-Za-z0-9]")
_SPACES = re.compile("[ \t]+")
_LAST_PART = re.compile(r"[a-z]+-$")
_NEXT_PART = re.compile(r"[a-z]+")
_WORDS = re.compile(r"\b[a-z]+\b")


def width(line: str) -> int:
    """In columns of a terminal."""
    return len(line) if line.isascii() else len(line) + len(_WIDE_CHARACTER.findall(line))


def joint(before: str, after: str, mixed: str = " ") -> str:
    """What parts two lines that are one: nothing between wide characters, at 。 and the like or after a dash, `mixed`
    between a wide character and another, else a space."""
    if not before or not after or before.endswith(("--", "—")):
        return ""
    if _WIDE_MARK.match(before, len(before) - 1) or _WIDE_MARK.match(after):
        return ""
    wide = bool(_WIDE_CHARACTER.match(before, len(before) - 1)) + bool(_WIDE_CHARACTER.match(after))
    return (" ", mixed, "")[wide]


@dataclass(frozen=True)
class Wrapping:
    """How the lines of a hard-wrapped text were broken."""

    columns: int
    words: Set[str]
    """In lower case, that stand whole somewhere: one parted by a hyphen may be among them."""
    mixed: str
    """What stands between a wide character and a word of Latin letters or digits: a space or nothing."""


def measure(pages: Sequence[Sequence[str]]) -> Wrapping | None:
    """Of a text given by pages and lines without space at their ends; None where it is not clearly hard-wrapped."""
    pairs = [(a, b) for page in pages for a, b in itertools.pairwise(page) if _prose(a) and _prose(b)]
    if len(pairs) < MIN_PAIRS:
        return None
    found = sorted(width(a) for a, _ in pairs)[len(pairs) * 98 // 100]
    full = [(a, b) for a, b in pairs if _full(a, b, found)]
    ended = sum(bool(_ENDED.search(a)) for a, _ in full)
    capitals = sum(b.lstrip()[0].isupper() for _, b in full)
    clearly = len(full) >= MIN_FULL * len(pairs) and ended <= MAX_ENDED * len(full)
    clearly = clearly and capitals <= MAX_CAPITALS * len(full)
    if not clearly or not MIN_WIDTH <= found <= MAX_WIDTH:
        return None
    lines = [line for page in pages for line in page]
    parted, together = (sum(len(mixed.findall(line)) for line in lines) for mixed in (_MIXED_PARTED, _MIXED))
    return Wrapping(found, {word for line in lines for word in _WORDS.findall(line)}, " " * (parted > together))


def unwrap(pages: Sequence[Sequence[str]], wrapping: Wrapping) -> list[str]:
    """The lines of a hard-wrapped text, with each paragraph on one. Pages are parted by an empty line, unless a
    paragraph goes on over them."""
    lines: list[str] = []
    block: list[str] = []
    for page in pages:
        for line in page:
            if line:
                block.append(line)
            else:
                lines += [*_paragraphs(block, wrapping), ""]
                block = []
        if block and not _open(block[-1], wrapping.columns):
            lines += [*_paragraphs(block, wrapping), ""]
            block = []
    return lines + _paragraphs(block, wrapping)


def _open(last: str, columns: int) -> bool:
    """Does the last line of a page stop in the middle of a sentence?"""
    return _prose(last) and width(last) > columns * (1 - 2 * SLACK) and not _ENDED.search(last)


def _paragraphs(block: list[str], wrapping: Wrapping) -> list[str]:
    """A block of lines between empty ones: what a wrapper broke is put together."""
    if len(block) < 2 or _is_verse_or_code(block):
        return block
    made = [[block[0]]]
    for above, line in itertools.pairwise(block):
        if _continues(above, line, len(made[-1]) == 1, wrapping.columns):
            made[-1].append(line)
        else:
            made.append([line])
    return [_joined(lines, wrapping) for lines in made]


def _is_verse_or_code(block: list[str]) -> bool:
    """Verse has lines that begin with capitals."""
    capitals = sum(line.lstrip()[0].isupper() for line in block)
    code = sum(bool(_CODE.search(line)) for line in block)
    return (len(block) > 2 and capitals >= 0.8 * len(block)) or code > MAX_CODE * len(block)


def _continues(above: str, line: str, first: bool, columns: int) -> bool:
    """Is `line` the rest of the paragraph of `above`, its first line or not?"""
    if not (_full(above, line, columns) and _prose(above)) or not _may_end(line):
        return False
    if _BULLET.match(line) or (_NUMBER.match(line) and _BEFORE_NUMBER.search(above)):
        return False
    deeper = _indent(line) - _indent(above)
    if line.startswith("\u3000") and (deeper > 0 or _ENDED.search(above)):
        return False
    return first or deeper == 0  # first lines may be indented less (a list) or more than the others


def _joined(lines: list[str], wrapping: Wrapping) -> str:
    if len(lines) == 1:
        return lines[0]
    made = [lines[0].strip()]
    for line in map(str.strip, lines[1:]):
        above = made[-1]
        if (last := _LAST_PART.search(above[-40:])) and (rest := _NEXT_PART.match(line)):
            if last[0][:-1] + rest[0] in wrapping.words:
                made[-1] = above[:-1]
        else:
            made.append(joint(above, line, wrapping.mixed))
        made.append(line)
    return _SPACES.sub(" ", "".join(made))


def _prose(line: str) -> bool:
    """Could it be a line of a paragraph? Not of symbols or numbers alone, and with nothing set in columns."""
    symbols = sum(map(len, _SYMBOLS.findall(line)))
    return symbols <= MAX_SYMBOLS * (len(line) - _indent(line)) and bool(_LETTER.search(line)) and not _is_set(line)


def _is_set(line: str) -> bool:
    """Is something set in columns, or quoted, or a box drawn?"""
    body = line.strip(" \t\u3000")
    set_in = any(mark in body for mark in _SET) or body.startswith(_SET_BEFORE)
    return set_in or (not body.isascii() and bool(_BOX.search(body)))


def _may_end(line: str) -> bool:
    """Could it be the last line of a paragraph, "1998)."? No rule, no row of a table."""
    return bool(_WORD.search(line)) and not _is_set(line)


def _full(above: str, line: str, columns: int) -> bool:
    """Has `above` no room for the first word of `line`?"""
    word = _FIRST_WORD.match(line)
    return bool(word) and width(above) + 1 + width(word[1] if word else "") > columns * (1 - SLACK)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t\u3000"))
