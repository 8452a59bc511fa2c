import gzip
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import filters
from filters.mojibake import Mojibake, Repair

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not on this machine")

CAT = (
    "吾輩は猫である。名前はまだ無い。どこで生れたか、とんと見当がつかぬ。\n"
    "何でも薄暗いじめじめした所で、ニャーニャー泣いていた事だけは記憶している。きのうの事だ。"
)
ABOUT = (
    "文字化けとは、書かれたときと違う文字コードで読まれた文章が意味のない文字の列になることである。たとえば「これは」を"
    "UTF-8で書いてShift_JISで読むと\n縺薙ｌ縺ｯ\nとなり、ISO-8859-1で読むと\nã\x81\x93ã\x82\x8cã\x81¯\nとなる。EUC-JPなら"
    "¤³¤ì¤Ï、半角カナなら､ｳ､・､ﾏである。読めない文字は�になる。直すには正しい文字コードを選べばよい。ブラウザーの多くは自動で"
    "選ぶが、短い文章では間違える。サーバーが正しい名前を送り、ページの頭にも書いておくのが確実である。\n"
)
WINDOWS = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}


def misread(text: str, written_in: str, read_as: str) -> str:
    """As it comes about: what the charset does not know is replaced; windows-1252 is that of browsers."""
    raw = text.encode(written_in)
    return raw.decode("latin-1").translate(WINDOWS) if read_as == "cp1252" else raw.decode(read_as, "replace")


def shares(text: str) -> tuple[float, float, float]:
    found = Mojibake().measure(pa.record_batch({"text": [text], "lang": ["ja"]}))
    assert list(found) == ["mojibake.misread", "mojibake.replacement", "mojibake.private"]
    misread_share, replacement, private = (column[0].as_py() for column in found.values())
    return misread_share, replacement, private


def gone(text: str) -> str | None:
    batch = pa.record_batch({"text": [text], "lang": ["ja"]})
    reason: str | None = filters.judge(Mojibake(), batch).reason[0].as_py()
    return reason


def repaired(text: str) -> str:
    pieces, at = [], 0
    for start, end, words in Repair().edits(text, None):
        assert at <= start < end <= len(text)
        pieces += [text[at:start], words]
        at = end
    return "".join(pieces) + text[at:]


WAYS = [
    ("utf-8", "cp932"),
    ("utf-8", "gbk"),
    ("utf-8", "latin-1"),
    ("utf-8", "cp1252"),
    ("euc_jp", "cp932"),
    ("euc_jp", "latin-1"),
    ("cp932", "latin-1"),
    ("cp932", "cp1252"),
]


