"""The blocks of JATS: sections, paragraphs, lists, tables, formulas, with their captions and footnotes."""

import re
from typing import Any

from pipelines.extract.jats.inline import Context, children, formula, inline_element, line, tidy

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

#: Nested lists are indented to this depth, so that what is deeper takes no more room.
MAX_INDENT = 6
#: A cell that spans several rows says so in each, unless it is longer than this.
MAX_REPEATED = 100

_LANGUAGES = {"eng": "en", "jpn": "ja", "por": "pt", "spa": "es", "fre": "fr", "fra": "fr", "ger": "de", "deu": "de",
              "chi": "zh", "zho": "zh", "kor": "ko"}  # fmt: skip

# Sections, notes and footnotes that speak of the article and its authors: of no use as text.
_FORMALITIES = frozenset(
    ["ack", "acknowledgement", "author-contributions", "coi-statement", "con", "conflict", "corresp", "current-aff",
     "data-availability", "deceased", "edited-by", "equal", "ethics-statement", "financial-disclosure",
     "funding-information", "funding-statement", "participating-researchers", "present-address", "presented-at",
     "presented-by", "previously-at", "study-group-members", "supplementary-material", "supplementary-materials",
     "supported-by"]
)  # fmt: skip


# eLife gives a part of an article a DOI of its own, in a paragraph.
_OWN_DOI = re.compile(r"DOI: ?(?:https?://(?:dx\.)?doi\.org/)?10\.\d{4,9}/\S{1,100}")


def language(tag: str | None) -> str:
    """The primary subtag, two letters where ISO 639 has them; "" for what is no language tag."""
    primary = (tag or "").strip().lower().replace("_", "-").partition("-")[0]
    primary = _LANGUAGES.get(primary, primary)
    return primary if primary.isascii() and primary.isalpha() and 2 <= len(primary) <= 3 else ""


def is_formality(element: Any) -> bool:
    kinds = (element.get(name, "").lower() for name in ("fn-type", "sec-type", "notes-type"))
    return any(kind in _FORMALITIES for kind in kinds)


def section(element: Any, depth: int, lang: str, context: Context) -> list[str]:
    """The heading and the blocks of a section or of what is like one; nothing where there is nothing under it."""
    own = language(element.get(XML_LANG)) or lang
    blocks = flow(element, depth, own, context)
    if not blocks:
        return []
    heading = _heading(element, own, context)
    made = [f"{'#' * min(max(depth, 1), 6)} {heading}", *blocks] if heading else blocks
    if own == lang:
        return made
    context.others.setdefault(own, []).extend(made)
    return []


def _heading(element: Any, lang: str, context: Context) -> str:
    """Of the titles in several languages the one in that of the section."""
    titles = children(element, "title") or [
        found for c in children(element, "caption") for found in children(c, "title")
    ]
    labels = children(element, "label")
    title = next((title for title in titles if language(title.get(XML_LANG)) in ("", lang)), None)
    if len(titles) > 1:
        context.counts["translated_headings"] += len(titles) - 1
    words = [line(part, context) for part in (*labels[:1], title) if part is not None]
    _leave_footnotes(context)
    return " ".join(filter(None, words))


def _leave_footnotes(context: Context) -> None:
    """Those called in a heading or a caption."""
    context.counts["footnotes"] += len(context.pending)
    context.pending.clear()


def flow(element: Any, depth: int, lang: str, context: Context) -> list[str]:
    """The blocks of an element that may hold text and blocks side by side, as a paragraph may. Not its heading."""
    blocks: list[str] = []
    run = [element.text or ""]
    for child in element:
        if (made := _block(child, depth, lang, context)) is None:
            run.append(inline_element(child, context))
        else:
            blocks += [*_paragraph(run, lang, context), *made]
            run = []
        run.append(child.tail or "")
    return blocks + _paragraph(run, lang, context)


def _paragraph(run: list[str], lang: str, context: Context) -> list[str]:
    """At most one, with the footnotes called in it behind it in brackets."""
    text = tidy("".join(run))
    notes = context.pending[:]
    context.pending.clear()
    for note in notes:
        words = " ".join(" ".join(flow(note, 6, lang, context)).split())
        if is_formality(note):
            context.counts["formalities"] += 1
        elif words:
            text += f"（{words}）" if lang == "ja" else f" ({words})"
    if _OWN_DOI.fullmatch(text):
        context.counts["dois"] += 1
        return []
    return [text] if text else []


