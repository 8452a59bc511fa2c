"""Wikitext to a tree of templates, links and tags, in one pass.

These are the rules of MediaWiki's own preprocessor (https://www.mediawiki.org/wiki/Preprocessor_ABNF): braces and
brackets pair by a stack, what stays open is text, and what an extension's tag holds is not looked at. Time is linear:
mwparserfromhell 0.7.2, which tries each opening to its end and back, takes 20 s for 32 KB of "{{a|" and 48 s for 32 KB
of '<a b="' (its issue 364), and gigabytes of memory for a real page of 80 KB (286).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.extract.document import Unreadable

#: Templates and links within each other. MediaWiki expands templates to 100 levels; 106 real articles have 8.
MAX_DEPTH = 100

#: Extensions whose tags hold something else than wikitext, or what no reader of the text sees.
# fmt: off
EXTENSIONS = frozenset({
    "categorytree", "ce", "chem", "gallery", "graph", "hiero", "imagemap", "indicator", "inputbox",
    "langconvert", "mapframe", "maplink", "math", "nowiki", "phonos", "pre", "quiz", "ref", "references",
    "score", "source", "syntaxhighlight", "templatedata", "templatestyles", "timeline",
})
# fmt: on

_TOKEN = re.compile(
    r"<!--|<(" + "|".join(sorted(EXTENSIONS)) + r")(?=[\s/>])([^<>]*)>|\{\{+|\}\}+|\[\[|\]\]|\|", re.IGNORECASE
)
_CLOSING = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in EXTENSIONS}


class Template(NamedTuple):
    """{{name|argument|…}}: what stands between the bars. With three braces, a parameter and its default."""

    parts: list[list["Node"]]
    parameter: bool


class Link(NamedTuple):
    """[[target|label]], between the bars."""

    parts: list[list["Node"]]


class Tag(NamedTuple):
    """An extension's tag, its name in lower case."""

    name: str
    attributes: str
    content: str


Node = str | Template | Link | Tag


class _Open:
    """Braces or brackets that wait for their end."""

    def __init__(self, mark: str, count: int) -> None:
        self.mark = mark
        self.count = count
        self.parts: list[list[Node]] = [[]]
        self.depth = 0


def parse(text: str) -> list[Node]:
    """The nodes of a text, without its comments.

    Raises:
        Unreadable: too_deep.
    """
    bottom = _Open("", 0)
    stack = [bottom]
    unclosed: set[str] = set()  # names of which no end follows
    position = 0
    while token := _TOKEN.search(text, position):
        top = stack[-1]
        if token.start() > position:
            top.parts[-1].append(text[position : token.start()])
        position = token.end()
        mark = token[0]
        if mark == "|":
            if top is bottom:
                top.parts[-1].append(mark)
            else:
                top.parts.append([])
        elif mark == "[[":
            stack.append(_Open("[", 2))
        elif mark == "]]":
            if top.mark == "[":
                _close(stack, 2)
            else:
                top.parts[-1].append(mark)
        elif mark[0] == "{":
            stack.append(_Open("{", len(mark)))
        elif mark[0] == "}":
            left = len(mark)
            while left >= 2 and stack[-1].mark == "{":
                used = min(left, stack[-1].count, 3)
                _close(stack, used)
                left -= used
            if left:
                stack[-1].parts[-1].append("}" * left)
        elif mark == "<!--":
            position = _after_comment(text, token.start())
        else:
            node, position = _tag(text, token, unclosed)
            top.parts[-1].append(node)
    if position < len(text):
        stack[-1].parts[-1].append(text[position:])
    return [node for left_open in stack for node in _opened(left_open)]


def _close(stack: list[_Open], used: int) -> None:
    closed = stack.pop()
    depth = closed.depth + 1
    if depth > MAX_DEPTH:
        raise Unreadable("too_deep", f"more than {MAX_DEPTH} templates or links within each other")
    node = Link(closed.parts) if closed.mark == "[" else Template(closed.parts, used == 3)
    left = closed.count - used
    if left >= 2:
        stack.append(_Open("{", left))
    elif left:
        stack[-1].parts[-1].append("{")
    stack[-1].parts[-1].append(node)
    stack[-1].depth = max(stack[-1].depth, depth)


def _opened(left_open: _Open) -> Iterator[Node]:
    """What never came to its end, as it was written."""
    if left_open.mark:
        yield left_open.mark * left_open.count
    for number, part in enumerate(left_open.parts):
        if number:
            yield "|"
        yield from part


def _after_comment(text: str, start: int) -> int:
    """Where a comment ends; with its line, where it has one of its own. Without an end it is the rest of the page."""
    end = text.find("-->", start + 4)
    if end < 0:
        return len(text)
    end += 3
    alone = start == 0 or text[start - 1] == "\n"
    return end + 1 if alone and text.startswith("\n", end) else end


def _tag(text: str, token: re.Match[str], unclosed: set[str]) -> tuple[Node, int]:
    name, attributes = token[1].lower(), token[2]
    if attributes.endswith("/"):
        return Tag(name, attributes[:-1], ""), token.end()
    closing = None if name in unclosed else _CLOSING[name].search(text, token.end())
    if not closing:
        unclosed.add(name)
        return token[0], token.end()
    return Tag(name, attributes, text[token.end() : closing.start()]), closing.end()
