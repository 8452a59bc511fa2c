"""Whole files of a crawl into a folder: `minamoto fetch --crawl CC-MAIN-2026-43 -n 10 --to crawl/`.

DIR/CC-MAIN-….warc.gz         a file, whole or absent
DIR/.CC-MAIN-….warc.gz.part   one that is on its way, and beside it (.seen) which it is; gone on with, not begun again
DIR/fetch.json                where each file came from, its size, SHA-256 and ETag: verified when the command is run
                              again
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines import inputs, lists, remote
from pipelines.errors import Drift, InputError, Stop, UsageError
from pipelines.fetch.together import in_order, shown
from pipelines.store import Store

#: Files at a time. Common Crawl's own downloader takes ten, and warns that more end in 403 for everyone at an address.
JOBS = 4

_CRAWL = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Crawl:
    """A crawl as Common Crawl lays it out, there or on a mirror."""

    name: str
    base: str = lists.COMMON_CRAWL

    def __post_init__(self) -> None:
        if not _CRAWL.fullmatch(self.name):
            raise UsageError(f"--crawl {self.name!r}: not the name of a crawl, as CC-MAIN-2026-43")
        if not remote.is_remote(self.base):
            raise UsageError(f"--base {self.base!r}: no address, as {lists.COMMON_CRAWL} or s3://commoncrawl/")

    def list_of(self, what: str) -> str:
        """The address of a list of files: `warc`, `cc-index-table`."""
        return f"{self.base.rstrip('/')}/crawl-data/{self.name}/{what}.paths.gz"


def fetch(
    crawl: Crawl, count: int, seed: int | None, to: Path, jobs: int = JOBS, quiet: bool = False
) -> dict[str, Any]:
    """Bring `count` files of a crawl into a folder: the first, or those a seed draws. Files that are there already are
    verified, and fetched again where they are damaged. Returns what was done, as counts and bytes.

    Raises `InputError` for what cannot be fetched; what was fetched is kept, and the same command goes on.
    """
    source = crawl.list_of("warc")
    choice = f"first={count}" if seed is None else f"sample={count}&seed={seed}"
    paths = [path for _, path in lists.chosen(lists.read(source), choice, source)]
    with Store(to.absolute()).locked():
        return _fetch_all(crawl, paths, to, jobs, quiet)


def _fetch_all(crawl: Crawl, paths: list[str], to: Path, jobs: int, quiet: bool) -> dict[str, Any]:
    names = {_name(path): path for path in paths}
    if len(names) < len(paths):
        raise InputError(f"{crawl.list_of('warc')}: names two files alike; they cannot lie in one folder")
    log = Log.read(to, {"crawl": crawl.name})
    damaged = [name for name in names if name in log.files and not is_whole(to / name, log.files[name])]
    for name in damaged:
        (to / name).unlink(missing_ok=True)
    todo = [name for name in names if name in damaged or name not in log.files]
    urls = {name: lists.below(crawl.base, path, "") for name, path in names.items()}
    seen = dict(zip(todo, in_order(lambda name: remote.look(urls[name]), todo, jobs)))
    begun = {name: _begun(to, name, seen[name]) for name in todo}
    total, done = sum(there.size for there in seen.values()), sum(begun.values())
    if (free := shutil.disk_usage(to).free) < total - done:
        raise Stop(f"{to}: {total - done:,} bytes are to come, {free:,} are free; make room, or take a smaller -n")
    with shown("fetch", total, done, quiet) as report:

        def bring(name: str) -> tuple[str, dict[str, Any]]:
            sha256 = _bring(urls[name], seen[name], begun[name], to / name, report)
            return name, {"from": names[name], "bytes": seen[name].size, "sha256": sha256, "etag": seen[name].identity}

        for name, entry in in_order(bring, todo, jobs):
            log.add(name, entry)
    return {"files": len(names), "fetched": len(todo), "damaged": len(damaged), "bytes": total - done, "resumed": done}


def _bring(url: str, seen: remote.Seen, begun: int, target: Path, report: Callable[[int], None]) -> str:
    """Fetch what is missing of one file, and put it in its place. Returns its SHA-256."""
    part, mark = _partial(target)
    mark.write_text(json.dumps(asdict(seen)))
    sha256 = hashlib.sha256()
    with part.open("r+b" if begun else "w+b") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            sha256.update(piece)

        def write(piece: bytes) -> None:
            file.write(piece)
            sha256.update(piece)
            report(len(piece))

        with remote.RemoteFile(url, seen) as source:
            source.copy(begun, seen.size, write)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    mark.unlink()
    return sha256.hexdigest()


def _begun(to: Path, name: str, seen: remote.Seen) -> int:
    """How many bytes of a file are here from a command that was stopped; 0 where they are of another version of it."""
    part, mark = _partial(to / name)
    try:
        of = json.loads(mark.read_bytes())
        size = part.stat().st_size
    except (FileNotFoundError, ValueError):
        return 0
    return size if of == asdict(seen) and size <= seen.size else 0


def _partial(target: Path) -> tuple[Path, Path]:
    return target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.seen")


def is_whole(path: Path, entry: dict[str, Any]) -> bool:
    """Whether a file is the one that was fetched."""
    return path.is_file() and path.stat().st_size == entry["bytes"] and inputs.sha256_of(path) == entry["sha256"]


def _name(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    if not _NAME.fullmatch(name):
        raise InputError(f"{path[:200]!r}: no name for a file here; correct the list")
    return name


@dataclass
class Log:
    """DIR/fetch.json: what the folder is made of, and its files."""

    path: Path
    of: dict[str, Any]
    files: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, to: Path, of: dict[str, Any]) -> "Log":
        """Raises `Drift` where the folder was made of something else."""
        path = to.absolute() / "fetch.json"
        known = Store(path.parent).read_json(path.name)
        if known and known["of"] != of:
            raise Drift(f"{to}: holds {_words(known['of'])}, not {_words(of)}; give another --to")
        return cls(path, of, known["files"] if known else {})

    def add(self, name: str, entry: dict[str, Any]) -> None:
        self.files[name] = entry
        Store(self.path.parent).write_json(self.path.name, {"of": self.of, "files": self.files})


def _words(of: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in of.items() if value)