class TestMojibake:
    @pytest.mark.parametrize(("written_in", "read_as"), WAYS)
    def test_finds_each_way(self, written_in: str, read_as: str) -> None:
        wrong = misread(CAT * 3, written_in, read_as)
        assert gone(wrong) == "mojibake_misread"
        assert gone(CAT * 20 + wrong) in ("mojibake_misread", None)
        assert 0 < shares(CAT * 20 + wrong)[0] < shares(wrong)[0]

    @pytest.mark.parametrize(
        ("written_in", "read_as"), [("utf-8", "latin-1"), ("utf-8", "cp1252"), ("cp932", "cp1252")]
    )
    def test_finds_it_without_control_characters(self, written_in: str, read_as: str) -> None:
        assert gone(re.sub("[\x7f-\x9f]", "", misread(CAT, written_in, read_as))) == "mojibake_misread"

    @pytest.mark.parametrize(("written_in", "read_as"), [("cp932", "utf-8"), ("euc_jp", "utf-8"), ("cp932", "euc_jp")])
    def test_finds_what_became_replacement_characters(self, written_in: str, read_as: str) -> None:
        assert gone(misread(CAT, written_in, read_as)) == "mojibake_replacement"

    @pytest.mark.parametrize(
        "text",
        [
            CAT,
            ABOUT,
            f"{CAT}「縺薙ｌ縺ｯ」と書いてあった。{CAT}",
            "縺れた糸を解くように、縲紲の身を嘆き、繧繝縁の畳に坐る。" + CAT,
            "“Passé”, déjà vu, à côté: «l’été» – ‚so‘, ƒ(x), Ærø, œuvre, ångström, Señor, Ğ, « é », maçã”.",
            "Não são ações; a «maçã» é “sã”… VOCÊS, IRMÃ. Tiếng Việt: “ã”, ăâêôơư. ƒ(ƒ(x)) ¯\\_(ツ)_/¯ ¥100 ¤ £ ©®™",
            "····················· ×××××× °°°°°°° ÅÄÖ åäö ÷ ± §§",
            "ｶﾅ､ｶﾀｶﾅ､ﾊﾝｶｸ ｺﾚﾊ ﾊﾝｶｸｶﾅ ﾃﾞｽ｡ ﾌﾘｺﾐ ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ",
            "",
            " \n",
        ],
    )
    def test_good_text_stays(self, text: str) -> None:
        assert gone(text) is None
        assert repaired(text) == text

    def test_shares(self) -> None:
        assert shares("あ" * 98 + " \ue000\ufffd") == (0.0, 0.01, 0.01)
        assert gone("あ" * 96 + "\ue000" * 4) == "mojibake_private"
        assert shares("縺縺縺 縺")[0] == 1.0
        assert shares("é" * 10) == shares("") == (0.0, 0.0, 0.0)

    def test_no_text_no_scores(self) -> None:
        batch = pa.record_batch({"text": pa.array([None, "�"], pa.string()), "lang": ["ja", None]})
        assert Mojibake().measure(batch)["mojibake.replacement"].to_pylist() == [None, 1.0]

    @pytest.mark.parametrize("field", ["max_misread", "max_replacement", "max_private"])
    def test_impossible_limits_name_their_field(self, field: str) -> None:
        with pytest.raises(ValueError, match=f"^{field}: .*1.5"):
            Mojibake(**{field: 1.5})
        assert all(bound.most is None for bound in Mojibake(None, None, None).bounds("ja"))


LOSSLESS = [way for way in WAYS if way[1] in ("latin-1", "cp1252")]


