"""The tree of a page to lines of plain wikitext: links become their labels, templates what they show.

Marks, all of them noncharacters that no normalized text holds, say what stood in a place until the lines are read.
"""

import html
import re
from collections import Counter
from dataclasses import dataclass, field

from pipelines.extract.wikitext import templates
from pipelines.extract.wikitext.parser import Link, Node, Tag, Template, parse

#: Around the number of a text that is shown as it is: code, formulas, nowiki.
RAW, RAW_END = "\ufdd0", "\ufdd1"
#: Something went that belongs to no text: a reference, a picture, a pronunciation.
GONE = "\ufdd2"
#: A template went that is not known, so that a sentence may have a gap.
GAP = "\ufdd3"
#: Around the label of a link.
LINK, LINK_END = "\ufdd4", "\ufdd5"
#: A bar that parts no cells.
BAR = "\ufdd6"
#: A line break within a paragraph.
BREAK = "\ufdd7"
#: Around verse.
VERSE, VERSE_END = "\ufdd8", "\ufdd9"

_SILENT = re.compile(f"[{GONE}{GAP}{LINK}{LINK_END}{VERSE}{VERSE_END}]+")


def bare(text: str) -> str:
    """A text without its marks, but for what is kept as it is."""
    return _SILENT.sub("", text).replace(BAR, "|").replace(BREAK, "\n")


@dataclass
class Page:
    """What is known of a page, and what its nodes leave beside the text."""

    title: str
    japanese: bool
    counts: Counter[str] = field(default_factory=Counter)
    captions: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    formulas: set[int] = field(default_factory=set)
    """Those in `raw` that stand within a line."""

    def keep(self, text: str, formula: bool = False) -> str:
        """A stand-in for a text that is not wikitext."""
        if formula:
            self.formulas.add(len(self.raw))
        self.raw.append(text)
        return f"{RAW}{len(self.raw) - 1}{RAW_END}"


def wikitext(nodes: list[Node], page: Page) -> str:
    """The wikitext of nodes, with neither templates nor links in it. Each node is read once."""
    return "".join(node if isinstance(node, str) else _node(node, page) for node in nodes)


def _node(node: Template | Link | Tag, page: Page) -> str:
    if isinstance(node, Tag):
        return _tag(node, page)
    return _link(node, page) if isinstance(node, Link) else _template(node, page)


# Templates


def _template(node: Template, page: Page) -> str:
    if node.parameter:  # {{{1|default}}} means something in templates only
        return wikitext(node.parts[1], page) if len(node.parts) > 1 else GONE
    written = wikitext(node.parts[0], page)
    function, colon, value = written.partition(":")
    if colon and (shown := _function(function.strip(), value.strip(), page)) is not None:
        return shown
    name = templates.name(written)
    if name in ("pagename", "fullpagename", "basepagename", "subpagename"):
        return page.title
    if templates.shows(name):
        return templates.shown(name, _arguments(node.parts[1:], page), page.japanese) or GONE
    kind = templates.dropped(name)
    page.counts[kind] += 1
    return GAP if kind == "templates" else GONE


def _function(function: str, value: str, page: Page) -> str | None:
    """What a parser function shows; None where it is none, but a template with a colon in its name."""
    match function.casefold():
        case "formatnum" | "ucfirst" | "lcfirst" | "uc" | "lc":
            return value
        case "#tag" if value.casefold().startswith("ref"):
            page.counts["references"] += 1
            return GONE
        case "defaultsort" | "デフォルトソート" | "displaytitle":
            page.counts["metadata"] += 1
            return GONE
        case name if name.startswith("#"):
            page.counts["parser_functions"] += 1
            return GAP
    return None


def _arguments(parts: list[list[Node]], page: Page) -> templates.Arguments:
    positional: list[str] = []
    named: dict[str, str] = {}
    for part in parts:
        name, value = _name_and_value(part)
        if name is None:
            positional.append(wikitext(value, page).strip())
        else:
            named[name] = wikitext(value, page).strip()
    return templates.Arguments(positional, named)


def _name_and_value(part: list[Node]) -> tuple[str | None, list[Node]]:
    """What stands before the first = of an argument, and what behind."""
    for index, node in enumerate(part):
        if isinstance(node, str) and "=" in node:
            before, _, after = node.partition("=")
            name = "".join(other for other in part[:index] if isinstance(other, str)) + before
            return name.strip().casefold(), [after, *part[index + 1 :]]
    return None, part


