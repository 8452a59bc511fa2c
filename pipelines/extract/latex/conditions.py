r"""\if… \else \fi, as far as they can be decided by reading.

Decided are \iftrue, \iffalse, what \newif made, \ifx and \ifdefined by what the document has defined (\undefined never
is), and \ifnum of two numbers. All others are taken as true, which loses less text than false, and counted as
`undecided_conditions`. A branch that is not taken is skipped within one file or one expansion.
"""

import re
from collections import Counter

from pipelines.extract.latex.macros import Definitions
from pipelines.extract.latex.reader import Reader
from pipelines.extract.latex.vocabulary import ARGUMENTS, COUNTED, PROTECTED, SYMBOLS

_PRIMITIVES = frozenset(
    {
        "if",
        "ifcat",
        "ifnum",
        "ifdim",
        "ifodd",
        "ifvmode",
        "ifhmode",
        "ifmmode",
        "ifinner",
        "ifvoid",
        "ifhbox",
        "ifvbox",
        "ifx",
        "ifeof",
        "iftrue",
        "iffalse",
        "ifcase",
        "ifdefined",
        "ifcsname",
        "iffontchar",
        "ifpdf",
        "ifxetex",
        "ifluatex",
        "ifptex",
        "ifuptex",
        "iftdir",
        "ifydir",
        "ifmdir",
        "ifPDFTeX",
        "ifXeTeX",
        "ifLuaTeX",
        "ifpTeX",
        "ifupTeX",
    }
)
_SKIPPED = re.compile(r"\\(?:(fi|else)(?![A-Za-z@])|newif\s*+\\if[A-Za-z@]*+|(if[A-Za-z@]*+)|[^A-Za-z])|%[^\n]*+")
_NEXT = r"\s*+(\\(?:[A-Za-z@]+|\W)|[^\s\\])\s*+"
_TWO_TOKENS = re.compile(_NEXT + _NEXT)
_ONE_TOKEN = re.compile(_NEXT)
_NUMBER = r"\s*+(-?\d{1,9}|(?:\\[A-Za-z@]+\s*+){1,2}(?:\{[^{}]{0,80}\})?(?:`\\?.)?|`\\?.)\s?"
_NUMBERS = re.compile(_NUMBER + r"\s*+([<>=])" + _NUMBER)
_ONE_NUMBER = re.compile(_NUMBER)
_LENGTHS = re.compile(r"[^<>=\n]{0,80}[<>=]\s*+(?:\\[A-Za-z@]+|-?[\d.]{1,9}\s*+[a-z]{2})\s?")
_TO_ENDCSNAME = re.compile(r"[^\n]{0,200}?\\endcsname\s*+")

_TESTS = {
    "if": _TWO_TOKENS, "ifcat": _TWO_TOKENS, "ifdim": _LENGTHS, "ifodd": _ONE_NUMBER, "ifcase": _ONE_NUMBER,
    "ifvoid": _ONE_NUMBER, "ifhbox": _ONE_NUMBER, "ifvbox": _ONE_NUMBER, "ifeof": _ONE_NUMBER,
    "ifcsname": _TO_ENDCSNAME,
}  # fmt: skip


class Conditions:
    """How many conditions are open, and what was defined when."""

    def __init__(self, reader: Reader, definitions: Definitions, counts: Counter[str]) -> None:
        self.reader = reader
        self.definitions = definitions
        self.counts = counts
        self.opened = 0

    def read(self, name: str) -> bool:
        """Do what the control word asks, read already; False where it is none of conditions."""
        if name == "fi":
            self.opened = max(self.opened - 1, 0)
        elif name in ("else", "or"):
            if self.opened and self._skip(to_else=False):
                self.opened -= 1
        elif name.startswith("if") and self._is_condition(name, self._next_is_brace()):
            self.opened += self._decide(name) or self._skip(to_else=True) == "else"
        elif name.endswith("true") and name[:-4] in self.definitions.conditions:
            self.definitions.conditions[name[:-4]] = True
        elif name.endswith("false") and name[:-5] in self.definitions.conditions:
            self.definitions.conditions[name[:-5]] = False
        else:
            return False
        return True

    def _is_condition(self, name: str, brace: bool) -> bool:
        r"""Is it a condition of TeX, and no macro with arguments as \ifthenelse, nor a sign as \iff?"""
        return name in _PRIMITIVES or name[2:] in self.definitions.conditions or not (brace or name == "iff")

    def _next_is_brace(self) -> bool:
        frame = self.reader.top()
        return bool(frame and frame.text[frame.pos] == "{")

    def _decide(self, name: str) -> bool:
        reader = self.reader
        if name in ("iftrue", "iffalse"):
            return name == "iftrue"
        if name[2:] in self.definitions.conditions:
            return self.definitions.conditions[name[2:]]
        if name == "ifx" and (found := reader.take(_TWO_TOKENS)):
            return self._same(found[1], found[2])
        if name == "ifdefined" and (found := reader.take(_ONE_TOKEN)):
            return self._known(found[1][1:])
        if name == "ifnum" and (found := reader.take(_NUMBERS)):
            left, relation, right = found.groups()
            if left.lstrip("-").isdecimal() and right.lstrip("-").isdecimal():
                difference = int(left) - int(right)
                return difference == 0 if relation == "=" else (difference < 0) == (relation == "<") and difference != 0
        elif name in _TESTS:
            reader.take(_TESTS[name])
        self.counts["undecided_conditions"] += 1
        return True

    def _same(self, left: str, right: str) -> bool:
        if not left.startswith("\\") or not right.startswith("\\"):
            return left == right
        macros = self.definitions.macros
        one, other = macros.get(left[1:]), macros.get(right[1:])
        if one and other:
            return (one.params, one.body) == (other.params, other.body)
        return left == right or not (self._known(left[1:]) or self._known(right[1:]))

    def _known(self, name: str) -> bool:
        defined = name in self.definitions.macros or name in self.definitions.aliases
        return defined or name in ARGUMENTS or name in SYMBOLS or name in PROTECTED or name in COUNTED

    def _skip(self, to_else: bool) -> str:
        r"""Skip to the \fi of the innermost open condition, or its \else; the one it was, "" where there is none."""
        frame = self.reader.top()
        if not frame or r"\fi" in frame.missing:
            return ""
        depth = 0
        for found in _SKIPPED.finditer(frame.text, frame.pos):
            name = found[2]
            if name and self._is_condition(name, frame.text.startswith("{", found.end())):
                depth += 1
            elif found[1] == "fi" or (found[1] and to_else and not depth):
                if not depth:
                    frame.pos = found.end()
                    return found[1]
                depth -= 1
        frame.missing.add(r"\fi")
        return ""
