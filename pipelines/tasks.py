"""Which tasks a stage has: from the input's spans, and from the commits of the stages before it.

Work units come from here alone, never from workers: who runs a task has no say in what the task is.
"""

import dataclasses
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import sources
from pipelines.recipe import Recipe
from pipelines.sources import projects
from pipelines.stage import Stage, Task
from pipelines.store import Commit, Store, digest
from pipelines.work import filter, tokenize
from pipelines.work.dedup import cluster, compare, decide, exchange, group, lines, sign, signed
from pipelines.work.dedup.earlier import Earlier
from tokenizer import shards


@dataclass(frozen=True)
class Corpus:
    """A recipe, the parts of its input in order, the folder it is built in, and corpora that came before it."""

    recipe: Recipe
    parts: tuple[tuple[sources.Span, ...], ...]
    store: Store
    earlier: tuple[Earlier, ...] = ()

    @property
    def sources(self) -> list[sources.Source]:
        """The input files by name, each once."""
        spans = itertools.chain.from_iterable(self.parts)
        found = {source.name: source for span in spans for source in (span.source, *span.others)}
        return [found[name] for name in sorted(found)]


Commits = dict[str, list[Commit]]


def tasks(stage: Stage, corpus: Corpus, done: Commits) -> list[Task]:
    """The tasks of a stage, from the input's plan, earlier corpora and the commits of the stages before it."""
    parts = range(len(corpus.parts))
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
                Task(stage, i, spans, digest([_says(span) for span in spans])) for i, spans in enumerate(corpus.parts)
            ]
        case "filter":
            rules = filter.Filtering(corpus.recipe.filter.chosen(), corpus.recipe.filter.language)
            return each(lambda i: rules, "extract")
        case "dedup/lines":
            offsets = _offsets(done["filter"])
            return each(lambda i: lines.Lines(offsets[i]), "extract", "filter")
        case "dedup/repeated":
            total = sum(commit.totals["lines"] for commit in done["dedup/lines"])
            buckets = _buckets(corpus, total)
            reads = digest([content["dedup/lines"], buckets])
            return [Task(stage, i, lines.Repeated(len(parts), i, buckets), reads) for i in range(buckets)]
        case "dedup/sign":
            offsets = _offsets(done["filter"])
            repeated = done.get("dedup/repeated", [])
            tables = tuple(lines.repeated_path(commit.index) for commit in repeated)
            min_chars = corpus.recipe.dedup.repeated_lines.min_chars
            table = digest([commit.content() for commit in repeated])
            return [
                Task(stage, i, sign.Sign(offsets[i], tables, min_chars),
                     digest([content["extract"][i], content["filter"][i], offsets[i], table]))
                for i in parts
            ]  # fmt: skip
        case "dedup/group":
            return _group_tasks(stage, corpus, done)
        case "dedup/cluster":
            before = [other.content for other in corpus.earlier]
            reads = digest([content["dedup/sign"], content["dedup/group"], before])
            return [Task(stage, 0, _cluster(corpus, done), reads)]
        case "dedup/compare":
            whole = _signed(corpus, done)
            first_new = sum(other.documents for other in corpus.earlier)
            reads = digest([content["dedup/cluster"], content["dedup/sign"]])
            return [
                Task(stage, i, compare.Compare(whole, first, end, first_new), reads)
                for i, (first, end) in enumerate(itertools.pairwise(done["dedup/cluster"][0].detail["blocks"]))
            ]
        case "dedup/decide":
            whole, blocks = _signed(corpus, done), len(done["dedup/compare"])
            first = len(whole.parts) - len(parts)
            reads = digest([content["dedup/compare"], content["dedup/sign"]])
            return [
                Task(stage, i, decide.Decide(whole, whole.offsets[first + i], blocks),
                     digest([reads, content["extract"][i], content["filter"][i]]))
                for i in parts
            ]  # fmt: skip
        case "tokenize/vocabulary":
            model = corpus.recipe.tokenize.model
            return one(
                tokenize.Vocabulary(len(parts), str(Path(model).resolve()) if model else ""),
                *(() if model else ("extract", "filter", "dedup/decide")),
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
            files = digest({source.name: source.sha256 for source in corpus.sources})
            reads = digest([count, files, content["tokenize/encode"], content["tokenize/vocabulary"]])
            return [Task(stage, i, tokenize.Shard(count, len(parts), files), reads) for i in range(count)]
        case "tokenize/manifest":
            says = _manifest(stage, corpus, done)
            return [Task(stage, 0, tokenize.Manifest(says), digest(says))]
    raise KeyError(stage.name)


def _says(span: sources.Span) -> list[Any]:
    """What of a span its documents are made from."""
    declared = dataclasses.asdict(span.declared)
    others = [[projects.relative(span.source, other), other.sha256] for other in span.others]
    return [span.source.name, span.source.sha256, span.kind, span.start, span.stop, declared, others]


def _offsets(commits: Sequence[Commit]) -> list[int]:
    """The number of rows kept before each part, and in all at the end."""
    offsets = [0]
    for commit in commits:
        offsets.append(offsets[-1] + commit.kept)
    return offsets


def _buckets(corpus: Corpus, rows: int) -> int:
    return max(1, -(-rows // corpus.recipe.dedup.bucket_rows))


def _group_tasks(stage: Stage, corpus: Corpus, done: Commits) -> list[Task]:
    """One task for every bucket of every band; it reads its range of every part's run, those of earlier corpora too."""
    own = done["dedup/sign"]
    first_new = sum(other.documents for other in corpus.earlier)
    buckets = _buckets(corpus, first_new + _offsets(own)[-1])
    corpora = (*(other.base for other in corpus.earlier), first_new)
    reads = digest([[commit.content() for commit in own], [other.digest for other in corpus.earlier], buckets])
    found: list[Task] = []
    for band in range(len(own[0].detail["bands"]) - 1 if own else 0):
        places: list[exchange.Place] = [place for other in corpus.earlier for place in other.places(band)]
        for commit in own:
            start, stop = commit.detail["bands"][band : band + 2]
            places.append((f"{signed.prefix(commit.index)}.bands.npy", start, stop, first_new))
        runs = tuple(place for place in places if place[2] > place[1])
        found += [
            Task(stage, len(found) + bucket, group.Group(runs, bucket, buckets, corpora), reads)
            for bucket in range(buckets)
        ]
    return found


def _signed(corpus: Corpus, done: Commits) -> signed.Signed:
    """Where the signed documents of this corpus and of those before it lie."""
    offsets, parts = [0], []
    for other in corpus.earlier:
        offsets += [other.base + end for end in other.offsets[1:]]
        parts += other.parts()
    first_new = offsets[-1]
    offsets += [first_new + end for end in _offsets(done["dedup/sign"])[1:]]
    parts += [signed.prefix(commit.index) for commit in done["dedup/sign"]]
    return signed.Signed(tuple(offsets), tuple(parts))


def _cluster(corpus: Corpus, done: Commits) -> cluster.Cluster:
    first_new = sum(other.documents for other in corpus.earlier)
    edges = [(f"{signed.prefix(commit.index)}.edges.npy", first_new) for commit in done["dedup/sign"]]
    edges += [(path, 0) for commit in done["dedup/group"] for path in commit.files]
    return cluster.Cluster(_signed(corpus, done), tuple(edges), len(corpus.parts), corpus.earlier)


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
    recipe = corpus.recipe.model_dump(mode="json")
    for where in ("paths", "base"):
        recipe["input"].pop(where)
    recipe["dedup"].pop("against")
    recipe["tokenize"].pop("model")
    return {
        "format": shards.FORMAT_VERSION,
        "corpus": corpus.recipe.name,
        "recipe": recipe,
        "earlier": [{"digest": other.digest, "documents": other.documents} for other in corpus.earlier],
        "sources": [
            {"name": source.name, "bytes": source.size, source.digest_kind: source.sha256} for source in corpus.sources
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
        "languages": _added(commit.totals["languages"] for commit in done["tokenize/encode"]),
        "licences": _added({"": commit.totals["licences"]} for commit in done["tokenize/shards"]).get("", {}),
        "shards": shard_files,
    }  # fmt: skip


def _added(totals: Iterable[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Counts of the same name added up, names in order."""
    sums: dict[str, Counter[str]] = {}
    for of_one in totals:
        for name, counted in of_one.items():
            sums.setdefault(name, Counter()).update(counted)
    return {name: dict(sorted(counted.items())) for name, counted in sorted(sums.items())}


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
