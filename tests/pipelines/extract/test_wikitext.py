import contextlib
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.extract import wikitext
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.wikitext.parser import MAX_DEPTH


def page(text: str, title: str = "題", ns: str = "<ns>0</ns>", model: str = "wikitext", inside: str = "") -> bytes:
    return (
        f"<page><title>{escape(title)}</title>{ns}<id>12</id>{inside}<revision><id>345</id><parentid>3</parentid>"
        f"<timestamp>2024-05-06T07:08:09Z</timestamp><contributor><username>someone</username><id>9</id></contributor>"
        f"<comment>c</comment><model>{model}</model><format>text/x-wiki</format>"
        f'<text bytes="1" xml:space="preserve">{escape(text)}</text><sha1>x</sha1></revision></page>'
    ).encode()


def read(text: str, name: str = "jawiki") -> Document:
    (document,) = wikitext.extract(page(text), name)
    return document


def text_of(text: str, name: str = "jawiki") -> str:
    return read(text, name).text


def reason(raw: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        wikitext.extract(raw)
    return caught.value.reason


def test_what_is_known_of_a_page() -> None:
    document = read("本文。")
    assert document.title == "題"
    assert document.ids == ("page:jawiki:12", "revision:jawiki:345")
    assert (document.date, document.lang, document.text) == ("2024-05-06", "ja", "本文。")
    assert document.rights.licences == ()


@pytest.mark.parametrize(
    ("name", "ids", "language"),
    [
        ("", ("page:12", "revision:345"), ""),
        ("jawiki-20260101-pages-articles.xml.bz2", ("page:jawiki:12", "revision:jawiki:345"), "ja"),
        ("enwiki", ("page:enwiki:12", "revision:enwiki:345"), "en"),
        ("simplewiki", ("page:simplewiki:12", "revision:simplewiki:345"), "en"),
        ("enwiktionary-latest", ("page:enwiktionary:12", "revision:enwiktionary:345"), "en"),
        ("zh_yuewiki", ("page:zh_yuewiki:12", "revision:zh_yuewiki:345"), ""),
        ("commonswiki", ("page:commonswiki:12", "revision:commonswiki:345"), ""),
        ("my dump", ("page:12", "revision:345"), ""),
    ],
)
def test_the_site_is_in_the_ids(name: str, ids: tuple[str, ...], language: str) -> None:
    document = read("Text.", name)
    assert (document.ids, document.lang) == (ids, language)


def test_pages_that_are_no_articles() -> None:
    assert reason(page("#転送 [[他]]")) == "redirect"
    assert reason(page("#REDIRECT [[Other]]")) == "redirect"
    assert reason(page("Text.", inside='<redirect title="Other" />')) == "redirect"
    assert reason(page("Text.", ns="<ns>1</ns>")) == "not_article"
    assert reason(page("{}", model="json")) == "not_wikitext"
    assert reason(page("* [[A]]\n* [[B]]\n{{Aimai}}")) == "disambiguation"
    assert reason(page("'''Tern''' may be:\n* a bird\n{{Disambiguation|geo}}")) == "disambiguation"
    assert reason(page("[[A]]は、[[B]]。{{曖昧さ回避}}")) == "disambiguation"
    assert reason(page("{{Infobox}}\n== 脚注 ==\n文。")) == "empty"
    assert reason(page("")) == "empty"
    deleted = b'<page><title>t</title><id>1</id><revision><id>2</id><text deleted="deleted" /></revision></page>'
    assert reason(deleted) == "empty"
    assert reason(b"<page><title>t</title><id>1</id></page>") == "empty"
    assert reason(b"<page><title>t</page>") == "malformed"


def test_schemas_without_namespaces_and_models() -> None:
    def old(title: str) -> bytes:
        return f"<page><title>{title}</title><id>1</id><revision><id>2</id><text>文。</text></revision></page>".encode()

    assert wikitext.extract(old("東京"))[0].text == "文。"
    assert wikitext.extract(old("2001: A Space Odyssey"))[0].text == "文。"
    for title in ("Template:X", "利用者:X", "Wikipedia‐ノート:X", "User talk:X", "ファイル:X.jpg"):
        assert reason(old(title)) == "not_article"


def test_of_several_revisions_the_last_is_read_and_other_slots_are_not() -> None:
    raw = (
        b"<page xmlns='http://www.mediawiki.org/xml/export-0.11/'><title>t</title><ns>0</ns><id>1</id>"
        b"<revision><id>2</id><text>old</text></revision>"
        b"<revision><id>3</id><model>wikitext</model><text>new</text>"
        b"<content><role>other</role><model>json</model><text>{}</text></content></revision></page>"
    )
    (document,) = wikitext.extract(raw)
    assert (document.text, document.ids) == ("new", ("page:1", "revision:3"))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[[東京都|東京]]の[[駅]]", "東京の駅"),
        ("[[A|B|C]]と[[:Category:X]]", "B|CとCategory:X"),
        ("a [[link]]s b", "a links b"),
        ("[[wikt:犬|犬]]と[[:en:Dog|犬の英語版]]", "犬と犬の英語版"),
        ("文[[de:Hund]]。[[Category:犬|いぬ]]", "文。"),
        ("[https://example.org/a 札]と[https://example.org/b]と https://example.org/c", "札とと https://example.org/c"),
        ("[[未完|", "[[未完|"),
        ("{{未完|a", "{{未完|a"),
        ("]] }} | と", "]] }} | と"),
        ("'''太字'''と''斜体''と'''''両方'''''", "太字と斜体と両方"),
        ("l'''amour'' and '''all'''", "l'amour and all"),
        ("'''a''', 5''''6", "a, 5'6"),
        ("x<sup>2</sup>, 19<sup>th</sup>, H<sub>2</sub>O, ''v''<sub>max</sub>", "x², 19th, H₂O, v_max"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("あ<!-- 注 -->い", "あい"),
        ("あ\n<!-- 注 -->\nい", "あい"),
        ("一行目\n二行目", "一行目二行目"),
        ("one\ntwo", "one two"),
        ("A&nbsp;B &lt;b&gt; &amp;lt; &#12354;", "A B <b> &lt; あ"),
        ("<nowiki>''[[a]]'' {{b}} &lt;</nowiki>", "''[[a]]'' {{b}} <"),
        ("<code>a = [b]</code>", "a = [b]"),
        ("vector<int> と a < b", "vector<int> と a < b"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字", "漢字"),
        ("<span style='display:none'>000</span>5", "5"),
        ("__NOTOC__ __目次強制__ 文", "文"),
        ("-{zh-hans:软件; zh-hant:軟體}- と -{A}-", "软件 と A"),
        ("<math>x\n+ y</math>は和", "$x + y$は和"),
        (":<math>x</math>", "$$x$$"),
        ("<chem>H2O</chem>水", "$\\ce{H2O}$水"),
        ("a<ref>注{{Cite}}</ref>b<ref name=x />c<ref name=\"y\">z</ref>。", "abc。"),
        ("<ref>未完", "<ref>未完"),
        ("<poem>一行\n二行</poem>", "一行\n二行"),
        (" a = 1\n b = 2", "a = 1\nb = 2"),
        ("----\n文", "文"),
        ("<div>前</div><p>後</p>", "前\n\n後"),
        ("<ul><li>一</li><li>二</li></ul>", "- 一\n- 二"),
        ("前\ufdd00\ufdd1後", "前0後"),
        ("前&#xFDD0;0&#xFDD1;後", "前0後"),
    ],
)  # fmt: skip
def test_markup(source: str, shown: str) -> None:
    assert text_of(source) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{lang|fr|bonjour}}", "bonjour"),
        ("{{Lang-en|cat}}", "英語: cat"),
        ("{{lang-en-short|cat}}", "英: cat"),
        ("{{langx|de|Katze}}", "ドイツ語: Katze"),
        ("{{lang-xx|foo}}", "foo"),
        ("{{ruby|漢字|かんじ}}", "漢字"),
        ("{{読み仮名|'''漢字'''|かんじ}}", "漢字（かんじ）"),
        ("{{読み仮名_ruby不使用|漢字|かんじ|{{lang-en|kanji}}}}", "漢字（かんじ、英語: kanji）"),
        ("{{仮リンク|題|en|Title}}と{{仮リンク|題 (曖昧)|en|T|label=札}}", "題と札"),
        ("{{ill|A|de|B|lt=C}}", "C"),
        ("{{nihongo|Tokyo|東京|Tōkyō}}", "Tokyo (東京, Tōkyō)"),
        ("{{convert|5|km|mi}}", "5 km"),
        ("{{convert|5|to|10|km2|sqmi|abbr=on}}", "5 to 10 km²"),
        ("{{convert|6|ft|2|in|m}}, {{convert|3|mi|1}}", "6 ft 2 in, 3 mi"),
        ("{{cvt|20|C}}, {{convert|12000|ft}}", "20°C, 12,000 ft"),
        ("{{frac|1|2}}, {{frac|2|1|2}}", "1/2, 2 1/2"),
        ("{{val|1.5|0.2|e=3|u=m}}", "(1.5±0.2)×10³ m"),
        ("{{as of|2020|3|1}}", "As of 1 March 2020"),
        ("{{ordinal|1}} {{ordinal|11}} {{ordinal|22}}", "1st 11th 22nd"),
        ("{{chem|H|2|O}}", "H₂O"),
        ("{{transl|ar|kitāb}}", "kitāb"),
        ("{{angbr|a}}", "⟨a⟩"),
        ("{{small|{{nowrap|{{color|red|赤}}}}}}", "赤"),
        ("{{small|1=a=b}}", "a=b"),
        ("{{template:small|a}}", "a"),
        ("{{ubl|a|b}}", "- a\n- b"),
        ("{{hlist|a|b}}", "a, b"),
        ("前{{quote|引いた文。|誰}}後", "前\n\n引いた文。\n\n後"),
        ("{{JPN}}の", "日本の"),
        ("a{{!}}b", "a|b"),
        ("1{{snd}}2", "1 – 2"),
        ("{{formatnum:1200}}", "1200"),
        ("{{PAGENAME}}とは", "題とは"),
        ("{{{1|既定}}}", "既定"),
        ("文{{要出典|date=2020年}}。{{要検証範囲|範囲}}", "文。範囲"),
        ("文{{#tag:ref|注}}{{r|a}}{{efn|b}}。", "文。"),
        ("a {{citation needed|date=May 2020}}, b {{who}}.", "a, b."),
    ],
)
def test_templates(source: str, shown: str) -> None:
    assert text_of(source) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("犬（{{IPA-ja|x}}）は", "犬は"),
        ("犬（いぬ、{{不明|x}}）は", "犬（いぬ）は"),
        ("犬（{{不明|x}}、いぬ）は", "犬（いぬ）は"),
        ("犬（いぬ、{{不明|x}}、学名: ''Canis''）は", "犬（いぬ、学名: Canis）は"),
        ("犬（英語: {{不明|x}}、いぬ）は", "犬（いぬ）は"),
        ("Dog ({{IPAc-en|d}}; {{respell|d}}) is", "Dog is"),
        ("Dog ({{IPAc-en|d}}; Latin ''canis'') is", "Dog (Latin canis) is"),
        ("犬（いぬ<ref>注</ref>、''Canis''）は", "犬（いぬ、Canis）は"),
        ("f() と （） はそのまま", "f() と （） はそのまま"),
    ],
)
def test_what_stood_around_what_is_gone(source: str, shown: str) -> None:
    assert text_of(source) == shown


