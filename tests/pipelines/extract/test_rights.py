import dataclasses
import gzip
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from conftest import DATA
from pipelines import sources
from pipelines.extract import charset, html, rights
from pipelines.extract.rights import Licence, Rights
from pipelines.inputs import find_inputs

URL = "https://www.example.jp/本/章.html"
BY = "https://creativecommons.org/licenses/by/4.0/"
#: What the pages of these sites state in their footers.
STATED = {"cpprefjp": "CC-BY-4.0", "boostjp": "CC-BY-3.0", "haskell-jp-blog": "CC-BY-4.0"}
CRAWL = DATA / "web/crawl-00004.warc.gz"


def read(page: str | bytes, *headers: tuple[str, str], url: str | None = URL, encoding: str = "utf-8") -> Rights:
    raw = page.encode(encoding) if isinstance(page, str) else page
    return rights.read(html.parse(charset.decode(raw).text, html.HtmlSettings()), raw, headers, url)


def robots(page: str, *tags: str) -> tuple[str, ...]:
    return read(page, *(("X-Robots-Tag", tag) for tag in tags)).robots


def found(page: str, *headers: tuple[str, str]) -> list[tuple[str, str | None, str]]:
    return [dataclasses.astuple(licence) for licence in read(page, *headers).licences]


def spdx(url: str) -> str | None:
    licences = read(f'<a rel=license href="{url}">x</a>').licences
    return licences[0].spdx if licences else None


def test_a_page_that_says_nothing() -> None:
    assert read("<title>題名</title><p>本文") == Rights((), None, None, ())


class TestRobots:
    @pytest.mark.parametrize(
        ("meta", "directives"),
        [
            ('<meta name="robots" content="noindex, nofollow" />', ("noindex", "nofollow")),
            ('<META NAME= "ROBOTS" CONTENT="NOINDEX,FOLLOW">', ("noindex",)),
            ("<meta content='NOARCHIVE,NOCACHE' name='robots'>", ("noarchive", "nocache")),
            ("<meta name=robots content=noai>", ("noai",)),
            ('<meta name="robots" content="noimageai"><meta name="robots" content="noai">', ("noimageai", "noai")),
            ('<meta name=" robots\n" content=" noai ;noai\tnoimageai,, ">', ("noai", "noimageai")),
            ('<meta name="robots" content="none">', ("none",)),
            ('<meta property="robots" content="noindex">', ("noindex",)),
            ('<meta http-equiv="X-Robots-Tag" content="noai">', ("noai",)),
            ('<meta name="robots" content="index, follow, max-snippet:-1, max-image-preview:none">', ()),
            ('<meta name="robots" content="noodp,noydir,all">', ()),
            ('<meta name="robots" content="">', ()),
            ('<meta name="robots">', ()),
            ('<meta name="robots" value="noindex">', ()),
            ('<p>本文<meta name="robots" content="nosnippet">', ("nosnippet",)),
        ],
    )
    def test_meta(self, meta: str, directives: tuple[str, ...]) -> None:
        assert robots(meta + "<p>x") == directives

    @pytest.mark.parametrize(
        ("meta", "directives"),
        [
            ('<meta name="googlebot" content="noindex">', ("googlebot:noindex",)),
            ('<meta name="Googlebot-News" content="noindex, max-snippet:0">', ("googlebot-news:noindex",)),
            ('<meta name="Baiduspider" content="noarchive">', ("baiduspider:noarchive",)),
            ('<meta name="gptbot" content="none">', ("gptbot:none",)),
            ('<meta name="some-crawler" content="index,NOAI">', ("some-crawler:noai",)),
            ('<meta name="apple-itunes-app" content="none">', ()),
            ('<meta name="description" content="noindex explained">', ()),
            ('<meta name="revisit" content="follow">', ()),
            ('<meta name="検索" content="noindex">', ()),
            ('<meta content="noindex">', ()),
        ],
    )
    def test_meta_for_one_agent(self, meta: str, directives: tuple[str, ...]) -> None:
        assert robots(meta + "<p>x") == directives

    @pytest.mark.parametrize(
        ("tags", "directives"),
        [
            (["noindex"], ("noindex",)),
            (["NOAI, NoImageAI"], ("noai", "noimageai")),
            (["googlebot: nofollow", "otherbot: noindex, nofollow"],
             ("googlebot:nofollow", "otherbot:noindex", "otherbot:nofollow")),
            (["BadBot: noindex, nofollow, googlebot: nofollow"],
             ("badbot:noindex", "badbot:nofollow", "googlebot:nofollow")),
            (["noai, badbot:noindex"], ("noai", "badbot:noindex")),
            (["badbot: noai", "noindex"], ("badbot:noai", "noindex")),
            (["*: noai"], ("noai",)),
            (["Some Bot: noindex, nofollow"], ("?:noindex", "?:nofollow")),
            (["max-image-preview: none, noai"], ("noai",)),
            (["unavailable_after: 25 Jun 2010 15:00:00 PST"], ("unavailable_after=25 Jun 2010 15:00:00 PST",)),
            (["noarchive, unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT, noai"],
             ("noarchive", "unavailable_after=Wed, 03 Dec 2025 13:09:53 GMT", "noai")),
            (["otherbot: unavailable_after: 2025-12-03T13:09Z"], ("otherbot:unavailable_after=2025-12-03T13:09Z",)),
            (["unavailable_after:", "unavailable_after: Wed", ":", ",:,", "\ud800: \ud800noai"],
             ("unavailable_after=Wed,",)),
        ],
    )  # fmt: skip
    def test_header(self, tags: list[str], directives: tuple[str, ...]) -> None:
        assert robots("<p>x", *tags) == directives

    def test_header_and_page_each_once(self) -> None:
        page = '<meta name=robots content="noindex,noai"><meta name=robots content=noai>'
        assert robots(page, "noai", "NoAI , nofollow") == ("noai", "nofollow", "noindex")

    @pytest.mark.parametrize(
        "page",
        [
            "<!-- {} --><p>x",
            "<!--[if lt IE 9]>{}<![endif]--><p>x",
            "<script>document.write('{}')</script><p>x",
            "<style>{}</style><p>x",
            "<textarea>{}</textarea>",
            "<iframe>{}</iframe><p>x",
            '<iframe srcdoc="{}"></iframe><p>x',
            "<frameset><frame src=a.html><noframes>{}</noframes></frameset>",
            "<frameset><frame src=a.html><frameset><frame src='javascript:{}'></frameset></frameset>",
            "<p>&lt;meta name=robots content=noai&gt;",
        ],
    )
    def test_what_is_no_element_of_this_page(self, page: str) -> None:
        assert robots(page.format("<meta name=robots content=noai>")) == ()

    def test_a_page_of_frames(self) -> None:
        page = "<head><meta name=robots content=noai></head><frameset><frame src=a><frameset><frame src=b></frameset>"
        assert robots(page) == ("noai",)


