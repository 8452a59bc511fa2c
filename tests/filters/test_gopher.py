from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import decide
from filters.gopher import GopherQuality, GopherRepetition, quality, repetition
from filters.splitting import number, words

Rule = GopherQuality | GopherRepetition


def judge(rule: Rule, texts: list[str | None], lang: str | None = "en", **injected: Any) -> list[str | None]:
    """The reason for each row, of its scores alone."""
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())})
    scores = rule.measure(batch, **injected)
    assert {column.type for column in scores.values()} == {pa.float64()}
    assert {bound.score for bound in rule.bounds(lang)} == set(scores)
    assert list(rule.measure(batch.slice(0, 0))) == list(scores)
    reasons: list[str | None] = decide(rule, scores, batch.column("lang")).reason.to_pylist()
    return reasons


def test_quality_scores() -> None:
    text = "# The cat, the dog...\n• and\n - it…\n\nto 42!"
    split = ["#", "The", "cat", ",", "the", "dog", "...", "•", "and", "-", "it", "…", "to", "42", "!"]
    assert words(text).ids.tolist() == number(split).ids.tolist()
    assert quality(text, number(split), ("the", "and", "to", "be")) == {
        "gopher.words": 9,  # • is no punctuation there
        "gopher.mean_word": (3 + 3 + 3 + 3 + 1 + 3 + 2 + 2 + 2) / 9,
        "gopher.hashes": 1 / 15,
        "gopher.ellipses": 2 / 15,
        "gopher.bullet_lines": 2 / 5,
        "gopher.ellipsis_lines": 2 / 5,
        "gopher.alpha_words": 7 / 15,
        "gopher.stop_words": 3,
    }


def test_repetition_scores() -> None:
    text = "one two\none two\n\nthree\n\nthree\n"
    scores = repetition(text, words(text))
    # Lines: one two, one two, three, three and an empty one at the end. Paragraphs: the first two lines, three, three.
    assert scores["gopher.chars"] == len(text) == 30
    assert scores["gopher.dup_line_frac"] == 2 / 5
    assert scores["gopher.dup_line_char_frac"] == 12 / 30
    assert scores["gopher.dup_para_frac"] == 1 / 3
    assert scores["gopher.dup_para_char_frac"] == 5 / 30
    assert scores["gopher.top_2_gram"] == 2 * len("one two") / 30
    assert scores["gopher.top_3_gram"] == len("one two one") / 30  # none is there twice: the first
    assert scores["gopher.dup_5_grams"] == 0


def test_repeated_ngrams_are_not_counted_twice() -> None:
    # Of the 5-grams of aaaaaaaaaaaa (12 words) the second is a repetition; the next that may be is the seventh.
    text = "a " * 12
    assert repetition(text, words(text))["gopher.dup_5_grams"] == 2 * 5 / 24
    assert repetition(text, words(text))["gopher.dup_10_grams"] == 1 * 10 / 24
    assert repetition(text, words(text))["gopher.top_4_gram"] == 9 * len("a a a a") / 24  # these overlap


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(0, 3), max_size=60) | st.lists(st.integers(0, 40), max_size=200))
def test_ngrams_as_defined(ids: list[int]) -> None:
    names = ["a", "bb", "c", *(f"word{i}" for i in range(40))]
    split = [names[i] for i in ids]
    text = " ".join(split)
    scores = repetition(text, number(split))
    for n in range(2, 11):
        grams = [tuple(split[i : i + n]) for i in range(len(split) - n + 1)]
        if n < 5:
            top, count = Counter(grams).most_common(1)[0] if grams else ((), 0)
            expected = len(" ".join(top)) * count
        else:
            seen, expected, at = set(), 0, 0
            while at < len(grams):
                if grams[at] in seen:
                    expected += len("".join(grams[at]))
                    at += n
                else:
                    seen.add(grams[at])
                    at += 1
        assert scores[f"gopher.top_{n}_gram" if n < 5 else f"gopher.dup_{n}_grams"] == (
            expected / len(text) if text else None
        )


PROSE = "The cat that sat with the dog had nothing to say of it, and so it was silent. "


def prose(count: int) -> str:
    """So many words, all different."""
    return " ".join(["the", "of", *(f"w{a}{b}{c}" for a in "abcde" for b in "fghij" for c in "klmno")][:count])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE * 3, None),
        (PROSE, "gopher_few_words"),
        ("a be to " * 20, "gopher_short_words"),
        ("the of internationalisation responsibilities " * 15, "gopher_long_words"),
        (PROSE * 3 + "#" * 9, "gopher_hashes"),
        (PROSE * 3 + "... " * 9, "gopher_ellipses"),
        ("\n".join(f"- {line}" for line in prose(60).split()), "gopher_bullet_lines"),
        ("\n".join(f"{line}…" for line in prose(60).split()), "gopher_ellipses"),
        ("\n".join(f"{PROSE[:-1]}…" for _ in range(4)), "gopher_ellipsis_lines"),
        ("the of 2020, 2021, " * 20, "gopher_alpha_words"),
        ("cats like dogs " * 20, "gopher_stop_words"),
        ("", "gopher_few_words"),
    ],
)
def test_quality_by_default(text: str, reason: str | None) -> None:
    assert judge(GopherQuality(), [text]) == [reason]


