"""What the front of a JATS article says of it: titles, identifiers, date, journal, licences."""

import re
from collections.abc import Iterator
from typing import Any

from pipelines.extract import licences
from pipelines.extract.jats.body import XML_LANG, language
from pipelines.extract.jats.inline import Context, children, line
from pipelines.extract.rights import MAX_LICENCES, MAX_WORDS, Licence, Rights

_HREF = "{http://www.w3.org/1999/xlink}href"


def titles(meta: Any, lang: str, context: Context) -> dict[str, str]:
    """By language, the article's own among them, if need be under ""."""
    found: dict[str, str] = {}
    for group in [*children(meta, "title-group"), *children(meta, "article-title")]:
        _add_title(found, group, lang, context)
        for other in children(group, "trans-title-group"):
            _add_title(found, other, lang, context)
        for title in children(group, "trans-title"):  # before JATS 0.4 there was no group
            found.setdefault(language(title.get(XML_LANG)) or "", line(title, context))
    context.pending.clear()
    return found


def _add_title(found: dict[str, str], group: Any, lang: str, context: Context) -> None:
    if group.tag == "article-title":
        found.setdefault(language(group.get(XML_LANG)) or lang, line(group, context))
        return
    name, below = (
        ("trans-title", "trans-subtitle") if group.tag == "trans-title-group" else ("article-title", "subtitle")
    )
    for title in children(group, name)[:1]:
        own = language(title.get(XML_LANG)) or language(group.get(XML_LANG)) or lang
        parts = [line(title, context), *(line(part, context) for part in children(group, below))]
        found.setdefault(own, ("：" if own == "ja" else ": ").join(filter(None, parts)))


_DOI = re.compile(r"10\.\d{4,9}/\S{1,300}")
_DIGITS = re.compile(r"\d{1,12}")


def ids(meta: Any) -> tuple[str, ...]:
    """DOI, PMCID and PMID."""
    found: dict[str, str] = {}
    for element in children(meta, "article-id", "object-id"):
        kind = element.get("pub-id-type", "")
        text = "".join(element.itertext()).strip()
        if kind == "doi" and (doi := _DOI.search(text)):
            found.setdefault("doi", doi[0].lower())
        elif kind in ("pmc", "pmcid", "pmcaid") and (digits := _DIGITS.fullmatch(text.upper().removeprefix("PMC"))):
            # pmcaid is the number of a version's copy in PMC; pmcid comes first where there are both.
            if kind != "pmcaid":
                found.setdefault("pmcid", f"PMC{digits[0]}")
        elif kind == "pmid" and _DIGITS.fullmatch(text):
            found.setdefault("pmid", text)
    return tuple(f"{kind}:{found[kind]}" for kind in ("doi", "pmcid", "pmid") if kind in found)


#: Kinds of dates of publication, the one to take first. JATS 1.1 calls the kind date-type and says the medium apart.
_DATES = ("epub", "pub", "publication", "epub-ppub", "ppub", "collection", "pub-electronic", "")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def date(meta: Any) -> str:
    """Of publication, electronic before print, as ISO 8601 as far as it is known."""
    found = []
    for element in children(meta, "pub-date"):
        kind = element.get("pub-type") or element.get("date-type") or ""
        if kind in _DATES and (made := _iso(element)):
            found.append((_DATES.index(kind), element.get("publication-format", "").startswith("print"), made))
    return min(found)[2] if found else ""


def _iso(element: Any) -> str:
    year, month, day = (_number(element, name) for name in ("year", "month", "day"))
    if not 1000 <= year <= 2999:
        return ""
    if not 1 <= month <= 12:
        return f"{year}"
    return f"{year}-{month:02}-{day:02}" if 1 <= day <= 31 else f"{year}-{month:02}"


def _number(element: Any, name: str) -> int:
    text = "".join(part for found in children(element, name)[:1] for part in found.itertext()).strip().lower()
    if text[:3] in _MONTHS:
        return _MONTHS.index(text[:3]) + 1
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def container(front: Any, lang: str, context: Context) -> str:
    """The journal by its name in the language of the text, or else by the first."""
    names: dict[str, str] = {}
    for meta in children(front, "journal-meta"):
        for group in [meta, *children(meta, "journal-title-group")]:
            around = language(group.get(XML_LANG))
            for title in children(group, "journal-title"):
                names.setdefault(language(title.get(XML_LANG)) or around, line(title, context))
            for other in children(group, "trans-title-group"):
                for title in children(other, "trans-title"):
                    own = language(title.get(XML_LANG)) or language(other.get(XML_LANG))
                    names.setdefault(own, line(title, context))
    return names.get(lang) or names.get("") or next(iter(names.values()), "")


def rights(meta: Any) -> Rights:
    """The licences of the article, each once; those of a figure or a table are not its own."""
    found: dict[tuple[str | None, str], Licence] = {}
    for licence, url in _licences(meta):
        found.setdefault((licence.spdx, url), licence)
    return Rights(licences=tuple(found.values())[:MAX_LICENCES])


def _licences(meta: Any) -> Iterator[tuple[Licence, str]]:
    places = children(meta, "permissions") or [meta]
    for place in places:
        stated = children(place, "license")
        for element in stated:
            words = " ".join("".join(element.itertext()).split())
            url = _url(element)
            words = words.removeprefix(url).strip()
            spdx = licences.name(words, url) or licences.name(element.get("license-type", ""))
            if spdx:
                yield Licence(_stated(words or element.get("license-type", ""), url), spdx, "permissions/license"), url
        for element in children(place, "license_ref"):
            url = "".join(element.itertext()).strip()
            if url:
                yield Licence(_stated("", url), licences.name("", url), "permissions/license_ref"), url
        for element in [] if stated else children(place, "copyright-statement"):
            words = " ".join("".join(element.itertext()).split())
            if spdx := licences.name(words):
                yield Licence(_stated(words, ""), spdx, "permissions/copyright-statement"), ""


def _url(licence: Any) -> str:
    """Where the licence itself says, or else the first of Creative Commons that it links to."""
    references = ("".join(element.itertext()).strip() for element in licence.iter("license_ref"))
    links = (element.get(_HREF, "") for element in licence.iter("ext-link", "uri"))
    linked = next((link for link in links if "creativecommons.org/" in link), "")
    return licence.get(_HREF, "").strip() or next(filter(None, references), "") or linked


def _stated(words: str, url: str) -> str:
    url = "".join(url.split())[:1_000]
    if not url or url in words[:MAX_WORDS]:
        return words[:MAX_WORDS] or url
    return f"{words[:MAX_WORDS]} <{url}>" if words else url
