"""Several transfers at a time, and what a person sees of them."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

T = TypeVar("T")
R = TypeVar("R")

#: Seconds between two lines where standard error is no terminal.
_LINES = 10


def in_order(work: Callable[[T], R], items: Sequence[T], jobs: int) -> Iterator[R]:
    """`work` of each item, in their order, done by `jobs` threads that run at most 8 items a thread ahead.

    The first that fails ends it, in its turn. The threads are no obstacle to leaving: a stopped command does not wait
    for a server that asked for patience.
    """
    todo: queue.SimpleQueue[tuple[T, queue.SimpleQueue[tuple[R | None, BaseException | None]]] | None]
    todo = queue.SimpleQueue()

    def run() -> None:
        while (given := todo.get()) is not None:
            item, result = given
            try:
                result.put((work(item), None))
            except BaseException as error:  # raised again by whoever takes the result
                result.put((None, error))

    for _ in range(jobs):
        threading.Thread(target=run, daemon=True).start()
    waiting: list[queue.SimpleQueue[tuple[R | None, BaseException | None]]] = []
    left = iter(items)
    try:
        while True:
            while len(waiting) < 8 * jobs and (item := next(left, None)) is not None:
                waiting.append(queue.SimpleQueue())
                todo.put((item, waiting[-1]))
            if not waiting:
                return
            found, error = waiting.pop(0).get()
            if error:
                raise error
            yield found  # type: ignore[misc]
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                todo.get_nowait()
        for _ in range(jobs):
            todo.put(None)


@contextlib.contextmanager
def shown(what: str, total: int, done: int, quiet: bool, unit: str = "bytes") -> Iterator[Callable[[int], None]]:
    """Gives whom to tell of bytes or files that came: a bar with an ETA on a terminal's standard error, or lines."""
    console = Console(stderr=True, quiet=quiet)
    count = (DownloadColumn(), TransferSpeedColumn()) if unit == "bytes" else (MofNCompleteColumn(),)
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), *count, TextColumn("ETA"), TimeRemainingColumn(),
        console=console, disable=quiet or not console.is_terminal,
    )  # fmt: skip
    bar = bars.add_task(what, total=total, completed=done)
    lock = threading.Lock()
    start = last = time.monotonic()
    came = 0

    def report(size: int) -> None:
        nonlocal came, last
        with lock:
            came += size
            bars.update(bar, completed=done + came)
            if not console.is_terminal and time.monotonic() - last > _LINES:
                last = time.monotonic()
                rate = came / (last - start)
                left = (total - done - came) / rate if rate else 0
                speed = f"{rate / 1e6:,.1f} MB/s" if unit == "bytes" else f"{rate:,.1f} a second"
                words = f"{done + came:,} of {total:,} {unit}, {speed}, {left:,.0f} s to go"
                console.print(f"{what}: {words}", highlight=False)

    with bars:
        yield report
