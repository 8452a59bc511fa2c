import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.spacing import collapse, superscript


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("日本の\n   文章", "日本の文章"),
        ("終る。 始まる", "終る。始まる"),
        ("山田 太郎", "山田 太郎"),
        ("山田　太郎", "山田　太郎"),
        ("two\n  words\tof it", "two words of it"),
        ("語 and\n語", "語 and 語"),
        (" \n ", ""),
    ],
)
def test_collapse(text: str, found: str) -> None:
    assert collapse(text) == found


@given(st.text(" \n\t　。漢a", max_size=60))
def test_collapse_is_idempotent(text: str) -> None:
    assert collapse(collapse(text)) == collapse(text)


def test_superscript() -> None:
    assert [superscript(text) for text in ("2", "-３", "n", "a2", "")] == ["²", "⁻³", "ⁿ", "a2", ""]