class TestReservation:
    @pytest.mark.parametrize(
        ("value", "reserved"),
        [("1", True), ("0", False), (" 1 ", True), ("0, 1", True), ("1,1", True), ("2", None), ("true", None),
         ("", None), ("１", None), ("01", None), ("1;", None)],
    )  # fmt: skip
    def test_values(self, value: str, reserved: bool | None) -> None:
        assert read("<p>x", ("TDM-Reservation", value)).tdm_reservation is reserved
        assert read(f'<META NAME="TDM-Reservation" content="{value}"><p>x').tdm_reservation is reserved

    @pytest.mark.parametrize(
        ("header", "metas", "reserved"),
        [("1", "0", False), ("0", "1", True), ("1", "?", True), ("0", "10", True), ("0", "01", True)],
    )
    def test_the_page_goes_before_the_header(self, header: str, metas: str, reserved: bool) -> None:
        page = "".join(f"<meta name=tdm-reservation content='{value}'>" for value in metas)
        assert read(page + "<p>x", ("tdm-reservation", header)).tdm_reservation is reserved

    def test_policy(self) -> None:
        page = '<meta name="tdm-policy" content="/policies/方針.json"><p>x'
        header = ("tdm-policy", "https://provider.com/policies/policy.json")
        assert read("<p>x", header).tdm_policy == header[1]
        assert read(page, header).tdm_policy == "https://www.example.jp/policies/%E6%96%B9%E9%87%9D.json"
        assert read(page).tdm_reservation is None
        assert read("<meta name=tdm-policy content=' '><p>x").tdm_policy is None


