"""tokenize, in four stages: a vocabulary, the encoded parts, the shards, and the manifest that answers for them."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dedup import lines
from pipelines import huggingface
from pipelines.edits import edited
from pipelines.parts import read_side_by_side
from pipelines.record import DOCUMENT, PROVENANCE
from pipelines.stage import Result, Task
from pipelines.store import Output, readable
from pipelines.train import vocabulary
from pipelines.work.dedup.signed import prefix
from tokenizer import shards, subwords

#: Whichever kind it is of; beside the shards it has the name that others look for.
MODEL = "tokenize/vocabulary/tokenizer.model"
CARD = "tokenize/vocabulary/tokenizer.card.json"
SHARDS = "tokenize/shards"

#: An encoded part: place and tokens, and beside them what the shard's row of provenance will say, the scores last;
#: sorted by place.
ENCODED = pa.schema(
    [
        pa.field("place", pa.uint64(), nullable=False),
        pa.field("input_ids", pa.large_list(pa.field("item", pa.int32(), nullable=False)), nullable=False),
        *PROVENANCE,
    ]
)


@dataclass(frozen=True)
class Vocabulary:
    """How many parts there are to sample, and a model to take instead, or ''."""

    parts: int
    model: str


@dataclass(frozen=True)
class Shard:
    """How many shards there are, how many encoded parts, and a digest of the input files' names and digests."""

    count: int
    parts: int
    sources_sha256: str


@dataclass(frozen=True)
class Manifest:
    """What the manifest says beside what the shards themselves tell; plain JSON data."""

    says: dict[str, Any]


def shard_name(index: int) -> str:
    return f"train-{index:05d}"


def kept(
    output: Output, index: int, columns: tuple[str, ...], cuts: bool, scores: Sequence[str] = ()
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch, pa.RecordBatch]]:
    """The documents of a part that came through every stage: (document columns, verdicts, duplicates).

    `columns` end in `text`, which is as the edits of filter and, where there are any, the `cuts` of dedup leave it.
    The verdicts are the language, the edits and these scores.
    """
    part = f"part-{index:05d}.parquet"
    cut_columns = [(output.fetch(f"{prefix(index)}.cuts.parquet"), ("cuts",))] if cuts else []
    for documents, verdicts, duplicates, *beside in read_side_by_side(
        (output.fetch(f"extract/{part}"), columns),
        (output.fetch(f"filter/{part}"), ("lang", "lang_score", "edits", *scores)),
        (output.fetch(f"dedup/decide/{part}"), ("reason", "cluster_size")),
        *cut_columns,
    ):
        keep = pc.is_null(duplicates.column("reason"))
        found, verdicts = documents.filter(keep), verdicts.filter(keep)
        texts = edited(found.column("text"), verdicts.column("edits"))
        for spans in beside:
            pairs = [[(s["start"], s["end"]) for s in of_one] for of_one in spans.filter(keep).column(0).to_pylist()]
            texts = [lines.cut(text, of_one) for text, of_one in zip(texts, pairs)]
        found = found.set_column(found.num_columns - 1, "text", pa.array(texts, pa.string()))
        yield found, verdicts, duplicates.filter(keep)


def make_vocabulary(task: Task, output: Output) -> Result:
    """Train on the sample, or take the model the recipe names. One row in: the model."""
    given: Vocabulary = task.given
    settings = task.stage.settings
    if given.model:
        model = Path(given.model).read_bytes()
        card = vocabulary.card(model, settings["pattern"])
    else:
        texts = (
            (text, lang)
            for index in range(given.parts)
            for documents, verdicts, _ in kept(output, index, ("text",), settings["cuts"])
            for text, lang in zip(documents.column("text").to_pylist(), verdicts.column("lang").to_pylist())
        )
        model, card = vocabulary.learn(texts, settings["training"])
    with output.create(MODEL) as file:
        file.write(model)
    with output.create(CARD) as file:
        file.write(readable(card))
    return Result(1, 1, detail={"trained": not given.model, "tokenizer": card["sha256"]})


