"""Environments: what their beginnings and ends do to the body that is being read."""

import re
from typing import TYPE_CHECKING

from pipelines.extract.latex.macros import expand
from pipelines.extract.latex.math import drop
from pipelines.extract.latex.text import Group, Pages
from pipelines.extract.latex.vocabulary import (
    DIAGRAMS,
    DISPLAYS,
    ENVIRONMENTS,
    FLOATS,
    LISTS,
    STARRED_TABLES,
    TABLES,
    THEOREMS,
    UNREAD,
    VERBATIMS,
)

if TYPE_CHECKING:
    from pipelines.extract.latex.body import Body

_OPTIONS_ONLY = re.compile(r"[htbpH!]{0,6}|[^$\\]*=.*|[\d.,]*(?:[a-z]{2})?|[tbclrsT]", re.DOTALL)
#: Of beamer (<1->) and of pTeX (<t>, the direction of writing).
_OVERLAY = re.compile(r"<[^<>\n]{1,9}>")
_BIBITEM = re.compile(r"\\bibitem(?![A-Za-z])")
# Counts of what a preamble has, too, where it is no loss.
_OF_THE_TEXT = (
    "figures", "citations", "cross_references", "index_entries", "unknown_environments", "undecided_conditions",
    "unclosed_math", "unclosed_environments", "recursive_macros", "marginal_notes", "comments", "references",
)  # fmt: skip


def begin(body: "Body") -> None:
    """An environment begins."""
    reader = body.reader
    name = reader.name()
    base = name.removesuffix("*")
    page = body.pages.page
    if name in body.definitions.verbatims or base in VERBATIMS:
        _verbatim(body, name, VERBATIMS.get(base, "o"))
    elif macro := body.definitions.macros.get(f"begin{{{name}}}"):
        if macro.expands:
            # Before it is opened: its argument may be in a file that ends with it.
            reader.push(expand(reader, macro))
        else:
            body.counts["unknown_environments"] += 1
        body.pages.open(Group(name))
    elif name in body.definitions.theorems or base in THEOREMS:
        _theorem(body, name, body.definitions.theorems.get(name) or THEOREMS.get(base, base.capitalize()))
    elif base in DISPLAYS:
        if base in ("alignat", "xalignat", "IEEEeqnarray"):
            reader.argument()
        body.formula(f"\\end{{{name}}}", DISPLAYS[base], apart=True)
    elif base == "math":
        body.formula("\\end{math}", "", apart=False)
    elif base in DIAGRAMS:
        body.formula(f"\\end{{{name}}}", name, apart=True)
    elif base in UNREAD:
        _unread(body, name, UNREAD[base])
    elif base in FLOATS or "figure" in base.lower():
        page.end_paragraph()
        drop(reader, FLOATS.get(base, "o"))
        body.counts["figures"] += 1
        body.pages.open(Group(name, close=lambda _: None))
    elif base in TABLES:
        reader.take(_OVERLAY)
        drop(reader, TABLES[base] if name == base else STARRED_TABLES.get(base, TABLES[base]))
        body.pages.open(Group(name, kind="table"))
    elif base in LISTS:
        page.end_paragraph()
        drop(reader, LISTS[base])
        body.pages.open(Group(name, kind="list", numbered="enum" in base))
    else:
        _plain_environment(body, name, base)


def _verbatim(body: "Body", name: str, arguments: str) -> None:
    """Code, kept as it stands."""
    reader = body.reader
    frame = reader.top()
    if frame and frame.text[frame.pos] != "\n":
        drop(reader, arguments)
    body.pages.page.end_paragraph()
    code = reader.until(f"\\end{{{name}}}")
    if code is None:
        body.counts["unclosed_environments"] += 1
    elif code := code.strip("\n").rstrip():
        body.pages.page.add("code", code)


def _unread(body: "Body", name: str, counted: str) -> None:
    """A picture, a bibliography: left out without a look at what is in it."""
    opened = 1
    while opened and (source := body.reader.until(f"\\end{{{name}}}")) is not None:
        opened += source.count(f"\\begin{{{name}}}") - 1
        body.counts[counted] += len(_BIBITEM.findall(source)) if counted == "references" else 1
    body.counts["unclosed_environments"] += bool(opened)


def _theorem(body: "Body", name: str, head: str) -> None:
    """Its head begins its first paragraph."""
    body.pages.page.end_paragraph()
    body.pages.open(Group(name))
    if optional := (body.reader.optional() or "").strip():
        optional = f" ({optional})" if head != "Proof" else f": {optional}"
        if head == "Proof" and optional.startswith(": Proof"):
            head, optional = optional.removeprefix(": "), ""
    body.reader.push(f"{{{head}{optional}.}} ")


def _plain_environment(body: "Body", name: str, base: str) -> None:
    """One that only sets its content apart, or that nobody knows."""
    if name == "document":
        _begin_document(body)
        return
    body.pages.page.end_paragraph()
    body.reader.take(_OVERLAY)
    if base in ENVIRONMENTS:
        drop(body.reader, ENVIRONMENTS[base])
    else:
        body.counts["unknown_environments"] += 1
        if (optional := body.reader.optional()) and not _OPTIONS_ONLY.fullmatch(optional):
            body.reader.push(f"{{{optional}}}\n\n")
    body.pages.open(Group(name))


def _begin_document(body: "Body") -> None:
    """What stood before were definitions: nothing of it is text."""
    body.pages = Pages()
    body.conditions.opened = 0
    body.unknown.clear()
    for counted in _OF_THE_TEXT:
        del body.counts[counted]


def end(body: "Body", name: str, done: bool = False) -> None:
    """An environment ends; `done` where the code that the document has for its end was read."""
    macro = body.definitions.macros.get(f"end{{{name}}}")
    if name == "document":
        body.ended = True
    elif macro and not done:
        body.reader.push(f"{expand(body.reader, macro) if macro.expands else ''}\\@@end{{{name}}}")
    else:
        body.pages.page.end_paragraph()
        body.pages.close_environment(name)
        body.pages.page.end_paragraph()
