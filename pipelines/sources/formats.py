"""Which format a file or an archive's member is in: by its name, and where names say too little by its first bytes."""

import re
from typing import BinaryIO

#: Formats of a document, each with an extractor of the same name below pipelines/extract/.
DOCUMENTS = ("html", "jats", "tei", "kaken", "egov", "latex", "pdf", "aozora", "markdown", "plain", "wikitext")

#: And of what holds documents.
COLLECTIONS = ("warc", "dump", "lines", "parquet", "archive")

FORMATS = (*COLLECTIONS, *DOCUMENTS)

#: As much of a member as is looked at. The document type of an XML file, with its own entities, fits in.
HEAD = 1 << 16

_ENDINGS = {
    "warc": (".warc", ".warc.gz", ".arc", ".arc.gz", ".wacz", ".warc.wet.gz", ".warc.wet", ".wet.gz", ".wet"),
    "lines": (".jsonl", ".jsonl.gz", ".jsonl.zst", ".jsonl.bz2", ".ndjson", ".ndjson.gz", ".json.gz", ".json.zst"),
    "parquet": (".parquet",),
    "latex": (".tex", ".ltx", ".latex", ".dtx"),
    "pdf": (".pdf",),
    "markdown": (".md", ".markdown", ".mkd"),
    "html": (".html", ".htm", ".xhtml"),
    "archive": (".tar", ".zip", ".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.zst", ".tzst"),
}  # fmt: skip
_COMPRESSED = (".gz", ".bz2", ".zst")
_XML = (".xml", ".nxml", ".jats")
_TEXT = (".txt", ".text")

_ROOTS = {
    b"article": "jats", b"pmc-articleset": "jats", b"sub-article": "jats",
    b"TEI": "tei", b"TEI.2": "tei", b"teiCorpus": "tei",
    b"Law": "egov", b"DataRoot": "egov", b"law_data_response": "egov",
    b"grantAwards": "kaken", b"grantAward": "kaken",
    b"html": "html", b"page": "wikitext", b"mediawiki": "dump",
}  # fmt: skip
#: Possessive throughout, or what is no XML would be tried in every way to cut it.
_PROLOG = re.compile(
    rb"(?>\s++|<\?(?>[^>]{0,2000}?\?>)|<!--(?>.{0,20000}?-->)"
    rb"|<!(?i:DOCTYPE)[^\[>]{0,2000}+(?:\[(?>.{0,40000}?\]\s*+))?>)*+"
    rb"<(?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60})",
    re.DOTALL,
)
#: What every text of Aozora Bunko has: the line that names the book it was typed from, or the legend of its marks.
_AOZORA = tuple(
    mark.encode(charset)
    for mark in ("底本：", "底本:", "【テキスト中に現れる記号について】")
    for charset in ("cp932", "utf-8", "utf-16-le")
)
_LATEX = re.compile(rb"\\(?:documentclass|documentstyle|begin\{document\}|chapter|section)\b")


def by_name(name: str) -> str:
    """The format that a file's name tells: one of FORMATS, "xml" or "text" where its bytes have to say which, or ""."""
    name = name.lower()
    for format, endings in _ENDINGS.items():
        if name.endswith(endings):
            return format
    name = bare(name)
    for format, endings in _ENDINGS.items():
        if format in DOCUMENTS and name.endswith(endings):
            return format
    return "xml" if name.endswith(_XML) else "text" if name.endswith(_TEXT) else ""


def bare(name: str) -> str:
    """A file's name as it is when the file is no longer compressed."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending.lower()}" in _COMPRESSED else name


def sniff(name: str, payload: bytes) -> str:
    """The format of a document, one of DOCUMENTS, or "dump", or "" for what is none of them. The bytes are those of the
    document itself, not compressed."""
    named = by_name(name)
    if named in DOCUMENTS:
        return named
    head = payload[:HEAD]
    if head[:1024].find(b"%PDF-") >= 0:
        return "pdf"
    if root := _PROLOG.match(_ascii(head)):
        return _ROOTS.get(root[1], "html" if root[1].lower() in (b"html", b"body", b"head") else "")
    if named == "text" or not named:
        if any(mark in payload for mark in _AOZORA):
            return "aozora"
        if named == "text":
            return "plain"
        if _LATEX.search(head):
            return "latex"
    return ""


def _ascii(head: bytes) -> bytes:
    """The beginning of an XML file in a coding in which ASCII is ASCII, without the mark of its byte order."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode(errors="replace")
    return head.removeprefix(b"\xef\xbb\xbf")


def is_zip(head: bytes | BinaryIO) -> bool:
    """Whether bytes, or those at the beginning of a file, are of a zip."""
    if not isinstance(head, bytes):
        head.seek(0)
        head = head.read(4)
    return head.startswith(b"PK\x03\x04")


def is_tar(head: bytes) -> bool:
    """Whether the beginning of a file is that of a tar; of those from before POSIX (1988) none can be told."""
    return head[257:262] == b"ustar"
