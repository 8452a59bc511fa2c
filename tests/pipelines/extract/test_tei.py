import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.document import Document, Unreadable
from pipelines.extract.tei import MAX_TEXTS, extract

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "academic" / "tei-ja"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not on this machine")

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
TITLE = "<titleStmt><title>川の話</title><title type='sub'>第一部</title><author>作者</author></titleStmt>"


def tei(text: str, publication: str = "", header: str = "", attributes: str = "") -> str:
    return (
        f"<TEI xmlns='http://www.tei-c.org/ns/1.0' {attributes}><teiHeader><fileDesc>{TITLE}"
        f"<publicationStmt>{publication}</publicationStmt></fileDesc>{header}</teiHeader><text>{text}</text></TEI>"
    )


def read(document: str) -> Document:
    (found,) = extract(document.encode())
    return found


def body(text: str, header: str = "") -> str:
    return read(tei(f"<body>{text}</body>", header=header)).text


def counts(text: str) -> dict[str, int]:
    return dict(read(tei(f"<body>{text}<p>終</p></body>")).counts)


class TestText:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("<p>川を\n   渡る。</p>\n<p>橋。</p>", "川を渡る。\n\n橋。"),
            ("<p>The <hi>river</hi>\n is wide.</p>", "The river is wide."),
            ("<div><head>一</head><div><head>川</head><p>文。</p></div></div>", "# 一\n\n## 川\n\n文。"),
            ("<head>題</head><p>文。</p>", "# 題\n\n文。"),
            ("<lg><head>歌</head><l>川は</l><l>青い</l></lg><lg><l>橋</l></lg>", "歌\n\n川は\n青い\n\n橋"),
            ("<sp><speaker>太郎</speaker><p>はい。</p></sp>", "太郎　はい。"),
            ("<sp><speaker>Tom</speaker>\n<stage>(aside)</stage><p>Yes.</p></sp>", "Tom: (aside)\n\nYes."),
            ("<stage>夜。</stage><sp><speaker>次郎</speaker><l>ああ</l><l>川</l></sp>", "夜。\n\n次郎　ああ\n川"),
            ("<p>彼は<stage>（笑う）</stage>言う。</p>", "彼は（笑う）言う。"),
            ("<list><item>川</item><item><p>橋</p></item></list>", "- 川\n- 橋"),
            ("<list type='ordered'><label>い</label><item>川</item><item>橋</item></list>", "い\n1. 川\n2. 橋"),
            ("<p>次の<quote>言葉</quote>と<q>声</q>を</p>", "次の言葉と声を"),
            ("<p>言う。</p><quote>引用。</quote>", "言う。\n\n引用。"),
            (
                "<table><row><cell>川</cell><cell><p>長い</p></cell></row><row><cell>橋</cell></row></table>",
                "川 | 長い\n橋",
            ),
            ("<opener><salute>拝啓</salute></opener><p>文。</p><closer>作者</closer>", "拝啓\n\n文。\n\n作者"),
            ("<p>前<pb n='2'/>後<milestone unit='x'/></p>", "前後"),
            ("<p>川を。\n　橋を。 　町！　人。</p>", "川を。\n橋を。\n町！　人。"),
            ("<floatingText><body><p>手紙。</p></body></floatingText>", "手紙。"),
            ("文字だけ", "文字だけ"),
        ],
    )
    def test_structure(self, text: str, found: str) -> None:
        assert body(text) == found

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("<ruby><rb>川</rb><rt>かわ</rt></ruby>を", "川を"),
            ("広い<ruby>川<rp>（</rp><rt>かわ</rt><rp>）</rp></ruby>を", "広い川を"),
            ("は<span type='ruby'>\n <span type='rb'> 川</span> <span type='rt'> かわ</span> </span> を", "は川を"),
            (
                "は<seg type='ruby'><seg type='rb'>川</seg><seg type='rp'>（</seg><seg type='rt'>かわ</seg></seg>を",
                "は川を",
            ),
            ("<choice><sic>側</sic><corr>川</corr></choice>を", "川を"),
            ("<choice><orig>かは</orig><reg>かわ</reg></choice>を", "かわを"),
            ("<choice><abbr>Mr</abbr><expan>Mister</expan></choice>", "Mister"),
            ("<app><lem>川</lem><rdg>河</rdg></app>を", "川を"),
            ("<del>河</del><add>川</add><unclear>を</unclear><supplied>渡</supplied>る", "川を渡る"),
            ("川<note>注</note>を<gap/>渡る", "川を渡る"),
            ("川<figure><head>図一</head><figDesc>絵</figDesc></figure>を", "川を"),
            ("名<persName>山田 太郎</persName>と", "名山田 太郎と"),
            ("10 <hi>m</hi> の", "10 m の"),
        ],
    )
    def test_inline(self, text: str, found: str) -> None:
        assert body(f"<p>{text}</p>") == found

    def test_gaiji(self) -> None:
        declared = (
            "<encodingDesc><charDecl><char xml:id='a'><mapping type='local'>X</mapping>"
            "<mapping type='Unicode'>挘</mapping></char>"
            "<glyph xml:id='b'><mapping>U+5DDD</mapping></glyph></charDecl></encodingDesc>"
        )
        text = "<p><g ref='#a'/><g ref='#b'/><g ref='#c'/><g>橋</g></p>"
        document = read(tei(f"<body>{text}</body>", header=declared))
        assert document.text == "挘川〓橋"
        assert document.counts == {"gaiji": 1}

    def test_front_and_back(self) -> None:
        front = "<front><titlePage><docTitle>題</docTitle></titlePage><div><p>序。</p></div></front>"
        books = "<div type='bibliography'><p>書。</p></div>"
        back = f"<back>{books}<div><p>跋。</p><listBibl><bibl>本</bibl></listBibl></div></back>"
        document = read(tei(f"{front}<body><p>文。</p></body>{back}"))
        assert document.text == "序。\n\n文。\n\n跋。"
        assert document.counts == {"references": 2, "title_pages": 1}

    def test_counts_and_captions(self) -> None:
        assert counts("<p><note>あ</note><ruby><rb>川</rb><rt>かわ</rt></ruby><del>い</del></p>") == {
            "deletions": 1,
            "notes": 1,
            "ruby": 1,
        }
        assert counts("<app><lem>川</lem><rdg>河</rdg><rdg>側</rdg></app><fw>柱</fw>") == {
            "running_heads": 1,
            "variants": 2,
        }
        document = read(tei("<body><p>川</p><figure><head>図一</head></figure><table><head>表一</head></table></body>"))
        assert document.captions == ("図一", "表一")


