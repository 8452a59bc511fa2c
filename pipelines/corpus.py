"""The whole run on one page: the stages of a recipe, the tasks of a stage, and the loop that does them in order."""

import dataclasses
import hashlib
import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from filters import language
from pipelines import inputs, sources
from pipelines.errors import Drift, UsageError
from pipelines.recipe import Recipe
from pipelines.run import Done, Runner, run_stage
from pipelines.stage import Stage, Task, drift, fresh
from pipelines.store import Commit, Store, digest
from pipelines.work import dedup, extract, filter, tokenize
from tokenizer import shards, subwords

#: What the command line calls a stage, and the stages it is made of, in order. Their names are folders below OUT.
COMMANDS: dict[str, tuple[str, ...]] = {
    "extract": ("extract",),
    "filter": ("filter",),
    "dedup": ("dedup/sign", "dedup/group", "dedup/cluster", "dedup/decide"),
    "tokenize": ("tokenize/vocabulary", "tokenize/encode", "tokenize/shards", "tokenize/manifest"),
}

#: The stage whose counts are the command's: rows in, kept, and why the rest was dropped.
COUNTS = {"extract": "extract", "filter": "filter", "dedup": "dedup/decide", "tokenize": "tokenize/shards"}


@dataclass(frozen=True)
class Corpus:
    """A recipe, the spans of its input in order, and the folder it is built in."""

    recipe: Recipe
    spans: tuple[sources.Span, ...]
    store: Store


Commits = dict[str, list[Commit]]


def plain(value: Any) -> Any:
    """Settings as plain JSON data, whichever of the two kinds of frozen class they are written in."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return pydantic.TypeAdapter(type(value)).dump_python(value, mode="json")
    raise TypeError(f"not settings: {value!r}")


def stages(recipe: Recipe) -> dict[str, Stage]:
    """Every stage of a corpus by name, in the order they run. Reads the models named, for their digests."""
    try:
        model = recipe.filter.language.model
        path = language.model_path(model)
        language.load(path)  # here, where it costs the user a second, rather than in the first part
        model_sha256 = language.model_digest(path)
    except language.ModelError as error:
        raise UsageError(f"filter.language.model: {error}") from None
    subword_sha256 = ""
    if recipe.tokenize.model:
        try:
            subword_sha256 = subwords.load(Path(recipe.tokenize.model)).sha256
        except subwords.UnreadableModel as error:
            raise UsageError(f"tokenize.model: {error}") from None

    page = plain(recipe.extract) | {"languages": list(recipe.filter.language.keep), "model": model}
    rules = [getattr(recipe.filter, name) for name in recipe.filter.rules]
    found: dict[str, Stage] = {}

    def stage(
        name: str, work: Any, settings: dict[str, Any], libraries: str, after: str = "", version: int = 1
    ) -> None:
        upstream = tuple(found[other] for other in after.split())
        found[name] = Stage(name, work, settings, version, upstream, ("numpy", "pyarrow", *libraries.split()))

    stage("extract", extract.extract_part, page | {"model_sha256": model_sha256},
          "fastwarc resiliparse lxml trafilatura fasttext-numpy2-wheel brotli")  # fmt: skip
    stage("filter", filter.filter_part, {
        "rules": [plain(rule) | {"name": rule.name, "version": rule.version} for rule in rules],
        "model_sha256": model_sha256,
    }, "fasttext-numpy2-wheel", "extract")  # fmt: skip
    minhash = {"minhash": plain(recipe.dedup.minhash), "unicode": unicodedata.unidata_version}
    stage("dedup/sign", dedup.sign_part, minhash, "datasketch xxhash numba", "filter")
    stage("dedup/group", dedup.group_bucket, {}, "numba", "dedup/sign")
    stage("dedup/cluster", dedup.cluster_whole, {}, "numba", "dedup/group")
    stage(
        "dedup/decide",
        dedup.decide_part,
        minhash | {"min_similarity": recipe.dedup.min_similarity},
        "",
        "dedup/cluster",
    )
    how = recipe.tokenize
    stage("tokenize/vocabulary", tokenize.make_vocabulary,
          {"model_sha256": subword_sha256} if how.model else
          {"model_sha256": "", "vocab_size": how.vocab_size, "sample_chars": how.sample_chars, "seed": how.seed},
          "sentencepiece xxhash", "dedup/decide")  # fmt: skip
    stage("tokenize/encode", tokenize.encode_part, {"seed": how.seed}, "sentencepiece xxhash", "tokenize/vocabulary")
    stage("tokenize/shards", tokenize.write_shard, {
        "corpus": recipe.name, "shard_tokens": how.shard_tokens, "batch_tokens": how.batch_tokens,
    }, "", "tokenize/encode")  # fmt: skip
    stage("tokenize/manifest", tokenize.write_manifest, {}, "", "tokenize/shards")
    return found


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
            return one(dedup.Cluster(_offsets(done["filter"])[-1], wanted), "dedup/sign", "dedup/group")
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
            reads = digest([count, content["tokenize/encode"], content["tokenize/vocabulary"]])
            return [Task(stage, i, tokenize.Shard(count, len(parts)), reads) for i in range(count)]
        case "tokenize/manifest":
            says = _manifest(corpus, done)
            return [Task(stage, 0, tokenize.Manifest(len(done["tokenize/shards"]), says), digest(says))]
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


def _manifest(corpus: Corpus, done: Commits) -> dict[str, Any]:
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
            for name, stage in stages(corpus.recipe).items() if name in done
        },
        "documents": sum(commit.kept for commit in done["tokenize/shards"]),
        "tokens": sum(commit.totals["tokens"] for commit in done["tokenize/shards"]),
        "shards": shard_files,
    }  # fmt: skip


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


def open_corpus(recipe: Recipe, patterns: Sequence[str], out: Path) -> Corpus:
    """Find the input, digest it (once: sizes and times of files seen before are remembered) and cut it into parts."""
    store = Store(out.resolve())
    found = inputs.find_inputs(patterns, _remembered_digests(store))
    spans = [span for source in found for span in sources.split(source, recipe.input.part_bytes)]
    return Corpus(recipe, tuple(spans), store)


def _remembered_digests(store: Store) -> Callable[[Path], str]:
    """SHA-256 of a file, read again only when its size or time of change is new. As git's index does it."""
    memory = store.root / "log" / "inputs.json"
    known: dict[str, list[Any]] = store.read_json(memory) or {}

    def sha256(path: Path) -> str:
        state = path.stat()
        seen = [state.st_size, state.st_mtime_ns]
        key = str(path.resolve())
        if known.get(key, [])[:2] != seen:
            with path.open("rb") as file:
                known[key] = [*seen, hashlib.file_digest(file, "sha256").hexdigest()]
            if os.access(store.root, os.W_OK):
                store.write_json(memory, known)
        return str(known[key][2])

    return sha256


