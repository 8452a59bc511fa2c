"""What a person sees while a corpus is built: a bar a stage with documents a second and an ETA, on the terminal's
standard error; plain lines where that is a file. The log below OUT gets the same facts as JSON."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines import status
from pipelines.run import Done
from pipelines.stage import Stage, Task
from pipelines.status import Tally
from pipelines.store import Store

Announce = Callable[[Stage, list[Task]], Callable[[Done], None]]

#: Seconds between two lines of one stage, where there is no terminal.
_LINES = 10


@contextlib.contextmanager
def shown(store: Store, quiet: bool) -> Iterator[Announce]:
    """Gives the `announce` of `corpus.build`: bars on a terminal, a line a stage elsewhere, nothing where `quiet`."""
    console = Console(stderr=True, quiet=quiet)
    bars = Progress(
        TextColumn("{task.description:20}"), BarColumn(), TextColumn("{task.fields[says]}"), TimeElapsedColumn(),
        console=console, disable=quiet or not console.is_terminal,
    )  # fmt: skip
    stages: dict[str, Tally] = {}
    extracted: dict[int, int] = {}
    printed = time.monotonic()

    def announce(stage: Stage, tasks: list[Task]) -> Callable[[Done], None]:
        tally = stages[stage.name] = Tally(status.weights(tasks, extracted))
        bar = bars.add_task(stage.name, total=sum(tally.sizes.values()), says=line(tally.record()))

        def report(done: Done) -> None:
            nonlocal printed
            tally.add(done)
            if stage.name == "extract" and done.commit:
                extracted[done.task.index] = sum(entry["bytes"] for entry in done.commit.files.values())
            store.log({
                "stage": stage.name, "part": done.task.index, "worked": done.worked, "ok": done.commit is not None,
                "error": done.error,
                "seconds": round(done.seconds, 3), "peak_bytes": done.peak_bytes, "attempts": done.attempts,
                "fingerprint": done.task.fingerprint(), "time": round(time.time(), 3),
            })  # fmt: skip
            last = tally.finished == len(tasks)
            if not console.is_terminal and (last or time.monotonic() - printed > _LINES):
                printed = time.monotonic()
                console.print(f"{stage.name}: {line(tally.record())}", highlight=False, soft_wrap=True)
            bars.update(bar, completed=tally.through, says=line(tally.record()))

        return report

    with status.written(store, stages), bars:
        yield announce


def line(record: dict[str, Any]) -> str:
    """A stage as `status.Tally.record` gives it, for a person."""
    rate = record["rows"] / max(record["seconds"], 0.1)
    says = f"{record['done']}/{record['parts']} parts, {record['rows']:,} rows, {record['seconds']:,.1f} s"
    says += f", {rate:,.0f} rows/s"
    if record["failed"]:
        says += f", {record['failed']} failed"
    if record["retries"]:
        says += f", {record['retries']} tried again"
    if record["eta_seconds"]:
        says += f", {record['eta_seconds']:,.0f} s to go"
    return says
