"""Look on while a corpus is built, from another terminal or machine: a table that follows OUT/log/status.json."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from pipelines.errors import Stop
from pipelines.progress import line
from pipelines.status import EVERY
from pipelines.store import Store

#: Seconds without a word after which a driver is taken for dead: it writes every `EVERY`, and file systems dawdle.
SILENT = 12 * EVERY


def read(out: Path | str) -> dict[str, Any]:
    """The status of a run, with `silent_seconds` since its driver last wrote it, by this machine's clock.

    Raises `Stop` where there is none.
    """
    store = Store(out)
    found: dict[str, Any] | None = store.read_json("log/status.json")
    if found is None:
        raise Stop(f"{out}: no run has written a status there (log/status.json)")
    return found | {"silent_seconds": max(0.0, round(time.time() - found["updated"], 1))}


def watch(out: Path | str, console: Console) -> int:
    """Follow a run to its end. Returns 0 where it ended well, 1 where it failed, was stopped or has gone silent."""
    found = read(out)
    if console.is_terminal:
        with Live(table(found), console=console, refresh_per_second=2) as live:
            while alive(found):
                time.sleep(1)
                found = read(out)
                live.update(table(found))
    else:
        said: dict[str, str] = {}
        while True:
            for stage in found["stages"]:
                if said.get(stage["stage"]) != (words := f"{stage['stage']}: {line(stage)}"):
                    said[stage["stage"]] = words
                    console.print(words, highlight=False, markup=False, soft_wrap=True)
            if not alive(found):
                break
            time.sleep(EVERY)
            found = read(out)
        console.print(headline(found), highlight=False, markup=False, soft_wrap=True)
    return 0 if found["state"] == "done" else 1


def alive(found: dict[str, Any]) -> bool:
    return bool(found["state"] == "running" and found["silent_seconds"] < SILENT)


def headline(found: dict[str, Any]) -> str:
    """One line on the run: its state, and since when nothing was heard of a driver that should be writing."""
    words = f"{found['state']}, process {found['pid']} on {found['host']}"
    if found["state"] == "running" and not alive(found):
        words += f", but nothing heard for {_clock(found['silent_seconds'])}: run it again, it goes on"
    return f"{words}: {found['error']}" if found["error"] else words


def table(found: dict[str, Any]) -> Table:
    made = Table(title=escape(headline(found)), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("stage", no_wrap=True)
    for name in ("done", "parts", "failed", "again", "rows", "MB out", "time", "to go"):
        made.add_column(name, justify="right", no_wrap=True)
    for stage in found["stages"]:
        eta = stage["eta_seconds"]
        made.add_row(
            stage["stage"], f"{stage['share']:.0%}", f"{stage['done']}/{stage['parts']}", str(stage["failed"] or ""),
            str(stage["retries"] or ""), f"{stage['rows']:,}", f"{stage['bytes'] / 1e6:,.1f}", _clock(stage["seconds"]),
            "" if eta is None else _clock(eta),
        )  # fmt: skip
    return made


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=int(seconds)))
