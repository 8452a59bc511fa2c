"""MinHash signatures of real documents: ours beside datasketch and datatrove, in MB of UTF-8 text a CPU second.

    python -m benchmarks.minhash [docs.jsonl.gz]

The file has one JSON object a line with `lang` ("ja" or "en") and `text`. All start from the raw text and make the same
number of permutations (14 x 8) from 5-grams: characters for Japanese, words for English. datasketch gets our keys and
shingles, and its own hash function; datatrove does its own normalising, with a trivial tokenizer in place of spaCy's.
One thread; best of three. What is printed depends on the machine and on what else it does: compare ratios.
"""

import gzip
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import datasketch
import numpy as np
from datatrove.pipeline.dedup import minhash as datatrove
from datatrove.utils.hashing import HashConfig

from dedup import minhash, shingles

DOCUMENTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "eval" / "neardup" / "versions" / "docs.jsonl.gz"
SETTINGS = minhash.MinHash()
MEGABYTES = 1.5  # a language; more says the same and datatrove takes a second for each


class Split:
    """A tokenizer for datatrove that costs almost nothing."""

    def __init__(self, lang: str) -> None:
        self.word_tokenize: Callable[[str], list[str]] = list if lang == "ja" else str.split


def ours(texts: list[str], lang: str) -> None:
    minhash.signatures([shingles.key(text) for text in texts], [lang] * len(texts), SETTINGS)


def with_datasketch(texts: list[str], lang: str) -> None:
    empty = datasketch.MinHash(SETTINGS.permutations, SETTINGS.seed, scheme="affine32")
    for text in texts:
        empty.copy().update_batch(shingles.ngrams(shingles.key(text), lang, SETTINGS.ngram))


def with_datatrove(texts: list[str], lang: str) -> None:
    datatrove.load_word_tokenizer = Split
    step = datatrove.MinhashDedupSignature("/dev/null", datatrove.MinhashConfig(hash_config=HashConfig()), lang)
    for text in texts:
        step.get_signature(step.get_shingles(text))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the best of three runs, after one that compiles and loads."""
    best = float("inf")
    for _ in range(4):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def read(path: Path, lang: str) -> list[str]:
    texts: list[str] = []
    size = 0
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["lang"] == lang and size < MEGABYTES * 1e6:
                texts.append(row["text"])
                size += len(row["text"].encode())
    return texts


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    if not path.exists():
        sys.exit(f"{path}: no documents there; give a docs.jsonl.gz")
    print(f"{os.cpu_count()} shared cores, one used; {SETTINGS.permutations} permutations")
    for lang in ("ja", "en"):
        texts = read(path, lang)
        size = sum(len(text.encode()) for text in texts) / 1e6
        print(f"\n{lang}: {len(texts)} documents, {size:.2f} MB{'':18}MB/s   documents/s   ours is")
        took = {
            "ours": seconds(lambda: ours(texts, lang)),
            "datasketch update_batch": seconds(lambda: with_datasketch(texts, lang)),
            "datatrove get_signature": seconds(lambda: with_datatrove(texts, lang)),
        }
        for name, value in took.items():
            print(f"  {name:36} {size / value:10.2f} {len(texts) / value:13.0f} {value / took['ours']:8.1f} x")
        keys = [shingles.key(text) for text in texts]
        values, _ = shingles.hashes(keys, [lang] * len(keys), SETTINGS.ngram, SETTINGS.max_shingles)
        of_key = seconds(lambda: [shingles.key(text) for text in texts])
        of_hashes = seconds(
            lambda: [shingles.hashes([key], [lang], SETTINGS.ngram, SETTINGS.max_shingles) for key in keys]
        )
        of_signatures = seconds(lambda: minhash.signatures(keys, [lang] * len(keys), SETTINGS))
        rate = len(values) * SETTINGS.permutations / (of_signatures - of_hashes) / 1e9
        print(
            f"  of ours: keys {of_key:.4f} s, shingles {of_hashes:.4f} s, permutations {of_signatures - of_hashes:.4f} s",
            end="",
        )
        print(f" ({rate:.1f} G a second)")


if __name__ == "__main__":
    main()
