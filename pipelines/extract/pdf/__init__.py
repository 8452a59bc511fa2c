"""A PDF with a text layer to its text, by PDFium (https://pdfium.googlesource.com/pdfium/).

PDFium says which characters stand where; all else is ours: pdf_glyphs.py reads them, pdf_lines.py and pdf_layout.py
make lines in reading order, pdf_heads.py takes running heads away, pdf_paragraphs.py and pdf_body.py make the text.
"""

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from pipelines.extract import licences
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import MAX_TITLE, clean
from pipelines.extract.pdf import glyphs as pdf_glyphs
from pipelines.extract.pdf import layout as pdf_layout
from pipelines.extract.pdf import lines as pdf_lines
from pipelines.extract.pdf.body import body
from pipelines.extract.pdf.heads import without_heads
from pipelines.extract.pdf.layout import Line
from pipelines.extract.pdf.paragraphs import LARGE, joined
from pipelines.extract.rights import Licence, Rights

# PDFium keeps what it has decoded beside the bytes, and both must fit into 2 GiB.
MAX_BYTES = 256 << 20
# The largest books have 3,000; beyond are collections of scans.
MAX_PAGES = 5_000
# Seven hundred dense pages, or a novel of 3,000. At 75,000 characters a second they take 27 s of the 60 of a record.
MAX_CHARS = 2_000_000
# Of one page, whose characters are held at once in 0.5 kB each: newspapers have 30,000.
MAX_PAGE_CHARS = 1_000_000
# Shapes and texts of one page: maps and plots of raw data have as many, and PDFium reads 500,000 a second.
MAX_OBJECTS = 2_000_000
# Share of characters whose meaning the file does not tell. Formulas of old TeX reach 0.1 of a page.
MAX_UNMAPPED = 0.3
MAX_LICENCES = 4
MAX_ROTATED = 1_000

Flows = list[list[Line]]
Sizes = Counter[tuple[float, bool, bool]]


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The text of a PDF.

    Raises:
        Unreadable: too_large; encrypted (it wants a password); malformed; no_text_layer (only images); unmapped_fonts
            (most characters have no meaning without their glyphs); missing_fonts (the text is single characters of
            fonts that are neither in the file nor known here); empty (nothing but heads, numbers, references).
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable("too_large", f"{len(raw)} bytes, limit {MAX_BYTES}")
    try:
        file = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise Unreadable("encrypted", "it wants a password") from None
        raise Unreadable("malformed", str(error)[:200]) from None
    try:
        return [_document(file)]
    finally:
        file.close()


def _document(file: Any) -> Document:
    counts: Counter[str] = Counter()
    sizes: Sizes = Counter()
    flows, rotated = _flows(file, counts, sizes)
    first = [line for flow in flows for line in flow if line.page == flows[0][0].page]
    kept, heads = without_heads(flows)
    lines = [line for flow in kept for line in flow]
    if not lines:
        raise Unreadable("empty", "nothing but running heads and page numbers")
    made = body(lines, _usual(sizes))
    text = clean(made.text)
    if not text:
        raise Unreadable("empty", "nothing but numbers, captions and references")
    words = " ".join(clean("\n".join(line.text for line in first)).split("\n"))
    return Document(
        text=text,
        title=_title(file, first, words),
        lang=_language(file),
        ids=tuple(_ids(words, rotated)),
        captions=tuple(filter(None, map(clean, made.captions))),
        rights=Rights(licences=tuple(_licences(first))),
        counts=dict(counts + Counter(heads) + Counter(made.counts)),
    )