class TestRepair:
    @pytest.mark.parametrize(("written_in", "read_as"), LOSSLESS)
    def test_a_page_comes_back(self, written_in: str, read_as: str) -> None:
        page = f"目次\n{CAT}\n\nＡ１：データベース（database）\n例\n{CAT}\nplain ASCII"
        assert repaired(misread(page, written_in, read_as)) == page

    @pytest.mark.parametrize(("written_in", "read_as"), LOSSLESS)
    def test_one_line_among_good_ones(self, written_in: str, read_as: str) -> None:
        good = "これは正しく読まれた文です。\nthis too\n"
        line = "コメント: きのうの記事、とても面白かったです。"
        assert repaired(good + misread(line, written_in, read_as) + "\n" + good) == good + line + "\n" + good

    def test_utf8_as_cp932_where_no_byte_is_lost(self) -> None:
        assert repaired("a\n縺薙ｌ縺ｯ縺薙ｌ縺ｯ\nb") == "a\nこれはこれは\nb"
        for lost in "・?�":
            assert repaired(f"縺薙ｌ縺ｯ縺薙ｌ縺ｯ縺{lost}") == f"縺薙ｌ縺ｯ縺薙ｌ縺ｯ縺{lost}"

    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("donâ€™t â€œquoteâ€\x9d â€” cafÃ©", "don’t “quote” — café"),
            ("donâ€™t: IRMÃ”, cafÃ©", "don’t: IRMÃ”, cafÃ©"),
            ("donâ€™t, cafÃ©â€™s â€¦", "don’t, café’s …"),
            ("name: ã\x81®x", "name: のx"),
            ("ä¸\xadæ–‡ \x81", "中文 \x81"),
            ("😀 ðŸ˜€ â€¢", "😀 ðŸ˜€ •"),
        ],
    )
    def test_runs_of_utf8(self, wrong: str, right: str) -> None:
        assert repaired(wrong) == right

    @pytest.mark.parametrize(
        "wrong",
        [
            "é”™",  # may be chance
            "cafÃ©",
            "\xe3\x81\x93\xe3\x82: Shift_JIS",
            "縺薙ｌ縺ｯ 文字化け",
            "ã“ã‚Œã¯æ—¥æœ¬",  # control characters are gone
            "â€\ud800â€",
        ],
    )
    def test_what_is_not_certain_stays(self, wrong: str) -> None:
        assert repaired(wrong) == wrong

    @pytest.mark.parametrize(
        ("text", "way"),
        [
            (CAT, ("cp932", "cp1252")),
            (CAT, ("euc_jp", "latin-1")),
            ("これは、そうです。", ("cp932", "cp1252")),  # would be これはAそうですB
            ("ききますが、ききますか", ("euc_jp", "latin-1")),  # いますが
        ],
    )
    def test_nothing_is_made_up_where_characters_were_stripped(self, text: str, way: tuple[str, str]) -> None:
        wrong = misread(text, *way)
        assert repaired(wrong) == text
        stripped = re.sub("[\x7f-\x9f\xad]", "", wrong)
        assert repaired(stripped) == stripped

    def test_good_lines_of_other_alphabets_stay(self) -> None:
        good = "25 °C ±1, 30 µm ¶\nàáâãäåçèéê"
        assert repaired(misread(CAT, "cp932", "cp1252") + "\n" + good) == CAT + "\n" + good
        assert repaired("\xad\n" + good) == "\xad\n" + good

    @given(
        st.lists(st.text(st.sampled_from("あいきくのはをんアニーラ、。「」日本語文章表a 1\n"), max_size=20)),
        st.sampled_from(LOSSLESS),
    )
    def test_it_comes_back_or_stays(self, lines: list[str], way: tuple[str, str]) -> None:
        text = "\n".join([*lines, "最後の行は、きっと平仮名が多いです。"])
        wrong = misread(text, *way)
        for line, bad, back in zip(text.split("\n"), wrong.split("\n"), repaired(wrong).split("\n"), strict=True):
            assert back in (line, bad) or way[0] == "utf-8"
        assert repaired(text) == text

    @given(st.text(st.characters() | st.sampled_from("縺薙繧ãâÃ€\x81\x93™“¤³‚±ﾆ､・\n\ud800\ufffd")))
    def test_any_text(self, text: str) -> None:
        repaired(text)
        assert all(0 <= share <= 1 for share in shares(text.encode("utf-8", "replace").decode()))

    @pytest.mark.parametrize("piece", ["縺", "é”", "ã\x81", "‚±", "ƒa", "Ã©", "â€", "¤³\xad¡", "､", "\ufffd", "縺\n"])
    def test_long_runs(self, piece: str) -> None:
        """Quadratic time would be hours."""
        text = piece * 300_000
        Repair().edits(text, None)
        assert 0 < max(shares(text)) <= 1

    def test_settings(self) -> None:
        with pytest.raises(ValueError, match=r"^min_wide: .*0"):
            Repair(min_wide=0)
        assert not Repair(min_wide=4).edits("縺薙ｌ縺ｯ", None)
        assert Repair(min_wide=3).edits("縺薙ｌ縺ｯ", None) == [(0, 5, "これは")]


@needs_data
def test_no_real_page_is_dropped_or_changed() -> None:
    with gzip.open(DATA / "eval/neardup/versions/docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    assert len(texts) > 1_000
    assert not [text for text in texts if repaired(text) != text]
    found = Mojibake().measure(pa.record_batch({"text": texts, "lang": ["ja"] * len(texts)}))
    assert max(found["mojibake.misread"].to_pylist()) < 0.001
    assert max(found["mojibake.replacement"].to_pylist()) == 0
    assert max(found["mojibake.private"].to_pylist()) < 0.005
