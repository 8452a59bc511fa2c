"""A plain text file to its text, in whatever charset: running heads go, hard-wrapped lines are made paragraphs again.

Lines are left as they stand in texts that are not clearly hard-wrapped (wrapping.py), and in verse, code and tables.
"""

import itertools
import re
from collections import Counter
from dataclasses import replace

from pipelines.extract import charset
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import clean
from pipelines.extract.wrapping import measure, unwrap
from tokenizer.normalize import normalize

# The longest novels have 6 MB. A text is held a dozen times over on the way.
MAX_BYTES = 32_000_000
# A line costs 8 µs, however short; the longest novels have 0.1 million.
MAX_LINES = 1_000_000

# What is written in letters, but not for readers.
_OTHER_FORMATS = (
    (re.compile(rb"\s*%PDF-"), "PDF"),
    (re.compile(rb"\s*%!PS"), "PostScript"),
    (re.compile(rb"\s*\{\\rtf"), "RTF"),
    (re.compile(rb"\s*<(?:!doctype\s+)?html\b", re.IGNORECASE), "HTML"),
    (re.compile(rb"\s*<\?xml\b"), "XML"),
)
_SHOWN_MARKUP = re.compile(rb"<(?=meta\b|\?xml\b)", re.IGNORECASE)

_LINE_END = re.compile("\r\n?")
# RFCs that lost their form feeds.
_PAGE_END = re.compile(r"^(.*\[Page [0-9ivxl]{1,5}\])[ \t]*$", re.MULTILINE)
_NUMBER = re.compile(r"[0-9０-９]+|\b[ivxl]+\b")
_PAGE_INDENT = re.compile("^\u3000+", re.MULTILINE)
_EMPTY_LINES = re.compile("\n{3,}")

# A head stands on so many pages, and on so large a share of them: those of left and right pages may differ.
MIN_HEADS, MIN_HEAD_SHARE = 3, 0.3


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The text of a file. Counts `running_heads` (lines) and `line_breaks` that went.

    Raises:
        Unreadable: too_large, not_text (binary data, another format, or in no charset), or empty.
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable("too_large", f"{len(raw)} bytes, limit {MAX_BYTES}")
    if other := next((what for start, what in _OTHER_FORMATS if start.match(raw, 0, 1024)), ""):
        raise Unreadable("not_text", other)
    decoded = decode(raw)
    if (line_ends := sum(map(decoded.text.count, "\n\r\f"))) > MAX_LINES:
        raise Unreadable("too_large", f"{line_ends} lines, limit {MAX_LINES}")
    pages = [normalize(page).split("\n") for page in _pages(decoded.text)]
    pages = [[line.replace("\xa0", " ").rstrip() for line in page] for page in pages]
    heads = _cut_heads(pages)
    lines = sum(map(bool, itertools.chain.from_iterable(pages)))
    wrapping = measure(pages)
    made = unwrap(pages, wrapping) if wrapping else [line for page in pages for line in (*page, "")]
    # Where a paragraph begins is shown by its line already.
    text = clean(_EMPTY_LINES.sub("\n\n", _PAGE_INDENT.sub("", "\n".join(made))))
    if not text:
        raise Unreadable("empty", "nothing but white space and running heads")
    counts = {"running_heads": heads, "line_breaks": lines - sum(map(bool, made))}
    return [Document(text, charset=decoded.charset, charset_source=decoded.how, counts=counts)]


def decode(raw: bytes) -> charset.Decoded:
    """The text, without belief in the meta elements and XML declarations that it shows.

    Raises:
        Unreadable: not_text.
    """
    try:
        decoded = charset.decode(raw)
        if decoded.how == "meta" and decoded.charset != "iso2022_jp":
            # An escape, which is in no other text, hides them.
            shown = _SHOWN_MARKUP.sub(b"<\x1b", raw[: charset.META_BYTES]) + raw[charset.META_BYTES :]
            decoded = charset.decode(shown)
    except charset.Undecodable as error:
        raise Unreadable("not_text", str(error)) from None
    return replace(decoded, text=decoded.text.replace("\x1b", ""))


def _pages(text: str) -> list[str]:
    text = _LINE_END.sub("\n", text)
    return (text if "\f" in text else _PAGE_END.sub("\\1\f", text)).split("\f")


def _cut_heads(pages: list[list[str]]) -> int:
    """Take running heads and page numbers off the pages, and the empty lines around them; returns how many went.

    A head is the first or last line of many pages, but for its numbers.
    """
    for page in pages:
        _cut_empty(page)
    found = 0
    for edge in (0, -1):
        keys = [_NUMBER.sub("0", " ".join(page[edge].split())) if page else "" for page in pages]
        often = Counter(filter(None, keys))
        least = max(MIN_HEADS, MIN_HEAD_SHARE * len(pages))
        for page, key in zip(pages, keys):
            if often[key] >= least:
                del page[edge]
                found += 1
    for page in pages:
        _cut_empty(page)
    return found


def _cut_empty(page: list[str]) -> None:
    first = next((at for at, line in enumerate(page) if line), len(page))
    del page[:first]
    while page and not page[-1]:
        page.pop()
