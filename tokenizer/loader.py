"""Read token shards at random: a document by its number, its provenance, any range of tokens.

Needs numpy and pyarrow only. A shard is opened when it is first read, and checked then against the manifest; what is
damaged is named, never read over. Objects survive a fork and are pickled as what they were made from.
"""

import hashlib
import itertools
import json
import mmap
import os
import weakref
from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

#: Where a corpus folder keeps what is trained on.
INSIDE = Path("tokenize/shards")

#: Shards that are open at a time; the one opened first makes room. A process may hold 1,024 files by default, and the
#: table of a shard of 2**28 tokens is about 2 MB.
OPEN_SHARDS = 256

#: In place of the tokens of a damaged shard that is skipped.
LOST = -1

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Damaged(Exception):
    """A file of the corpus is missing or not what the manifest says; the message names it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem

    def __reduce__(self) -> tuple[Any, ...]:  # workers of a DataLoader send it to their parent
        return Damaged, (self.name, self.problem)


class ForeignTokenizer(Exception):
    """Tokens of another tokenizer than the one expected; the message names the file and both digests."""


@dataclass(frozen=True)
class Entry:
    """A shard as the manifest has it. Files are relative to the folder of the manifest."""

    file: str
    provenance: str
    bytes: int
    documents: int
    tokens: int
    sha256: str
    content_sha256: str


@dataclass(frozen=True, eq=False)
class Shard:
    """An open shard. Token p of the batch that begins with token `batch_tokens[b]` is word `words_before[b]` + p.

    `ends` has the number of tokens before each document, and last all of them. Of `words` (the whole file, mapped) and
    `descriptor` (for pread) at most one is there; neither, where the shard is damaged and skipped.
    """

    name: str
    ends: NDArray[np.int64]
    batch_tokens: list[int]
    words_before: list[int]
    words: NDArray[np.int32] | None = None
    descriptor: int | None = None

    def read(self, start: int, stop: int) -> NDArray[np.int32]:
        """Tokens `start` to `stop`, read-only; without a copy where they are mapped and lie in one batch."""
        following = bisect_right(self.batch_tokens, start)
        before = self.words_before[following - 1]
        if following == len(self.batch_tokens) or stop <= self.batch_tokens[following]:
            return self._words(before + start, before + stop)
        cut = self.batch_tokens[following]
        pieces = [self._words(before + start, before + cut)]
        while cut < stop:
            start, before, following = cut, self.words_before[following], following + 1
            cut = min(stop, self.batch_tokens[following]) if following < len(self.batch_tokens) else stop
            pieces.append(self._words(before + start, before + cut))
        return np.concatenate(pieces)

    def _words(self, start: int, stop: int) -> NDArray[np.int32]:
        if self.words is not None:
            return self.words[start:stop]
        if self.descriptor is None:
            return np.full(stop - start, LOST, np.int32)
        try:
            found = os.pread(self.descriptor, 4 * (stop - start), 4 * start)
        except OSError as error:
            raise Damaged(self.name, error.strerror or str(error)) from None
        if len(found) != 4 * (stop - start):
            raise Damaged(self.name, "is shorter than it was when it was opened")
        return np.frombuffer(found, "<i4")


class TokenShards:
    """The shards of one corpus. Documents are numbered from 0 in the order of shards and rows.

    `folder` is a corpus (OUT) or its `tokenize/shards`. `backend`: "mmap" gives views and costs nothing where pages are
    in memory; "pread" reads no more than it is asked for, which from a cold disk was 5 to 10 times faster (measured).
    `check`: "size" compares a shard's size, rows and offsets with the manifest when it is first read; "digest" also its
    SHA-256, which finds a flipped token at about 1.7 GB/s. `on_damage`: "raise", or "skip" to go on without the tokens
    of a damaged shard, whose documents' lengths are then taken from their provenance; `damage` has the names of such
    shards and what is wrong with them.

    Raises `Damaged` where the manifest is missing or unreadable; any method does where a shard is.
    """

    def __init__(
        self,
        folder: Path | str,
        backend: Literal["mmap", "pread"] = "mmap",
        check: Literal["size", "digest"] = "size",
        on_damage: Literal["raise", "skip"] = "raise",
    ) -> None:
        folder = Path(folder)
        if not (folder / "manifest.json").exists() and (folder / INSIDE / "manifest.json").exists():
            folder = folder / INSIDE
        self.folder = folder
        self.backend = backend
        self.check = check
        self.on_damage = on_damage
        self.damage: dict[str, str] = {}
        self.manifest, self.entries = _manifest(folder)
        self.tokenizer_sha256: str = self.manifest["tokenizer"]["sha256"]
        self.eod_id: int = self.manifest["tokenizer"]["eod_id"]
        self.vocab_size: int = self.manifest["tokenizer"]["vocab_size"]
        self.digest: str = self.manifest["digest"]
        #: Documents and tokens before each shard, and last all of them.
        self.document_starts = [0, *itertools.accumulate(entry.documents for entry in self.entries)]
        self.token_starts = [0, *itertools.accumulate(entry.tokens for entry in self.entries)]
        self._open: dict[int, Shard] = {}

    def __len__(self) -> int:
        return self.document_starts[-1]

    @property
    def tokens(self) -> int:
        return self.token_starts[-1]

    def __reduce__(self) -> tuple[Any, ...]:
        return TokenShards, (self.folder, self.backend, self.check, self.on_damage)

    def place(self, document: int) -> tuple[int, int]:
        """(shard, row) of a document. Raises IndexError where there is none of this number."""
        starts = self.document_starts
        if not 0 <= document < starts[-1]:
            raise IndexError(f"{self.folder}: no document {document}; there are {len(self)}")
        shard = bisect_right(starts, document) - 1
        return shard, document - starts[shard]

    def doc(self, document: int) -> NDArray[np.int32]:
        """The tokens of a document, read-only, its end-of-document id last; mapped, not copied, with "mmap"."""
        index, row = self.place(document)
        shard = self.shard(index)
        if self.damage and shard.name in self.damage:
            raise Damaged(shard.name, self.damage[shard.name])
        return shard.read(shard.ends.item(row), shard.ends.item(row + 1))

    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each document has. Opens every shard."""
        found = [np.diff(self.shard(index).ends) for index in range(len(self.entries))]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def doc_ids(self, shard: int) -> NDArray[np.uint8]:
        """The doc_ids of a shard's rows, uint8[documents, 16]; of a skipped shard, from its provenance."""
        entry = self.entries[shard]
        if self.shard(shard).name in self.damage:
            chunks = self._provenance_table(shard, ["doc_id"]).column("doc_id").chunks
        else:
            with pa.memory_map(str(self.folder / entry.file)) as source, pa.ipc.open_stream(source) as reader:
                chunks = [batch.column("doc_id") for batch in reader]
        found = [np.frombuffer(c.buffers()[1], np.uint8, 16 * len(c), 16 * c.offset) for c in chunks if len(c)]
        return np.concatenate(found).reshape(-1, 16) if found else np.empty((0, 16), np.uint8)

    def locate(self, doc_id: bytes) -> int:
        """The number of the document with this id. Raises KeyError where there is none."""
        from tokenizer.shards import places  # here, for it needs xxhash, which a training job may not have

        seed = self.manifest["recipe"]["tokenize"]["seed"]
        shard = int(places([doc_id], seed)[0]) * len(self.entries) >> 64
        rows = np.flatnonzero((self.doc_ids(shard) == np.frombuffer(doc_id, np.uint8)).all(axis=1))
        if not len(rows):
            raise KeyError(doc_id.hex())
        return self.document_starts[shard] + int(rows[0])

    def provenance(self, document: int) -> dict[str, Any]:
        """Where a document comes from: doc_id, url, source file and offset, licences, language and more."""
        return self.provenances([document])[0]

    def provenances(self, documents: Sequence[int]) -> list[dict[str, Any]]:
        """The provenance of several documents, in their order; each shard's table is read once."""
        places = [self.place(document) for document in documents]
        found: dict[tuple[int, int], dict[str, Any]] = {}
        for index, group in itertools.groupby(sorted(set(places)), key=lambda place: place[0]):
            rows = [row for _, row in group]
            table = self._provenance_table(index, None).take(pa.array(rows, pa.int64()))
            found |= {(index, row): says for row, says in zip(rows, table.to_pylist(), strict=True)}
        return [found[place] for place in places]

    def shard(self, index: int) -> Shard:
        """A shard, opened and checked on first use. Raises `Damaged` or `ForeignTokenizer`."""
        return self._open.get(index) or recall(self._open, OPEN_SHARDS, index, lambda: self._opened(index))

    def _opened(self, index: int) -> Shard:
        entry = self.entries[index]
        try:
            return _open(self.folder, entry, self.backend, self.check, self.tokenizer_sha256)
        except Damaged as damaged:
            if self.on_damage == "raise":
                raise
            self.damage[damaged.name] = damaged.problem
        lengths = self._provenance_table(index, ["tokens"]).column("tokens").to_numpy()
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        if ends[-1] != entry.tokens:
            raise Damaged(entry.provenance, f"has {ends[-1]} tokens, should be {entry.tokens}")
        return Shard(entry.file, ends, [0], [0])

    def _provenance_table(self, shard: int, columns: list[str] | None) -> pa.Table:
        entry = self.entries[shard]
        try:
            table = pq.read_table(self.folder / entry.provenance, columns=columns)
        except (OSError, pa.ArrowException, ValueError) as error:
            raise Damaged(entry.provenance, _words(error)) from None
        if table.num_rows != entry.documents:
            raise Damaged(entry.provenance, f"has {table.num_rows} rows, should be {entry.documents}")
        return table


