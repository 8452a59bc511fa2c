"""The running text of JATS: what stands inside a paragraph, a heading, a cell.

XML knows no control characters, so two of them mark what is settled when the paragraph is whole: where a citation was,
and where the source itself breaks a line.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pipelines.extract.jats import mathml
from pipelines.extract.wrapping import WIDE

_CITATION = "\x01"
_BREAK = "\x02"

#: Cells that row and column spans may fill in one article. Real ones have some hundred.
MAX_FILLED = 100_000


@dataclass
class Context:
    """What is gathered on the way through one article."""

    counts: Counter[str] = field(default_factory=Counter)
    footnotes: dict[str, Any] = field(default_factory=dict)
    """By id, those that a reader would want and that have not been placed yet."""
    pending: list[Any] = field(default_factory=list)
    """Footnotes called in the paragraph at hand."""
    captions: dict[str, list[str]] = field(default_factory=dict)
    """By language."""
    others: dict[str, list[str]] = field(default_factory=dict)
    """Sections in other languages than the text around them, as blocks."""
    fillable: int = MAX_FILLED


def children(element: Any, *names: str) -> list[Any]:
    return [child for child in element if child.tag in names]


def line(element: Any, context: Context) -> str:
    """The whole content as tidy text; a line that the source breaks goes on."""
    return tidy(inline(element, context).replace(_BREAK, "\n"))


def inline(element: Any, context: Context) -> str:
    """The content as it stands, not yet tidy."""
    parts = [element.text or ""]
    for child in element:
        parts.append(inline_element(child, context))
        parts.append(child.tail or "")
    return "".join(parts)


# Formatting and names: they are their content.
_PLAIN = frozenset(
    ["abbrev", "bold", "chem-struct", "date", "day", "email", "ext-link", "fixed-case", "inline-supplementary-material",
     "italic", "milestone-end", "milestone-start", "monospace", "month", "named-content", "overline", "p", "roman",
     "sans-serif", "sc", "strike", "string-name", "styled-content", "textual-form", "title", "underline", "uri", "year",
     "institution", "name", "surname", "given-names", "collab", "source", "article-title", "label", "season", "price",
     "related-article", "related-object", "issue", "volume", "fpage", "lpage", "subtitle", "list-item", "list", "term",
     "def", "def-item", "def-list", "disp-quote", "verse-group", "verse-line", "preformat", "code", "person-group",
     "mixed-citation", "nlm-citation", "element-citation", "publisher-name", "publisher-loc", "pub-id", "comment",
     "conf-name", "etal", "suffix", "prefix", "role", "country", "city", "state", "addr-line", "data-title", "version",
     "speech", "speaker", "attrib", "tr", "td", "th", "elocation-id", "size", "edition", "series", "patent", "std",
     "isbn", "trans-title", "trans-source", "chapter-title", "award-id", "funding-source", "num", "rb", "object-id",
     "inline-media", "x", "table", "tbody", "thead", "tfoot", "caption", "array", "boxed-text", "statement", "sec"]
)  # fmt: skip
# No part of the text: marks for the makers of an index, longer forms that another reader would see in a tooltip.
_SILENT = frozenset(["alt-text", "index-term", "index-term-range-end", "long-desc", "permissions", "target"])
_BLOCK_LIKE = frozenset(["p", "list-item", "td", "th", "disp-quote", "verse-line", "list", "title", "def", "sec"])


def inline_element(element: Any, context: Context) -> str:
    match element.tag:
        case "xref":
            return _cross_reference(element, context)
        case "sup" | "sub":
            return _script(element, context)
        case "inline-formula" | "disp-formula" | "tex-math" | "math":
            return f"${made}$" if (made := formula(element, context)) else _no_formula(element, context)
        case "alternatives":
            return inline_element(chosen, context) if (chosen := _preferred(element)) is not None else ""
        case "break":
            return _BREAK
        case "hr":
            return " "
        case "fn":
            context.pending.append(element)
            return ""
        case "ruby":
            context.counts["rubies"] += 1
            return "".join(inline(base, context) for base in children(element, "rb"))
        case "abbrev":
            return (element.text or "") + "".join(
                ("" if child.tag == "def" else inline_element(child, context)) + (child.tail or "") for child in element
            )
        case "inline-graphic" | "graphic" | "private-char" | "media" | "chem-struct-wrap":
            context.counts["pictures"] += 1
            return ""
        case tag if tag in _SILENT:
            return ""
        case tag:
            if tag not in _PLAIN:
                context.counts["unknown_elements"] += 1
            content = inline(element, context)
            return f" {content} " if tag in _BLOCK_LIKE else content


# ── Cross-references ─────────────────────────────────────────────────────────────────────────────────────────────────

_NOT_TEXT = frozenset(["aff", "author-notes", "contrib", "corresp", "table-fn"])
# "12", "[3]", "4a", "5–7", "⁸"
_NUMBERS = re.compile(r"(?:[\d⁰¹²³⁴-⁹⁽⁾⁻\s\x01()\[\]（）［］.,;、，*†‡–—−-]|(?<=\d)[a-z](?![a-z]))*+")


# "Sato et al. (2001)": of a citation by name the year may be all that is linked.
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")


def _cross_reference(element: Any, context: Context) -> str:
    kind = element.get("ref-type", "")
    if kind in _NOT_TEXT:
        return ""
    content = inline(element, context)
    if kind == "fn":
        called = [name for name in element.get("rid", "").split() if name in context.footnotes]
        context.pending += [context.footnotes.pop(name) for name in called]
        return "" if called or _NUMBERS.fullmatch(content) or len(content.strip()) <= 2 else content
    if kind in ("bibr", "ref") and _NUMBERS.fullmatch(content) and not _YEAR.search(content):
        context.counts["citations"] += 1
        return _CITATION
    return content


_C = _CITATION
_LIST = rf"{_C}(?:(?:[ \n,;、，；–—−‐-]|and\b|&){{0,6}}{_C})*+"
_UNIT = rf"(?:[\[(（［]\s?{_LIST}\s?[\])）］]|{_LIST})"
_SEQUENCE = re.compile(rf"[ \n]*{_UNIT}(?:[ \n,;、，–—−-]{{0,4}}{_UNIT})*+")
_IN_BRACKETS = re.compile(rf"[ \n]?[\[(（［]([^\[\]()（）［］\n]{{0,300}}{_C}[^\[\]()（）［］\n]{{0,300}}+)[\])）］]")
# "see also 12 for a review"
_ONLY_ABOUT = re.compile(
    r"(?:(?:see|also|e\.g|cf|i\.e|as|reviewed|reviews?|in|for|a|but|and|or|example|refs?|references?|from|by|recent)\b"
    r"|文献|参照|など|たとえば|例えば|[\s\x01,;:.、，；：–—−-])*+",
    re.IGNORECASE,
)
# "(12, p. 67)", "(Figure 1; 12)", "e.g., 12, and"
_AT_BEGIN = re.compile(rf"(?<=[\[(（［])\s?{_C}\s?[,;、，；]?\s?")
_AT_END = re.compile(rf"\s?[,;、，；]?\s?{_C}(?=\s?[\])）］])")
_BETWEEN = re.compile(rf"[,;、，；]\s?{_C}(?=\s?[,;、，；])")


def _without_citations(text: str) -> str:
    if _CITATION not in text:
        return text
    text = _SEQUENCE.sub(_CITATION, text)
    for _ in range(2):  # "(see [12])"
        text = _IN_BRACKETS.sub(_bracket, text)
    return _BETWEEN.sub("", _AT_END.sub("", _AT_BEGIN.sub("", text))).replace(_CITATION, "")


def _bracket(found: re.Match[str]) -> str:
    return _CITATION if _ONLY_ABOUT.fullmatch(found[1]) else found[0]


# ── White space ──────────────────────────────────────────────────────────────────────────────────────────────────────

_WIDE_BREAK = re.compile(f"(?<=[{WIDE}])[ \t\r]*\n[ \t\n\r]*(?=[{WIDE}])")
_SPACE = re.compile("[ \t\n\r]+")


def tidy(text: str) -> str:
    """White space as in a browser, no trace of citations; a line for each that the source itself breaks."""
    text = _SPACE.sub(" ", _WIDE_BREAK.sub("", text))
    return "\n".join(part.strip() for part in _without_citations(text).split(_BREAK)).strip()


# ── Superscripts and subscripts ──────────────────────────────────────────────────────────────────────────────────────

_HIGH = str.maketrans("0123456789+-−–=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾")
_LOW = str.maketrans("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
_SIGNS = re.compile(r"[0-9+\-−–=(), ]+")
_AS_THEY_ARE = re.compile(r"(?:st|nd|rd|th|TM|\W)+")  # 5th, ™, marks like * and †


def _script(element: Any, context: Context) -> str:
    content = _SPACE.sub(" ", inline(element, context))
    made = content.strip()
    if not made:
        return content
    if _CITATION in made and _NUMBERS.fullmatch(made):
        return _CITATION
    before, after = " " * content.startswith(" "), " " * content.endswith(" ")
    return f"{before}{_raised(made) if element.tag == 'sup' else _lowered(made)}{after}"


def _raised(made: str) -> str:
    if _SIGNS.fullmatch(made):
        return made.translate(_HIGH)
    return made if _AS_THEY_ARE.fullmatch(made) else _as_tex("^", made)


def _lowered(made: str) -> str:
    return made.translate(_LOW) if _SIGNS.fullmatch(made) else _as_tex("_", made)


def _as_tex(mark: str, made: str) -> str:
    if made.startswith("$") and made.endswith("$") and made.count("$") == 2:
        return f"${mark}{{{made[1:-1]}}}$"
    return f"{mark}{made}" if len(made) == 1 else f"{mark}{{{made}}}"


# ── Formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_DOCUMENT = re.compile(r"\\begin\s*\{document\}(.*?)(?:\\end\s*\{document\}|\Z)", re.DOTALL)
_PREAMBLE = re.compile(r"\\(?:documentclass|usepackage|setlength|oddsidemargin)\b[^\n]{0,300}")
_ENVIRONMENT = re.compile(
    r"\\begin\{(equation|displaymath|math|align|eqnarray|gather|multline)\*?\}(.*)\\end\{\1\*?\}", re.DOTALL
)
_DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)"))


def formula(element: Any, context: Context) -> str:
    """The TeX of a formula without delimiters, "" where it has neither TeX nor MathML."""
    if element.tag == "math":
        return mathml.tex(element)
    if element.tag == "tex-math":
        return bare_tex("".join(element.itertext()))
    found = _preferred(element)
    return formula(found, context) if found is not None and found.tag in ("math", "tex-math", "alternatives") else ""


def _preferred(element: Any) -> Any:
    """Of several forms of one thing, the best that is there."""
    for tag in ("tex-math", "math", "alternatives", "textual-form", "table", "code", "preformat"):
        if (found := element.find(tag)) is not None:
            return found
    return next(iter(element), None)


def _no_formula(element: Any, context: Context) -> str:
    content = inline(element, context)
    if not content.strip():
        context.counts["formulas"] += 1
    return content


def bare_tex(document: str) -> str:
    r"""The formula of a TeX document: without preamble, $ and \begin{equation}."""
    found = _DOCUMENT.search(document)
    made = found[1] if found else _PREAMBLE.sub("", document)
    made = " ".join(made.split())
    for left, right in _DELIMITERS:
        if made.startswith(left) and made.endswith(right) and len(made) > len(left):
            made = made[len(left) : -len(right)].strip()
            break
    if whole := _ENVIRONMENT.fullmatch(made):
        made = whole[2].strip()
        if whole[1] in ("align", "eqnarray", "gather", "multline"):
            made = rf"\begin{{aligned}}{made}\end{{aligned}}"
    return made