class TestLicences:
    @pytest.mark.parametrize(
        ("page", "where"),
        [
            ("<head><link rel=license href={}></head><p>x", "head link rel=license"),
            ("<head><LINK REL='COPYRIGHT' HREF=' {} '></head><p>x", "head link rel=copyright"),
            ("<p><a rel=license href={}>CC</a>", "body a rel=license"),
            ('<p><a rel="nofollow external License" href={}>CC</a>', "body a rel=license"),
            ("<main><p><a href={}>CC</a></main>", "main a href"),
            ("<article><figure><a href={}><img></a></figure></article>", "figure a href"),
            ("<footer><p>© <a href={}>CC</a></footer>", "footer a href"),
            ('<div id="Footer-inner"><p><a href={}>CC</a></div>', "footer a href"),
            ('<div class="row site-footer"><p><a href={}>CC</a></div>', "footer a href"),
            ('<div class="has-footer"><p><a href={}>CC</a></div>', "body a href"),
            ("<aside><a rel=license href={}>CC</a></aside>", "aside a rel=license"),
            ("<map><area rel=license href={}></map>", "body area rel=license"),
            ("<p><a rel=cc:license href={}>CC</a>", "body a rel=cc:license"),
            ("<p><a rel='http://creativecommons.org/ns#license' href={}>CC</a>",
             "body a rel=http://creativecommons.org/ns#license"),
            ("<p><a property=dct:license href={}>CC</a>", "body a property=dct:license"),
            ("<p><a itemprop=license href={}>CC</a>", "body a itemprop=license"),
            ("<p><meta itemprop=license content={}>x", "body meta license"),
            ("<head><meta name=DC.Rights scheme=DCTERMS.URI content={}></head><p>x", "head meta dc.rights"),
            ("<head><meta name=dcterms.license content={}></head><p>x", "head meta dcterms.license"),
        ],
    )  # fmt: skip
    def test_where(self, page: str, where: str) -> None:
        assert found(page.format(BY)) == [(BY, "CC-BY-4.0", where)]

    def test_no_licence(self) -> None:
        page = (
            "<head><meta name=brightspot.cached content=1><meta name=dcterms.rightsHolder content=x>"
            "<meta name=copyright content=' '><link rel=license><link rel=author href=x></head>"
            "<a name=license href=x>1</a><a rel=license>2</a><a rel=license href=' '>3</a><a href=/license>4</a>"
            "<a href=https://creativecommons.org/>5</a><a href=https://creativecommons.org/licenses/>6</a>"
            "<a href=https://example.com/?to=https://creativecommons.org/licenses/by/4.0/>7</a>"
            "<a href=https://notcreativecommons.org/licenses/by/4.0/>8</a>"
            "<img src=https://i.creativecommons.org/l/by/4.0/88x31.png><p>CC BY 4.0"
        )
        assert found(page) == []

    def test_words(self) -> None:
        page = """<meta name="copyright" content="  © 2020\u3000例示 &amp; 社&#10;">
            <meta name=dc.rights content="cc by-sa 4.0">
            <meta name=rights content="Licence: http://creativecommons.org/licenses/by-nc/2.0/de/, see there"><p>x"""
        assert found(page) == [
            ("© 2020 例示 & 社", None, "head meta copyright"),
            ("cc by-sa 4.0", "CC-BY-SA-4.0", "head meta dc.rights"),
            ("Licence: http://creativecommons.org/licenses/by-nc/2.0/de/, see there", "LicenseRef-CC-BY-NC-2.0-DE",
             "head meta rights"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("words", "expression"),
        [("CC BY 4.0", "CC-BY-4.0"), ("CC-BY-NC-ND-4.0", "CC-BY-NC-ND-4.0"), ("CC0", "CC0-1.0"), ("CC0 1.0", "CC0-1.0"),
         ("CC BY-SA 2.1 JP", "CC-BY-SA-2.1-JP"), ("CC BY", None), ("CC BY 4.0, photos excepted", None)],
    )  # fmt: skip
    def test_short_names(self, words: str, expression: str | None) -> None:
        assert found(f'<meta name=license content="{words}"><p>x') == [(words, expression, "head meta license")]

    def test_urls_are_absolute(self) -> None:
        link = "<link rel=copyright href='../権利.html?a=1&amp;b=2#x'>"
        assert found(f"<head>{link}</head><p>x")[0][0] == ("https://www.example.jp/%E6%A8%A9%E5%88%A9.html?a=1&b=2#x")
        assert found(f"<head><base href=//example.com/a/b/>{link}</head><p>x")[0][0].startswith(
            "https://example.com/a/%E6%A8"
        )
        assert read(f"<head>{link}</head><p>x", url=None).licences[0].stated.startswith("../%E6%A8")
        assert found("<a rel=license href='http://[/'>x</a>")[0][0] == "http://[/"
        assert found("<a href=//creativecommons.org/licenses/by/4.0/>x</a>")[0][:2] == (BY, "CC-BY-4.0")
        assert found("<a href='\n//creativecommons.org/\tlicenses/by/4.0/\r\n'>x</a>")[0][:2] == (BY, "CC-BY-4.0")

    def test_one_plain_link_is_enough(self) -> None:
        url = "https://creativecommons.org/publicdomain/zero/1.0/deed.ja"
        assert found(f"<p><a href={url}>CC0</a>") == [(url, "CC0-1.0", "body a href")]

    @pytest.mark.parametrize(
        ("field", "licences"),
        [
            (f'<{BY}>; rel="license"', [BY]),
            (f'</a>; rel=next, <{BY}>; title="a, b"; REL=\'x\'; rel="describedby license"', []),
            (f'</a>; rel=next, <{BY}>; title="a, b"; rel="describedby License"', [BY]),
            (f'</a>; rel="preload"; as=style,</b>;rel=license,<{BY}>;rel=license', ["https://www.example.jp/b", BY]),
            (f'<{BY}>; rel="license', []),
            (f"<{BY}", []),
        ],
    )
    def test_link_header(self, field: str, licences: list[str]) -> None:
        assert [(url, where) for url, _, where in found("<p>x", ("Link", field))] == [
            (url, "http link") for url in licences
        ]

    def test_all_are_listed_in_order_and_once(self) -> None:
        page = f"""<head><meta name=copyright content="© A"><link rel=license href={BY}></head>
            <p><a rel=license href={BY}><img></a> <a rel=license href={BY}>CC BY</a>
            <figure><a href="http://creativecommons.org/publicdomain/zero/1.0/deed.ja">CC0</a></figure>
            <footer><a rel=license href={BY}>CC BY</a></footer>"""
        said = read(page, ("link", f"<{BY}>;rel=license"))
        assert [licence.where for licence in said.licences] == [
            "http link", "head meta copyright", "head link rel=license", "body a rel=license", "figure a href",
            "footer a rel=license",
        ]  # fmt: skip
        assert said.names == ("CC-BY-4.0", "CC0-1.0")


class TestJsonLd:
    @pytest.mark.parametrize(
        ("script", "licences"),
        [
            (f'{{"@type":"Article","license":"{BY}"}}', [(BY, "json-ld Article")]),
            (f'{{"@graph":[{{"@type":["ImageObject","X"],"license":{{"@id":"{BY}"}}}},{{"@type":"WebPage"}}]}}',
             [(BY, "json-ld ImageObject")]),
            (f'[{{"@type":"A","license":[{{"@type":"CreativeWork","url":"{BY}"}},"CC0"],"image":{{"license":"L"}}}}]',
             [(BY, "json-ld A"), ("CC0", "json-ld A"), ("L", "json-ld")]),
            (f'{{"https://schema.org/license":"{BY}","@type":7}}', [(BY, "json-ld")]),
            (f'//<![CDATA[\n{{"description":"two\nlines","schema:license":"{BY}",}}', []),
            (f'//<![CDATA[\n{{"description":"two\nlines","schema:license":"{BY}"}}//]]>', [(BY, "json-ld")]),
            ('{"license":"\\ud800\\u0000 x"}', [("x", "json-ld")]),
            ('{"license":[null,1,"",{},[[]],{"url":1}]}', []),
            ('{"a":{"license":"1"},"b":[{"license":"2"},{"license":"3"}]}', [(n, "json-ld") for n in "123"]),
            ('{"license":"cut', []),
            ('"license"', []),
        ],
    )  # fmt: skip
    def test_forms(self, script: str, licences: list[tuple[str, str]]) -> None:
        page = f'<p>x<script type="application/LD+json">{script}</script>'
        assert [(stated, where) for stated, _, where in found(page)] == licences
        assert found(page.replace("LD+json", "json")) == []

    @pytest.mark.parametrize(
        "script",
        ['{"license":' * 20_000, '{"license":' + "[" * 100_000, '{"license":' + "9" * 10_000 + "}",
         '{"license":"' + "x" * 300_000 + '"}', '{"license":"x",' * 30_000],
    )  # fmt: skip
    def test_hostile(self, script: str) -> None:
        assert found(f"<p>x<script type=application/ld+json>{script}</script>") == []

    def test_many(self) -> None:
        script = json.dumps([{"license": f"L{number}"} for number in range(10_000)])
        assert len(found(f"<p>x<script type=application/ld+json>{script}</script>")) == rights.MAX_LICENCES


class TestSpdx:
    @pytest.mark.parametrize(
        ("url", "expression"),
        [
            ("https://creativecommons.org/licenses/by/4.0/deed.ja", "CC-BY-4.0"),
            ("https://creativecommons.org/licenses/by/4.0/legalcode.de", "CC-BY-4.0"),
            ("http://creativecommons.org/licenses/by/4.0/?ref=chooser-v1", "CC-BY-4.0"),
            ("HTTP://WWW.CreativeCommons.org/licenses/BY-SA/3.0", "CC-BY-SA-3.0"),
            ("//creativecommons.org/licenses/by-sa/3.0/", "CC-BY-SA-3.0"),
            ("http://creativecommons.org/licenses/by-nc-nd/4.0/#x", "CC-BY-NC-ND-4.0"),
            ("http://creativecommons.org/licenses/by-nd-nc/1.0/", "CC-BY-NC-ND-1.0"),
            ("http://creativecommons.org/licenses/by-sa/2.1/jp/", "CC-BY-SA-2.1-JP"),
            ("http://creativecommons.org/licenses/by/2.1/jp/deed.ja", "LicenseRef-CC-BY-2.1-JP"),
            ("http://creativecommons.org/licenses/by-sa/3.0/de/deed.en", "CC-BY-SA-3.0-DE"),
            ("http://creativecommons.org/licenses/by/3.0/igo/legalcode", "CC-BY-3.0-IGO"),
            ("http://creativecommons.org/licenses/by-nc-sa/2.5/scotland/", "LicenseRef-CC-BY-NC-SA-2.5-SCOTLAND"),
            ("http://creativecommons.org/licenses/by/2.0/de", "LicenseRef-CC-BY-2.0-DE"),
            ("http://creativecommons.org/licenses/by/3.0/index.html", "CC-BY-3.0"),
            ("http://creativecommons.org/licenses/sa/1.0/", "CC-SA-1.0"),
            ("http://creativecommons.org/licenses/nc/1.0/", "LicenseRef-CC-NC-1.0"),
            ("https://creativecommons.org/publicdomain/zero/1.0/deed.ja", "CC0-1.0"),
            ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
            ("http://creativecommons.org/licenses/publicdomain/", "CC-PDDC"),
            ("http://creativecommons.org/licenses/by/", None),
            ("http://creativecommons.org/licenses/by-nd-sa/3.0/", None),
            ("http://creativecommons.org/licenses/by-xx/3.0/", None),
            ("http://creativecommons.org/licenses/by/3.0.1/", None),
            ("http://creativecommons.org/licenses/by/30/", None),
            ("http://creativecommons.org/publicdomain/zero/1x0/", None),
            ("http://creativecommons.org/licenses/GPL/2.0/", None),
            ("https://web.archive.org/web/2014/http://creativecommons.org/licenses/by/3.0/", None),
            ("https://www.apache.org/licenses/LICENSE-2.0", None),
        ],
    )
    def test_creative_commons(self, url: str, expression: str | None) -> None:
        assert spdx(url) == expression

    def test_every_name_is_in_the_list_and_every_name_of_the_list_is_given(self) -> None:
        """Against the copy of the SPDX list that `packaging` carries."""
        ports = ["at", "au", "ch", "cn", "de", "es", "fr", "igo", "it", "jp", "kr", "nl", "scotland", "tw", "uk", "us"]
        for kind in ("by", "by-nc", "by-nc-nd", "by-nc-sa", "by-nd", "by-sa"):
            for version in ("1.0", "2.0", "2.1", "2.5", "3.0", "4.0"):
                for port in ("", *ports):
                    name = "-".join(filter(None, ("CC", kind.upper(), version, port.upper())))
                    try:
                        expected = canonicalize_license_expression(name)
                    except InvalidLicenseExpression:
                        expected = canonicalize_license_expression(f"LicenseRef-{name}")
                    assert spdx(f"https://creativecommons.org/licenses/{kind}/{version}/{port}") == expected
        for name in ("CC0-1.0", "CC-PDDC", "CC-PDM-1.0", "CC-SA-1.0"):
            assert canonicalize_license_expression(name) == name


class TestEncodings:
    PAGE = """<html><head><meta http-equiv="Content-Type" content="text/html; charset={}">
        <META NAME="ROBOTS" CONTENT="NOARCHIVE"><title>日本語の題名</title></head><body><p>ソフトウェアの表示能力
        <div id="footer">この作品は<A REL="License" HREF="http://creativecommons.org/licenses/by/2.1/jp/">表示</A></div>"""

    @pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "euc_jp", "iso2022_jp", "utf-16"])
    def test_japanese(self, encoding: str) -> None:
        page = self.PAGE.format(encoding.replace("_", "-").replace("iso2022", "iso-2022"))
        assert read(page, encoding=encoding) == Rights(
            robots=("noarchive",),
            licences=(
                Licence(
                    "http://creativecommons.org/licenses/by/2.1/jp/", "LicenseRef-CC-BY-2.1-JP", "footer a rel=license"
                ),
            ),
        )


