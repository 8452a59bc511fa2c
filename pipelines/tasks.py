"""Which tasks a stage has: from the input's spans, and from the commits of the stages before it.

Work units come from here alone, never from workers: who runs a task has no say in what the task is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import sources
from pipelines.recipe import Recipe
from pipelines.stage import Stage, Task
from pipelines.store import Commit, Store, digest
from pipelines.work import dedup, tokenize
from tokenizer import shards


@dataclass(frozen=True)
class Corpus:
    """A recipe, the spans of its input in order, and the folder it is built in."""

    recipe: Recipe
    spans: tuple[sources.Span, ...]
    store: Store


Commits = dict[str, list[Commit]]


def tasks(stage: Stage, corpus: Corpus, done: Commits) -> list[Task]:
    """The tasks of a stage, from the input's plan and the commits of the stages before it."""
    parts = range(len(corpus.spans))
    content = {name: [commit.content() for commit in commits] for name, commits in done.items()}

    def each(given: Callable[[int], Any], *reads: str) -> list[Task]:
        """One task a part, which reads the same part of other stages."""
        return [Task(stage, i, given(i), digest([content[name][i] for name in reads])) for i in parts]

    def one(given: Any, *reads: str) -> list[Task]:
        """One task for the whole, which reads all parts of other stages."""
        return [Task(stage, 0, given, digest([content[name] for name in reads]))]

    match stage.name:
        case "extract":
            return [
                Task(stage, i, span, digest([span.source.name, span.source.sha256, span.start, span.stop]))
                for i, span in enumerate(corpus.spans)
            ]
        case "filter":
            return each(lambda i: None, "extract")
        case "dedup/sign":
            offsets = _offsets(done["filter"])
            entries = offsets[-1]
            buckets = max(1, -(-entries // corpus.recipe.dedup.bucket_rows))
            given = [dedup.Sign(offsets[i], buckets) for i in parts]
            return [
                Task(stage, i, given[i], digest([content["extract"][i], content["filter"][i], offsets[i], buckets]))
                for i in parts
            ]
        case "dedup/group":
            return _group_tasks(stage, done["dedup/sign"])
        case "dedup/cluster":
            edges = [path for name in ("dedup/sign", "dedup/group") for commit in done[name] for path in commit.files]
            wanted = tuple(path for path in edges if path.endswith(".edges.npy"))
            return one(dedup.Cluster(tuple(_offsets(done["filter"])), wanted), "dedup/sign", "dedup/group")
        case "dedup/decide":
            given_all = dedup.Decide(tuple(_offsets(done["filter"])))
            whole = digest([content["dedup/cluster"], content["dedup/sign"]])
            return [
                Task(stage, i, given_all, digest([whole, content["extract"][i], content["filter"][i]])) for i in parts
            ]
        case "tokenize/vocabulary":
            chars = sum(commit.totals["chars"] for commit in done["dedup/decide"])
            model = corpus.recipe.tokenize.model
            return one(
                tokenize.Vocabulary(len(parts), chars, str(Path(model).resolve()) if model else ""),
                *(() if model else ("extract", "dedup/decide")),
            )
        case "tokenize/encode":
            vocabulary = content["tokenize/vocabulary"]
            return [
                Task(
                    stage,
                    i,
                    None,
                    digest([vocabulary, *(content[name][i] for name in ("extract", "filter", "dedup/decide"))]),
                )
                for i in parts
            ]
        case "tokenize/shards":
            tokens = sum(commit.totals["tokens"] for commit in done["tokenize/encode"])
            count = shards.shard_count(tokens, corpus.recipe.tokenize.shard_tokens)
            files = digest({span.source.name: span.source.sha256 for span in corpus.spans})
            reads = digest([count, files, content["tokenize/encode"], content["tokenize/vocabulary"]])
            return [Task(stage, i, tokenize.Shard(count, len(parts), files), reads) for i in range(count)]
        case "tokenize/manifest":
            says = _manifest(stage, corpus, done)
            return [Task(stage, 0, tokenize.Manifest(says), digest(says))]
    raise KeyError(stage.name)


def _offsets(commits: Sequence[Commit]) -> list[int]:
    """The number of rows kept before each part, and in all at the end."""
    offsets = [0]
    for commit in commits:
        offsets.append(offsets[-1] + commit.kept)
    return offsets


def _group_tasks(stage: Stage, signed: Sequence[Commit]) -> list[Task]:
    """One task for every bucket of every band; it reads its range of every mapper's file."""
    if not signed:
        return []
    found: list[Task] = []
    bands = len(signed[0].detail["ranges"])
    buckets = len(signed[0].detail["ranges"][0]) - 1
    reads = digest([commit.content() for commit in signed])
    for band in range(bands):
        for bucket in range(buckets):
            ranges = [
                (f"dedup/sign/part-{commit.index:05d}.bands.npy", *commit.detail["ranges"][band][bucket : bucket + 2])
                for commit in signed
            ]
            given = dedup.Group(tuple((path, start, stop) for path, start, stop in ranges if stop > start))
            found.append(Task(stage, len(found), given, reads))
    return found


def _manifest(stage: Stage, corpus: Corpus, done: Commits) -> dict[str, Any]:
    """What the manifest says beside the tokenizer and the digest. No path, machine or time among it."""
    shard_files = []
    for commit in done["tokenize/shards"]:
        data = f"{tokenize.SHARDS}/data/{tokenize.shard_name(commit.index)}.arrow"
        meta = f"{tokenize.SHARDS}/__meta__/{tokenize.shard_name(commit.index)}.parquet"
        shard_files.append({
            "file": data.removeprefix(f"{tokenize.SHARDS}/"),
            **commit.files[data],
            "provenance": {"file": meta.removeprefix(f"{tokenize.SHARDS}/"), **commit.files[meta]},
            **commit.detail,
        })  # fmt: skip
    files = {span.source.name: span.source for span in corpus.spans}
    recipe = corpus.recipe.model_dump(mode="json")
    recipe["input"].pop("paths")
    recipe["tokenize"].pop("model")
    return {
        "format": shards.FORMAT_VERSION,
        "corpus": corpus.recipe.name,
        "recipe": recipe,
        "sources": [
            {"name": name, "bytes": source.size, "sha256": source.sha256} for name, source in sorted(files.items())
        ],
        "stages": {
            name: {
                "fingerprint": stage.fingerprint(), "version": stage.version,
                "libraries": stage.description()["libraries"], **counts(done[name]),
            }
            for name, stage in _upstream(stage).items()
        },
        "documents": sum(commit.kept for commit in done["tokenize/shards"]),
        "tokens": sum(commit.totals["tokens"] for commit in done["tokenize/shards"]),
        "shards": shard_files,
    }  # fmt: skip


def _upstream(stage: Stage) -> dict[str, Stage]:
    """The stages before one, first to last."""
    return {name: found for other in stage.after for name, found in (_upstream(other) | {other.name: other}).items()}


def counts(commits: Sequence[Commit]) -> dict[str, Any]:
    """Rows in, rows kept, and the reasons of the rest, added up."""
    reasons: dict[str, int] = {}
    for commit in commits:
        for reason, count in commit.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    return {
        "rows_in": sum(commit.rows_in for commit in commits),
        "kept": sum(commit.kept for commit in commits),
        "reasons": dict(sorted(reasons.items())),
    }
