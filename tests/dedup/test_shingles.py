import itertools
import unicodedata
from typing import Literal

import numpy as np
import pytest
import xxhash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import shingles
from dedup.shingles import Fold
from tokenizer.words import words as sudachi_words

# Characters that interact in the folding rules: kana with every kind of voice mark, the pairs that codecs disagree on,
# compatibility forms, contextual lower case, joiners, Hangul jamo, marks, other planes, controls.
TRICKY = (
    "かきはうバパｶﾊｳﾞﾟ゛゜\u3099\u309a〜～－−‖∥￣‾¬￢ー、。「」・　ＡａＺ０１①㈱㍻℃№½…ΣσςİıſßÅÅJj\u030c\u0301\u0323é"
    "\u200b\u200d\u00ad\ufeff\ufe0f\U000e0100\U000e0041각\u1100\u1161\u11a8"
    "𠮷😀\U0001d6ba\ue000\U000f0000\x00\x1f\n\t _-.,!09xyz\ud800"
)
texts = st.text(st.sampled_from(TRICKY), max_size=30) | st.text(max_size=30) | st.text(st.characters(), max_size=30)
words = st.text(st.sampled_from("abc　かが゛ 。"), max_size=60)
FOLDS = [Fold(*switches) for switches in itertools.product([True, False], repeat=3)]
folds = st.sampled_from(FOLDS)


def plain_key(text: str, fold: Fold) -> str:
    """The rules of `shingles.key` one character at a time, but for the limit of marks."""
    text = text.replace("゛", "\u3099").replace("゜", "\u309a")
    normal = unicodedata.normalize("NFKC", text)
    folded = ""
    for c in normal.lower() if fold.case else normal:
        category = unicodedata.category(c)
        if category == "Cf" or "\ufe00" <= c <= "\ufe0f" or "\U000e0000" <= c < "\U000e1000":
            continue
        stays = category[0] in "LN" or (category[0] in "PS" and not fold.punctuation)
        if stays or (category[0] == "M" and folded[-1:].strip()):
            folded += "0" if category == "Nd" and fold.digits else c
        elif folded[-1:].strip():
            folded += " "
    return unicodedata.normalize("NFKC", folded.strip())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("バス", "バス"),
        ("パス", "パス"),
        ("ﾊﾞｽ", "バス"),
        ("ハ\u3099ス", "バス"),
        ("か\u3099か゛かﾞ", "ががが"),
        ("か\u309a", "か\u309a"),  # no composed form; the mark stays
        ("ＡＢＣ　ｄｅｆ！", "abc def"),
        ("第１２回（㈱）", "第12回 株"),
        ("「源」、源。源・源", "源 源 源 源"),
        ("らーめん", "らーめん"),
        ("葛\U000e0100飾", "葛飾"),
        ("co\u00adop\u200b", "coop"),
        ("don't — stop…\n\tnow", "don t stop now"),
        ("e\u0301", "é"),
        ("ΑΣ", "ας"),
        ("😀 !?", ""),
        ("", ""),
        ("a\ud800b", "a b"),
    ],
)
def test_key_examples(text: str, expected: str) -> None:
    assert shingles.key(text) == expected


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        (Fold(), "abc 第12回 株 3 ١ 2 三 らーめん"),
        (Fold(case=False), "ABC 第12回 株 3 ١ 2 三 らーめん"),
        (Fold(punctuation=False), "abc! 第12回(株)「3」 ١+2=三。 らーめん〜"),
        (Fold(digits=True), "abc 第00回 株 0 0 0 三 らーめん"),
        (Fold(case=False, punctuation=False, digits=True), "ABC! 第00回(株)「0」 0+0=三。 らーめん〜"),
    ],
)
def test_fold_decides_what_tells(fold: Fold, expected: str) -> None:
    assert shingles.key("ＡBC！　 第１２回㈱「③」 \n١+２=三。\u200b らｰめん〜", fold) == expected


