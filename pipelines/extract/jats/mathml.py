"""Presentation MathML to TeX (https://www.w3.org/TR/mathml4/, chapter 3), as real articles use it.

A symbol without a name in TeX stays itself, and an element that is not known here is its content: nothing is lost.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from pipelines.extract.jats.symbols import ACCENTS, FUNCTIONS, LIMITS, OPEN_CLOSE, SYMBOLS, UNDER


def tex(element: Any) -> str:
    """The TeX of an element of MathML, in whatever namespace, without delimiters.

    The element comes from `xml.parse`, whose depth bounds the recursion.
    """
    handler = _HANDLERS.get(_name(element))
    return handler(element) if handler else _row(element)


def symbol(character: str, style: str = "") -> str:
    r"""One character in math mode: α is \alpha, 𝐀 \mathbf{A}, { \{."""
    if character in SYMBOLS:
        return _styled(SYMBOLS[character], style)
    if character.isascii():
        return _styled(character, style)
    words = unicodedata.name(character, "")
    plain = unicodedata.normalize("NFKC", character)
    for word, command in _ALPHABETS:
        if word in words and plain != character and len(plain) == 1:
            return _styled(SYMBOLS.get(plain, plain), command)
    return _styled(character, style)


# Of the names of Unicode characters, the first that is found.
_ALPHABETS = (
    ("DOUBLE-STRUCK", r"\mathbb"),
    ("FRAKTUR", r"\mathfrak"),
    ("BLACK-LETTER", r"\mathfrak"),
    ("SCRIPT", r"\mathcal"),
    ("SANS-SERIF", r"\mathsf"),
    ("MONOSPACE", r"\mathtt"),
    ("BOLD ITALIC", r"\boldsymbol"),
    ("MATHEMATICAL BOLD", r"\mathbf"),
    ("MATHEMATICAL ITALIC", ""),
)
_VARIANTS = {
    "bold": r"\mathbf",
    "bold-italic": r"\boldsymbol",
    "double-struck": r"\mathbb",
    "fraktur": r"\mathfrak",
    "bold-fraktur": r"\mathfrak",
    "script": r"\mathcal",
    "bold-script": r"\mathcal",
    "sans-serif": r"\mathsf",
    "monospace": r"\mathtt",
    "normal": r"\mathrm",
}


def _styled(made: str, style: str) -> str:
    if style == r"\mathbf" and made.startswith("\\"):
        style = r"\boldsymbol"  # \mathbf leaves Greek as it is
    if style == r"\mathrm" and made.startswith("\\"):
        return made
    return f"{style}{{{made}}}" if style else made


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


_ENDS_IN_COMMAND = re.compile(r"\\[A-Za-z]+\Z")
_ATOM = re.compile(r"\\?[^\\{}^_\s]|\\[A-Za-z]+|\\[A-Za-z]+\{[^{}]*\}")


def _joined(parts: Iterable[str]) -> str:
    """One after the other, with a space where a command would run into a letter."""
    made: list[str] = []
    for part in filter(None, parts):
        if made and part[0].isalpha() and _ENDS_IN_COMMAND.search(made[-1][-40:]):
            made.append(" ")
        made.append(part)
    return "".join(made)


def _row(element: Any) -> str:
    children = list(element)
    if not children:
        return _characters(element)
    if len(children) > 1 and any(_name(child) == "mtable" for child in children):
        return _fenced_table(children)
    return _joined(map(tex, children))


def _fenced_table(children: list[Any]) -> str:
    """Delimiters as high as the table between them; a lone brace before cases has an invisible partner."""
    made = list(map(tex, children))
    if made[0] in OPEN_CLOSE:
        closed = made[-1] in OPEN_CLOSE
        inner = made[1:-1] if closed else made[1:]
        return _joined([rf"\left{made[0]}", *inner, rf"\right{made[-1] if closed else '.'}"])
    return _joined(made)


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _characters(element: Any) -> str:
    return _joined(symbol(character) for character in _text(element))


def _identifier(element: Any) -> str:
    text = _text(element)
    variant = _VARIANTS.get(element.get("mathvariant", ""), "")
    if len(text) == 1:
        return symbol(text, variant)
    if text in FUNCTIONS:
        return f"\\{text}"
    if text.isascii() and text.isalpha():
        return _styled(text, variant or r"\mathrm")
    return _joined(symbol(character, variant) for character in text)


def _operator(element: Any) -> str:
    text = _text(element)
    if text in FUNCTIONS:
        return f"\\{text}"
    if len(text) > 1 and text.isascii() and text.isalpha():
        return rf"\operatorname{{{text}}}"
    return _characters(element)


_SPACES = re.compile(r"\s+")
_ESCAPED = {ord(c): f"\\{c}" for c in "%#&$_{}"} | {
    ord("\\"): r"\textbackslash{}",
    ord("^"): r"\^{}",
    ord("~"): r"\~{}",
}


def _words(element: Any) -> str:
    text = _SPACES.sub(" ", "".join(element.itertext()))
    if not text.strip():
        return r"\ " if text else ""
    if text in FUNCTIONS:
        return f"\\{text}"
    return rf"\text{{{text.translate(_ESCAPED)}}}"


_EMS = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*em\s*")


def _space(element: Any) -> str:
    width = element.get("width", "")
    found = _EMS.fullmatch(width)
    if element.get("linebreak") == "newline":
        return r"\ "
    if found and float(found[1]) >= 1:
        return r"\quad "
    return r"\ " if width and not width.startswith(("0", "-")) else ""


def _children(element: Any, count: int) -> list[str]:
    """The TeX of the first children, "" for those that are not there."""
    made = [tex(child) for child in element]
    rest = _joined(made[count:])
    made = made[:count] + [""] * (count - len(made))
    made[-1] = _joined([made[-1], rest])
    return made


def _base(made: str) -> str:
    return made if _ATOM.fullmatch(made) else f"{{{made}}}"


def _script(mark: str, made: str) -> str:
    if not made:
        return ""
    return f"{mark}{made}" if len(made) == 1 else f"{mark}{{{made}}}"


_PRIMES = re.compile(r"(?:\\prime ?|')+")


def _scripts(base: str, under: str, over: str) -> str:
    if _PRIMES.fullmatch(over):
        primes = "'" * (over.count("prime") + over.count("'"))
        return f"{_base(base)}{_script('_', under)}{primes}"
    return f"{_base(base)}{_script('_', under)}{_script('^', over)}"


def _sub(element: Any) -> str:
    base, under = _children(element, 2)
    return _scripts(base, under, "")


def _sup(element: Any) -> str:
    base, over = _children(element, 2)
    return _scripts(base, "", over)


def _subsup(element: Any) -> str:
    base, under, over = _children(element, 3)
    return _scripts(base, under, over)


def _over(element: Any) -> str:
    base, over = _children(element, 2)
    mark = _text(element[1]) if len(element) > 1 and _name(element[1]) in ("mo", "mi", "mtext") else ""
    if mark in ACCENTS:
        narrow, wide = ACCENTS[mark]
        return f"{narrow if len(base) == 1 or _ATOM.fullmatch(base) else wide}{{{base}}}"
    if base.removeprefix("\\") in LIMITS:
        return _scripts(base, "", over)
    return rf"\overset{{{over}}}{{{base}}}" if over else base


def _under(element: Any) -> str:
    base, under = _children(element, 2)
    mark = _text(element[1]) if len(element) > 1 and _name(element[1]) in ("mo", "mi", "mtext") else ""
    if mark in UNDER:
        return f"{UNDER[mark]}{{{base}}}"
    if base.removeprefix("\\") in LIMITS or base.startswith((r"\underbrace", r"\operatorname")):
        return _scripts(base, under, "")
    return rf"\underset{{{under}}}{{{base}}}" if under else base


def _underover(element: Any) -> str:
    base, under, over = _children(element, 3)
    if base.removeprefix("\\") in LIMITS:
        return _scripts(base, under, over)
    return rf"\overset{{{over}}}{{\underset{{{under}}}{{{base}}}}}"


def _multiscripts(element: Any) -> str:
    base = ""
    before = after = ""
    pair: list[str] = []
    pre = False
    for place, child in enumerate(element):
        if place == 0:
            base = tex(child)
        elif _name(child) == "mprescripts":
            pre, pair = True, []
        else:
            pair.append(tex(child))
            if len(pair) == 2:
                made = _script("_", pair[0]) + _script("^", pair[1])
                before, after = (before + made, after) if pre else (before, after + made)
                pair = []
    return (f"{{}}{before}" if before else "") + _base(base) + after


def _fraction(element: Any) -> str:
    above, below = _children(element, 2)
    if element.get("bevelled") == "true":
        return f"{_base(above)}/{_base(below)}"
    if element.get("linethickness", "").strip().startswith("0"):
        return rf"{{{above} \atop {below}}}"
    return rf"\frac{{{above}}}{{{below}}}"


def _root(element: Any) -> str:
    base, index = _children(element, 2)
    return rf"\sqrt[{index}]{{{base}}}"


def _fenced(element: Any) -> str:
    separators = "".join(element.get("separators", ",").split())
    made: list[str] = []
    for place, child in enumerate(element):
        if place and separators:
            made.append(symbol(separators[min(place, len(separators)) - 1]))
        made.append(tex(child))
    left, right = (_delimiter(element.get(side, default)) for side, default in (("open", "("), ("close", ")")))
    return _joined([rf"\left{left}", *made, rf"\right{right}"])


def _delimiter(text: str) -> str:
    made = _joined(map(symbol, text.strip()))
    return made if made in OPEN_CLOSE else "."


def _table(element: Any) -> str:
    # The first cell of mlabeledtr is the number of the equation, which stands in the label of the article too.
    rows = [[tex(cell) for cell in row][1 if _name(row) == "mlabeledtr" else 0 :] for row in element]
    columns = max(map(len, rows), default=0)
    if len(rows) == columns == 1:
        return rows[0][0]
    align = element.get("columnalign", "").split()
    relations = any(cell.startswith(("=", "&=")) for row in rows for cell in row[1:])
    environment = "aligned" if columns > 1 and (relations or align[:2] == ["right", "left"]) else "matrix"
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\begin{{{environment}}}{body}\end{{{environment}}}"


def _semantics(element: Any) -> str:
    for annotation in element:
        if _name(annotation) == "annotation" and "tex" in annotation.get("encoding", "").lower().replace("text/", ""):
            return _text(annotation).strip("$ ")
    return tex(element[0]) if len(element) else ""


_ENCLOSED = {"box": r"\boxed", "radical": r"\sqrt", "top": r"\overline", "bottom": r"\underline"}


def _enclosed(element: Any) -> str:
    command = _ENCLOSED.get(element.get("notation", ""), "")
    return f"{command}{{{_row(element)}}}" if command else _row(element)


_HANDLERS: dict[str, Callable[[Any], str]] = {
    "mi": _identifier,
    "mn": _characters,
    "mo": _operator,
    "mtext": _words,
    "ms": _words,
    "mspace": _space,
    "msub": _sub,
    "msup": _sup,
    "msubsup": _subsup,
    "mover": _over,
    "munder": _under,
    "munderover": _underover,
    "mmultiscripts": _multiscripts,
    "mfrac": _fraction,
    "msqrt": lambda element: rf"\sqrt{{{_row(element)}}}",
    "mroot": _root,
    "mfenced": _fenced,
    "mtable": _table,
    "semantics": _semantics,
    "maction": lambda element: tex(element[0]) if len(element) else "",
    "menclose": _enclosed,
    "mphantom": lambda element: "",
    "none": lambda element: "",
    "annotation": lambda element: "",
    "annotation-xml": lambda element: "",
}
