"""A corpus in the formats that training code of others reads: Megatron-LM, datatrove, Parquet. Hugging Face `datasets`
reads the shards as they stand.

Every file is whole or absent. What is copied is held against the manifest's digests on the way.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.errors import Stop, UsageError
from pipelines.store import digest
from pipelines.store.folder import HashingFile, whole_or_absent
from tokenizer import megatron, shards
from tokenizer.loader import Damaged, ForeignTokenizer, TokenShards

#: Megatron's preprocessing ends the names of its files so, and scripts look for it.
SUFFIX = "_text_document"

#: Told of bytes of shards as they are read.
Report = Callable[[int], None]


@dataclass
class Written:
    """The folder that is written to, and what was written there."""

    folder: Path
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[HashingFile]:
        with whole_or_absent(self.folder / name) as file:
            yield file
        self.files[name] = {"bytes": file.size, "sha256": file.sha256.hexdigest()}

    def link(self, name: str, target: Path, says: dict[str, Any]) -> None:
        """A relative link, so that folder and target can move together."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{name}.{os.getpid()}.tmp")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(os.path.relpath(target.resolve(), path.parent.resolve()))
        temporary.replace(path)
        self.files[name] = {**says, "link": True}


def export(what: str, out: Path, folder: Path, report: Report) -> dict[str, Any]:
    """Write a corpus to `folder` in the format `what`, one of FORMATS. Returns what was written, and its digest.

    Raises `UsageError` where there is no corpus or the folder holds files of another export, `Stop` where a shard is
    damaged.
    """
    try:
        corpus = TokenShards(out)
        _refuse_strangers(folder, _SUFFIXES[what], _names(what, corpus))
        written = Written(folder)
        FORMATS[what](corpus, written, report)
    except (Damaged, ForeignTokenizer) as damaged:
        if isinstance(damaged, Damaged) and damaged.name.endswith("manifest.json"):
            raise UsageError(f"{out}: no finished corpus ({damaged.problem}); run `make corpus` first") from None
        raise Stop(f"{out}: {damaged}; `minamoto verify` tells of all damage") from None
    return {
        "format": what,
        "folder": str(folder),
        "corpus": corpus.digest,
        "documents": len(corpus),
        "tokens": corpus.tokens,
        "files": written.files,
        "digest": digest({name: says["sha256"] for name, says in written.files.items()}),
    }


def size(out: Path) -> int:
    """Bytes of all shards of a corpus; 0 where there is none."""
    with contextlib.suppress(Damaged):
        return sum(entry.bytes for entry in TokenShards(out).entries)
    return 0


def _megatron(corpus: TokenShards, written: Written, report: Report) -> None:
    """One `.bin` with the tokens of all documents, and its `.idx`."""
    name = corpus.manifest["corpus"] + SUFFIX
    with written.create(f"{name}.bin") as file:
        for index in range(len(corpus.entries)):
            for batch in _proven(corpus, index, report):
                file.write(np.ascontiguousarray(_tokens(batch), "<i4"))
    with written.create(f"{name}.idx") as file:
        megatron.write_index(file, corpus.lengths())
    _blend(written, {name: corpus.tokens})


def _megatron_view(corpus: TokenShards, written: Written, report: Report) -> None:
    """An `.idx` for every shard whose pointers go into the shard, and a link to it as `.bin`: 20 bytes a document."""
    if len(corpus.entries) > megatron.MOST_PREFIXES:
        raise UsageError(
            f"{len(corpus.entries)} shards: Megatron blends no more than {megatron.MOST_PREFIXES} data sets; "
            "`minamoto export megatron` makes one of them"
        )
    for index, entry in enumerate(corpus.entries):
        shard = corpus.shard(index)
        name = Path(entry.file).stem + SUFFIX
        with written.create(f"{name}.idx") as file:
            megatron.write_index(file, np.diff(shard.ends), megatron.starts_in(shard))
        written.link(f"{name}.bin", corpus.folder / entry.file, {"bytes": entry.bytes, "sha256": entry.sha256})
        report(entry.bytes)
    _blend(written, {Path(entry.file).stem + SUFFIX: entry.tokens for entry in corpus.entries})


