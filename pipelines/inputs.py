"""Find the input: files, globs, folders and lists, here or elsewhere, each under a name that no machine or mount
changes."""

import fnmatch
import glob
import hashlib
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines import lists, remote
from pipelines.errors import InputError
from pipelines.sources import Source, format_of, format_of_path
from pipelines.sources.formats import by_name

#: What is looked for in folders and globs, unless a recipe says more: see `formats.FORMATS`.
WEB = ("warc",)

#: Files elsewhere that are looked at at a time. Looking is waiting; Common Crawl turns away those who ask too often.
LOOKS = 4

#: A path on this machine, or an address.
File = Path | str


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_elsewhere(url: str, seen: remote.Seen) -> str:
    """The digest of a file elsewhere, which is read through for it."""
    sha256 = hashlib.sha256()
    with remote.RemoteFile(url, seen) as file:
        file.copy(0, seen.size, sha256.update)
    return sha256.hexdigest()


def by_etag(url: str, seen: remote.Seen) -> str:
    """What stands in for the digest of a file elsewhere that is not read through."""
    return seen.identity


def find_inputs(
    patterns: Sequence[str],
    digest: Callable[[Path], str] = sha256_of,
    formats: Sequence[str] = WEB,
    elsewhere: Callable[[str, remote.Seen], str] = by_etag,
    base: str = "",
) -> list[Source]:
    """The files that files, globs (`**` too), folders and `.paths` lists name, sorted by name, each file once.

    All of them may be addresses (https, s3, gs); globs and folders, which end in a slash, only of objects in a store.
    `elsewhere` gives the digests of such files, or what stands in for them.

    A folder gives the files in and below it whose names tell that they are in one of `formats`; like a glob, it leaves
    out hidden names. A `.paths` list holds a path, glob or folder per line, relative to the list's folder, and comments
    after `#`. The lines of a list elsewhere, of Common Crawl's `.paths.gz`, and of any list where `base` is given, are
    paths below that; see `lists.base_of`, and the top of that file for how to choose lines. What is named itself may be
    in any format that can be read.

    Raises `InputError` for what names nothing, cannot be read, or is in no such format.
    """
    here: dict[tuple[int, int], Path] = {}
    away: set[str] = set()
    for path in itertools.chain.from_iterable(_expand(pattern, Path.cwd(), "", formats, base) for pattern in patterns):
        if isinstance(path, str):
            away.add(path)
            continue
        key = _identity(path)
        # Of several links to a file the same one is taken whatever the order of the patterns.
        here[key] = min(here.get(key, path), path, key=lambda path: (path.name, path.as_posix()))
    names = _names([*here.values(), *sorted(away)])
    with ThreadPoolExecutor(LOOKS) as pool:
        seen = dict(zip(sorted(away), pool.map(_look, sorted(away))))
    sources = []
    for path in sorted(names, key=names.__getitem__):
        try:
            names[path].encode()
            if isinstance(path, str):
                sources.append(Source(names[path], path, seen[path].size, elsewhere(path, seen[path]), seen[path]))
            else:
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


def _look(url: str) -> remote.Seen:
    """What is known of a file elsewhere before it is read; its first bytes only where its name says too little."""
    seen = remote.look(url)
    name = remote.base_name(url)
    if by_name(name) in ("", "xml", "text"):
        with remote.buffered(url, seen) as file:
            if not format_of(file, name):
                raise InputError(f"{remote.shown(url)}: in no format that can be read; take it off the inputs")
    return seen


def _expand(pattern: str, folder: Path, where: str, formats: Sequence[str], base: str) -> Iterator[File]:
    """The files one pattern names. `where` is the list and line it comes from, for messages."""
    if remote.is_remote(pattern):
        yield from _expand_remote(pattern, where, formats, base)
        return
    literal = folder / pattern
    if not os.path.lexists(literal) and (found := lists.parse(pattern)) and found[1]:
        yield from _listed(str(folder / found[0]), found[1], where, formats, base)
        return
    if os.path.lexists(literal):
        matches = [literal]
    elif glob.has_magic(pattern):
        matches = [path for path in _glob(pattern, folder) if path.suffix != ".paths" or pattern.endswith(".paths")]
    else:
        raise InputError(f"{where}{pattern}: no such file; correct the path")
    files = [file for match in matches for file in _files(match, match is literal, where, formats, base)]
    if not files:
        raise _nothing(where, pattern, formats)
    yield from files


