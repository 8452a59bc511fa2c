import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import judge
from filters.hojichar import ADS, BBS, HojiChar, keywords, longest_run, measure, top_ngrams
from filters.swallow import code_points
from tokenizer.words import words

PROSE = "吾輩は猫である。名前はまだ無い。\nどこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。\n"


def reasons(rule: HojiChar, texts: list[str | None], lang: str = "ja") -> list[str | None]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())})
    found: list[str | None] = judge(rule, batch).reason.to_pylist()
    return found


def off(**on: Any) -> HojiChar:
    limits = {field: None for field in HojiChar.__dataclass_fields__ if field.startswith(("min_", "max_"))}
    return HojiChar(**{**limits, **on})


@pytest.mark.parametrize(
    ("field", "stays", "goes", "reason"),
    [
        ("min_kana", "漢" * 49 + "あ", "漢" * 50 + "あ", "kana"),
        ("min_kuten", "あ" * 198 + "。。", "あ" * 199 + "。。", "kuten"),
        ("max_ads", "送料" * 14, "送料" * 14 + "営業時間", "ads"),
        ("max_bbs", "投稿" * 14, "投稿" * 14 + "(月)", "bbs"),
        ("max_special", "、。 \n" + "ab1あいう", "、。！ \n" + "ab1あいう", "special"),
        ("max_run", "─" * 199, "─" * 200, "run"),
        ("max_ellipsis", "あ…\n" * 7 + "い\n" * 3, "あ...\n" * 3 + "い", "ellipsis"),
        ("max_short_lines", "1234567890\n12345678901", "1234567890\n12345678901\n1", "short_lines"),
    ],
)
def test_each_limit_of_its_own(field: str, stays: str, goes: str, reason: str) -> None:
    rule = off(**{field: getattr(HojiChar(), field)})
    assert reasons(rule, [stays, goes]) == [None, f"hojichar_{reason}"]


def test_lengths() -> None:
    texts: list[str | None] = ["あ" * 199, "あ" * 200, "あ" * 50_000, "あ" * 50_001]
    rule = off(min_chars=200, max_chars=50_000)
    assert reasons(rule, texts) == ["hojichar_short", None, None, "hojichar_long"]


def test_by_default() -> None:
    assert reasons(HojiChar(), [PROSE, "短い", "", None, "這是中文的網頁。" * 9, "メニュー。\n製品一覧\nご案内\n"]) == [
        None,
        "hojichar_kuten",
        "hojichar_kana",
        None,
        "hojichar_kana",
        "hojichar_short_lines",
    ]
    assert reasons(HojiChar(), ["short"], "en") == [None]


@pytest.mark.parametrize("text", ["ー", "ヴ", "ヽ", "ｱ", "ﾞ", "ゔ", "漢あ"])
def test_all_kana_are_japanese(text: str) -> None:
    assert measure(text, (), (), (), False)["hojichar.kana"] == 1


def test_one_kana_lets_chinese_pass() -> None:
    taiwan = "美味の餐廳與小吃推薦。"
    assert reasons(HojiChar(), [taiwan]) == [None]
    assert reasons(HojiChar(min_kana=2), [taiwan]) == ["hojichar_kana"]


def test_dates_of_comments() -> None:
    def bbs(text: str) -> float | None:
        return measure(text, (), BBS, (), False)["hojichar.bbs"]

    assert bbs("2024年5月1日、2024-05-01 2024.5.1 2024/ 5/ 1 12024年12月31日") == 5  # and their hyphens not again
    assert bbs("2024-05 05-01 24年5月1日") == 2
    assert bbs("コメント(火)(祝)質問ページ投稿レビュー楽天市場") == 7


def test_blank_lines_are_not_short() -> None:
    rule = off(max_short_lines=0.5, max_ellipsis=0.7)
    assert reasons(
        rule, ["十文字より長いのがこの行である。\n\n" * 9, "十文字より長い行が続くのだ…\n\n\n" * 9 + "…"]
    ) == [
        None,
        "hojichar_ellipsis",
    ]


@pytest.mark.parametrize(
    ("text", "special"),
    [("\t\u3000\x00♥★─═😀🫠©€½①", 11 / 13), ("士１ａÅが゙", 0), ("、。「」（）！？・…", 1), ("\ud800", 1), ("", None)],
)
def test_special_characters(text: str, special: float | None) -> None:
    assert measure(text, (), (), (), False)["hojichar.special"] == special