# Links

_FILE = re.compile(r"[ _]*(?:file|image|media|ファイル|画像|メディア)[ _]*:", re.IGNORECASE)
_CATEGORY = re.compile(r"[ _]*(?:category|カテゴリ)[ _]*:", re.IGNORECASE)
# All codes of two letters are languages or might be; of the longer ones, those of the larger Wikipedias.
_INTERLANGUAGE = re.compile(
    r"(?:[a-z]{2}|als|arz|ast|azb|bar|bcl|be-tarask|be-x-old|bat-smg|ceb|ckb|diq|fiu-vro|gan|hak|hif|hsb|ilo|jbo|lad|lmo"
    r"|map-bms|mhr|min|mzn|nah|nap|nds|nds-nl|new|pam|pms|pnb|roa-rup|roa-tara|rue|sah|scn|sco|simple|szl|tpi|vec|vep|vls"
    r"|war|wuu|xmf|yue|zh-classical|zh-min-nan|zh-yue)[ ]*:"
)
_OPTION = re.compile(
    "(?:thumb|thumbnail|frame|framed|enframed|frameless|border|left|right|center|centre|none|baseline|middle|sub|super|top"
    "|text-top|bottom|text-bottom|upright|サムネイル|フレーム|フレームなし|境界|左|右|中央|なし|無し|下付き|上付き|ベースライン|右上"
    "|[0-9]*(?:x[0-9]+)?[ ]?(?:px|ピクセル)|[0-9]+|(?:thumb|thumbnail|upright|link|alt|page|lang|class|start|end|代替文"
    "|リンク|サムネイル)[ ]*=.*)",
    re.IGNORECASE | re.DOTALL,
)

_FRAMED = re.compile(
    r"\s*(?:thumb|thumbnail|frame|framed|enframed|サムネイル|フレーム)\s*(?:=.*)?", re.IGNORECASE | re.DOTALL
)


def _link(node: Link, page: Page) -> str:
    target = wikitext(node.parts[0], page)
    if _FILE.match(target):
        page.counts["pictures"] += 1
        if any(isinstance(part[0], str) and _FRAMED.fullmatch(part[0]) for part in node.parts[1:] if len(part) == 1):
            _caption(node.parts[1:], page)  # of others it shows when pointed at, as "A" of an icon
        return GONE
    if _CATEGORY.match(target):
        page.counts["categories"] += 1
        return GONE
    if _INTERLANGUAGE.match(target):
        page.counts["interlanguage_links"] += 1
        return GONE
    if "\n" in target or not target.strip(" :"):  # no link to MediaWiki either
        return f"[[{'|'.join([target, *(wikitext(part, page) for part in node.parts[1:])])}]]"
    if len(node.parts) == 1:
        label = target.strip().removeprefix(":")
    else:
        label = BAR.join(wikitext(part, page) for part in node.parts[1:])
    return f"{LINK}{label}{LINK_END}"


def _caption(parts: list[list[Node]], page: Page) -> None:
    """Keeps the caption of a picture: of its parameters, the last that is no option."""
    for part in reversed(parts):
        text = wikitext(part, page).strip()
        if text and not _OPTION.fullmatch(text):
            page.captions.append(text)
            return


# Tags


def _tag(node: Tag, page: Page) -> str:
    match node.name:
        case "nowiki":
            return page.keep(html.unescape(node.content))
        case "ref" | "references":
            if node.name == "ref":
                page.counts["references"] += 1
            return GONE
        case "math" | "chem" | "ce":
            return _formula(node, page)
        case "pre" | "syntaxhighlight" | "source":
            return _code(node, page)
        case "gallery":
            _gallery(node.content, page)
    page.counts["pictures" if node.name == "gallery" else "extensions"] += 1
    return GONE


_INLINE = re.compile(r"""\binline\b|\benclose\s*=\s*["']?none""", re.IGNORECASE)
_DISPLAY = re.compile(r"""display\s*=\s*["']?block""", re.IGNORECASE)


def _formula(node: Tag, page: Page) -> str:
    tex = " ".join(node.content.split())
    if not tex:
        return GONE
    if node.name != "math":
        tex = rf"\ce{{{tex}}}"
    if _DISPLAY.search(node.attributes):
        return f"\n\n{page.keep(f'$${tex}$$')}\n\n"
    return page.keep(f"${tex}$", formula=True)


