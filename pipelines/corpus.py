"""The whole run: the stages of a recipe with their settings, and the loop that does their tasks in order."""

import contextlib
import dataclasses
import fnmatch
import importlib.metadata
import itertools
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pydantic

from filters import decontamination, language
from pipelines import inputs, memory, remembered, sources
from pipelines.errors import Drift, UsageError
from pipelines.recipe import Recipe, Rule
from pipelines.record import VERDICT
from pipelines.run import Done, Runner, already, inline, run_stage
from pipelines.sources import projects
from pipelines.stage import Stage, Task, drift, fresh
from pipelines.store import Store, located
from pipelines.tasks import Commits, Corpus, tasks
from pipelines.train import vocabulary
from pipelines.work import extract, filter, tokenize
from pipelines.work.dedup import cluster, compare, decide, group, lines, sign
from pipelines.work.dedup.earlier import Earlier, open_earlier
from tokenizer import subwords, words

#: What the command line calls a stage, and the stages it is made of, in order. Their names are folders below OUT.
#: Not every recipe has all of them.
COMMANDS: dict[str, tuple[str, ...]] = {
    "extract": ("extract",),
    "filter": ("filter",),
    "dedup": (
        "dedup/lines", "dedup/repeated", "dedup/sign", "dedup/group", "dedup/cluster", "dedup/compare", "dedup/decide",
    ),
    "tokenize": ("tokenize/vocabulary", "tokenize/encode", "tokenize/shards", "tokenize/manifest"),
}  # fmt: skip

#: The stage whose counts are the command's: rows in, kept, and why the rest was dropped.
COUNTS = {"extract": "extract", "filter": "filter", "dedup": "dedup/decide", "tokenize": "tokenize/shards"}


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
    how = recipe.tokenize
    learned: dict[str, Any] = {"model_sha256": ""}
    cutter = subwords.LIBRARIES["sentencepiece"]
    if how.model:
        try:
            given = subwords.load(Path(how.model), how.pattern)
        except subwords.UnreadableModel as error:
            raise UsageError(f"tokenize.model: {error}") from None
        learned = {"model_sha256": given.sha256, "pattern": how.pattern}
        cutter = subwords.LIBRARIES[given.kind]

    page = plain(recipe.extract) | {"languages": list(recipe.filter.language.keep), "model": model}
    found: dict[str, Stage] = {}

    def stage(
        name: str, work: Any, settings: dict[str, Any], libraries: str, after: str = "", version: int = 1
    ) -> None:
        upstream = tuple(found[other] for other in after.split())
        found[name] = Stage(name, work, settings, version, upstream, ("numpy", "pyarrow", *libraries.split()))

    stage("extract", extract.extract_part, page | {"model_sha256": model_sha256},
          "fastwarc resiliparse lxml trafilatura fasttext-numpy2-wheel brotli pypdfium2 ftfy "
          "markdown-it-py mdit-py-plugins", version=4)  # fmt: skip
    stage("filter", filter.filter_part, {
        "language": plain(recipe.filter.language),  # labels every document, whether or not it is among the rules
        "rules": [_rule(label, rule) for label, rule in recipe.filter.chosen()],
        "model_sha256": model_sha256,
    }, "fasttext-numpy2-wheel sudachipy sudachidict-core idna", "extract", version=3)  # fmt: skip
    find = recipe.dedup
    cutting = find.repeated_lines.documents > 0
    if cutting:
        least = {"min_chars": find.repeated_lines.min_chars, "unicode": unicodedata.unidata_version}
        stage("dedup/lines", lines.count_lines, least, "xxhash numba", "filter")
        stage("dedup/repeated", lines.find_repeated, {"documents": find.repeated_lines.documents}, "", "dedup/lines")
    minhash = {"minhash": plain(find.lsh())}
    exact = {"shingles": find.verify == "shingles"}
    same = (
        minhash
        | exact
        | {
            "key": plain(find.key),
            "urls": find.urls,
            "works": find.works,
            "score": find.score,
            "unicode": unicodedata.unidata_version,
        }
    )
    if find.minhash.japanese == "words":
        same |= {"dictionary": words.dictionary(), "sudachipy": importlib.metadata.version("sudachipy")}
    stage("dedup/sign", sign.sign_part, same, "datasketch xxhash numba idna",
          "filter dedup/repeated" if cutting else "filter", version=4)  # fmt: skip
    stage("dedup/group", group.group_bucket, {}, "numba", "dedup/sign", version=2)
    stage("dedup/cluster", cluster.cluster_whole,
          {"representative": list(find.representative), "sources": list(find.sources), "formats": list(find.formats)},
          "numba", "dedup/group", version=3)  # fmt: skip
    floor = {"min_similarity": find.min_similarity}
    stage("dedup/compare", compare.compare_block, minhash | exact | floor, "numba", "dedup/cluster")
    stage("dedup/decide", decide.decide_part, floor, "", "dedup/compare", version=2)
    if not how.model:
        learned |= {"cuts": cutting, "training": vocabulary.settings(recipe)}
    stage("tokenize/vocabulary", tokenize.make_vocabulary, learned, f"{cutter} xxhash", "dedup/decide", version=2)
    stage(
        "tokenize/encode",
        tokenize.encode_part,
        {"seed": how.seed, "cuts": cutting, "scores": _scores(recipe)},
        f"{cutter} xxhash",
        "tokenize/vocabulary",
        version=2,
    )
    stage("tokenize/shards", tokenize.write_shard, {
        "corpus": recipe.name, "shard_tokens": how.shard_tokens, "batch_tokens": how.batch_tokens,
    }, "", "tokenize/encode", version=2)  # fmt: skip
    stage("tokenize/manifest", tokenize.write_manifest, {}, "", "tokenize/shards", version=2)
    return found