def load_card(output: Output) -> dict[str, Any]:
    """What `make_vocabulary` says of the model."""
    card: dict[str, Any] = json.loads(output.fetch(CARD).read_bytes())
    return card


def load_model(output: Output) -> subwords.Subwords:
    """The model of a corpus, with the pattern that goes with it."""
    return subwords.load(output.fetch(MODEL), load_card(output)["pattern"])


def encode_part(task: Task, output: Output) -> Result:
    """Tokens and provenance of a part's kept documents, sorted by their place in the corpus."""
    model = load_model(output)
    seed, cuts, scores = (task.stage.settings[name] for name in ("seed", "cuts", "scores"))
    schema = pa.schema([*ENCODED, *(pa.field(name, pa.float64()) for name in scores)])
    columns = tuple(name for name in PROVENANCE.names if name in DOCUMENT.names)
    pieces: list[pa.RecordBatch] = []
    totals: Counter[str] = Counter(documents=0, chars=0, tokens=0)
    languages: dict[str, Counter[str]] = {}
    for documents, verdicts, duplicates in kept(output, task.index, (*columns, "text"), cuts, scores):
        texts = documents.column("text").to_pylist()
        flat, offsets = model.encode_flat(texts)  # on one thread: the other parts have the other processors
        lengths = np.diff(offsets)
        ids = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(flat), type=ENCODED.field("input_ids").type)
        chars = pc.utf8_length(documents.column("text")).cast(pa.int64())
        found = {
            "place": pa.array(shards.places(documents.column("doc_id").to_pylist(), seed)),
            "input_ids": ids,
            **{name: documents.column(name) for name in columns},
            "lang": verdicts.column("lang"),
            "lang_score": verdicts.column("lang_score"),
            "cluster_size": duplicates.column("cluster_size"),
            "chars": chars,
            "tokens": pa.array(lengths),
            **{name: verdicts.column(name) for name in scores},
        }
        pieces.append(pa.RecordBatch.from_arrays([found[name] for name in schema.names], schema=schema))
        for lang, n_chars, n_tokens in zip(verdicts.column("lang").to_pylist(), chars.to_pylist(), lengths.tolist()):
            sums = languages.setdefault(lang, Counter())
            sums.update(documents=1, chars=n_chars, tokens=n_tokens)
            totals.update(documents=1, chars=n_chars, tokens=n_tokens)
    table = pa.Table.from_batches(pieces, schema)
    order = np.argsort(table.column("place").to_numpy(), kind="stable")
    with (
        output.create(f"tokenize/encode/part-{task.index:05d}.arrow") as file,
        pa.ipc.new_file(file, schema) as writer,
    ):
        for batch in table.take(order).combine_chunks().to_batches():
            writer.write_batch(batch)
    documents_kept = totals["documents"]
    by_language = {lang: dict(sums) for lang, sums in sorted(languages.items())}
    return Result(documents_kept, documents_kept, totals={**totals, "languages": by_language})


