"""Find the input: files, globs, folders and lists of them, each under a name that no machine or mount changes."""

import fnmatch
import glob
import hashlib
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipelines.errors import InputError
from pipelines.sources import Source, format_of_path
from pipelines.sources.formats import by_name

#: What is looked for in folders and globs, unless a recipe says more: see `formats.FORMATS`.
WEB = ("warc",)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_inputs(
    patterns: Sequence[str], digest: Callable[[Path], str] = sha256_of, formats: Sequence[str] = WEB
) -> list[Source]:
    """The files that files, globs (`**` too), folders and `.paths` lists name, sorted by name, each file once.

    A folder gives the files in and below it whose names tell that they are in one of `formats`; like a glob, it leaves
    out hidden names. A `.paths` list holds a path, glob or folder per line, relative to the list's folder, and comments
    after `#`. What is named itself may be in any format that can be read.

    Raises `InputError` for what names nothing, cannot be read, or is in no such format.
    """
    found: dict[tuple[int, int], Path] = {}
    for path in itertools.chain.from_iterable(_expand(pattern, Path.cwd(), "", formats) for pattern in patterns):
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


def passed_over(patterns: Sequence[str], formats: Sequence[str] = WEB) -> dict[str, int]:
    """The files in the folders named that `find_inputs` leaves out, counted by the ends of their names."""
    ends: Counter[str] = Counter()
    for folder in map(Path, patterns):
        if folder.is_dir():
            ends.update(path.suffix.lower() or path.name for path in _walk(folder) if not _in_folder(path, formats))
    return dict(sorted(ends.items()))


def _expand(pattern: str, folder: Path, where: str, formats: Sequence[str]) -> Iterator[Path]:
    """The files one pattern names. `where` is the list and line it comes from, for messages."""
    literal = folder / pattern
    if os.path.lexists(literal):
        matches = [literal]
    elif glob.has_magic(pattern):
        matches = [path for path in _glob(pattern, folder) if path.suffix != ".paths" or pattern.endswith(".paths")]
    else:
        raise InputError(f"{where}{pattern}: no such file; correct the path")
    files = [file for match in matches for file in _files(match, match is literal, where, formats)]
    if not files:
        raise InputError(
            f"{where}{pattern}: nothing there in the formats this recipe reads ({', '.join(formats)}); correct the "
            "path, or input.formats"
        )
    yield from files


def _files(path: Path, explicit: bool, where: str, formats: Sequence[str]) -> list[Path]:
    """The files a path stands for. Only what was named itself, not found by a glob, has to be one."""
    path = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would give a link its target's name
    try:
        if path.is_dir():
            return [file for file in _walk(path) if _in_folder(file, formats)]
        if path.suffix == ".paths":
            if where:
                raise InputError(f"{where}{path}: a list in a list; name the archives themselves")
            return list(_listed(path, formats))
        # A pipe would be waited for.
        found = format_of_path(path) if not path.exists() or path.is_file() else ""
        if found in formats or (explicit and found):
            return [path]
    except OSError as error:
        raise InputError(f"{where}{path}: cannot be read ({error.strerror}); see to it or take it off") from None
    if explicit:
        raise InputError(f"{where}{path}: in no format that can be read; take it off the inputs")
    return []


def _listed(path: Path, formats: Sequence[str]) -> Iterator[Path]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text in UTF-8; a .paths list holds one path a line") from None
    for number, line in enumerate(lines, 1):
        if entry := re.sub(r"(^|\s)#.*", "", line).strip():
            yield from _expand(entry, path.parent, f"{path}:{number}: ", formats)


def _in_folder(path: Path, formats: Sequence[str]) -> bool:
    """Whether a folder gives this file; its first bytes are read only where its name says too little."""
    named = by_name(path.name)
    return format_of_path(path) in formats if named in ("xml", "text", "archive") else named in formats


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
