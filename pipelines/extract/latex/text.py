"""The paragraphs that a LaTeX document makes: blocks, and what is being put together in them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.extract.document import Unreadable
from pipelines.extract.wrapping import WIDE

#: TeX itself has 255 levels of groups.
MAX_DEPTH = 255

#: Stand in a paragraph for a line break, and for a citation or a number that was left out.
BREAK = "\x1e"
GONE = "\x1d"

# pTeX sees no space where a line ends in a wide character.
_WIDE_BREAK = re.compile(f"(?<=[{WIDE}])[ \t]*+\n[ \t\n]*+")
_SPACES = re.compile("[ \t\n]+")
_GONE_LIST = re.compile(rf"{GONE}(?: ?(?:[,;、，・]|and|or|to|[-–—~〜]|--|と|や|および|及び)* ?{GONE})+")
_GONE_BRACKETS = re.compile(rf" ?[(\[（［〔] ?{GONE}[ ,.;]?[)\]）］〕]")
_GONE_WIDE = re.compile(rf"(?<=[{WIDE}]) ?{GONE} ?(?=[{WIDE}])")
_GONE = re.compile(rf" ?{GONE}")
_BREAK = re.compile(f" ?(?:{BREAK} ?)+")
_LIGATURES = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("`", "‘"), ("'", "’"))


def ligatures(text: str) -> str:
    """What TeX's fonts make of runs of ASCII."""
    if "-" in text or "'" in text or "`" in text:
        for ascii_run, character in _LIGATURES:
            text = text.replace(ascii_run, character)
    return text


def tidy(text: str) -> str:
    """The text of one paragraph: space as TeX sets it, and nothing left of what is gone."""
    text = _SPACES.sub(" ", _WIDE_BREAK.sub("", text))
    if GONE in text:
        text = _GONE_LIST.sub(GONE, text)
        text = _GONE.sub("", _GONE_WIDE.sub("", _GONE_BRACKETS.sub("", text)))
    return _BREAK.sub("\n", text).strip()


@dataclass
class Page:
    """What is being filled: the document, or an argument that is set elsewhere."""

    blocks: list[tuple[str, str]] = field(default_factory=list)
    """The kind, paragraph, heading, item, row, code or formula, and the text."""
    inline: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Footnotes of the paragraph, which follow it."""
    prefix: str = ""
    """Of the item of a list that is to come."""

    def end_paragraph(self) -> None:
        text = tidy("".join(self.inline))
        self.inline.clear()
        if text:
            self.add("paragraph", text)
        if text or self.blocks:
            self.blocks += (("paragraph", note) for note in self.notes)
            self.notes.clear()

    def add(self, kind: str, text: str) -> None:
        """A block of its own, after the paragraph before it was ended."""
        if self.prefix:
            kind, text, self.prefix = "item", self.prefix + text, ""
        self.blocks.append((kind, text))

    def text(self) -> str:
        """All blocks. Items and rows follow each other closely, an empty line parts the others."""
        self.end_paragraph()
        parts: list[str] = []
        before = ""
        for kind, text in self.blocks:
            if parts:
                parts.append("\n" if kind == before and kind in ("item", "row") else "\n\n")
            parts.append(text)
            before = kind
        return "".join(parts)

    def line(self) -> str:
        """All blocks as one line."""
        self.end_paragraph()
        return _SPACES.sub(" ", " ".join([text for _, text in self.blocks] + self.notes)).strip()


@dataclass
class Group:
    """A pair of braces ("" as `environment`), or an environment."""

    environment: str = ""
    close: Callable[[Page], None] | None = None
    """What is done with its page, where it has one of its own."""
    typewriter: bool = False
    kind: str = ""
    """list or table"""
    numbered: bool = False
    items: int = 0
    rows: list[list[str]] = field(default_factory=lambda: [[]])


class Pages:
    """The open groups, and the pages that they fill."""

    def __init__(self) -> None:
        self.pages = [Page()]
        self.groups: list[Group] = []
        self.environments: dict[str, int] = {}

    @property
    def page(self) -> Page:
        return self.pages[-1]

    @property
    def typewriter(self) -> bool:
        return bool(self.groups) and self.groups[-1].typewriter

    def open(self, group: Group) -> None:
        """Raises `Unreadable` too_deep."""
        if len(self.groups) == MAX_DEPTH:
            raise Unreadable("too_deep", f"more than {MAX_DEPTH} groups in each other")
        group.typewriter = group.typewriter or self.typewriter
        self.groups.append(group)
        if group.environment:
            self.environments[group.environment] = self.environments.get(group.environment, 0) + 1
        if group.close or group.kind == "table":
            self.pages.append(Page())

    def close(self) -> None:
        """End the innermost group."""
        group = self.groups.pop()
        if group.environment:
            self.environments[group.environment] -= 1
        if group.kind == "table":
            group.rows[-1].append(self.pages.pop().line())
            self.page.end_paragraph()
            for row in group.rows:
                if any(row):
                    self.page.add("row", " | ".join(row))
        elif group.close:
            group.close(self.pages.pop())

    def close_brace(self) -> None:
        """A brace that closes nothing is nothing."""
        if self.groups and not self.groups[-1].environment:
            self.close()

    def close_environment(self, name: str) -> bool:
        """End an environment and all groups in it that were left open; False where it is not open."""
        if not self.environments.get(name):
            return False
        while self.groups[-1].environment != name:
            self.close()
        self.close()
        return True

    def close_all(self) -> Page:
        """The page of the document."""
        while self.groups:
            self.close()
        return self.page

    def next_cell(self, row: bool) -> bool:
        """End a cell, and its row; False outside of tables."""
        if not self.groups or self.groups[-1].kind != "table":
            return False
        table = self.groups[-1]
        table.rows[-1].append(self.page.line())
        if row:
            table.rows.append([])
        self.pages[-1] = Page()
        return True

    def expects_item(self) -> bool:
        r"""Is this the beginning of a list, where only \item may stand?"""
        list_begins = bool(self.groups) and self.groups[-1].kind == "list" and not self.groups[-1].items
        return list_begins and not "".join(self.page.inline).strip()

    def next_item(self) -> str:
        """The mark of the next item of the innermost list."""
        for group in reversed(self.groups):
            if group.kind == "list":
                group.items += 1
                return f"{group.items}. " if group.numbered else "- "
        return "- "
