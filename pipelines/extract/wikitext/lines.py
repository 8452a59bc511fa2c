"""Lines of plain wikitext to blocks: headings, paragraphs, list items, rows of tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pipelines.extract.wikitext.inline import (
    BREAK,
    GAP,
    GONE,
    LINK,
    LINK_END,
    VERSE,
    VERSE_END,
    Page,
    bare,
)
from pipelines.extract.wrapping import joint

#: Share of the characters of a table in cells that end a sentence, below which it holds data.
MIN_SENTENCES = 0.5


@dataclass(frozen=True)
class Block:
    """`depth` is that of a heading, 1 for ==. Lines, of verse or a table, belong to the lines beside them, as items do.
    `text` has marks left in it."""

    kind: Literal["heading", "paragraph", "item", "line"]
    text: str
    depth: int = 0


_NOTHING = re.compile(f"[\\s{GONE}{GAP}{LINK}{LINK_END}{VERSE}{VERSE_END}{BREAK}]*")
_LIST = re.compile(r"([*#:;]+)[ \t]*(.*)", re.DOTALL)
_TABLE = re.compile(r"[:*# \t]*\{\|")
_RULE = re.compile("-{4,}")


def blocks(text: str, page: Page) -> list[Block]:
    """The blocks of a page in order. Captions of tables go to the page's; tables of data are counted."""
    made: list[Block] = []
    paragraph: list[str] = []
    numbers: list[int] = []
    verse = False
    lines = iter(text.split("\n"))
    for line in lines:
        stripped = line.strip()
        listed = _LIST.fullmatch(stripped)
        block: list[Block] | None = []
        verse = verse or VERSE in stripped
        if _NOTHING.fullmatch(stripped) or _RULE.match(stripped):
            pass
        elif _TABLE.match(stripped):
            block = _table(stripped, lines, page)
        elif heading := _heading(stripped):
            block = [heading]
        elif listed and not verse:
            block = [_item(listed[1], listed[2], numbers)]
        elif verse or line.startswith(" "):
            block = [Block("line", stripped)]
        else:
            paragraph.append(stripped)
            block = None
        verse = verse and VERSE_END not in stripped
        if not listed:
            numbers.clear()
        if block is not None:
            made += [*_paragraph(paragraph), *block]
            paragraph.clear()
    made += _paragraph(paragraph)
    return [block for block in made if not _NOTHING.fullmatch(block.text)]


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if lines:
        yield Block("paragraph", _joined(lines))


def on_one_line(text: str) -> str:
    """A text without the line breaks of <br>."""
    return _joined(text.split(BREAK)) if BREAK in text else text


def _joined(lines: list[str]) -> str:
    """Lines as one: MediaWiki shows a single line break as a space, which Japanese has none of."""
    made = [lines[0]]
    for before, after in pairwise(lines):
        made += [joint(bare(before[-9:])[-1:], bare(after[:9])[:1]), after]
    return "".join(made)


def _heading(line: str) -> Block | None:
    line = line.rstrip(f" \t{GONE}{GAP}")
    if not (line.startswith("=") and line.endswith("=")) or len(line) < 3:
        return None
    depth = min(len(line) - len(line.lstrip("=")), len(line) - len(line.rstrip("=")), 6, (len(line) - 1) // 2)
    return Block("heading", on_one_line(line[depth:-depth]).strip(), max(depth - 1, 1))


def _item(marker: str, text: str, numbers: list[int]) -> Block:
    """A list item; what is only indented, or the term of a definition, is a paragraph.

    `numbers` are those of the ordered items around it, by depth.
    """
    text = on_one_line(text)
    if marker[-1] in ":;":
        return Block("item" if marker[0] in "*#" else "paragraph", text)
    del numbers[len(marker) :]
    numbers += [0] * (len(marker) - len(numbers))
    numbers[-1] += 1
    return Block("item", f"{numbers[-1]}. {text}" if marker[-1] == "#" else f"- {text}")


def is_link(item: Block) -> bool:
    """Whether a list item is links and nothing else: no word stands outside of them."""
    outside, depth = [], 0
    for character in item.text.removeprefix("- "):
        depth += (character == LINK) - (character == LINK_END)
        if not depth and character.isalpha():
            return False
        outside.append(character)
    return LINK in item.text


# Tables

_APART = re.compile(
    r"(?:^|[\s\"'])(?:infobox|navbox|metadata|toc|toccolours|ambox|mbox|noprint|navigation|vertical-navbox)\b"
)
_SENTENCE = re.compile(r"[^\W\d][.!?](?=\s|$)|[。！？]")
_DOUBLE = re.compile(r"\|\||!!")


def _table(opening: str, lines: Iterator[str], page: Page) -> list[Block]:
    """The rows of a table, its lines taken from `lines`; those of tables in it are its own."""
    rows: list[list[list[str]]] = [[]]  # of cells of lines
    depth, after = 1, []
    for line in lines:
        line = line.strip()
        if heading := _heading(line):  # the table has no end
            after = [heading]
            break
        if _TABLE.match(line):
            depth += 1
            rows.append([])
        elif line.startswith("|}"):
            depth -= 1
            if not depth:
                after = [Block("paragraph", line[2:])]
                break
            rows.append([])
        elif line.startswith("|-"):
            rows.append([])
        elif line.startswith("|+"):
            page.captions.append(_content(line[2:]))
        elif line.startswith(("|", "!")):
            cells = _DOUBLE.split(line[1:]) if line[0] == "!" else line[1:].split("||")
            rows[-1] += ([_content(cell)] for cell in cells)
        elif rows[-1]:
            rows[-1][-1].append(line.lstrip("*#:; "))
    if _APART.search(opening):
        page.counts["infoboxes"] += 1
        return after
    shown = [[on_one_line(_joined(cell)).strip() for cell in row] for row in rows]
    cells = [cell for row in shown for cell in row]
    if sum(len(cell) for cell in cells if _SENTENCE.search(cell)) < MIN_SENTENCES * max(sum(map(len, cells)), 1):
        page.counts["tables"] += 1
        return after
    return [*(Block("line", " | ".join(row)) for row in shown), *after]


def _content(cell: str) -> str:
    """What stands in a cell, behind its attributes."""
    before, bar, after = cell.partition("|")
    return (after if bar else before).strip()
