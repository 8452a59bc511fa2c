"""OUT on a disk, of this machine or NFS: files are written under a temporary name, synced and renamed.

What NFS does differently is met here: an answer that got lost, names that are not seen yet, files that went stale.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipelines.errors import Stop

#: How often a file is opened again that another NFS client has renamed over meanwhile.
STALE_TRIES = 3

#: There is no such file, or what should be its folder is a file.
ABSENT = (FileNotFoundError, NotADirectoryError)


class HashingFile:
    """An append-only file that knows the digest of what was written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        written = self.file.write(data)
        self.sha256.update(data)
        self.size += written
        return written

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self.file.flush()

    def close(self) -> None:
        """Left to `whole_or_absent`, which has to sync first; writers of formats like to close what they are given."""

    @property
    def closed(self) -> bool:
        return self.file.closed

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


@contextlib.contextmanager
def whole_or_absent(path: Path) -> Iterator[HashingFile]:
    """Write to a temporary name in the same folder, sync, rename, sync the folder; on an error nothing is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Machines that share a folder, and containers of one machine, have processes of the same number.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as raw:
            file = HashingFile(raw)
            yield file
            raw.flush()
            os.fsync(raw.fileno())
            written = os.fstat(raw.fileno()).st_ino
        _rename(temporary, path, written)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _rename(temporary: Path, path: Path, inode: int) -> None:
    try:
        temporary.replace(path)
    except FileNotFoundError:
        # An NFS client whose answer got lost asks again, and is told that there is no such name any more: it was done.
        if path.stat().st_ino != inode:
            raise


@dataclass(frozen=True)
class Folder:
    """Files below a folder, by their paths in it."""

    root: Path

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""
        for tries in range(STALE_TRIES):
            try:
                return self.local(path).read_bytes()
            except ABSENT:
                return None
            except OSError as error:
                if error.errno != errno.ESTALE or tries == STALE_TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")

    def write(self, path: str, data: bytes) -> None:
        with whole_or_absent(self.root / path) as file:
            file.write(data)

    def append(self, path: str, data: bytes) -> None:
        """Only the driver appends, so lines are never torn by a second writer."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        with (self.root / path).open("ab") as file:
            file.write(data)

    def size(self, path: str) -> int | None:
        """Bytes of a file, None where there is none."""
        try:
            return self.local(path).stat().st_size
        except ABSENT:
            return None

    def remove(self, path: str) -> None:
        with contextlib.suppress(*ABSENT):
            (self.root / path).unlink()

    def names(self, folder: str) -> list[str]:
        """The files in a folder, sorted; none where there is no such folder."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(entry.name for entry in (self.root / folder).iterdir() if entry.is_file())
        return []

    def folders(self, folder: str) -> list[str]:
        """The folders in a folder, sorted."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(entry.name for entry in (self.root / folder).iterdir() if entry.is_dir())
        return []

    def local(self, path: str) -> Path:
        """Where a file lies. A name that this machine has just not found may have come by another one meanwhile: NFS
        clients keep that for a while, unless the folder is read again."""
        file = self.root / path
        if not file.exists():
            with contextlib.suppress(OSError):
                os.listdir(file.parent)  # noqa: PTH208  # what it says is of no interest
        return file

    def writable(self) -> bool:
        return os.access(self.root, os.W_OK)

    def is_locked(self) -> bool:
        """Whether there is a driver's lock, which a machine does not see that has another folder of this name."""
        return self.local(".lock").exists()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second driver out, and clear away what killed drivers and workers left half written.

        The kernel drops the lock with the process that held it, so a killed run never has to be unlocked by hand.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise Stop(
                    f"{self.root}: in use by process {lock.read().strip()}; wait for it or give another OUT"
                ) from None
            except OSError as error:
                raise Stop(
                    f"{self.root}: its file system keeps no locks ({error.strerror}); mount NFS with version 4, or "
                    "with its lock daemon"
                ) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            self._clear()
            try:
                yield
            finally:
                self._clear()

    def _clear(self) -> None:
        for temporary in self.root.rglob(".*.tmp"):
            temporary.unlink(missing_ok=True)
