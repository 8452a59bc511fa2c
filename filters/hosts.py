"""Pages judged by their address: block lists of hosts and URLs, and words in the URL.

Lists are of the form of UT1 (the University of Toulouse's, CC BY-SA, used by RefinedWeb, FineWeb and Swallow): one
host or one URL without its scheme in each line, in a file for each category. A listed host stands for all hosts below
it, a listed URL for all that go on where it ends; squidGuard, for which UT1 is made, reads them so too.

Of a listed entry only a hash is kept, 8 bytes for each: its upper 56 bits are those of xxh3_64, the others tell which
list it is from. Among five million entries one of fourteen billion lookups finds what is not there.
"""

import functools
import gzip
import hashlib
import importlib.util
import io
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, NamedTuple, cast
from urllib.parse import unquote

import idna
import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from filters import Bound, scores

#: Characters of a URL that are read, more than any entry of UT1 has: as many as sitemaps.org allows.
MAX_CHARS = 2048

# The authority is scanned once: what stands before its last @ is the user, and never tried otherwise.
_URL = re.compile(
    r"(?:(?:[a-z][a-z0-9+.-]*:)?//)?+(?>[^/?#]*@)?+(\[[^\]/?#\s]*\]|[^/?#:\s]*)(?::[0-9]*)?([/?][^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_STEP = re.compile(r"[/?&]|\Z")
_WORD = re.compile(r"[^\W_]+")
_NO_ASCII_WORD = re.compile(r"[^a-z0-9]+")

_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789.-_\n"
_READ = 1 << 16

_FILES = ("domains", "urls")
_DATATROVE_LIST = "url_filterblacklists*.tar.gz"
_DATATROVE_WORDS = ("banned_words.txt", "banned_subwords.txt", "soft_banned_words.txt")
_SOURCE = np.uint64(0xFF)


class _Address(NamedTuple):
    """A URL as it is compared: in lower case, the host in ASCII, the rest without escapes, user, port and fragment."""

    host: str
    rest: str

    def names(self) -> Iterator[str]:
        """What may be listed of it: the host and those above it, then the URL up to each of its steps."""
        name = self.host
        while name:
            yield name
            name = name.partition(".")[2]
        site = self.host.removeprefix("www.")
        for step in _STEP.finditer(self.rest):
            if step.start():
                yield site + self.rest[: step.start()]


def _address(url: str) -> _Address | None:
    """None for what has no host that can be read."""
    found = _URL.fullmatch(url.strip()[:MAX_CHARS])
    if found is None:
        return None
    host, rest = found[1].lower(), found[2] or ""
    if not host.isascii() or "%" in host:
        try:
            host = ".".join(map(_label, idna.uts46_remap(unquote(host), std3_rules=False).split(".")))
        except ValueError:
            return None
    host = host.removesuffix(".")
    if not 0 < len(host) <= 253:  # RFC 1035
        return None
    return _Address(host, (unquote(rest) if "%" in rest else rest).lower().rstrip("/"))


def _label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _entry(line: str) -> str | None:
    """The name an entry is listed under, None for a comment or a line that is neither host nor URL."""
    found = None if line.lstrip().startswith("#") else _address(line)
    if found is None:
        return None
    return found.host.removeprefix("www.") + found.rest if found.rest else found.host


def _hash(names: Iterable[str | bytes]) -> NDArray[np.uint64]:
    """The lowest 8 bits are 0."""
    raw = (name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass") for name in names)
    return np.fromiter(map(xxhash.xxh3_64_intdigest, raw), np.uint64) & ~_SOURCE


@dataclass(frozen=True)
class _Table:
    """`hashes` (entries,) ascending, the number of a source in the lowest 8 bits; of equals the first counts."""

    hashes: NDArray[np.uint64]
    sources: tuple[str, ...]

    def find(self, names: Iterable[str]) -> NDArray[np.int16]:
        """For each name the number of its source, or -1."""
        wanted = _hash(names)
        if not len(self.hashes):
            return np.full(len(wanted), -1, np.int16)
        there = self.hashes[np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)]
        return np.where(there & ~_SOURCE == wanted, (there & _SOURCE).astype(np.int16), np.int16(-1))


@functools.cache
def _table(lists: tuple[str, ...], categories: tuple[str, ...], datatrove: bool) -> _Table:
    """Every list, once in a process. Of a name in several the first list counts."""
    sources: list[str] = []
    hashes = [np.empty(0, np.uint64)]
    for source, stream in _sources(lists, categories, datatrove):
        if len(sources) > _SOURCE:
            raise ValueError(f"{source}: more than {int(_SOURCE) + 1} lists")
        with _readable(source):
            found = [_hash(names) | np.uint64(len(sources)) for names in _names(stream)]
        if found and not any(map(len, found)):
            raise ValueError(f"{source}: neither a host nor a URL in any line")
        hashes += found
        sources.append(source)
    merged = np.concatenate(hashes)
    del hashes
    merged.sort()
    return _Table(merged, tuple(sources))


def _names(stream: IO[bytes]) -> Iterator[Iterable[str | bytes]]:
    """The entries of a list, some thousand at a time."""
    # A GzipFile makes each line in Python; a BufferedReader around it makes them in C.
    with io.BufferedReader(cast(io.RawIOBase, stream), _READ) as reader:
        while lines := reader.readlines(_READ):
            block = b"".join(lines)
            if block.translate(None, _PLAIN) or b".\n" in block:
                yield filter(None, (_entry(line.decode("utf-8", "replace")) for line in lines))
            else:  # nothing but hosts as they are: nearly all of UT1
                yield block.split()


def _sources(lists: tuple[str, ...], categories: tuple[str, ...], datatrove: bool) -> Iterator[tuple[str, IO[bytes]]]:
    """What is read, under its name. Raises ValueError with the path of what cannot be."""
    lost = set(categories) if any(_by_category(Path(path)) for path in lists) else set()
    for path in lists:
        with _readable(path):
            for category, name, stream in _lists_in(path, categories):
                lost.discard(category)
                yield name, stream
    if lost:
        raise ValueError(f"categories: {min(lost)!r} is in none of the lists")
    if datatrove:
        archive = _datatrove(_DATATROVE_LIST)
        with _readable(str(archive)):
            for _, name, stream in _members(archive, None):
                yield f"datatrove/{name}", stream


@contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ValueError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _by_category(path: Path) -> bool:
    with _readable(str(path)):
        return path.is_dir() or _is_archive(path)


def _is_archive(path: Path) -> bool:
    with _open(path) as stream:
        return stream.read(512)[257:262] == b"ustar"  # POSIX.1-1988


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path) if packed else path.open("rb"))


