"""Laws of Japan, as e-Gov publishes them: XMLSchemaForJapaneseLaw version 3, https://laws.e-gov.go.jp/, alone or in an
answer of its API.

Parts, chapters, sections and the like are headings by their depth; so are supplementary provisions (附　則, with the
law that amends) and appended tables. An article is as in print: its caption on a line, then 第一条　, its paragraphs
and items a line each, the columns of a line parted by a wide space. Readings (ruby) and the table of contents go.
Statutes in katakana stay as they are.

The record states no licence: laws are not protected (Copyright Act, Article 13).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from pipelines.extract import xml
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import MAX_TITLE, clean
from pipelines.extract.spacing import collapse, superscript

#: In one file.
MAX_LAWS = 1_000
_MAX_NUMBER = 100

_DIVISIONS = frozenset({"Part", "Chapter", "Section", "Subsection", "Division"})
# A line of these begins with its number or name, then come their sentences.
_NUMBERED = re.compile("Paragraph|Item|Subitem(?:[1-9]|10)|Class|List|Sublist[1-3]")
_APPENDED = re.compile("(?:SupplProvision)?Appdx(?:Table|Note|Style|Fig|Format)?")
_LABEL = re.compile("(?:Paragraph|Item|Subitem(?:[1-9]|10)|Class)(?:Title|Num)|ArithFormulaNum")
_SENTENCES = re.compile("(?:Paragraph|Item|Subitem(?:[1-9]|10)|Class|List|Sublist[1-3])Sentence")
_INLINE = frozenset({"Line", "Ruby", "Sup", "Sub", "QuoteStruct", "ArithFormula", "Rt", "Fig"})
_ERAS = {"Meiji": 1867, "Taisho": 1911, "Showa": 1925, "Heisei": 1988, "Reiwa": 2018}
# 405AC0000000088: era and year, kind, number; with _20180401_429AC0000000004 the version of a day.
_LAW_ID = re.compile("[1-5][0-9]{2}[A-Z][0-9A-Z]{11}")
_FILE = re.compile(r"(?:^|[/\\])(([1-5][0-9]{2}[A-Z][0-9A-Z]{11})(?:_[0-9]{8}_[0-9A-Z]{15})?)(?![0-9A-Z])")


@dataclass(frozen=True)
class _Reading:
    lines: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The law, or the laws of a file, whose `part` is then "1", "2" and so on.

    `ids` are its number at e-Gov ("egov:405AC0000000088", told by the answer or by `name`), its version
    ("egov:405AC0000000088_20180401_429AC0000000004") and its name ("lawnum:平成五年法律第八十八号"). `date` is that of
    its promulgation, to the year where the record says no more. `counts` has "contents", "figures", "ruby", "hidden".

    Raises:
        Unreadable: not_egov (no Law in it), empty, too_many_laws, or as `xml.parse`.
    """
    root = xml.parse(raw)
    laws = [root] if _name(root) == "Law" else list(root.iterfind(".//{*}Law"))
    if not laws:
        raise Unreadable("not_egov", f"no Law below the root {_name(root)[:100]}")
    if len(laws) > MAX_LAWS:
        raise Unreadable("too_many_laws", f"{len(laws)}, limit {MAX_LAWS}")
    told = _told(root, name) if len(laws) == 1 else ()
    read = [_law(law, told, str(at) if len(laws) > 1 else "") for at, law in enumerate(laws, 1)]
    found = [document for document in read if document.text]
    if not found:
        raise Unreadable("empty", "a law without a sentence")
    return found


def _law(law: Any, told: tuple[str, ...], part: str) -> Document:
    reading = _Reading()
    for body in law.iterfind("{*}LawBody"):
        for child in body:
            if _name(child) != "LawTitle":
                _read(child, 0, reading)
    number = clean(_words(law.find("{*}LawNum"), reading))[:_MAX_NUMBER]
    return Document(
        text=clean(re.sub("\n{3,}", "\n\n", "\n".join(reading.lines))),
        title=clean(_words(law.find("{*}LawBody/{*}LawTitle"), reading))[:MAX_TITLE],
        part=part,
        lang=law.get("Lang", "")[:2].lower(),
        ids=told + ((f"lawnum:{number}",) if number else ()),
        date=_promulgated(law),
        captions=tuple(clean(caption) for caption in reading.captions),
        counts={key: count for key, count in sorted(reading.counts.items()) if count},
    )


def _told(root: Any, name: str) -> tuple[str, ...]:
    """The law's number and that of its version, by the answer of the API (1 and 2) or the name of the file."""
    file = _FILE.search(name)
    said = [_text(element) for element in root.iter("{*}LawId", "{*}law_id", "{*}law_revision_id")]
    said += [file[2], file[1]] if file else []
    return tuple(dict.fromkeys(f"egov:{words}" for words in said if _FILE.fullmatch(words)))