def recall(recent: dict[Key, Value], limit: int, key: Key, make: Callable[[], Value]) -> Value:
    """What `recent` has, or else what is made now; the oldest of more than `limit` is forgotten."""
    found = recent.get(key)
    if found is None:
        found = recent[key] = make()
        if len(recent) > limit:
            recent.pop(next(iter(list(recent))), None)  # a list, for other threads may change it meanwhile
    return found


def _manifest(folder: Path) -> tuple[dict[str, Any], list[Entry]]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        entries = [
            Entry(
                _inside(shard["file"]), _inside(shard["provenance"]["file"]), int(shard["bytes"]),
                int(shard["documents"]), int(shard["tokens"]), str(shard["sha256"]), str(shard["content_sha256"]),
            )
            for shard in manifest["shards"]
        ]  # fmt: skip
        contents = hashlib.sha256(b"".join(bytes.fromhex(entry.content_sha256) for entry in entries)).hexdigest()
        known = manifest["digest"] == contents and all(k in manifest["tokenizer"] for k in ("sha256", "eod_id"))
    except OSError as error:
        raise Damaged(str(path), error.strerror or str(error)) from None
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(str(path), f"not a manifest of token shards: {_words(error)}") from None
    if not known:
        raise Damaged(str(path), f"its digest should be {contents}")
    return manifest, entries


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name} is outside")
    return name


