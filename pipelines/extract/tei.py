"""TEI P5 (https://tei-c.org/release/doc/tei-p5-doc/en/html/): novels, plays, verse, sources of history.

What an editor has chosen is taken: of a choice the correction, the expansion and the regular form, of an apparatus the
lemma. Readings (ruby, also as span or seg of the types rb and rt) go, the words they stand on stay. Of a g without text
the character is looked up in the header.

An lb that only says where a line of the printed page ended joins; one that ends a paragraph or a verse makes a line:
see `_keeps_lines`. A speech is a paragraph, NAME: WORDS (in Japanese 名　言葉). Front and back matter is read but for
title pages, lists of persons and places, bibliographies and indexes.

Texts of Aozora Bunko are often encoded with some of its marks left (《かんじ》, ［＃…］): where the header names it,
these are read by its rules.
"""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from pipelines.extract import aozora, licences, xml
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.gaiji import UNKNOWN
from pipelines.extract.html import MAX_TITLE, clean
from pipelines.extract.rights import MAX_LICENCES, MAX_URL, MAX_WORDS, Licence, Rights
from pipelines.extract.spacing import collapse
from pipelines.extract.wrapping import MAX_ENDED, MIN_WIDTH, WIDE, width

#: Of a teiCorpus.
MAX_TEXTS = 10_000
_MAX_IDS = 16

# Noncharacters, which no XML holds in its text once cleaned, mark it until it is laid out: the edge of an inline
# element; an lb; an lb inside a word; the end of a line; of a paragraph; what follows goes on in the line; a heading.
_EDGE, _LB, _JOINED, _LINE, _PARAGRAPH, _GLUE, _HEAD = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd5\ufdd6"
_RESERVED = re.compile("[\ufdd0-\ufdef]")

_DIVISION = re.compile("div[1-7]?|body|front|back|group|text|floatingText")
_PARAGRAPHS = re.compile(
    "ab|argument|byline|castGroup|castList|cit|closer|dateline|docAuthor|docDate|epigraph|head|lg|list|opener|p"
    "|postscript|quote|salute|signed|sp|stage|table|trailer"
)
_LINES = frozenset(("castItem", "item", "l", "label", "row", "speaker"))
# Inside one of these they are words of a sentence.
_MAY_BE_INLINE = frozenset(("cit", "quote", "stage"))
_SENTENCES = frozenset(("ab", "emph", "hi", "l", "p", "q", "s", "said", "seg", "span"))

# What is no text of the work, and the name it is counted under.
_LEFT_OUT = {
    "biblFull": "references",
    "biblStruct": "references",
    "del": "deletions",
    "desc": "",
    "divGen": "generated",
    "figure": "figures",
    "fw": "running_heads",
    "gap": "gaps",
    "graphic": "figures",
    "index": "index_entries",
    "listBibl": "references",
    "listOrg": "organizations",
    "listPerson": "people",
    "listPlace": "places",
    "notatedMusic": "figures",
    "note": "notes",
    "noteGrp": "notes",
    "rp": "",
    "rt": "ruby",
    "titlePage": "title_pages",
}
_LEFT_OUT_DIVISIONS = {"bibliography": "references", "index": "index_entries"}
_CHOICES = ("corr", "expan", "reg", "unclear", "seg", "sic", "abbr", "orig")