def test_what_is_left_out_is_counted() -> None:
    document = read(
        "{{Infobox 人物|名前=a}}{{基礎情報 国}}{{Main|b}}文<ref>{{Cite web}}</ref>{{sfn|a}}{{要出典}}と{{謎|1}}の"
        "{{音声|a}}。\n"
        "{{謎2}}\n[[File:a.jpg|thumb|200px|右|図の[[説明]]<ref>b</ref>]][[Category:c]][[fr:d]]{{Navbox|x}}\n"
        "{{DEFAULTSORT:e}}\n"
        "{{#if:a|b}}{{Normdaten}}<gallery>\nA.jpg|一つ目\nB.jpg\n</gallery><timeline>x</timeline>[https://example.org/]\n"
        "== 出典 ==\n{{Cite book}}\n"
    )
    assert document.text == "文との。"
    assert document.captions == ("図の説明", "一つ目")
    assert document.counts == {
        "infoboxes": 2, "hatnotes": 1, "references": 3, "maintenance": 1, "templates": 2, "gaps": 1,
        "pronunciations": 1,
        "pictures": 2, "categories": 1, "interlanguage_links": 1, "navigation": 1, "metadata": 2, "parser_functions": 1,
        "extensions": 1, "external_links": 1, "sections": 1, "citations": 1,
    }  # fmt: skip