def test_punctuation_and_symbols_that_stay_are_those_of_nfkc() -> None:
    kept = Fold(punctuation=False)
    assert shingles.key("don't…  ´stop´ ✌\ufe0f👩\u200d👧", kept) == "don't... stop ✌👩👧"
    assert shingles.key("=\u0338 。\u3099", kept) == "≠ 。\u3099"  # a mark on a symbol that stays has its base
    assert shingles.key("。！", kept) == "。!"


@pytest.mark.parametrize("fold", FOLDS)
def test_voiced_unvoiced_and_half_voiced_kana_differ(fold: Fold) -> None:
    kana = [chr(point) for point in range(0x3041, 0x30FB)]
    letters = [c for c in kana if unicodedata.category(c) == "Lo"]
    assert len({shingles.key(c, fold) for c in letters}) == len(letters) > 160
    assert shingles.key("バス", fold) == shingles.key("ﾊﾞｽ", fold) == "バス"
    assert shingles.key("パス", fold) == shingles.key("ハ゜ス", fold) == "パス"


def test_characters_that_shift_jis_and_windows_decode_differently_are_equal() -> None:
    differing = []
    for code in range(0x8140, 0xEAA5):
        raw = code.to_bytes(2, "big")
        try:
            standard, windows = raw.decode("shift_jis"), raw.decode("cp932")
        except UnicodeDecodeError:
            continue
        if standard != windows:
            differing.append(standard + windows)
            assert shingles.key(f"あ{standard}い") == shingles.key(f"あ{windows}い") == "あ い"
    assert {"〜～", "−－", "‖∥"} <= set(differing)


@settings(deadline=None)
@given(texts, folds)
@example("か。\u3099", Fold())
@example("か\u200d\u3099", Fold())
@example("J\u030c", Fold())
@example("１\ufe0f\u20e3", Fold(digits=True))
@example("ΑΣ", Fold(case=False))
def test_key_equals_its_rules_applied_one_character_at_a_time(text: str, fold: Fold) -> None:
    assert shingles.key(text, fold) == plain_key(text, fold)


@pytest.mark.parametrize("joiner", ["", "\u200d", "\ufe0f"])
@pytest.mark.parametrize("marks", ["\u0301\u0323", "゛\u0301", "ﾟ\u0323"])
def test_marks_beyond_thirty_in_a_row_vanish(marks: str, joiner: str) -> None:
    endless = "か" + joiner.join(marks * 2_000_000) + "き"  # sorting all these marks would take hours
    key = shingles.key(endless)
    assert 30 <= len(key) <= 32
    assert key == shingles.key("か" + marks * 15 + "き")
    assert shingles.key(key) == key


@pytest.mark.parametrize("fold", [Fold(), Fold(case=False, punctuation=False, digits=True)])
def test_every_assigned_character_follows_the_rules(fold: Fold) -> None:
    wrong = []
    for point in [*range(0x3400), *range(0xA000, 0xAC00), *range(0xD7A4, 0x20000), *range(0x2F800, 0x2FA20)]:
        text = f"a{chr(point)}b"
        if shingles.key(text, fold) != plain_key(text, fold):
            wrong.append(hex(point))
    assert not wrong


def test_a_character_and_its_canonical_decomposition_are_equal() -> None:
    wrong = []
    for point in range(0x40000):
        parts = unicodedata.normalize("NFD", chr(point))
        if parts != chr(point) and shingles.key(f"a{parts}") != shingles.key(f"a{chr(point)}"):
            wrong.append(hex(point))
    assert not wrong


@settings(deadline=None)
@given(texts, folds)
def test_key_is_idempotent_and_clean(text: str, fold: Fold) -> None:
    key = shingles.key(text, fold)
    assert shingles.key(key, fold) == key
    assert key == key.strip()
    assert "  " not in key
    key.encode()


