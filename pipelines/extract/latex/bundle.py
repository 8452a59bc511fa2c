"""The files of a LaTeX source, as arXiv hands it out: one file, one file gzipped, or a tar, gzipped or not.

Names of members are only ever keys that \\input is looked up under; nothing is written or opened.
"""

import io
import json
import posixpath
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.extract import charset
from pipelines.extract.document import Unreadable

#: Of the record, and of what it unpacks to. arXiv takes submissions of 50 MB; most of it are figures.
MAX_RAW = 64_000_000
MAX_UNPACKED = 256_000_000
MAX_MEMBERS = 10_000
#: Of all TeX sources together. The largest book of the samples has 1.8 MB.
MAX_SOURCE = 8_000_000

_TEXTS = (".tex", ".ltx", ".latex", ".dtx", ".sty", ".bbl", ".txt")
_SOURCES = (".tex", ".ltx", ".latex", ".dtx")
_README = ("00README.json", "00README.XXX", "00README.yaml", "00README")

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_CLASS = re.compile(r"\\document(?:class|style)\s*+(?:\[[^\[\]]{0,2000}\])?\s*+\{\s*+([\w./-]*)")
_INPUT = re.compile(r"\\(?:input|include|subfile|import\{[^{}]{0,200}\})\s*+\{?\s*+([\w./-]{1,200})")
_TOP_LEVEL = re.compile(r"^[ \t]*+(\S+)[ \t]+toplevelfile\b", re.MULTILINE)
_INPUTENC = re.compile(rb"\\(?:usepackage|inputencoding)\s*+(?:\[([\w-]{1,20})\]\s*+\{inputenc\}|\{([\w-]{1,20})\})")
#: inputenc's names for what the Encoding Standard calls otherwise.
_INPUTENC_LABELS = {
    "latin1": "windows-1252", "ansinew": "windows-1252", "cp1252": "windows-1252", "latin9": "iso-8859-15",
    "applemac": "macintosh", "utf8": "utf-8", "utf8x": "utf-8", "sjis": "shift_jis", "cp850": "", "cp437": "",
}  # fmt: skip


@dataclass(frozen=True)
class Bundle:
    """The decoded TeX files by name, and the name of the one that TeX is to be run on."""

    files: Mapping[str, str]
    root: str
    charset: str
    charset_source: str
    other_roots: int = 0

    def find(self, name: str, folder: str = "", endings: tuple[str, ...] = ("", ".tex")) -> str | None:
        r"""The name of the file that \input{name} in `folder` means, None where there is none."""
        name = name.strip().strip('"')
        for base in dict.fromkeys((folder, posixpath.dirname(self.root), "")):
            for ending in endings:
                key = posixpath.normpath(posixpath.join(base, name)) + ending
                if key in self.files:
                    return key
        return None


def read(raw: bytes, name: str) -> Bundle:
    """The files of a record.

    Raises:
        Unreadable: too_large, malformed (a broken archive), no_source, undecodable.
    """
    if len(raw) > MAX_RAW:
        raise Unreadable("too_large", f"{len(raw)} bytes, limit {MAX_RAW}")
    if raw.startswith(b"\x1f\x8b"):
        raw = _gunzip(raw)
    if raw.startswith(b"%PDF-"):
        raise Unreadable("no_source", "a PDF")  # of some submissions arXiv has nothing else
    packed = {posixpath.normpath(key): value for key, value in _members(raw)} if _is_tar(raw) else {}
    if not _is_tar(raw):
        key = posixpath.basename(name.replace("\\", "/")).removesuffix(".gz") or "main.tex"
        packed = {key: raw}
    if (size := sum(map(len, packed.values()))) > MAX_SOURCE:
        raise Unreadable("too_large", f"{size} bytes of TeX, limit {MAX_SOURCE}")
    decoded: dict[str, charset.Decoded] = {}
    broken = ""
    for key in sorted(packed):
        try:
            decoded[key] = charset.decode(packed[key], _declared(packed[key]))
        except charset.Undecodable as error:
            broken = f"{key!a}: {error}"
    files = {key: value.text.replace("\r\n", "\n").replace("\r", "\n") for key, value in decoded.items()}
    root, others = _root(files)
    if not root:
        raise Unreadable(*(("undecodable", broken) if broken else ("no_source", "no TeX file")))
    return Bundle(files, root, decoded[root].charset, decoded[root].how, others)


