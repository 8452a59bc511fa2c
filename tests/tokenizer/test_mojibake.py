import gzip
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.mojibake import repair
from tokenizer.normalize import normalize

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not on this machine")
JUDGED = Path(__file__).parents[1] / "quality" / "judgement.jsonl"

CAT = (
    "吾輩は猫である。名前はまだ無い。どこで生れたか、とんと見当がつかぬ。\n"
    "何でも薄暗いじめじめした所で、ニャーニャー泣いていた事だけは記憶している。きのうの事だ。"
)
PAGE = f"目次\n{CAT}\n\nＡ１：データベース（database）には、～とある。\n例\n{CAT}\nplain ASCII"
WINDOWS = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
LOSSLESS = [
    ("utf-8", "latin-1"),
    ("utf-8", "cp1252"),
    ("cp932", "latin-1"),
    ("cp932", "cp1252"),
    ("euc_jp", "latin-1"),
]


def misread(text: str, written_in: str, read_as: str) -> str:
    """As it comes about: what the charset does not know is replaced; windows-1252 is that of browsers."""
    raw = text.replace("～", "〜").encode(written_in) if written_in == "euc_jp" else text.encode(written_in)
    return raw.decode("latin-1").translate(WINDOWS) if read_as == "cp1252" else raw.decode(read_as, "replace")


class TestLatin:
    @pytest.mark.parametrize(("written_in", "read_as"), LOSSLESS)
    def test_a_japanese_line_comes_back(self, written_in: str, read_as: str) -> None:
        assert repair(misread(CAT, written_in, read_as)) == (CAT, 2)

    @pytest.mark.parametrize(("written_in", "read_as"), LOSSLESS[:2])
    def test_a_page_comes_back(self, written_in: str, read_as: str) -> None:
        assert repair(misread(PAGE, written_in, read_as))[0] == PAGE

    @pytest.mark.parametrize(("written_in", "read_as"), LOSSLESS)
    @pytest.mark.parametrize("again", ["latin-1", "cp1252"])
    def test_misread_twice(self, written_in: str, read_as: str, again: str) -> None:
        assert repair(misread(misread(CAT, written_in, read_as), "utf-8", again)) == (CAT, 4)

    @pytest.mark.parametrize(("written_in", "read_as"), LOSSLESS)
    def test_one_line_among_good_ones(self, written_in: str, read_as: str) -> None:
        good = "これは正しく読まれた文です。\nthis too\n"
        line = "コメント: きのうの記事、とても面白かったです。"
        assert repair(good + misread(line, written_in, read_as) + "\n" + good) == (good + line + "\n" + good, 1)

    def test_markup_is_neither_made_nor_lost(self) -> None:
        for way in LOSSLESS:
            tags = f'<p class="x">{CAT}</p><a href="y">もっと読みたい</a>'
            assert repair(misread(tags, *way))[0] == tags

    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("donâ€™t â€œquoteâ€\x9d â€” cafÃ©", "don’t “quote” — café"),
            ("donâ€™t, cafÃ©â€™s â€¦", "don’t, café’s …"),
            ("naÃ¯ve cafÃ©", "naïve café"),
            ("name: ã\x81®x", "name: のx"),
            ("名前はcafÃ©です", "名前はcaféです"),
            ("Â©2024 25Â°C", "©2024 25°C"),
            ("😀 ðŸ˜€ â€¢", "😀 😀 •"),
            ("the Archiveï¿½s", "the Archive\ufffds"),
        ],
    )
    def test_letters_and_symbols(self, wrong: str, right: str) -> None:
        assert repair(wrong) == (right, 1)


class TestJapanese:
    def test_utf8_as_shift_jis_where_no_byte_is_lost(self) -> None:
        assert repair("a\n縺薙ｌ縺ｯ縺薙ｌ縺ｯ\nb") == ("a\nこれはこれは\nb", 1)
        assert repair("例えば縺薙ｌ縺ｯ縺薙ｌ縺ｯの事") == ("例えばこれはこれはの事", 1)

    def test_utf8_as_shift_jis_swallows_ascii(self) -> None:
        text = "ここのかたA"
        assert repair(misread(text, "utf-8", "cp932")) == (text, 1)

    @pytest.mark.parametrize("lost", ["・", "?", "\ufffd"])
    def test_a_lost_byte_leaves_the_run(self, lost: str) -> None:
        assert repair(f"縺薙ｌ縺ｯ縺薙ｌ縺ｯ縺{lost}") == (f"縺薙ｌ縺ｯ縺薙ｌ縺ｯ縺{lost}", 0)

    def test_euc_as_shift_jis(self) -> None:
        text = "このへんのものは、そこです。"
        assert repair(misread(text, "euc_jp", "cp932")) == (text, 1)

    @pytest.mark.parametrize("escape", ["", "\x1b"])
    def test_iso_2022_jp_without_its_escapes(self, escape: str) -> None:
        raw = CAT.encode("iso2022_jp").decode().replace("\x1b", escape)
        assert repair(raw) == (CAT, 2)


