"""What a person sees while a corpus is built: a bar a stage with documents a second and an ETA, on the terminal's
standard error; plain lines where that is a file. The log below OUT gets the same facts as JSON."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipelines.run import Done
from pipelines.stage import Stage, Task
from pipelines.store import Store

Announce = Callable[[Stage, list[Task]], Callable[[Done], None]]


@contextlib.contextmanager
def shown(store: Store, quiet: bool) -> Iterator[Announce]:
    """Gives the `announce` of `corpus.build`: bars on a terminal, a line a stage elsewhere, nothing where `quiet`."""
    console = Console(stderr=True, quiet=quiet)
    bars = Progress(
        TextColumn("{task.description:20}"), BarColumn(), TextColumn("{task.fields[parts]} parts"),
        TextColumn("{task.fields[rate]:>16}"), TimeElapsedColumn(), TextColumn("ETA"), TimeRemainingColumn(),
        console=console, disable=quiet or not console.is_terminal,
    )  # fmt: skip

    def announce(stage: Stage, tasks: list[Task]) -> Callable[[Done], None]:
        # An ETA by bytes where the size of a part is known before it is done, by parts elsewhere.
        sizes = {task.index: _size(task) for task in tasks}
        bar = bars.add_task(stage.name, total=sum(sizes.values()), parts=f"0/{len(tasks)}", rate="")
        start = time.monotonic()
        rows = finished = size = 0

        def report(done: Done) -> None:
            nonlocal rows, finished, size
            finished += 1
            size += sizes[done.task.index]
            if done.commit:
                rows += done.commit.rows_in
            store.log({
                "stage": stage.name, "part": done.task.index, "worked": done.worked, "ok": done.commit is not None,
                "error": done.error,
                "seconds": round(done.seconds, 3), "peak_bytes": done.peak_bytes, "attempts": done.attempts,
                "fingerprint": done.task.fingerprint(), "time": round(time.time(), 3),
            })  # fmt: skip
            seconds = max(time.monotonic() - start, 1e-6)
            rate = f"{rows / seconds:,.0f} rows/s"
            bars.update(bar, completed=size, parts=f"{finished}/{len(tasks)}", rate=rate)
            if not console.is_terminal and (finished == len(tasks) or time.monotonic() - announce_last[0] > 10):
                announce_last[0] = time.monotonic()
                left = seconds * (sum(sizes.values()) - size) / max(size, 1)
                eta = f", {left:,.0f} s to go" if finished < len(tasks) else ""
                console.print(
                    f"{stage.name}: {finished}/{len(tasks)} parts, {rows:,} rows, {seconds:,.1f} s, {rate}{eta}",
                    highlight=False,
                )

        return report

    announce_last = [time.monotonic()]
    with bars:
        yield announce


#: Spans that are cut by numbers of members or row groups, not by bytes.
_NUMBERED = ("zip", "parquet")


def _size(task: Task) -> int:
    """Bytes, where a task reads spans of the input."""
    if task.stage.name != "extract":
        return 1
    return sum(span.source.size if span.kind in _NUMBERED else span.stop - span.start for span in task.given) or 1