def test_many_words() -> None:
    assert judge(GopherQuality(max_words=60), [prose(61), prose(60)]) == ["gopher_many_words", None]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (prose(100), None),
        ("", "gopher_empty"),
        ("one\n\n" * 3, "gopher_dup_para_frac"),
        (prose(9) + "\n\n" + "\n\n".join("abcdefg") + "\n\n" + prose(9), "gopher_dup_para_char_frac"),
        ("\n".join([*"aabbccdd", prose(100)]), "gopher_dup_line_frac"),
        ("\n".join([prose(9), *"abcdefg", prose(9)]), "gopher_dup_line_char_frac"),
        ("cats sat " * 20 + prose(100), "gopher_top_2_gram"),
        (" ".join(f"{word} good cats sat" for word in prose(40).split()), "gopher_top_2_gram"),
        (prose(120).replace("k w", "k ab cd ef w"), "gopher_top_3_gram"),
        (PROSE + prose(40) + " " + PROSE, "gopher_dup_5_grams"),
    ],
)
def test_repetition_by_default(text: str, reason: str | None) -> None:
    assert judge(GopherRepetition(), [text]) == [reason]


def test_japanese_limits_and_words() -> None:
    text = "猫はねむいの。" * 12
    split = {text: ["猫", "は", "ねむ", "い", "の", "。"] * 12}
    counted = {"split": lambda text, lang: number(split[text])}
    # Words of one or two letters are not in English.
    assert judge(GopherQuality(min_words=60), [text], "ja", **counted) == [None]
    assert judge(GopherQuality(min_words=60), [text], "en", **counted) == ["gopher_short_words"]
    assert judge(GopherQuality(min_words=61), [text], "ja", **counted) == ["gopher_few_words"]
    assert judge(GopherRepetition(), [text], "ja", **counted) == ["gopher_top_2_gram"]
    limits = {bound.reason: bound.most for bound in GopherRepetition().bounds("ja")}
    assert limits["gopher_dup_para_frac"] is None
    assert limits["gopher_dup_line_frac"] == 0.328
    assert limits["gopher_top_4_gram"] == 0.172
    assert limits["gopher_dup_10_grams"] == 0.159


@pytest.mark.parametrize("rule", [GopherQuality(), GopherRepetition()])
def test_without_words_only_lines_are_measured(rule: Rule) -> None:
    batch = pa.record_batch({"text": ["猫\n猫\n- 猫", None], "lang": ["zh", "en"]})
    scores = {name: column.to_pylist() for name, column in rule.measure(batch).items()}
    known = {name for name, values in scores.items() if values[0] is not None}
    if isinstance(rule, GopherQuality):
        assert known == {"gopher.bullet_lines", "gopher.ellipsis_lines"}
    else:
        assert known == {name for name in scores if "gram" not in name}
    assert {values[1] for values in scores.values()} == {None}


def test_none_switches_off_and_limits_change_no_score() -> None:
    off = (
        GopherQuality(**{f: None for f in GopherQuality.__dataclass_fields__ if f.startswith(("min", "max"))}),
        GopherRepetition(
            **{f: None for f in GopherRepetition.__dataclass_fields__ if f.startswith("max_dup") and "ngrams" not in f},
            max_top_ngrams=(None,) * 3,
            max_dup_ngrams=(None,) * 6,
        ),
    )
    texts: list[str | None] = ["a " * 99, "#\n" * 99, "…"]
    batch = pa.record_batch({"text": texts, "lang": ["en"] * 3})
    for rule, standard in zip(off, (GopherQuality(), GopherRepetition()), strict=True):
        assert judge(standard, texts) != [None] * 3 == judge(rule, texts)
        assert rule.measure(batch) == standard.measure(batch)
        assert [bound.reason for bound in rule.bounds("en")] == [bound.reason for bound in standard.bounds("ja")]


@pytest.mark.parametrize(
    ("rule", "field", "limit"),
    [
        (GopherQuality, "min_words", -1),
        (GopherQuality, "max_hashes", float("nan")),
        (GopherRepetition, "max_dup_lines_ja", -0.1),
        (GopherRepetition, "max_top_ngrams", (0.2, 0.1)),
        (GopherRepetition, "max_dup_ngrams", (0.1, 0.1, 0.1, 0.1, 0.1, -0.1)),
        (GopherRepetition, "max_dup_ngrams_ja", ()),
    ],
)
def test_impossible_limits_name_their_field(rule: Any, field: str, limit: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        rule(**{field: limit})


@settings(deadline=None)
@given(st.text(st.characters()))
def test_any_text_has_shares(text: str) -> None:
    found = words(text)
    scores = {**quality(text, found, ("the",)), **repetition(text, found)}
    for name in ("bullet_lines", "ellipsis_lines", "alpha_words", "dup_line_frac", "dup_para_char_frac", "dup_5_grams"):
        value = scores[f"gopher.{name}"]
        assert value is None or 0 <= value <= 1
    assert (scores["gopher.alpha_words"] is None) == (not text.split())


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6))
def test_batching_changes_nothing(texts: list[str]) -> None:
    for rule in (GopherQuality(), GopherRepetition()):
        together = rule.measure(pa.record_batch({"text": ["x", *texts], "lang": ["en"] * (len(texts) + 1)}).slice(1))
        alone = [rule.measure(pa.record_batch({"text": [text], "lang": ["en"]})) for text in texts]
        for name, column in together.items():
            assert np.array_equal(column.to_pylist(), [scores[name][0].as_py() for scores in alone])
