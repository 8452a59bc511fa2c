"""Pairs of near-duplicates found among real documents: ours beside datasketch and datatrove, against exact Jaccard.

    python -m benchmarks.neardup_quality [folder]

The folder holds versions/ (docs.jsonl.gz, pairs.tsv) and mccormick_articles/. A pair is to be found if its Jaccard
similarity is at least 0.8. For Japanese and Chinese it is that of pairs.tsv: sets of 5 characters of NFKC, lower-cased
text without spaces, computed without our code; it counts punctuation, which our key folds. For English our shingles are
words, of which this column says nothing: there it is the exact Jaccard of the sets of our own `shingles.ngrams`. Only
documents of one language label are compared: pages left untranslated under another label are no pairs here. McCormick's
articles have their own truth, 10 planted pairs.

"bands" is agreement in a band and nothing more; "≥ 0.7" and "≥ 0.8" ask the signatures to be that similar as well.
datasketch gets our shingles, and is otherwise as it comes. datatrove has its default configuration, so its own
normalisation and shingles of words: for Japanese and Chinese the gold is not what it measures. spaCy, which cuts its
words, is not among our libraries: Japanese is cut by SudachiPy in mode A, which is what spaCy calls, Chinese into
characters (in place of jieba's words), English at spaces.

Last come the documents that leave when every cluster of pairs keeps its first document, and the share of them that have
an exact Jaccard of at least 0.7 (of our shingles) with the one that stays.
"""

import collections
import functools
import gzip
import itertools
import json
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peers
from dedup import clusters, minhash, shingles

NEARDUP = Path(__file__).resolve().parents[2] / "shared" / "data" / "eval" / "neardup"
SETTINGS = minhash.MinHash()
#: What counts as a near-duplicate.
GOLD = 0.8
#: The similarity of a removed document and the one that stays from which on nothing is lost.
ALIKE = 0.7
#: What signatures must reach, by name: nothing, the default of a recipe's `min_similarity`, and what gold asks.
FLOORS = {"bands": 0.0, "≥ 0.7": 0.7, "≥ 0.8": 0.8}

#: Two documents by their place, the smaller first.
Pair = tuple[int, int]


@dataclass(frozen=True)
class Collection:
    name: str
    lang: str
    keys: list[shingles.Key]
    texts: list[str]
    gold: frozenset[Pair]


@dataclass(frozen=True)
class Score:
    """How many pairs were found and how many documents leave; the others are shares of 1."""

    found: int
    precision: float
    recall: float
    f1: float
    removed: int
    removed_alike: float


def score(found: Iterable[Pair], collection: Collection) -> Score:
    """Where nothing was found, or there was nothing to find, a share is 1."""
    pairs, gold = set(found), collection.gold
    right = len(pairs & gold)
    parents = clusters.new_parents(len(collection.keys))
    clusters.union_edges(parents, np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2))
    kept = clusters.roots(parents).tolist()
    removed = [(place, root) for place, root in enumerate(kept) if root != place]
    alike = sum(jaccard(collection, a, b) >= ALIKE for a, b in removed)
    return Score(
        len(pairs),
        right / len(pairs) if pairs else 1.0,
        right / len(gold) if gold else 1.0,
        2 * right / (len(pairs) + len(gold)) if pairs or gold else 1.0,
        len(removed),
        alike / len(removed) if removed else 1.0,
    )


def ours(collection: Collection) -> dict[str, Score]:
    """Our score for each of `FLOORS`."""
    signatures = minhash.signatures(collection.keys, [collection.lang] * len(collection.keys), SETTINGS)
    empty = (signatures == minhash.EMPTY).all(axis=1)
    bands = [[] if none else row for none, row in zip(empty, minhash.band_hashes(signatures, SETTINGS).tolist())]
    similarity = {(a, b): minhash.similarity(signatures[a], signatures[b]) for a, b in band_pairs(bands)}
    return {
        name: score([pair for pair, estimate in similarity.items() if estimate >= floor], collection)
        for name, floor in FLOORS.items()
    }


def with_datasketch(collection: Collection) -> dict[str, Score]:
    import datasketch

    lsh = datasketch.MinHashLSH(threshold=GOLD, num_perm=128)
    sketches = []
    for place, key in enumerate(collection.keys):
        sketches.append(datasketch.MinHash(num_perm=128))
        sketches[-1].update_batch(shingles.ngrams(key, collection.lang, SETTINGS.ngram))
        lsh.insert(place, sketches[-1])
    pairs = {(a, b) for b, sketch in enumerate(sketches) for a in lsh.query(sketch) if a < b}
    verified = [(a, b) for a, b in pairs if sketches[a].jaccard(sketches[b]) >= GOLD]
    return {f"bands ({lsh.b} x {lsh.r})": score(pairs, collection), "≥ 0.8": score(verified, collection)}


def with_datatrove(collection: Collection) -> dict[str, Score]:
    step = peers.datatrove_signature(collection.lang, Words)
    hashed = [step.get_shingles(text) for text in collection.texts]
    signatures = [step.get_signature(values) if values.size else [] for values in hashed]
    bands = [[tuple(band) for band in signature] for signature in signatures]
    return {"bands": score(band_pairs(bands), collection)}


