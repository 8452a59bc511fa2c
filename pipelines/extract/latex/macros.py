"""A document's own macros, environments and conditions: what defines them, and what they stand for.

Definitions are global, as if nobody had used groups. Three kinds are known by name but never expanded: those of
`PROTECTED`, whose meaning we know better than their code does; those whose code programs TeX; and those that come back
to themselves, which is decided at the definition that closes the circle. What loops all the same, by way of its
arguments, meets the bounds of latex_reader.
"""

import re
from dataclasses import dataclass, field

from pipelines.extract.document import Unreadable
from pipelines.extract.latex.reader import MAX_STEPS, Reader
from pipelines.extract.latex.vocabulary import PROTECTED, PROTECTED_ENVIRONMENTS

_CALLED = re.compile(r"\\((?:begin|end)\{[^{}]*\}|[A-Za-z@]+)")
# \@ alone is a space after a sentence.
_PROGRAMS = re.compile(
    r"\\(?:[A-Za-z]+@|@[A-Za-z@]|(?:afterassignment|catcode|csname|expandafter|futurelet|halign|read|write|directlua"
    r"|scantokens|loop|the)(?![A-Za-z@]))"
)
_VERBATIM = re.compile(r"\\(?:verbatim|lstset|begin\{(?:[BL]?[Vv]erbatim|lstlisting|minted|alltt)\*?\})(?![A-Za-z])")
_PARAMETER = re.compile(r"#(?:([1-9])|#)")
_PARAMETER_TEXT = re.compile(r"[^{}%]{0,200}(?=\{)")
_NUMBERED = re.compile(r"(?:#[1-9])*\s*+")
_XPARSE = re.compile(r"\s*+(?:[+!>]?\s*+([mosO]))")
_CSNAME = re.compile(r"\s*+\\csname\s*+([A-Za-z@*]+)\s*+\\endcsname[ \t]*+")
_WORD = re.compile(r"\s*+\\([A-Za-z@]+)[ \t]*+\n?[ \t]*+|\s*+\\(\W)")
_BRACED_WORD = re.compile(r"\s*+\{\s*+\\([A-Za-z@]+|\W)\s*+\}|\s*+\\([A-Za-z@]+|\W)[ \t]*+")
_LET = re.compile(r"\s*+\\([A-Za-z@]+|\W)\s*+=?\s*+(\\(?:[A-Za-z@]+|\W)|[^\s\\])")
_THEOREM_NAME = re.compile(r"\bname\s*+=\s*+\{?([^{},=]+)")

NO_VALUE = "-NoValue-"


@dataclass(frozen=True)
class Macro:
    """`params` has a letter for each argument, s (star), o (optional) or m, and `defaults` what an optional one is
    without being given; `body` has them as #1, #2 …"""

    params: str
    body: str
    defaults: tuple[str, ...] = ()
    expands: bool = True
    recursive: bool = False
    calls: frozenset[str] = frozenset()


@dataclass
class Definitions:
    """What a document has defined so far. Environments are macros with the names "begin{…}" and "end{…}"."""

    macros: dict[str, Macro] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """By \\let, of what is no macro of the document."""
    theorems: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, bool] = field(default_factory=dict)
    verbatims: set[str] = field(default_factory=set)
    steps: int = 0

    def add(self, name: str, params: str, body: str, defaults: tuple[str, ...] = ()) -> None:
        """Define a macro.

        Raises:
            Unreadable: macro_loop, too many macros call too many others.
        """
        if name in PROTECTED:
            return
        calls = frozenset(_CALLED.findall(body))
        recursive = self._reaches(name, calls)
        expands = not (recursive or _PROGRAMS.search(body))
        self.aliases.pop(name, None)
        self.macros[name] = Macro(params, body, defaults, expands, recursive, calls)

    def _reaches(self, name: str, calls: frozenset[str]) -> bool:
        seen: set[str] = set()
        ahead = [calls]
        while ahead:
            new = ahead.pop() - seen
            if name in new:
                return True
            seen |= new
            self.steps += len(new)
            if self.steps > MAX_STEPS:
                raise Unreadable("macro_loop", "macros that call too many others")
            ahead += (self.macros[called].calls for called in new if called in self.macros)
        return False


def expand(reader: Reader, macro: Macro) -> str:
    """What a macro stands for with the arguments that follow, which are read."""
    arguments: list[str] = []
    for kind, default in zip(macro.params, macro.defaults + (NO_VALUE,) * len(macro.params)):
        match kind:
            case "s":
                arguments.append(r"\BooleanTrue" if reader.star() else r"\BooleanFalse")
            case "o":
                found = reader.optional()
                arguments.append(default if found is None else found)
            case _:
                arguments.append(reader.argument() or "")
    if "#" not in macro.body:
        return macro.body
    parts: list[str] = []
    at = length = 0
    for place in _PARAMETER.finditer(macro.body):
        number = int(place[1] or 0)
        value = arguments[number - 1] if 0 < number <= len(arguments) else "" if number else "#"
        parts += (macro.body[at : place.start()], value)
        at = place.end()
        length += len(value)
        reader.spend(len(value))
    parts.append(macro.body[at:])
    return glued(parts)


