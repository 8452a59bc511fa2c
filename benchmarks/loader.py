"""Random reads of tokens beside the peers, and what it takes to plan: all in one run, with made-up tokens.

    python -m benchmarks.loader [FOLDER]

FOLDER (a temporary one if none is named) gets about 1.3 GB. Reads are of whole documents of 2,048 and of 8,192 tokens,
in one random order for all, from files that are in memory, each cast to int64 as a training job needs it: ours mapped
and with pread; a memory-mapped `.bin`, by the one call that a read of Megatron's IndexedDataset comes down to; and rows
of Hugging Face `datasets`, which opens the same shards. (IndexedDataset itself, of megatron-core 0.16.1, took 1.2 to
2.1 times as long as ours for 2,048 tokens and 1.0 to 1.3 times for 8,192.) Documents to pack are of log-normal length,
half of them below 500 tokens. The best of five runs on one thread. Times depend on the machine and on what else it
does: compare the ratios.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
from numpy.typing import NDArray

from tokenizer import packing, permutation, shards
from tokenizer.loader import TokenShards
from tokenizer.plan import Plan, Settings, Source
from tokenizer.selection import select

TOKENS = 1 << 26
SHARDS = 4
READS = 20_000
EOD = 3


def write(folder: Path, lengths: NDArray[np.int64]) -> TokenShards:
    """A corpus whose documents have these lengths, with nothing of provenance."""
    (folder / "data").mkdir(parents=True)
    entries = []
    for index, part in enumerate(np.array_split(lengths, SHARDS)):
        name = f"data/train-{index:05d}.arrow"
        numbers = np.arange(part.sum(), dtype=np.int64) * 48_271 + index
        tokens = (numbers % 99_000 + EOD + 1).astype(np.int32)
        stops = np.cumsum(part)
        tokens[stops - 1] = EOD
        rows = (
            (hashlib.sha256(b"%d %d" % (index, row)).digest()[:16], tokens[stop - size : stop])
            for row, (size, stop) in enumerate(zip(part.tolist(), stops.tolist()))
        )
        with (folder / name).open("wb") as file:
            summary = shards.write_shard(file, {"tokenshard.tokenizer_sha256": ""}, part, rows, 1 << 24)
        size = (folder / name).stat().st_size
        entries.append({"file": name, "bytes": size, "sha256": "", "provenance": {"file": ""}, **vars(summary)})
    tokenizer = {"sha256": "", "eod_id": EOD, "vocab_size": 99_487}
    digest = shards.corpus_digest(str(entry["content_sha256"]) for entry in entries)
    (folder / "manifest.json").write_text(json.dumps({"shards": entries, "digest": digest, "tokenizer": tokenizer}))
    return TokenShards(folder)


def microseconds(work: Callable[[], object], times: int) -> float:
    """Of one of `times` pieces of work; the best of five runs, after one that brings the pages into memory."""
    work()
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        runs.append(time.perf_counter() - start)
    return min(runs) / times * 1e6


def reads(folder: Path, size: int) -> None:
    mapped = write(folder / "corpus", np.full(TOKENS // size, size, np.int64))
    pread = TokenShards(folder / "corpus", "pread")
    with (folder / "peer.bin").open("wb") as file:
        for document in range(len(mapped)):
            file.write(mapped.doc(document).tobytes())
    buffer = memoryview(np.memmap(folder / "peer.bin", mode="r", order="C"))  # type: ignore[arg-type]
    lengths = mapped.lengths().astype(np.int32)
    pointers = np.concatenate([[0], np.cumsum(lengths.astype(np.int64) * 4)[:-1]])
    files = [str(folder / "corpus" / entry.file) for entry in mapped.entries]
    table = datasets.concatenate_datasets([datasets.Dataset.from_file(file) for file in files])
    as_numpy = table.with_format("numpy")

    def of_megatron(document: int) -> NDArray[np.int32]:
        return np.frombuffer(buffer, np.int32, lengths[document], pointers[document])

    order = np.random.default_rng(0).integers(0, len(mapped), READS).tolist()
    few = order[: READS // 20]
    assert all((mapped.doc(d) == of_megatron(d)).all() and (pread.doc(d) == of_megatron(d)).all() for d in few)
    ways: list[tuple[str, Callable[[int], NDArray[np.int32]], list[int]]] = [
        ("ours, mapped", mapped.doc, order),
        ("ours, pread", pread.doc, order),
        ("memory-mapped .bin, as Megatron reads it", of_megatron, order),
        ("datasets, numpy format", lambda document: as_numpy[document]["input_ids"], few),
        ("datasets, Python lists", lambda document: np.array(table[document]["input_ids"]), few),
    ]

    def all_of(read: Callable[[int], NDArray[np.int32]], documents: list[int]) -> None:
        for document in documents:
            read(document).astype(np.int64)

    print(f"\n{f'random reads of {size:,} tokens':44} µs a read  reads/s  of Megatron's")
    took = {}
    for name, read, documents in ways:
        took[name] = microseconds(lambda: all_of(read, documents), len(documents))  # noqa: B023  called at once
    base = took["memory-mapped .bin, as Megatron reads it"]
    for name, each in took.items():
        print(f"{name:44}{each:10.1f}{1e6 / each:9,.0f}{each / base:12.2f}x")


def planning(folder: Path) -> None:
    drawn = np.random.default_rng(1).lognormal(np.log(500), 1.1, TOKENS // 900)
    mixed = write(folder / "mixed", np.clip(drawn, 20, 200_000).astype(np.int64))
    mean, median = mixed.lengths().mean(), np.median(mixed.lengths())
    print(f"\n{len(mixed):,} documents of {mean:.0f} tokens on average; half have less than {median:.0f}")
    print(f"{'samples of':12}{'packing':12}{'places filled':>14}{'documents cut':>15}{'planned':>20}{'samples/s':>12}")
    for size in (2048, 8192):
        for way in ("concat", "best_fit"):
            start = time.perf_counter()
            plan = Plan({"a": Source(mixed)}, Settings(size, way))
            took = time.perf_counter() - start
            report = plan.report()["sources"]["a"]
            cut = report["cut"] if way == "best_fit" else cut_by_concat(plan)
            rate = 1e6 / microseconds(lambda p=plan: [p.sample(k) for k in range(2000)], 2000)  # type: ignore[misc]
            planned = f"{len(mixed) / took:,.0f} doc/s" if way == "best_fit" else "from the manifest"
            print(f"{size:<12,}{way:12}{report['efficiency']:14.2%}{cut / len(mixed):15.1%}{planned:>20}{rate:12,.0f}")
    bits = (18, 20, 22, 24)
    print(f"\n{'best fit by tokens in a block':32}" + "".join(f"{f'2**{of_block}':>10}" for of_block in bits))
    for size in (2048, 8192):
        shares = "".join(f"{filled(mixed, size, of_block):10.2%}" for of_block in bits)
        print(f"{f'  samples of {size:,}: places filled':32}{shares}")


def cut_by_concat(plan: Plan) -> int:
    """Documents that no sample has all of."""
    parts: dict[int, int] = {}
    for k in range(len(plan)):
        for _, document, start, stop in plan.rows(k).tolist():
            parts[document] = max(parts.get(document, 0), stop - start)
    lengths = next(iter(plan.sources.values())).shards.lengths().tolist()
    return sum(parts.get(document, 0) < length for document, length in enumerate(lengths))


def filled(corpus: TokenShards, size: int, bits: int) -> float:
    usual, packing.BLOCK_TOKENS = packing.BLOCK_TOKENS, 1 << bits
    fitted = packing.plan_best_fit(select(corpus, 0.0, "train"), size, 0, "a")
    packing.BLOCK_TOKENS = usual
    return fitted.tokens / (fitted.samples * size)


def order() -> None:
    n, by = 15_600_000_000_000 // 4096, permutation.keys(0)
    many = np.arange(1 << 14, dtype=np.uint64)
    arrays = microseconds(lambda: permutation.permute_all(many, n, by), len(many))
    single = microseconds(lambda: [permutation.permute(k, n, by) for k in range(2000)], 2000)
    random = microseconds(lambda: np.random.default_rng(0).permutation(1 << 20), 1 << 20)
    print(f"\norder of {n:,} samples, 15.6 T tokens: no table; as numpy's, one of {n * 8 / 1e9:.0f} GB")
    ways = (("16,384 at a time", arrays), ("one at a time", single), ("numpy's shuffled table of 2**20", random))
    for name, each in ways:
        print(f"{name:44}{1 / each:10.2f} million indices/s")


def main() -> None:
    datasets.disable_progress_bars()
    print(f"{os.cpu_count()} shared cores, one of them used")
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        for size in (2048, 8192):
            reads(Path(folder) / str(size), size)
        planning(Path(folder))
    order()


if __name__ == "__main__":
    main()
