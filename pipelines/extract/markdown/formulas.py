"""Formulas in Markdown, as rules for markdown-it-py: $…$, $$…$$, \\(…\\), \\[…\\] and environments of TeX.

The plugin for brackets (texmath of mdit-py-plugins) copies the rest of the text at each mark; these look at no mark
twice.
"""

import re
from bisect import bisect_left

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

# Of a formula.
MAX_LINES = 200
#: The rules that a new block ends.
STOPS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}

# Each pattern ends at the next of its own marks, so that marks without partners cost no time.
_FORMULAS = (
    (re.compile(r"\$`([^`]{1,2000})`\$"), "$"),
    (re.compile(r"\$\$((?:[^$\\]|\\.){1,10000})\$\$", re.DOTALL), "$$"),
    (re.compile(r"\$(?![\s$])((?:[^$\\]|\\.){1,2000})(?<!\s)\$(?![0-9])", re.DOTALL), "$"),
    (re.compile(r"\\\(((?:[^\\]|\\(?![()])){1,2000})\\\)"), "$"),
    (re.compile(r"\\\[((?:[^\\]|\\(?![\[\]])){1,10000})\\\]"), "$$"),
)
# An escaped bracket may be just that, as in \[1\].
_TEX = re.compile(r"\\[A-Za-z]|[_^=+<>]|^\s*[A-Za-z]\s*$")
_FORMULA_START = re.compile(r"\$\$|\\\[|\\begin\{([A-Za-z]{1,20}\*?)\}")
_FORMULA_END = re.compile(r"(\$\$|\\\]|\\end\{[A-Za-z]{1,20}\*?\})[ \t.,、。]{0,3}$")


def rules(parser: MarkdownIt) -> None:
    """Make tokens `math` and `math_block` of formulas, with their marks. Parsing needs `ends` in `env["ends"]`."""
    parser.inline.add_terminator_char("$")
    parser.inline.ruler.before("escape", "math", _inline_formula)
    parser.block.ruler.before("fence", "math_block", _display_formula, STOPS)


def _inline_formula(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    for pattern, marks in _FORMULAS:
        if (found := pattern.match(state.src, state.pos)) and (state.src[state.pos] == "$" or _TEX.search(found[1])):
            if not silent:
                state.push("math", "", 0).content = f"{marks}{_one_line(found[1])}{marks}"
            state.pos = found.end()
            return True
    return False


def ends(source: str) -> dict[str, list[int]]:
    """The lines that end in the end of a formula, by what ends it: looked up, and not looked for at each start."""
    found_at: dict[str, list[int]] = {}
    for at, line in enumerate(source.split("\n")):
        if found := _FORMULA_END.search(line[-40:]):
            found_at.setdefault(found[1], []).append(at)
    return found_at


def _display_formula(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    start = state.bMarks[start_line] + state.tShift[start_line]
    found = _FORMULA_START.match(state.src, start, state.eMarks[start_line])
    if not found or state.is_code_block(start_line):
        return False
    end = f"\\end{{{found[1]}}}" if found[1] else {"$$": "$$", "\\[": "\\]"}[found[0]]
    lines = state.env["ends"].get(end, [])
    # "$$" alone on a line does not end what it begins.
    first = start_line + (state.src[found.end() : state.eMarks[start_line]].strip() == "")
    at = bisect_left(lines, first)
    if at == len(lines) or lines[at] >= end_line or lines[at] - start_line > MAX_LINES:
        return False
    if silent:
        return True
    body = state.getLines(start_line, lines[at] + 1, state.blkIndent, False).strip()
    if not found[1]:
        body = body.removeprefix(found[0]).rstrip(" \t.,、。").removesuffix(end)
    state.push("math_block", "", 0).content = f"$$\n{without_empty_lines(body)}\n$$"
    state.line = lines[at] + 1
    return True


def _one_line(formula: str) -> str:
    return " ".join(formula.split())


def without_empty_lines(formula: str) -> str:
    """TeX has none within a formula."""
    return "\n".join(filter(str.strip, formula.split("\n"))).strip()
