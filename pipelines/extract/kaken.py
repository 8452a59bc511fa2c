"""KAKEN, the database of Grants-in-Aid for Scientific Research: XML of https://kaken.nii.ac.jp/ (grantAward).

One text for each language of a project (its summary) and of each of its reports. Members, products, sums of money and
grades are left out. A summary is put together of the newest paragraphs of the reports: what a report only repeats is
left out there, so that a report may have no text of its own.

KAKEN's terms of use are not in the record, so its licence is not either. They let data be used like CC BY 4.0 with
attribution, but the reports of projects adopted until the fiscal year 2015 may be their authors' copyright: `date`, the
start of the project, and the count "adopted_until_fy2015" let a filter decide.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from lxml import etree

from pipelines.extract import licences, xml
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import MAX_TITLE, clean
from pipelines.extract.rights import MAX_LICENCES, MAX_WORDS, Licence, Rights
from pipelines.extract.spacing import collapse

#: Projects in one record; a page of KAKEN's search has 500 at most.
MAX_PROJECTS = 10_000
_MAX_DOIS = 8

_ROOTS = ("grantAwards", "grantAwardList", "grantAward", "grants")
_LEFT_OUT = {"member": "members", "product": "products", "classification": "classifications"}
_YEAR = re.compile("[^0-9]|(?<=[0-9]{4}).")
_LANGUAGES = {"jpn": "ja", "eng": "en", "ja": "ja", "en": "en"}
_NUMBER = re.compile("(?:JP)?([0-9A-Z][0-9A-Z-]{2,30})")
_DATE = re.compile("([0-9]{4})(?:-([0-9]{2})(?:-[0-9]{2})?)?")
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The summaries and reports of the projects in a record, each with its number ("kaken:JP19K20626") and DOI.

    `part` is "ja", "en", "report2019:ja", "report2019-2:ja" (the second of that year); where a record holds several
    projects their numbers go before it: "19K20626:ja". Lines of a paragraph are its author's and stay.

    `counts`: "members", "products", "classifications" and "repeated_paragraphs" on the first text of a project,
    "adopted_until_fy2015" on each.

    Raises:
        Unreadable: empty (no body, no project, or none with a paragraph: KAKEN answers so when it is asked too often),
            not_kaken, too_many_projects, or as `xml.parse`.
    """
    if not raw.strip():
        raise Unreadable("empty", "no body")
    root = xml.parse(raw)
    awards = [root] if _name(root) == "grantAward" else list(root.iterfind(".//{*}grantAward"))
    if not awards and _name(root) not in _ROOTS:
        raise Unreadable("not_kaken", f"the root is {_name(root)[:100]}")
    if len(awards) > MAX_PROJECTS:
        raise Unreadable("too_many_projects", f"{len(awards)}, limit {MAX_PROJECTS}")
    found = [document for at, award in enumerate(awards, 1) for document in _project(award, at, len(awards) > 1)]
    if not found:
        raise Unreadable("empty", f"no paragraph in {len(awards)} projects")
    return found


def _project(award: Any, at: int, several: bool) -> list[Document]:
    number = _number(award)
    which = (number or str(at)) if several else ""
    ids = (f"kaken:JP{number}",) if number else ()
    date = _start(award)
    counts = Counter(_LEFT_OUT[_name(element)] for element in award.iter(*(f"{{*}}{name}" for name in _LEFT_OUT)))
    titles: dict[str, str] = {}
    summarized: dict[str, set[str]] = {}
    texts: Counter[str] = Counter()
    found = []
    for element in (*award.iterfind("{*}summary"), *award.iterfind("{*}reportList/{*}report")):
        lang = _language(element)
        title = _words(element.find("{*}title"))
        paragraphs = [text for held in element.iterfind("{*}paragraphList/{*}paragraph") if (text := _lines(held))]
        if is_summary := _name(element) == "summary":
            kind, dois = "", award.iterfind("{*}identifier/{*}normalizedValue")
            titles.setdefault(lang, title)
            summarized.setdefault(lang, set()).update(paragraphs)
        else:
            kind, dois = f"report{_YEAR.sub('', element.get('fiscalYear', ''))}", element.iterfind("{*}doi")
            own = [text for text in paragraphs if text not in summarized.get(lang, ())]
            counts["repeated_paragraphs"] += len(paragraphs) - len(own)
            paragraphs = own
        if paragraphs:
            texts[f"{kind}:{lang}"] += 1
            again = f"-{texts[f'{kind}:{lang}']}" if texts[f"{kind}:{lang}"] > 1 else ""
            document = Document(
                text="\n\n".join(paragraphs),
                title=(title or titles.get(lang, ""))[:MAX_TITLE],
                part=":".join(filter(None, (which, kind + again, lang))),
                lang=lang,
                ids=ids + tuple(_dois(dois)),
                date=date,
                rights=Rights(licences=tuple(_licences(award if is_summary else element))),
                counts={"adopted_until_fy2015": 1} if date and _fiscal_year(date) <= 2015 else {},
            )
            found.append(document)
    if found:
        all_counts = {**found[0].counts, **counts}
        found[0] = replace(found[0], counts={key: count for key, count in sorted(all_counts.items()) if count})
    return found


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _words(element: Any) -> str:
    return "" if element is None else clean(collapse("".join(element.itertext())))


def _lines(paragraph: Any) -> str:
    lines = clean("".join(paragraph.itertext())).split("\n")
    return "\n".join(stripped for line in lines if (stripped := line.strip()))


def _number(award: Any) -> str:
    said = (award.get("awardNumber"), award.get("id", "").rpartition("PROJECT-")[2])
    return next((found[1] for words in said if (found := _NUMBER.fullmatch((words or "").strip()))), "")


def _language(element: Any) -> str:
    """Of the words: a report may be in English where its record is Japanese."""
    said = (_words(element.find("{*}language")), element.get(_XML_LANG, ""))
    return next((_LANGUAGES[words.lower()] for words in said if words.lower() in _LANGUAGES), "")


def _start(award: Any) -> str:
    for path in ("startDate", "startFiscalYear"):
        for element in award.iterfind(f"{{*}}summary/{{*}}periodOfAward/{{*}}{path}"):
            if found := _DATE.fullmatch(_words(element)):
                return found[0]
    for element in award.iterfind("{*}summary/{*}periodOfAward"):
        if found := _DATE.fullmatch(element.get("searchStartFiscalYear", "")):
            return found[0]
    return ""


def _fiscal_year(date: str) -> int:
    """It begins in April; a year alone is one already."""
    year, _, month = date[:7].partition("-")
    return int(year) - (month in ("01", "02", "03"))


def _dois(elements: Iterable[Any]) -> Iterator[str]:
    for element in islice(elements, _MAX_DOIS):
        if found := _DOI.search(_words(element)):
            yield f"doi:{found[0].lower()}"


def _licences(element: Any) -> Iterator[Licence]:
    stated = element.iter("{*}licence", "{*}license", "{*}rights", "{*}copyright")
    for said in islice(stated, MAX_LICENCES):
        if words := _words(said):
            yield Licence(words[:MAX_WORDS], licences.name(words), _name(said))
