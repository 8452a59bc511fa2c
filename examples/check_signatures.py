"""Check our decisions with datasketch: a hundred pairs of a duplicate and the document kept instead.

    minamoto export signatures --out out/demo
    python examples/check_signatures.py out/demo [pairs]

For each pair, datasketch's own estimate from the exported signatures must be the similarity we recorded (or, where the
recipe asked for that, the Jaccard index of the shingles themselves); and datasketch's own signature of the text,
shingle by shingle, must be the one we exported.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasketch
import numpy as np
import pyarrow.parquet as pq

from dedup import lines, shingles


def main(out: Path, most: int = 100) -> int:
    settings = json.loads((out / "export/signatures.json").read_text())
    exported = pq.read_table(out / "export/signatures.parquet").to_pylist()
    by_id = {row["doc_id"]: row for row in exported}
    cuts = {row["doc_id"]: row["cuts"] or () for row in rows(out / "dedup/sign", ["doc_id", "cuts"])}
    texts = {
        row["doc_id"]: left(row["text"], cuts.get(row["doc_id"], ()))
        for row in rows(out / "extract", ["doc_id", "text"])
    }
    decisions = [d for d in rows(out / "dedup/decide", ["doc_id", "representative", "value"]) if d["representative"]]
    decisions = [d for d in decisions if d["representative"] in by_id]  # the others are in an earlier corpus
    decisions.sort(key=lambda decision: decision["doc_id"])  # doc_ids are hashes: a sample without preference

    wrong = 0
    for decision in decisions[:most]:
        pair = [by_id[decision["doc_id"]], by_id[decision["representative"]]]
        sets = [shingle_list(texts[row["doc_id"]], row["lang"], settings) for row in pair]
        sketches = [sketch(settings, hashvalues=np.array(row["signature"], dtype=np.uint32)) for row in pair]
        similarity = sketches[0].jaccard(sketches[1])
        if settings["similarity"] == "shingles":
            one, other = ({shingles.hash32(shingle) for shingle in of_one} for of_one in sets)
            similarity = len(one & other) / len(one | other)
        redone = [sketch(settings) for _ in pair]
        for again, of_one in zip(redone, sets, strict=True):
            again.update_batch(of_one)
        same_signatures = all((a.hashvalues == b.hashvalues).all() for a, b in zip(sketches, redone, strict=True))
        if similarity != decision["value"] or not same_signatures:
            wrong += 1
            print(f"differs: {pair[0]['url']} and {pair[1]['url']}")
    print(f"{min(most, len(decisions))} pairs checked with datasketch {datasketch.__version__}, {wrong} differ")
    return 1 if wrong or not decisions else 0


def left(text: str | None, cuts: Sequence[dict[str, int]]) -> str:
    """The text without the repeated lines that were cut before it was signed."""
    return lines.cut(text or "", [(span["start"], span["end"]) for span in cuts])


def rows(folder: Path, columns: list[str]) -> list[dict[str, Any]]:
    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path, columns=columns).to_pylist()
    ]


def sketch(settings: dict[str, Any], **given: Any) -> Any:
    return datasketch.MinHash(
        num_perm=settings["permutations"], seed=settings["seed"], scheme="affine32", hashfunc=shingles.hash32, **given
    )


def shingle_list(text: str, lang: str, settings: dict[str, Any]) -> list[bytes]:
    key = shingles.key(text, shingles.Fold(**settings["key"]))
    if lang == "ja" and settings["japanese"] == "words":
        return shingles.ngrams(shingles.segmented(key), None, settings["ngram"])[: settings["max_shingles"]]
    return shingles.ngrams(key, lang, settings["ngram"])[: settings["max_shingles"]]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