def _blend(written: Written, tokens: dict[str, int]) -> None:
    """How many tokens each prefix has, as a table and as Megatron takes it: `--data-path` with weights."""
    with written.create("num_tokens.tsv") as file:
        file.write("".join(f"{name}\t{count}\n" for name, count in tokens.items()).encode())
    with written.create("data_path.txt") as file:
        # Megatron weighs by what it is given; a data set without a token cannot be opened.
        file.write((" ".join(f"{count} {name}" for name, count in tokens.items() if count) + "\n").encode())


def _datatrove(corpus: TokenShards, written: Written, report: Report) -> None:
    """A `.ds` for every shard, with its index and metadata."""
    # datatrove and nanotron derive the size of a token from the vocabulary and do not read it from the files.
    token = np.dtype("<u2" if corpus.vocab_size <= 1 << 16 else "<u4")
    tokenizer = f"{corpus.manifest['tokenizer']['file']}|{token.itemsize}"
    for index, entry in enumerate(corpus.entries):
        name = Path(entry.file).stem + ".ds"
        with written.create(name) as file:
            for batch in _proven(corpus, index, report):
                file.write(_tokens(batch).astype(token).tobytes())
        with written.create(f"{name}.index") as file:
            file.write(corpus.shard(index).ends[1:].astype("<u8").tobytes())
        with written.create(f"{name}.metadata") as file:
            file.write(f"{tokenizer}\n{entry.tokens}\n{entry.tokens / 1e9:.3f} GT".encode())


def _parquet(corpus: TokenShards, written: Written, report: Report) -> None:
    """A Parquet file for every shard: the tokens of each document, and its provenance beside them."""
    for index, entry in enumerate(corpus.entries):
        beside = pq.read_table(corpus.folder / entry.provenance)
        schema = pa.schema([*shards.schema({}), *list(beside.schema)[1:]])
        row = 0
        with (
            written.create(f"{Path(entry.file).stem}.parquet") as file,
            pq.ParquetWriter(file, schema, compression="zstd") as writer,
        ):
            for batch in _proven(corpus, index, report):
                origin = beside.slice(row, batch.num_rows).combine_chunks()
                row += batch.num_rows
                if origin.column("doc_id").to_pylist() != batch.column("doc_id").to_pylist():
                    raise Damaged(entry.provenance, f"its rows are not those of {entry.file}")
                columns = [*batch.columns, *origin.columns[1:]]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=batch.num_rows)


def _tokens(batch: pa.RecordBatch) -> NDArray[np.int32]:
    tokens: NDArray[np.int32] = batch.column("input_ids").flatten().to_numpy()
    return tokens


def _proven(corpus: TokenShards, index: int, report: Report) -> Iterator[pa.RecordBatch]:
    """The batches of a shard. Raises `Damaged` after the last where its tokens are not those of the manifest."""
    entry = corpus.entries[index]
    tally = shards.Tally(np.diff(corpus.shard(index).ends))
    for batch in shards.read_shard(corpus.folder / entry.file):
        tally.add(_tokens(batch))
        report(batch.nbytes)
        yield batch
    found = tally.summary().content_sha256
    if found != entry.content_sha256:
        raise Damaged(entry.file, f"content_sha256 is {found}, should be {entry.content_sha256}")


FORMATS: dict[str, Callable[[TokenShards, Written, Report], None]] = {
    "megatron": _megatron, "megatron-view": _megatron_view, "datatrove": _datatrove, "parquet": _parquet,
}  # fmt: skip

#: What files of a format end in. Their readers take all that is in a folder.
_SUFFIXES = {
    "megatron": (".bin", ".idx"), "megatron-view": (".bin", ".idx"),
    "datatrove": (".ds", ".ds.index", ".ds.metadata"), "parquet": (".parquet",),
}  # fmt: skip


def _names(what: str, corpus: TokenShards) -> set[str]:
    suffix = SUFFIX if what.startswith("megatron") else ""
    names = [corpus.manifest["corpus"]] if what == "megatron" else [Path(entry.file).stem for entry in corpus.entries]
    return {f"{name}{suffix}{ending}" for name in names for ending in _SUFFIXES[what]}


def _refuse_strangers(folder: Path, suffixes: tuple[str, ...], ours: set[str]) -> None:
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    for name in there:
        if name.endswith(suffixes) and name not in ours and not name.startswith("."):
            raise UsageError(f"{folder}: {name} is of another export; delete it, or give another --to")
