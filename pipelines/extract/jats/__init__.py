"""JATS and its forerunners, the NLM DTDs, as PMC, J-STAGE, SciELO and publishers give articles away.

https://jats.nlm.nih.gov/ describes the elements. An article has one Document for each of its languages; what another
language says of it (trans-abstract, a sub-article of the type translation, a section with an xml:lang of its own) goes
there. Decision letters, replies and comments in sub-articles are Documents of their own.

`Document.part` is a name that stays when a translation is added later: the language that the article declares ("ja"),
"" where it declares none; of a sub-article that is no translation its id ("sa1"); in a set of articles behind the best
name of the article ("pmcid:PMC1/en").

Left out, and counted: references, citations by number, figures (their captions are kept), formulas in pictures,
acknowledgements, statements of interest, funding and contributions, supplements.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.extract import xml
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import clean
from pipelines.extract.jats import front as jats_front
from pipelines.extract.jats.body import XML_LANG, flow, is_formality, language, section
from pipelines.extract.jats.inline import Context, children
from pipelines.extract.rights import Rights

#: Of one record. PMC hands out sets of some hundred articles at most.
MAX_ARTICLES = 1_000
MAX_TITLE = 1_000

# Of a line for the table of contents or a picture.
_TEASERS = frozenset(["teaser", "toc", "graphical", "short"])
_NO_PART = re.compile(r"[^\w.-]+")


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The articles of a record, the article itself before its translations.

    Raises:
        Unreadable: as `xml.parse`; no_article, too_many_articles, or empty where there is neither body nor abstract.
    """
    root = xml.parse(raw)
    for element in root.iter():
        if element.tag.startswith("{"):
            element.tag = element.tag.rpartition("}")[2]
    articles = [root] if root.tag == "article" else list(root.iter("article"))
    if not articles:
        raise Unreadable("no_article", f"the root is {root.tag[:100]}")
    if len(articles) > MAX_ARTICLES:
        raise Unreadable("too_many_articles", f"{len(articles)}, limit {MAX_ARTICLES}")
    documents = []
    for place, article in enumerate(articles, 1):
        front = _first(article, "front")
        ids = jats_front.ids(_first(front, "article-meta"))
        before = f"{ids[0] if ids else place}/" if len(articles) > 1 else ""
        documents += _article(article, front, ids, before)
    if not documents:
        raise Unreadable("empty", "neither body nor abstract")
    return _told_apart(documents)


def _told_apart(documents: list[Document]) -> list[Document]:
    """Ids in a file should be unique, and are not always."""
    seen: Counter[str] = Counter()
    made = []
    for document in documents:
        seen[document.part] += 1
        again = seen[document.part] > 1
        made.append(replace(document, part=f"{document.part}~{seen[document.part]}") if again else document)
    return made


@dataclass(frozen=True)
class _Work:
    """What the texts of an article have in common."""

    ids: tuple[str, ...]
    date: str
    rights: Rights
    front: Any


def _article(article: Any, front: Any, ids: tuple[str, ...], before: str) -> list[Document]:
    meta = _first(front, "article-meta")
    work = _Work(ids, jats_front.date(meta), jats_front.rights(meta), front)
    lang = language(article.get(XML_LANG))
    return _documents(article, meta, lang, work, before, "")


def _documents(article: Any, meta: Any, lang: str, work: _Work, before: str, part: str) -> list[Document]:
    """The Documents of an article or a sub-article, by language, and those of the sub-articles in it."""
    context = Context(footnotes=_footnotes(article))
    titles = jats_front.titles(meta, lang, context)
    texts: dict[str, list[str]] = {lang: []}
    work_ids: dict[str, tuple[str, ...]] = {}
    parts = [*children(article, "sub-article"), *children(article, "response")]
    translations = [sub for sub in parts if sub.get("article-type") == "translation"]
    translated = {language(sub.get(XML_LANG)) for sub in translations if sub.find("front-stub/abstract") is not None}

    for abstract in children(meta, "abstract", "trans-abstract"):
        own = language(abstract.get(XML_LANG)) or (lang if abstract.tag == "abstract" else "")
        if abstract.get("abstract-type") in _TEASERS or (own in translated and own != lang):
            context.counts["abstracts"] += 1
        else:
            texts.setdefault(own, []).extend(_section(abstract, own, context))
    texts[lang] += _main(article, lang, context)
    documents = []
    for sub in translations:
        own = language(sub.get(XML_LANG))
        stub = _first(sub, "front-stub")
        context.footnotes |= _footnotes(sub)
        titles = jats_front.titles(stub, own, context) | {k: v for k, v in titles.items() if k != own}
        into = texts.setdefault(own, [])
        for abstract in children(stub, "abstract"):
            into += _section(abstract, own, context)
        into += _main(sub, own, context)
        work_ids[own] = jats_front.ids(stub)
        documents += _responses(sub, own, work, before)
    for own, blocks in context.others.items():
        texts.setdefault(own, []).extend(blocks)

    made = []
    for own, blocks in texts.items():
        if text := clean("\n\n".join(blocks)):
            counts = context.counts if own == lang else Counter[str]()
            name = f"{part}-{own}" if part and own != lang else part or own
            made.append(
                Document(
                    text=text,
                    title=" ".join(clean(titles.get(own, "")).split())[:MAX_TITLE],
                    part=before + name,
                    lang=own,
                    ids=tuple(dict.fromkeys((*work.ids, *work_ids.get(own, ())))),
                    date=work.date,
                    container=clean(jats_front.container(work.front, own, Context())),
                    captions=tuple(filter(None, map(clean, context.captions.get(own, [])))),
                    rights=work.rights,
                    counts=_counted(counts),
                )
            )
    return made + documents + _responses(article, lang, work, before)


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in sorted(counts) if counts[name]}


def _section(abstract: Any, lang: str, context: Context) -> list[str]:
    # Its own xml:lang has been looked at: where it is none, it must not lead astray.
    abstract.attrib.pop(XML_LANG, None)
    return section(abstract, 1, lang, context)


def _main(article: Any, lang: str, context: Context) -> list[str]:
    """Body, appendices, glossary and tables that float."""
    blocks: list[str] = []
    for element in children(article, "body", "back", "floats-group", "floats-wrap"):
        blocks += flow(element, 0, lang, context)
    return blocks


def _responses(article: Any, lang: str, work: _Work, before: str) -> list[Document]:
    documents: list[Document] = []
    for sub in children(article, "sub-article", "response"):
        if sub.get("article-type") == "translation":
            continue
        own = language(sub.get(XML_LANG)) or lang
        stub = _first(sub, "front-stub", "front")
        meta = _first(stub, "article-meta") if stub.tag == "front" else stub
        name = _NO_PART.sub("-", sub.get("id") or sub.get("article-type") or sub.tag)[:64]
        said = jats_front.rights(meta)
        theirs = _Work(
            jats_front.ids(meta), jats_front.date(meta) or work.date, said if said.licences else work.rights, work.front
        )
        documents += _documents(sub, meta, own, theirs, before, name)
    return documents


def _footnotes(article: Any) -> dict[str, Any]:
    """By id, those a paragraph may call: not the ones of a table, and not the formalities."""
    found = {}
    for group in article.iter("fn-group"):
        for note in children(group, "fn"):
            if note.get("id") and not is_formality(note):
                found[note.get("id")] = note
    return found


def _first(element: Any, *names: str) -> Any:
    """The first child of such a name, or an empty one."""
    found: Iterable[Any] = children(element, *names)
    return next(iter(found), None) if found else _nothing(names[0])


def _nothing(name: str) -> Any:
    return xml.parse(f"<{name}/>".encode())