_LANGUAGE = re.compile("([A-Za-z]{2,3})(?:-|$)")
_DATE = re.compile("[0-9]{4}(?:-[0-9]{2}){0,2}(?![0-9])")
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_ENDS = re.compile("[。．！？!?」』）)…―—─：:.]$")
_BEGINS = re.compile("[\u3000「『（]")
_BLANK = re.compile(f"{_LB}(?:[ \t\r\n{_EDGE}\u3000]*{_LB})+")
_GLUED = re.compile(f"{_GLUE}[\\s{_EDGE}{_LB}{_LINE}{_PARAGRAPH}]*")
# White space with the marks in it. Begun only where it begins: else a long one would be tried from each of its places.
_SPACES = re.compile(f"(?<![ \t\r\n{_EDGE}{_JOINED}])[ \t\r\n{_EDGE}{_JOINED}]++(\u3000?)")
_WIDE_END = re.compile(f"[{WIDE}]$")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass(frozen=True)
class _Reading:
    characters: Mapping[str, str]
    """What a g stands for, by the id of its declaration."""
    captions: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The text of a TEI element, or those of a teiCorpus, whose `part` is then "1", "2" and so on.

    `date` is that of the edition, else that of its source. `counts` has what is left out ("notes", "ruby", "figures",
    "deletions", "variants" and the like), and "gaiji": g without a known character, 〓 in the text.

    Raises:
        Unreadable: not_tei, empty, too_many_texts, or as `xml.parse`.
    """
    root = xml.parse(raw)
    if _name(root) not in ("TEI", "TEI.2", "teiCorpus"):
        raise Unreadable("not_tei", f"the root is {_name(root)[:100]}")
    texts = list(root.iterfind("{*}TEI")) if _name(root) == "teiCorpus" else [root]
    if len(texts) > MAX_TEXTS:
        raise Unreadable("too_many_texts", f"{len(texts)}, limit {MAX_TEXTS}")
    numbered = enumerate(texts, 1)
    parts = [_document(tei, str(at) if tei is not root else "") for at, tei in numbered]
    found = [document for document in parts if document.text]
    if not found:
        raise Unreadable("empty", "no words in its text")
    return found


def _document(tei: Any, part: str) -> Document:
    header = tei.find("{*}teiHeader")
    header = etree.Element("teiHeader") if header is None else header
    reading = _Reading(_declared(header))
    marked: list[str] = []
    for body in tei.iterfind("{*}text"):
        _mark(body, 0, False, marked, reading)
    text = _laid_out("".join(marked))
    if "青空文庫" in "".join(header.itertext()):
        text = "\n".join(aozora.plain(line, reading.counts) if line else "" for line in text.split("\n"))
    return Document(
        text=clean(text),
        title=_title(header)[:MAX_TITLE],
        part=part,
        lang=_language(tei, header),
        ids=tuple(_ids(header)),
        date=_date(header),
        container=_container(header)[:MAX_TITLE],
        captions=tuple(caption for found in reading.captions if (caption := clean(found))),
        rights=Rights(licences=tuple(_licences(header))),
        counts={key: count for key, count in sorted(reading.counts.items()) if count and key},
    )


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _mark(element: Any, depth: int, flat: bool, out: list[str], reading: _Reading) -> None:
    """Append the marked text of an element. `depth` counts the divisions around it; `flat` is inside a cell, where
    nothing breaks the line."""
    name = _name(element)
    kind = element.get("type", "")
    if name in ("span", "seg") and kind in ("rt", "rp"):
        name = kind
    if name in _LEFT_OUT or (name == "div" and kind in _LEFT_OUT_DIVISIONS):
        reading.counts[_LEFT_OUT.get(name) or _LEFT_OUT_DIVISIONS.get(kind, "")] += 1
        if name == "figure":
            reading.captions.append(" ".join(map(_words, element.iterfind("{*}head"))))
        return
    parent = element.getparent()
    above = "" if parent is None else _name(parent)
    opening, closing = _EDGE, _EDGE
    if _DIVISION.fullmatch(name):
        depth += name.startswith("div")
        opening = closing = _PARAGRAPH
    elif name == "lb":
        opening, closing = (_JOINED if element.get("break") == "no" else _LB), ""
    elif name == "head":
        opening = closing = _PARAGRAPH
        if _DIVISION.fullmatch(above):
            opening += _HEAD * min(max(depth, 1), 6)
        elif above == "table":
            reading.captions.append(_words(element))
            return
    elif name == "g":
        out.append(_glyph(element, reading))
        return
    elif name in ("choice", "app"):
        _mark_chosen(element, name, depth, flat, out, reading)
        return
    elif name == "speaker":
        opening = _LINE
        closing = ("\u3000" if _WIDE_END.search(_words(element)) else ": ") + _GLUE
    elif name == "cell":
        opening, closing, flat = _EDGE, f"{_EDGE} | {_EDGE}" if element.getnext() is not None else _EDGE, True
    elif _PARAGRAPHS.fullmatch(name) and not (name in _MAY_BE_INLINE and above in _SENTENCES):
        opening = closing = _PARAGRAPH
    elif name in _LINES or element.get("rendition") == "div":  # so the East Asian SIG encodes lines of Aozora Bunko
        opening = closing = _LINE
    if flat and name != "cell":
        opening, closing = f" {_EDGE}" if opening != _EDGE else _EDGE, _EDGE
    out += (opening, _RESERVED.sub("", element.text or ""))
    number = 0
    for child in element:
        if _name(child) == "item" and not flat:
            number += 1
            out.append(f"{_LINE}{f'{number}.' if _is_ordered(element) else '-'} {_GLUE}")
        _mark(child, depth, flat, out, reading)
        out.append(_RESERVED.sub("", child.tail or ""))
    out.append(closing)


def _mark_chosen(element: Any, name: str, depth: int, flat: bool, out: list[str], reading: _Reading) -> None:
    """One of the forms that are given side by side."""
    forms = {_name(child): child for child in reversed(element)}
    order = _CHOICES if name == "choice" else ("lem", "rdg", "rdgGrp")
    chosen = next((forms[form] for form in order if form in forms), None)
    if name == "app":
        reading.counts["variants"] += max(len(element) - 1, 0)
    if chosen is not None:
        _mark(chosen, depth, flat, out, reading)


def _is_ordered(element: Any) -> bool:
    said = f"{element.get('type', '')} {element.get('rend', '')}".split()
    return "ordered" in said or "numbered" in said


def _glyph(element: Any, reading: _Reading) -> str:
    words = "".join(element.itertext()).strip()
    found = words or reading.characters.get(element.get("ref", "").removeprefix("#"), UNKNOWN)
    reading.counts["gaiji"] += found == UNKNOWN
    return _RESERVED.sub("", found)


def _declared(header: Any) -> dict[str, str]:
    """The characters of the header's charDecl: the mapping to Unicode, else the first."""
    characters = {}
    for declared in header.iterfind(".//{*}charDecl/*"):
        mappings = list(declared.iterfind("{*}mapping"))
        unicode = [mapping for mapping in mappings if mapping.get("type", "").lower() in ("unicode", "standard")]
        if words := next((text for mapping in unicode + mappings if (text := _words(mapping))), ""):
            characters[declared.get(_XML_ID, "")] = _character(words)
    return characters


