"""Documented TeX sources (.dtx) to the LaTeX that typesets them (https://ctan.org/pkg/docstrip, the class ltxdoc).

The text stands in comments. Code between \\begin{macrocode} and \\end{macrocode} belongs to it and stays verbatim; all
other lines are a driver or code that nobody is shown, and are left out.
"""

import re

_BEGIN = re.compile(r"%\s*+\\begin\s*+\{macrocode\*?\}")
_END = re.compile(r"%\s*+\\end\s*+\{macrocode\*?\}")
_GUARD = re.compile(r"%<[*/][^<>\n]*>\s*+$")
_DOCUMENTED = re.compile(r"^%[ \t]*+\\begin\s*+\{macrocode\*?\}", re.MULTILINE)


def is_dtx(text: str, name: str) -> bool:
    """By its name, or by what no other format has."""
    return name.lower().endswith(".dtx") or bool(_DOCUMENTED.search(text))


def to_latex(text: str) -> tuple[str, int]:
    """The LaTeX source, and how many lines of code were left out."""
    lines: list[str] = []
    left_out = 0
    code = False
    for line in text.split("\n"):
        if code and not _END.match(line):
            # Where a part of the code begins for a module of docstrip is no code.
            if _GUARD.match(line):
                left_out += 1
            else:
                lines.append(line)
        elif code:
            code = False
            lines.append(r"\end{macrocode}")
        elif _BEGIN.match(line):
            code = True
            lines.append(r"\begin{macrocode}")
        elif line.startswith("%<") or not line.startswith("%"):
            left_out += bool(line.strip())
        else:
            # ^^A begins a comment where % does not.
            lines.append(line[1:].removeprefix(" ").partition("^^A")[0])
    if code:
        lines.append(r"\end{macrocode}")
    return "\n".join(lines), left_out