def glued(parts: list[str]) -> str:
    """TeX source put together, so that a letter after a control word does not become a part of it."""
    made: list[str] = []
    word = False
    for part in parts:
        if part:
            if word and part[0].isalpha():
                made.append(" ")
            made.append(part)
            word = _ends_in_word(part)
    return "".join(made)


def _ends_in_word(part: str) -> bool:
    name = part.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@")
    return len(name) < len(part) and name.endswith("\\") and not name.endswith("\\\\")


def define(reader: Reader, how: str, definitions: Definitions) -> bool:
    """Read the definition that follows the control word `how`; False where `how` defines nothing."""
    match how:
        case "newcommand" | "renewcommand" | "providecommand" | "DeclareRobustCommand":
            reader.star()
            if name := _name(reader):
                params, defaults = _counted(reader)
                definitions.add(name, params, reader.argument() or "", defaults)
        case "def" | "gdef" | "edef" | "xdef":
            _def(reader, definitions)
        case "let":
            if found := reader.take(_LET):
                _let(found[1], found[2], definitions)
        case "DeclareMathOperator":
            operator = "\\operatorname*" if reader.star() else "\\operatorname"
            if name := _name(reader):
                definitions.add(name, "", f"{operator}{{{reader.argument() or ''}}}")
        case "DeclarePairedDelimiter":
            if name := _name(reader):
                left, right = reader.argument() or "", reader.argument() or ""
                definitions.add(name, "som", glued([left, " #3 ", right]))
        case "NewDocumentCommand" | "RenewDocumentCommand" | "ProvideDocumentCommand" | "DeclareDocumentCommand":
            if name := _name(reader):
                spec, body = reader.argument() or "", reader.argument() or ""
                if parsed := _xparse(spec):
                    definitions.add(name, parsed[0], body, parsed[1])
        case "newenvironment" | "renewenvironment" | "lstnewenvironment":
            reader.star()
            name = reader.name()
            params, defaults = _counted(reader)
            _environment(reader, name, params, defaults, definitions, how == "lstnewenvironment")
        case "NewDocumentEnvironment" | "RenewDocumentEnvironment" | "DeclareDocumentEnvironment":
            name = reader.name()
            params, defaults = _xparse(reader.argument() or "") or ("", ())
            _environment(reader, name, params, defaults, definitions, False)
        case "DefineVerbatimEnvironment":
            definitions.verbatims.add(reader.name())
            reader.argument()
            reader.argument()
        case "newtheorem":
            reader.star()
            name = reader.name()
            reader.optional()
            definitions.theorems[name] = reader.argument() or ""
            reader.optional()
        case "declaretheorem":
            options = reader.optional() or ""
            name = reader.name()
            options += reader.optional() or ""
            title = _THEOREM_NAME.search(options)
            definitions.theorems[name] = title[1].strip() if title else name.capitalize()
        case "newif":
            if (found := reader.take(_WORD)) and (found[1] or "").startswith("if"):
                definitions.conditions[found[1][2:]] = False
        case _:
            return False
    return True


def _name(reader: Reader) -> str:
    found = reader.take(_BRACED_WORD)
    return (found[1] or found[2]) if found else ""


def _counted(reader: Reader) -> tuple[str, tuple[str, ...]]:
    r"""The [2][default] of \newcommand."""
    number = (reader.optional() or "").strip()
    count = int(number) if len(number) == 1 and number in "123456789" else 0
    default = reader.optional() if count else None
    return ("m" * count, ()) if default is None else ("o" + "m" * (count - 1), (default,))


def _def(reader: Reader, definitions: Definitions) -> None:
    if found := reader.take(_CSNAME):
        name = found[1]
    elif found := reader.take(_WORD):
        name = found[1] or found[2]
    else:
        return
    parameters = reader.take(_PARAMETER_TEXT)
    body = reader.argument()
    # Arguments with delimiters are programming.
    if parameters and body is not None and _NUMBERED.fullmatch(parameters[0]):
        definitions.add(name, "m" * parameters[0].count("#"), body)


def _let(name: str, meaning: str, definitions: Definitions) -> None:
    if not meaning.startswith("\\"):
        definitions.add(name, "", meaning)
    elif (macro := definitions.macros.get(meaning[1:])) and name not in PROTECTED:
        definitions.add(name, macro.params, macro.body, macro.defaults)
    elif name != meaning[1:] and name not in PROTECTED:
        definitions.macros.pop(name, None)
        definitions.aliases[name] = definitions.aliases.get(meaning[1:], meaning[1:])


def _environment(
    reader: Reader, name: str, params: str, defaults: tuple[str, ...], definitions: Definitions, verbatim: bool
) -> None:
    begin, end = reader.argument() or "", reader.argument() or ""
    if verbatim or _VERBATIM.search(begin):
        definitions.verbatims.add(name)
    elif name and name not in PROTECTED_ENVIRONMENTS:
        definitions.add(f"begin{{{name}}}", params, begin, defaults)
        definitions.add(f"end{{{name}}}", "", end)


def _xparse(spec: str) -> tuple[str, tuple[str, ...]] | None:
    """The parameters and defaults of a specification with m, o, O{…} and s; None for others."""
    reader = Reader(spec)
    params = ""
    defaults: list[str] = []
    while found := reader.take(_XPARSE):
        kind = found[1]
        params += kind.lower()
        defaults.append((reader.argument() or "") if kind == "O" else NO_VALUE)
    return None if reader.argument() else (params, tuple(defaults))
