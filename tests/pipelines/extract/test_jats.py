import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import DATA
from pipelines.extract import jats
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.rights import Licence

JATS = DATA / "academic/jats"
NAMESPACES = (
    'xmlns:mml="http://www.w3.org/1998/Math/MathML" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:ali="http://www.niso.org/schemas/ali/1.0/"'
)


def article(body: str = "", meta: str = "", back: str = "", lang: str = "en", rest: str = "", journal: str = "") -> str:
    return (
        f'<article {NAMESPACES} xml:lang="{lang}"><front><journal-meta>{journal}</journal-meta>'
        f"<article-meta>{meta}</article-meta></front><body>{body}</body><back>{back}</back>{rest}</article>"
    )


def extract(document: str) -> list[Document]:
    return jats.extract(document.encode())


def only(document: str) -> Document:
    (found,) = extract(document)
    return found


def text(body: str, lang: str = "en", back: str = "") -> str:
    return only(article(body, lang=lang, back=back)).text


def paragraph(content: str) -> str:
    return text(f"<p>{content}</p>")


# Laid out as J-STAGE asks for in its guide to JATS: both languages beside each other in the front, the body in one.
JAPANESE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD v1.1 20151215//EN"
 "JATS-journalpublishing1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xml:lang="ja" article-type="research-article">
