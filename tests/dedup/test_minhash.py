import dataclasses
from itertools import pairwise
from typing import Literal

import datasketch
import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import minhash, shingles
from dedup.minhash import MinHash

SMALL = MinHash(bands=4, rows=3, ngram=3)
WORDS = dataclasses.replace(SMALL, japanese="words")
documents = st.lists(
    st.tuples(
        st.text(st.sampled_from("かがきぎ漢字 。"), max_size=20) | st.text(max_size=20), st.sampled_from(["ja", "en"])
    ),
    max_size=80,
)


def sign(texts: list[str], lang: str = "ja", settings: MinHash = SMALL) -> np.ndarray:
    return minhash.signatures([shingles.key(text) for text in texts], [lang] * len(texts), settings)


def test_defaults_are_fineweb() -> None:
    assert (MinHash().bands, MinHash().rows, MinHash().ngram, MinHash().permutations) == (14, 8, 5, 112)


@pytest.mark.parametrize(
    ("field", "value"), [("bands", 0), ("rows", -1), ("ngram", 0), ("max_shingles", 0), ("seed", -1), ("seed", 1 << 32)]
)
def test_impossible_settings_are_refused_by_name(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"{field} must be .* not {value}"):
        MinHash(**{field: value})
    with pytest.raises(pydantic.ValidationError, match=rf"{field} must be"):
        pydantic.TypeAdapter(MinHash).validate_python({field: value})


def test_japanese_is_characters_or_words() -> None:
    with pytest.raises(ValueError, match="japanese must be characters or words, not morphemes"):
        MinHash(japanese="morphemes")  # type: ignore[arg-type]
    with pytest.raises(pydantic.ValidationError, match="japanese"):
        pydantic.TypeAdapter(MinHash).validate_python({"japanese": "morphemes"})
    assert MinHash().japanese == "characters"


def test_golden_signatures() -> None:
    """A change here makes every stored signature incomparable: it must be meant."""
    japanese, english = (
        shingles.key("春は、あけぼの。やうやう白くなりゆく山ぎは"),
        shingles.key("Now is the time for all."),
    )
    signatures = minhash.signatures([japanese, english], ["ja", "en"], MinHash())
    assert signatures[:, :3].tolist() == [[19863880, 26535787, 451508291], [1589697713, 1368256191, 461852027]]
    assert minhash.band_hashes(signatures, MinHash())[:, 0].tolist() == [12730573380416495037, 6986597887040666467]


@settings(deadline=None)
@given(documents, st.lists(st.integers(0, 80), max_size=4), st.sampled_from([SMALL, WORDS]))
def test_a_signature_depends_on_its_own_document_only(
    batch: list[tuple[str, str]], cuts: list[int], how: MinHash
) -> None:
    keys = [shingles.key(text) for text, _ in batch]
    langs = [lang for _, lang in batch]
    whole = minhash.signatures(keys, langs, how)
    assert whole.shape == (len(batch), 12)
    assert whole.dtype == np.uint32
    bounds = [0, *sorted(min(cut, len(batch)) for cut in cuts), len(batch)]
    pieces = [minhash.signatures(keys[a:b], langs[a:b], how) for a, b in pairwise(bounds)]
    assert np.array_equal(np.concatenate(pieces), whole)
    backwards = minhash.signatures(keys[::-1], langs[::-1], how)
    assert np.array_equal(backwards[::-1], whole)


def datasketch_signature(shingles_of_it: list[bytes], how: MinHash) -> np.ndarray:
    sketch = datasketch.MinHash(num_perm=how.permutations, seed=how.seed, scheme="affine32", hashfunc=shingles.hash32)
    sketch.update_batch(shingles_of_it[: how.max_shingles])
    return sketch.hashvalues


@settings(deadline=None, max_examples=30)
@given(documents, st.integers(1, 6), st.sampled_from([2, 1000]))
def test_words_are_what_datasketch_makes_of_the_segmented_key(batch: list[tuple[str, str]], n: int, most: int) -> None:
    how = dataclasses.replace(WORDS, ngram=n, max_shingles=most)
    keys = [shingles.key(text) for text, _ in batch]
    signed = minhash.signatures(keys, [lang for _, lang in batch], how)
    for key, (_, lang), row in zip(keys, batch, signed, strict=True):
        cut = shingles.segmented(key) if lang == "ja" else key
        assert np.array_equal(row, datasketch_signature(shingles.ngrams(cut, None, n), how))


def test_words_matter_to_japanese_only() -> None:
    text = "すもももももももものうち。関西国際空港に行く。"
    for lang in ("zh", "yue", "en", None):
        key = [shingles.key(text)]
        assert np.array_equal(minhash.signatures(key, [lang], WORDS), minhash.signatures(key, [lang], SMALL))
    assert not np.array_equal(sign([text], "ja", WORDS), sign([text], "ja", SMALL))


def test_an_edit_costs_words_more_similarity_than_characters() -> None:
    how = MinHash(bands=64)
    text = "明日の午後、関西国際空港から飛行機に乗って、東京へ向かう予定です。雨は夜まで降らないでしょう。"
    edited = text.replace("東京", "京都")
    characters = minhash.similarity(*sign([text, edited], "ja", how))
    of_words = minhash.similarity(*sign([text, edited], "ja", dataclasses.replace(how, japanese="words")))
    assert 0.3 < of_words < characters - 0.05 < 0.95


def test_a_large_batch_gives_what_its_documents_give_alone() -> None:
    rng = np.random.default_rng(5)
    texts = ["".join(map(chr, rng.integers(0x4E00, 0x9000, size))) for size in [9000, 70_000, 0, 1, *[8000] * 30]]
    whole = sign(texts)
    assert all(np.array_equal(sign([text])[0], row) for text, row in zip(texts, whole, strict=True))