def test_unwanted_words_are_no_parts_of_words() -> None:
    rule = off(words=("サック", "アス", "性感", "スケ"), max_words=0)
    assert reasons(rule, ["リュックサックとアスパラガス", "性感染症の話", "スケジューラー", "このサックが"]) == [
        None,
        None,
        None,
        "hojichar_words",
    ]
    # No list is no pattern: of HojiChar's, without katakana words, an empty one is left, which is everywhere.
    assert reasons(off(max_words=0), ["あ"]) == [None]
    assert reasons(off(words=("猫",), max_words=0), ["あ", "ア", ""]) == [None] * 3


def test_keywords_are_the_longest_and_literal() -> None:
    assert keywords("送料無料と送料、■", ("送料", "送料無料", "■")) == 3
    assert keywords("無料", ("無", "料", "無料")) == 1
    assert keywords("a.c abc", ("a.c",)) == 1
    assert keywords("①②■求人情報", ADS) == 4
    assert keywords("a", ()) == 0


def most_frequent(text: str, n: int) -> float | None:
    """BigScience's measure, slowly."""
    counts = Counter(text[at : at + n] for at in range(len(text) - n + 1))
    if not counts:
        return None
    top = min(int(math.sqrt(len(counts))), sum(count > 1 for count in counts.values()))
    return sum(sorted(counts.values(), reverse=True)[:top]) / sum(counts.values())


@given(st.text("abあ"), st.integers(2, 6))
def test_top_ngrams_as_a_slow_count(text: str, n: int) -> None:
    assert top_ngrams(code_points(text), n) == most_frequent(text, n)


def test_a_loop_of_keywords_goes() -> None:
    spam = "激安" * 60
    assert reasons(off(max_top_ngrams=HojiChar().max_top_ngrams), [spam, PROSE]) == ["hojichar_top_ngrams", None]
    # 33 of 100 n-grams reach the limit: the 10 most frequent of 77 different are those there more than once.
    text = "".join(chr(0x4E00 + n) for n in range(71)) + "あ" * 33
    assert most_frequent(text, 5) == 29 / 100
    exact = "".join(chr(0x4E00 + n) for n in range(67)) + "あ" * 37
    assert most_frequent(exact, 5) == 33 / 100
    assert reasons(off(max_top_ngrams=HojiChar().max_top_ngrams), [text, exact]) == [None, "hojichar_top_ngrams"]


@given(st.text("ab\n"))
def test_longest_run(text: str) -> None:
    assert longest_run(code_points(text)) == max((len([*same]) for _, same in itertools.groupby(text)), default=0)


def test_repeated_words_are_asked_for() -> None:
    twice = PROSE * 2
    assert reasons(HojiChar(max_top_ngrams=None), [twice]) == [None]
    assert reasons(HojiChar(max_top_ngrams=None, split_words=True), [twice, PROSE, "ねこ"]) == [
        "hojichar_dup_word_ngrams",
        None,
        "hojichar_kuten",
    ]
    split = words(twice)
    counts = Counter(tuple(split[at : at + 7]) for at in range(len(split) - 6))
    expected = sum(count for count in counts.values() if count > 1) / sum(counts.values())
    assert measure(twice, (), (), (), True)["hojichar.dup_7_grams"] == expected < 1


def test_none_switches_off_and_limits_change_no_score() -> None:
    texts: list[str | None] = ["", "a" * 999, "送料" * 99, None]
    assert reasons(off(), texts) == [None] * 4
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": ["ja"] * 4})
    scores = off().measure(batch)
    assert scores == HojiChar().measure(batch)
    assert all(column.type == pa.float64() and column[3].as_py() is None for column in scores.values())


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: HojiChar(max_ads=-1), "max_ads"),
        (lambda: HojiChar(max_special=float("nan")), "max_special"),
        (lambda: HojiChar(bbs=("",)), "bbs"),
        (lambda: HojiChar(words=("a", "")), "words"),
    ],
)
def test_impossible_settings_name_their_field(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        make()


@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    for name, value in measure(text, ADS, BBS, ("a",), True).items():
        assert value is None or value >= 0, name


@pytest.mark.parametrize(
    "text", ["あ" * 1_000_000, "2024-" + " " * 1_000_000, "2024-1-" * 99_999, "(月" * 500_000, "\n" * 999_999]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    measure(text, ADS, BBS, (), False)