WRAPPED = ["あの広い川を渡る橋の長さを測ろうとして人々は朝早く", "から岸辺に集まり縄を張り杭を打ちその端と端とを結んで"]


class TestLineBeginnings:
    def test_of_a_printed_page_join(self) -> None:
        page = "<lb/>".join(WRAPPED * 3)
        assert body(f"<p><lb/>{page}<lb/><pb n='2'/><lb/>{page}</p>") == "".join(WRAPPED * 6)

    def test_english_lines_join_with_a_space(self) -> None:
        lines = [
            "the people of the town came early to the bank of the",
            "river and measured the length of the bridge with a rope",
        ]
        assert body("<p>" + "\n<lb/>".join(lines * 3) + "</p>") == " ".join(lines * 3)

    def test_inside_a_word(self) -> None:
        assert body("<p>the mea<lb break='no'/>surement</p>") == "the measurement"

    def test_of_verse_stay(self) -> None:
        assert body("<p><lb/>川は青く<lb/>橋は長く<lb/>人は渡る</p>") == "川は青く\n橋は長く\n人は渡る"

    def test_of_paragraphs_stay(self) -> None:
        lines = [f"　{first}{second}。" for first, second in [WRAPPED] * 4]
        assert (
            body("<p>" + "<lb/>\n".join(lines) + "<lb/><lb/>終り。</p>")
            == "\n".join([line.strip() for line in lines]) + "\n\n終り。"
        )