def _promulgated(law: Any) -> str:
    start, year = _ERAS.get(law.get("Era", "")), law.get("Year", "")
    if start is None or not re.fullmatch("[0-9]{1,2}", year):
        return ""
    month, day = law.get("PromulgateMonth", ""), law.get("PromulgateDay", "")
    parts = [str(start + int(year))]
    for words, most in ((month, 12), (day, 31)):
        if not re.fullmatch("[0-9]{1,2}", words) or not 1 <= int(words) <= most:
            break
        parts.append(f"{int(words):02}")
    return "-".join(parts)


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _read(element: Any, depth: int, reading: _Reading, first: str = "") -> None:
    """Append the lines of an element. `first` begins its first line: the name of the article a paragraph is in."""
    name = _name(element)
    if name == "TOC" or element.get("Hide") == "true":
        reading.counts["contents" if name == "TOC" else "hidden"] += 1
    elif name in _DIVISIONS:
        _put_heading(depth + 1, _words(element.find(f"{{*}}{name}Title"), reading), reading)
        _read_all(element, depth + 1, reading, f"{name}Title")
    elif name == "SupplProvision":
        amending = element.get("AmendLawNum", "").strip()
        label = _words(element.find("{*}SupplProvisionLabel"), reading) or "附　則"
        _put_heading(1, f"{label}（{amending}）" if amending else label, reading)
        _read_all(element, 1, reading, "SupplProvisionLabel")
    elif _APPENDED.fullmatch(name):
        title = _words(element.find(f"{{*}}{name}Title"), reading) or _words(
            element.find("{*}ArithFormulaNum"), reading
        )
        _put_heading(1, title + _words(element.find("{*}RelatedArticleNum"), reading), reading)
        _read_all(element, 1, reading, f"{name}Title", "RelatedArticleNum", "ArithFormulaNum")
    elif name == "Article":
        reading.lines.append("")
        _put(_words(element.find("{*}ArticleCaption"), reading), reading)
        _read_article(element, depth, reading)
    elif _NUMBERED.fullmatch(name):
        _read_numbered(element, depth, reading, first)
    elif name == "Table":
        for row in element:
            cells = [_cell(column, depth, reading) for column in row]
            _put(" | ".join(cells) if any(cells) else "", reading)
    elif name == "FigStruct":
        title = _words(element.find("{*}FigStructTitle"), reading)
        reading.captions.extend([title] if title else [])
        _read_all(element, depth, reading, "FigStructTitle")
    elif any(_name(child) not in _INLINE for child in element) and name != "Sentence":
        _read_all(element, depth, reading)
    else:
        _put(_words(element, reading), reading)


def _read_all(element: Any, depth: int, reading: _Reading, *but: str) -> None:
    for child in element:
        if _name(child) not in but:
            _read(child, depth, reading)


def _read_article(article: Any, depth: int, reading: _Reading) -> None:
    first = _words(article.find("{*}ArticleTitle"), reading)
    for child in article:
        if _name(child) == "Paragraph":
            _read(child, depth, reading, first)
            first = ""
        elif _name(child) not in ("ArticleCaption", "ArticleTitle"):
            _read(child, depth, reading)
    _put(first, reading)  # an article of nothing but its name


def _read_numbered(element: Any, depth: int, reading: _Reading, first: str) -> None:
    line = [first] if first else []
    for child in element:
        name = _name(child)
        if name == "ParagraphCaption":
            _put(_words(child, reading), reading)
        elif _LABEL.fullmatch(name):
            line.append(_words(child, reading))
        elif _SENTENCES.fullmatch(name):
            tables = [table for table in child if _name(table) == "Table"]
            line.append("" if tables else _columns(child, reading))
            _put("　".join(filter(None, line)), reading)
            line = []
            for table in tables:
                _read(table, depth, reading)
        else:
            _put("　".join(filter(None, line)), reading)
            line = []
            _read(child, depth, reading)
    _put("　".join(filter(None, line)), reading)


def _columns(sentences: Any, reading: _Reading) -> str:
    """Sentences follow each other without a space, columns with one."""
    parts: list[str] = []
    for child in sentences:
        is_column = _name(child) == "Column"
        words = _words(child, reading)
        if parts and words:
            parts.append("\n" if is_column and child.get("LineBreak") == "true" else "　" if is_column else "")
        parts += [words] if words else []
    return "".join(parts) if len(sentences) else _words(sentences, reading)


def _cell(column: Any, depth: int, reading: _Reading) -> str:
    held = _Reading(captions=reading.captions, counts=reading.counts)
    _read(column, depth, held)
    return " ".join(line for line in held.lines if line)


def _put(words: str, reading: _Reading) -> None:
    reading.lines.extend([words] if words else [])


def _put_heading(depth: int, words: str, reading: _Reading) -> None:
    reading.lines.extend(["", f"{'#' * depth} {words}", ""] if words else [""])


def _words(element: Any, reading: _Reading) -> str:
    """The words of a line, with raised figures, without readings and pictures (which are counted)."""
    return "" if element is None else collapse("".join(_pieces(element, reading)))


def _pieces(element: Any, reading: _Reading) -> Iterator[str]:
    for node in element.iter():
        match _name(node):
            case "Rt":
                reading.counts["ruby"] += 1
            case "Fig":
                reading.counts["figures"] += 1
            case "Sup":
                yield superscript(node.text or "")
            case _:
                yield node.text or ""
        if node is not element:
            yield node.tail or ""


def _text(element: Any) -> str:
    return "".join(element.itertext()).strip()