#: Rules and scores of theirs that go with every document where the recipe names none.
PROVENANCE_SCORES = (("language", "wanted"), ("quality", "score"))

#: Settings of rules that are paths: their content counts, wherever it lies.
PATHS = {
    "hosts": "lists",
    "pes2o": "frequencies",
    "vocabulary": "words",
    "decontamination": "benchmarks",
    "quality": "model",
}


def _rule(label: str, rule: Rule) -> dict[str, Any]:
    """A rule as it is hashed: its settings, and the digests of the files behind them in place of their paths."""
    settings: dict[str, Any] = plain(rule) | {"label": label, "name": rule.name, "version": rule.version}
    if rule.name in PATHS:
        settings.pop(PATHS[rule.name])
        try:
            settings["files"] = list(rule.digests().values())  # type: ignore[union-attr]
        except (ValueError, OSError, decontamination.BenchmarkError) as error:
            raise UsageError(f"filter.{label}: {error}") from None
    return settings


def _scores(recipe: Recipe) -> list[str]:
    """The scores that go with every document; a UsageError where one of them is not measured."""
    if recipe.tokenize.scores is None:
        return [f"{rule}.{score}" for rule, score in PROVENANCE_SCORES if rule in recipe.filter.rules]
    measured = filter.verdict_schema(filter.Filtering(recipe.filter.chosen(), recipe.filter.language)).names
    for name in recipe.tokenize.scores:
        if name not in measured[len(VERDICT) :]:
            raise UsageError(f"tokenize.scores: no rule of this recipe measures {name!r}")
    return list(recipe.tokenize.scores)


def open_corpus(recipe: Recipe, patterns: Sequence[str], out: Path | str, against: Sequence[str] = ()) -> Corpus:
    """Find the input, digest it (once: sizes and times of files seen before are remembered) and cut it into parts; open
    the corpora to be deduplicated against."""
    store = Store(located(out))
    here, elsewhere = remembered.digests(store)
    if recipe.input.remote_digest == "etag":
        elsewhere = inputs.by_etag
    found = inputs.find_inputs(patterns, here, recipe.input.formats, elsewhere, recipe.input.base)

    papers = projects.find(found)
    read_too = {other for others in papers.values() for other in others}
    found = [source for source in found if source not in read_too]

    def cut(source: sources.Source) -> list[sources.Span]:
        declared, others = _declared(recipe, source.shown), papers.get(source, ())
        return remembered.split(store, source, recipe.input.part_bytes, declared, others)

    with ThreadPoolExecutor(inputs.LOOKS if any(source.seen for source in found) else 1) as pool:
        spans = list(itertools.chain.from_iterable(pool.map(cut, found)))
    earlier: tuple[Earlier, ...] = ()
    if against:
        if store.root in [located(other) for other in against]:
            raise UsageError(f"--against {out}: the corpus itself; give another --out")
        earlier = open_earlier(against, stages(recipe)["dedup/sign"])
    return Corpus(recipe, parts_of(spans, recipe.input.part_bytes), store, earlier)


