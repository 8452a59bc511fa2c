import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.extract.aozora import MAX_BYTES, extract
from pipelines.extract.document import Document, Unreadable

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "academic" / "aozora"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not on this machine")

RULE = "-" * 55
SIGNS = f"{RULE}\r\n【テキスト中に現れる記号について】\r\n\r\n《》：ルビ\r\n（例）川《かわ》\r\n{RULE}\r\n"
COLOPHON = """

底本：「見本全集　第一巻」見本書房
　　　1990（平成2）年10月15日第1刷発行
初出：「見本新聞」
　　　1928（昭和3）年4月号
※「川」と「河」の混在は、底本通りです。
入力：入力者
校正：校正者
2005年6月25日作成
青空文庫作成ファイル：
このファイルは、インターネットの図書館で作られました。
"""


def file(body: str, head: str = "川の話\n作者", signs: str = SIGNS, colophon: str = COLOPHON) -> bytes:
    return f"{head}\n\n{signs}\n{body}\n{colophon}".replace("\r\n", "\n").replace("\n", "\r\n").encode("cp932")


def read(raw: bytes, name: str = "") -> Document:
    (document,) = extract(raw, name)
    return document


def attempt(raw: bytes) -> str:
    """The reason for which it is refused, if it is."""
    try:
        extract(raw)
    except Unreadable as error:
        return error.reason
    return ""


def text(body: str) -> str:
    return read(file(body)).text


def counts(body: str) -> dict[str, int]:
    return {key: n for key, n in read(file(body)).counts.items() if key not in ("signs", "colophon")}


class TestText:
    @pytest.mark.parametrize(
        ("body", "found"),
        [
            ("川《かわ》を渡る", "川を渡る"),
            ("あの｜大きな川《おおかわ》を", "あの大きな川を"),
            ("片仮名のカヌー《かぬー》と Canoe《カヌー》", "片仮名のカヌーと Canoe"),
            ("川《かわ》［＃ルビの「かわ」は底本では「かは」］を", "川を"),
            ("川［＃「川」に傍点］《かわ》を", "川を"),
            ("町と｜町", "町と｜町"),
            ("彼は《かれは》と", "彼はと"),
            ("「《引用》」と", "「《引用》」と"),
            ("※［＃始め二重山括弧、1-1-52］引用※［＃終わり二重山括弧、1-1-53］と", "《引用》と"),
            ("水※［＃米印、1-2-8］［＃「水」に傍点］", "水※"),
            ("※［＃「てへん＋掌」、第4水準2-13-47］《ささ》える", "撑える"),
            ("※［＃「馬＋勺」、35-7］と", "〓と"),
            ("いよ／＼、とき／″＼", "いよ〳〵、とき〴〵"),
            ("町の 〔cafe'〕《カフェ》 で", "町の café で"),
            ("〔注〕を", "〔注〕を"),
            ("橋［＃「橋」に傍点］は［＃「は」はママ］長い［＃「長い」は底本では「永い」］。", "橋は長い。"),
            ("橋［＃「橋」は底本では「［てへん＋喬］」と誤植］。", "橋。"),
            ("自［＃二］東國［＃一］来［＃レ］此。出雲［＃（ノ）］神", "自東國来此。出雲神"),
            ("青空［＃「青空」の左に「あおぞら」のルビ］", "青空"),
            ("説と［＃割り注］その名［＃割り注終わり］と", "説と（その名）と"),
            ("説（［＃割り注］その名［＃割り注終わり］）と", "説（その名）と"),
            ("２［＃「２」はローマ数字、1-13-22］章", "Ⅱ章"),
            ("十の二乗は102［＃「2」は上付き小文字］", "十の二乗は10²"),
            ("終る。［＃地付き］（昭和三年）", "終る。\n（昭和三年）"),
            ("［＃地から２字上げ］（昭和三年）", "（昭和三年）"),
            ("［＃２字下げ］川よ", "川よ"),
            ("　段落の初め", "段落の初め"),
            ("［＃改ページ］\n川", "川"),
            ("［＃ここから２字下げ、折り返して３字下げ］\n一、川\n一、橋\n［＃ここで字下げ終わり］", "一、川\n一、橋"),
            ("これは［＃閉じない", "これは［＃閉じない"),
        ],
    )
    def test_marks(self, body: str, found: str) -> None:
        assert text(body) == found

    @pytest.mark.parametrize(
        ("body", "found"),
        [
            ("［＃３字下げ］初め［＃「初め」は大見出し］", "# 初め"),
            ("独《ひと》りの橋［＃「独りの橋」は中見出し］", "## 独りの橋"),
            ("［＃小見出し］橋［＃小見出し終わり］", "### 橋"),
            ("「橋」について［＃「「橋」について」は中見出し］", "## 「橋」について"),
            ("［＃ここから中見出し］\n初めの\n見出し\n［＃ここで中見出し終わり］\n本文", "## 初めの　見出し\n本文"),
            ("［＃ここから中見出し］\n見出し\n\n本文\n次", "## 見出し\n\n本文\n次"),
            ("七月一日［＃「七月一日」は同行中見出し］　晴", "七月一日　晴"),
            ("竜の岬［＃「竜の岬」は窓中見出し］　に着く", "竜の岬　に着く"),
            ("橋［＃「橋」は中見出し］を渡る", "橋を渡る"),
        ],
    )
    def test_headings(self, body: str, found: str) -> None:
        assert text(body) == found

    def test_an_unclosed_heading_takes_no_more_than_a_few_lines(self) -> None:
        lines = [f"{at}行目" for at in range(40)]
        found = text("［＃ここから大見出し］\n" + "\n".join(lines)).split("\n")
        assert found[-20:] == lines[-20:]

    def test_blank_lines_part(self) -> None:
        assert text("一\n二\n\n\n\n三") == "一\n二\n\n三"

    def test_figures_and_their_captions(self) -> None:
        document = read(
            file(
                "川\n［＃「橋の図」のキャプション付きの図（fig1_01.png、横10×縦10）入る］\n橋の図［＃「橋の図」はキャプション］\n"
                "［＃ここからキャプション］\n二つ目の\n図\n［＃ここでキャプション終わり］\n町"
            )
        )
        assert document.text == "川\n町"
        assert document.captions == ("橋の図", "二つ目の　図")
        assert document.counts["figures"] == 1

    def test_counts(self) -> None:
        assert counts("川《かわ》｜大橋《おおはし》") == {"ruby": 2}
        assert counts("※［＃「馬＋勺」、35-7］") == {"gaiji": 1}
        assert counts("川［＃「川」はママ］と［＃誰の言葉か］［＃３字下げ］") == {"notes": 2}
        assert counts("来［＃レ］此［＃（ノ）］") == {"kunten": 2}
        assert counts("これは［＃閉じない") == {"unclosed": 1}
        assert read(file("川")).counts == {"signs": 5, "colophon": 10}


