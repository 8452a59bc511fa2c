"""What a person sees while files are read through: how much of them was, and how long the rest will take."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextlib.contextmanager
def shown(what: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Gives a function that is told of bytes that were read, of `total`: a bar with an ETA on a terminal's standard
    error, a line in ten seconds elsewhere, nothing where `quiet`."""
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description:12}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TextColumn("ETA"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bars:
        bar = bars.add_task(what, total=total)
        start = last = time.monotonic()
        read = 0

        def report(size: int) -> None:
            nonlocal read, last
            read += size
            bars.update(bar, completed=read)
            now = time.monotonic()
            if not console.is_terminal and now - last > 10:
                last = now
                left = (now - start) * max(total - read, 0) / max(read, 1)
                console.print(
                    f"{what}: {read / 1e6:,.0f} of {total / 1e6:,.0f} MB, {left:,.0f} s to go", highlight=False
                )

        yield report