<front><journal-meta><journal-id journal-id-type="publisher-id">rei</journal-id>
<journal-title-group xml:lang="ja"><journal-title>架空学会誌</journal-title></journal-title-group>
<journal-title-group xml:lang="en"><journal-title>Journal of Things</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="doi">10.9999/Rei.12.3_45</article-id>
<title-group><article-title xml:lang="ja">川の水温の<break/>変化</article-title>
<subtitle xml:lang="ja">夏の記録</subtitle><trans-title-group xml:lang="en">
<trans-title>Water temperature of rivers</trans-title></trans-title-group></title-group>
<contrib-group><contrib><name-alternatives><name name-style="eastern" xml:lang="ja"><surname>山田</surname>
<given-names>太郎</given-names></name></name-alternatives><xref ref-type="aff" rid="a1">1</xref></contrib>
</contrib-group><aff id="a1">架空大学</aff>
<pub-date pub-type="ppub"><year>2019</year></pub-date><pub-date pub-type="epub"><day>5</day><month>4</month>
<year>2019</year></pub-date>
<permissions><copyright-statement>© 2019 架空学会</copyright-statement>
<license license-type="CC BY" xlink:href="https://creativecommons.org/licenses/by/4.0/deed.ja" xml:lang="ja">
<license-p>本論文はクリエイティブ・コモンズ 表示 4.0 国際 ライセンスの下で利用できる。</license-p></license>
</permissions>
<abstract xml:lang="ja"><title>要旨</title><p>川の水温を
測った。</p></abstract>
<trans-abstract xml:lang="en"><title>Abstract</title><p>We measured
rivers.</p></trans-abstract>
<kwd-group xml:lang="ja"><kwd>川</kwd></kwd-group></article-meta></front>
<body><sec id="s1"><label>1．</label><title>はじめに</title>
<p>水温は<ruby><rb>魚類</rb><rt>ぎょるい</rt></ruby>の生活を左右する<xref ref-type="bibr" rid="b1">1）</xref>。佐藤ら
<sup><xref ref-type="bibr" rid="b2">2</xref>，<xref ref-type="bibr" rid="b3">3</xref></sup>は
これを示した<xref ref-type="fn" rid="n1">*</xref>。</p>
<p>流速は2 m s<sup>−1</sup>であった（<xref ref-type="fig" rid="f1">図1</xref>）。</p>
<fig id="f1"><label>図1</label><caption xml:lang="ja"><title>観測地点</title></caption>
<caption xml:lang="en"><title>Sites.</title></caption><graphic xlink:href="f1.jpg"/></fig></sec></body>
<back><ack><title>謝辞</title><p>感謝します。</p></ack>
<fn-group><fn id="n1"><label>*</label><p>ただし冬を除く。</p></fn></fn-group>
<ref-list><title>文献</title><ref id="b1"><mixed-citation>佐藤（2001）</mixed-citation></ref>
<ref id="b2"><mixed-citation>鈴木</mixed-citation></ref></ref-list></back></article>"""  # fmt: skip


class TestLanguages:
    def test_a_japanese_article_with_an_english_abstract(self) -> None:
        japanese, english = extract(JAPANESE)
        licence = Licence(
            "本論文はクリエイティブ・コモンズ 表示 4.0 国際 ライセンスの下で利用できる。"
            " <https://creativecommons.org/licenses/by/4.0/deed.ja>",
            "CC-BY-4.0",
            "permissions/license",
        )
        assert japanese.text == (
            "# 要旨\n\n川の水温を測った。\n\n# 1． はじめに\n\n水温は魚類の生活を左右する。佐藤らはこれを示した。"
            "（ただし冬を除く。）\n\n流速は2 m s⁻¹であった（図1）。"
        )
        assert (japanese.title, japanese.part, japanese.lang) == ("川の水温の変化：夏の記録", "ja", "ja")
        assert japanese.captions == ("図1. 観測地点",)
        assert japanese.container == "架空学会誌"
        assert japanese.counts == {"acknowledgements": 1, "citations": 3, "pictures": 1, "references": 2, "rubies": 1}
        assert english.text == "# Abstract\n\nWe measured rivers."
        assert (english.title, english.part, english.lang) == ("Water temperature of rivers", "en", "en")
        assert english.captions == ("図1. Sites.",)
        assert english.container == "Journal of Things"
        for document in (japanese, english):
            assert document.ids == ("doi:10.9999/rei.12.3_45",)
            assert document.date == "2019-04-05"
            assert document.rights.licences == (licence,)

    def test_the_part_stays_when_a_translation_is_added(self) -> None:
        alone = only(article("<p>本文。</p>", lang="ja"))
        both = extract(
            article("<p>本文。</p>", '<trans-abstract xml:lang="en"><p>Text.</p></trans-abstract>', lang="ja")
        )
        assert alone.part == both[0].part == "ja"
        assert [document.part for document in both] == ["ja", "en"]

    def test_no_language_is_assumed(self) -> None:
        document = article("<p>Text.</p>", '<trans-abstract xml:lang="ja"><p>要旨。</p></trans-abstract>')
        assert [(d.part, d.lang) for d in extract(document.replace('xml:lang="en"', ""))] == [("", ""), ("ja", "ja")]

    def test_a_translated_sub_article(self) -> None:
        sub = (
            '<sub-article article-type="translation" id="s1" xml:lang="en"><front-stub>'
            '<article-id pub-id-type="doi">10.1/EN</article-id><title-group><article-title>Of rivers</article-title>'
            "</title-group><abstract><p>Short, better.</p></abstract></front-stub>"
            "<body><p>Long.</p></body></sub-article>"
        )
        meta = (
            '<article-id pub-id-type="doi">10.1000/pt</article-id><title-group><article-title>Dos rios</article-title>'
            '<trans-title-group xml:lang="en"><trans-title>Rivers</trans-title></trans-title-group></title-group>'
            '<trans-abstract xml:lang="en"><p>Short.</p></trans-abstract>'
        )
        first, second = extract(article("<p>Longo.</p>", meta, lang="pt", rest=sub.replace("10.1/", "10.1000/")))
        assert (first.text, first.title, first.part, first.counts) == ("Longo.", "Dos rios", "pt", {"abstracts": 1})
        assert (second.text, second.title, second.part) == ("Short, better.\n\nLong.", "Of rivers", "en")
        assert second.ids == ("doi:10.1000/pt", "doi:10.1000/en")

    def test_letters_and_replies_are_documents_of_their_own(self) -> None:
        sub = '<sub-article article-type="{}" id="{}"><front-stub/><body><p>{}</p></body></sub-article>'
        subs = sub.format("decision-letter", "SA1", "We like it.") + sub.format("reply", "SA1", "Thanks.")
        documents = extract(article("<p>Text.</p>", rest=subs + "<response><body><p>No.</p></body></response>"))
        assert [(document.part, document.text) for document in documents] == [
            ("en", "Text."),
            ("SA1", "We like it."),
            ("SA1~2", "Thanks."),
            ("response", "No."),
        ]

    def test_a_section_in_another_language(self) -> None:
        body = '<p>本文。</p><sec xml:lang="en-US"><title>Summary</title><p>Text.</p></sec><p>続き。</p>'
        assert [document.text for document in extract(article(body, lang="ja"))] == [
            "本文。\n\n続き。",
            "# Summary\n\nText.",
        ]

    def test_a_foreign_phrase_stays(self) -> None:
        assert text('<p>彼は<italic xml:lang="en">no</italic>と言う。</p>', "ja") == "彼はnoと言う。"

    @pytest.mark.parametrize(("tag", "lang"), [("EN", "en"), ("jpn", "ja"), ("en_GB", "en"), ("x", ""), ("日本", "")])
    def test_language_tags(self, tag: str, lang: str) -> None:
        assert only(article("<p>x</p>", lang=tag)).lang == lang


class TestWrappers:
    def test_a_set_of_articles(self) -> None:
        one = article("<p>One.</p>", '<article-id pub-id-type="pmc">12</article-id>')
        documents = extract(f"<pmc-articleset>{one}{article('<p>Two.</p>')}</pmc-articleset>")
        assert [(d.part, d.text) for d in documents] == [("pmcid:PMC12/en", "One."), ("2/en", "Two.")]

    def test_oai_and_a_namespace(self) -> None:
        inner = article("<p>x<mml:math><mml:mi>α</mml:mi></mml:math></p>").replace(
            "<article ", '<article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" '
        )
        wrapped = (
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><metadata>'
            f"{inner}</metadata></record></GetRecord></OAI-PMH>"
        )
        assert (only(wrapped).text, only(wrapped).part) == (r"x$\alpha$", "en")

    @pytest.mark.parametrize(
        ("document", "reason"),
        [
            ("<html/>", "no_article"),
            ("<article/>", "empty"),
            (article("<p> </p><sec><title>Alone</title></sec>"), "empty"),
            ("<article>", "malformed"),
            ("<!DOCTYPE article [<!ENTITY x 'y'>]><article><body><p>&x;</p></body></article>", "entities"),
            ("<s>" + "<article/>" * 1001 + "</s>", "too_many_articles"),
        ],
    )
    def test_unreadable(self, document: str, reason: str) -> None:
        with pytest.raises(Unreadable) as error:
            extract(document)
        assert error.value.reason == reason


class TestFront:
    def meta(self, meta: str, journal: str = "") -> Document:
        return only(article("<p>x</p>", meta, journal=journal))

    def test_ids(self) -> None:
        document = self.meta(
            '<article-id pub-id-type="pmid">123</article-id><article-id pub-id-type="pmc">PMC9</article-id>'
            '<article-id pub-id-type="doi"> https://doi.org/10.1371/Journal.X </article-id>'
            '<article-id pub-id-type="publisher-id">x</article-id><article-id pub-id-type="pmid">junk</article-id>'
        )
        assert document.ids == ("doi:10.1371/journal.x", "pmcid:PMC9", "pmid:123")

    @pytest.mark.parametrize(
        ("dates", "expected"),
        [
            ('<pub-date pub-type="collection"><year>2010</year></pub-date><pub-date pub-type="epub"><day>3</day>'
             "<month>2</month><year>2011</year></pub-date>", "2011-02-03"),
            ('<pub-date date-type="pub" publication-format="print"><year>2012</year></pub-date>'
             '<pub-date date-type="pub" publication-format="electronic"><month>Nov</month><year>2011</year></pub-date>',
             "2011-11"),
            ('<pub-date date-type="pub"><day>40</day><month>2</month><year>2011</year></pub-date>', "2011-02"),
            ('<pub-date pub-type="epub"><year>11</year></pub-date>', ""),
            ('<pub-date pub-type="retracted"><year>2011</year></pub-date>', ""),
            ("", ""),
        ],
    )  # fmt: skip
    def test_dates(self, dates: str, expected: str) -> None:
        assert self.meta(dates).date == expected

    @pytest.mark.parametrize(
        ("permissions", "licences"),
        [
            ('<license license-type="open-access"><license-p>Distributed under the Creative Commons Attribution'
             " License, which permits use.</license-p></license>",
             [("Distributed under the Creative Commons Attribution License, which permits use.", "LicenseRef-CC-BY")]),
            ('<license><ali:license_ref>http://creativecommons.org/licenses/by-nc/4.0/</ali:license_ref><license-p>Free.'
             "</license-p></license>",
             [("Free. <http://creativecommons.org/licenses/by-nc/4.0/>", "CC-BY-NC-4.0")]),
            ("<ali:license_ref>http://creativecommons.org/licenses/by/4.0/</ali:license_ref>",
             [("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0")]),
            ('<license><p>Under <ext-link xlink:href="http://creativecommons.org/licenses/by/3.0/">this</ext-link></p>'
             "</license>", [("Under this <http://creativecommons.org/licenses/by/3.0/>", "CC-BY-3.0")]),
            ('<license license-type="cc-by"/>', [("cc-by", "LicenseRef-CC-BY")]),
            ("<copyright-statement>© 2001 X. All rights reserved.</copyright-statement>",
             [("© 2001 X. All rights reserved.", "LicenseRef-All-Rights-Reserved")]),
            ("<copyright-statement>© 2001 X</copyright-statement>", []),
        ],
    )  # fmt: skip
    def test_licences(self, permissions: str, licences: list[tuple[str, str]]) -> None:
        found = self.meta(f"<permissions>{permissions}</permissions>").rights.licences
        assert [(licence.stated, licence.spdx) for licence in found] == licences

    def test_one_licence_in_two_languages_is_one(self) -> None:
        licence = '<license xml:lang="{}" xlink:href="http://creativecommons.org/licenses/by/4.0/"><license-p>{}</license-p></license>'
        both = licence.format("en", "Open.") + licence.format("pt", "Aberto.")
        assert [found.stated for found in self.meta(f"<permissions>{both}</permissions>").rights.licences] == [
            "Open. <http://creativecommons.org/licenses/by/4.0/>"
        ]

    def test_the_licence_of_a_figure_is_not_that_of_the_article(self) -> None:
        figure = '<fig><permissions><license license-type="cc-by"/></permissions></fig>'
        assert only(article(f"<p>x</p>{figure}")).rights.licences == ()

    def test_title_without_notes_and_old_journal_title(self) -> None:
        title = '<article-title>Of <italic>x</italic><xref ref-type="fn" rid="n">*</xref></article-title>'
        document = self.meta(f"<title-group>{title}</title-group>", "<journal-title>Old</journal-title>")
        assert (document.title, document.container) == ("Of x", "Old")


class TestBlocks:
    def test_sections(self) -> None:
        inner = "<sec><title>B</title><p>b</p></sec><sec><title>C</title></sec>"
        assert text(f"<sec><label>1</label><title>A</title><p>a</p>{inner}</sec>") == "# 1 A\n\na\n\n## B\n\nb"

    def test_abstracts(self) -> None:
        meta = (
            "<abstract><sec><title>Background</title><p>b</p></sec></abstract>"
            '<abstract abstract-type="summary"><title>Author Summary</title><p>s</p></abstract>'
            '<abstract abstract-type="toc"><p>teaser</p></abstract>'
        )
        document = only(article("<p>x</p>", meta))
        assert document.text == "## Background\n\nb\n\n# Author Summary\n\ns\n\nx"
        assert document.counts == {"abstracts": 1}

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("<list><list-item><p>a</p></list-item><list-item><p>b</p></list-item></list>", "- a\n- b"),
            ('<list list-type="order"><list-item><p>a</p></list-item><list-item><p>b</p></list-item></list>',
             "1. a\n2. b"),
            ("<p>See:<list><list-item><p>a</p><list><list-item><p>b</p></list-item></list></list-item></list>end</p>",
             "See:\n\n- a\n  - b\n\nend"),
            ("<def-list><title>Terms</title><def-item><term>HTS</term><def><p>high\nput</p></def></def-item></def-list>",
             "Terms\n\n- HTS: high put"),
            ("<boxed-text><caption><title>Box 1</title></caption><p>a</p></boxed-text>", "# Box 1\n\na"),
            ("<disp-quote><p>a</p><attrib>B</attrib></disp-quote>", "a\n\nB"),
            ("<verse-group><verse-line>a</verse-line><verse-line>b</verse-line></verse-group>", "a\nb"),
            ("<speech><speaker>A</speaker><p>Hello.</p></speech>", "A: Hello."),
            ("<p>a<break/>b</p>", "a\nb"),
            ("<code>if x:\n    y  = 1</code>", "if x:\n    y  = 1"),
            ("<statement><label>Theorem 1</label><p>a</p></statement>", "# Theorem 1\n\na"),
            ("<p>漢字と\n  かな。</p><p>two\n  words</p>", "漢字とかな。\n\ntwo words"),
            ('<sec sec-type="data-availability"><title>Data</title><p>x</p></sec><p>a</p>', "a"),
        ],
    )  # fmt: skip
    def test_forms(self, body: str, expected: str) -> None:
        assert text(body) == expected

    def test_back(self) -> None:
        back = (
            "<ack><p>Thanks.</p></ack><glossary><title>Glossary</title><def-list><def-item><term>A</term>"
            "<def><p>b</p></def></def-item></def-list></glossary><app-group><app><title>Appendix</title><p>a</p></app></app-group>"
            '<fn-group><fn fn-type="con"><p>X wrote.</p></fn></fn-group><notes><p>n</p></notes>'
            "<ref-list><ref/><ref/></ref-list>"
        )
        document = only(article("<p>x</p>", back=back))
        assert document.text == "x\n\n# Glossary\n\n- A: b\n\n# Appendix\n\na"
        assert document.counts == {"acknowledgements": 1, "footnotes": 1, "formalities": 1, "references": 2}

    def test_figures_and_tables(self) -> None:
        body = (
            '<p>See <xref ref-type="fig" rid="f">Figure 1</xref>.</p><fig id="f"><label>Figure 1</label>'
            '<caption><title>A.</title><p>b <xref ref-type="bibr" rid="r">[3]</xref>.</p></caption><graphic/></fig>'
            "<table-wrap><label>Table 1.</label><caption><title>T</title></caption>"
            "<table><thead><tr><th>h</th><th>k</th></tr></thead>"
            '<tbody><tr><td>1</td><td>2<xref ref-type="table-fn" rid="t">a</xref></td></tr></tbody></table>'
            '<table-wrap-foot><fn id="t"><label>a</label><p>note</p></fn></table-wrap-foot></table-wrap>'
        )
        document = only(article(body))
        assert document.text == "See Figure 1.\n\nh | k\n1 | 2"
        assert document.captions == ("Figure 1. A. b.", "Table 1. T a note")
        assert document.counts == {"citations": 1, "pictures": 1}

    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            ('<tr><td rowspan="2">a</td><td>b</td></tr><tr><td>c</td></tr>', "a | b\na | c"),
            ('<tr><td colspan="2">a</td><td>b</td></tr><tr><td>c</td><td>d</td><td>e</td></tr>', "a |  | b\nc | d | e"),
            ('<tr><td rowspan="2" colspan="2">a</td><td>b</td></tr><tr><td>c</td></tr><tr><td>d</td></tr>',
             "a |  | b\na |  | c\nd"),
            ('<tr><td>a</td><td rowspan="9">b</td></tr><tr><td>c</td></tr>', "a | b\nc | b"),
            ('<tr><td rowspan="0" colspan="x">a</td></tr><tr><td/></tr>', "a"),
            ("<tr><td>a<break/>b</td><td><p>c</p><p>d</p></td></tr>", "a b | c d"),
        ],
    )  # fmt: skip
    def test_spans(self, rows: str, expected: str) -> None:
        assert text(f"<table-wrap><table>{rows}</table></table-wrap>") == expected

    def test_footnotes(self) -> None:
        back = '<fn-group><fn id="n1"><label>1</label><p>A note.</p></fn><fn id="n2"><p>Not called.</p></fn></fn-group>'
        body = '<p>One<xref ref-type="fn" rid="n1"><sup>1</sup></xref> two<fn><p>inline</p></fn>.</p><p>Three.</p>'
        document = only(article(body, back=back))
        assert document.text == "One two. (A note.) (inline)\n\nThree."
        assert document.counts == {"footnotes": 1}

    def test_unknown_elements_are_their_content_and_counted(self) -> None:
        document = only(article("<p>a <strange>b</strange></p>"))
        assert (document.text, document.counts) == ("a b", {"unknown_elements": 1})


def cited(pattern: str) -> str:
    """A paragraph with a citation for each #."""
    return paragraph(pattern.replace("#", '<xref ref-type="bibr" rid="r">7</xref>'))