def write_shard(task: Task, output: Output) -> Result:
    """One shard: the rows of every encoded part whose place lies in its range, in the order of their places."""
    given: Shard = task.given
    name = shard_name(task.index)
    encoded = output.fetch_all([f"tokenize/encode/part-{part:05d}.arrow" for part in range(given.parts)])
    pieces = [_rows_of_shard(part, task.index, given.count) for part in encoded]
    table = pa.concat_tables(pieces) if pieces else ENCODED.empty_table()
    # Ties are as rare as a 64-bit collision, or as a record id given to two records: then part and row decide.
    order = np.argsort(table.column("place").to_numpy(), kind="stable")
    lengths = table.column("tokens").to_numpy()[order]
    model = load_model(output)
    metadata = {
        "tokenshard.version": shards.FORMAT_VERSION,
        "tokenshard.tokenizer_sha256": model.sha256,
        "tokenshard.tokenizer_probe_sha256": model.probe_sha256(),
        "tokenshard.vocab_size": str(model.vocab_size),
        "tokenshard.eod_id": str(model.eod_id),
        "tokenshard.eod_appended": "1",
        "tokenshard.bos_prepended": "0",
        "tokenshard.languages": " ".join(sorted(lang for lang in table.column("lang").unique().to_pylist() if lang)),
        "tokenshard.corpus": task.stage.settings["corpus"],
        "tokenshard.fingerprint": task.stage.fingerprint(),
        "tokenshard.sources_sha256": given.sources_sha256,
    }
    with output.create(f"{SHARDS}/data/{name}.arrow") as file:
        rows = _documents([piece for piece in pieces if piece.num_rows], order)
        summary = shards.write_shard(file, metadata, lengths, rows, task.stage.settings["batch_tokens"])
    provenance = table.drop_columns(["place", "input_ids"]).take(order).combine_chunks()
    with output.create(f"{SHARDS}/__meta__/{name}.parquet") as file:
        pq.write_table(provenance, file, compression="zstd")
    stated: Counter[str] = Counter()
    for licences in provenance.column("licences").to_pylist():
        stated.update(licences or [""])
    totals = {"tokens": summary.tokens, "licences": dict(sorted(stated.items()))}
    return Result(len(order), len(order), totals=totals, detail=vars(summary))


def _rows_of_shard(path: Path, index: int, count: int) -> pa.Table:
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        table = reader.read_all()
    places = table.column("place").to_numpy()
    start = int(np.searchsorted(places, np.uint64(shards.shard_start(index, count))))
    stop = len(places)
    if index + 1 < count:  # 2**64, where the last one ends, does not fit a place
        stop = int(np.searchsorted(places, np.uint64(shards.shard_start(index + 1, count))))
    return table.slice(start, stop - start)


def _documents(pieces: list[pa.Table], order: NDArray[np.int64]) -> Iterator[tuple[bytes, NDArray[np.int32]]]:
    """(doc_id, tokens) in the order asked, straight out of the memory-mapped parts."""
    starts = np.concatenate([[0], np.cumsum([piece.num_rows for piece in pieces])])
    views = []
    for piece in pieces:
        (ids,) = piece.column("input_ids").chunks
        views.append((piece.column("doc_id").chunk(0), ids.offsets.to_numpy(), ids.values.to_numpy()))
    for row in order.tolist():
        part = int(np.searchsorted(starts, row, side="right")) - 1
        doc_ids, offsets, values = views[part]
        place = row - int(starts[part])
        yield doc_ids[place].as_py(), values[offsets[place] : offsets[place + 1]]


def write_manifest(task: Task, output: Output) -> Result:
    """The root of trust: what the corpus is, from which files, by which rules, in which shards with which digests."""
    given: Manifest = task.given
    manifest = dict(given.says)
    card = load_card(output)
    manifest["training"] = card.pop("training", None)
    manifest["tokenizer"] = {"file": subwords.FILES[card["kind"]], **card}
    manifest["digest"] = shards.corpus_digest(shard["content_sha256"] for shard in manifest["shards"])
    with output.create(f"{SHARDS}/{manifest['tokenizer']['file']}") as file:
        file.write(output.fetch(MODEL).read_bytes())
    beside = {
        "README.md": huggingface.card(manifest).encode(),
        "data/state.json": readable(huggingface.state(manifest)),
        "data/dataset_info.json": readable(huggingface.info(manifest)),
    }
    for name, content in beside.items():
        with output.create(f"{SHARDS}/{name}") as file:
            file.write(content)
    manifest["files"] = [{"file": name, **output.files[f"{SHARDS}/{name}"]} for name in beside]
    with output.create(f"{SHARDS}/manifest.json") as file:
        file.write(readable(manifest))
    return Result(1, 1, detail={"digest": manifest["digest"]})
