"""Formulas, kept as TeX: the document's own macros expanded; comments, labels and what is for the page left out."""

import re
from collections import Counter

from pipelines.extract.latex.conditions import Conditions
from pipelines.extract.latex.macros import Definitions, define, expand, glued
from pipelines.extract.latex.reader import Reader
from pipelines.extract.latex.vocabulary import COUNTED, NAMED_REFERENCES, NOT_IN_MATH, UNREAD

_LINES = re.compile(r"(?<![ \t])[ \t]*+\n\s*+")
_SPACES = re.compile(r"\s+")


def read(
    reader: Reader, definitions: Definitions, conditions: Conditions, counts: Counter[str], close: str
) -> tuple[str, bool]:
    r"""A formula up to `close`, as "$" or "\end{align}", and whether it was closed.

    A paragraph ends what was not closed in $ and $$, and so does the end of a group or of an environment around it.
    """
    parts: list[str] = []
    environments: list[str] = []
    depth = 0
    while token := reader.next():
        kind, source = token.lastgroup, token[0]
        if kind == "word":
            name = token["word"]
            if name == "begin":
                _begin(reader, definitions, counts, parts, environments)
            elif name == "end":
                ended = reader.name()
                if macro := definitions.macros.get(f"end{{{ended}}}"):
                    reader.push(f"{expand(reader, macro) if macro.expands else ''}\\@@end{{{ended}}}")
                elif environments and environments[-1] == ended:
                    environments.pop()
                    parts.append(f"\\end{{{ended}}}")
                else:
                    if close == f"\\end{{{ended}}}":
                        return glued(parts), True
                    reader.push(f"\\end{{{ended}}}")
                    return glued(parts), False
            elif (macro := definitions.macros.get(name)) and macro.expands:
                reader.push(expand(reader, macro))
            elif not macro and name == "@@end":
                reader.name()
            elif macro or not _left_out(reader, definitions, conditions, counts, name):
                parts.append(source)
        elif kind == "math" and not depth and close[0] == "$":
            if close == "$" and source == "$$":
                reader.back(1)
            return glued(parts), True
        elif kind == "symbol" and source == close and not depth:
            return glued(parts), True
        elif kind == "newline" and source.count("\n") > 1 and close in ("$", "$$"):
            reader.back(len(source))
            return glued(parts), False
        elif kind == "close" and not depth:
            reader.back(1)
            return glued(parts), False
        elif kind != "comment":
            depth += (kind == "open") - (kind == "close")
            parts.append(source)
    return glued(parts), False


def inline(formula: str) -> str:
    """As it stands in a line of text."""
    formula = _SPACES.sub(" ", formula).strip()
    return f"${formula}$" if formula else ""


def display(formula: str, environment: str = "") -> str:
    """As it stands apart, with the environment that its rows need."""
    formula = _LINES.sub("\n", formula.strip())
    if environment:
        formula = f"\\begin{{{environment}}}\n{formula}\n\\end{{{environment}}}"
    return f"$${formula}$$" if formula else ""


def _begin(
    reader: Reader, definitions: Definitions, counts: Counter[str], parts: list[str], environments: list[str]
) -> None:
    name = reader.name()
    if macro := definitions.macros.get(f"begin{{{name}}}"):
        if macro.expands:
            reader.push(expand(reader, macro))
    elif name in UNREAD and reader.until(f"\\end{{{name}}}") is not None:
        counts[UNREAD[name]] += 1
    else:
        parts.append(f"\\begin{{{name}}}")
        environments.append(name)


def _left_out(
    reader: Reader, definitions: Definitions, conditions: Conditions, counts: Counter[str], name: str
) -> bool:
    if name in NOT_IN_MATH:
        drop(reader, NOT_IN_MATH[name])
    elif name in COUNTED:
        what, arguments = COUNTED[name]
        counts[what] += 1
        drop(reader, arguments)
    elif name in NAMED_REFERENCES:
        counts["cross_references"] += 1
        drop(reader, "sm")
    else:
        return conditions.read(name) or define(reader, name, definitions)
    return True


def drop(reader: Reader, arguments: str) -> list[str]:
    """Read the arguments of a macro (see latex_vocabulary); those to be kept."""
    kept: list[str] = []
    for kind in arguments:
        match kind:
            case "s":
                reader.star()
            case "o":
                reader.optional()
            case "m":
                reader.argument()
            case _:
                kept.append(reader.argument() or "")
    return kept
