import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.repetition import Repetition, measure, repeated_lines

Judgement = tuple[str | None, float | None, float | None]
KEPT: Judgement = (None, None, None)
OFF: dict[str, Any] = dict.fromkeys(("max_lines", "max_line_chars", "max_ngrams", "max_ngrams_short", "max_run"))


def judge(rule: Repetition, texts: list[str | None]) -> list[Judgement]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array(["en"] * len(texts), pa.string())})
    found = filters.judge(rule, batch)
    assert (found.reason.type, found.value.type, found.limit.type) == (pa.string(), pa.float64(), pa.float64())
    return list(zip(found.reason.to_pylist(), found.value.to_pylist(), found.limit.to_pylist(), strict=True))


def only(**limit: Any) -> Repetition:
    return Repetition(**{**OFF, **limit})


def test_lines() -> None:
    # The first of equal lines is no repetition; blanks and the space around a line do not count.
    half = "a\nb\n\n a \n\u3000b"
    assert judge(only(max_lines=0.5), [half, half + "\r\na"]) == [KEPT, ("repetition_lines", 3 / 5, 0.5)]


def test_line_chars() -> None:
    text = "abcdef\nabcd\nabcd"
    assert repeated_lines(text) == (1 / 3, 4 / 14)
    assert judge(only(max_line_chars=0.25), [text, "abcdefgh\nabcd\nabcd"]) == [
        ("repetition_line_chars", 4 / 14, 0.25),
        KEPT,
    ]


def test_ngrams() -> None:
    rule = only(max_ngrams=0.5, ngram=3)
    assert judge(rule, ["abcdef abcdef", "abcdef abcdef abc"]) == [KEPT, ("repetition_ngrams", 9 / 15, 0.5)]


def test_ngrams_are_looked_for_in_the_window_only() -> None:
    apart = "abcde" + "0123456789" + "abcde"
    assert measure(apart, 5, 15).ngrams == 5 / 20
    assert measure(apart, 5, 14).ngrams == 0


def test_run() -> None:
    rule = only(max_run=5)
    assert judge(rule, ["これはｗｗｗｗｗ", "これはｗｗ ｗｗ\nｗｗ"]) == [KEPT, ("repetition_run", 6, 5)]


def naive_ngrams(text: str, ngram: int, window: int) -> float:
    text = "".join(text.split())
    covered = np.zeros(len(text), bool)
    for start in range(len(text) - ngram + 1):
        here = text[start : start + ngram]
        if any(text[place : place + ngram] == here for place in range(max(0, start - window), start)):
            covered[start : start + ngram] = True
    return float(covered.mean()) if text else 0.0


@settings(deadline=None)
@given(st.text("ab字𠮷 ", max_size=60) | st.text(max_size=30), st.integers(1, 6), st.integers(1, 40))
def test_ngrams_equal_a_plain_search(text: str, ngram: int, window: int) -> None:
    assert measure(text, ngram, window).ngrams == naive_ngrams(text, ngram, window)


@pytest.mark.parametrize("window", [127, 128, 1000])
def test_ngrams_equal_a_plain_search_in_long_texts(window: int) -> None:
    text = "".join(random.Random(window).choices("あいう", k=4000))
    assert 0.2 < measure(text, 5, window).ngrams == naive_ngrams(text, 5, window)


def test_the_share_does_not_grow_with_the_length_of_the_text() -> None:
    words = [str(number) for number in range(10_000, 20_000)]
    text = " ".join(random.Random(1).choices(words, k=40_000))
    assert measure(text, 5, 1000).ngrams == pytest.approx(measure(text[: len(text) // 8], 5, 1000).ngrams, abs=0.02)


KEYWORDS_JA = (
    "激安通販 ブランド財布 スーパーコピー 送料無料 人気ランキング ルイヴィトン 腕時計 正規品 アウトレット 即日発送"
)
KEYWORDS_EN = "cheap replica watches vuitton handbags outlet online discount viagra casino poker loans payday jerseys"


@pytest.mark.parametrize("keywords", [KEYWORDS_JA, KEYWORDS_EN], ids=["ja", "en"])
def test_spam_goes_whatever_its_order(keywords: str) -> None:
    shuffled = " ".join(random.Random(0).choices(keywords.split(), k=400))
    cycled = "、".join(keywords.split() * 40)
    assert [reason for reason, _, _ in judge(Repetition(), [shuffled, cycled])] == ["repetition_ngrams"] * 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("今日はとても良い天気なので散歩に出かけることにしました。" * 50, "repetition_ngrams"),
        ("The quick brown fox jumps over the lazy dog near the river. " * 50, "repetition_ngrams"),
        ("はい" * 300, "repetition_ngrams"),
        ("返信する\n通報\n" * 30, "repetition_lines"),
        ("".join(map(chr, range(0x4E00, 0x5000))) + "ー" * 401, "repetition_run"),
        ("".join(map(chr, range(0x4E00, 0x5000))) + "─" * 252, None),  # a rule over a wide table
    ],
)
def test_by_default(text: str, reason: str | None) -> None:
    assert judge(Repetition(), [text])[0][0] == reason


def test_missing_texts_are_not_judged() -> None:
    assert judge(Repetition(), [None, "", "a", "\u3099", " \n"]) == [KEPT] * 5
    assert judge(Repetition(), []) == []


def test_none_and_one_switch_off() -> None:
    texts: list[str | None] = ["a\n" * 1000, "a" * 10_000]
    assert judge(Repetition(**OFF), texts) == [KEPT] * 2
    off = Repetition(max_lines=1, max_line_chars=1, max_ngrams=1, max_ngrams_short=1, max_run=None)
    assert judge(off, texts) == [KEPT] * 2


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("max_lines", 1.01),
        ("max_line_chars", -0.01),
        ("max_ngrams", float("nan")),
        ("max_run", 0),
        ("ngram", 0),
        ("ngram", 101),
        ("window", 0),
        ("window", 65_537),
    ],
)
def test_impossible_limits_name_their_field(field: str, limit: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Repetition(**{field: limit})


@settings(deadline=None)
@given(st.text())
def test_any_text_has_shares(text: str) -> None:
    found = measure(text, 5, 1000)
    assert all(0 <= share < 1 for share in (found.lines, found.line_chars, found.ngrams))
    assert 0 <= found.run <= len(text)


@settings(deadline=None)
@given(st.lists(st.text("ab\n", max_size=20), max_size=6))
def test_batching_changes_nothing(texts: list[str]) -> None:
    rule = Repetition(max_lines=0.3, max_line_chars=0.2, max_ngrams=0.3, ngram=2, max_run=4)
    together = judge(rule, list(texts))
    assert together == [judge(rule, [text])[0] for text in texts]
    padded = pa.record_batch({"text": ["x", *texts], "lang": ["en"] * (len(texts) + 1)})
    assert filters.judge(rule, padded.slice(1)).reason.to_pylist() == [reason for reason, _, _ in together]


def test_keeps_the_articles_that_people_marked_in_real_pages() -> None:
    gold = Path(__file__).parents[2] / "../shared/data/eval/extraction/zyte_article/gold.jsonl"
    if not gold.exists():
        pytest.skip(f"real pages not there: {gold}")
    texts: list[str | None] = [json.loads(line)["text"] for line in gold.read_text(encoding="utf-8").splitlines()]
    assert len(texts) > 100
    assert judge(Repetition(), texts) == [KEPT] * len(texts)