def _lists_in(path: str, categories: tuple[str, ...]) -> Iterator[tuple[str, str, IO[bytes]]]:
    """(category, name, stream) of each list at a path; the category of a plain file is ""."""
    if not Path(path).is_dir() and _is_archive(Path(path)):
        yield from ((category, f"{path}/{name}", stream) for category, name, stream in _members(Path(path), categories))
        return
    for file in _files(path, categories):
        with _open(file) as stream:
            yield file.parent.name if Path(path).is_dir() else "", str(file), stream


def _files(path: str, categories: tuple[str, ...]) -> list[Path]:
    """The files behind one of `lists`: itself, or those of the categories in a folder."""
    if not Path(path).is_dir():
        return [Path(path)]
    chosen = (Path(path, category, name + end) for category in categories for name in _FILES for end in ("", ".gz"))
    return [file for file in chosen if file.is_file()]


def _members(path: Path, categories: tuple[str, ...] | None) -> Iterator[tuple[str, str, IO[bytes]]]:
    """The same of an archive, read as it comes: names only choose, nothing is written. None: whatever its category."""
    with ExitStack() as stack:
        stream = stack.enter_context(_open(path))
        archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))
        for member in archive:
            *_, category, name = ("", *member.name.split("/"))
            if name in _FILES and (categories is None or category in categories):
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield category, f"{category}/{name}".lstrip("/"), content