def _flows(file: Any, counts: Counter[str], sizes: Sizes) -> tuple[Flows, str]:
    """The lines of all pages, by page and direction of writing, and the first rotated text."""
    pages = len(file)
    if pages > MAX_PAGES:
        raise Unreadable("too_large", f"{pages} pages, limit {MAX_PAGES}")
    flows: Flows = []
    stamp = ""
    chars = unmapped = 0
    for number in range(pages):
        page = _page(file, number, min(MAX_CHARS - chars, MAX_PAGE_CHARS))
        if page is None:
            counts["unreadable_pages"] += 1
            continue
        chars += page.chars
        unmapped += page.unmapped
        counts["unplaced"] += page.unplaced
        counts["sizeless"] += page.sizeless
        counts["rotated"] += len(page.rotated)
        stamp = stamp or page.rotated[:MAX_ROTATED]
        sizes.update(_sizes(page.glyphs))
        for glyphs in (page.glyphs, page.others):
            if flow := _lines(glyphs, number, counts):
                flows.append(flow)
    if chars and unmapped > MAX_UNMAPPED * chars:
        raise Unreadable("unmapped_fonts", f"{unmapped / chars:.2f} of {chars} characters, limit {MAX_UNMAPPED}")
    counts["unmapped"] = unmapped
    if not flows:
        found = {"malformed": counts["unreadable_pages"], "missing_fonts": counts["sizeless"], "no_text_layer": pages}
        reason = next((name for name, count in found.items() if count), "malformed")
        raise Unreadable(reason, f"{pages} pages without text, {counts['sizeless']} texts of no size")
    return flows, stamp


def _page(file: Any, number: int, room: int) -> pdf_glyphs.Page | None:
    try:
        page = file[number]
    except pypdfium2.PdfiumError:
        return None
    try:
        if (objects := pdfium.FPDFPage_CountObjects(page.raw)) > MAX_OBJECTS:
            raise Unreadable("too_large", f"{objects} objects on page {number + 1}, limit {MAX_OBJECTS}")
        found = pdf_glyphs.read(page, room)
    finally:
        page.close()
    if found is None:
        raise Unreadable("too_large", f"more than {room} characters left or on page {number + 1}")
    return found


def _lines(glyphs: Sequence[pdf_glyphs.Glyph], page: int, counts: Counter[str]) -> list[Line]:
    if not glyphs:
        return []
    spans, left_out = pdf_lines.spans(glyphs)
    lines, numbers = pdf_layout.lines(spans, page, _usual(Counter(_sizes(glyphs))))
    counts.update(left_out)
    counts["line_numbers"] += numbers
    return lines


def _sizes(glyphs: Sequence[pdf_glyphs.Glyph]) -> Iterator[tuple[float, bool, bool]]:
    for glyph in glyphs:
        yield glyph.style.size, glyph.text >= pdf_glyphs.FIRST_WIDE, glyph.style.mono


def _usual(sizes: Sizes) -> float:
    """The size of most characters, listings left out where there is much else; in Japanese that of the Latin ones,
    which may be an eighth larger."""
    prose: Sizes = Counter({key: count for key, count in sizes.items() if not key[2]})
    found = prose if prose.total() > 0.2 * sizes.total() else sizes
    wide, narrow, both = Counter[float](), Counter[float](), Counter[float]()
    for (size, is_wide, _), count in found.items():
        both[size] += count
        (wide if is_wide else narrow)[size] += count
    most = max(both, key=lambda size: (both[size], size))
    if 2 * wide[most] < both[most]:
        return most
    latin = [size for size in narrow if most < size < 1.16 * most and narrow[size] > 0.1 * both.total()]
    return max(latin, default=most)


