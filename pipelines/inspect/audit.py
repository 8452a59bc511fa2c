"""What each rule removed, by language, host, year and length: where a rule that seems right is wrong, it shows here."""

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from pipelines.inspect.show import JUDGES, columns_of
from pipelines.record import UPSTREAM
from pipelines.store import Store

DIMENSIONS = ("language", "host", "year", "length")

#: Rows of a table and reasons in a row that are shown; of hosts, `--json` has so many times this.
ROWS, REASONS, HOSTS = 12, 4, 20

LENGTH = "length.chars"


def collect(out: Path | str) -> dict[str, Any]:
    """`{dimension: {value: {reason or "kept": documents}}}`, the values with the most documents first."""
    found: dict[str, dict[str, Counter[str]]] = {name: {} for name in DIMENSIONS}
    store = Store(out)
    judged_too = {stage: set(store.indices(stage)) for stage in JUDGES[1:]}
    for index in store.indices("extract"):
        part = f"part-{index:05d}.parquet"
        extracted = columns_of(store, f"extract/{part}", "reason", "url", "date")
        reasons = [extracted.column("reason").to_pylist()]
        langs: list[str | None] = [None] * extracted.num_rows
        lengths: list[float | None] = [None] * extracted.num_rows
        if index in judged_too["filter"]:
            judged = columns_of(store, f"filter/{part}", "reason", "lang", LENGTH)
            reasons.append(judged.column("reason").to_pylist())
            langs = judged.column("lang").to_pylist()
            if LENGTH in judged.column_names:
                lengths = judged.column(LENGTH).to_pylist()
        if index in judged_too[JUDGES[-1]]:
            reasons.append(columns_of(store, f"{JUDGES[-1]}/{part}", "reason").column("reason").to_pylist())
        urls, dates = extracted.column("url").to_pylist(), extracted.column("date").to_pylist()
        for row, said in enumerate(zip(*reasons, strict=True)):
            reason = next((r for r in said if r not in (None, UPSTREAM)), "kept")
            values = (
                langs[row] or "?",
                host(urls[row]),
                str(dates[row].year) if dates[row] else "?",
                _band(lengths[row]),
            )
            for name, value in zip(DIMENSIONS, values, strict=True):
                found[name].setdefault(value, Counter())[reason] += 1
    return {name: _ranked(values, ROWS * HOSTS if name == "host" else None) for name, values in found.items()}


def host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or "(none)"
    except ValueError:  # crawlers write what pages say, and pages say http://[
        return "(not a URL)"


def _band(chars: float | None) -> str:
    """Characters without white space, by powers of ten and their halves (100 to 300, 300 to 1,000 ...)."""
    if chars is None:
        return "?"
    ends = [least * 10**power for power in range(2, 7) for least in (1, 3)]
    start = max((end for end in ends if end <= chars), default=0)
    return f"from {start:,}"


def _ranked(values: dict[str, Counter[str]], most: int | None) -> dict[str, dict[str, int]]:
    order = sorted(values, key=lambda value: (-values[value].total(), value))
    return {value: dict(sorted(values[value].items(), key=lambda item: (-item[1], item[0]))) for value in order[:most]}


def show(found: dict[str, Any], console: Console) -> None:
    for name, values in found.items():
        table = Table(title=f"What was removed, by {name}", title_justify="left")
        table.add_column(name, overflow="fold")
        table.add_column("documents", justify="right")
        table.add_column("kept", justify="right")
        table.add_column("most of the rest went for", overflow="fold")
        for value, reasons in list(values.items())[:ROWS]:
            documents = sum(reasons.values())
            gone = [f"{reason} {count:,}" for reason, count in reasons.items() if reason != "kept"][:REASONS]
            printable = "".join(c for c in value if c.isprintable())
            table.add_row(printable, f"{documents:,}", f"{reasons.get('kept', 0) / documents:.0%}", ", ".join(gone))
        console.print(table)