def check_drift(corpus: Corpus, wanted: dict[str, Stage], rebuild: bool) -> None:
    """Stop where OUT holds parts made from other input or with other settings, naming the first field that differs."""
    if rebuild:
        return
    store = corpus.store
    again = "give --rebuild to make the parts concerned again, or another OUT"
    inputs = _inputs(corpus)
    before = store.read_json(store.root / "commits" / "inputs.json")
    if before is not None and before != inputs:
        changed = drift(before, inputs)
        raise Drift(f"{store.root}: the input is not the one the parts there were made from ({changed[0]}); {again}")
    for name, stage in wanted.items():
        committed = store.read_json(store.root / "commits" / name / "stage.json")
        if committed is not None and (fields := drift(committed, stage.description())):
            more = f" and {len(fields) - 1} more" if len(fields) > 1 else ""
            raise Drift(f"{store.root}: {name} was made otherwise: {fields[0]}{more}; {again}")


def _inputs(corpus: Corpus) -> dict[str, Any]:
    return {
        "files": {span.source.name: span.source.sha256 for span in corpus.spans},
        "part_bytes": corpus.recipe.input.part_bytes,
    }


def build(
    corpus: Corpus, until: str, runner: Runner, announce: Callable[[Stage, list[Task]], Callable[[Done], None]],
    rebuild: bool = False,
) -> Commits:  # fmt: skip
    """Bring every stage up to date as far as the command `until`, in order; what is committed is not done again.

    `announce` is told of a stage's tasks before they start and returns who is to be told of each as it is done.
    """
    wanted = stages(corpus.recipe)
    names = [name for command, parts in COMMANDS.items() for name in parts]
    last = COMMANDS[until][-1]
    store = corpus.store
    check_drift(corpus, {name: wanted[name] for name in names[: names.index(last) + 1]}, rebuild)
    store.write_json(store.root / "commits" / "inputs.json", _inputs(corpus))
    done: Commits = {}
    for name in names:
        stage = wanted[name]
        todo = tasks(stage, corpus, done)
        store.write_json(store.root / "commits" / name / "stage.json", stage.description())
        if name == "tokenize/shards" and not all(fresh(task, store) for task in todo):
            store.discard("tokenize/manifest", 0)  # the manifest must not speak of shards that are being replaced
        done[name] = run_stage(todo, store, runner, announce(stage, todo))
        store.sweep(name, len(todo))
        if name == last:
            break
    return done


def state(corpus: Corpus) -> tuple[dict[str, Stage], dict[str, list[bool] | None], Commits]:
    """What is done and what is not, without doing anything: for each stage, whether each of its parts is committed and
    up to date (None where its tasks follow from stages that are not finished), and the commits."""
    wanted = stages(corpus.recipe)
    done: Commits = {}
    parts: dict[str, list[bool] | None] = {}
    complete = True
    for name, stage in wanted.items():
        if not complete:
            parts[name] = None
            continue
        found = [fresh(task, corpus.store) for task in tasks(stage, corpus, done)]
        parts[name] = [commit is not None for commit in found]
        done[name] = [commit for commit in found if commit]
        complete = len(done[name]) == len(found)
    return wanted, parts, done
