"""A page of a MediaWiki dump to its text.

Templates stand unexpanded in a dump. Those that show their arguments within sentences are known by name
(wikitext_templates.py); infoboxes, navigation boxes, references and what is not known are left out and counted.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipelines.extract import xml
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import clean
from pipelines.extract.wikitext import inline, templates
from pipelines.extract.wikitext.inline import GAP, RAW, RAW_END, Page, bare
from pipelines.extract.wikitext.lines import Block, blocks, is_link, on_one_line
from pipelines.extract.wikitext.parser import Node, Template, parse
from tokenizer.normalize import normalize

#: Characters of wikitext. MediaWiki saves none of more than 2 MiB.
MAX_TEXT = 2 << 20

#: A list of at least so many items that are nothing but links is a directory and no text.
MIN_LINK_LIST = 5

_SITE = re.compile("([a-z_]{2,20}?)(?:wiki(?:books|news|quote|source|versity|voyage)?|wiktionary)(?![a-z])")
_LANGUAGE = re.compile("[a-z]{2,3}")
_OTHER_NAMESPACE = re.compile(
    "(?:talk|user|wikipedia|file|image|mediawiki|template|help|category|portal|book|draft|module|media|special|project"
    "|timedtext|gadget|ノート|利用者|ファイル|画像|プロジェクト|モジュール|カテゴリ|テンプレート|特別|メディア)"
    "(?:[ _‐-](?:talk|会話|ノート))?:",
    re.IGNORECASE,
)
_REDIRECT = re.compile(r"\s*#(?:redirect|転送|リダイレクト)\s*:?\s*\[\[", re.IGNORECASE)
_KANA = re.compile("[ぁ-ヶ]")

#: Sections that hold no text, in lower case; several in one heading too ("脚注・出典", "Notes and references").
# fmt: off
APPARATUS = frozenset({
    "脚注", "注釈", "注", "註", "注記", "出典", "参照", "参照文献", "参考", "参考文献", "主要参考文献", "参考資料",
    "引用文献", "文献", "関連項目", "関連文献", "関連書籍", "関連記事", "関連リンク", "外部リンク", "外部サイト",
    "references", "reference", "notes", "note", "footnotes", "footnote", "endnotes", "explanatory notes", "citations",
    "sources", "bibliography", "works cited", "cited works", "literature cited", "general references", "see also",
    "external links", "external link", "links", "further reading",
})
# fmt: on
_AND = re.compile(r"\s*(?:[・、，,/／&＆]|と|及び|および|\band\b)\s*")


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The text of one <page> element. Of several revisions the last is read.

    `name` is the site ("jawiki") or begins with it, as a dump's file name does; it goes into the ids, for page numbers
    mean nothing without it, and gives the language. The licence is the dump's, and so none is stated here.

    Headings have the depth of their section, # for ==. Tables are kept where their cells hold sentences. Counts what
    went: `references`, `citations`, `infoboxes`, `navigation`, `hatnotes`, `maintenance`, `pronunciations`, `pictures`,
    `metadata`, `categories`, `interlanguage_links`, `external_links` (bare), `extensions`, `parser_functions`,
    `templates` (unknown) and `gaps`, those of them in the midst of a line, `tables` (of data), `sections` (of notes,
    literature and links, and empty ones) and `link_lists`.

    Raises:
        Unreadable: too_large, undecodable, malformed, entities, too_deep or too_many_elements (xml.py), too_deep for
            templates too; redirect, not_article (another namespace), not_wikitext (another content model),
            disambiguation, or empty (deleted, or nothing is left).
    """
    root = xml.parse(raw)
    title = " ".join(clean(_child(root, "title")).split())
    revision = _last_revision(root)
    text = _article(root, revision, title)
    site, language = _site(name)
    page = Page(title, japanese=language == "ja" or (not language and bool(_KANA.search(text))))
    nodes = parse(normalize(text))
    if any(isinstance(node, Template) and templates.is_disambiguation(_name(node)) for node in nodes):
        raise Unreadable("disambiguation", title)
    text = _text(nodes, page)
    if not text:
        raise Unreadable("empty", f"nothing is left of {title!r}")
    prefix = f"{site}:" if site else ""
    numbers = (("page", _child(root, "id")), ("revision", _child(revision, "id")))
    return [
        Document(
            text=text,
            title=title,
            lang=language,
            ids=tuple(f"{what}:{prefix}{number}" for what, number in numbers if number.isdecimal()),
            date=_date(_child(revision, "timestamp")),
            captions=tuple(filter(None, (_caption(caption, page) for caption in page.captions))),
            counts={what: count for what, count in sorted(page.counts.items()) if count},
        )
    ]