def _nothing(where: str, pattern: str, formats: Sequence[str]) -> InputError:
    return InputError(
        f"{where}{pattern}: nothing there in the formats this recipe reads ({', '.join(formats)}); correct the "
        "path, or input.formats"
    )


def _expand_remote(pattern: str, where: str, formats: Sequence[str], base: str) -> Iterator[File]:
    if found := lists.parse(pattern):
        yield from _listed(*found, where, formats, base)
        return
    *folders, name = pattern.split("/")
    searched = glob.has_magic(pattern) if remote.is_object(pattern) else "*" in pattern.partition("?")[0]
    if name and not searched:
        yield pattern
        return
    if not remote.is_object(pattern):
        raise InputError(f"{where}{remote.shown(pattern)}: a web server cannot be searched; give a list of files")
    fixed = next((n for n, part in enumerate(folders) if glob.has_magic(part)), len(folders))
    wanted = (*folders[fixed:], name or "**")
    files = [
        url
        for url, place in remote.listing("/".join([*folders[:fixed], ""]))
        if _fits(tuple(place.split("/")), wanted) and not re.search(r"(^|/)\.", place) and by_name(place) in formats
    ]
    if not files:
        raise _nothing(where, pattern, formats)
    yield from files


def _files(path: Path, explicit: bool, where: str, formats: Sequence[str], base: str) -> list[File]:
    """The files a path stands for. Only what was named itself, not found by a glob, has to be one."""
    path = Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would give a link its target's name
    try:
        if path.is_dir():
            return [file for file in _walk(path) if _in_folder(file, formats)]
        if path.suffix == ".paths" or (explicit and path.name.endswith(".paths.gz")):
            return list(_listed(str(path), "", where, formats, base))
        # A pipe would be waited for.
        found = format_of_path(path) if not path.exists() or path.is_file() else ""
        if found in formats or (explicit and found):
            return [path]
    except OSError as error:
        raise InputError(f"{where}{path}: cannot be read ({error.strerror}); see to it or take it off") from None
    if explicit:
        raise InputError(f"{where}{path}: in no format that can be read; take it off the inputs")
    return []


def _listed(path: str, choice: str, where: str, formats: Sequence[str], base: str) -> Iterator[File]:
    name = remote.shown(path)
    if where:
        raise InputError(f"{where}{name}: a list in a list; name the archives themselves")
    try:
        entries = lists.read(path)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror}); see to it or take it off") from None
    base = lists.base_of(path, base)
    for number, entry in lists.chosen(entries, choice, path):
        line = f"{name}:{number}: "
        if base and (remote.is_remote(path) or not remote.is_remote(entry)):
            entry = lists.below(base, entry, line)
        yield from _expand(entry, Path(path).parent, line, formats, base)


def _in_folder(path: Path, formats: Sequence[str]) -> bool:
    """Whether a folder gives this file; its first bytes are read only where its name says too little."""
    if path.exists() and not path.is_file():
        return False  # a pipe would be waited for
    named = by_name(path.name)
    # arXiv's papers are packed as 2101.00001.gz.
    unclear = named in ("xml", "text", "archive") or (not named and path.suffix.lower() == ".gz")
    return format_of_path(path) in formats if unclear else named in formats


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


def _names(paths: Sequence[File]) -> dict[File, str]:
    """The shortest end of each path that is not the end of another."""
    names: dict[File, str] = {}
    parts = {path: remote.parts(path) if isinstance(path, str) else path.parts[1:] for path in paths}
    for depth in itertools.count(1):
        ends = {path: "/".join(parts[path][-depth:]) for path in paths}
        times = Counter(ends.values())
        names |= {path: end for path, end in ends.items() if times[end] == 1 and path not in names}
        if len(names) == len(paths):
            break
    return names