def _character(words: str) -> str:
    """A mapping is the character itself, or its number as U+4E00."""
    point = re.fullmatch("U\\+([0-9A-Fa-f]{4,5})", words)
    if point and unicodedata.category(chr(int(point[1], 16))) not in ("Cc", "Cs"):
        return chr(int(point[1], 16))
    return words


def _laid_out(marked: str) -> str:
    text = _GLUED.sub("", marked)
    text = _BLANK.sub(_PARAGRAPH, text).replace(_LB, _LINE) if _keeps_lines(text) else text.replace(_LB, "\n")
    text = _SPACES.sub(_spaced, text)
    paragraphs = []
    for paragraph in text.split(_PARAGRAPH):
        words = paragraph.strip()
        if head := len(words) - len(words.lstrip(_HEAD)):
            lines = [collapse(words[head:].replace(_LINE, "\n"))]
            lines = [f"{'#' * head} {lines[0]}"] if lines[0] else []
        else:
            lines = [line for part in words.split(_LINE) if (line := collapse(part).strip())]
        paragraphs += ["\n".join(lines)] if lines else []
    return "\n\n".join(paragraphs)


def _spaced(spaces: re.Match[str]) -> str:
    run, indent = spaces[0], spaces[1]
    if _JOINED in run:
        return indent
    if indent and ("\n" in run or spaces.string[max(spaces.start() - 1, 0)] in "。」"):
        return _LINE  # a paragraph, from a text without elements for them
    if _EDGE in run:  # whoever laid the elements out put it there, and may have meant nothing
        return ("\n" if run.strip(f"{_EDGE}\u3000") else "") + indent
    return run


