"""Cut a sample of documents again, from the columns that the shards were made from, and compare with the shards."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.errors import UsageError
from pipelines.store import Output, Store
from pipelines.work.tokenize import SHARDS, kept
from tokenizer import shards, subwords
from tokenizer.loader import Damaged, ForeignTokenizer, TokenShards

#: Differences of one shard that are told one by one.
SHOWN = 3


def retokenize(out: Path, share: float, seed: int, report: Callable[[int], None]) -> dict[str, Any]:
    """Of the documents that were kept, about `share` are cut again with the corpus's own tokenizer.

    Which ones follows from the seed and their doc_ids. Returns `{"documents": n, "equal": n, "damaged": [{"file",
    "problem"}]}`: of each shard the first documents that differ and where they do, and how many more there are.
    `report` is told of bytes of documents as they are read. Raises `UsageError` where the stages before the shards are
    not there.
    """
    store = Store(out)
    encoded = store.read_json("commits/tokenize/encode/stage.json")
    parts = store.indices("extract")
    if encoded is None or not parts:
        raise UsageError(f"{out}: no documents to cut again, only shards; give the folder they were made in")
    try:
        corpus = TokenShards(out)
        tokenizer = corpus.manifest["tokenizer"]
        model = subwords.load(out / SHARDS / tokenizer["file"], tokenizer.get("pattern", ""))
    except (Damaged, subwords.UnreadableModel) as error:
        damaged = [{"file": f"{SHARDS}/manifest.json", "problem": f"nothing can be cut again: {error}"}]
        return {"documents": 0, "equal": 0, "damaged": damaged}
    limit = min(int(share * 2**64), 2**64 - 1)
    documents = equal = seen = 0
    whole = True
    problems: dict[str, list[str]] = {}
    more: Counter[str] = Counter()

    def differs(file: str, problem: str) -> None:
        found = problems.setdefault(file, [])
        if problem in found:
            return
        if len(found) < SHOWN:
            found.append(problem)
        else:
            more[file] += 1

    for part in parts:
        try:
            for found, _, _ in kept(Output(store, out), part, ("doc_id", "text"), encoded["settings"]["cuts"]):
                doc_ids = found.column("doc_id").to_pylist()
                seen += len(doc_ids)
                # Not the places of the shards: those of a small share would all be in the first.
                drawn = shards.places([b"retokenize" + doc_id for doc_id in doc_ids], seed) <= np.uint64(limit)
                rows = np.flatnonzero(drawn).tolist()
                texts = [found.column("text")[row].as_py() for row in rows]
                for row, tokens in zip(rows, model.encode(texts), strict=True):
                    documents += 1
                    file, problem = _compare(corpus, doc_ids[row], tokens)
                    equal += not problem
                    if problem:
                        differs(file, problem)
            report((out / "extract" / f"part-{part:05d}.parquet").stat().st_size)
        except (OSError, ValueError, pa.ArrowException) as error:
            whole = False
            differs("manifest.json", f"part {part} of the stages before is not readable: {error}")
    if whole and seen != len(corpus):
        differs("manifest.json", f"has {len(corpus)} documents, the stages before kept {seen}")
    damaged = [
        {"file": f"{SHARDS}/{file}", "problem": problem}
        for file, of_one in problems.items()
        for problem in [*of_one, *([f"{more[file]} more documents differ"] if more[file] else [])]
    ]
    return {"documents": documents, "equal": equal, "damaged": damaged}


def size(out: Path) -> int:
    """Bytes of documents that `retokenize` reads."""
    records = sorted((out / "commits/extract").glob("[0-9]*.json"))
    return sum(entry["bytes"] for path in records for entry in json.loads(path.read_bytes())["files"].values())


def _compare(corpus: TokenShards, doc_id: bytes, tokens: NDArray[np.int32]) -> tuple[str, str]:
    """The shard a document belongs to, and how its tokens differ from these, or ''."""
    try:
        document = corpus.locate(doc_id)
        shard, row = corpus.place(document)
        there = corpus.doc(document)
    except KeyError:
        return "manifest.json", f"document {doc_id.hex()} was kept and is in no shard"
    except Damaged as damaged:
        return damaged.name, damaged.problem
    except ForeignTokenizer as foreign:
        file, problem = str(foreign).split(": ", 1)
        return file, problem
    file = corpus.entries[shard].file
    if np.array_equal(there, tokens):
        return file, ""
    both = min(len(there), len(tokens))
    apart = np.flatnonzero(there[:both] != tokens[:both])
    where = f"row {row}, document {doc_id.hex()}"
    if not len(apart):
        return file, f"{where}: {len(there)} tokens, its text has {len(tokens)}"
    at = int(apart[0])
    return file, f"{where}: token {at} is {there[at]}, its text has {tokens[at]}"
