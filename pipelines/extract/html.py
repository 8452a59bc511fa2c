"""An HTML page to its main text, by trafilatura (Barbaresi 2021, https://aclanthology.org/2021.acl-demo.15).

Measured against text marked by hand (mean 4-gram F1, tests/pipelines/extract/test_html.py), 132 news articles and 376
pages of Japanese documentation: 0.958 and 0.930. `favor_recall` is on because the balanced mode takes whole sections of
the documentation for boilerplate (0.954, 0.899); tables are read because they hold text there (0.952, 0.879 without);
what `fast` leaves out costs a fifth more time and brings nothing (0.951, 0.930).
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import lxml.html
import trafilatura
from lxml import etree

from filters import language
from pipelines.extract import charset, prescreen, rights
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.wrapping import WIDE
from tokenizer.mojibake import repair
from tokenizer.normalize import normalize


@dataclass(frozen=True)
class HtmlSettings:
    """What pages are read, and how. The limits depend on the page alone, so that a rerun ends the same.

    `languages` and `model` are those of `filters.language.Language`; `prescreen` passes over pages clearly in none.
    `max_bytes` is libxml2's own limit for one text node. `max_depth` counts nested elements with html and body: libxml2
    alone cuts off below 256 in silence, real pages reach 33. `max_elements`: the worst page of that many that was found
    (33,000 paragraphs with a line break in each: trafilatura is quadratic there) took 40 s, tables and lists take 5;
    the largest of 6,227 real pages has 15,668.
    """

    languages: tuple[str, ...] = ("ja", "en")
    prescreen: bool = True
    model: str = "lid.176.ftz"
    max_bytes: int = 10_000_000
    max_depth: int = 250
    max_elements: int = 100_000


#: A title is a line; what is longer is a mistake of the page.
MAX_TITLE = 500

# lxml refuses these in a text, and trafilatura then gives up the page: they go before it is parsed, written out or as
# character references. DEL, the C1 controls and the byte order mark go with them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_CONTROL_REFERENCE = re.compile(
    "&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9])"
    "|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[efEF])(?![0-9a-fA-F]));?"
)
# trafilatura resolves references once more in the text it returns: "&amp;copy=2", shown as "&copy=2", would become ©=2.
_AMPERSAND = re.compile("&(?:amp|AMP|#0*38|#[xX]0*26);(?=[#A-Za-z])")


def extract(
    raw: bytes, http_charset: str, settings: HtmlSettings, headers: Sequence[tuple[str, str]] = (), url: str = ""
) -> Document:
    """The main text of the page whose bytes are `raw`, served with the charset `http_charset` ("" for none), and what
    it and those header fields of the response (`rights.HEADERS`) say of rights.

    Raises:
        Unreadable: with the reason.
        filters.language.ModelError: the language model cannot be used; no fault of the page.
        MemoryError: the page needs more than the process may have.
    """
    check_size(raw, settings)
    try:
        decoded = charset.decode(raw, http_charset)
    except charset.Undecodable as error:
        raise Unreadable("undecodable", str(error)) from None
    page, mojibake = repair(decoded.text)
    tree = parse(page, settings)
    if settings.prescreen:
        model = language.load(language.model_path(settings.model))
        if objection := prescreen.objection(prescreen.visible_text(tree), model, settings.languages):
            raise Unreadable("prescreen", objection)
    said = rights.read(tree, raw, headers, url)
    _collapse(tree)
    text = clean(_main_text(tree))
    if not text:
        raise Unreadable("empty", f"no main text in {len(decoded.text)} characters of HTML")
    title = " ".join(clean(tree.findtext(".//title") or "").split())[:MAX_TITLE]
    counts = {"mojibake_repaired": mojibake} if mojibake else {}
    return Document(text, title, charset=decoded.charset, charset_source=decoded.how, rights=said, counts=counts)


def check_size(raw: bytes, settings: HtmlSettings) -> None:
    """Raises `Unreadable` too_large, before anything is done with the bytes."""
    if len(raw) > settings.max_bytes:
        raise Unreadable("too_large", f"{len(raw)} bytes, limit {settings.max_bytes}")


def clean(text: str) -> str:
    """Normalized (tokenizer/normalize.py); no space at line ends, no no-break spaces (an artefact of layout)."""
    return "\n".join(line.rstrip() for line in normalize(text.replace("\xa0", " ")).split("\n")).strip()


def parse(page: str, settings: HtmlSettings) -> Any:
    """The lxml tree of a decoded page.

    Raises:
        Unreadable: empty_page, too_deep or too_many_elements.
    """
    page = _CONTROL_REFERENCE.sub("", _CONTROL.sub("", page.replace("\f", "\n")))
    if not page.strip():
        raise Unreadable("empty_page", "nothing but white space")
    # Bytes with the encoding named: lxml would follow a meta element, and refuses a str with an XML declaration.
    # huge_tree only lifts libxml2's own depth limit, which ours replaces.
    parser = lxml.html.HTMLParser(
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        default_doctype=False,
        huge_tree=True,
    )
    try:
        tree = lxml.html.document_fromstring(_AMPERSAND.sub("&amp;amp;", page).encode(), parser=parser)
    except etree.ParserError as error:
        raise Unreadable("empty_page", str(error)) from None
    etree.strip_tags(tree, "q")  # trafilatura would put it on a line of its own
    if _deeper_than(settings.max_depth)(tree):
        raise Unreadable("too_deep", f"more than {settings.max_depth} nested elements")
    if (elements := int(_COUNT(tree))) > settings.max_elements:
        raise Unreadable("too_many_elements", f"{elements} elements, limit {settings.max_elements}")
    return tree


_COUNT = etree.XPath("count(//*)")

# Text a browser would lay out anew. trafilatura keeps the line breaks of the source after punctuation.
_LAID_OUT = etree.XPath(
    "//text()[normalize-space() and (contains(., '\n') or contains(., '\t') or contains(., '  '))"
    " and not(ancestor::pre or ancestor::textarea or ancestor::script or ancestor::style)]"
)
_SPACE = re.compile("[ \t\n\r]+")
_WIDE_BREAK = re.compile(f"(?<=[{WIDE}])[ \t\r]*\n[ \t\n\r]*(?=[{WIDE}])")


def _collapse(tree: Any) -> None:
    """White space as in a browser: one space, and none where a line of the source breaks between two wide characters
    (the segment breaks of CSS Text 3, https://www.w3.org/TR/css-text-3/#line-break-transform)."""
    for text in _LAID_OUT(tree):
        collapsed = _SPACE.sub(" ", _WIDE_BREAK.sub("", text))
        if text.is_text:
            text.getparent().text = collapsed
        else:
            text.getparent().tail = collapsed


@cache
def _deeper_than(depth: int) -> etree.XPath:
    # Goes down level by level in 30 µs a page; walking the tree from Python takes 450.
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def _main_text(tree: Any) -> str:
    # It warns of every page it gives up, which is a row with a reason here.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        # deduplicate remembers earlier pages: the same page would have another text in another order.
        text = trafilatura.extract(
            tree, fast=True, favor_recall=True, include_comments=False, include_tables=True, deduplicate=False
        )
    except RecursionError:
        raise Unreadable("too_deep", "the extractor ran out of stack") from None
    except MemoryError:
        raise
    except Exception as error:
        raise Unreadable("extractor_failed", f"{type(error).__name__}: {error}"[:200]) from error
    return text or ""
