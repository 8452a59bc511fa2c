"""Token shards: Arrow IPC streams of one row per document, their place in the corpus and the digests that prove them.

A document's place follows from a hash of (seed, doc_id), so shards come out globally shuffled, whoever wrote them in
whatever order, and a document that is taken away touches only the shard it was in. The layout and the reasons for it
are in docs/data-format.md.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

FORMAT_VERSION = "1"


def schema(metadata: Mapping[str, str]) -> pa.Schema:
    """The schema of a shard. Metadata is sorted, for its order changes the file's bytes.

    int32, because torch and Megatron have no use for unsigned tokens; large_list, because int32 offsets overflow when
    shards are concatenated.
    """
    return pa.schema(
        [
            pa.field("input_ids", pa.large_list(pa.field("item", pa.int32(), nullable=False)), nullable=False),
            pa.field("doc_id", pa.binary(16), nullable=False),
        ],
        metadata=dict(sorted(metadata.items())),
    )


def places(doc_ids: Sequence[bytes], seed: int) -> NDArray[np.uint64]:
    """Where each document goes among all: XXH3-64 of its 16-byte id under the seed, uniform over 64 bits."""
    return np.fromiter((xxhash.xxh3_64_intdigest(d, seed) for d in doc_ids), dtype=np.uint64, count=len(doc_ids))


def shard_count(tokens: int, shard_tokens: int) -> int:
    """The power of two that keeps shards under `shard_tokens` on average.

    A power of two, so that a few documents more or less rarely change how many there are, and with it every shard.
    """
    count = 1
    while tokens > count * shard_tokens:
        count *= 2
    return count


def shard_start(shard: int, count: int) -> int:
    """The first place that belongs to a shard; shard `count` would start at 2**64."""
    return -(-(shard << 64) // count)


@dataclass(frozen=True)
class Summary:
    """What a manifest says of one shard.

    `content_sha256` is SHA-256 over the documents' lengths (uint32, little-endian) followed by their tokens (int32,
    little-endian): it is the same for any container, batch size or compression that holds the same documents in the
    same order, a Megatron .bin/.idx pair among them. `batches` tells a file that was cut between two of them from a
    whole one. An empty shard has the ids -1.
    """

    documents: int
    tokens: int
    batches: int
    min_id: int
    max_id: int
    content_sha256: str


class Tally:
    """Sums up a shard while its tokens pass by. The digest needs all lengths before the first token."""

    def __init__(self, lengths: NDArray[np.int64]) -> None:
        self._documents, self._tokens = len(lengths), int(lengths.sum())
        self._content = hashlib.sha256(lengths.astype("<u4").tobytes())
        self._batches = 0
        self._extent: list[int] = []

    def add(self, tokens: NDArray[np.int32]) -> None:
        """The tokens of the next batch."""
        self._content.update(np.ascontiguousarray(tokens, "<i4").data)
        self._batches += 1
        if len(tokens):
            extent = [*self._extent, int(tokens.min()), int(tokens.max())]
            self._extent = [min(extent), max(extent)]

    def summary(self) -> Summary:
        low, high = self._extent or (-1, -1)
        return Summary(self._documents, self._tokens, self._batches, low, high, self._content.hexdigest())


def write_shard(
    file: Any, metadata: Mapping[str, str], lengths: NDArray[np.int64], rows: Iterable[tuple[bytes, NDArray[np.int32]]],
    batch_tokens: int,
) -> Summary:  # fmt: skip
    """Write the documents (doc_id, tokens) in the order given, each batch of at most `batch_tokens` tokens.

    `lengths` are the documents' token counts in the same order: the digest needs them before the first token. A longer
    document is a batch by itself; none is cut. Raises ValueError where rows and lengths do not agree.
    """
    tally = Tally(lengths)
    ids: list[bytes] = []
    tokens: list[NDArray[np.int32]] = []
    size = written = 0
    shape = schema(metadata)
    with pa.ipc.new_stream(file, shape) as writer:

        def flush() -> None:
            # Fresh buffers: a sliced array would drag its neighbour's bytes into the file.
            values = np.concatenate(tokens) if tokens else np.empty(0, np.int32)
            tally.add(values)
            offsets = np.concatenate([[0], np.cumsum([len(t) for t in tokens])]).astype(np.int64)
            column = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values), type=shape.field(0).type)
            writer.write_batch(pa.RecordBatch.from_arrays([column, pa.array(ids, pa.binary(16))], schema=shape))

        for doc_id, document in rows:
            if written >= len(lengths) or len(document) != lengths[written]:
                raise ValueError(f"document {written} has {len(document)} tokens, not as announced")
            if ids and size + len(document) > batch_tokens:
                flush()
                ids, tokens, size = [], [], 0
            ids.append(doc_id)
            tokens.append(document)
            size += len(document)
            written += 1
        if written != len(lengths):
            raise ValueError(f"{written} documents came, {len(lengths)} were announced")
        if ids:
            flush()
    return tally.summary()


def read_shard(path: Path) -> Iterator[pa.RecordBatch]:
    """The batches of a shard, memory-mapped."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        yield from reader


def summarize(path: Path) -> Summary:
    """Recompute what the manifest says of a shard, from its content."""
    tally = Tally(read_lengths(path))
    for values in read_tokens(path):
        tally.add(values)
    return tally.summary()


def read_lengths(path: Path) -> NDArray[np.int64]:
    """How many tokens each document of a shard has."""
    lengths = [np.diff(batch.column("input_ids").offsets.to_numpy()) for batch in read_shard(path)]
    return np.concatenate(lengths) if lengths else np.empty(0, np.int64)


def read_tokens(path: Path) -> Iterator[NDArray[np.int32]]:
    """The tokens of each batch of a shard, one document after the other; views of the mapped file."""
    for batch in read_shard(path):
        yield batch.column("input_ids").flatten().to_numpy()


def read_metadata(path: Path) -> dict[str, str]:
    """What the schema of a shard says of it, without the prefix `tokenshard.`."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        found = reader.schema.metadata or {}
    return {key.decode().removeprefix("tokenshard."): value.decode() for key, value in found.items()}


def corpus_digest(contents: Iterable[str]) -> str:
    """One digest for the corpus: SHA-256 over the shards' content digests (as bytes) in their order."""
    return hashlib.sha256(b"".join(bytes.fromhex(content) for content in contents)).hexdigest()