def test_captions_are_those_that_readers_see() -> None:
    document = read("文。[[File:a.svg|10px|A|link=]][[ファイル:b.jpg|サムネイル|右|[[図]]の''題''<br />次の行]]")
    assert (document.captions, document.counts["pictures"]) == (("図の題次の行",), 2)


def test_sections_are_cut_with_all_below_and_no_others() -> None:
    source = (
        "導入。\n==歴史==\n昔。\n===出典===\nx\n====さらに====\nx\n===近代===\n今。\n== 脚注・外部リンク ==\nx\n"
        "=== 下 ===\nx\n== 評価 ==\n評。\n==References and notes==\nx\n== 出典の歴史 ==\n別。\n"
        "== 空 ==\n=== 空の下 ===\n{{x}}\n"
    )
    document = read(source)
    assert document.text == "導入。\n\n# 歴史\n\n昔。\n\n## 近代\n\n今。\n\n# 評価\n\n評。\n\n# 出典の歴史\n\n別。"
    assert document.counts["sections"] == 5


def test_lists() -> None:
    assert text_of("# 一\n## 一の一\n## 一の二\n# 二\n文\n# また一") == (
        "1. 一\n1. 一の一\n2. 一の二\n2. 二\n\n文\n\n1. また一"
    )
    assert text_of("; 語\n: 説明\n* 項\n*: 続き\n** 下") == "語\n\n説明\n\n- 項\n続き\n- 下"


