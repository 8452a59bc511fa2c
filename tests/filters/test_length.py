import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.length import Length, visible_chars

Judgement = tuple[str | None, float | None, float | None]
KEPT: Judgement = (None, None, None)


def judge(rule: Length, texts: list[str | None], langs: list[str | None]) -> list[Judgement]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array(langs, pa.string())})
    found = filters.judge(rule, batch)
    assert (found.reason.type, found.value.type, found.limit.type) == (pa.string(), pa.float64(), pa.float64())
    return list(zip(found.reason.to_pylist(), found.value.to_pylist(), found.limit.to_pylist(), strict=True))


@pytest.mark.parametrize(("lang", "least"), [("ja", 150), ("en", 250), ("zh", 250), (None, 250)])
def test_minimum_by_language(lang: str | None, least: int) -> None:
    assert judge(Length(), ["あ" * (least - 1), "あ" * least], [lang] * 2) == [("length_short", least - 1, least), KEPT]


def test_maximum() -> None:
    assert judge(Length(max_chars=300), ["a" * 300, "a" * 301], ["en"] * 2) == [KEPT, ("length_long", 301, 300)]


def test_white_space_adds_nothing() -> None:
    padded = "\u3000\r\n\u00a0".join("あ" * 149) + " \t" * 500
    assert judge(Length(), [padded], ["ja"]) == [("length_short", 149, 150)]


def test_a_character_beyond_the_bmp_is_one() -> None:
    assert judge(Length(min_chars_ja=3), ["𠮷𩸽", "𠮷𩸽𠮷"], ["ja"] * 2) == [("length_short", 2, 3), KEPT]


def test_none_switches_off() -> None:
    off = Length(min_chars_ja=None, min_chars=None, max_chars=None)
    assert judge(off, ["", "", "a" * 2_000_000], ["ja", "en", "en"]) == [KEPT] * 3


def test_no_text_no_verdict_and_no_rows() -> None:
    assert judge(Length(), [None, ""], ["ja", "ja"]) == [KEPT, ("length_short", 0, 150)]
    assert judge(Length(), [], []) == []


@pytest.mark.parametrize("field", ["min_chars_ja", "min_chars", "max_chars"])
def test_impossible_limits_name_their_field(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: .*-1"):
        Length(**{field: -1})


def test_every_white_space_of_unicode_is_left_out() -> None:
    spaces = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if c.isspace())
    assert len(spaces) > 20
    assert visible_chars(f"a{spaces}b") == 2


@settings(deadline=None)
@given(st.text())
def test_counts_what_is_not_white_space(text: str) -> None:
    assert visible_chars(text) == sum(not c.isspace() for c in text)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8), st.sampled_from(["ja", "en"])), max_size=6))
def test_batching_changes_nothing(rows: list[tuple[str, str]]) -> None:
    rule = Length(min_chars_ja=3, min_chars=5, max_chars=6)
    together = judge(rule, [text for text, _ in rows], [lang for _, lang in rows])
    assert together == [judge(rule, [text], [lang])[0] for text, lang in rows]