def _open(folder: Path, entry: Entry, backend: str, check: str, tokenizer_sha256: str) -> Shard:
    path = folder / entry.file
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise Damaged(entry.file, error.strerror or str(error)) from None
    try:
        size = os.fstat(descriptor).st_size
        if size != entry.bytes or not size:
            raise Damaged(entry.file, f"has {size} bytes, should be {entry.bytes}")
        if check == "digest":
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != entry.sha256:
                raise Damaged(entry.file, f"sha256 is {found}, should be {entry.sha256}")
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        ends, batch_tokens, words_before = _layout(entry, mapped, tokenizer_sha256)
        if backend == "mmap":
            words = np.frombuffer(mapped, "<i4", len(mapped) // 4)
            return Shard(entry.file, ends, batch_tokens, words_before, words)
        kept = os.dup(descriptor)
        shard = Shard(entry.file, ends, batch_tokens, words_before, None, kept)
        weakref.finalize(shard, os.close, kept)
        return shard
    finally:
        os.close(descriptor)


def _layout(
    entry: Entry, mapped: mmap.mmap, tokenizer_sha256: str
) -> tuple[NDArray[np.int64], list[int], list[int]]:  # fmt: skip
    """Where the tokens of a stream are: see `Shard`. Everything is checked, for what follows reads the file by it."""
    whole = pa.py_buffer(mapped)
    ends = [np.zeros(1, np.int64)]
    batch_tokens: list[int] = []
    words_before: list[int] = []
    tokens = 0
    try:
        reader = pa.ipc.open_stream(whole)
        named = (reader.schema.metadata or {}).get(b"tokenshard.tokenizer_sha256", b"").decode()
        for batch in reader:
            ids = batch.column("input_ids")
            offsets, values = ids.offsets.to_numpy(), ids.values
            count = int(offsets[-1] - offsets[0])
            position = 0
            if count:
                position = values.buffers()[1].address - whole.address + 4 * (values.offset + int(offsets[0]))
            if values.type != pa.int32() or position % 4 or not 0 <= position <= whole.size - 4 * count:
                raise ValueError("its tokens are not int32 as they lie in the file")
            if (np.diff(offsets) < 0).any() or not 0 <= offsets[0] <= offsets[-1] <= len(values):
                raise ValueError("documents that end before they begin")
            batch_tokens.append(tokens)
            words_before.append(position // 4 - tokens)
            ends.append(offsets[1:] - offsets[0] + tokens)
            tokens += count
    except (pa.ArrowException, OSError, ValueError, KeyError, AttributeError) as error:
        raise Damaged(entry.file, f"not readable as an Arrow stream of tokens: {_words(error)}") from None
    if named != tokenizer_sha256:
        raise ForeignTokenizer(f"{entry.file}: made with tokenizer {named[:12]}, not {tokenizer_sha256[:12]}")
    table = np.concatenate(ends)
    if (len(table) - 1, tokens) != (entry.documents, entry.tokens):
        raise Damaged(
            entry.file,
            f"has {len(table) - 1} documents and {tokens} tokens, should be {entry.documents} and {entry.tokens}",
        )
    return table, batch_tokens or [0], words_before or [0]


def _words(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