def _declared(recipe: Recipe, path: str) -> sources.Declared:
    """What the recipe says of a file."""
    for files in recipe.input.files:
        if fnmatch.fnmatchcase(path if "/" in files.match else Path(path).name, files.match):
            known = files.model_dump(exclude={"match"}) | {"format": files.format or ""}
            return sources.Declared(**known)
    return sources.Declared()


def parts_of(spans: Sequence[sources.Span], part_bytes: int) -> tuple[tuple[sources.Span, ...], ...]:
    """Spans put together to parts: files that are read whole, in their order, until they have `part_bytes`."""
    parts: list[list[sources.Span]] = []
    room = 0
    for span in spans:
        size = sum(source.size for source in (span.source, *span.others)) if span.kind == "file" else part_bytes
        if span.kind != "file" or not parts or parts[-1][-1].kind != "file" or size > room:
            parts.append([])
            room = part_bytes
        parts[-1].append(span)
        room -= size
    return tuple(map(tuple, parts))


def check_drift(corpus: Corpus, wanted: dict[str, Stage], rebuild: bool) -> None:
    """Stop where OUT holds parts made from other input or with other settings, naming the first field that differs."""
    if rebuild:
        return
    store = corpus.store
    again = "give --rebuild to make the parts concerned again, or another OUT"
    now = _inputs(corpus)
    before = store.read_json("commits/inputs.json")
    if before is not None and before != now:
        changed = drift(before, now)
        raise Drift(f"{store.root}: the input is not the one the parts there were made from ({changed[0]}); {again}")
    for name, stage in wanted.items():
        committed = store.read_json(f"commits/{name}/stage.json")
        if committed is not None and (fields := drift(committed, stage.description())):
            more = f" and {len(fields) - 1} more" if len(fields) > 1 else ""
            raise Drift(f"{store.root}: {name} was made otherwise: {fields[0]}{more}; {again}")


def _inputs(corpus: Corpus) -> dict[str, Any]:
    return {
        "files": {source.name: source.sha256 for source in corpus.sources},
        "part_bytes": corpus.recipe.input.part_bytes,
        "against": [other.content for other in corpus.earlier],
    }


def build(
    corpus: Corpus, until: str, runner: AbstractContextManager[Runner],
    announce: Callable[[Stage, list[Task]], Callable[[Done], None]], rebuild: bool = False,
) -> Commits:  # fmt: skip
    """Bring every stage up to date as far as the command `until`, in order; what is committed is not done again.

    `runner` is started when there is something to do. `announce` is told of a stage's tasks before they start and
    returns who is to be told of each as it is done.
    """
    wanted = stages(corpus.recipe)
    names = list(wanted)[: list(wanted).index(COMMANDS[until][-1]) + 1]
    store = corpus.store
    check_drift(corpus, {name: wanted[name] for name in names}, rebuild)
    store.write_json("commits/inputs.json", _inputs(corpus))
    done: Commits = {}
    with contextlib.ExitStack() as stack:
        started: Runner | None = None
        for name in names:
            stage = wanted[name]
            spare = memory.needed(name, corpus, done)
            todo = [dataclasses.replace(task, memory=spare) for task in tasks(stage, corpus, done)]
            there = list(store.each(lambda task: fresh(task, store), todo))
            stale = None in there
            store.write_json(f"commits/{name}/stage.json", stage.description())
            if stale and not started:
                started = stack.enter_context(runner)
            if stale and name == "tokenize/shards":
                store.discard("tokenize/manifest", 0)  # it must not speak of shards that are being replaced
            how = started or inline if stale else already(there)
            done[name] = run_stage(todo, store, how, announce(stage, todo))
            store.sweep(name, len(todo))
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
        found = list(corpus.store.each(lambda task: fresh(task, corpus.store), tasks(stage, corpus, done)))
        parts[name] = [commit is not None for commit in found]
        done[name] = [commit for commit in found if commit]
        complete = len(done[name]) == len(found)
    return wanted, parts, done