def test_repeated_shingles_do_not_count_and_the_language_does() -> None:
    assert np.array_equal(sign(["あいあいあい"])[0], sign(["あいあい"])[0])
    text = "one two three four five six"
    assert not np.array_equal(sign([text], "en")[0], sign([text], "ja")[0])


def test_a_document_without_letters_has_an_empty_signature_and_resembles_none() -> None:
    signatures = sign(["…！？", "源", ""])
    assert (signatures == minhash.EMPTY).all(axis=1).tolist() == [True, False, True]
    assert minhash.similarity(signatures[0], signatures[2]) == 0
    assert minhash.similarity(signatures[1], signatures[1]) == 1


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_only_the_first_shingles_of_a_giant_count(lang: str) -> None:
    words = [f"w{i}x" for i in range(300)]
    capped = dataclasses.replace(SMALL, max_shingles=50)
    separator = " " if lang == "en" else ""
    head = words[:52] if lang == "en" else list("".join(words)[:52])
    giant, cut = separator.join(words), separator.join(head)
    assert np.array_equal(sign([giant], lang, capped), sign([cut], lang, SMALL))
    assert not np.array_equal(sign([giant], lang, capped), sign([giant], lang, SMALL))


def test_a_language_is_needed_for_every_key() -> None:
    with pytest.raises(ValueError, match="2 keys but 1 languages"):
        minhash.signatures([shingles.key("a"), shingles.key("b")], ["en"], SMALL)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 5), st.integers(0, 1 << 32))
def test_band_hashes_are_mixed_from_the_rows(bands: int, rows: int, count: int, seed: int) -> None:
    how = MinHash(bands=bands, rows=rows)
    signatures = np.random.default_rng(seed).integers(0, 1 << 32, (count, how.permutations), dtype=np.uint32)
    hashes = minhash.band_hashes(signatures, how)
    assert hashes.shape == (count, bands)
    assert hashes.dtype == np.uint64
    for document in range(count):
        for band in range(bands):
            h = 0
            for row in signatures[document, band * rows : (band + 1) * rows].tolist():
                h = ((h ^ row) + 0x9E3779B97F4A7C15) % 2**64
                h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 % 2**64
                h = (h ^ h >> 27) * 0x94D049BB133111EB % 2**64
                h ^= h >> 31
            assert hashes[document, band] == h


def test_detection_probability_is_that_of_fineweb() -> None:
    # The table of FineWeb-2 and LLM-jp in percent, for 14x8 and 20x10.
    assert [round(minhash.detection_probability(s, 14, 8), 3) for s in (0.7, 0.8, 0.9)] == [0.565, 0.924, 1.0]
    assert [round(minhash.detection_probability(s, 20, 10), 3) for s in (0.7, 0.8)] == [0.436, 0.897]


def test_estimates_and_detection_follow_the_true_similarity() -> None:
    """300 pairs that share 80 of 100 distinct Japanese shingles, of which 14 bands of 8 rows should find 92.4 %."""
    rng = np.random.default_rng(7)
    how = MinHash(ngram=1)
    pairs = rng.permuted(np.tile(np.arange(0x4E00, 0x9000), (300, 1)), axis=1)[:, :100]
    texts = ["".join(map(chr, row)) for pair in pairs for row in (pair[:90], np.delete(pair, np.s_[:10]))]
    signatures = sign(texts, "ja", how)
    estimates = [minhash.similarity(a, b) for a, b in zip(signatures[::2], signatures[1::2], strict=True)]
    assert np.mean(estimates) == pytest.approx(0.8, abs=0.01)
    assert np.std(estimates) == pytest.approx((0.8 * 0.2 / 112) ** 0.5, rel=0.2)
    hashes = minhash.band_hashes(signatures, how)
    found = (hashes[::2] == hashes[1::2]).any(axis=1).mean()
    assert found == pytest.approx(minhash.detection_probability(0.8, 14, 8), abs=0.05)


@pytest.mark.parametrize(("threshold", "permutations"), [(0.5, 128), (0.8, 128), (0.8, 256), (0.9, 64)])
def test_bands_and_rows_for_a_threshold_are_datasketchs(threshold: float, permutations: int) -> None:
    chosen = minhash.for_threshold(MinHash(seed=7), threshold, permutations)
    lsh = datasketch.MinHashLSH(threshold=threshold, num_perm=permutations)
    assert (chosen.bands, chosen.rows, chosen.seed) == (lsh.b, lsh.r, 7)
    assert chosen.permutations <= permutations
    assert abs(minhash.even_odds(chosen.bands, chosen.rows) - threshold) < 0.1


@given(st.integers(1, 200), st.integers(1, 60))
def test_at_even_odds_every_other_pair_is_detected(bands: int, rows: int) -> None:
    assert minhash.detection_probability(minhash.even_odds(bands, rows), bands, rows) == pytest.approx(0.5)


@pytest.mark.parametrize("japanese", ["characters", "words"])
def test_shingle_sets_are_the_sets_of_the_definition(japanese: Literal["characters", "words"]) -> None:
    keys = [shingles.key(text) for text in ("川のほとりに水車。川のほとりに水車小屋。", "an old mill " * 5, "", "あ")]
    found = minhash.shingle_sets(keys, ["ja", "en", "ja", "ja"], MinHash(japanese=japanese, ngram=3))
    cut = [shingles.segmented(key) if japanese == "words" else key for key in keys]
    langs = [None if japanese == "words" else "ja", "en", None, None if japanese == "words" else "ja"]
    for one, key, lang in zip(found, [cut[0], keys[1], keys[2], cut[3]], langs, strict=True):
        assert one.tolist() == sorted({shingles.hash32(gram) for gram in shingles.ngrams(key, lang, 3)})