@settings(deadline=None)
@given(texts, st.sampled_from(["NFC", "NFD"]), folds)
def test_key_does_not_depend_on_the_form_of_unicode(text: str, form: Literal["NFC", "NFD"], fold: Fold) -> None:
    assert shingles.key(unicodedata.normalize(form, text), fold) == shingles.key(text, fold)


def test_hash32_is_xxh32() -> None:
    assert shingles.hash32(b"") == 0x02CC5D05  # the specification's vector for no input
    assert (
        shingles.hash32("なにぬねの".encode("utf-32-le")) == xxhash.xxh32("なにぬねの".encode("utf-32-le")).intdigest()
    )


def test_shingles_of_japanese_are_characters_and_of_english_words() -> None:
    japanese, english = shingles.key("春は、あけぼの。"), shingles.key("Now is the time, for all!")
    assert [s.decode("utf-32-le") for s in shingles.ngrams(japanese, "ja", 5)] == ["春はあけぼ", "はあけぼの"]
    assert [s.decode("utf-32-le") for s in shingles.ngrams(english, "en", 5)] == [
        "now is the time for",
        "is the time for all",
    ]


def test_japanese_words_are_shingled_as_english_is() -> None:
    segmented = shingles.segmented(shingles.key("関西国際空港へ行く。ＮＥＷ ＹＯＲＫ！"))
    assert segmented == "関西 国際 空港 へ 行く new york"
    assert [s.decode("utf-32-le") for s in shingles.ngrams(segmented, None, 5)] == [
        "関西 国際 空港 へ 行く",
        "国際 空港 へ 行く new",
        "空港 へ 行く new york",
    ]
    assert shingles.segmented(shingles.key("…！")) == ""


@settings(deadline=None)
@given(texts, folds)
def test_a_segmented_key_has_the_characters_of_the_key_in_words_one_space_apart(text: str, fold: Fold) -> None:
    key = shingles.key(text, fold)
    segmented = shingles.segmented(key)
    assert segmented.replace(" ", "") == key.replace(" ", "")
    assert segmented == " ".join(segmented.split())
    assert segmented == "" or segmented.split(" ") == sudachi_words(key)


@pytest.mark.parametrize("lang", ["ja", "en", None])
def test_a_document_shorter_than_a_shingle_has_one_and_an_empty_one_none(lang: str | None) -> None:
    assert [s.decode("utf-32-le") for s in shingles.ngrams(shingles.key("源。"), lang, 5)] == ["源"]
    assert shingles.ngrams(shingles.key("…！"), lang, 5) == []
    values, offsets = shingles.hashes([shingles.key("源"), shingles.key(""), shingles.key("源")], [lang] * 3, 5, 10)
    assert offsets.tolist() == [0, 1, 1, 2]
    assert values.tolist() == [shingles.hash32("源".encode("utf-32-le"))] * 2


@settings(deadline=None)
@given(
    st.lists(st.tuples(words | texts, st.sampled_from(["ja", "en", "zh", "de", None])), max_size=6),
    st.integers(1, 10),
    st.integers(1, 40),
)
def test_hashes_are_those_of_the_plain_definition(documents: list[tuple[str, str | None]], n: int, most: int) -> None:
    keys = [shingles.key(text) for text, _ in documents]
    langs = [lang for _, lang in documents]
    values, offsets = shingles.hashes(keys, langs, n, most)
    assert values.dtype == np.uint32
    assert len(offsets) == len(keys) + 1
    for i, (key, lang) in enumerate(zip(keys, langs, strict=True)):
        expected = [shingles.hash32(shingle) for shingle in shingles.ngrams(key, lang, n)[:most]]
        assert values[offsets[i] : offsets[i + 1]].tolist() == expected


def test_hashes_refuses_what_it_cannot_mean() -> None:
    with pytest.raises(ValueError, match="1 keys but 2 languages"):
        shingles.hashes([shingles.key("a")], ["ja", "en"], 5, 10)
    with pytest.raises(ValueError, match="at least 1"):
        shingles.hashes([shingles.key("a")], ["ja"], 0, 10)
