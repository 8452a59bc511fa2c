import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.japanese import Japanese, measure

Judgement = tuple[str | None, float | None, float | None]
KEPT: Judgement = (None, None, None)
OFF = dict.fromkeys(("min_japanese", "min_hiragana", "max_katakana", "min_kuten", "max_ellipsis", "max_exclamation"))
PROSE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 8


def judge(rule: Japanese, texts: list[str | None], lang: str = "ja") -> list[Judgement]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())})
    found = filters.judge(rule, batch)
    assert (found.reason.type, found.value.type, found.limit.type) == (pa.string(), pa.float64(), pa.float64())
    return list(zip(found.reason.to_pylist(), found.value.to_pylist(), found.limit.to_pylist(), strict=True))


def only(**limit: float) -> Japanese:
    return Japanese(**{**OFF, **limit})


def test_japanese_share() -> None:
    rule = only(min_japanese=0.5)
    assert judge(rule, ["あ亜" + "ab", "あ亜" + "abc"]) == [KEPT, ("japanese_share", 2 / 5, 0.5)]
    # Only letters count: not digits, brackets, operators.
    assert judge(rule, ["あ亜 ab 0123456789 {}[]<>=+"]) == [KEPT]
    assert judge(rule, ["あ亜 Ωд한"]) == [("japanese_share", 2 / 5, 0.5)]


def test_hiragana() -> None:
    assert judge(only(min_hiragana=0.1), ["あ" + "漢" * 9, "あ" + "漢" * 10]) == [
        KEPT,
        ("japanese_hiragana", 1 / 11, 0.1),
    ]


def test_katakana() -> None:
    assert judge(only(max_katakana=0.7), ["アア" * 35 + "る" * 30, "ア" * 71 + "る" * 29]) == [
        KEPT,
        ("japanese_katakana", 0.71, 0.7),
    ]


def test_loanwords_among_particles_are_no_list_of_names() -> None:
    texts: list[str | None] = ["アイウエオ" * 18 + "る" + "の" * 9, "アイウエオ" * 18 + "の" * 10]
    assert judge(only(max_katakana=0.7), texts) == [("japanese_katakana", 0.9, 0.7), KEPT]


def test_old_orthography_is_asked_for_neither_hiragana_nor_kuten() -> None:
    statute = "第一條　本會ハ書籍ノ貸出ヲ以テ目的トシ會員ニ限リ之ヲ許ス但シ事由アルトキハ此ノ限ニ在ラス\n" * 10
    assert measure(statute).old_particles > 0.1
    assert judge(only(min_hiragana=0.1, min_kuten=1 / 250, max_katakana=0.1), [statute]) == [KEPT]
    # Place names alone are none.
    assert [
        reason
        for reason, _, _ in judge(only(min_hiragana=0.1), ["虎ノ門新橋銀座京橋日本橋神田秋葉原上野駒込巣鴨" * 10])
    ] == ["japanese_hiragana"]


def test_kuten() -> None:
    rule = only(min_kuten=1 / 250)
    assert judge(rule, ["あ" * 499 + "。", "あ" * 500 + "。", "あ" * 500 + "。あ。"]) == [
        ("japanese_kuten", 1 / 499, 1 / 250),
        ("japanese_kuten", 1 / 500, 1 / 250),
        ("japanese_kuten", 2 / 501, 1 / 250),
    ]
    assert judge(rule, ["あ" * 500 + "。！？", "あ" * 250 + "。" + "あ" * 250 + "。"]) == [
        ("japanese_kuten", 1 / 500, 1 / 250),  # several in a row are one
        KEPT,
    ]


def test_kuten_is_not_asked_of_a_text_too_short_to_owe_one() -> None:
    rule = only(min_kuten=1 / 250)
    assert judge(rule, ["あ" * 99, "あ" * 100]) == [KEPT, ("japanese_kuten", 0, 1 / 250)]
    assert judge(rule, ["あ" * 99 + "int main() { return 0; }" * 100]) == [KEPT]


def test_kuten_is_not_asked_of_verse_which_has_particles() -> None:
    rule = only(min_kuten=1 / 250)
    assert judge(rule, ["あ" * 171 + "の" * 29, "あ" * 170 + "の" * 30]) == [("japanese_kuten", 0, 1 / 250), KEPT]


def test_exclamation() -> None:
    texts: list[str | None] = ["安い！\n" * 3 + "以上。\n" * 3, "安い！\n" * 4 + "以上。\n" * 3, "安い！\n" * 4]
    assert judge(only(max_exclamation=0.5), texts) == [KEPT, ("japanese_exclamation", 4 / 7, 0.5), KEPT]