MARKUP = st.text(alphabet="<>/=\"' -:;,.#abc漢\0\ud800😀", max_size=12)
NAMES = st.sampled_from(
    [
        "robots",
        "googlebot",
        "tdm-reservation",
        "tdm-policy",
        "dc.rights",
        "copyright",
        "license",
        "x-robots-tag",
        "link",
    ]
)
VALUES = st.lists(
    st.one_of(
        MARKUP,
        st.sampled_from(
            [BY, "noai", "noindex", "unavailable_after:", "bot:", "1", "0", "license", "<", ">;rel=license"]
        ),
    ),
    max_size=6,
).map("".join)
TAGS = st.one_of(
    st.builds("<meta name='{}' content='{}'>".format, NAMES, VALUES),
    st.builds("<a rel={} href='{}'>x</a>".format, NAMES, VALUES),
    st.builds("<link rel=license href='{}'>".format, VALUES),
    st.builds("<base href='{}'>".format, VALUES),
    st.builds('<script type=application/ld+json>{{"license":{}}}</script>'.format, VALUES),
    st.builds("<div class='{}'>".format, VALUES),
    MARKUP,
)


class TestHostile:
    @given(st.lists(TAGS, max_size=8), st.lists(st.tuples(NAMES, VALUES), max_size=4), st.none() | VALUES)
    def test_never_raises_and_is_the_same_after_json(
        self, tags: list[str], headers: list[tuple[str, str]], url: str | None
    ) -> None:
        page = ("".join(tags) + "<p>x").encode("utf-8", "replace")
        said = rights.read(html.parse(page.decode(), html.HtmlSettings()), page, headers, url)
        assert said == rights.from_json(json.loads(json.dumps(dataclasses.asdict(said))))
        assert all(licence.stated == licence.stated.strip() != "" for licence in said.licences)
        assert all(directive.isascii() for directive in said.robots)

    @staticmethod
    def worst() -> tuple[str, Sequence[tuple[str, str]]]:
        """As much as can be said, in the characters that take most room in JSON."""
        quotes, faces, long = '"' * 3000, "😀" * 300, "x" * 60
        page = "".join(
            f"<meta name={long[:33]}{i:03}-bot content='unavailable_after:{quotes[:100]}'>"
            f"<meta name={long}{i:03}.copyright content='{i}{faces}'><a rel=license href='http://x/{i}{quotes}'>x</a>"
            for i in range(100)
        )
        return page, [("tdm-policy", '"' * 3000), ("x-robots-tag", "noai"), ("tdm-reservation", "0")]

    def test_everything_together_is_bounded(self) -> None:
        page, headers = self.worst()
        said = read(page, *headers)
        assert (len(said.robots), len(said.licences)) == (rights.MAX_ROBOTS, rights.MAX_LICENCES)
        assert len(json.dumps(dataclasses.asdict(said))) < 1 << 16
        assert len(said.tdm_policy or "") == rights.MAX_URL
        assert len(found(f"<a rel=license href='http://x/{'a' * 3000}'>x</a>")[0][0]) == rights.MAX_URL

    def test_so_are_header_fields(self) -> None:
        headers = [("X-Powered-By", "x")] * 1_000 + [("X-Robots-Tag", "noai")] * 16 + [("X-Robots-Tag", "noindex")]
        assert read("<p>x", *headers).robots == ("noai",)

    @pytest.mark.parametrize(
        "page",
        [
            "<meta name=robots content='" + "a:" * 1_000_000 + "'>",
            "<meta name=robots content='" + "noai," * 500_000 + "'>",
            "<meta name='" + "." * 2_000_000 + "' content=x>license",
            "<a rel='" + "a.b:" * 500_000 + "' href=x>license</a>",
            "<a rel=license href='" + "http://creativecommons.org/licenses/by/" * 60_000 + "'>x</a>",
            "<p>" + "<a href=//creativecommons.org/licenses/by/4.0/>x</a>" * 40_000,
            "<div class=foot>" * 200 + "<a rel=license href=x>x</a>" * 40_000,
            "<meta name=x content=noindex>" * 90_000,
            "<div class=foot>" * 200 + "<meta name=copyright content=x>" * 90_000,
        ],
        ids=["colons", "commas", "name", "rel", "href", "links", "deep", "metas", "deep metas"],
    )
    def test_time_is_linear(self, page: str) -> None:
        raw = page.encode()
        tree = html.parse(page, html.HtmlSettings())
        start = time.process_time()
        rights.read(
            tree, raw, [("link", "<" * 100_000), ("link", '<a>"' * 25_000), ("x-robots-tag", "a:" * 50_000)], URL
        )
        assert time.process_time() - start < 2  # 0.3 s at most where this was written

    @pytest.mark.parametrize(
        "fields",
        [
            None, [], {}, {"robots": [], "tdm_reservation": None, "tdm_policy": None},
            {"robots": "noai", "tdm_reservation": None, "tdm_policy": None, "licences": []},
            {"robots": [1], "tdm_reservation": None, "tdm_policy": None, "licences": []},
            {"robots": [], "tdm_reservation": 1, "tdm_policy": None, "licences": []},
            {"robots": [], "tdm_reservation": None, "tdm_policy": None, "licences": [{"stated": "x"}]},
            {"robots": [], "tdm_reservation": None, "tdm_policy": None, "licences": [None]},
        ],
    )  # fmt: skip
    def test_lies_in_json(self, fields: object) -> None:
        with pytest.raises(ValueError, match=r"^no "):
            rights.from_json(fields)

    def test_json_is_cut_and_made_text(self) -> None:
        many = {"robots": ["a\ud800"] * 99, "tdm_reservation": True, "tdm_policy": "\udfff", "licences": []}
        assert rights.from_json(many) == Rights(("a?",) * rights.MAX_ROBOTS, True, "?")


