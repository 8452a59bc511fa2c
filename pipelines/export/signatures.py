"""What others need to check our decisions, in formats of theirs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import UsageError
from pipelines.parts import read_side_by_side
from pipelines.store import Output, Store, readable
from pipelines.work.dedup.signed import prefix, read


def signatures(out: Path | str) -> dict[str, Any]:
    """Write `export/signatures.parquet` (doc_id, url, lang, signature: fixed_size_list<uint32>) of every document that
    dedup compared, and `export/signatures.json` with the settings. Returns what is in the JSON.

    `datasketch.MinHash(hashvalues=…, scheme="affine32", seed=…)` takes a signature as it is; see
    examples/check_signatures.py.
    """
    store = Store(out)
    stage = store.read_json("commits/dedup/sign/stage.json")
    parts = store.indices("dedup/decide")
    if stage is None or not parts:
        raise UsageError(f"{out}: no deduplicated corpus; run `minamoto dedup` first, or give another --out")
    settings = stage["settings"]["minhash"]
    permutations = settings["bands"] * settings["rows"]
    signature = pa.list_(pa.field("item", pa.uint32(), nullable=False), permutations)
    schema = pa.schema(
        [("doc_id", pa.binary(16)), ("url", pa.string()), ("lang", pa.string()), ("signature", signature)]
    )
    says = {
        "documents": 0,
        "scheme": "affine32",
        "permutations": permutations,
        **settings,
        "key": stage["settings"]["key"],
        "similarity": "shingles" if stage["settings"]["shingles"] else "signature",
        "shingle": "of dedup.shingles: ngrams(key(text, Fold(**key)), lang, ngram); where japanese is words, for ja: "
        "ngrams(segmented(key(…)), None, ngram)",
        "hash": "xxh32, seed 0, of the shingle in UTF-32-LE",
        "band": "of dedup.minhash: band_hashes",
    }
    with store.output() as made:
        with (
            made.create("export/signatures.parquet") as file,
            pq.ParquetWriter(file, schema, compression="zstd") as writer,
        ):
            for index in parts:
                with store.output() as output:
                    for batch in _signed(output, index, schema):
                        writer.write_batch(batch)
                        says["documents"] += batch.num_rows
        with made.create("export/signatures.json") as file:
            file.write(readable(says))
        store.bring(made)
    return says


def _signed(output: Output, index: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The documents of one part that were signed, which are those that filter kept, in their order."""
    part = f"part-{index:05d}.parquet"
    documents = read(output, prefix(index), "documents")
    signatures = read(output, prefix(index), "signatures")
    row = 0
    for columns, verdicts in read_side_by_side(
        (output.fetch(f"extract/{part}"), ["doc_id", "url"]), (output.fetch(f"filter/{part}"), ["reason", "lang"])
    ):
        keep = pc.is_null(verdicts.column("reason"))
        found = columns.filter(keep)
        rows = slice(row, row + found.num_rows)
        row += found.num_rows
        if b"".join(found.column("doc_id").to_pylist()) != documents["doc_id"][rows].tobytes():
            raise UsageError(
                f"{output.store.root}: part {index} of dedup/sign is not that of extract and filter; "
                "run `minamoto dedup`"
            )
        lists = pa.FixedSizeListArray.from_arrays(
            pa.array(signatures[rows].reshape(-1)), type=schema.field("signature").type
        )
        lang = verdicts.filter(keep).column("lang")
        yield pa.RecordBatch.from_arrays([found.column("doc_id"), found.column("url"), lang, lists], schema=schema)