def _article(root: Any, revision: Any, title: str) -> str:
    """The wikitext of a page that is an article."""
    if _find(root, "redirect") is not None:
        raise Unreadable("redirect", title)
    namespace = _child(root, "ns")  # since schema 0.6
    if namespace not in ("", "0") or (not namespace and _OTHER_NAMESPACE.match(title)):
        raise Unreadable("not_article", f"{title}, namespace {namespace or 'of its title'}")
    model = _child(revision, "model")
    if model not in ("", "wikitext"):
        raise Unreadable("not_wikitext", model)
    text = _child(revision, "text")
    if not text.strip():
        raise Unreadable("empty", "the revision has no text, or it was deleted")
    if _REDIRECT.match(text):
        raise Unreadable("redirect", title)
    if len(text) > MAX_TEXT:
        raise Unreadable("too_large", f"{len(text)} characters of wikitext, limit {MAX_TEXT}")
    return text


def _find(element: Any, name: str) -> Any:
    """The first child of a name, in whatever namespace."""
    return next((child for child in element if child.tag.rpartition("}")[2] == name), None)


def _child(element: Any, name: str) -> str:
    child = _find(element, name)
    return "" if child is None else child.text or ""


def _last_revision(root: Any) -> Any:
    revisions = [child for child in root if child.tag.rpartition("}")[2] == "revision"]
    if not revisions:
        raise Unreadable("empty", "no revision")
    return revisions[-1]


def _site(name: str) -> tuple[str, str]:
    """The site that a name begins with, and its language."""
    found = _SITE.match(name)
    if not found:
        return "", ""
    code = "en" if found[1] == "simple" else found[1]
    return found[0], code if _LANGUAGE.fullmatch(code) else ""


def _date(timestamp: str) -> str:
    return timestamp[:10] if re.fullmatch(r"\d{4}-\d\d-\d\dT.*", timestamp) else ""


def _name(template: Template) -> str:
    return templates.name("".join(node for node in template.parts[0] if isinstance(node, str)))


def _text(nodes: list[Node], page: Page) -> str:
    lines = inline.plain(inline.wikitext(nodes, page), page)
    kept = _without_link_lists(_without_apparatus(blocks(lines, page), page), page)
    kept = _without_empty_sections(kept, page)
    for block in kept:
        page.counts["gaps"] += block.text.count(GAP)
    return clean(_shown(_joined([_with_display(block, page) for block in kept]), page))


def _without_apparatus(blocks: Sequence[Block], page: Page) -> list[Block]:
    """The blocks without the sections of notes, literature and links, each with all below it."""
    kept: list[Block] = []
    cut = 0  # depth of the section that is being left out
    for block in blocks:
        if block.kind == "heading":
            if cut and block.depth <= cut:
                cut = 0
            if not cut and _is_apparatus(block.text):
                cut = block.depth
                page.counts["sections"] += 1
        if not cut:
            kept.append(block)
    return kept


def _is_apparatus(heading: str) -> bool:
    words = bare(heading).strip(" :：").casefold()
    return words in APPARATUS or all(part in APPARATUS for part in _AND.split(words))


def _without_link_lists(blocks: Sequence[Block], page: Page) -> list[Block]:
    kept: list[Block] = []
    run: list[Block] = []
    for block in [*blocks, Block("paragraph", "")]:
        if block.kind == "item":
            run.append(block)
            continue
        if len(run) >= MIN_LINK_LIST and all(map(is_link, run)):
            page.counts["link_lists"] += 1
        else:
            kept += run
        run = []
        kept.append(block)
    return kept[:-1]


def _without_empty_sections(blocks: Sequence[Block], page: Page) -> list[Block]:
    kept: list[Block] = []
    deepest = 0  # depth of the heading that follows, 0 where text does
    for block in reversed(blocks):
        if block.kind != "heading":
            deepest = 0
        elif not kept or (deepest and deepest <= block.depth):
            page.counts["sections"] += 1
            continue
        else:
            deepest = block.depth
        kept.append(block)
    return kept[::-1]


def _joined(blocks: Sequence[Block]) -> str:
    made: list[str] = []
    for before, block in zip([None, *blocks], blocks):
        if before:
            made.append("\n" if before.kind == block.kind in ("item", "line") else "\n\n")
        text = bare(block.text).strip()
        made.append("#" * block.depth + f" {text}" if block.kind == "heading" else text)
    return "".join(made)


_RAW = re.compile(f"{RAW}([0-9]{{1,7}}){RAW_END}")
_FORMULA_ALONE = re.compile(f"{RAW}([0-9]{{1,7}}){RAW_END}[ ]?([.,;、。，．]?)")


def _with_display(block: Block, page: Page) -> Block:
    """A formula with a paragraph of its own is a displayed one."""
    alone = _FORMULA_ALONE.fullmatch(bare(block.text).strip()) if block.kind == "paragraph" else None
    if not alone or int(alone[1]) not in page.formulas:
        return block
    return replace(block, text=page.keep(f"${page.raw[int(alone[1])]}$") + alone[2])


_SPACES = re.compile("[ \t]{2,}")


def _shown(text: str, page: Page) -> str:
    """Character references are resolved, and what is shown as it is is put back."""
    text = html.unescape(_SPACES.sub(" ", text))
    return _RAW.sub(lambda found: page.raw[int(found[1])], text)


def _caption(wikitext: str, page: Page) -> str:
    return " ".join(clean(_shown(bare(on_one_line(inline.plain(wikitext, page))), page)).split())
