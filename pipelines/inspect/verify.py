"""Recompute every digest of a corpus and say which file is damaged, missing or not what the manifest says.

A shard that was cut between two batches is a whole Arrow stream of fewer documents, and tokens of a foreign tokenizer
are tokens: what a file is held against is the manifest, never what its format allows.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.store import Commit, Store
from pipelines.work.tokenize import SHARDS
from tokenizer import shards

MANIFEST = f"{SHARDS}/manifest.json"


def verify(out: Path | str, report: Callable[[int], None]) -> dict[str, Any]:
    """`{"files": n, "damaged": [{"file", "problem"}], "digest": …}`; a corpus without a manifest is a UsageError.

    `report` is told of bytes as they are read.
    """
    store = Store(out)
    manifest = store.read_json(MANIFEST)
    if manifest is None:
        raise UsageError(
            f"{out}/{SHARDS}: no manifest.json, so no finished corpus; run `make corpus` first, or give another OUT"
        )
    damaged: list[dict[str, str]] = []
    checked, digest = 0, ""
    try:
        digest = manifest["digest"]
        for path, problem in _problems(store, manifest):
            checked += 1
            report(store.files.size(path) or 0)
            if problem:
                damaged.append({"file": path, "problem": problem})
    except (KeyError, TypeError, AttributeError) as error:
        damaged.append({"file": MANIFEST, "problem": f"not a manifest of token shards: {error!r}"})
    return {"files": checked, "damaged": damaged, "digest": digest}


def size(out: Path | str) -> int:
    """Bytes of all files that `verify` reads, as they are on record."""
    return sum(entry["bytes"] for commit in _commits(Store(out)) for entry in commit.files.values())


def _commits(store: Store) -> Iterator[Commit]:
    """Every commit on record; stages are one or two names deep."""
    folders = store.files.folders("commits")
    for stage in [*folders, *(f"{one}/{two}" for one in folders for two in store.files.folders(f"commits/{one}"))]:
        yield from store.records(stage)


def _problems(store: Store, manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every file that is on record, and every file among the shards that is not, with what is wrong with it or ''."""
    seen = {MANIFEST}
    contents = []
    for shard in manifest["shards"]:
        name, beside = f"{SHARDS}/{shard['file']}", f"{SHARDS}/{shard['provenance']['file']}"
        seen |= {name, beside}
        with store.current(name) as path, store.current(beside) as meta:
            problem = _compare(path, shard)
            if not problem:
                contents.append(shard["content_sha256"])
                problem = _content(path, shard, manifest["tokenizer"])
            yield name, problem
            yield beside, _compare(meta, shard["provenance"]) or _same_rows(path, meta)
    for entry in (manifest["tokenizer"], *manifest["files"]):
        name = f"{SHARDS}/{entry['file']}"
        seen.add(name)
        with store.current(name) as path:
            yield name, _compare(path, entry)
    yield MANIFEST, _manifest(store, manifest, contents)
    for folder in (f"{SHARDS}/data", f"{SHARDS}/__meta__"):
        for name in store.files.names(folder):
            if f"{folder}/{name}" not in seen and not name.startswith("."):
                yield f"{folder}/{name}", "not of this corpus: the manifest does not name it, but readers of the " \
                    "folder would read it"  # fmt: skip
    for commit in _commits(store):
        for name, entry in commit.files.items():
            if name not in seen:
                with store.current(name) as path:
                    yield name, _compare(path, entry)


def _manifest(store: Store, manifest: dict[str, Any], contents: list[str]) -> str:
    digest = shards.corpus_digest(contents)
    if len(contents) == len(manifest["shards"]) and digest != manifest["digest"]:
        return f"its digest should be {digest}"
    for name in ("documents", "tokens"):
        total = sum(shard[name] for shard in manifest["shards"])
        if total != manifest[name]:
            return f"it has {manifest[name]} {name}, its shards {total}"
    commit = store.record("tokenize/manifest", 0)
    if commit is None:
        return ""
    with store.current(MANIFEST) as path:
        return _compare(path, commit.files[MANIFEST])


def _compare(path: Path, entry: dict[str, Any]) -> str:
    try:
        size = path.stat().st_size
        if size != entry.get("bytes", size):
            return f"has {size:,} bytes, should have {entry['bytes']:,}"
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return error.strerror or str(error)
    return "" if found == entry["sha256"] else f"sha256 is {found}, should be {entry['sha256']}"


def _content(path: Path, shard: dict[str, Any], tokenizer: dict[str, Any]) -> str:
    try:
        found, says = shards.summarize(path), shards.read_metadata(path)
    except (OSError, pa.ArrowInvalid) as error:
        return f"not readable as an Arrow stream: {error}"
    for name in ("sha256", "probe_sha256"):
        made_with = says.get(f"tokenizer_{name}")
        if made_with != tokenizer[name]:
            return f"made with a foreign tokenizer: its {name} is {made_with}, the manifest's {tokenizer[name]}"
    if found.max_id >= tokenizer["vocab_size"]:
        return f"has the token {found.max_id}, the tokenizer has {tokenizer['vocab_size']} pieces"
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
