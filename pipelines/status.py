"""How far a run is, in numbers: what the bars show, what OUT/log/status.json says and `minamoto watch` reads.

    {"state": "running" | "done" | "failed" | "stopped", "error": …, "host", "pid", "started", "updated",
     "stages": [{"stage", "parts", "done", "failed", "retries", "rows", "bytes", "seconds", "share", "eta_seconds"}, …]}

Times are seconds since 1970; `bytes` those written; `share` that of the stage's work that is done. Nothing here is
part of any identity.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import Stop
from pipelines.run import Done, Terminated
from pipelines.stage import Task
from pipelines.store import Store

#: Seconds between two writings of status.json: rare enough for a slow file system, often enough to be watched.
EVERY = 5.0

#: Spans that are cut by numbers of members or row groups, not by bytes.
_NUMBERED = ("zip", "parquet")


@dataclass
class Tally:
    """What is known of a stage under way. `sizes` weigh its parts: bytes where they are known, 1 each elsewhere."""

    sizes: dict[int, int]
    started: float = field(default_factory=time.time)
    ended: float | None = None
    done: int = 0
    failed: int = 0
    retries: int = 0
    rows: int = 0
    written: int = 0
    through: int = 0
    worked: int = 0

    @property
    def finished(self) -> int:
        return self.done + self.failed

    @property
    def seconds(self) -> float:
        return max((self.ended or time.time()) - self.started, 1e-6)

    def add(self, done: Done) -> None:
        self.done += done.commit is not None
        self.failed += done.commit is None
        self.retries += done.attempts - 1
        self.through += self.sizes[done.task.index]
        self.worked += self.sizes[done.task.index] * done.worked
        if done.commit:
            self.rows += done.commit.rows_in
            self.written += sum(entry["bytes"] for entry in done.commit.files.values())
        if self.finished == len(self.sizes):
            self.ended = time.time()

    def eta(self) -> float | None:
        """Seconds to go, at the rate of the parts that were made now; None before the first of them and at the end."""
        left = sum(self.sizes.values()) - self.through
        return left * self.seconds / self.worked if self.worked and left else None

    def record(self) -> dict[str, Any]:
        eta = self.eta()
        return {
            "parts": len(self.sizes), "done": self.done, "failed": self.failed, "retries": self.retries,
            "rows": self.rows, "bytes": self.written, "seconds": round(self.seconds, 1),
            "share": round(self.through / max(sum(self.sizes.values()), 1), 4),
            "eta_seconds": None if eta is None else round(eta, 1),
        }  # fmt: skip


def weights(tasks: list[Task], extracted: dict[int, int]) -> dict[int, int]:
    """Bytes for each task: of the input's spans, or of the extracted part that it goes through (`extracted`, by index).
    1 each for stages whose tasks are no parts."""
    if tasks and tasks[0].stage.name == "extract":
        return {task.index: _spans(task) for task in tasks}
    parts = len(tasks) == len(extracted)
    return {task.index: max(extracted[task.index], 1) if parts else 1 for task in tasks}


def _spans(task: Task) -> int:
    return sum(span.source.size if span.kind in _NUMBERED else span.stop - span.start for span in task.given) or 1


@contextlib.contextmanager
def written(store: Store, stages: dict[str, Tally]) -> Iterator[None]:
    """Keep OUT/log/status.json up to date from a thread of its own, however long a part takes, and say how it ended."""
    says = {
        "state": "running", "error": "", "host": socket.gethostname(), "pid": os.getpid(), "started": time.time(),
    }  # fmt: skip
    over = threading.Event()

    def write() -> None:
        found = [{"stage": name} | tally.record() for name, tally in list(stages.items())]
        with contextlib.suppress(OSError, Stop):  # a full disk is the business of those who write parts
            store.write_json("log/status.json", says | {"updated": time.time(), "stages": found})

    def keep_writing() -> None:
        write()
        while not over.wait(EVERY):
            write()

    writer = threading.Thread(target=keep_writing, name="status", daemon=True)
    writer.start()
    try:
        yield
        says["state"] = "done"
    except (KeyboardInterrupt, Terminated):
        says["state"] = "stopped"
        raise
    except BaseException as error:
        says["state"], says["error"] = "failed", _printable(str(error))[:2000]
        raise
    finally:
        over.set()
        writer.join()
        write()


def _printable(words: str) -> str:
    """Errors can quote what was crawled: nothing that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in words)