def _gunzip(raw: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        made = inflate.decompress(raw, MAX_UNPACKED)
    except zlib.error as error:
        raise Unreadable("malformed", str(error)) from None
    if inflate.unconsumed_tail:
        raise Unreadable("too_large", f"unpacks to more than {MAX_UNPACKED} bytes")
    if not inflate.eof:
        raise Unreadable("malformed", "the gzip stream is cut off")
    return made


def _is_tar(raw: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(raw[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _members(raw: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count == MAX_MEMBERS:
                    raise Unreadable("too_large", f"more than {MAX_MEMBERS} files")
                named = member.name.lower().endswith(_TEXTS) or posixpath.basename(member.name) in _README
                # Old submissions have sources without an ending.
                if member.isfile() and (named or "." not in posixpath.basename(member.name)):
                    if member.size > MAX_SOURCE:
                        raise Unreadable("too_large", f"a TeX file of {member.size} bytes, limit {MAX_SOURCE}")
                    opened = archive.extractfile(member)
                    yield member.name, opened.read() if opened else b""
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError, RecursionError) as error:
        raise Unreadable("malformed", f"{type(error).__name__}: {error}"[:200]) from None


def _declared(raw: bytes) -> str:
    found = _INPUTENC.search(raw[:20_000])
    label = (found[1] or found[2]).decode("ascii", "replace").lower() if found else ""
    return _INPUTENC_LABELS.get(label, label)


def _root(files: Mapping[str, str]) -> tuple[str, int]:
    """The file to begin with, and how many others might have been it; "" where there is no TeX file.

    It is what arXiv's 00README says, else the best by: a document class, which is not one for parts of others; not read
    by another file; a name like main; in the outermost folder; the largest; the first by name.
    """
    classes: dict[str, str] = {}
    inputs: set[str] = set()
    for key, text in files.items():
        if key.endswith(_SOURCES) or "." not in posixpath.basename(key):
            shown = _COMMENT.sub(r"\1", text)
            found = _CLASS.search(shown)
            if found or key.endswith(_SOURCES) or r"\begin" in shown or r"\input" in shown:
                classes[key] = found[1] if found else ""
            inputs.update(posixpath.basename(name).removesuffix(".tex") for name in _INPUT.findall(shown))

    def rank(key: str) -> tuple[bool, bool, bool, bool, int, int, str]:
        stem = posixpath.splitext(posixpath.basename(key))[0]
        return (
            not classes[key],
            classes[key] in ("subfiles", "standalone"),
            stem in inputs,
            stem.lower() not in ("main", "ms", "paper", "article", "manuscript", "thesis", "book"),
            key.count("/"),
            -len(files[key]),
            key,
        )

    ranked = sorted(classes, key=rank)
    if stated := [key for key in _stated(files) if key in classes]:
        ranked.remove(stated[0])
        ranked.insert(0, stated[0])
    others = sum(not any(rank(key)[:3]) for key in ranked[1:])
    return (ranked[0], others) if ranked else ("", 0)


def _stated(files: Mapping[str, str]) -> list[str]:
    found = _TOP_LEVEL.findall(files.get("00README.XXX", "") + "\n" + files.get("00README", ""))
    try:
        match json.loads(files.get("00README.json", "null")):
            case {"sources": [*sources]}:
                for source in sources:
                    match source:
                        case {"filename": str(filename), "usage": "toplevel"}:
                            found.append(filename)
    except (ValueError, RecursionError):
        pass
    return [posixpath.normpath(name) for name in found]