class TestWork:
    def test_title_number_and_first_publication(self) -> None:
        document = read(file("川"), "cards/000001/files/789_ruby_5639/789_ruby_5639.txt")
        assert (document.title, document.ids) == ("川の話", ("aozora:789",))
        assert (document.container, document.date) == ("見本新聞", "1928-04")
        assert (document.charset, document.charset_source, document.part) == ("cp932", "detector", "")

    @pytest.mark.parametrize("name", ["", "789.txt", "ruby_789.txt", "789_rubyist.txt"])
    def test_no_number(self, name: str) -> None:
        assert read(file("川"), name).ids == ()

    @pytest.mark.parametrize(
        ("head", "title", "authors"),
        [
            ("川の話\n作者", "川の話", ["作者"]),
            ("川の話\n――第一部――\n作者", "川の話 ――第一部――", ["作者"]),
            ("川の話\n作者　A. Writer\n訳者訳", "川の話", ["作者　A. Writer", "訳者訳"]),
            ("川の話\nA RIVER\n作者\n訳者訳\n別人改訳", "川の話 A RIVER", ["作者", "訳者訳", "別人改訳"]),
            ("川の話", "川の話", []),
        ],
    )
    def test_title_and_authors(self, head: str, title: str, authors: list[str]) -> None:
        document = read(file("川", head))
        assert document.title == title
        assert [licence.stated for licence in document.rights.licences][: len(authors)] == authors

    def test_without_signs(self) -> None:
        document = read(file("川", signs=""))
        assert (document.title, document.text) == ("川の話", "川")

    def test_a_text_that_is_no_file_of_the_library_has_no_title(self) -> None:
        document = read(file("川", signs="", colophon=""))
        assert (document.title, document.text) == ("", "川の話\n作者\n\n川")

    def test_credits_are_kept(self) -> None:
        licences = read(file("川")).rights.licences
        assert {(licence.spdx, licence.where) for licence in licences} == {(None, "credit")}
        stated = [licence.stated for licence in licences]
        assert stated[:2] == ["作者", "底本：「見本全集　第一巻」見本書房 1990（平成2）年10月15日第1刷発行"]
        assert "校正：校正者 2005年6月25日作成" in stated
        assert not any("混在" in words for words in stated)

    def test_a_licence_is_named(self) -> None:
        colophon = (
            '\n\n［＃本文終わり］\n翻訳の底本：A. Writer (1892) "A River"\n'
            "　　　上記の翻訳底本は、著作権が失効しています。\n"
            "※この翻訳は「クリエイティブ・コモンズ 表示 4.0 国際 ライセンス」"
            "（https://creativecommons.org/licenses/by/4.0/deed.ja）の下で公開されています。\n翻訳者：訳者\n"
        )
        document = read(file("川", colophon=colophon))
        assert document.text == "川"
        of_rights = [licence for licence in document.rights.licences if licence.where == "colophon"]
        assert [licence.spdx for licence in of_rights if "この翻訳は" in licence.stated] == ["CC-BY-4.0"]
        assert any("失効" in licence.stated for licence in of_rights)

    @pytest.mark.parametrize("codec", ["cp932", "utf-8", "utf-8-sig", "utf-16"])
    def test_charsets(self, codec: str) -> None:
        raw = file("川《かわ》を渡ったのは、髙い①の橋だった。").decode("cp932").encode(codec)
        assert read(raw).text == "川を渡ったのは、髙い①の橋だった。"
        assert read(raw).charset_source == ("detector" if codec in ("cp932", "utf-8") else "bom")


