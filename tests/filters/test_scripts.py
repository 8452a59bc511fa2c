import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from filters.scripts import ASCII_END, END, HIRAGANA, KANJI, KATAKANA, LETTER, OTHER, code_points, kinds


def test_one_of_each() -> None:
    found = kinds(code_points("あア漢aЯ。.9 ー｡ｱ𠮷々"))
    assert found.tolist() == [
        HIRAGANA, KATAKANA, KANJI, LETTER, LETTER, END, ASCII_END, OTHER, OTHER, KATAKANA, END, KATAKANA, KANJI, KANJI,
    ]  # fmt: skip


@given(st.text(st.characters(exclude_categories=())))
def test_every_code_point_has_a_kind(text: str) -> None:
    assert len(kinds(code_points(text))) == len(text)
    assert np.all(kinds(code_points(text)) <= ASCII_END)