class TestHeader:
    def test_title_language_date_and_names(self) -> None:
        publication = (
            "<date when='2019-01-11'>いつか</date><idno type='DOI'>https://doi.org/10.1234/ABC</idno>"
            "<idno type='URI'>https://example.org/1.xml</idno><idno>T1</idno><idno type='x'/>"
        )
        document = read(tei("<body><p>川</p></body>", publication, attributes="xml:lang='ja-Jpan'"))
        assert (document.title, document.lang, document.date) == ("川の話 第一部", "ja", "2019-01-11")
        assert document.ids == ("doi:10.1234/abc", "uri:https://example.org/1.xml", "tei:T1")

    def test_language_of_the_header(self) -> None:
        used = "<profileDesc><langUsage><language ident='en'/></langUsage></profileDesc>"
        assert read(tei("<body><p>river</p></body>", header=used)).lang == "en"
        both = used.replace("<language ident='en'/>", "<language ident='en'/><language ident='ja'/>")
        assert read(tei("<body><p>river</p></body>", header=both)).lang == ""

    @pytest.mark.parametrize(
        ("availability", "found"),
        [
            (f"<licence target='{CC0}'>CC0</licence>", (f"CC0 <{CC0}>", "CC0-1.0", "availability/licence")),
            (
                f"<p><ref target='{CC0}'>CC0 1.0\n Universal</ref></p>",
                (f"CC0 1.0 Universal <{CC0}>", "CC0-1.0", "availability/ref"),
            ),
            ("<p>Ask the museum.</p>", ("Ask the museum.", None, "availability")),
        ],
    )
    def test_licences(self, availability: str, found: tuple[str, str | None, str]) -> None:
        document = read(tei("<body><p>川</p></body>", f"<availability>{availability}</availability>"))
        (licence,) = document.rights.licences
        stated, spdx, where = found
        assert (licence.stated, licence.where) == (stated, where)
        if spdx:
            assert licence.spdx == spdx

    def test_silence(self) -> None:
        document = read("<TEI><text><body><p>川</p></body></text></TEI>")
        assert (document.title, document.lang, document.ids, document.rights.licences) == ("", "", (), ())

    def test_marks_of_aozora_bunko_are_read_only_in_its_texts(self) -> None:
        marked = "<p>川《かわ》を／＼［＃「を」はママ］渡る。</p><p>橋。</p>"
        source = "<encodingDesc><p>青空文庫</p></encodingDesc>"
        assert body(marked, source) == "川を〳〵渡る。\n\n橋。"
        assert body(marked) == "川《かわ》を／＼［＃「を」はママ］渡る。\n\n橋。"

    def test_corpus(self) -> None:
        parts = "".join(tei(f"<body><p>{text}</p></body>") for text in ("川", "", "橋"))
        found = extract(f"<teiCorpus xmlns='http://www.tei-c.org/ns/1.0'><teiHeader/>{parts}</teiCorpus>".encode())
        assert [(document.part, document.text) for document in found] == [("1", "川"), ("3", "橋")]


def refused(document: str) -> str:
    """The reason, if it is."""
    try:
        extract(document.encode())
    except Unreadable as error:
        return error.reason
    return ""


class TestHostile:
    def test_refused(self) -> None:
        assert refused("<html/>") == "not_tei"
        assert refused("<TEI/>") == "empty"
        assert refused(tei("<body><note>注</note></body>")) == "empty"
        assert refused("<teiCorpus>" + "<TEI/>" * (MAX_TEXTS + 1) + "</teiCorpus>") == "too_many_texts"
        assert refused("<TEI>") == "malformed"
        assert refused(tei("<div>" * 250 + "川" + "</div>" * 250)) == "too_deep"

    def test_no_deeper_than_the_parser_allows(self) -> None:
        for name in ("div", "p", "list", "choice", "app", "cell"):
            assert "川" in tei(f"<{name}>" * 180 + "川" + f"</{name}>" * 180)
            extract(tei(f"<body><p>橋</p>{f'<{name}>' * 180}川{f'</{name}>' * 180}</body>").encode())

    @pytest.mark.parametrize(
        "unit", ["<lb/>", "<item>あ</item>", "<p>あ</p>", "<hi> </hi>", "あ<lb/>\n", "<cell/>", "\n　", "\ufdd3"]
    )
    def test_takes_linear_time(self, unit: str) -> None:
        start = time.process_time()
        extract(tei(f"<body><list type='ordered'><item>川</item>{unit * 40_000}</list></body>").encode())
        assert time.process_time() - start < 10

    @given(
        st.recursive(
            st.text("川あ \n　。#\ufdd0\ufdd3", max_size=5),
            lambda inner: st.tuples(
                st.sampled_from(
                    (
                        "p",
                        "div",
                        "head",
                        "lb",
                        "l",
                        "sp",
                        "speaker",
                        "list",
                        "item",
                        "note",
                        "choice",
                        "row",
                        "cell",
                        "rt",
                        "g",
                    )
                ),
                st.lists(inner, max_size=4),
            ).map(lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"),
            max_leaves=25,
        )
    )
    def test_any_tree_is_read_or_refused(self, text: str) -> None:
        made = tei(f"<body>{text}</body>")
        if reason := refused(made):
            assert reason == "empty"
            return
        document = read(made)
        assert document.text == document.text.strip() != ""
        assert "\n\n\n" not in document.text
        assert not any(0xFDD0 <= ord(character) <= 0xFDEF for character in document.text)


@needs_data
def test_real_texts() -> None:
    found = [extract(path.read_bytes(), path.name)[0] for path in sorted(DATA.glob("*.xml"))]
    assert len(found) == 38
    assert {licence.spdx for document in found for licence in document.rights.licences} == {"CC0-1.0"}
    assert not [mark for document in found for mark in ("［＃", "《", "／＼") if mark in document.text]
