import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenizer.normalize import normalize

# What the rules are about, and what composes or reorders.
AWKWARD = (
    "aeかはうヽガｱｶﾊﾜﾞﾟ゛゜｡･ｰ\u3099\u309a\u0301\u0316\u0344\u0338=\u212b\u2adc\u0958\u0915\u094d\u200c\u200d\u200b\ufeff\u00ad"
    "\ufe0f👨❤\r\n\t\v\x85\u2028\0\x1b\ud83d\ude00\ufffd\u05e9\ufb2c\u1100\u1161\u11a8가神\uffff\u202e"
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("か\u3099ハ\u309ae\u0301", "がパé"),
        ("ｶﾞｷﾞｬﾊﾟｰﾜﾞｦｯｧ", "ガギャパーヷヲッァ"),
        ("ｱﾞｱ｡｢ｲ｣､ﾛ･ﾊﾞ", "ア゛ア。「イ」、ロ・バ"),
        ("か゛ハ゜う゛ヽ゛", "がパゔヾ"),
        ("かﾞカﾞハﾟｶ゛ｶ\u3099", "がガパガガ"),
        ("あ゛か゜っ゛ 濁点(゛)", None),
        ("(｡･ω･｡) (ﾟДﾟ) 漢字｡", None),
        ("ｷﾀ━(ﾟ∀ﾟ)━!", "キタ━(ﾟ∀ﾟ)━!"),
        ("x² ① ㈱ ℃ ㍻ ½ ｟ ＡＢ１！？（） ～〜 …　\xa0", None),
        ("\u212b\ufa19", "Å神"),
        ("a  \nb\t \n\n", None),
        ("a\r\nb\rc\vd\fe\x85f\u2028g\u2029h\r\r\n", "a\nb\nc\nd\ne\nf\ng\nh\n\n"),
        ("\0a\x1b\x7f\x80\x9f\tb", "a\tb"),
        ("\ufeffa\u200bb\u2060c\xadd\ufffee", "abcde"),
        ("a\u202eb\u202cc\u200e\u200f\u2066d\u2069\u061c", "abcd"),
        ("\u200da\u200cb 日\u200d本\n\u200d", "ab 日本\n"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 क\u094d\u200dष می\u200cخواهم", None),
        ("e\u200d\u0301\u200d", "é"),
        ("\ud83d\ude00 \ud83d \ude00\ud83d", "😀 \ufffd \ufffd\ufffd"),
        ("葛\U000e0100飾 𠮷", None),
    ],
)
def test_rules(text: str, clean: str | None) -> None:
    assert normalize(text) == (text if clean is None else clean)


def test_marks_beyond_thirty_go() -> None:
    assert normalize("a" + "\u0316\u0315" * 40) == "a" + "\u0316" * 15 + "\u0315" * 15
    assert normalize("क" + "\u093c" * 30 + "ाक") == "क" + "\u093c" * 30 + "क"
    assert normalize("あ" * 50 + "\u0301") == "あ" * 50 + "\u0301"


@pytest.mark.parametrize("text", ["", "plain", "かな漢字", "emoji ❤\ufe0f", "ไทย", "(ﾟДﾟ)"])
def test_a_clean_text_is_the_same_object(text: str) -> None:
    text = "".join([text, " "])
    assert normalize(text) is text


@pytest.mark.parametrize("before", ["", "か", "e", "가", "\u1100", "क"])
def test_the_fast_path_agrees_with_the_rules_on_every_character(before: str) -> None:
    assigned = (c for c in map(chr, range(0x30000)) if unicodedata.category(c) not in ("Cn", "Co", "Cs"))
    texts = [before + c for c in assigned if c not in "\n\r\v\f\x85\u2028\u2029"]
    together = normalize("\n".join(texts) + "\0")
    assert [normalize(text) for text in texts] == together.split("\n")


@settings(max_examples=500)
@given(st.text(st.characters() | st.sampled_from(AWKWARD)) | st.text(AWKWARD))
@example("⫝̸\u200d")
@example("\u0344" * 30)
def test_idempotent(text: str) -> None:
    once = normalize(text)
    assert normalize(once) is once
    assert unicodedata.is_normalized("NFC", once)
    once.encode()
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in once)


@given(st.text(AWKWARD), st.text(AWKWARD))
def test_lines_are_independent(left: str, right: str) -> None:
    assert normalize(f"{left}\n \n{right}") == f"{normalize(left + chr(10))} \n{normalize(right)}"


@given(st.text(AWKWARD))
def test_how_it_is_spelled_does_not_matter(text: str) -> None:
    kana = "".join(c for c in text if c not in "\u3099\u309a゛゜ﾞﾟ\u200c\u200d\ud83d\ude00")
    assert normalize(unicodedata.normalize("NFD", kana)) == normalize(kana)


@pytest.mark.parametrize(
    "piece", ["\u0316\u0315", "\u0316\u200d\u0315\u200d", "か゛", "ｶ", "｡", "a\u200d", "\ud800", "\0", "\r", "क\u200d"]
)
def test_long_runs(piece: str) -> None:
    """Quadratic time would be hours."""
    assert len(normalize(piece * 500_000)) <= 1_000_000


def test_half_width_kana_are_those_of_the_codec() -> None:
    half = "".join(map(chr, range(0xFF66, 0xFF9E)))
    assert normalize(half) == unicodedata.normalize("NFKC", half)
    for kana in half:
        for mark in "ﾞﾟ":
            folded = unicodedata.normalize("NFKC", kana + mark)
            assert normalize(kana + mark) == (folded if len(folded) == 1 else normalize(kana) + "゛゜"["ﾞﾟ".index(mark)])
