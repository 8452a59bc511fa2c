"""Find web archives: files, globs, folders and lists of them, each under a name that no machine or mount changes."""

import fnmatch
import glob
import hashlib
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipelines import archive
from pipelines.errors import UsageError

SUFFIXES = (".warc", ".warc.gz", ".arc", ".arc.gz", ".wacz")

_ZIP = b"PK\x03\x04"


class InputError(UsageError):
    """An input that cannot be read at all: what, where, what to do."""


@dataclass(frozen=True)
class Source:
    """One archive file. `name` stands for it in everything that is hashed: its base name, or as much of the end of
    its path as tells it from the other inputs."""

    name: str
    path: str
    size: int
    sha256: str


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_inputs(patterns: Sequence[str], digest: Callable[[Path], str] = sha256_of) -> list[Source]:
    """The archives that files, globs (`**` too), folders and `.paths` lists name, sorted by name, each file once.

    A folder gives the files in and below it that have one of `SUFFIXES`; like a glob, it leaves out hidden names. A
    `.paths` list holds a path, glob or folder per line, relative to the list's folder, and comments after `#`.

    Raises `InputError` for what names nothing, cannot be read, or is no archive.
    """
    found: dict[tuple[int, int], Path] = {}
    for path in itertools.chain.from_iterable(_expand(pattern, Path.cwd(), "") for pattern in patterns):
        key = _identity(path)
        # Of several links to a file the same one is taken whatever the order of the patterns.
        found[key] = min(found.get(key, path), path, key=lambda path: (path.name, path.as_posix()))
    names = _names(list(found.values()))
    sources = []
    for path in sorted(found.values(), key=names.__getitem__):
        try:
            names[path].encode()
            sources.append(Source(names[path], str(path), path.stat().st_size, digest(path)))
        except UnicodeEncodeError:
            raise InputError(f"{str(path)!r}: its name is not valid UTF-8; rename it") from None
        except OSError as error:
            raise InputError(
                f"{path}: cannot be read ({error.strerror}); see to it or take it off the inputs"
            ) from None
    return sources


def _expand(pattern: str, folder: Path, where: str) -> Iterator[Path]:
    """The archives one pattern names. `where` is the list and line it comes from, for messages."""
    literal = folder / pattern
    if os.path.lexists(literal):
        matches = [literal]
    elif glob.has_magic(pattern):
        matches = [path for path in _glob(pattern, folder) if path.suffix != ".paths" or pattern.endswith(".paths")]
    else:
        raise InputError(f"{where}{pattern}: no such file; correct the path")
    archives = [file for match in matches for file in _archives(match, match is literal, where)]
    if not archives:
        raise InputError(f"{where}{pattern}: no web archive there ({' '.join(SUFFIXES)}); correct the path")
    yield from archives


def _archives(path: Path, explicit: bool, where: str) -> list[Path]:
    """The archives a path stands for. Only what was named itself, not found by a glob, has to be one."""
    path = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would give a link its target's name
    try:
        if path.is_dir():
            return [file for file in _walk(path) if file.name.lower().endswith(SUFFIXES)]
        if path.suffix == ".paths":
            if where:
                raise InputError(f"{where}{path}: a list in a list; name the archives themselves")
            return list(_listed(path))
        if _is_archive(path):
            return [path]
    except OSError as error:
        raise InputError(f"{where}{path}: cannot be read ({error.strerror}); see to it or take it off") from None
    if explicit:
        raise InputError(f"{where}{path}: not a web archive (WARC, ARC or WACZ); take it off the inputs")
    return []


def _listed(path: Path) -> Iterator[Path]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text in UTF-8; a .paths list holds one path a line") from None
    for number, line in enumerate(lines, 1):
        if entry := re.sub(r"(^|\s)#.*", "", line).strip():
            yield from _expand(entry, path.parent, f"{path}:{number}: ")


def _is_archive(path: Path) -> bool:
    if not path.exists() or path.is_file():  # a pipe would be waited for
        with path.open("rb") as file:
            if path.name.lower().endswith(SUFFIXES):
                return True
            return is_zip(file) or archive.is_archive(file.fileno(), path.stat().st_size)
    return False


def _glob(pattern: str, folder: Path) -> Iterator[Path]:
    """What matches a glob. `**` goes through `_walk`, which no circle of links and no closed folder can fool."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from (folder / match for match in glob.iglob(pattern, root_dir=folder))  # noqa: PTH207  # takes `..`
        return
    fixed = next(n for n, part in enumerate(parts) if glob.has_magic(part))
    base = folder.joinpath(*parts[:fixed])
    if base.is_dir():
        yield from (file for file in _walk(base) if _fits(file.relative_to(base).parts, parts[fixed:]))


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder that is not hidden. Links are followed, but no folder is entered twice."""

    def fail(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror}); see to it") from None

    entered = {_identity(folder)}
    for root, folders, files in os.walk(folder, followlinks=True, onerror=fail):
        yield from (Path(root, name) for name in sorted(files) if not name.startswith("."))
        visible = {
            _identity(path): path.name
            for name in sorted(folders)
            if not (path := Path(root, name)).name.startswith(".")
        }
        folders[:] = [name for key, name in visible.items() if key not in entered]
        entered |= visible.keys()


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); see to it or take it off the inputs") from None
    return status.st_dev, status.st_ino


def _names(paths: list[Path]) -> dict[Path, str]:
    """The shortest end of each path that is not the end of another."""
    names: dict[Path, str] = {}
    for depth in itertools.count(1):
        ends = {path: "/".join(path.parts[1:][-depth:]) for path in paths}
        times = Counter(ends.values())
        names |= {path: end for path, end in ends.items() if times[end] == 1 and path not in names}
        if len(names) == len(paths):
            break
    return names


def is_zip(file: BinaryIO) -> bool:
    return os.pread(file.fileno(), len(_ZIP), 0) == _ZIP
