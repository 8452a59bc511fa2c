"""Lists of inputs: `.paths` with one a line, and `.paths.gz` as Common Crawl publishes them; and a choice of lines.

crawl.paths                              all of it
warc.paths.gz#first=10                   the first ten lines
warc.paths.gz#sample=10&seed=1           ten drawn by the seed; of more, the same ten are among them
warc.paths.gz#lines=101-200              these, counted from 1
"""

import hashlib
import heapq
import re
import urllib.parse
import zlib
from collections.abc import Sequence
from pathlib import Path

from pipelines import remote
from pipelines.errors import InputError

COMMON_CRAWL = "https://data.commoncrawl.org/"

#: Common Crawl's longest list, of 100,000 files, inflates to 14 MB.
MAX_BYTES = 1 << 28

_NAME = re.compile(r"(.*\.paths(?:\.gz)?)(?:#([^#/]*))?", re.DOTALL)
_CHOICE = re.compile(r"first=(\d{1,9})|sample=(\d{1,9})(?:&seed=(\d{1,9}))?|lines=(\d{1,9})-(\d{1,9})")
_RELATIVE = re.compile(r"(?!/)[^\x00-\x1f\x7f\\]{1,1024}")


def parse(pattern: str) -> tuple[str, str] | None:
    """The list a pattern names and the choice of its lines, "" for all; None where it names no list."""
    found = _NAME.fullmatch(pattern)
    return (found[1], found[2] or "") if found else None


def read(name: str) -> list[tuple[int, str]]:
    """The entries of a list with the numbers of their lines. A comment begins with `#` after white space.

    Raises `InputError` for what is no text, `OSError` for a file that cannot be read.
    """
    if remote.is_remote(name):
        data = remote.whole(name, MAX_BYTES)
    else:
        with Path(name).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    try:
        if name.endswith(".gz"):
            data = _inflated(data)
        if len(data) > MAX_BYTES:
            raise InputError(f"{remote.shown(name)}: more than {MAX_BYTES:,} bytes; cut the list in several")
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{remote.shown(name)}: not a text in UTF-8; a .paths list holds one path a line") from None
    except (zlib.error, EOFError):
        raise InputError(f"{remote.shown(name)}: no whole gzip file; fetch it again") from None
    entries = ((number, re.sub(r"(^|\s)#.*", "", line).strip()) for number, line in enumerate(lines, 1))
    return [(number, entry) for number, entry in entries if entry]


def _inflated(data: bytes) -> bytes:
    found = bytearray()
    while data and len(found) <= MAX_BYTES:
        member = zlib.decompressobj(wbits=31)
        found += member.decompress(data, MAX_BYTES + 1 - len(found))
        if not member.eof and len(found) <= MAX_BYTES:
            raise EOFError
        data = member.unused_data
    return bytes(found)


def chosen(entries: Sequence[tuple[int, str]], choice: str, name: str) -> list[tuple[int, str]]:
    """The entries of a choice, in their order.

    Raises `InputError` for a choice that is none, or of more than there is.
    """
    if not choice:
        return list(entries)
    found = _CHOICE.fullmatch(choice)
    if not found:
        raise InputError(f"{remote.shown(name)}#{choice}: choose by first=N, sample=N&seed=S or lines=A-B")
    first, sample, seed, start, stop = (int(number) if number else 0 for number in found.groups())
    if not 0 < (first or sample or start) <= max(first, sample, stop) <= len(entries):
        raise InputError(f"{remote.shown(name)}#{choice}: the list has {len(entries):,} lines, counted from 1")
    if sample:
        # By hash, not by a generator: a larger sample holds the smaller one, and a longer list changes it little.
        order = [(hashlib.sha256(f"{seed}\0{entry}".encode()).digest(), number) for number, entry in entries]
        drawn = {number for _, number in heapq.nsmallest(sample, order)}
        return [entry for entry in entries if entry[0] in drawn]
    return list(entries[:first] if first else entries[start - 1 : stop])


def base_of(name: str, base: str) -> str:
    """What relative lines of a list stand below: `base` if given, else the root of a remote list's server or bucket,
    Common Crawl for a `.paths.gz` on this machine, and "" (the list's folder) for a `.paths`."""
    if base:
        return base
    if remote.is_remote(name):
        parts = urllib.parse.urlsplit(name)
        return f"{parts.scheme}://{parts.netloc}/"
    return COMMON_CRAWL if name.endswith(".gz") else ""


def below(base: str, path: str, where: str) -> str:
    """The address or path of a line below a base.

    Raises `InputError` where the line leads elsewhere: whoever wrote the list has no say over other servers and files.
    """
    if not _RELATIVE.fullmatch(path) or "://" in path or ".." in path.split("/"):
        raise InputError(f"{where}{path[:200]!r}: no path below {base}; correct the list")
    if remote.is_remote(base) and not remote.is_object(base):
        path = urllib.parse.quote(path, safe="/%:@!$&'()*+,;=~")
    return f"{base.rstrip('/')}/{path}"
