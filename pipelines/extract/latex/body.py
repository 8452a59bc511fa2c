"""A LaTeX document read from its first token to its last: what each control word does to the text.

Macros that nobody knows are named after what they do more often than not (\\olref, \\mycite, \\Section): `_AFFIXES`.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Mapping

from pipelines.extract.latex import math as latex_math
from pipelines.extract.latex.bundle import Bundle
from pipelines.extract.latex.conditions import Conditions
from pipelines.extract.latex.macros import Definitions, define, expand
from pipelines.extract.latex.math import drop
from pipelines.extract.latex.reader import Reader, Token
from pipelines.extract.latex.text import BREAK, GONE, Group, Page, Pages, ligatures
from pipelines.extract.latex.vocabulary import (
    ACCENTS,
    ARGUMENTS,
    CONTROL_SYMBOLS,
    COUNTED,
    LABEL_KINDS,
    LANGUAGES,
    LISTS,
    NAMED_REFERENCES,
    SECTIONS,
    SYMBOLS,
    TYPEWRITER,
)

#: Files that \input may read, the same one counted each time.
MAX_INPUTS = 1_000

_DIMENSION = (
    r"[ \t]*+=?[ \t]*+-?(?:(?:\d{1,9}(?:[.,]\d{0,9})?|[.,]\d{1,9})?[ \t]*+"
    r"(?:(?:true)?(?:pt|em|ex|mm|cm|in|zw|zh|sp|bp|pc|dd|cc|mu|fil{1,3}|Q|H)(?![A-Za-z])[ \t]?|\\[A-Za-z@]+[ \t]*+))"
)
_GLUE = re.compile(rf"{_DIMENSION}(?:[ \t]*+(?:plus|minus){_DIMENSION}){{0,2}}")
_ASSIGNMENT = re.compile(rf"[ \t]*+=[ \t]*+-?(?:{_DIMENSION}(?:[ \t]*+(?:plus|minus){_DIMENSION}){{0,2}}|\d{{1,9}})")
_BREAK_ARGUMENT = re.compile(r"\*?[ \t]*+(?:\[[^\]\n]{0,40}\])?")
_ITEM_AHEAD = re.compile(r"(?=\s*+\\item(?![A-Za-z]))")
_LABEL_PARTS = re.compile("[:._-]")
_LETTER = re.compile(r"[ \t]*+(?:\{[ \t]*+(?:\\?([A-Za-z])[ \t]*+)?\}|\\([ij])(?![A-Za-z])[ \t]*+|([^\W\d_]))")
_JAPANESE_CLASS = re.compile(
    r"(?:^|lt|bx|u|p)?(?:js|jl|j|t|ut|uj|ltj)(?:article|book|report|req|spf|slides)"
    r"|^(?:jlreq|nlproceedings|plnews|jltxdoc|ieicej|ipsj)"
)
_DOCUMENT = re.compile(r"\\begin\s*+\{document\}")
_BABEL = re.compile(r"[A-Za-z]+")

_SKIPS = frozenset(
    {
        "kern",
        "hskip",
        "vskip",
        "mskip",
        "mkern",
        "raise",
        "lower",
        "moveleft",
        "moveright",
        "hangindent",
        "parindent",
        "parskip",
    }
)
_NOTES = frozenset({"footnote", "footnotetext", "endnote"})
_NOTE_CODE = frozenset({"@footnotetext", "@xfootnote", "footnotetext"})


#: Control words that nobody knows, by how they end: what they are like.
_AFFIXES = (
    (re.compile(r".*[Cc]ite[a-z]{0,6}"), "cite"),
    (re.compile(r".*[rR]ef"), "cref"),
    (re.compile(r".*[Ll]abel|.*label[a-z]{0,4}"), "label"),
    (re.compile(r"index[a-z]{0,4}"), "index"),
    (re.compile(r".*includegraphics"), "includegraphics"),
    (re.compile(r"[A-Za-z]{1,6}item"), "item"),
    *((re.compile(rf"[A-Za-z]{{1,6}}{name}|{name.capitalize()}"), name) for name in reversed(tuple(SECTIONS))),
)


class Body:
    """One reading. `run` fills what `latex.extract` asks for."""

    def __init__(self, bundle: Bundle, text: str, words: Mapping[str, Callable[["Body"], None]]) -> None:
        self.bundle = bundle
        self.words = words  # what control words do: words.WORDS
        self.counts: Counter[str] = Counter()
        self.definitions = Definitions()
        self.reader: Reader = Reader(text, bundle.root)
        self.conditions = Conditions(self.reader, self.definitions, self.counts)
        self.pages: Pages = Pages()
        self.title = ""
        self.captions: list[str] = []
        self.languages: list[str] = []
        self.unknown: Counter[str] = Counter()
        self.typewriter_next = False
        self.ended = False
        self.folders = {bundle.root: ""}

    def run(self) -> str:
        """The text of the document.

        Raises:
            Unreadable: macro_loop, too_complex, too_deep.
        """
        reader = self.reader
        while not self.ended and (token := reader.next()):
            match token.lastgroup:
                case "text":
                    self.write(token[0] if self.pages.typewriter else ligatures(token[0].replace("~", " ")))
                case "word":
                    self.word(token["word"])
                case "newline":
                    if token[0].count("\n") > 1:
                        self.pages.page.end_paragraph()
                    else:
                        self.write("\n")
                case "open":
                    self.pages.open(Group(typewriter=self.typewriter_next))
                    self.typewriter_next = False
                case "close":
                    self.pages.close_brace()
                case "math":
                    self.formula(token[0], "", apart=token[0] == "$$")
                case "symbol":
                    self.symbol(token["symbol"])
                case "align":
                    if not self.pages.next_cell(row=False):
                        self.write("&")
                case "verb":
                    self.short_verb(token)
                case _:
                    self.comment()
        self.counts["unknown_macros"] += self.unknown.total()
        return self.pages.close_all().text()

    def write(self, text: str) -> None:
        """Into the paragraph that is being put together."""
        self.pages.page.inline.append(text)

    def comment(self) -> None:
        self.counts["comments"] += 1
        frame = self.reader.top()
        if frame and frame.text[frame.pos] == "\n":
            self.pages.page.end_paragraph()

    def formula(self, close: str, environment: str, apart: bool) -> None:
        """Read a formula and write it; as plain text where it is never closed, for then it was none."""
        formula, closed = latex_math.read(self.reader, self.definitions, self.conditions, self.counts, close)
        if not closed:
            self.counts["unclosed_math"] += 1
            self.write(f"{close if close[0] == '$' else ''}{formula}")
        elif apart:
            if made := latex_math.display(formula, environment):
                self.pages.page.end_paragraph()
                self.pages.page.add("formula", made)
        else:
            self.write(latex_math.inline(formula))

    def symbol(self, symbol: str) -> None:
        if symbol in self.definitions.macros and self.definitions.macros[symbol].expands:
            self.reader.push(expand(self.reader, self.definitions.macros[symbol]))
        elif symbol == "\\":
            self.reader.take(_BREAK_ARGUMENT)
            self.line_break()
        elif symbol in "([" and symbol:
            self.formula("\\)" if symbol == "(" else "\\]", "", apart=symbol == "[")
        elif symbol in CONTROL_SYMBOLS:
            self.write(CONTROL_SYMBOLS[symbol])
        elif symbol in ACCENTS:
            self.accent(ACCENTS[symbol])
        elif symbol not in ")]":
            self.unknown[symbol] += 1

    def line_break(self) -> None:
        if not self.pages.next_cell(row=True):
            self.write(BREAK)

    def accent(self, mark: str) -> None:
        """The letter that follows with its mark; an accent over nothing is nothing."""
        if found := self.reader.take(_LETTER):
            if letter := found[1] or found[2] or found[3]:
                self.write(letter + mark)
        elif self.reader.opens() and (argument := self.reader.argument()):
            self.reader.push(f"{argument[0]}{mark}{argument[1:]}" if argument[0].isalpha() else argument)

    def short_verb(self, token: Token) -> None:
        self.reader.back(1)
        found = self.reader.verb()
        if found is None:
            self.reader.next()
        self.write(token[0] if found is None else found)

    def word(self, name: str) -> None:
        """Do what a control word asks."""
        reader = self.reader
        if macro := self.definitions.macros.get(name):
            if macro.expands:
                reader.push(expand(reader, macro))
            elif macro.calls & _NOTE_CODE:
                self.capture(self.note)
            else:
                self.counts["recursive_macros"] += macro.recursive
                self.unknown[name] += not macro.recursive
            return
        name = self.definitions.aliases.get(name, name)
        if name in TYPEWRITER:
            self.typewriter(name)
        elif name in SYMBOLS:
            self.write(SYMBOLS[name])
        elif name in ARGUMENTS:
            if not ARGUMENTS[name]:
                reader.take(_ASSIGNMENT)
            elif name in ("usepackage", "RequirePackage", "documentclass", "documentstyle", "setmainlanguage"):
                self.declaration(name)
            elif kept := drop(reader, ARGUMENTS[name]):
                reader.push(" ".join(f"{{{argument}}}" for argument in kept))
        elif name in COUNTED or name in NAMED_REFERENCES:
            self.gone(name)
        elif name in SECTIONS:
            self.pages.page.end_paragraph()
            self.capture(lambda page: self.heading(SECTIONS[name], page))
        elif name in ACCENTS:
            self.accent(ACCENTS[name])
        elif name in _NOTES:
            self.capture(self.note)
        elif name in self.words:
            self.words[name](self)
        elif name in LISTS:
            reader.push(f"\\begin{{{name}}}")
        elif name.startswith("end") and name.removeprefix("end") in LISTS:
            reader.push(f"\\end{{{name.removeprefix('end')}}}")
        elif not (self.conditions.read(name) or define(reader, name, self.definitions)):
            self.unknown_word(name)

    def unknown_word(self, name: str) -> None:
        reader = self.reader
        if self.pages.expects_item() and not reader.take(_ITEM_AHEAD):
            # LaTeX allows nothing else there: it is the author's own name for it.
            self.definitions.aliases[name] = "item"
            self.word(name)
            return
        if name in _SKIPS or name.endswith(("skip", "width", "height", "indent", "margin")):
            reader.take(_GLUE)
            return
        argued = reader.opens()
        for pattern, like in _AFFIXES:
            if (argued or like == "item") and pattern.fullmatch(name):
                self.word(like)
                return
        reader.take(_ASSIGNMENT)
        self.unknown[name] += 1

    def typewriter(self, name: str) -> None:
        if name in ("tt", "ttfamily"):
            if self.pages.groups:
                self.pages.groups[-1].typewriter = True
        else:
            self.typewriter_next = self.reader.opens()

    def capture(self, close: Callable[[Page], None]) -> None:
        """Read the argument that follows on a page of its own, given to `close` when it ends."""
        reader = self.reader
        reader.star()
        reader.optional()
        if reader.opens():
            reader.next()
            self.pages.open(Group(close=close))
        elif argument := reader.argument():
            self.pages.open(Group(close=close))
            reader.push(argument + "}")

    def heading(self, depth: int, page: Page) -> None:
        if line := page.line():
            self.pages.page.add("heading", f"{'#' * depth} {line}")

    def note(self, page: Page) -> None:
        if line := page.line():
            self.pages.page.notes.append(line)

    def caption(self, page: Page) -> None:
        if line := page.line():
            self.captions.append(line)

    def gone(self, name: str) -> None:
        """A citation, a reference or a picture that is left out."""
        counted, arguments = COUNTED.get(name, ("cross_references", "s"))
        drop(self.reader, arguments)
        self.counts[counted] += 1
        if name in NAMED_REFERENCES:
            self.reader.optional()
            label = self.reader.argument() or ""
            kinds = (LABEL_KINDS.get(part) for part in _LABEL_PARTS.split(label.lower()[:40])[:2])
            if kind := next(filter(None, kinds), ""):
                self.write(kind.capitalize() if name[0].isupper() else kind)
                return
        if counted in ("citations", "cross_references"):
            self.write(GONE)

    def declaration(self, name: str) -> None:
        r"""What \documentclass and \usepackage say of the language; the author's own packages are read."""
        options = self.reader.optional() or ""
        names = self.reader.argument() or ""
        if name == "usepackage" or name == "RequirePackage":
            self.reader.optional()
        if name == "setmainlanguage":
            self.languages.append(LANGUAGES.get(names.strip().lower(), ""))
        elif names.strip() == "babel" or name.startswith("document"):
            # The last option of babel is the main language of the text.
            known = [LANGUAGES[word] for word in _BABEL.findall(options.lower()) if word in LANGUAGES]
            self.languages += known[-1:]
        if name.startswith("document"):
            if _JAPANESE_CLASS.search(names):
                self.languages.insert(0, "ja")
        else:
            for package in reversed(names.split(",")[:50]):
                self.input(package, (".sty",), missing_counts=False)

    def input(self, name: str, endings: tuple[str, ...] = ("", ".tex"), missing_counts: bool = True) -> None:
        """Read a file of the bundle next, unless it is being read."""
        found = self.bundle.find(name, self.folders.get(self.reader.file(), ""), endings)
        if found is None:
            self.counts["missing_inputs"] += missing_counts
        elif self.counts["inputs"] == MAX_INPUTS or any(frame.file == found for frame in self.reader.frames):
            self.counts["recursive_inputs"] += 1
        else:
            self.counts["inputs"] += 1
            self.folders[found] = posixpath.dirname(found)
            # Of a file that is also a document (subfiles, standalone) what is between its begin and its end.
            text = self.bundle.files[found]
            if whole := _DOCUMENT.search(text):
                text = text[whole.end() : end] if (end := text.rfind("\\end{document}")) >= 0 else text[whole.end() :]
            # A space, for the end of a file is the end of a line.
            self.reader.push(text + "\n", found)
