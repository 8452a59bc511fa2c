"""Read texts from wherever people keep them: corpora of ours, Parquet, JSON Lines, plain files and folders of these."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.store import Commit, Store
from pipelines.work.dedup.sign import is_kept, kept_texts
from pipelines.work.dedup.signed import prefix
from pipelines.work.tokenize import kept

#: Compressed or not; pyarrow inflates them.
LINES, PLAIN, COMPRESSED = (".jsonl", ".ndjson"), (".txt", ".md"), (".gz", ".zst", ".bz2")

#: Longest line of JSON, longest plain file; in bytes.
LONGEST = 64 << 20
_BATCH = 256

Text = tuple[str, str | None]
"""A text and its language (ISO 639), None where nobody said."""


@dataclass(frozen=True)
class Source:
    """One file, or one part of a corpus."""

    path: Path
    kind: Literal["corpus", "parquet", "lines", "plain"]
    size: int
    part: int = 0


def find_texts(path: Path) -> list[Source]:
    """What a path stands for: a corpus folder its parts, any other folder the files in and below it whose names we
    know. Raises `UsageError` where there is nothing to read."""
    if not path.exists():
        elsewhere = "; texts are read from this machine's disk" if path.parts[:1] in (("s3:",), ("gs:",)) else ""
        raise UsageError(f"{path}: no such file or folder{elsewhere}")
    if (path / "commits").is_dir():
        return _parts(path)
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and not _hidden(file.relative_to(path))]
        found = [Source(file, kind, file.stat().st_size) for file in files if (kind := _kind(file))]
    else:
        found = [Source(path, _kind(path) or "plain", path.stat().st_size)]
    if not found:
        raise UsageError(f"{path}: no texts there ({' '.join(('.parquet', *LINES, *PLAIN))}) and no corpus")
    return found


def read_texts(source: Source) -> Iterator[tuple[float, list[Text]]]:
    """The texts of a source in batches, each with the share of the source that has been read.

    Of a corpus the documents it kept, as filter and dedup left their texts. Raises `UsageError` for what is no text.
    """
    try:
        match source.kind:
            case "corpus":
                yield 1.0, list(_of_part(source))
            case "parquet":
                yield from _of_parquet(source.path)
            case "lines":
                yield from _of_lines(source)
            case "plain":
                yield 1.0, [(_decoded(source.path, _all(source.path)), None)]
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{source.path}: not readable ({' '.join(str(error).split())[:200]})") from None


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _kind(path: Path) -> Literal["parquet", "lines", "plain"] | None:
    name = path.name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    if name.endswith(".parquet"):
        return "parquet"
    if name.endswith(LINES):
        return "lines"
    return "plain" if name.endswith(PLAIN) else None


def _parts(out: Path) -> list[Source]:
    commits = _commits(out, "filter")
    if not commits:
        raise UsageError(f"{out}: no verdicts there; run `minamoto filter` first")
    sizes = Store(out).files.size
    return [
        Source(out, "corpus", sizes(f"extract/part-{commit.index:05d}.parquet") or 0, commit.index)
        for commit in commits
    ]


def _commits(out: Path, stage: str) -> list[Commit]:
    store = Store(out)
    return [commit for index in store.indices(stage) if (commit := store.read_commit(stage, index))]


def _of_part(source: Source) -> Iterator[Text]:
    out, index = source.path, source.part
    store = Store(out)
    with store.output() as output:
        if store.read_commit("dedup/decide", index):
            signed = store.read_commit("dedup/sign", index)
            cuts = signed is not None and f"{prefix(index)}.cuts.parquet" in signed.files
            for documents, verdicts, _ in kept(output, index, ("doc_id", "text"), cuts):
                yield from zip(documents.column("text").to_pylist(), verdicts.column("lang").to_pylist())
        else:
            for texts, _, verdicts in kept_texts(output, index):
                yield from zip(texts, verdicts.column("lang").filter(is_kept(verdicts)).to_pylist())


def _of_parquet(path: Path) -> Iterator[tuple[float, list[Text]]]:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        columns = [name for name in ("text", "lang") if name in schema.names and _is_string(schema.field(name).type)]
        if "text" not in columns:
            raise UsageError(f"{path}: no column `text` of strings; it has {', '.join(schema.names)}")
        read = 0
        for batch in file.iter_batches(_BATCH, columns=columns):
            read += batch.num_rows
            langs = batch.column("lang").to_pylist() if "lang" in columns else [None] * batch.num_rows
            texts = pc.fill_null(batch.column("text"), "").to_pylist()
            yield read / file.metadata.num_rows, list(zip(texts, langs))


def _is_string(of: pa.DataType) -> bool:
    return bool(pa.types.is_string(of) or pa.types.is_large_string(of))


def _of_lines(source: Source) -> Iterator[tuple[float, list[Text]]]:
    with pa.OSFile(str(source.path)) as raw, _inflated(source.path, raw) as stream:
        records = _records(source.path, stream)
        while batch := list(islice(records, _BATCH)):
            yield min(raw.tell() / max(source.size, 1), 1.0), batch


def _records(path: Path, stream: Any) -> Iterator[Text]:
    for number, line in enumerate(_lines(path, stream), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}:{number}: no JSON ({error})") from None
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise UsageError(f'{path}:{number}: no object with a string "text"')
        lang = record.get("lang")
        yield record["text"], lang if isinstance(lang, str) else None


def _lines(path: Path, stream: Any) -> Iterator[bytes]:
    """The lines of a stream; none is held that is longer than LONGEST."""
    rest = b""
    while block := stream.read(1 << 20):
        *whole, rest = (rest + block).split(b"\n") if b"\n" in block else (rest + block,)
        yield from whole
        if len(rest) > LONGEST:
            raise UsageError(f"{path}: a line of more than {LONGEST:,} bytes")
    yield rest


def _inflated(path: Path, raw: Any) -> Any:
    kind = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}.get(path.suffix.lower())
    return pa.CompressedInputStream(raw, kind) if kind else pa.PythonFile(raw, "r")


def _all(path: Path) -> bytes:
    with pa.OSFile(str(path)) as raw, _inflated(path, raw) as stream:
        data: bytes = stream.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise UsageError(f"{path}: a text of more than {LONGEST:,} bytes")
    return data


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 (byte {error.start})") from None