class TestInline:
    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("a [#].", "a."),
            ("a [#, #–#], b", "a, b"),
            ("a [#]–[#] b", "a b"),
            ("a [#,#,\n#] b", "a b"),
            ("a <sup>#,#</sup>.", "a."),
            ("a.<sup>[#]</sup> B", "a. B"),
            ("a (see also # and #).", "a."),
            ("a (reviewed in [#]).", "a."),
            ("a (Fig. 1; [#, #]).", "a (Fig. 1)."),
            ("a ([#], p. 67).", "a (p. 67)."),
            ("a [[#], figure five].", "a [figure five]."),
            ("(e.g., [#], and b)", "(e.g., and b)"),
            ("a [x] (y) #", "a [x] (y)"),
            ("漢字［#，#］である。", "漢字である。"),
        ],
    )
    def test_citations_leave_no_trace(self, pattern: str, expected: str) -> None:
        assert cited(pattern) == expected

    @pytest.mark.parametrize("number", ["12", "[12]", "12a", "[3–5]", "<sup>5</sup>", "(4)", "12,13"])
    def test_forms_of_numbers(self, number: str) -> None:
        assert paragraph(f'a <xref ref-type="bibr" rid="r">{number}</xref> b') == "a b"

    def test_words_stay(self) -> None:
        assert paragraph('Sato (<xref ref-type="bibr" rid="r">2001</xref>) says') == "Sato (2001) says"
        assert (
            paragraph('as <xref ref-type="bibr" rid="r">Sato et al. (2001)</xref> say') == "as Sato et al. (2001) say"
        )
        assert paragraph('in <xref ref-type="sec" rid="s">Section 2</xref>') == "in Section 2"
        assert paragraph('<xref ref-type="disp-formula" rid="s">(3)</xref> and [1] and (2)') == "(3) and [1] and (2)"

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ("x<sup>2</sup>", "x²"),
            ("cm<sup>−1</sup>, cm<sup>-1</sup>", "cm⁻¹, cm⁻¹"),
            ("10<sup>−3</sup>", "10⁻³"),
            ("Ca<sup>2+</sup> and SO<sub>4</sub><sup>2−</sup>", "Ca²⁺ and SO₄²⁻"),
            ("CHCl<sub>3 </sub>was", "CHCl₃ was"),
            ("x<sup>n</sup>, x<sup>2.5</sup>, T<sub>max</sub>, x<sub>i</sub>", "x^n, x^{2.5}, T_{max}, x_i"),
            ("the 5<sup>th</sup>, Z<sup>®</sup>, p<sup>**</sup>, W<sup>TM</sup>", "the 5th, Z®, p**, WTM"),
            ("x<sup><inline-formula><tex-math>$\\alpha$</tex-math></inline-formula></sup>", r"x$^{\alpha}$"),
            ("a<sup> </sup>b<sub/>c", "a bc"),
        ],
    )
    def test_scripts(self, content: str, expected: str) -> None:
        assert paragraph(content) == expected

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (r"<inline-formula><tex-math>\documentclass[12pt]{minimal}\usepackage{amsmath}\begin{document}$$x^2$$"
             r"\end{document}</tex-math></inline-formula>", "$x^2$"),
            (r"<inline-formula><alternatives><inline-graphic/><mml:math><mml:mi>β</mml:mi></mml:math>"
             r"<tex-math>\(a\)</tex-math></alternatives></inline-formula>", "$a$"),
            ("<inline-formula><alternatives><graphic/><textual-form>a + 1</textual-form></alternatives>"
             "</inline-formula>", "a + 1"),
            ("<inline-formula><mml:math><mml:mi>β</mml:mi></mml:math></inline-formula>", r"$\beta$"),
            ("<inline-formula><italic>n</italic> = 3</inline-formula>", "n = 3"),
            ("<mml:math><mml:mn>1</mml:mn></mml:math>", "$1$"),
            (r"a<disp-formula><label>(2)</label><tex-math>\begin{equation}a=b\end{equation}</tex-math></disp-formula>b",
             "a\n\n$$a=b \\tag{2}$$\n\nb"),
            (r"<disp-formula><tex-math>\begin{align*}a&amp;=b\end{align*}</tex-math></disp-formula>",
             r"$$\begin{aligned}a&=b\end{aligned}$$"),
            ("<disp-formula>E = mc<sup>2</sup><label>1</label></disp-formula>", "E = mc²"),
        ],
    )  # fmt: skip
    def test_formulas(self, content: str, expected: str) -> None:
        assert paragraph(content) == expected

    def test_formulas_in_pictures_are_counted(self) -> None:
        picture = "<inline-formula><inline-graphic/></inline-formula>"
        document = only(article(f"<p>where {picture} is</p><disp-formula><graphic/></disp-formula>"))
        assert document.text == "where is"
        assert document.counts == {"formulas": 2, "pictures": 2}