class Words:
    """What datatrove needs of a tokenizer."""

    def __init__(self, lang: str) -> None:
        cuts: dict[str, Callable[[str], list[str]]] = {"ja": japanese_words, "zh": list, "en": str.split}
        self.word_tokenize = cuts[lang]


def japanese_words(text: str) -> list[str]:
    from datatrove.utils.word_tokenizers import chunk_text_on_bytes  # type: ignore[import-untyped]

    chunks = chunk_text_on_bytes(text, 40_000)  # SudachiPy takes 49,149 bytes, and datatrove cuts here
    words = [word.surface().strip() for chunk in chunks for word in sudachi().tokenize(chunk)]
    return [word for word in words if word]


@functools.cache
def sudachi() -> Any:
    import sudachipy

    return sudachipy.Dictionary().tokenizer(mode=sudachipy.SplitMode.A)


def read(folder: Path) -> list[Collection]:
    """The four collections of eval/neardup. Raises FileNotFoundError."""
    with gzip.open(folder / "versions" / "docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    listed = []
    with (folder / "versions" / "pairs.tsv").open(encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("\t")
        for line in lines:
            pair = dict(zip(names, line.rstrip("\n").split("\t"), strict=True))
            if float(pair["jaccard_char5"]) >= GOLD:
                listed.append((pair["id_a"], pair["id_b"]))
    found = []
    for lang in ("ja", "zh", "en"):
        mine = [row for row in rows if row["lang"] == lang]
        gold = None if lang == "en" else _placed(listed, [row["id"] for row in mine])
        found.append(_collection("versions", lang, [row["text"] for row in mine], gold))
    articles = folder / "mccormick_articles"
    with gzip.open(articles / "articles.train.gz", "rt", encoding="utf-8") as lines:
        ids, texts = zip(*(line.rstrip("\n").split(" ", 1) for line in lines), strict=True)
    planted = [line.split() for line in (articles / "articles.truth").read_text(encoding="utf-8").splitlines()]
    found.append(_collection("mccormick", "en", list(texts), _placed([(a, b) for a, b in planted], ids)))
    return found


def exact_jaccard(keys: Sequence[shingles.Key], lang: str) -> dict[Pair, float]:
    """The Jaccard similarity of all pairs that have a shingle in common."""
    sets = [set(shingles.ngrams(key, lang, SETTINGS.ngram)) for key in keys]
    shared = collections.Counter(_sharing(sets))
    return {(a, b): both / (len(sets[a]) + len(sets[b]) - both) for (a, b), both in shared.items()}


def jaccard(collection: Collection, a: int, b: int) -> float:
    mine, other = (set(shingles.ngrams(collection.keys[i], collection.lang, SETTINGS.ngram)) for i in (a, b))
    return len(mine & other) / max(1, len(mine | other))


def band_pairs(bands: Sequence[Sequence[Hashable]]) -> set[Pair]:
    """The pairs that agree in a band. One sequence for each document; one without bands agrees with none."""
    return set(_sharing([set(enumerate(row)) for row in bands]))


def _sharing(members: Sequence[set[Any]]) -> Iterator[Pair]:
    """Every pair once for each member that both have."""
    owners: dict[Any, list[int]] = collections.defaultdict(list)
    for place, of_one in enumerate(members):
        for member in of_one:
            owners[member].append(place)
    for places in owners.values():
        yield from itertools.combinations(places, 2)


def _placed(pairs: Iterable[tuple[str, str]], ids: Sequence[str]) -> frozenset[Pair]:
    places = {doc_id: place for place, doc_id in enumerate(ids)}
    both = [(places[a], places[b]) for a, b in pairs if a in places and b in places]
    return frozenset((min(pair), max(pair)) for pair in both)


def _collection(name: str, lang: str, texts: list[str], gold: frozenset[Pair] | None) -> Collection:
    keys = [shingles.key(text) for text in texts]
    if gold is None:
        gold = frozenset(pair for pair, similarity in exact_jaccard(keys, lang).items() if similarity >= GOLD)
    return Collection(name, lang, keys, texts, gold)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else NEARDUP
    if not folder.exists():
        sys.exit(f"{folder}: no documents there; give a folder with versions/ and mccormick_articles/")
    print(SETTINGS)
    for collection in read(folder):
        title = f"{collection.name} {collection.lang}: {len(collection.keys)} documents, {len(collection.gold)} pairs"
        print(f"\n{title:44}  found  precision   recall       F1  removed   alike")
        for who, measure in (("ours", ours), ("datasketch", with_datasketch), ("datatrove", with_datatrove)):
            for how, s in measure(collection).items():
                print(
                    f"{f'{who}, {how}':44}{s.found:7}{s.precision:10.2%}{s.recall:9.2%}{s.f1:9.2%}"
                    f"{s.removed:9}{s.removed_alike:8.1%}"
                )


if __name__ == "__main__":
    main()
