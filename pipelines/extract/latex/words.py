"""Control words with a meaning of their own: what each does to the body that is being read."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pipelines.extract.latex import environments as latex_environments
from pipelines.extract.latex.macros import NO_VALUE
from pipelines.extract.latex.text import Page

if TYPE_CHECKING:
    from pipelines.extract.latex.body import Body

_CHARACTER_CODE = re.compile(r"""[ \t]*+(?:`\\?(.)|"([0-9A-F]{1,6})|'([0-7]{1,7})|(\d{1,7}))[ \t]?""")
_FILE_NAME = re.compile(r"[ \t]*+([^\s{}\\%]{1,200})")
_SHORT_VERB = re.compile(r"[ \t]*+\*?[ \t]*+(?:\[[^\]]{0,99}\][ \t]*+)?(?:\{[ \t]*+\\?(.)[ \t]*+\}|\\?(\S))")
_ESCAPED = re.compile(r"\\([%#&_{}~])")
_RULE = re.compile(
    r"(?:[ \t]*+(?:width|height|depth)[ \t]*+=?[ \t]*+-?[\d.]{0,9}[ \t]*+(?:[a-z]{2}|\\[A-Za-z@]+)){0,3}"
)
_FONT = re.compile(r"[ \t]*+\\[A-Za-z@]+[ \t]*+=?[ \t]*+[\w-]{1,40}(?:[ \t]+(?:at|scaled)[ \t]*+[\w.]{1,20})?[ \t]?")
_BOX_SIZE = re.compile(
    r"[ \t]*+(?:to|spread)[ \t]*+(?:-?[\d.]{0,9}[ \t]*+(?:[a-z]{2}(?![a-z])|\\[A-Za-z@]+))[ \t]*+(?=\{)"
)
_NUMBER = re.compile(r"[ \t]*+=?[ \t]*+-?\d{1,9}[ \t]?")


def _title(body: "Body") -> None:
    def close(page: Page) -> None:
        body.title = body.title or page.line()

    body.capture(close)


def _author(body: "Body") -> None:
    body.reader.optional()
    body.counts["authors"] += 1 + (body.reader.argument() or "").count(r"\and")


def _caption_of(body: "Body") -> None:
    body.reader.star()
    body.reader.argument()
    body.capture(body.caption)


def _note_mark(body: "Body") -> None:
    body.reader.optional()


def _line_break(body: "Body") -> None:
    body.reader.optional()
    body.line_break()


def _item(body: "Body") -> None:
    page = body.pages.page
    page.end_paragraph()
    page.prefix = body.pages.next_item()
    if (label := body.reader.optional()) is not None:
        body.reader.push(f"{{{label}}} ")


def _input(body: "Body") -> None:
    reader = body.reader
    if reader.opens():
        body.input(reader.argument() or "")
    elif found := reader.take(_FILE_NAME):
        body.input(found[1])


def _import(body: "Body") -> None:
    body.reader.star()
    folder = body.reader.argument() or ""
    body.input(f"{folder}/{body.reader.argument() or ''}")


def _verb(body: "Body") -> None:
    body.reader.star()
    body.write(body.reader.verb() or "")


def _inline_code(body: "Body") -> None:
    body.reader.optional()
    if body.reader.opens():
        body.write(body.reader.argument() or "")
    else:
        body.write(body.reader.verb() or "")


def _minted(body: "Body") -> None:
    body.reader.optional()
    body.reader.argument()
    _inline_code(body)


def _url(body: "Body") -> None:
    url = (body.reader.argument() if body.reader.opens() else body.reader.verb()) or ""
    body.write(_ESCAPED.sub(r"\1", url))


def _make_short_verb(body: "Body") -> None:
    found = body.reader.take(_SHORT_VERB)
    sign = (found[1] or found[2]) if found else ""
    # The class of a regular expression is made of them: one after a backslash stands for itself.
    if sign and sign not in "\\{}%$&^]-" and not sign.isalnum() and sign not in body.reader.short_verbs:
        body.reader.short_verbs = "".join(sorted(body.reader.short_verbs + sign))


def _delete_short_verb(body: "Body") -> None:
    if found := body.reader.take(_SHORT_VERB):
        body.reader.short_verbs = body.reader.short_verbs.replace(found[1] or found[2], "")


def _cs(body: "Body") -> None:
    body.write("\\" + _ESCAPED.sub(r"\1", body.reader.argument() or ""))


def _cmd(body: "Body") -> None:
    body.write(body.reader.argument() or "")


def _describe(body: "Body") -> None:
    body.pages.page.end_paragraph()
    body.write((body.reader.argument() or "") + " ")


def _meta(body: "Body") -> None:
    body.reader.push(f"⟨{{{body.reader.argument() or ''}}}⟩")


def _meta_in_braces(body: "Body") -> None:
    body.reader.push(f"\\{{⟨{body.reader.argument() or ''}⟩\\}}")


def _meta_in_brackets(body: "Body") -> None:
    body.reader.push(f"[⟨{body.reader.argument() or ''}⟩]")


def _character(body: "Body") -> None:
    if found := body.reader.take(_CHARACTER_CODE):
        _write_character(body, ord(found[1]) if found[1] else int(*_based(found)))


def _based(found: re.Match[str]) -> tuple[str, int]:
    return (found[2], 16) if found[2] else (found[3], 8) if found[3] else (found[4], 10)


def _symbol(body: "Body") -> None:
    argument = (body.reader.argument() or "").strip()
    if found := _CHARACTER_CODE.fullmatch(argument):
        _write_character(body, ord(found[1]) if found[1] else int(*_based(found)))


def _write_character(body: "Body", code: int) -> None:
    # Above ASCII it is a place in a font.
    if 0x20 < code < 0x7F:
        body.write(chr(code))
    else:
        body.unknown["char"] += 1


def _ensure_math(body: "Body") -> None:
    body.reader.push(f"${body.reader.argument() or ''}$")


def _xspace(body: "Body") -> None:
    frame = body.reader.top()
    if frame and (frame.text[frame.pos].isalnum() or frame.text[frame.pos] in "(\\`$"):
        body.write(" ")


def _if_value(body: "Body", wanted: bool) -> None:
    value, yes, no = (body.reader.argument() or "" for _ in range(3))
    body.reader.push(yes if (value != NO_VALUE) == wanted else no)


def _if_boolean(body: "Body") -> None:
    value, yes, no = (body.reader.argument() or "" for _ in range(3))
    body.reader.push(yes if value == r"\BooleanTrue" else no)


def _end_of_file(body: "Body") -> None:
    body.reader.end_file()


def _bye(body: "Body") -> None:
    body.ended = True


def _bibliography(body: "Body") -> None:
    body.reader.argument()
    stem = body.bundle.root.rpartition(".")[0]
    source = body.bundle.files.get(f"{stem}.bbl", "")
    body.counts["references"] += len(re.findall(r"\\bibitem(?![A-Za-z])|\\entry\{", source))


def _rule(body: "Body") -> None:
    body.reader.take(_RULE)


def _font(body: "Body") -> None:
    body.reader.take(_FONT)


def _box(body: "Body") -> None:
    body.reader.take(_BOX_SIZE)


def _number(body: "Body") -> None:
    body.reader.take(_NUMBER)


WORDS: Mapping[str, Callable[["Body"], None]] = {
    "begin": latex_environments.begin,
    "end": lambda body: latex_environments.end(body, body.reader.name()),
    "@@end": lambda body: latex_environments.end(body, body.reader.name(), done=True),
    "par": lambda body: body.pages.page.end_paragraph(),
    "tabularnewline": _line_break,
    "linebreak": _line_break,
    "cr": lambda body: body.line_break(),
    "title": _title,
    "author": _author,
    "caption": lambda body: body.capture(body.caption),
    "captionof": _caption_of,
    "subcaption": lambda body: body.capture(body.caption),
    "footnotemark": _note_mark,
    "item": _item,
    "input": _input,
    "include": _input,
    "subfile": _input,
    "import": _import,
    "subimport": _import,
    "verb": _verb,
    "lstinline": _inline_code,
    "mintinline": _minted,
    "url": _url,
    "path": _url,
    "MakeShortVerb": _make_short_verb,
    "DefineShortVerb": _make_short_verb,
    "lstMakeShortInline": _make_short_verb,
    "DeleteShortVerb": _delete_short_verb,
    "UndefineShortVerb": _delete_short_verb,
    "cs": _cs,
    "cmd": _cmd,
    "DescribeMacro": _describe,
    "DescribeEnv": _describe,
    "DescribeOption": _describe,
    "meta": _meta,
    "marg": _meta_in_braces,
    "oarg": _meta_in_brackets,
    "char": _character,
    "symbol": _symbol,
    "ensuremath": _ensure_math,
    "xspace": _xspace,
    "IfNoValueTF": lambda body: _if_value(body, wanted=False),
    "IfValueTF": lambda body: _if_value(body, wanted=True),
    "IfBooleanTF": _if_boolean,
    "endinput": _end_of_file,
    "bye": _bye,
    "bibliography": _bibliography,
    "printbibliography": _bibliography,
    "vrule": _rule,
    "hrule": _rule,
    "penalty": _number,
    "font": _font,
    "hbox": _box,
    "vbox": _box,
    "vtop": _box,
    "today": lambda body: None,
}