TAGS = st.sampled_from(
    ["p", "sec", "title", "label", "list", "list-item", "table-wrap", "table", "tr", "td", "xref", "sup", "sub", "fig",
     "caption", "fn", "fn-group", "disp-formula", "inline-formula", "alternatives", "tex-math", "math", "mi",
     "abstract", "back", "body", "boxed-text", "def-list", "def-item", "term", "def", "ref-list", "ref", "ruby",
     "rb", "rt", "speech", "sub-article", "front-stub", "article-meta", "front", "article", "break", "unheard-of",
     "verse-group", "graphic"]
)  # fmt: skip
ATTRIBUTES = st.sampled_from(
    ["", " ref-type='bibr'", " ref-type='fn' rid='n'", " id='n'", " xml:lang='ja'", " rowspan='3' colspan='2'",
     " article-type='translation'", " list-type='order'"]
)  # fmt: skip
LEAVES = st.sampled_from(["", "7", "word", "漢字", "[", "]", "$x$", "\n", " , "])
TREES = st.recursive(LEAVES, lambda inner: st.tuples(TAGS, ATTRIBUTES, st.lists(inner, max_size=4)), max_leaves=25)


def written(tree: object) -> str:
    if isinstance(tree, tuple):
        tag, attributes, content = tree
        return f"<{tag}{attributes}>{''.join(map(written, content))}</{tag}>"
    return str(tree)


