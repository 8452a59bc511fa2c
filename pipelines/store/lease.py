"""The lock of a corpus in an object store: a record that its driver renews, put on condition that nobody else has.

A record that does not change for LEASE seconds, by the clock of the one who waits, is that of a dead driver and is
taken over; no two machines' clocks are compared. A driver that was killed is followed at once on its own machine.
Two drivers at a time would harm nothing but the bill: what they write is the same, and commits are put on condition.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from pipelines.errors import Stop

PATH = ".lock"

#: Seconds without a renewal after which a driver is dead; it renews every third of that.
LEASE = 60.0
_POLL = 2.0


class Objects(Protocol):
    """What is needed of `bucket.Bucket`."""

    @property
    def url(self) -> str: ...
    def read_version(self, path: str) -> tuple[bytes, dict[str, str]] | None: ...
    def create(self, path: str, data: bytes) -> bytes | None: ...
    def replace(self, path: str, data: bytes, version: dict[str, str]) -> bytes | None: ...


@contextlib.contextmanager
def held(objects: Objects) -> Iterator[None]:
    """Hold the lock. Raises `Stop` where another driver does, or takes it over because it has not heard of us."""
    owner = {
        "process": os.getpid(), "started": _started(os.getpid()), "host": socket.gethostname(), "machine": _machine(),
        "nonce": secrets.token_hex(8),
    }  # fmt: skip
    _acquire(objects, owner)
    over, lost = threading.Event(), threading.Event()

    def keep_renewing() -> None:
        while not over.wait(LEASE / 3):
            with contextlib.suppress(Stop):  # out of reach; who cannot reach it either takes nothing over
                if not _renew(objects, owner, owner):
                    lost.set()
                    os.kill(os.getpid(), signal.SIGTERM)  # ends the run as a user would
                    return

    renewer = threading.Thread(target=keep_renewing, name="lease", daemon=True)
    renewer.start()
    try:
        yield
    except BaseException:
        if lost.is_set():
            raise Stop(
                f"{objects.url}: another driver has taken over, as this one was silent for {LEASE:.0f} s"
            ) from None
        raise
    finally:
        over.set()
        renewer.join()
        with contextlib.suppress(Stop):  # out of reach: what has ended the run is to be told
            _renew(objects, owner, {"free": True, "nonce": secrets.token_hex(8)})


def _acquire(objects: Objects, owner: dict[str, Any]) -> None:
    """Put our record, or raise `Stop`."""
    mine = _record(owner, 0)
    if objects.create(PATH, mine) is None:
        if objects.create(PATH, _record(owner, 1)) is None:
            raise _ignores(objects, "If-None-Match")
        return _try_out(objects, owner)
    seen, since = b"", time.monotonic()
    while found := objects.read_version(PATH):
        there, version = found
        alive = _is_alive(there)
        if alive is False or (there == seen and time.monotonic() - since > LEASE):
            if objects.replace(PATH, mine, version) is None:
                return _try_out(objects, owner)
            continue
        if alive or (seen and there != seen):
            says = _parsed(there)
            raise Stop(f"{objects.url}: in use by process {says.get('process')} on {says.get('host')}; wait for it or "
                       "give another OUT")  # fmt: skip
        if not seen:
            print(f"minamoto: {objects.url}: waiting {LEASE:.0f} s to see whether the run that held it is alive",
                  file=sys.stderr)  # fmt: skip
        seen = there
        time.sleep(_POLL)
    return _acquire(objects, owner)


def _try_out(objects: Objects, owner: dict[str, Any]) -> None:
    """Raise `Stop` where the store would let us replace a version that is not there."""
    if found := objects.read_version(PATH):
        marks = {"e_tag": f'"{0:032}"', "version": "1"}
        if objects.replace(PATH, _record(owner, -1), {name: marks[name] for name in found[1]}) is None:
            raise _ignores(objects, "If-Match")


def _ignores(objects: Objects, condition: str) -> Stop:
    return Stop(f"{objects.url}: this store ignores conditions ({condition}), so two runs could not be kept apart; use "
                "one that keeps them, or a folder")  # fmt: skip


def _renew(objects: Objects, owner: dict[str, Any], says: dict[str, Any]) -> bool:
    """Put a record a beat later in the place of our last; False where that is no longer there."""
    found = objects.read_version(PATH)
    there = _parsed(found[0]) if found else {}
    if not found or there.get("nonce") != owner["nonce"]:
        return False
    return objects.replace(PATH, _record(says, there["beat"] + 1), found[1]) is None


def _record(owner: dict[str, Any], beat: int) -> bytes:
    return json.dumps(owner | {"beat": beat}, sort_keys=True).encode()


def _parsed(record: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(record)
        return found if isinstance(found, dict) else {}
    return {}


def _is_alive(record: bytes) -> bool | None:
    """Whether the record's driver is; None where only time can tell."""
    says = _parsed(record)
    if "free" in says:
        return False
    if says.get("machine") == _machine() and isinstance(process := says.get("process"), int):
        return bool(_started(process) == says.get("started", 0))
    return None


def _started(process: int) -> int | None:
    """When a process of this machine was started, in ticks since boot, which tells it from a later one of its number;
    None where there is none, or only its number is left because nobody has asked how it ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state[0] in "ZX" else int(state[19])


def _machine() -> str:
    """This boot of this machine, and the name space of its process numbers (a container has its own)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + os.readlink("/proc/self/ns/pid")  # noqa: PTH115
