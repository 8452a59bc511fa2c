"""A Markdown file to its text: CommonMark with GitHub's tables, footnotes and formulas, read by markdown-it-py.

Marks of emphasis go, links leave their labels, code stays as it is between its fences. What the reader does not see
goes (comments, definitions of links, badges, templates), and so do lists of references and citations.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from filters.academic import is_reference
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import clean
from pipelines.extract.markdown import formulas as markdown_formulas
from pipelines.extract.markdown import front_matter
from pipelines.extract.plain import decode
from pipelines.extract.rights import Rights
from pipelines.extract.wrapping import WIDE, joint
from tokenizer.normalize import normalize

# A book in one file has 1 MB. The worst text without brackets found, nothing but lists, takes 11 s for each MB.
MAX_BYTES = 2_000_000
# Each may cost 0.1 ms. A book has some thousands.
MAX_BRACKETS = 30_000
# Of lists and quotations. Below it markdown-it would pass over the text in silence.
MAX_DEPTH = 40

_BADGE = re.compile(
    r"(?:img\.shields\.io|badgen\.net|badge\.fury\.io|travis-ci\.|circleci\.com|codecov\.io|coveralls\.io"
    r"|ci\.appveyor\.com|mybinder\.org|zenodo\.org/badge|readthedocs\.org/projects|api\.codacy\.com|snyk\.io/test)"
    r"|[/_-]badges?\b",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r"[\w .()-]*\.(?:png|jpe?g|gif|svg|webp|bmp)|image|img|画像|スクリーンショット.*", re.IGNORECASE
)
_REFERENCES = re.compile(
    r"(?:[0-9]+\.? *)?(?:references?|bibliography|works cited|further reading|links"
    r"|参考(?:文献|資料|リンク|サイト|書籍|図書|URL)?|引用(?:・参考)?文献|文献|出典|関連リンク)[ 。:：]*",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"\{[%<:{][^\n]*[%>}]\}|\{:[^\n]*\}|\[(?:TOC|:contents|\[_?toc_?\])\]|\\(?:newpage|tableofcontents)", re.IGNORECASE
)
_ATTRIBUTES = re.compile(r"[ \t]*\{[#.:][^{}]{0,200}\}$")
# Emphasis that CommonMark does not see, for 「 is punctuation: **「強調」**は.
_STRAY_MARK = re.compile(rf"(?<=[{WIDE}])\*\*|\*\*(?=[{WIDE}])")
_CITATION = re.compile(r"[ \t]?\[[^\[\]@\n]{0,100}(?<![\w.])-?@[\w:][^\[\]\n]{0,300}\]")
_LOST_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,40}\]")
_ALERT = re.compile(r"^\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*\0?", re.IGNORECASE)
_URL = re.compile(r"<?https?://\S+>?")

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_UNSEEN = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<r[tp]\b.*?(?:</r[tp]\s*>|(?=<r[tp]\b|</ruby)|\Z)", re.DOTALL | re.IGNORECASE
)
_IMAGE_TAG = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(alt|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_CELL_END = re.compile(r"</t[dh]\s*>\s*(?=<t[dh]\b)", re.IGNORECASE)
_LINE_TAG = re.compile(
    r"<(?:br|/?(?:p|div|tr|li|ul|ol|table|details|summary|h[1-6]|dl|dt|dd|section|center|pre))\b[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[!?][^<>]*>")
_TAG_NAME = re.compile(r"<(/?[a-z]+[1-6]?)", re.IGNORECASE)
_BREAK = re.compile(r"[ \t]*\n\s*")


@dataclass
class _Block:
    """A paragraph, heading, list, table, formula or listing, as it goes into the text."""

    text: str
    level: int = 0
    """Of a heading; 0 for what is none."""
    lines: int = 0
    references: int = 0
    """How many of the lines are references, or links and little else."""


@dataclass
class _Made:
    """What becomes of the tokens."""

    blocks: list[_Block] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The text of a file. Title, language, date, DOI and licence are those of its front matter, the title else that of
    its first heading of the first level.

    Counts `references` (lines), `citations`, `footnotes` (marks), `figures`, `badges`, `comments`, `link_definitions`,
    `templates` and `tags` (of HTML) that went.

    Raises:
        Unreadable: too_large, not_text, too_deep or empty.
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable("too_large", f"{len(raw)} bytes, limit {MAX_BYTES}")
    decoded = decode(raw)
    if (brackets := decoded.text.count("[")) > MAX_BRACKETS:
        raise Unreadable("too_large", f"{brackets} brackets, limit {MAX_BRACKETS}")
    said, source = front_matter.read(normalize(decoded.text))
    env: dict[str, Any] = {"ends": markdown_formulas.ends(source)}
    tokens = _parser().parse(source, env)
    if any(token.level >= MAX_DEPTH - 1 for token in tokens):
        raise Unreadable("too_deep", f"more than {MAX_DEPTH} nested blocks")
    made = _Made()
    made.counts["link_definitions"] = len(env.get("references", ()))
    made.counts["templates"] = env.get("containers", 0)
    _read(tokens, made)
    _cut_references(made)
    text = clean("\n\n".join(block.text for block in made.blocks))
    if not text:
        raise Unreadable("empty", "nothing to read in it")
    headings = (block.text.removeprefix("# ") for block in made.blocks if block.level == 1)
    return [
        Document(
            text,
            title=said.title or clean(next(headings, "")),
            lang=said.lang,
            ids=said.ids,
            date=said.date,
            captions=tuple(map(clean, made.captions)),
            charset=decoded.charset,
            charset_source=decoded.how,
            rights=Rights(licences=said.licences),
            counts={what: count for what, count in sorted(made.counts.items()) if count},
        )
    ]


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_DEPTH}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin).disable("text_join")  # which takes escaped stars for stars
    parser.use(markdown_formulas.rules)
    parser.block.ruler.before("fence", "container", _container, markdown_formulas.STOPS)
    return parser


def _container(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """The lines around what Zenn, Qiita and pandoc set apart (:::message); a title stays."""
    start = state.bMarks[start_line] + state.tShift[start_line]
    if not state.src.startswith(":::", start) or state.is_code_block(start_line):
        return False
    if silent:
        return True
    state.env["containers"] = state.env.get("containers", 0) + 1
    state.line = start_line + 1
    kind, _, title = state.src[start : state.eMarks[start_line]].strip(": \t").partition(" ")
    if kind == "details" and title:
        state.push("paragraph_open", "p", 1)
        inline = state.push("inline", "", 0)
        inline.content, inline.children = title, []
        state.push("paragraph_close", "p", -1)
    return True


def _read(tokens: Sequence[Token], made: _Made) -> None:
    """Make blocks of tokens."""
    lists: list[int] = []  # the number of the next item, 0 where they have none
    items: list[str] = []  # the lines of the outermost list
    rows: list[str] = []  # of a table
    row: list[str] = []
    listed = _Block("")
    marker = ""
    level = 0
    kept = ""  # where an inline token stands: a cell, a footnote or nothing of these

    def put(text: str, *, reference: bool = False, verbatim: bool = False) -> None:
        nonlocal marker
        if not text:
            return
        if lists:
            indent = "" if verbatim else "  " * (len(lists) - bool(marker))
            items.append(indent + marker + text.replace("\n", "\n" + indent))
            marker = ""
            listed.lines += 1
            listed.references += reference
        else:
            made.blocks.append(_Block(text, lines=1, references=reference))

    for token in tokens:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                lists.append(int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else 0)
            case "bullet_list_close" | "ordered_list_close":
                lists = lists[:-1]  # [] if a footnote in a footnote has torn the two apart
                if not lists and items:
                    listed.text = "\n".join(items)
                    made.blocks.append(listed)
                    items, listed = [], _Block("")
            case "list_item_open":
                number = lists[-1] if lists else 0
                marker = f"{number}. " if number else "- "
                lists[-1:] = [number + bool(number)] if lists else []
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "footnote_open":
                kept = "footnote"
            case "footnote_close":
                kept = ""
            case "table_close":
                kept = ""
                put("\n".join(rows))
            case "table_open":
                kept, rows = "cell", []
            case "tr_open":
                row = []
            case "tr_close":
                if any(row):
                    rows.append(" | ".join(row))
            case "inline":
                text = _inline(token, made)
                if kept == "cell":
                    row.append(text.replace("\n", " "))
                elif level and not lists:
                    if text := _ATTRIBUTES.sub("", text.replace("\n", " ")):
                        made.blocks.append(_Block("#" * level + " " + text, level))
                elif _TEMPLATE.fullmatch(text):
                    made.counts["templates"] += 1
                elif (reference := _refers(token, text)) and kept == "footnote":
                    made.counts["references"] += 1
                else:
                    put(_unchecked(text) if marker else text, reference=reference)
            case "fence":
                if token.info.strip() == "math":
                    put(f"$$\n{markdown_formulas.without_empty_lines(token.content)}\n$$", verbatim=True)
                else:
                    put(f"{token.markup}{token.info.strip()}\n{token.content.rstrip()}\n{token.markup}", verbatim=True)
            case "code_block":
                put("\n".join("    " + line for line in token.content.rstrip().split("\n")), verbatim=True)
            case "math_block":
                put(token.content, verbatim=True)
            case "html_block":
                put(_html(token.content, made))
    if items:  # of a list that was torn apart
        listed.text = "\n".join(items)
        made.blocks.append(listed)


def _inline(token: Token, made: _Made) -> str:
    """The text of one paragraph, heading or cell."""
    text = "".join(_pieces(token.children or (), made))
    text = _ALERT.sub("", text)
    lines = [line.strip() for line in text.split("\0")]
    joined = lines[0]
    for line in lines[1:]:
        joined += joint(joined, line) + line
    return _BREAK.sub("\n", joined).strip()


def _pieces(tokens: Iterable[Token], made: _Made) -> Iterator[str]:
    """The parts of a paragraph. NUL, which is in no text, stands for a line break of the source."""
    unseen = False
    for token in tokens:
        if token.type == "html_inline":
            tag = _TAG_NAME.match(token.content)
            name = tag[1].lower() if tag else ""
            unseen = name in ("rt", "rp") or (unseen and name not in ("/rt", "/rp", "/ruby"))
            yield "\n" if name == "br" else _html(token.content, made)
        elif unseen:
            continue
        elif token.type == "text":
            text, citations = _CITATION.subn("", _STRAY_MARK.sub("", token.content))
            text, lost = _LOST_FOOTNOTE.subn("", text)
            made.counts["citations"] += citations
            made.counts["footnotes"] += lost
            yield text
        elif token.type in ("softbreak", "hardbreak"):
            yield "\0" if token.type == "softbreak" else "\n"
        elif token.type == "image":
            caption = "".join(_pieces(token.children or (), _Made())).replace("\0", " ")
            _picture(str(token.attrs.get("src", "")), caption or str(token.attrs.get("title", "")), made)
        elif token.type == "footnote_ref":
            made.counts["footnotes"] += 1
        else:
            yield token.content  # code, formulas, escaped characters; nothing of links and emphasis


def _picture(source: str, caption: str, made: _Made) -> None:
    if _BADGE.search(source[:2000]):
        made.counts["badges"] += 1
        return
    made.counts["figures"] += 1
    if (caption := caption.strip()) and not _FILE_NAME.fullmatch(caption):
        made.captions.append(caption)


def _html(source: str, made: _Made) -> str:
    """The text of raw HTML, its elements that are lines on lines of their own."""
    source, comments = _COMMENT.subn("", source)
    made.counts["comments"] += comments
    source = _UNSEEN.sub("", source)
    for tag in _IMAGE_TAG.findall(source):
        said = {name.lower(): "".join(values) for name, *values in _ATTRIBUTE.findall(tag)}
        _picture(said.get("src", ""), html.unescape(said.get("alt", "")), made)
    source, tags = _TAG.subn("", _LINE_TAG.sub("\n", _CELL_END.sub(" | ", source)))
    made.counts["tags"] += tags
    lines = (" ".join(line.split()) for line in html.unescape(source).split("\n"))
    return "\n".join(filter(None, lines))


def _refers(token: Token, text: str) -> bool:
    """Is this paragraph or item a reference, or a link and little else?"""
    children = token.children or ()
    if _URL.fullmatch(text) or is_reference(text):
        return True
    inside, label = 0, 0
    for child in children:
        inside += child.nesting if child.type.startswith("link_") else 0
        label += len(child.content) if inside else 0
    return label > 0 and 2 * label >= len(text)


def _cut_references(made: _Made) -> None:
    """Take out the sections that are lists of references: by their headings, and by what is in them, for there are
    chapters about references, too."""
    kept: list[_Block] = []
    blocks = made.blocks
    at = 0
    while at < len(blocks):
        block = blocks[at]
        end = at + 1
        if block.level and _REFERENCES.fullmatch(block.text.lstrip("# ")):
            while end < len(blocks) and not blocks[end].level:
                end += 1
            lines = sum(inside.lines for inside in blocks[at:end])
            references = sum(inside.references for inside in blocks[at:end])
            if references and 2 * references >= lines:
                made.counts["references"] += lines
                at = end
                continue
        kept.append(block)
        at += 1
    made.blocks = kept


def _unchecked(text: str) -> str:
    """An item of a list of tasks without its box."""
    return text[4:] if text.startswith(("[ ] ", "[x] ", "[X] ")) else text
