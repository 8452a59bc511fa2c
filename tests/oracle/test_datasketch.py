"""Our signatures are datasketch's, bit for bit: anyone who doubts a decision can recompute it."""

import gzip
import json
from pathlib import Path

import datasketch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import minhash, shingles
from dedup.minhash import MinHash

VERSIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "eval" / "neardup" / "versions" / "docs.jsonl.gz"

japanese = st.text(st.characters(codec="cp932", include_characters="¢£¬‖−〜"), max_size=120)
english = st.lists(st.text(st.characters(codec="ascii"), max_size=8), max_size=40).map(" ".join)
documents = st.lists(st.tuples(japanese, st.just("ja")) | st.tuples(english, st.just("en")), min_size=1, max_size=5)
bands_rows = st.sampled_from([(2, 8), (14, 8), (20, 10), (9, 13), (16, 32), (1, 17), (25, 5), (64, 8)])


def sketch(key: shingles.Key, lang: str, how: MinHash) -> np.ndarray:
    found = datasketch.MinHash(how.permutations, how.seed, scheme="affine32", hashfunc=shingles.hash32)
    found.update_batch(shingles.ngrams(key, lang, how.ngram)[: how.max_shingles])
    return np.asarray(found.hashvalues)


def check(batch: list[tuple[str, str]], how: MinHash) -> None:
    keys = [shingles.key(text) for text, _ in batch]
    langs = [lang for _, lang in batch]
    expected = np.array([sketch(key, lang, how) for key, lang in zip(keys, langs, strict=True)])
    assert np.array_equal(minhash.signatures(keys, langs, how), expected)


@settings(deadline=None)
@given(documents, bands_rows, st.integers(0, (1 << 32) - 1), st.integers(1, 9), st.sampled_from([7, 1_000_000]))
def test_signatures_are_equal(
    batch: list[tuple[str, str]], shape: tuple[int, int], seed: int, ngram: int, most: int
) -> None:
    bands, rows = shape
    check(batch, MinHash(bands=bands, rows=rows, seed=seed, ngram=ngram, max_shingles=most))


def test_signatures_of_real_documents_are_equal() -> None:
    if not VERSIONS.exists():
        pytest.skip(f"no real documents at {VERSIONS.parent}")
    with gzip.open(VERSIONS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::40]
    assert {row["lang"] for row in rows} == {"ja", "en", "zh"}
    check([(row["text"], row["lang"]) for row in rows], MinHash())


def test_estimates_are_equal() -> None:
    keys = [shingles.key(text) for text in ("むかしむかし、あるところに", "むかしむかし、あるところへ", "？")]
    how = MinHash(ngram=3)
    signatures = minhash.signatures(keys, ["ja"] * 3, how)
    a, b, _ = (datasketch.MinHash(hashvalues=row, seed=how.seed, scheme="affine32") for row in signatures)
    assert minhash.similarity(*signatures[:2]) == a.jaccard(b) > 0.5