def attempt(document: str) -> list[Document]:
    try:
        return extract(document)
    except Unreadable:
        return []


class TestHostile:
    @given(st.lists(TREES, max_size=5), st.lists(TREES, max_size=3))
    def test_any_tree(self, body: list[object], rest: list[object]) -> None:
        documents = attempt(article("".join(map(written, body)), rest="".join(map(written, rest))))
        assert len({document.part for document in documents}) == len(documents)
        for document in documents:
            assert document.text == document.text.strip() != ""
            assert not {"\x01", "\x02"} & set(document.text + document.title + "".join(document.captions))

    @pytest.mark.parametrize(
        "tag", ["sec", "p", "list", "italic", "sup", "boxed-text", "table", "sub-article", "disp-quote", "xref", "fn"]
    )
    def test_deep(self, tag: str) -> None:
        attempt(article(f"<{tag}>" * 180 + "x" + f"</{tag}>" * 180))
        nested = "<list><list-item><p>x</p>" * 90 + "</list-item></list>" * 90
        assert len(text(nested)) < 10_000
        attempt(article("<table-wrap><table><tr><td>" * 45 + "x" + "</td></tr></table></table-wrap>" * 45))

    @pytest.mark.parametrize(
        "body",
        [
            "<p>" + '<xref ref-type="bibr">1</xref>, ' * 40_000 + "</p>",
            "<p>" + '(<xref ref-type="bibr">1</xref>' * 40_000 + "</p>",
            "<p>" + "(" * 400_000 + '<xref ref-type="bibr">1</xref></p>',
            '<p><xref ref-type="bibr">' + "1" * 400_000 + "z</xref></p>",
            "<p>" + "あ \n" * 200_000 + "</p>",
            "<p>" + "<sup>1</sup>" * 60_000 + "</p>",
            "<table-wrap><table>" + '<tr><td rowspan="999" colspan="999">x</td></tr>' * 5_000 + "</table></table-wrap>",
            "<table-wrap><table>" + "<tr><td rowspan='999'>" + "y" * 90 + "</td></tr>" + "<tr/>" * 90_000
            + "</table></table-wrap>",
            "<p><tex-math>" + r"\begin{document}" * 30_000 + "</tex-math></p>",
            "<p>" + "<fn><p>x</p></fn>" * 30_000 + "</p>",
            "<sec><title>t</title>" + "<p>x</p>" * 60_000 + "</sec>",
        ],
        ids=["citations", "brackets", "open", "digits", "breaks", "scripts", "spans", "rows", "tex", "notes", "many"],
    )  # fmt: skip
    def test_time_and_size(self, body: str) -> None:
        start = time.process_time()
        documents = attempt(article(body))
        assert time.process_time() - start < 10  # 1.5 s at most where this was written
        assert sum(len(document.text) for document in documents) < 10 * len(body) + 1_000_000


@pytest.mark.skipif(not JATS.is_dir(), reason="the real articles are not here")
class TestRealArticles:
    def test_all_but_an_empty_one_are_read(self) -> None:
        refused = []
        licences = dated = 0
        files = sorted(JATS.iterdir())
        for path in files:
            try:
                documents = jats.extract(path.read_bytes(), path.name)
            except Unreadable as error:
                refused.append((path.name, error.reason))
                continue
            assert documents[0].title, path
            dated += bool(documents[0].date)
            licences += bool(documents[0].rights.licences)
        assert refused == [("artigo_fake.xml", "empty")]
        assert licences == len(files) - 1
        assert dated == len(files) - 3  # two have none
