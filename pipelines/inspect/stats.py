"""What became of the documents: rows, reasons, languages, tokens, hosts, time and memory, read from the commits."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from pipelines.corpus import COMMANDS, COUNTS, state
from pipelines.inspect.audit import host
from pipelines.store import Commit, Store
from pipelines.tasks import Commits, Corpus, counts
from pipelines.work.filter import owners
from pipelines.work.tokenize import SHARDS

#: How many sizes of clusters the table shows, smallest first; `--json` has them all.
CLUSTER_SIZES = 12

#: How many statements of rights the table shows, the most frequent first.
RIGHTS = 15


def collect(corpus: Corpus, hosts: int = 10) -> dict[str, Any]:
    """Everything the tables show, as plain data. Stages that are not finished are counted as far as they are."""
    _, marks, done = state(corpus)
    found: dict[str, Any] = {
        "stages": {},
        "complete": all(parts is not None and all(parts) for parts in marks.values()),
    }
    for command, names in COMMANDS.items():
        commits = done.get(COUNTS[command], [])
        found["stages"][command] = counts(commits) | _cost(corpus.store, names)
    encoded = done.get("tokenize/encode", [])
    languages: dict[str, Counter[str]] = {}
    for commit in encoded:
        for lang, sums in commit.totals["languages"].items():
            languages.setdefault(lang, Counter()).update(sums)
    shards = done.get("tokenize/shards", [])
    chars = sum(commit.totals.get("chars", 0) for commit in encoded)
    tokens = sum(commit.totals["tokens"] for commit in shards)
    manifest = done.get("tokenize/manifest", [])
    return found | {
        "documents": sum(commit.kept for commit in shards),
        "chars": chars,
        "tokens": tokens,
        "chars_per_token": round(chars / tokens, 4) if tokens else None,
        "shards": len(shards),
        "languages": {lang: sums["documents"] for lang, sums in sorted(languages.items())},
        "by_language": {
            lang: dict(sums) | {"chars_per_token": round(sums["chars"] / sums["tokens"], 4)}
            for lang, sums in sorted(languages.items())
        },
        "survival": _survival(corpus, found["stages"]["filter"], done.get("filter", [])),
        "formats": _formats(done.get("extract", [])),
        "rights": _rights(done.get("extract", [])),
        "repeated_lines": {
            name: sum(commit.totals.get(name, 0) for commit in done.get("dedup/sign", []))
            for name in ("cut_lines", "cut_chars")
        },
        "bridges": sum(commit.detail.get("bridges", 0) for commit in done.get("dedup/cluster", [])),
        "clusters_by_size": _clusters_by_size(done.get("dedup/decide", [])),
        "top_hosts": _top_hosts(corpus, done, hosts),
        "digest": manifest[0].detail["digest"] if manifest else None,
    }


def _survival(corpus: Corpus, filtered: dict[str, Any], commits: Sequence[Commit]) -> list[dict[str, Any]]:
    """What each rule of the recipe took, in their order, and how many documents were left."""
    rules = corpus.recipe.filter.chosen()
    langs = {lang for commit in commits for lang in commit.totals["languages"]}
    owner = owners(rules, [*langs, None])
    removed: Counter[int] = Counter()
    for reason, count in filtered["reasons"].items():
        removed[owner[reason]] += count
    left = filtered["rows_in"]
    found = []
    for place, (label, _) in enumerate(rules):
        left -= removed[place]
        edits = sum(commit.totals["edits"].get(label, 0) for commit in commits)
        found.append({"rule": label, "removed": removed[place], "left": left, "edits": edits})
    return found


def _formats(commits: Sequence[Commit]) -> dict[str, dict[str, int]]:
    """Rows, kept rows and characters by the format of the documents, and of what was damaged."""
    sums: dict[str, Counter[str]] = {}
    for commit in commits:
        for name, of_one in commit.totals["formats"].items():
            sums.setdefault(name, Counter()).update(of_one)
    return {name: {key: sums[name][key] for key in ("rows", "kept", "chars")} for name in sorted(sums)}


def _rights(commits: Sequence[Commit]) -> dict[str, int]:
    """How many documents state a licence, a robots directive, or reserve text and data mining; most first."""
    said: Counter[str] = Counter()
    for commit in commits:
        said.update(commit.totals["rights"])
    return dict(sorted(said.items(), key=lambda item: (-item[1], item[0])))


def _clusters_by_size(commits: Sequence[Commit]) -> dict[str, int]:
    """How many kept documents stand for so many, themselves included."""
    sizes: Counter[int] = Counter()
    for commit in commits:
        sizes.update({int(size): count for size, count in commit.totals["clusters_by_size"].items()})
    return {str(size): sizes[size] for size in sorted(sizes)}


def _cost(store: Store, names: tuple[str, ...]) -> dict[str, Any]:
    """Seconds over all parts as last made, and the highest memory a worker had reached by then."""
    done = (event for event in store.events() if event["stage"] in names and event["ok"] and event["worked"])
    last = {(event["stage"], event["part"]): event for event in done}
    return {
        "seconds": round(sum(event["seconds"] for event in last.values()), 1),
        "peak_bytes": max((event["peak_bytes"] for event in last.values()), default=0),
    }


def _top_hosts(corpus: Corpus, done: Commits, most: int) -> list[tuple[str, int]]:
    hosts: Counter[str] = Counter()
    for commit in done.get("tokenize/shards", []):
        for path in commit.files:
            if path.startswith(f"{SHARDS}/__meta__/"):
                with corpus.store.fetched(path) as file:
                    urls = pq.read_table(file, columns=["url"]).column("url").to_pylist()
                hosts.update(host(url) for url in urls)
    return sorted(hosts.items(), key=lambda item: (-item[1], item[0]))[:most]


def show(found: dict[str, Any], console: Console) -> None:
    """The same as tables."""
    stages = _table("What became of the documents", "stage", "rows in", "kept", "share", "part-seconds", "peak MiB")
    dropped = _table("Why documents were dropped", "stage", "reason", "rows", "share of rows in")
    for name, stage in found["stages"].items():
        rows = max(stage["rows_in"], 1)
        stages.add_row(
            name, f"{stage['rows_in']:,}", f"{stage['kept']:,}", f"{stage['kept'] / rows:.1%}",
            f"{stage['seconds']:,.1f}", f"{stage['peak_bytes'] / 2**20:,.0f}",
        )  # fmt: skip
        for reason, count in sorted(stage["reasons"].items(), key=lambda item: (-item[1], item[0])):
            dropped.add_row(name, reason, f"{count:,}", f"{count / rows:.1%}")
    console.print(stages)
    if dropped.rows:
        console.print(dropped)
    if len(found["formats"]) > 1:
        formats = _table("What the documents came as", "format", "rows", "with a text", "characters")
        for name, sums in found["formats"].items():
            formats.add_row(name, *(f"{sums[key]:,}" for key in ("rows", "kept", "chars")))
        console.print(formats)
    if filtered := found["stages"]["filter"]["rows_in"]:
        survival = _table("What the rules left", "rule", "removed", "edits", "left", "survival")
        for step in found["survival"]:
            share = step["left"] / filtered
            numbers = (f"{step[name]:,}" for name in ("removed", "edits", "left"))
            survival.add_row(step["rule"], *numbers, f"{'█' * round(20 * share)} {share:.1%}")
        console.print(survival)
    mix = _table("What is in the corpus", "language", "documents", "characters", "tokens", "characters per token")
    for lang, sums in found["by_language"].items():
        mix.add_row(
            lang, *(f"{sums[name]:,}" for name in ("documents", "chars", "tokens")), f"{sums['chars_per_token']:.2f}"
        )
    mix.add_row(
        "all", f"{found['documents']:,}", f"{found['chars']:,}", f"{found['tokens']:,}",
        f"{found['chars_per_token'] or 0:.2f}", style="bold",
    )  # fmt: skip
    console.print(mix)
    if found["clusters_by_size"]:
        clusters = _table("Documents that are alike", "documents in a cluster", "clusters")
        sizes = sorted((int(size), count) for size, count in found["clusters_by_size"].items())
        for size, count in sizes[:CLUSTER_SIZES]:
            clusters.add_row(f"{size:,}", f"{count:,}")
        if more := sum(count for _, count in sizes[CLUSTER_SIZES:]):
            clusters.add_row(f"up to {sizes[-1][0]:,}", f"{more:,}")
        console.print(clusters)
    if found["repeated_lines"]["cut_lines"]:
        console.print("Cut: {cut_lines:,} repeated lines, {cut_chars:,} characters.".format(**found["repeated_lines"]))
    if found["bridges"]:
        console.print(f"Clusters of earlier corpora joined by new documents: {found['bridges']:,} times.")
    if found["rights"]:
        stated = _table("What pages say of rights", "said", "documents")
        for what, count in list(found["rights"].items())[:RIGHTS]:
            stated.add_row("".join(c for c in what if c.isprintable()), f"{count:,}")
        console.print(stated)
    if found["top_hosts"]:
        hosts = _table("Hosts with the most documents", "host", "documents")
        for name, count in found["top_hosts"]:
            hosts.add_row(name.translate(dict.fromkeys(range(32))), f"{count:,}")
        console.print(hosts)
    if not found["complete"]:
        console.print("Not finished: some parts are missing; see `plan`.", style="yellow")
    console.print(f"{found['shards']:,} shards, digest {found['digest']}", highlight=False, soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    """Words to the left, numbers to the right."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        words = column in ("stage", "reason", "rule", "survival", "language", "format", "host", "said")
        table.add_column(column, justify="left" if words else "right", overflow="fold")
    return table
