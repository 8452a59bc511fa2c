"""From a training step to the documents it was made of, and from a document to the steps that saw it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import Stop, UsageError
from tokenizer import planfile, subwords
from tokenizer.loader import Damaged, ForeignTokenizer, TokenShards
from tokenizer.plan import BadPlan, Plan, StalePlan

#: Characters of a text that are shown of a document, unless all are asked for.
EXCERPT = 300


def trace(out: Path | None, plan_file: Path, step: int, batch: int, text: bool) -> dict[str, Any]:
    """`{"plan", "step", "samples": [{"sample", "documents": [{"source", "document", "start", "stop", …}]}]}`.

    A document's entry has its provenance beside the range of its tokens that the sample has; with `text` also what
    these tokens say. Step s of global batches of b samples has the samples from s·b on. Raises `UsageError` where the
    plan has no such step or cannot be read, `Stop` where the corpus is damaged or not the plan's.
    """
    with _told():
        plan = planfile.load(plan_file, out)
        steps = len(plan) // batch
        if not 0 <= step < steps:
            raise UsageError(f"--step {step}: {plan_file} has {steps} steps of {batch} samples, from 0 on")
        rows = {k: plan.rows(k).tolist() for k in range(step * batch, (step + 1) * batch)}
        sources = [plan.sources[name].shards for name in plan.names]
        readers = [_reader(shards) if text else None for shards in sources]
        known: dict[tuple[int, int], dict[str, Any]] = {}
        for source, shards in enumerate(sources):
            documents = sorted({document for of_one in rows.values() for s, document, *_ in of_one if s == source})
            found = shards.provenances(documents)
            known |= {(source, document): _plain(says) for document, says in zip(documents, found, strict=True)}
        samples = []
        for k, of_one in rows.items():
            documents_of_one = []
            for source, document, start, stop in of_one:
                shard, row = sources[source].place(document)
                says = {
                    "source": plan.names[source], "document": document, "start": start, "stop": stop,
                    "shard": sources[source].entries[shard].file, "row": row, "provenance": known[source, document],
                }  # fmt: skip
                if reader := readers[source]:
                    says["text"] = reader.decode(sources[source].doc(document)[start:stop].tolist())
                documents_of_one.append(says)
            samples.append({"sample": k, "documents": documents_of_one})
    return {"plan": plan.digest, "step": step, "batch": batch, "samples": samples}


def find(out: Path, url: str | None, doc_id: str | None, plan_file: Path | None, batch: int) -> dict[str, Any]:
    """`{"documents": [{"document", "shard", "row", "doc_id", "url", "seen": [{"source", "sample", "step"}]}]}`.

    `seen` is there with a plan: every sample that has a part of the document, and its step. Raises as `trace` does, and
    `UsageError` where the corpus has no such document.
    """
    with _told():
        shards = TokenShards(out)
        numbers = _with_url(shards, url) if url is not None else [_with_id(shards, doc_id or "")]
        plan = planfile.load(plan_file, out) if plan_file else None
        found = []
        for number, says in zip(numbers, shards.provenances(numbers), strict=True):
            shard, row = shards.place(number)
            provenance = _plain(says)
            document = {"document": number, "shard": shards.entries[shard].file, "row": row, "provenance": provenance}
            if plan:
                document["seen"] = list(_seen(plan, shards.digest, number, batch))
            found.append(document)
    if not found:
        raise UsageError(f"{out}: no document in the shards has the URL {url}; `minamoto show` says what became of it")
    return {"corpus": shards.digest, "plan": plan.digest if plan else None, "batch": batch, "documents": found}


def show_trace(found: dict[str, Any]) -> None:
    print(f"step {found['step']} of plan {found['plan'][:12]}: {len(found['samples'])} samples")
    for sample in found["samples"]:
        print(f"\nsample {sample['sample']}")
        for document in sample["documents"]:
            says = document["provenance"]
            print(
                f"  {document['source']} {document['document']} [{document['start']}:{document['stop']}]  {_from(says)}"
            )
            if "text" in document:
                print(f"    {_one_line(document['text'])[:EXCERPT]}")


def show_found(found: dict[str, Any]) -> None:
    for document in found["documents"]:
        print(f"document {document['document']}: {document['shard']}, row {document['row']}")
        print(f"  {_from(document['provenance'])}")
        for seen in document.get("seen", []):
            print(f"  sample {seen['sample']}, step {seen['step']}, of source {seen['source']}")
        if document.get("seen") == []:
            print("  no sample of the plan has a part of it")


def _reader(shards: TokenShards) -> subwords.Subwords:
    """The tokenizer that lies beside the shards, if it is the one that they were made with."""
    path = shards.folder / shards.manifest["tokenizer"]["file"]
    try:
        model = subwords.load(path, shards.manifest["tokenizer"].get("pattern", ""))
    except subwords.UnreadableModel as error:
        raise Stop(str(error)) from None
    if model.sha256 != shards.tokenizer_sha256:
        raise ForeignTokenizer(f"{path}: is tokenizer {model.sha256[:12]}, not {shards.tokenizer_sha256[:12]}")
    return model


def _seen(plan: Plan, digest: str, document: int, batch: int) -> Iterator[dict[str, Any]]:
    """In every source of the plan that is this corpus."""
    for name, source in plan.sources.items():
        if source.shards.digest == digest:
            for k in plan.seen(name, document):
                yield {"source": name, "sample": k, "step": k // batch}


def _with_url(shards: TokenShards, url: str) -> list[int]:
    found = []
    for start, entry in zip(shards.document_starts, shards.entries):
        try:
            urls = pq.read_table(shards.folder / entry.provenance, columns=["url"]).column("url")
        except (OSError, pa.ArrowException) as error:
            raise Damaged(entry.provenance, str(error)) from None
        found += [start + row for row in pc.indices_nonzero(pc.fill_null(pc.equal(urls, url), False)).to_pylist()]
    return found


def _with_id(shards: TokenShards, doc_id: str) -> int:
    try:
        wanted = bytes.fromhex(doc_id)
        if len(wanted) != 16:
            raise ValueError
        return shards.locate(wanted)
    except ValueError:
        raise UsageError(f"--doc-id {doc_id}: not 32 hexadecimal digits") from None
    except KeyError:
        raise UsageError(f"{shards.folder}: no document in the shards has doc_id {doc_id}") from None


def _from(says: dict[str, Any]) -> str:
    licences = ", ".join(says.get("licences") or []) or "no licence stated"
    return _one_line(f"{says.get('url') or says['doc_id']}  {licences}  {says['source']}:{says['offset']}")


def _plain(says: dict[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return value.hex()
        return value.isoformat() if isinstance(value, datetime) else value

    return {name: plain(value) for name, value in says.items() if value is not None}


def _one_line(value: str) -> str:
    """Crawled words on a terminal: no controls, one line."""
    return "".join(c if c.isprintable() else " " for c in value)


@contextmanager
def _told() -> Iterator[None]:
    """What the loader finds wrong, as the line that ends the command."""
    try:
        yield
    except BadPlan as bad:
        raise UsageError(str(bad)) from None
    except (Damaged, ForeignTokenizer, StalePlan) as wrong:
        raise Stop(str(wrong)) from None