def _code(node: Tag, page: Page) -> str:
    content = html.unescape(node.content) if node.name == "pre" else node.content
    if _INLINE.search(node.attributes):
        return page.keep(content.strip())
    content = content.strip("\n").rstrip()
    return f"\n\n{page.keep(content)}\n\n" if content else GONE


def _gallery(content: str, page: Page) -> None:
    for line in content.split("\n"):
        _, bar, caption = line.partition("|")
        if bar:
            _caption(Link([[], *_parts(parse(caption))]).parts[1:], page)


def _parts(nodes: list[Node]) -> list[list[Node]]:
    parts: list[list[Node]] = [[]]
    for node in nodes:
        if node == "|":
            parts.append([])
        else:
            parts[-1].append(node)
    return parts


# What is left: HTML, external links, quotes

_BREAKS = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_BLOCK = re.compile(
    r"</?(?:div|p|center|blockquote|ul|ol|dl|table|caption|hr|section|h[1-6]|tbody|thead)\b[^<>]*>", re.IGNORECASE
)
_ITEM = re.compile(r"<(?:li|dt|dd)\b[^<>]*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_ROW = re.compile(r"<tr\b[^<>]*>", re.IGNORECASE)
_VERSE = re.compile(r"<poem\b[^<>]*>", re.IGNORECASE)
_VERSE_END = re.compile(r"</poem\s*>", re.IGNORECASE)
_READING = re.compile(r"<(rt|rp|rtc)\b[^<>]*>[^<>]*(?:</\1\s*>)?", re.IGNORECASE)
_HIDDEN = re.compile(r"<span\b[^<>]{0,200}display:\s?none[^<>]{0,200}>[^<>]*</span\s*>", re.IGNORECASE)
_RAISED = re.compile(r"<(sup|sub)\b[^<>]*>([^<>]{0,200})</\1\s*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:abbr|b|bdi|bdo|big|cite|code|col|data|del|dfn|em|font|i|includeonly|ins|kbd|li|dt|dd|link|mark|meta|noinclude|nobr"
    r"|onlyinclude|poem|q|rb|ruby|rt|rp|s|samp|small|span|strike|strong|sub|sup|td|th|time|tr|tt|u|var|wbr|noscript)\b[^<>]*>",
    re.IGNORECASE,
)
_EXTERNAL = re.compile(
    r"\[(?:(?:https?|ftp|ftps|irc|gopher|news|mailto):|//)[^\s\[\]<>]++[ \t]*+([^\[\]\n]*)\]", re.IGNORECASE
)
_CONVERSION = re.compile(r"-\{([^{}\n]{0,500})\}-")
_MAGIC = re.compile("__(?:[A-Z]{2,30}|[ぁ-んァ-ヶ一-龠]{2,12})__")
_QUOTES = re.compile("'{2,}")
_SPACE_ENTITY = re.compile("&(?:nbsp|ensp|emsp|thinsp|#160|#32);")

_SUPERSCRIPT = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_SUBSCRIPT = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_DIGITS = re.compile(r"[0-9+\-−=()]*[0-9][0-9+\-−=()]*[,.]?")


def plain(text: str, page: Page) -> str:
    """Wikitext without templates and links to lines without HTML, external links and quotes; marks stay."""
    if "''" in text:
        text = "\n".join(_unquoted(line) if "''" in line else line for line in text.split("\n"))
    if "<" in text:
        text = _without_html(text)
    if "[" in text:
        text = _EXTERNAL.sub(lambda link: _external(link, page), text)
    if "-{" in text:
        text = _CONVERSION.sub(_converted, text)
    if "__" in text:
        text = _MAGIC.sub(GONE, text)
    return _tidy(_SPACE_ENTITY.sub(" ", text))


def _without_html(text: str) -> str:
    text = _BREAKS.sub(BREAK, text)
    text = _HIDDEN.sub(GONE, _READING.sub("", text))
    text = _RAISED.sub(_raised, text)
    text = _ITEM.sub("\n* ", _BLOCK.sub("\n\n", text))
    text = _ROW.sub("\n\n", _CELL.sub(f" {BAR} ", text))
    return _TAG.sub("", _VERSE_END.sub(f"{VERSE_END}\n", _VERSE.sub(f"\n{VERSE}", text)))


def _raised(match: re.Match[str]) -> str:
    """x² for x<sup>2</sup>, H₂O for H<sub>2</sub>O; 19th for 19<sup>th</sup>; else x^(a+1), x_max."""
    up, text = match[1].lower() == "sup", match[2].strip()
    if _DIGITS.fullmatch(text) or (up and text in ("n", "i")):
        return text.translate(_SUPERSCRIPT if up else _SUBSCRIPT)
    if not text.isascii() or not text or text[0] in "[({#'" or (up and text.isalpha() and len(text) > 1):
        return text
    return ("^" if up else "_") + (text if text.isalnum() else f"({text})")


def _external(link: re.Match[str], page: Page) -> str:
    if label := link[1].strip():
        return f"{LINK}{label}{LINK_END}"
    page.counts["external_links"] += 1
    return GONE


def _converted(match: re.Match[str]) -> str:
    """-{text}-, -{flags|text}-, -{zh-hans:one;zh-hant:other}-: the text, or the first form. Rules show nothing."""
    flags, bar, text = match[1].partition("|")
    if not bar:
        flags, text = "", match[1]
    if "T" in flags or "H" in flags:
        return GONE
    first = text.split(";")[0]
    code, colon, form = first.partition(":")
    return form.strip() if colon and code.strip().startswith(("zh", "sr", "ja")) else text


def _unquoted(line: str) -> str:
    """A line without the marks of bold and italics.

    Of five or more apostrophes the first ones are text, of four the first. Where both bold and italics are odd, a three
    is an apostrophe and italics, as in L'''Étranger''; MediaWiki takes the one after a single letter, or the first.
    """
    runs = list(_QUOTES.finditer(line))
    lengths = [len(run[0]) for run in runs]
    bold = sum(length != 2 for length in lengths)
    italic = sum(length == 2 or length >= 5 for length in lengths)
    apostrophe = -1
    if bold % 2 and italic % 2:
        threes = [run.start() for run in runs if len(run[0]) in (3, 4)]
        after_letter = [at for at in threes if _ends_letter(line, at)]
        apostrophe = (after_letter or threes or [-1])[0]

    def left(run: re.Match[str]) -> str:
        length = len(run[0])
        extra = 1 if length == 4 else max(length - 5, 0)
        return "'" * (extra + (run.start() == apostrophe))

    return _QUOTES.sub(left, line)


def _ends_letter(line: str, at: int) -> bool:
    """Whether a word of a single letter stands before a place."""
    return at > 0 and line[at - 1].isalpha() and (at == 1 or not line[at - 2].isalpha())


# Where something is gone

_NOTHING = f"[{GONE}{GAP}]"
_PARENTHESES = re.compile(f"[ \u3000]?([（(])([^（()）\n{GONE}{GAP}]*{_NOTHING}[^（()）\n]*)([)）])")
_SEPARATOR = re.compile("([、，,;；：:/／]|[ \u3000]または[ \u3000]|[ ](?:or|and)[ ])")
_SPACES_AROUND = re.compile(f"(?<=\\S)[ \u3000]+({_NOTHING}+)(?=[ \u3000.,;:!?)）」』、。，．])")


def _tidy(text: str) -> str:
    """Without the parentheses, commas and spaces that stood around what is gone."""
    if GONE not in text and GAP not in text:
        return text
    return _SPACES_AROUND.sub(r"\1", _PARENTHESES.sub(_remaining, text))


def _remaining(match: re.Match[str]) -> str:
    inside = _SEPARATOR.split(match[2])
    parts, separators = inside[::2], [*inside[1::2], ""]
    kept = ""
    gone = "".join(mark for mark in match[2] if mark in (GONE, GAP))
    for index, part in enumerate(parts):
        empty = not bare(part).strip() and (GONE in part or GAP in part)
        # "英語: " before what is gone names nothing.
        label = separators[index] in "：:" and index + 1 < len(parts) and not bare(parts[index + 1]).strip()
        if not empty and not label and (part.strip() or index == 0):
            kept += part + separators[index]
    kept = kept.strip("、，,;；：:/／ \u3000")
    if not bare(kept).strip():
        return gone
    space = match[0][: match.start(1) - match.start()]
    return f"{space}{match[1]}{kept}{match[3]}{gone}"