QUOTED = (
    "文字化けとは、書かれたときと違う文字コードで読まれた文章が意味のない文字の列になることである。たとえば「これは」を"
    "UTF-8で書いてShift_JISで読むと\n縺薙ｌ縺ｯ\nとなり、EUC-JPなら¤³¤ì¤Ï、半角カナなら､ｳ､・､ﾏである。読めない文字は�になる。"
    "「Ã©」や“Ã¨”、 `ã\x81®` は欧文の文字化けである。"
)
GOOD = [
    CAT,
    PAGE,
    QUOTED,
    f"{CAT}「縺薙ｌ縺ｯ」と書いてあった。{CAT}",
    "縺れた糸を解くように、縲紲の身を嘆き、繧繝縁の畳に坐る。縺（もつ）れ、繧（うん）、繝（げん）、縺縺。",
    "“Passé”, déjà vu, à côté: «l’été» – ‚so‘, ƒ(x), Ærø, œuvre, ångström, Señor, Ğ, « é », maçã”.",
    "Não são ações; a «maçã» é “sã”… VOCÊS, IRMÃ. Tiếng Việt: “ã”, ăâêôơư. ƒ(ƒ(x)) ¯\\_(ツ)_/¯ ¥100 ¤ £ ©®™",
    "IRMÃ” “MAÇÔ “SÃO” é”™ cafÃ",
    "····················· ×××××× °°°°°°° ÅÄÖ åäö ÷ ± §§ ¤¤¤¤¤¤¤¤¤¤",
    "ｶﾅ､ｶﾀｶﾅ､ﾊﾝｶｸ ｺﾚﾊ ﾊﾝｶｸｶﾅ ﾃﾞｽ｡ ﾌﾘｺﾐ ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ ､ｱ､ｲ､ｳ･ｴ･ｵ ﾎﾏ",
    "(｡･ω･｡) (ﾟДﾟ) ｷﾀ━━━(ﾟ∀ﾟ)━━━!! ( ´∀｀) ＿|￣|○ (╯°□°）╯︵ ┻━┻",
    "echo $B; awk '{print $B}' x(B) $B$C(B $BPATH(B perl -e '$B=1; f($B)(J)'",
    "",
    " \n",
]


class TestGoodTextStays:
    @pytest.mark.parametrize("text", GOOD)
    def test_same_object(self, text: str) -> None:
        found, count = repair(text)
        assert found is text
        assert count == 0

    def test_texts_a_reader_would_keep(self) -> None:
        for case in map(json.loads, JUDGED.read_text(encoding="utf-8").splitlines()):
            if case["label"] == "keep":
                assert repair(case["text"])[0] is case["text"], case["id"]

    @needs_data
    def test_real_pages(self) -> None:
        with gzip.open(DATA / "eval/neardup/versions/docs.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        assert len(texts) > 1_000
        assert not [text for text in texts if repair(text)[0] != text]

    @pytest.mark.parametrize(
        "wrong",
        [
            "縺薙ｌ縺ｯ 文字化け",
            "ã“ã‚Œã¯æ—¥æœ¬",  # control characters are gone
            "â€\ud800â€",
        ],
    )
    def test_what_is_not_certain_stays(self, wrong: str) -> None:
        assert repair(wrong) == (wrong, 0)

    @pytest.mark.parametrize("way", LOSSLESS[2:])
    @pytest.mark.parametrize("text", [CAT, "きっと、これは、そうです。", "ききますが、ききますか"])
    def test_nothing_is_made_up_where_controls_were_stripped(self, text: str, way: tuple[str, str]) -> None:
        wrong = misread(text, *way)
        stripped = re.sub("[\x7f-\x9f\xad]", "", wrong)
        assert repair(wrong)[0] == text
        assert stripped == wrong or repair(stripped)[0] != text
        assert not re.search("[ぁ-ん]", repair(stripped)[0]) or stripped == wrong


class TestProperties:
    @given(
        st.lists(st.text(st.sampled_from("あいきくのはをんアニーラ、。「」日本語文章表a 1"), max_size=20), max_size=5),
        st.sampled_from(LOSSLESS),
    )
    def test_a_line_comes_back_or_stays(self, lines: list[str], way: tuple[str, str]) -> None:
        text = "\n".join([*lines, "最後の行は、きっと平仮名が多いです。"])
        wrong = misread(text, *way)
        found = repair(wrong)[0].split("\n")
        assert found[-1] == "最後の行は、きっと平仮名が多いです。"
        for line, bad, back in zip(text.split("\n"), wrong.split("\n"), found, strict=True):
            assert back in (line, bad) or way[0] == "utf-8"  # of which each letter is repaired for itself

    @given(st.text(st.sampled_from("あいきくのはをんアニーラ、。「」日本語文章表abc 1\n<>&éãâ’“”")))
    def test_japanese_with_some_latin_stays(self, text: str) -> None:
        assert repair(text)[0] == text

    @given(st.text(st.characters() | st.sampled_from("縺薙繧ãâÃ€\x81\x93™“¤³‚±ﾆ､・\n\ud800\ufffd$B(")))
    def test_any_text(self, text: str) -> None:
        found, count = repair(text)
        assert (count == 0) == (found is text)
        assert found.count("<") == text.count("<")
        normalize(found)

    @pytest.mark.parametrize(
        "piece",
        [
            "縺",
            "é”",
            "ã\x81",
            "‚±",
            "ƒa",
            "Ã©",
            "â€",
            "¤³\xad¡",
            "､ﾎ",
            "\ufffd",
            "縺\n",
            "$B",
            "$B$",
            "縺薙ｌ縺ｯ",
            "“Ã",
        ],
    )
    def test_long_runs(self, piece: str) -> None:
        """Quadratic time would be hours."""
        begun = time.perf_counter()
        repair(piece * 100_000)
        assert time.perf_counter() - begun < 20