def _datatrove(pattern: str) -> Path:
    """A file that comes with datatrove, which is found and not imported."""
    spec = importlib.util.find_spec("datatrove")
    found = sorted(Path(spec.origin).parent.glob(f"assets/{pattern}")) if spec and spec.origin else []
    if len(found) != 1:
        raise ValueError(f"datatrove: {len(found)} files {pattern} in the installed package")
    return found[0]


@functools.cache
def _datatrove_words(name: str) -> frozenset[str]:
    lines = _datatrove(name).read_text(encoding="utf-8").splitlines()
    return frozenset(_NO_ASCII_WORD.sub("", line.lower()) for line in lines if not line.startswith("#")) - {""}


@dataclass(frozen=True)
class _Patterns:
    """Entries as in a list, and hosts with * for any characters."""

    entries: frozenset[str]
    globs: tuple[tuple[str, re.Pattern[str]], ...]

    def find(self, address: _Address, names: Iterable[str]) -> str | None:
        """The first that fits."""
        for name in names:
            if name in self.entries:
                return name
        return next((pattern for pattern, glob in self.globs if glob.fullmatch(address.host)), None)


@functools.cache
def _patterns(field: str, patterns: tuple[str, ...]) -> _Patterns:
    plain = {pattern: _entry(pattern) for pattern in patterns if "*" not in pattern}
    wrong = [pattern for pattern, entry in plain.items() if entry is None]
    wrong += [pattern for pattern in patterns if "*" in pattern and "/" in pattern]
    if wrong:
        raise ValueError(f"{field}: a host, a host with *, or a URL, not {wrong[0]!r}")
    globs = [(pattern, ".*".join(map(re.escape, pattern.lower().split("*")))) for pattern in patterns if "*" in pattern]
    return _Patterns(frozenset(filter(None, plain.values())), tuple((p, re.compile(g, re.DOTALL)) for p, g in globs))


class Measures(NamedTuple):
    """What the limits of `Hosts` are held against."""

    listed: int
    """1 if the host, one above it, or the URL up to one of its steps is listed."""
    hard_words: int
    """How many of datatrove's words of which one is enough: as words anywhere in the URL, or as parts of it."""
    words: int
    """How many of `path_words` are in path and query, and of datatrove's soft words in the URL."""


