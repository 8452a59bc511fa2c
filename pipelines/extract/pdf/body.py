"""Paragraphs of a PDF to its text: headings, captions set apart, references and tables of contents left out."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.extract.pdf.layout import Line
from pipelines.extract.pdf.paragraphs import LARGE, Block, blocks, known_words, text


@dataclass(frozen=True)
class Body:
    """`counts`: references, contents (lines of a table of contents), numbers (paragraphs without a letter)."""

    text: str
    captions: tuple[str, ...]
    counts: dict[str, int]


# A heading is short. Characters; lines.
MAX_HEADING, MAX_HEADING_LINES = 200, 4
MAX_PLAIN_HEADING = 100
MAX_DEPTH = 6
# Share of a text in headings: where there are more, as on slides, sizes and weights mean something else.
MAX_HEADINGS = 0.3
# Share of a text that references may be; more is a bibliography, or a heading taken for another.
MAX_REFERENCES = 0.6

_REFERENCES = re.compile(
    r"(?:[0-9]{1,2}\.?\s*)?(?:references|bibliography|literature cited|works cited|references and notes|reference"
    r"|参考文献|引用文献|引用・参考文献|参照文献|文\s?献)[.:：]?",
    re.IGNORECASE,
)
_CONTENTS = re.compile(r"(?:table of )?contents|目[\s　]*次", re.IGNORECASE)
_ENTRY = re.compile(r"\[[^\]]{1,20}\]|[0-9]{1,3}[.)）]|[（(][0-9]{1,3}[)）]|•")
_LEADER = re.compile(r"(?:[.．・…‥]\s?){4,}[\s|]{0,4}[0-9ivx]{0,5}$")
_NUMBERED = re.compile(r"((?:[0-9０-９]{1,3}[.．])*[0-9０-９]{1,3})[.．]?\s")
_LETTER = re.compile(r"[^\W\d_]")
_BULLET = re.compile(r"[-–—•·‣▪◦○●◯■□◆◇▶►✓※∗*・]\s*(?=\S)")
_BULLETS = re.compile(r"[•‣▪◦●■◆▶►]\s*")


def body(lines: Sequence[Line], size: float) -> Body:
    """The text of lines in reading order, most of which are of that `size`."""
    heavy: Counter[bool] = Counter()
    for line in lines:
        heavy[line.heavy] += len(line.text)
    counts: Counter[str] = Counter()
    kept = [line for line in lines if not _LEADER.search(line.text)]
    counts["contents"] = len(lines) - len(kept)
    known = known_words(kept)
    made = blocks(kept, size)
    plain = heavy[False] >= heavy[True]
    made = _without_contents(made, counts)
    headings = _headings(made, size, plain)
    depths = _depths([block for block, is_heading in zip(made, headings) if is_heading])
    made, headings = _without_references(made, headings, counts)
    parts: list[str] = []
    captions: list[str] = []
    for block, is_heading in zip(made, headings):
        part = _listing(block.lines) if block.kind == "code" else text(block.lines, known)
        if is_heading:
            part = f"{'#' * (_number_depth(part) or depths[_style(block)])} {part}"
        elif block.kind == "caption":
            captions.append(part)
            continue
        elif not _LETTER.search(part):
            counts["numbers"] += 1
            continue
        else:
            part = _BULLETS.sub("- ", part, count=1) if _BULLETS.match(part) else part
        tight = parts and (block.tight or (block.kind == "row" and parts[-1].count(" | ")))
        parts += ["\n" if tight else "\n\n", part]
    return Body("".join(parts).strip("\n"), tuple(captions), {name: n for name, n in counts.items() if n})


def _without_contents(made: Sequence[Block], counts: Counter[str]) -> list[Block]:
    """Without tables of contents: what comes after their title and ends in the number of a page."""
    kept: list[Block] = []
    inside = False
    for block in made:
        if len(block.lines) == 1 and _CONTENTS.fullmatch(block.lines[0].text.strip()):
            inside = True
        elif inside and not block.lines[-1].text[-1:].isdigit():
            inside = False
        if inside:
            counts["contents"] += len(block.lines)
        else:
            kept.append(block)
    return kept


def _headings(made: Sequence[Block], size: float, plain: bool) -> list[bool]:
    """Which are larger than the text, or heavier: a line or two by themselves.

    What is only larger and has no number must come on several pages, or be the largest: names of authors are no
    headings."""
    may = [_may_be_heading(block, size, plain) for block in made]
    pages: dict[tuple[float, bool], set[int]] = defaultdict(set)
    for block, is_one in zip(made, may):
        if is_one:
            pages[_style(block)].add(block.lines[0].page)
    largest = max((style[0] for style in pages), default=0.0)

    def is_sure(block: Block) -> bool:
        points, heavy = style = _style(block)
        return heavy or points == largest or len(pages[style]) > 1 or bool(_number_depth(block.lines[0].text))

    found = [is_one and is_sure(block) for block, is_one in zip(made, may)]
    length = sum(block.length for block, is_one in zip(made, found) if is_one)
    unreliable = length > MAX_HEADINGS * sum(block.length for block in made)
    return [False] * len(made) if unreliable and len(made) > 1 else found


def _may_be_heading(block: Block, size: float, plain: bool) -> bool:
    if block.kind != "text" or len(block.lines) > MAX_HEADING_LINES:
        return False
    if not any(_LETTER.search(line.text) for line in block.lines):
        return False
    first = block.lines[0]
    if first.size >= LARGE * size:
        return block.length <= MAX_HEADING
    heavy = plain and all(line.heavy for line in block.lines) and first.size > 0.95 * size
    return (
        heavy
        and block.length <= MAX_PLAIN_HEADING
        and not block.lines[-1].text.endswith((".", "。", ",", "、", ":", ";"))
    )


def _style(block: Block) -> tuple[float, bool]:
    return round(block.lines[0].size, 0), block.lines[0].heavy


def _number_depth(text: str) -> int:
    """2 for "3.1 Method"; 0 where there is no number."""
    found = _NUMBERED.match(text)
    return min(1 + len(re.findall("[.．]", found[1])), MAX_DEPTH) if found else 0


def _depths(headings: Sequence[Block]) -> dict[tuple[float, bool], int]:
    """The depth of headings without a number, by style: as numbered ones of that style, else by size."""
    numbered: dict[tuple[float, bool], int] = {}
    for block in headings:
        if depth := _number_depth(block.lines[0].text):
            numbered.setdefault(_style(block), depth)
    styles = sorted({_style(block) for block in headings}, reverse=True)
    return {style: numbered.get(style, min(1 + at, MAX_DEPTH)) for at, style in enumerate(styles)}


def _without_references(
    made: list[Block], headings: list[bool], counts: Counter[str]
) -> tuple[list[Block], list[bool]]:
    start = next(
        (
            at
            for at in range(len(made) - 1, -1, -1)
            if len(made[at].lines) == 1 and _REFERENCES.fullmatch(made[at].lines[0].text.strip())
        ),
        None,
    )
    if start is None:
        return made, headings
    head = made[start].lines[0]
    end = start + 1
    while end < len(made) and not (headings[end] and _is_like(made[end].lines[0], head)):
        end += 1
    dropped = made[start + 1 : end]
    length = sum(block.length for block in dropped)
    if not dropped or length > MAX_REFERENCES * sum(block.length for block in made):
        return made, headings
    entries = sum(bool(_ENTRY.match(block.lines[0].text)) for block in dropped)
    counts["references"] = entries or len(dropped)
    # Notes and captions among them belong to the text before.
    saved = [at for at in range(start + 1, end) if made[at].kind in ("note", "caption")]
    order = [*range(start), *saved, *range(end, len(made))]
    return [made[at] for at in order], [headings[at] for at in order]


def _is_like(line: Line, head: Line) -> bool:
    return line.heavy == head.heavy and line.size > 0.95 * head.size


def _listing(lines: Sequence[Line]) -> str:
    """With the indents that its places mean."""
    left = min(line.u0 for line in lines)
    made = []
    for line in lines:
        width = (line.u1 - line.u0) / max(len(line.text), 1)
        made.append(" " * min(round((line.u0 - left) / width) if width > 0 else 0, 80) + line.text)
    return "\n".join(made)
