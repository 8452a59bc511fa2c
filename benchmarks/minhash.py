"""MinHash signatures of real documents: ours beside those of the peers, in MB of UTF-8 text a CPU second.

    python -m benchmarks.minhash [docs.jsonl.gz]

The file has one JSON object a line with `lang` ("ja" or "en") and `text`. All start from the raw text and make 112
permutations of 5-grams: characters for Japanese, words for English. datasketch and rensa get our keys and shingles and
use their own hash functions; making lists of shingles in Python is then most of rensa's time, so it is also shown what
it needs from the lists on. datatrove normalises by its own rules, with a tokenizer that costs nothing in place of
spaCy's. rensa is not among our libraries. The best of three runs or more on one thread. The rates depend on the machine
and on what else it does: compare the ratios.
"""

import gzip
import importlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import datasketch

from benchmarks import peers
from dedup import minhash, shingles

DOCUMENTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "eval" / "neardup" / "versions" / "docs.jsonl.gz"
SETTINGS = minhash.MinHash()
BYTES = 1_500_000  # of each language; more says the same, and datatrove takes a second for each million


def keys(texts: list[str]) -> list[shingles.Key]:
    return [shingles.key(text) for text in texts]


def sign(texts: list[str], lang: str) -> None:
    minhash.signatures(keys(texts), [lang] * len(texts), SETTINGS)


def sign_with_datatrove(texts: list[str], lang: str) -> None:
    step = peers.datatrove_signature(lang, peers.FreeWords)
    for text in texts:
        step.get_signature(step.get_shingles(text))


def sign_with_datasketch(texts: list[str], lang: str) -> None:
    empty = datasketch.MinHash(SETTINGS.permutations, SETTINGS.seed, scheme="affine32")
    for listed in shingle_lists(texts, lang):
        empty.copy().update_batch(listed)


def sign_with_rensa(kind: str, texts: list[str], lang: str) -> None:
    sketch_with_rensa(kind, shingle_lists(texts, lang))


def sketch_with_rensa(kind: str, lists: Iterable[list[bytes]]) -> None:
    sketches = getattr(importlib.import_module("rensa"), kind)
    for listed in lists:
        sketch = sketches(SETTINGS.permutations, SETTINGS.seed)
        sketch.update(listed)
        sketch.digest()


def shingle_lists(texts: list[str], lang: str) -> Iterable[list[bytes]]:
    return (shingles.ngrams(shingles.key(text), lang, SETTINGS.ngram) for text in texts)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the best of three runs, or of as many as fill a second, after one that compiles and loads."""
    work()
    runs: list[float] = []
    while len(runs) < 3 or sum(runs) < 1:
        start = time.process_time()
        work()
        runs.append(time.process_time() - start)
    return min(runs)


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
    if not importlib.util.find_spec("rensa"):
        print("rensa: not installed (pip install rensa==0.5.0)")
    for lang in ("ja", "en"):
        texts = read(path, lang)
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        print(f"\n{f'{lang}: {len(texts)} documents, {megabytes:.2f} MB':40}    MB/s  documents/s  ours is")
        rows: list[tuple[str, Callable[[], object]]] = [
            ("ours", partial(sign, texts, lang)),
            ("  of which the keys", partial(keys, texts)),
            ("datasketch update_batch", partial(sign_with_datasketch, texts, lang)),
            ("datatrove get_shingles, get_signature", partial(sign_with_datatrove, texts, lang)),
        ]
        if importlib.util.find_spec("rensa"):
            lists = list(shingle_lists(texts, lang))
            for kind in ("RMinHash", "CMinHash"):
                rows.append((f"rensa {kind} update, digest", partial(sign_with_rensa, kind, texts, lang)))
                rows.append(("  from lists of shingles on", partial(sketch_with_rensa, kind, lists)))
        mine = 0.0
        for name, work in rows:
            took = seconds(work)
            mine = mine or took
            print(f"{name:40}{megabytes / took:8.2f}{len(texts) / took:13.0f}{took / mine:8.1f}x")


if __name__ == "__main__":
    main()