@dataclass(frozen=True)
class Hosts:
    """Judges by the column `url`, in every language; where it is null or names no host, nothing is measured. Without
    settings nothing is listed. None switches a limit off.

    Hosts are compared in lower case and ASCII (UTS #46), paths in lower case and without escapes; a listed path ends at
    a step of the URL (/ ? &), and "www." counts for nothing before it.
    """

    # Folders or tar archives (as such or as .tar.gz) of UT1, of which `categories` are read, or plain files with an
    # entry in each line, as such or as .gz; # begins a comment.
    lists: tuple[str, ...] = ()
    # UT1 has about 60. Swallow also takes dating, gambling, phishing, malware, and others down to shopping and manga.
    categories: tuple[str, ...] = ("adult",)
    # What comes with datatrove, 4.6 million hosts as in RefinedWeb, and words. It lists portals only a part of which
    # is adult (dmm.com), and its hard word "stroking" takes a page of GIMP's manual.
    datatrove: bool = False
    # Further entries. A host stands for those below it; with * it is held against the whole host (*.5ch.net).
    hosts: tuple[str, ...] = ()
    # Single words, between characters that are neither letters nor digits.
    path_words: tuple[str, ...] = ()
    # Entries that none of the above concerns.
    allow: tuple[str, ...] = ()
    # datatrove's limits.
    max_hard_words: int | None = 0
    max_words: int | None = 1

    name: ClassVar[str] = "hosts"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for field in ("max_hard_words", "max_words"):
            limit = getattr(self, field)
            if limit is not None and limit < 0:
                raise ValueError(f"{field}: a number of words, not {limit}")
        for word in self.path_words:
            if not _WORD.fullmatch(word):
                raise ValueError(f"path_words: a single word, not {word!r}")
        for category in self.categories:
            if category in ("", ".", "..") or "/" in category:
                raise ValueError(f"categories: the name of a category, not {category!r}")
        _patterns("hosts", self.hosts)
        _patterns("allow", self.allow)

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`Measures` of the column `url`. Raises ValueError with the path of a list that cannot be read."""
        rows: list[tuple[float, ...] | None] = []
        names: list[str] = []
        owners: list[int] = []
        for row, url in enumerate(batch.column("url").to_pylist()):
            address = None if url is None else _address(url)
            if address is None:
                rows.append(None)
                continue
            of_one = list(address.names())
            if _patterns("allow", self.allow).find(address, of_one):
                rows.append((0.0, 0.0, 0.0))
                continue
            hard, soft = self._words(address)
            listed = _patterns("hosts", self.hosts).find(address, of_one) is not None
            rows.append((float(listed), len(hard), len(soft)))
            names += of_one
            owners += [row] * len(of_one)
        if names and (self.lists or self.datatrove):
            found = self._table().find(names) >= 0
            for row in dict.fromkeys(np.array(owners)[found].tolist()):
                rows[row] = (1.0, *(rows[row] or ())[1:])
        return scores(self.name, Measures._fields, rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        return (
            Bound("hosts_listed", "hosts.listed", most=0),
            Bound("hosts_hard_words", "hosts.hard_words", most=self.max_hard_words),
            Bound("hosts_words", "hosts.words", most=self.max_words),
        )

    def details(self, batch: pa.RecordBatch) -> list[str]:
        """As `explain`, of each URL."""
        return [self.explain(url) or "" for url in batch.column("url").to_pylist()]

    def explain(self, url: str) -> str | None:
        """What of the settings concerns a URL: the list with its category and the entry, then the words."""
        address = _address(url)
        if address is None:
            return None
        names = list(address.names())
        if entry := _patterns("allow", self.allow).find(address, names):
            return f"allow: {entry}"
        hard, soft = self._words(address)
        table = self._table()
        found = [f"{table.sources[source]}: {name}" for name, source in zip(names, table.find(names)) if source >= 0]
        if entry := _patterns("hosts", self.hosts).find(address, names):
            found.append(f"hosts: {entry}")
        found += [f"{kind}: {', '.join(words)}" for kind, words in (("hard words", hard), ("words", soft)) if words]
        return "; ".join(found) or None

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file that is read, by its path; datatrove's under a name that is the same everywhere.

        Raises ValueError with the path of one that cannot be read.
        """
        files = []
        for path in self.lists:
            with _readable(path):
                files += [(str(file), file) for file in _files(path, self.categories)]
        if self.datatrove:
            found = map(_datatrove, (_DATATROVE_LIST, *_DATATROVE_WORDS))
            files += [(f"datatrove/{file.name}", file) for file in found]
        digests = {}
        for name, file in files:
            with _readable(name), file.open("rb") as stream:
                digests[name] = hashlib.file_digest(stream, "sha256").hexdigest()
        return digests

    def _table(self) -> _Table:
        return _table(self.lists, self.categories, self.datatrove)

    def _words(self, address: _Address) -> tuple[list[str], list[str]]:
        """The hard and the soft words of a URL."""
        soft = set(map(str.lower, self.path_words))
        if soft:
            soft.intersection_update(_WORD.findall(address.rest))
        if not self.datatrove:
            return [], sorted(soft)
        words, parts, soft_words = map(_datatrove_words, _DATATROVE_WORDS)
        of_url = set(_NO_ASCII_WORD.split(address.host + address.rest))
        joined = _NO_ASCII_WORD.sub("", address.host + address.rest)
        hard = (of_url & words).union(part for part in parts if part in joined)
        return sorted(hard), sorted(soft | (of_url & soft_words))