def _block(element: Any, depth: int, lang: str, context: Context) -> list[str] | None:
    """The blocks of an element that is one; None for what belongs into a line."""
    match element.tag:
        case (
            "p"
            | "disp-quote"
            | "verse-group"
            | "question"
            | "answer"
            | "explanation"
            | "question-wrap"
            | "def"
            | "speech"
        ):
            return _paragraphs(element, depth, lang, context)
        case "sec" | "app" | "boxed-text" | "glossary" | "statement" | "abstract" | "trans-abstract" | "app-group":
            if is_formality(element):
                context.counts["formalities"] += 1
                return []
            return section(element, depth + (element.tag != "app-group"), lang, context)
        case (
            "title"
            | "label"
            | "caption"
            | "sec-meta"
            | "object-id"
            | "permissions"
            | "alt-text"
            | "long-desc"
            | "kwd-group"
        ):
            return []
        case "list":
            return _list(element, depth, lang, context)
        case "def-list":
            return _definitions(element, depth, lang, context)
        case "table-wrap" | "table-wrap-group" | "array" | "table":
            return _table(element, lang, context)
        case "fig" | "fig-group" | "graphic" | "media" | "chem-struct-wrap":
            return _figure(element, lang, context)
        case "disp-formula":
            return _display(element, context)
        case "disp-formula-group" | "floats-group":
            return flow(element, depth, lang, context)
        case "preformat" | "code":
            return [code] if (code := "".join(element.itertext()).strip("\n")) else []
        case "supplementary-material":
            context.counts["supplements"] += 1
            return []
        case "ref-list":
            context.counts["references"] += len(list(element.iter("ref")))
            return []
        case "fn-group" | "notes" | "ack" | "bio":
            return _notes(element, depth, lang, context)
        case "alternatives" if element.find("table") is not None:
            return _table(element, lang, context)
        case "alternatives" if element.find("code") is not None or element.find("preformat") is not None:
            return flow(element, depth, lang, context)[:1]
    return None


def _paragraphs(element: Any, depth: int, lang: str, context: Context) -> list[str]:
    match element.tag:
        case "verse-group":
            lines = [line(part, context) for part in element.iter("verse-line", "title", "attrib")]
            return [made] if (made := "\n".join(filter(None, lines))) else []
        case "speech":
            speaker = " ".join(line(part, context) for part in children(element, "speaker"))
            blocks = [made for part in children(element, "p") for made in flow(part, depth, lang, context)]
            return [f"{speaker}: {blocks[0]}" if speaker else blocks[0], *blocks[1:]] if blocks else []
    return flow(element, depth, lang, context)


def _notes(element: Any, depth: int, lang: str, context: Context) -> list[str]:
    """Notes that no paragraph calls are formalities for the most part, and so are acknowledgements."""
    names = {"fn-group": "footnotes", "notes": "formalities", "ack": "acknowledgements", "bio": "biographies"}
    left = children(element, "fn")
    if element.tag == "fn-group":
        left = [note for note in left if note.get("id") is None or note.get("id") in context.footnotes]
        context.counts["footnotes"] += len(left)
    else:
        context.counts[names[element.tag]] += 1
    return []


def _list(element: Any, depth: int, lang: str, context: Context) -> list[str]:
    numbered = element.get("list-type", "") in ("order", "arabic")
    lines: list[str] = []
    for number, item in enumerate(children(element, "list-item"), 1):
        mark = f"{number}. " if numbered else "- "
        blocks = flow(item, depth, lang, context)
        if blocks:
            lines.append(mark + _indented(blocks, len(mark), item))
    heading = _heading(element, lang, context)
    made = "\n".join(lines)
    return [block for block in (heading, made) if block] if made else []


def _indented(blocks: list[str], width: int, item: Any) -> str:
    text = "\n".join(blocks)
    if "\n" not in text:
        return text
    nested = sum(1 for around in item.iterancestors("list"))
    return text.replace("\n", "\n" + " " * width) if nested <= MAX_INDENT else text


def _definitions(element: Any, depth: int, lang: str, context: Context) -> list[str]:
    lines = []
    for item in element.iter("def-item"):
        term = " ".join(line(part, context) for part in children(item, "term"))
        definition = " ".join(block for part in children(item, "def") for block in flow(part, depth, lang, context))
        lines.append(f"- {term}: {' '.join(definition.split())}" if term else f"- {definition}")
    heading = _heading(element, lang, context)
    made = "\n".join(lines)
    return [block for block in (heading, made) if block] if made else []


def _display(element: Any, context: Context) -> list[str]:
    made = formula(element, context)
    if not made:
        parts = ((inline_element(part, context) if part.tag != "label" else "") + (part.tail or "") for part in element)
        words = tidy((element.text or "") + "".join(parts))
        if not words:
            context.counts["formulas"] += 1
        return [words] if words else []
    label = " ".join(line(part, context).strip("()（） ") for part in children(element, "label"))
    tagged = rf"{made} \tag{{{label}}}" if label and r"\tag" not in made else made
    return [f"$${tagged}$$"]