def _keeps_lines(text: str) -> bool:
    """Whether its lb end paragraphs or verses.

    They do not where lines are as wide as those of prose and few end in the end of a sentence, or before a bracket or
    an indent: by the measure of wrapping.py.
    """
    segments = [segment for segment in text.split(_LB) if segment.strip(f" \t\r\n{_EDGE}")]
    if len(segments) < 3:
        return True
    ended = sum(
        bool(_ENDS.search(before.rstrip(f" \t\r\n{_EDGE}")) or _BEGINS.match(after.lstrip(f" \t\r\n{_EDGE}")))
        for before, after in itertools.pairwise(segments)
    )
    inner = [segment for segment in segments[1:-1] if _LINE not in segment and _PARAGRAPH not in segment]
    columns = sum(width(collapse(segment.replace(_EDGE, ""))) for segment in inner)
    return ended > MAX_ENDED * (len(segments) - 1) or columns < MIN_WIDTH * max(len(inner), 1)


def _words(element: Any) -> str:
    return "" if element is None else clean(collapse("".join(element.itertext())))


def _title(header: Any) -> str:
    titles = list(header.iterfind("{*}fileDesc/{*}titleStmt/{*}title"))
    main = [title for title in titles if title.get("type") == "main"] or titles[:1]
    return " ".join(filter(None, map(_words, main[:1] + [title for title in titles if title.get("type") == "sub"])))


def _container(header: Any) -> str:
    series = _words(header.find(".//{*}seriesStmt/{*}title"))
    return series or _words(header.find(".//{*}sourceDesc//{*}series/{*}title"))


def _language(tei: Any, header: Any) -> str:
    used = {element.get("ident", "") for element in header.iterfind(".//{*}langUsage/{*}language")}
    text = tei.find("{*}text")
    said = (
        (None if text is None else text.get(_XML_LANG)) or tei.get(_XML_LANG) or (used.pop() if len(used) == 1 else "")
    )
    found = _LANGUAGE.match(said)
    return found[1].lower() if found else ""


def _ids(header: Any) -> Iterator[str]:
    for idno in header.findall("{*}fileDesc/{*}publicationStmt//{*}idno")[:_MAX_IDS]:
        words = _words(idno).replace(" ", "")[:MAX_URL]
        kind = re.sub("[^a-z0-9]+", "", idno.get("type", "").lower()) or "tei"
        if doi := _DOI.search(words):
            yield f"doi:{doi[0].lower()}"
        elif words:
            yield f"{kind}:{words}"


def _date(header: Any) -> str:
    for path in ("{*}fileDesc/{*}publicationStmt//{*}date", "{*}fileDesc/{*}sourceDesc//{*}date"):
        for element in header.iterfind(path):
            if found := _DATE.match(element.get("when") or _words(element)):
                return found[0]
    return ""


def _licences(header: Any) -> Iterator[Licence]:
    """Of each licence, else of each link, else of all the words that tell what may be done with the text."""
    for availability in header.findall(".//{*}fileDesc/{*}publicationStmt/{*}availability")[:MAX_LICENCES]:
        stated = availability.findall(".//{*}licence") or availability.findall(".//{*}license")
        stated = stated or availability.findall(".//{*}ref[@target]") or [availability]
        for element in stated[:MAX_LICENCES]:
            words, url = _words(element), element.get("target", "").strip()[:MAX_URL]
            words = words or element.get("status", "")
            if said := f"{words[:MAX_WORDS]} <{url}>" if words and url else words[:MAX_WORDS] or url:
                where = _name(element) if element is not availability else ""
                yield Licence(said, licences.name(words, url), f"availability/{where}".rstrip("/"))
