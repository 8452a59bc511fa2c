"""LaTeX papers that lie in a folder, file beside file: which files are one paper, and what the extractor gets of them.

A paper is what arXiv would hand out, so it is given as a tar of its files. Names in it are relative to the folder of
the file that TeX is run on, so that they are the same wherever the folder lies.
"""

import io
import json
import os
import posixpath
import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pipelines.sources import containers
from pipelines.sources.archive import Damaged
from pipelines.sources.formats import by_name
from pipelines.sources.raw import Source

#: Files of one paper, and bytes of one that are looked at. Books have a hundred files; the extractor takes 8 MB in all.
MAX_FILES = 1_000
MAX_BYTES = 8_000_000

_ENDINGS = (".tex", ".ltx", ".latex")
_READ_TOO = (".sty", ".cls", ".bbl")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_ROOT = re.compile(r"\\document(?:class|style)\b.*?\\begin\s*+\{document\}", re.DOTALL)
_INPUT = re.compile(
    r"\\(?:input|include|subfile|(?:sub)?(?:import|inputfrom|includefrom)\*?\s*+\{([^{}\n]{0,200})\})"
    r"\s*+(?:\{\s*+\"?([^{}\"\n]{1,200})\"?\s*+\}|([^\s{}\\%\"]{1,200}))"
)


def find(sources: Iterable[Source]) -> dict[Source, tuple[Source, ...]]:
    """The files that each paper's first file reads, its own apart, sorted; found among the given files on this machine.

    A file that is read by another one is not the first of a paper, though it may have a document class (subfiles).
    """
    files = {
        os.path.normpath(source.path): source
        for source in sources
        if source.seen is None and source.path.lower().endswith(_ENDINGS)
    }
    texts = {path: _text(Path(path)) for path in sorted(files)} if len(files) > 1 else {}
    roots = {path: _reads(path, texts) for path, text in texts.items() if _ROOT.search(text)}
    read_by_others = {path for root, reads in roots.items() for path in reads if path != root}
    # Of papers that read each other in a circle the first by name is taken.
    found: dict[Source, tuple[Source, ...]] = {}
    taken: set[str] = set()
    for root in sorted(roots, key=lambda path: (path in read_by_others, path)):
        if root not in taken and roots[root]:
            found[files[root]] = tuple(files[path] for path in roots[root])
            taken.update(roots[root])
    return found


def _text(path: Path) -> str:
    """What is looked at: names of files, as UTF-8 or else byte by byte."""
    try:
        with path.open("rb") as file:
            return _COMMENT.sub(r"\1", file.read(MAX_BYTES).decode("utf-8", "surrogateescape"))
    except OSError:
        return ""  # who reads the file will say so


def _reads(root: str, texts: Mapping[str, str]) -> list[str]:
    """The files below its folder that a file reads, and those that they read, sorted; each once."""
    top = posixpath.dirname(root)
    found: dict[str, None] = {root: None}
    waiting = [root]
    while waiting and len(found) <= MAX_FILES:
        path = waiting.pop()
        for folder, braced, word in _INPUT.findall(texts[path]):
            name = posixpath.join(folder.strip(), (braced or word).strip())
            # TeX looks from the folder it was started in; `import` and `subfiles` from that of the file.
            for base in (top, posixpath.dirname(path)):
                named = posixpath.normpath(posixpath.join(base, name))
                file = next((file for file in (named, f"{named}.tex") if file in texts), None)
                if file and file.startswith(f"{top}/"):
                    if file not in found:
                        found[file] = None
                        waiting.append(file)
                    break
    return sorted(file for file in found if file != root)


def bundle(root: Source, content: bytes, others: Mapping[Source, bytes], max_bytes: int) -> tuple[bytes, str | None]:
    """A paper as a tar, the same bytes wherever it lies; and too_large (no bytes then), or None."""
    first = posixpath.basename(root.path)
    files = [(first, content), *((relative(root, other), raw) for other, raw in others.items())]
    return _tar(files, first, max_bytes)


def relative(root: Source, other: Source) -> str:
    """The name of a file of a paper in what `bundle` makes."""
    return posixpath.relpath(other.path, posixpath.dirname(root.path))


def repacked(file: BinaryIO, size: int, max_bytes: int) -> tuple[bytes, str | None]:
    """The same of a paper in a zip, as Overleaf hands it out; bad_encoding where a file in it cannot be read."""
    files = []
    for member in containers.zip_members(file, 0, containers.MAX_MEMBERS, size, max_bytes):
        if isinstance(member, Damaged):
            return b"", "bad_encoding"
        if by_name(member.name) == "latex" or member.name.lower().endswith(_READ_TOO):
            files.append((member.name, member.payload))
    return _tar(files, "", max_bytes)


def _tar(files: Sequence[tuple[str, bytes]], root: str, max_bytes: int) -> tuple[bytes, str | None]:
    if sum(len(content) for _, content in files) > max_bytes:
        return b"", "too_large"
    made = io.BytesIO()
    # As arXiv says which file is the first.
    stated = json.dumps({"sources": [{"filename": root, "usage": "toplevel"}]}).encode()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in [*sorted(files), *([("00README.json", stated)] if root else [])]:
            member = tarfile.TarInfo(name)  # of the year 1970, and no one's
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue(), None