class TestRefused:
    @pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", file(""), file("［＃改ページ］")])
    def test_empty(self, raw: bytes) -> None:
        assert attempt(raw) == "empty"

    def test_undecodable_and_too_large(self) -> None:
        assert attempt(bytes(range(256)) * 40) == "undecodable"
        assert attempt(b" " * (MAX_BYTES + 1)) == "too_large"


class TestHostile:
    @pytest.mark.parametrize(
        "unit",
        [
            "［＃",
            "［",
            "］",
            "｜",
            "《",
            "》",
            "〔",
            "※［＃",
            "［＃「",
            "［＃中見出し］",
            "［＃割り注］",
            "［＃［",
            "［＃［あ］",
            "［＃「の左に「",
            "あ《",
            "［＃地付き］あ",
            "※［＃「あ」、1-2-3］",
            "\n［＃ここから大見出し］",
            "底本：\n\n",
            "／",
            "あ［＃「あ」は上付き小文字］",
            "-" * 55 + "\n",
        ],
    )
    def test_takes_linear_time(self, unit: str) -> None:
        raw = ("題\n人\n\n" + unit * (600_000 // len(unit)) + "\n川\n\n底本：本\n").encode("cp932")
        start = time.process_time()
        assert attempt(raw) in ("", "empty")
        assert time.process_time() - start < 10

    @given(
        st.text(
            "［＃］《》｜※〔〕「」、あ漢a'1-大中見出し終わりここからで字下げキャプション割り注底本：\n　/-",
            max_size=300,
        )
    )
    @example("［＃ここから中見出し］\nあ\n［＃ここから大見出し］\n漢")
    @example("［＃ここで大見出し終わり］")
    def test_any_text_is_read_or_refused(self, body: str) -> None:
        raw = file(body)
        if reason := attempt(raw):
            assert reason == "empty"
            return
        document = read(raw)
        assert document.text == document.text.strip() != ""
        assert "\n\n\n" not in document.text
        assert all(document.counts.values())

    @given(st.binary(max_size=400))
    def test_any_bytes(self, raw: bytes) -> None:
        assert attempt(raw) in ("", "empty", "undecodable")


@needs_data
def test_no_marks_are_left_in_real_works() -> None:
    texts = [read(path.read_bytes(), path.name) for path in sorted(DATA.glob("*.txt"))]
    assert len(texts) == 146
    assert not [
        mark for document in texts for mark in ("［＃", "《", "》", "｜", "※", "／＼", "／″＼") if mark in document.text
    ]
    assert sum(document.counts.get("gaiji", 0) for document in texts) == sum(
        document.text.count("〓") for document in texts
    )
    assert all(document.title and document.ids and document.rights.licences for document in texts)