# ── Figures and tables ───────────────────────────────────────────────────────────────────────────────────────────────


def _figure(element: Any, lang: str, context: Context) -> list[str]:
    if element.tag == "fig-group":
        _caption(element, lang, context)
        return [block for child in children(element, "fig") for block in _figure(child, lang, context)]
    context.counts["pictures"] += 1
    _caption(element, lang, context)
    tables = [block for child in children(element, "table-wrap") for block in _table(child, lang, context)]
    return tables + [block for child in children(element, "disp-formula") for block in _display(child, context)]


def _caption(element: Any, lang: str, context: Context, foot: str = "") -> None:
    """The caption of a figure or table, one for each language it is in."""
    label = " ".join(line(part, context) for part in children(element, "label"))
    words: dict[str, list[str]] = {}
    for caption in children(element, "caption"):
        around = language(caption.get(XML_LANG)) or lang
        for part in caption:
            own = language(part.get(XML_LANG)) or around
            made = [line(part, context)] if part.tag == "title" else (_block(part, 6, own, context) or [])
            words.setdefault(own, []).extend(" ".join(block.split()) for block in made)
    _leave_footnotes(context)
    if foot:
        words.setdefault(lang, []).append(foot)
    for own, parts in words.items():
        said = " ".join(filter(None, parts))
        if said:
            whole = f"{label}{'' if label.endswith(('.', ':', '．')) else '.'} {said}" if label else said
            context.captions.setdefault(own, []).append(whole)


def _table(element: Any, lang: str, context: Context) -> list[str]:
    if element.tag == "table-wrap-group":
        return [block for child in children(element, "table-wrap") for block in _table(child, lang, context)]
    tables = _tables(element)
    blocks = [made for table in tables if (made := "\n".join(_rows(table, lang, context)))]
    if element.tag == "table-wrap":
        notes = [block for foot in children(element, "table-wrap-foot") for block in flow_notes(foot, lang, context)]
        _caption(element, lang, context, " ".join(notes))
        if not tables:
            context.counts["pictures"] += 1
    return blocks


def _tables(element: Any) -> list[Any]:
    """Those that are in no other table."""
    if element.tag in ("table", "array"):
        return [element]
    return [table for child in children(element, "table", "array", "alternatives") for table in _tables(child)]


def flow_notes(foot: Any, lang: str, context: Context) -> list[str]:
    """The notes under a table, each with its mark: they explain what stands in the cells."""
    made = []
    for note in foot:
        if note.tag == "fn-group":
            made += flow_notes(note, lang, context)
            continue
        mark = " ".join(line(part, context) for part in children(note, "label"))
        words = " ".join(" ".join(flow(note, 6, lang, context)).split())
        if words and note.tag != "permissions":
            made.append(f"{mark} {words}" if mark else words)
    return made


def _rows(table: Any, lang: str, context: Context) -> list[str]:
    """A line for each row. A spanning cell says what it says once in a row, and again in each row it spans."""
    rows = []
    open_spans: dict[int, tuple[int, str]] = {}  # by column: rows still to come, and the text
    for row in _table_rows(table):
        cells: list[str] = []
        new_spans: dict[int, tuple[int, str]] = {}
        for cell in children(row, "td", "th"):
            _fill(cells, open_spans)
            text = _cell(cell, lang, context)
            down, across = _span(cell, "rowspan"), _span(cell, "colspan")
            if context.fillable < across:
                down = across = 1
            context.fillable -= across - 1
            for place in range(across):
                if down > 1:
                    new_spans[len(cells)] = (down - 1, text if place == 0 and len(text) <= MAX_REPEATED else "")
                cells.append("" if place else text)
        _fill(cells, open_spans)
        context.fillable -= len(open_spans)
        open_spans = {column: (left - 1, text) for column, (left, text) in open_spans.items() if left > 1} | new_spans
        if context.fillable < 0:
            open_spans = {}
        if any(cells):
            rows.append(" | ".join(cells))
    return rows


def _table_rows(table: Any) -> list[Any]:
    """Those of its own, not of tables in its cells."""
    rows = []
    for part in table:
        if part.tag == "tr":
            rows.append(part)
        elif part.tag in ("thead", "tbody", "tfoot"):
            rows += children(part, "tr")
    return rows


def _fill(cells: list[str], open_spans: dict[int, tuple[int, str]]) -> None:
    while len(cells) in open_spans:
        cells.append(open_spans[len(cells)][1])


def _cell(cell: Any, lang: str, context: Context) -> str:
    return " ".join(" ".join(flow(cell, 6, lang, context)).split())


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "")
    return min(int(value), 1_000) if value.isascii() and value.isdigit() and len(value) < 6 and int(value) else 1