@pytest.fixture(scope="module")
def pages() -> list[tuple[sources.Raw, object]]:
    (source,) = find_inputs([str(CRAWL)])
    records = (record for span in sources.split(source, 1 << 40) for record in sources.read(span, 10_000_000))
    return [
        (record, html.parse(charset.decode(record.payload, record.http_charset).text, html.HtmlSettings()))
        for record in records
        if isinstance(record, sources.Raw)
    ]


@pytest.mark.skipif(not CRAWL.is_file(), reason="the real crawl is not here")
class TestRealPages:
    def test_licences_by_site(self, pages: list[tuple[sources.Raw, object]]) -> None:
        with gzip.open(DATA / "web/manifest.jsonl.gz", "rt") as lines:
            groups = {line["url"]: line["group"] for line in map(json.loads, lines) if line["file"] == Path(CRAWL).name}
        stated: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for record, tree in pages:
            said = rights.read(tree, record.payload, (), record.url)
            assert said.tdm_reservation is None
            stated[groups[record.url], said.names] += 1
            if groups[record.url] in STATED and said.licences:
                assert {licence.where.split()[0] for licence in said.licences} == {"footer"}, record.url
        for group, name in STATED.items():
            assert stated[group, (name,)] >= 0.95 * sum(n for (other, _), n in stated.items() if other == group) > 0
        others = {names for (group, names) in stated if group not in STATED}
        assert {name for names in others for name in names if not name.startswith("http")} <= {"CC-BY-SA-3.0"}

    def test_what_it_costs(self, pages: list[tuple[sources.Raw, object]]) -> None:
        costs = []
        for record, tree in pages:
            start = time.process_time()
            rights.read(tree, record.payload, (), record.url)
            costs.append(time.process_time() - start)
        assert statistics.median(costs) < 0.002  # 0.2 ms where this was written; a whole page takes 10