def test_lists_of_nothing_but_links_go() -> None:
    links = "\n".join(f"* [[項{number}]]" for number in range(6))
    document = read(f"文。\n== 駅 ==\n{links}\n== 人 ==\n{links}、説明\n")
    assert document.counts["link_lists"] == 1
    assert "# 駅" not in document.text
    assert document.text.endswith("- 項4\n- 項5、説明")
    assert "- 項1" in text_of("* [[項1]]\n* [[項2]]")


def test_tables() -> None:
    data = '{| class="wikitable"\n|+ 表の題\n! 年 !! 数\n|-\n| 1990 || align="right" | 12\n|}'
    document = read(f"前\n{data}\n後")
    assert (document.text, document.captions, document.counts) == ("前\n\n後", ("表の題",), {"tables": 1})
    prose = (
        '{|\n! 年 !! 事\n|-\n| 1990年\n| style="x" | 橋が[[橋|架けられた]]。\n* 長さは10m。\n|-\n|1991年||'
        "{{small|祭りが始まった。}}\n{|\n|中の表。\n|}\n|}後"
    )
    assert text_of(prose) == "年 | 事\n1990年 | 橋が架けられた。長さは10m。\n1991年 | 祭りが始まった。\n中の表。\n\n後"
    assert text_of("{| class='infobox'\n| これは文である。\n|}\n文。") == "文。"
    assert text_of("{|\n| これは文である。\n== 見出し ==\n表に終わりがない。") == (
        "これは文である。\n\n# 見出し\n\n表に終わりがない。"
    )


