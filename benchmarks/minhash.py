"""MinHash signatures of real documents: ours beside datasketch and datatrove, in MB of UTF-8 text a CPU second.

    python -m benchmarks.minhash [docs.jsonl.gz]

The file has one JSON object a line with `lang` ("ja" or "en") and `text`. All three start from the raw text and make
112 permutations of 5-grams: characters for Japanese, words for English. datasketch gets our keys and shingles and uses
its own hash function; datatrove normalises by its own rules, with a tokenizer that costs nothing in place of spaCy's.
One thread, best of three. The rates depend on the machine and on what else it does: compare the ratios.
"""

import functools
import gzip
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasketch
import xxhash

from dedup import minhash, shingles

DOCUMENTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "eval" / "neardup" / "versions" / "docs.jsonl.gz"
SETTINGS = minhash.MinHash()
BYTES = 1_500_000  # of each language; more says the same, and datatrove takes a second for each million


def sign(texts: list[str], lang: str) -> None:
    minhash.signatures([shingles.key(text) for text in texts], [lang] * len(texts), SETTINGS)


def sign_with_datasketch(texts: list[str], lang: str) -> None:
    empty = datasketch.MinHash(SETTINGS.permutations, SETTINGS.seed, scheme="affine32")
    for text in texts:
        empty.copy().update_batch(shingles.ngrams(shingles.key(text), lang, SETTINGS.ngram))


def sign_with_datatrove(texts: list[str], lang: str) -> None:
    step = datatrove_minhash().MinhashDedupSignature("/dev/null", language=lang)
    step._hash_func = lambda text: xxhash.xxh64_intdigest(text.encode())  # its own gives xxhash a str; 4.0 refuses that
    for text in texts:
        step.get_signature(step.get_shingles(text))


class FreeTokenizer:
    def __init__(self, lang: str) -> None:
        self.word_tokenize: Callable[[str], list[str]] = list if lang == "ja" else str.split


@functools.cache
def datatrove_minhash() -> Any:
    """datatrove's file by itself: its package imports every kind of dedup and with them libraries we do without."""
    package: Any = importlib.util.find_spec("datatrove")
    file = Path(package.origin).parent / "pipeline/dedup/minhash.py"
    spec: Any = importlib.util.spec_from_file_location("datatrove_minhash", file)
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.load_word_tokenizer = FreeTokenizer
    return module


def seconds(work: Callable[[list[str], str], object], texts: list[str], lang: str) -> float:
    """CPU seconds of the best of three runs, after one that compiles and loads."""
    work(texts, lang)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work(texts, lang)
        best = min(best, time.process_time() - start)
    return best


def read(path: Path, lang: str) -> list[str]:
    texts: list[str] = []
    left = BYTES
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["lang"] == lang and left > 0:
                texts.append(row["text"])
                left -= len(row["text"].encode())
    return texts


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    if not path.exists():
        sys.exit(f"{path}: no documents there; give a docs.jsonl.gz")
    print(f"{os.cpu_count()} shared cores, one of them used; {SETTINGS}")
    for lang in ("ja", "en"):
        texts = read(path, lang)
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        print(f"\n{f'{lang}: {len(texts)} documents, {megabytes:.2f} MB':40}    MB/s  documents/s  ours is")
        mine = seconds(sign, texts, lang)
        for name, took in (
            ("ours", mine),
            ("  of which the keys", seconds(lambda texts, _: list(map(shingles.key, texts)), texts, lang)),
            ("datasketch update_batch", seconds(sign_with_datasketch, texts, lang)),
            ("datatrove get_shingles, get_signature", seconds(sign_with_datatrove, texts, lang)),
        ):
            print(f"{name:40}{megabytes / took:8.2f}{len(texts) / took:13.0f}{took / mine:8.1f}x")


if __name__ == "__main__":
    main()
