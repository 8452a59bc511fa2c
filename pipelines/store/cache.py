"""Files of object stores on this machine: fetched once, kept under their digest, and at hand under their own names in
the folder of whoever works with them.

    ~/.cache/minamoto/files/3f/3fa1…     kept; MINAMOTO_CACHE names another place
    ~/.cache/minamoto/work/x7k2…/        of one task: hard links to kept files, and what the task writes

A hard link says that a file is in use; the kernel's lock on a work folder says that its task is alive. So whatever is
killed, the next who comes finds out what may be cleared away.
"""

import contextlib
import fcntl
import functools
import hashlib
import math
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipelines.errors import Stop, UsageError
from pipelines.store.folder import HashingFile

#: Of the disk's free space, how much of it kept files may take where MINAMOTO_CACHE_BYTES says nothing.
SHARE = 0.5


class Damaged(Stop):
    """What was fetched has not the digest that its commit says."""


#: A process looks through all kept files once it has kept this share of the limit more: there may be many of them.
LOOK_AFTER = 1 / 64


@dataclass
class Cache:
    root: Path
    limit: int
    unseen: float = math.inf
    """Bytes that this process has kept since it looked through all files."""

    def provide(self, sha256: str, size: int, link: Path, download: Callable[[HashingFile], None]) -> None:
        """Make `link` a name of the file with this digest, fetching it where no sound copy is kept.

        Raises `Damaged` for a download with another digest.
        """
        link.parent.mkdir(parents=True, exist_ok=True)
        kept = self._place(sha256)
        held = link.with_name(f"{link.name}.{secrets.token_hex(4)}")  # threads may ask for one link at a time
        while True:
            with contextlib.suppress(FileNotFoundError):  # never kept, or evicted at this moment
                os.link(kept, held)
                state = held.stat()
                if state.st_size == size and _digest(kept, state.st_ino, state.st_mtime_ns) == sha256:
                    os.utime(held, ns=(time.time_ns(), state.st_mtime_ns))
                    held.replace(link)
                    held.unlink(missing_ok=True)  # it stays where both were names of one file already
                    return
                held.unlink()
                kept.unlink(missing_ok=True)
            self._fetch(kept, sha256, size, download)

    def keep(self, sha256: str, file: Path) -> None:
        """Keep a file that was made here, for those who read it next; it may not be written to any more."""
        kept = self._place(sha256)
        kept.parent.mkdir(parents=True, exist_ok=True)
        self.make_room(file.stat().st_size)
        file.chmod(0o444)
        with contextlib.suppress(FileExistsError):
            os.link(file, kept)

    def make_room(self, size: int) -> None:
        """Remove the files that were longest not used, until `size` bytes more are within the limit. What is in use
        stays, even where that means to go beyond it; so does, for a while, what each process has kept of late."""
        self.unseen += size
        if self.unseen < self.limit * LOOK_AFTER:
            return
        self.unseen = 0
        kept = sorted((state.st_atime_ns, path, state) for path, state in _files(self.root / "files"))
        total = sum(state.st_size for _, _, state in kept)
        for _, path, state in kept:
            if total + size <= self.limit:
                return
            if path.suffix == ".part":
                total -= state.st_size * _clear_abandoned(path)
            elif state.st_nlink == 1:
                path.unlink(missing_ok=True)
                total -= state.st_size

    @contextlib.contextmanager
    def work_folder(self) -> Iterator[Path]:
        """A folder that is gone with its task, or else with the next task on this machine after it was killed."""
        work = self.root / "work"
        work.mkdir(parents=True, exist_ok=True)
        _sweep(work)
        with contextlib.ExitStack() as stack:
            while True:
                folder = Path(tempfile.mkdtemp(dir=work))
                alive = stack.enter_context((folder / ".alive").open("w"))
                fcntl.flock(alive, fcntl.LOCK_SH)
                if _names(folder / ".alive", alive):  # else it was swept away in the moment before
                    break
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            yield folder

    def _place(self, sha256: str) -> Path:
        return self.root / "files" / sha256[:2] / sha256

    def _fetch(self, kept: Path, sha256: str, size: int, download: Callable[[HashingFile], None]) -> None:
        """One process fetches, the others wait for it; where it dies, the next one begins anew."""
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        with part.open("ab") as raw:
            fcntl.flock(raw, fcntl.LOCK_EX)
            if kept.exists() or not _names(part, raw):
                return  # the one we have waited for has done it, or given it up
            self.make_room(size)
            raw.truncate(0)
            file = HashingFile(raw)
            try:
                download(file)
                raw.flush()
                if file.sha256.hexdigest() != sha256:
                    raise Damaged(f"sha256 is {file.sha256.hexdigest()}, should be {sha256}")
                part.replace(kept)
                kept.chmod(0o444)
            except BaseException:
                part.unlink(missing_ok=True)
                raise


@functools.cache
def of_this_machine() -> Cache:
    """The cache that the environment names: MINAMOTO_CACHE, MINAMOTO_CACHE_BYTES."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = Path(os.environ.get("MINAMOTO_CACHE") or f"{home}/minamoto").expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"{root}: {error.strerror}; set MINAMOTO_CACHE to a folder of this machine's disk") from None
    words = os.environ.get("MINAMOTO_CACHE_BYTES", "")
    if words and not words.isdecimal():
        raise UsageError(f"MINAMOTO_CACHE_BYTES={words}: not a number of bytes")
    kept = sum(state.st_size for _, state in _files(root / "files"))
    return Cache(root, int(words) if words else int(SHARE * (shutil.disk_usage(root).free + kept)))


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in folder.glob("*/*"):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.stat()


@functools.lru_cache(maxsize=1 << 16)
def _digest(path: Path, inode: int, changed: int) -> str:
    """Of a kept file. A process reads it once, and again when it has changed."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _names(path: Path, file: IO[Any]) -> bool:
    """Whether a path is still that of an open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _clear_abandoned(part: Path) -> bool:
    """Remove what somebody has fetched who was killed: nobody holds its lock."""
    with contextlib.suppress(OSError), part.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _names(part, file):
            part.unlink()
            return True
    return False


def _sweep(work: Path) -> None:
    """Clear away the folders of tasks that were killed: nobody holds their locks."""
    for folder in work.iterdir():
        with contextlib.suppress(OSError), (folder / ".alive").open() as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