_BAD_TITLE = re.compile(
    r"untitled|microsoft word|powerpoint|\.(?:dvi|docx?|tex|indd|pdf|pptx?|ps|qxd|rtf)\b|[\ufffd\x00-\x1f]",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")


def _title(file: Any, first: Sequence[Line], words: str) -> str:
    """That of the file if its first page has it too, else the largest lines there, else that of the file."""
    stated = " ".join(clean(file.get_metadata_value("Title")).split())[:MAX_TITLE]
    if _BAD_TITLE.search(stated) or not _LETTER.search(stated):
        stated = ""
    if stated and _packed(stated) in _packed(words):
        return stated
    return _largest(first) or stated


def _packed(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _largest(first: Sequence[Line]) -> str:
    """The lines of the first page that are larger than all others, if they are close together."""
    sizes: Counter[float] = Counter()
    for line in first:
        sizes[line.size] += len(line.text)
    usual = max(sizes, key=lambda size: (sizes[size], size))
    # A capital let into a paragraph, a number of a chapter and a logo are no titles.
    lettered = [line for line in first if len(_LETTER.findall(line.text)) > 2]
    size = max((line.size for line in lettered), default=0.0)
    if size < LARGE * usual:
        return ""
    made = ""
    last: Line | None = None
    for line in lettered:
        if line.size < 0.97 * size:
            continue
        if last is not None and not 0 < line.bottom - last.bottom < 2 * size:
            break
        made = joined(made, line.text) if made else line.text
        last = line
    return clean(made) if len(made) <= MAX_TITLE else ""


def _language(file: Any) -> str:
    length = pdfium.FPDFCatalog_GetLanguage(file.raw, None, 0)
    if not 2 < length < 64:
        return ""
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFCatalog_GetLanguage(file.raw, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    tag = buffer.raw[: length - 2].decode("utf-16-le", "replace").lower()
    return found[0] if (found := re.match("[a-z]{2,3}(?![a-z])", tag)) else ""


_DOI = re.compile(r"(doi[.:/\s]{0,3}(?:org/)?\s?)?\b(10\.[0-9]{4,9}/[-._;()/:<>\[\]a-z0-9]{2,100})", re.IGNORECASE)
_ARXIV = re.compile(r"arXiv:\s?([0-9]{4}\.[0-9]{4,5}|[a-z-]{2,12}(?:\.[A-Z]{2})?/[0-9]{7})(?:v[0-9]{1,2})?\b")


def _ids(words: str, rotated: str) -> Iterator[str]:
    """The DOI of the first page, one named so before others; the number that arXiv has stamped on it."""
    words = words[: found.start()] if (found := _REFERENCES_AHEAD.search(words)) else words
    dois = [(not match[1], match.start(), match[2]) for match in _DOI.finditer(words)]
    if dois:
        yield "doi:" + _trimmed(min(dois)[2]).lower()
    if found := _ARXIV.search(rotated):
        yield f"arxiv:{found[1]}"


_REFERENCES_AHEAD = re.compile(r"\b(?:References|REFERENCES|Bibliography)\b|参考文献")


def _trimmed(doi: str) -> str:
    doi = doi.rstrip(".,;:/-[<")
    while doi.endswith((")", "]", ">")) and doi.count(doi[-1]) > doi.count({")": "(", "]": "[", ">": "<"}[doi[-1]]):
        doi = doi[:-1].rstrip(".,;:")
    return doi


_LICENCE = re.compile(
    r"(?:the\s)?Creative\sCommons(?:\s[A-Z][A-Za-z-]{1,20}){1,4}\s(?:[1-4]\.0)(?:\s(?:International|Unported|Generic|[A-Z][a-z]{1,15}))?"
    r"(?:\sLicen[cs]e)?(?:\s\(CC[- ]BY[^)]{0,20}\))?"
    r"|\bCC[ -]BY(?:-(?:NC|ND|SA)){0,2}[ -][1-4]\.0\b|\bCC0(?:\s1\.0)?\b"
    r"|https?://creativecommons\.org/(?:licenses|publicdomain)/[a-z-]{1,12}/[1-4]\.0(?:/[a-z]{2})?"
)


def _licences(first: Sequence[Line]) -> Iterator[Licence]:
    """Those that the first page states word for word."""
    words = ""
    for line in first:
        words = joined(words, clean(line.text)) if words else clean(line.text)
    seen: set[str] = set()
    for match in _LICENCE.finditer(words):
        stated = match[0]
        if stated in seen or len(seen) == MAX_LICENCES:
            continue
        seen.add(stated)
        is_url = stated.startswith("http")
        yield Licence(stated, licences.name("" if is_url else stated, stated if is_url else ""), "first page")
