"""Recompute every digest of a corpus and say which file is damaged, missing or not what the manifest says."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.store import Store
from pipelines.work.tokenize import SHARDS
from tokenizer import shards


def verify(out: Path) -> dict[str, Any]:
    """`{"files": n, "damaged": [{"file", "problem"}], "digest": …}`; a corpus without a manifest is a UsageError."""
    store = Store(out)
    folder = out / SHARDS
    manifest = store.read_json(folder / "manifest.json")
    if manifest is None:
        raise UsageError(
            f"{folder}: no manifest.json, so no finished corpus; run `make corpus` first, or give another OUT"
        )
    damaged: list[dict[str, str]] = []
    checked = 0
    for path, problem in _problems(store, folder, manifest):
        checked += 1
        if problem:
            damaged.append({"file": str(path.relative_to(out)), "problem": problem})
    return {"files": checked, "damaged": damaged, "digest": manifest["digest"]}


def _problems(store: Store, folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every file that is on record, with what is wrong with it or ''."""
    seen = set()
    contents = []
    for shard in manifest["shards"]:
        path, meta = folder / shard["file"], folder / shard["provenance"]["file"]
        seen |= {path, meta}
        problem = _compare(path, shard)
        if not problem:
            contents.append(shard["content_sha256"])
            problem = _content(path, shard)
        yield path, problem
        yield meta, _compare(meta, shard["provenance"]) or _same_rows(path, meta)
    model = folder / manifest["tokenizer"]["file"]
    seen.add(model)
    yield model, _compare(model, manifest["tokenizer"])
    if len(contents) == len(manifest["shards"]):
        digest = shards.corpus_digest(contents)
        yield folder / "manifest.json", "" if digest == manifest["digest"] else f"its digest should be {digest}"
    for record in sorted((store.root / "commits").glob("**/[0-9]*.json")):
        for name, entry in store.read_json(record)["files"].items():
            if store.root / name not in seen:
                yield store.root / name, _compare(store.root / name, entry)


def _compare(path: Path, entry: dict[str, Any]) -> str:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return error.strerror or str(error)
    return "" if found == entry["sha256"] else f"sha256 is {found}, should be {entry['sha256']}"


def _content(path: Path, shard: dict[str, Any]) -> str:
    try:
        found = shards.summarize(path)
    except (OSError, pa.ArrowInvalid) as error:
        return f"not readable as an Arrow stream: {error}"
    wrong = [name for name, value in vars(found).items() if shard[name] != value]
    return f"{wrong[0]} is {getattr(found, wrong[0])}, should be {shard[wrong[0]]}" if wrong else ""


def _same_rows(path: Path, meta: Path) -> str:
    """Row i of the provenance must speak of row i of the shard."""
    try:
        tokens = [doc_id for batch in shards.read_shard(path) for doc_id in batch.column("doc_id").to_pylist()]
        beside = pq.read_table(meta, columns=["doc_id"]).column("doc_id").to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        return f"not readable: {error}"
    return "" if tokens == beside else f"its rows are not those of {path.name}"
