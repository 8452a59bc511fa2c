"""Small corpora of token shards, written as the pipeline writes them."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenizer import shards

EOD = 3


def doc_id(number: int, name: str = "") -> bytes:
    return hashlib.sha256(f"{name}{number}".encode()).digest()[:16]


def write_corpus(
    folder: Path, lengths: Sequence[int], count: int = 4, name: str = "", tokenizer: str = "a" * 64, batch: int = 100
) -> Path:
    """Document n of `lengths` has that many tokens, 1000·(n + 1) and up, then EOD; each is where its id puts it."""
    ids = [doc_id(number, name) for number in range(len(lengths))]
    places = shards.places(ids, 0).tolist()
    (folder / "data").mkdir(parents=True)
    (folder / "__meta__").mkdir()
    entries: list[dict[str, Any]] = []
    for index in range(count):
        low, high = shards.shard_start(index, count), shards.shard_start(index + 1, count)
        inside = sorted((place, number) for number, place in enumerate(places) if low <= place < high)
        numbers = [number for _, number in inside]
        sizes = np.array([lengths[number] for number in numbers], np.int64)
        rows = [
            (ids[n], np.array([*range(1000 * (n + 1), 1000 * (n + 1) + lengths[n] - 1), EOD][: lengths[n]], np.int32))
            for n in numbers
        ]
        path, meta = f"data/train-{index:05d}.arrow", f"__meta__/train-{index:05d}.parquet"
        with (folder / path).open("wb") as file:
            summary = shards.write_shard(file, {"tokenshard.tokenizer_sha256": tokenizer}, sizes, rows, batch)
        urls = [f"https://example.jp/{name}{n}" for n in numbers]
        columns = {"doc_id": pa.array([i for i, _ in rows], pa.binary(16)), "url": urls, "tokens": sizes}
        pq.write_table(pa.table(columns), folder / meta)
        data = (folder / path).read_bytes()
        entries.append(
            {"file": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **vars(summary)}
            | {"provenance": {"file": meta}}
        )
    manifest = {
        "digest": shards.corpus_digest(entry["content_sha256"] for entry in entries),
        "recipe": {"tokenize": {"seed": 0}},
        "shards": entries,
        "tokenizer": {"sha256": tokenizer, "eod_id": EOD, "vocab_size": 100_000, "file": "tokenizer.model"},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


#: Short ones, ones as long as a batch, and some that are longer than any sample the tests ask for.
LENGTHS = [1 + (7 * n) % 41 for n in range(60)] + [100, 150, 230, 333, 64, 128, 5]


@pytest.fixture
def write() -> Callable[..., Path]:
    return write_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """67 documents of LENGTHS in four shards of several batches."""
    return write_corpus(tmp_path / "corpus", LENGTHS)
