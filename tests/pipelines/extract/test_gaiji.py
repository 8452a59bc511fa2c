import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.gaiji import UNKNOWN, accents, character


class TestCharacter:
    @pytest.mark.parametrize(
        ("note", "found"),
        [
            ("「てへん＋劣」、第3水準1-84-77", "挘"),
            ("「てへん＋掌」、第4水準2-13-47", "撑"),
            ("二の字点、1-2-22", "〻"),
            ("ローマ数字1、1-13-21", "Ⅰ"),
            ("感嘆符二つ、1-8-75", "‼"),
            ("半濁点付き片仮名カ、1-5-87", "カ\u309a"),
            ("「木＋靈」、第３水準１-８６-２９", "欞"),
            ("「口＋世」、U+546D、12-3", "呭"),
            ("「口＋世」、U+546D、上-3", "呭"),
            ("始め二重山括弧、1-1-52", "《"),
        ],
    )
    def test_by_its_code(self, note: str, found: str) -> None:
        assert character(note) == found

    @pytest.mark.parametrize(
        "note",
        [
            "「馬＋勺」、35-7",
            "「馬＋勺」、第1巻12-35-7",
            "「馬＋勺」、第4水準2-99-99",
            "「馬＋勺」、第4水準2-2-1",
            "「馬＋勺」、U+D800",
            "「馬＋勺」、U+110000",
            "「馬＋勺」、U+0007",
            "「馬＋勺」、U+E000",
            "",
        ],
    )
    def test_without_a_code_it_is_unknown(self, note: str) -> None:
        assert character(note) == UNKNOWN

    def test_kana_that_have_no_code(self) -> None:
        assert character("濁点付き片仮名「ア」、34-2") == "ア\u3099"
        assert character("半濁点付き平仮名か、34-2") == "か\u309a"
        assert character("小書き平仮名ん、145-13") == "ん"

    @given(st.text(max_size=60))
    def test_always_something(self, note: str) -> None:
        assert 1 <= len(character(note)) <= 2


class TestAccents:
    # By the cells of JIS X 0213 that the table of Aozora Bunko gives.
    @pytest.mark.parametrize(
        ("notation", "cell"),
        [
            ("A`", "1-9-23"),
            ("A'", "1-9-24"),
            ("A^", "1-9-25"),
            ("A~", "1-9-26"),
            ("A:", "1-9-27"),
            ("A&", "1-9-28"),
            ("A_", "1-9-85"),
            ("AE&", "1-9-29"),
            ("I_", "1-9-86"),
            ("N~", "1-9-40"),
            ("O/", "1-9-46"),
            ("Y'", "1-9-51"),
            ("s&", "1-9-53"),
            ("a&", "1-9-59"),
            ("ae&", "1-9-60"),
            ("e:", "1-9-65"),
            ("o/", "1-9-77"),
            ("u_", "1-9-92"),
            ("y:", "1-9-84"),
            ("oe&", "1-11-10"),
            ("OE&", "1-11-11"),
            ("?@", "1-9-22"),
            ("!@", "1-9-3"),
        ],
    )
    def test_table(self, notation: str, cell: str) -> None:
        assert accents(f"〔{notation}〕") == character(cell)

    def test_brackets_go_only_where_an_accent_was(self) -> None:
        assert accents("町の 〔cafe'〕 で〔一九三〇年〕の〔note〕") == "町の café で〔一九三〇年〕の〔note〕"

    def test_elisions_and_commas_are_none(self) -> None:
        assert accents("〔La fac,ade qu'on voit, avec, l'e'te'〕") == "La façade qu'on voit, avec, l'été"

    @given(st.text("〔〕aeucsqo'`^~:&_,/@!? 漢", max_size=80))
    def test_composed_and_idempotent(self, text: str) -> None:
        found = accents(text)
        assert unicodedata.is_normalized("NFC", found)
        assert len(found) <= len(text)
