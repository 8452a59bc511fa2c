import gzip
import json
import re
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import filters
from filters.mojibake import Mojibake
from tokenizer.normalize import normalize

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
        assert gone(normalize(text)) is None

    def test_shares(self) -> None:
        assert shares("あ" * 98 + " \ue000\ufffd") == (0.0, 0.01, 0.01)
        assert gone("あ" * 96 + "\ue000" * 4) == "mojibake_private"
        assert shares("縺薙ｌ縺ｯ 縺薙ｌ縺ｯ")[0] == 0.0
        assert shares("縺薙ｌ縺ｯ縺薙ｌ縺ｯ")[0] == 1.0
        assert shares("é" * 10) == shares("") == (0.0, 0.0, 0.0)

    def test_no_text_no_scores(self) -> None:
        batch = pa.record_batch({"text": pa.array([None, "�"], pa.string()), "lang": ["ja", None]})
        assert Mojibake().measure(batch)["mojibake.replacement"].to_pylist() == [None, 1.0]

    @pytest.mark.parametrize("field", ["max_misread", "max_replacement", "max_private"])
    def test_impossible_limits_name_their_field(self, field: str) -> None:
        with pytest.raises(ValueError, match=f"^{field}: .*1.5"):
            Mojibake(**{field: 1.5})
        assert all(bound.most is None for bound in Mojibake(None, None, None).bounds("ja"))


class TestProperties:
    @given(st.text(st.characters() | st.sampled_from("縺薙繧ãâÃ€\x81\x93™“¤³‚±ﾆ､・\n\ud800\ufffd$B(")))
    def test_any_text(self, text: str) -> None:
        assert all(0 <= share <= 1 for share in shares(text.encode("utf-8", "replace").decode()))

    @pytest.mark.parametrize(
        "piece",
        [
            "縺",
            "é”",
            "ã\x81",
            "‚±",
            "Ã©",
            "â€",
            "¤³\xad¡",
            "¤",
            "､ｱ",
            "\ufffd",
            "縺\n",
            "$B",
            "$B$",
            "、ア",
            "縺薙",
            "ã",
        ],
    )
    def test_long_runs(self, piece: str) -> None:
        """Quadratic time would be hours."""
        begun = time.perf_counter()
        shares(piece * 100_000)
        assert time.perf_counter() - begun < 10


@needs_data
def test_no_real_page_is_dropped() -> None:
    with gzip.open(DATA / "eval/neardup/versions/docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    assert len(texts) > 1_000
    found = Mojibake().measure(pa.record_batch({"text": texts, "lang": ["ja"] * len(texts)}))
    assert max(found["mojibake.misread"].to_pylist()) < 0.001
    assert max(found["mojibake.replacement"].to_pylist()) == 0
    assert max(found["mojibake.private"].to_pylist()) < 0.005