def test_code_is_kept_as_it_is() -> None:
    code = "def f(x):\n\n    return  x ** 2  # ''a'' [[b]] {{c}}"
    assert text_of(f"前<syntaxhighlight lang=python>\n{code}\n</syntaxhighlight>後") == f"前\n\n{code}\n\n後"
    assert text_of("<pre>a  &lt; b\n  c</pre>") == "a  < b\n  c"
    assert text_of('<syntaxhighlight lang="c" inline>a  b</syntaxhighlight>だ') == "a  bだ"


def test_a_page_about_charsets_is_utf_8() -> None:
    assert text_of('<nowiki><meta charset="shift_jis"></nowiki>と書く。') == '<meta charset="shift_jis">と書く。'


def nested(depth: int) -> str:
    return "{{small|" * depth + "中" + "}}" * depth


def test_limits() -> None:
    assert text_of(nested(MAX_DEPTH)) == "中"
    assert reason(page(nested(MAX_DEPTH + 1))) == "too_deep"
    assert reason(page("[[a|" * 200 + "]]" * 200)) == "too_deep"
    assert reason(page("文" * (wikitext.MAX_TEXT + 1))) == "too_large"
    assert len(text_of("{{small|" * 50_000)) == 400_000


HOSTILE = [
    "{{a|", "[[a|", "{{{a|", "{{", "<ref>", "<ref name=", "<nowiki>", '<a b="', "<!-- ", "[[{{<x>", "{{a|b=",
    "{|\n|a\n", "{|\n", "({{x}}、", "''a'''b", "[//a ", "<span style=display:none ", "<sup>", "=", "# a\n", "* [[a]]\n",
    "-{a:", "__A", " {{x}}", "a||",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear(unit: str) -> None:
    # mwparserfromhell takes 20 to 48 s for 32 KB of some of these. The time limit of the test run would show it.
    source = "{|\n|" + unit * (200_000 // len(unit))
    for text in (source, source[4:]):
        with contextlib.suppress(Unreadable):
            wikitext.extract(page(text))


MARKUP = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{{{",
            "}}}",
            "[[",
            "]]",
            "|",
            "=",
            "\n",
            "==",
            "* ",
            "# ",
            ": ",
            "{|",
            "|}",
            "|-",
            "!",
            "''",
            "'''",
        ),
        *(
            "<ref>",
            "</ref>",
            "<br>",
            "<math>",
            "</math>",
            "<nowiki>",
            "</nowiki>",
            "<!--",
            "-->",
            "<sup>",
            "</sup>",
            "<poem>",
        ),
        *(
            "small|",
            "lang|",
            "quote|",
            "読み仮名|",
            "convert|5|km",
            "仮リンク|",
            "File:a.jpg",
            "Category:",
            "en:",
            "（",
            "）",
            "、",
        ),
        *("[http://a.b ", "]", "-{", "}-", "&lt;", "&#x41;", "\ufdd0", "0", "\ufdd1", "\u3000", " ", "文。", "word"),
        *(
            "脚注",
            "#tag:ref",
            "PAGENAME",
            "__TOC__",
            "<gallery>",
            "</gallery>",
            "<pre>",
            "</pre>",
            "<td>",
            "</td>",
            "<tr>",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(parts=st.lists(MARKUP | st.text(max_size=5), max_size=40))
def test_any_wikitext_gives_clean_text_or_a_reason(parts: list[str]) -> None:
    source = "".join(parts)
    try:
        (document,) = wikitext.extract(page("".join(c for c in source if c.isprintable() or c == "\n")), "jawiki")
    except Unreadable as error:
        if error.reason not in {"empty", "redirect", "disambiguation"}:
            raise
        return
    assert document.text == document.text.strip()
    assert document.text
    assert not any("\ufdd0" <= c <= "\ufdef" for c in document.text + "".join(document.captions))
    assert all(count > 0 for count in document.counts.values())
    assert len(document.text) < 50 * len(source) + 100


@settings(max_examples=200, deadline=None)
@given(st.text("あいうえお漢字。、abc ", min_size=1, max_size=60).filter(str.strip))
def test_plain_prose_stays_as_it_is(prose: str) -> None:
    line = " ".join(prose.split())
    assert text_of(line) == line


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        wikitext.extract(b"<page>" + raw + b"</page>")