@pytest.mark.parametrize("end", ["。", "！", "？", "．", "｡", ".", "!", "?"])
def test_sentence_ends(end: str) -> None:
    assert measure(f"これはペンです{end}それも").kuten == 1 / 10


def test_ascii_ends_count_only_after_japanese() -> None:
    assert measure("あ a.b !x ?y 3.14 foo.bar()").kuten == 0
    assert measure("。").kuten == 1  # an end without a letter: no division by zero


@pytest.mark.parametrize("dots", ["…", "……", "‥", "...", "．．．", "。。。", "・・・"])
def test_ellipsis(dots: str) -> None:
    text = "\n\n".join(["続きはこちら" + dots + " \u3000"] * 3 + ["終わり。"] * 7)
    assert judge(only(max_ellipsis=0.3), [text, text + "\nもっと" + dots]) == [
        KEPT,
        ("japanese_ellipsis", 4 / 11, 0.3),
    ]


def test_the_script_of_letters_that_swallow_misses() -> None:
    assert measure("ー").katakana == 1
    assert measure("ｶﾞｷﾞｱｲｳｰ").katakana == 1
    kanji = measure("々〇〻〆𠮷𩸽\U00031350")
    assert (kanji.letters, kanji.share, kanji.hiragana, kanji.katakana) == (7, 1, 0, 0)


def test_a_letter_with_combining_dakuten_is_one_letter() -> None:
    assert measure("か\u3099").letters == 1


def test_prose_stays_and_what_passes_for_japanese_goes() -> None:
    mojibake = (PROSE * 4).encode().decode("cp932", errors="replace")
    chinese = "我们在这里介绍如何安装和使用这个软件的の方法。" * 20
    menu = "アプリケーションフレームワーク\nウェブサービス\n構成と概要\n使い方について\n設定例の一覧\n" * 20
    assert [reason for reason, _, _ in judge(Japanese(), [PROSE, mojibake, chinese, menu, "plain English"])] == [
        None,
        "japanese_hiragana",
        "japanese_hiragana",
        "japanese_kuten",
        "japanese_share",
    ]


def test_other_languages_and_missing_texts_are_not_judged() -> None:
    assert judge(Japanese(), ["plain English", ""], "en") == [KEPT] * 2
    assert judge(Japanese(), [None]) == [KEPT]
    assert judge(Japanese(), []) == []


def test_zero_and_one_switch_off_as_none_does() -> None:
    extremes = Japanese(min_japanese=0, min_hiragana=0, max_katakana=1, min_kuten=0, max_ellipsis=1, max_exclamation=1)
    texts: list[str | None] = ["", "a", "ア…", "漢" * 300]
    assert judge(extremes, texts) == judge(Japanese(**OFF), texts) == [KEPT] * 4


@pytest.mark.parametrize("field", OFF)
@pytest.mark.parametrize("limit", [-0.1, 1.1, float("nan")])
def test_impossible_limits_name_their_field(field: str, limit: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Japanese(**{field: limit})


@settings(deadline=None)
@given(st.text() | st.text("あア漢ーｱ𠮷a1.。…\u3099\n "))
def test_any_text_has_shares(text: str) -> None:
    found = measure(text)
    assert 0 <= found.letters <= len(text)
    assert all(
        0 <= share <= 1 for share in (found.share, found.hiragana, found.katakana, found.ellipsis, found.exclamation)
    )
    assert found.hiragana + found.katakana <= 1
    assert 0 <= found.particles <= max(found.hiragana, found.letters == 0)
    assert 0 <= found.old_particles <= found.katakana
    assert 0 <= found.kuten <= len(text)


@settings(deadline=None)
@given(st.lists(st.text("あア漢a.。…\n", max_size=12), max_size=6))
def test_batching_changes_nothing(texts: list[str]) -> None:
    rule = Japanese(min_kuten=0.2)
    together = judge(rule, list(texts))
    assert together == [judge(rule, [text])[0] for text in texts]
    padded = pa.record_batch({"text": ["x", *texts], "lang": ["ja"] * (len(texts) + 1)})
    assert filters.judge(rule, padded.slice(1)).reason.to_pylist() == [reason for reason, _, _ in together]


def test_keeps_the_articles_that_people_marked_in_real_pages() -> None:
    gold = Path(__file__).parents[2] / "../shared/data/eval/extraction/ja_template/gold.jsonl"
    if not gold.exists():
        pytest.skip(f"real pages not there: {gold}")
    texts: list[str | None] = [json.loads(line)["text"] for line in gold.read_text(encoding="utf-8").splitlines()]
    kept = sum(reason is None for reason, _, _ in judge(Japanese(), texts))
    assert kept / len(texts) > 0.95
