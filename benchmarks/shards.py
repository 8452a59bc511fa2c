"""Writing tokens, in MB of int32 tokens a second of wall time: our shards, exports of them, and what peers take.

    python -m benchmarks.shards [TOKENS]

Tokens are at hand before the clock starts: encoding is not in it. Ours is what `tokenize/shards` writes with, the
digests of files and content included, and every file synced to disk; the peers do neither. datatrove's is its
`TokenizedFile`, `datasets`' is `save_to_disk` of a table in memory. One process, best of three. Compare the ratios,
not the rates.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.export import shards as export_shards
from pipelines.store import whole_or_absent
from tokenizer import shards

SHARD_TOKENS = 1 << 24
BATCH_TOKENS = 1 << 22


def documents(tokens: int) -> list[NDArray[np.int32]]:
    """Log-normal lengths of about 900 tokens, as in a crawl."""
    random = np.random.default_rng(1)
    lengths = np.maximum(random.lognormal(6.2, 1.1, 2 * tokens // 900 + 10).astype(np.int64), 1)
    lengths = lengths[: np.searchsorted(np.cumsum(lengths), tokens) + 1]
    flat = random.integers(0, 48_000, int(lengths.sum()), np.int32)
    return np.split(flat, np.cumsum(lengths)[:-1])


def ours(folder: Path, texts: list[NDArray[np.int32]]) -> None:
    """Shards and as much of a manifest as readers need."""
    ids = [i.to_bytes(16, "big") for i in range(len(texts))]
    sizes = np.array([len(one) for one in texts], np.int64)
    numbers = np.cumsum(sizes) // SHARD_TOKENS
    entries = []
    for shard in range(int(numbers[-1]) + 1):
        first, last = np.searchsorted(numbers, [shard, shard + 1]).tolist()
        name = f"data/train-{shard:05d}.arrow"
        with whole_or_absent(folder / name) as file:
            rows = zip(ids[first:last], texts[first:last], strict=True)
            summary = shards.write_shard(
                file, {"tokenshard.tokenizer_sha256": ""}, sizes[first:last], rows, BATCH_TOKENS
            )
        entries.append({"file": name, "bytes": file.size, "sha256": file.sha256.hexdigest(), **vars(summary),
                        "provenance": {"file": ""}})  # fmt: skip
    manifest = {
        "corpus": "bench", "shards": entries, "digest": shards.corpus_digest(e["content_sha256"] for e in entries),
        "tokenizer": {"sha256": "", "eod_id": 0, "vocab_size": 48_000, "file": "tokenizer.model"},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def datatrove(folder: Path, texts: list[NDArray[np.int32]]) -> None:
    """It takes tokens as a list, as `tokenizers` gives them; the lists are made before the clock starts."""
    from datatrove.pipeline.tokens.tokenizer import TokenizedFile  # type: ignore[import-untyped]

    file = TokenizedFile(str(folder), "bench.ds", token_size=4)
    for one in texts:
        file.write(one, None)
    file.close()


def datasets(folder: Path, table: pa.Table) -> None:
    from datasets import Dataset

    Dataset(table).save_to_disk(str(folder), num_shards=max(1, table.nbytes // (4 * SHARD_TOKENS)))


def rate(size: int, folder: Path, work: Callable[[], object], keep: bool = False) -> float:
    seconds = []
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    if not keep:
        shutil.rmtree(folder)
    return size / min(seconds) / 1e6


def main(tokens: int) -> None:
    from datasets import disable_progress_bars

    disable_progress_bars()
    texts = documents(tokens)
    size = 4 * sum(map(len, texts))
    lists = [one.tolist() for one in texts]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in texts])])
    column = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(np.concatenate(texts)))
    table = pa.table({"input_ids": column})
    with tempfile.TemporaryDirectory() as scratch:
        corpus, there = Path(scratch, "corpus"), Path(scratch, "there")

        def export(what: str) -> Callable[[], object]:
            return lambda: export_shards.export(what, corpus, there, lambda read: None)

        found = {
            "write shards": rate(size, corpus, lambda: ours(corpus, texts), keep=True),
            "export megatron": rate(size, there, export("megatron")),
            "export megatron-view": rate(size, there, export("megatron-view")),
            "export datatrove": rate(size, there, export("datatrove")),
            "datatrove, .ds from lists of tokens": rate(size, there, lambda: datatrove(there, lists)),
            "datasets, save_to_disk": rate(size, there, lambda: datasets(there, table)),
        }
    print(f"{len(texts):,} documents, {size / 1e6:.0f} MB of tokens; MB/s, and against datatrove")
    peer = found["datatrove, .ds from lists of tokens"]
    for name, speed in found.items():
        print(f"  {name:40}{speed:12,.0f} MB/s{speed / peer:10.1f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1 << 25)
