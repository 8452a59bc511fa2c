import contextlib
import json
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import HtmlSettings, clean, extract

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not on this machine")

PLAIN = HtmlSettings(prescreen=False)
JA = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
LONG = JA * 6


def page(body: str, head: str = "<title>題名</title>") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"


def read(html: str | bytes, charset: str = "utf-8", settings: HtmlSettings = PLAIN) -> Document:
    return extract(html.encode() if isinstance(html, str) else html, charset, settings)


def inside(fragment: str) -> str:
    """What becomes of a fragment between A and B in the middle of a sentence."""
    text = read(page(f"<article><p>{LONG}A{fragment}B。{LONG}</p><p>{LONG}</p></article>")).text
    return text[text.index("A") + 1 : text.index("B。")]


def refused(html: str | bytes, settings: HtmlSettings = PLAIN) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        read(html, "utf-8", settings)
    assert "\n" not in caught.value.detail
    return caught.value.reason, caught.value.detail


class TestText:
    @pytest.mark.parametrize(
        ("fragment", "text"),
        [
            ("<wbr>", ""),
            ("<ruby>漢字<rp>（</rp><rt>かんじ</rt><rp>）</rp></ruby>", "漢字"),
            ("<ruby><rb>漢字</rb><rtc><rt>かんじ</rt></rtc></ruby>", "漢字"),
            ("<nobr>改行</nobr>", "改行"),
            ("<q>引用</q>", "引用"),
            ("<font color=red>赤</font>", "赤"),
            ("<unknown>未知</unknown>", "未知"),
            ("H<sub>2</sub>O", "H2O"),
            ('<a href="x">リンク</a>', "リンク"),
            ("<!-- 注 -->", ""),
            ("<br>", "\n"),
            ("&nbsp;", " "),
            ("日本&shy;語", "日本語"),
        ],
    )
    def test_inline_markup_does_not_cut_a_sentence(self, fragment: str, text: str) -> None:
        assert inside(fragment) == text

    @pytest.mark.parametrize("fragment", ["アパート", "１２３ＡＢＣ！？", "①㈱㍻℃～", "x²½", "𠮷𩸽", "ガ"])
    def test_width_and_ligatures_stay_but_half_width_kana_does_not(self, fragment: str) -> None:
        assert inside(fragment) == fragment
        assert inside("か\u3099") == "が"
        assert inside("ｱﾊﾟｰﾄ") == "アパート"

    @pytest.mark.parametrize(
        ("fragment", "text"),
        [
            ("&lt;b&gt;", "<b>"),
            ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
            ("?a=1&amp;copy=2", "?a=1&copy=2"),
            ("R&amp;D", "R&D"),
        ],
    )
    def test_references_are_resolved_once(self, fragment: str, text: str) -> None:
        assert inside(fragment) == text

    def test_source_lines_are_no_lines(self) -> None:
        assert inside("。日本語の\n   文章は、\r\n続く") == "。日本語の文章は、続く"
        assert inside(" 日本語 and,\n\tEnglish,\n日本語") == " 日本語 and, English, 日本語"
        assert inside("を<code>x</code>\n  は") == "をx は"

    def test_preformatted_lines_stay(self) -> None:
        code = "def f(x):\n    if x:\n        return  1"
        assert code in read(page(f"<article><p>{LONG}</p><pre>{code}</pre><p>{LONG}</p></article>")).text

    def test_a_table_is_text(self) -> None:
        rows = "".join(f"<tr><td>項目{i}</td><td>{JA}</td></tr>" for i in range(5))
        text = read(page(f"<article><p>{LONG}</p><table>{rows}</table><p>{LONG}</p></article>")).text
        assert text.count("項目") == 5
        assert text.count(JA) == 17

    def test_boilerplate_goes(self) -> None:
        menu = "<nav><ul>" + "<li><a href=/x>会社案内</a></li>" * 8 + "</ul></nav>"
        text = read(page(f"{menu}<article><p>{LONG}</p></article><footer>Copyright 会社</footer>")).text
        assert text == LONG

    def test_title(self) -> None:
        article = f"<article><p>{LONG}</p></article>"
        assert read(page(article, "<title> 題名\n の &amp;\0 例 </title>")).title == "題名の & 例"
        assert read(page(article, "")).title == ""
        assert len(read(page(article, f"<title>{'長' * 9999}</title>")).title) == 500


class TestEncoding:
    @pytest.mark.parametrize("codec", ["cp932", "euc_jp", "iso2022_jp", "utf-8", "utf-16"])
    @pytest.mark.parametrize("label", ["Shift_JIS", "EUC-JP", "ISO-2022-JP", "UTF-8", None])
    @pytest.mark.parametrize("form", ["html", "xhtml"])
    def test_no_label_makes_mojibake(self, codec: str, label: str | None, form: str) -> None:
        declaration = f'<?xml version="1.0" encoding="{label}"?>' if label and form == "xhtml" else ""
        meta = f'<meta http-equiv="Content-Type" content="text/html; charset={label}"/>' if label else ""
        html = (
            f'{declaration}<html xmlns="http://www.w3.org/1999/xhtml"><head>{meta}<title>題名</title></head>'
            f"<body><div><p>{LONG}</p></div></body></html>"
        )
        found = read(html.encode(codec), "")
        assert (found.text, found.title) == (LONG, "題名")

    @pytest.mark.parametrize(("written_in", "read_as"), [("utf-8", "latin-1"), ("cp932", "latin-1")])
    def test_what_a_page_misread_itself_is_repaired_and_counted(self, written_in: str, read_as: str) -> None:
        comment = "コメント：この記事は、とても参考になりました。"
        found = read(page(f"<p>{LONG}</p><p>{comment.encode(written_in).decode(read_as)}</p>"))
        assert found.text == f"{LONG}\n{comment}"
        assert found.counts == {"mojibake_repaired": 1}
        assert read(page(f"<p>{LONG}</p>")).counts == {}

    def test_charset_and_its_source_are_told(self) -> None:
        found = read(page(f"<p>{LONG}").encode("cp932"), "sjis")
        assert (found.charset, found.charset_source) == ("cp932", "header")


class TestHostile:
    @pytest.mark.parametrize(
        "character",
        ["\0", "\x01", "\x08", "\x0b", "\x1f", "\x7f", "\x85", "\x9f", "\ufffe", "\uffff", "\ufeff", "\u200b"],
    )
    @pytest.mark.parametrize("form", ["{}", "&#{:d};", "&#x{:X};", "&#x00{:x};"])
    def test_control_characters_cost_no_page(self, character: str, form: str) -> None:
        written = form.format(ord(character) if "&" in form else character)
        between = inside(written)
        # HTML reads &#0; as U+FFFD and &#133; as windows-1252 does.
        assert between in ("", " ", "\ufffd", "…", "Ÿ")
        assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", between)

    @pytest.mark.parametrize("reference", ["&#xD800;", "&#xDFFF;", "&#55296;", "&#x110000;", "&#99999999999;"])
    def test_no_reference_makes_a_surrogate(self, reference: str) -> None:
        inside(reference).encode()

    @pytest.mark.parametrize("depth", [251, 5_000, 200_000])
    @pytest.mark.parametrize("tag", ["div", "b", "font", "table", "ul"])
    def test_depth_is_a_reason_not_an_empty_text(self, depth: int, tag: str) -> None:
        reason, detail = refused(page(f"<{tag}>" * depth + f"<p>{LONG}"))
        assert (reason, detail) == ("too_deep", "more than 250 nested elements")

    def test_depth_that_is_allowed_is_read(self) -> None:
        assert read(page("<div>" * 247 + f"<p>{LONG}")).text == LONG
        assert refused(page("<div>" * 248 + f"<p>{LONG}"))[0] == "too_deep"
        deep = HtmlSettings(prescreen=False, max_depth=2_000)
        assert read(page("<div>" * 1_990 + f"<p>{LONG}"), settings=deep).text == LONG
        assert refused(page("<div>" * 9_000 + f"<p>{LONG}"), deep)[0] == "too_deep"

    def test_size(self) -> None:
        small = HtmlSettings(prescreen=False, max_bytes=2_000)
        assert refused(page("x" * 2_000), small) == (
            "too_large",
            f"{len(page('x' * 2_000).encode())} bytes, limit 2000",
        )
        few = HtmlSettings(prescreen=False, max_elements=100)
        assert refused(page("<p>x" * 100), few) == ("too_many_elements", "104 elements, limit 100")

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (b"", "empty_page"),
            (b" \r\n\t", "empty_page"),
            (b"\0\0\0", "undecodable"),
            (b"<!-- -->", "empty_page"),
            (b"<html></html>", "empty"),
            (page("").encode(), "empty"),
            (page("<script>x = 1</script>").encode(), "empty"),
            (b"<frameset><frame src=a><frame src=b></frameset>", "empty"),
            (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "undecodable"),
        ],
    )
    def test_reasons(self, raw: bytes, reason: str) -> None:
        assert refused(raw)[0] == reason

    def test_prescreen_names_its_evidence(self) -> None:
        german = page("<p>" + "Alle glücklichen Familien gleichen einander, jede unglückliche ist es anders. " * 9)
        reason, detail = refused(german, HtmlSettings())
        assert reason == "prescreen"
        assert re.fullmatch(r"looks like de \(0\.\d+\); \w\w 0\.\d+, limit 0\.1", detail)
        assert read(german).text.startswith("Alle glücklichen")

    @pytest.mark.parametrize(
        "bomb",
        [
            "&" * 100_000,
            "&amp;" * 20_000,
            "&#" + "0" * 100_000,
            "&#x" + "0" * 100_000,
            "<" * 100_000,
            "<!--" * 25_000,
            " " * 100_000 + "あ",
            "あ" + " " * 100_000,
            "あ" + "\n" * 100_000 + "x",
            "あ \t\r" * 25_000,
            "が" * 100_000,
            '<p class="' + "x " * 50_000,
        ],
    )
    def test_no_pattern_explodes(self, bomb: str) -> None:
        with contextlib.suppress(Unreadable):
            read(page(f"<p>{LONG}</p><p>{bomb}</p>"))

    def test_external_entities_stay_outside(self) -> None:
        text = read(
            f'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body><p>{LONG}&x;</p></body></html>'
        ).text
        assert "root:" not in text

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.sampled_from(
                    ["<p>", "</p>", "<table>", "<td>", "</div>", "<b", ">", "<!--", "-->", "<svg><title>", "&#0;"]
                ),
                st.text(max_size=20),
                st.just(JA),
            ),
            max_size=30,
        ).map("".join)
    )
    def test_any_soup_gives_clean_text_or_a_reason(self, soup: str) -> None:
        raw = soup.encode(errors="surrogatepass")
        try:
            found = extract(raw, "utf-8", PLAIN)
        except Unreadable:
            return
        for text in (found.text, found.title):
            assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\xa0]", text)
            assert text == unicodedata.normalize("NFC", text)
            text.encode()
        assert found == extract(raw, "utf-8", PLAIN)


def test_clean() -> None:
    assert clean(" a\r\nb\rc\x0bd \u3000\ne\u2028f\xa0g\0\n") == "a\nb\nc\nd\ne\nf g"


def test_logging_of_others_is_left_alone() -> None:
    before = (logging.root.level, list(logging.root.handlers), logging.getLogger("lxml").level)
    refused(page(""))
    assert (logging.root.level, list(logging.root.handlers), logging.getLogger("lxml").level) == before


def records(path: Path) -> Iterator[tuple[str, str, bytes]]:
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            yield str(record.headers["WARC-Target-URI"]), record.http_charset or "", record.reader.read()


def outcome(raw: bytes, charset: str) -> tuple[str, ...]:
    try:
        found = extract(raw, charset, HtmlSettings())
    except Unreadable as unreadable:
        return unreadable.reason, unreadable.detail
    return found.text, found.title, found.charset


@needs_data
def test_pages_before_change_nothing() -> None:
    pages = [(raw, charset) for _, charset, raw in records(DATA / "web" / "crawl-00000.warc.gz")][:100]
    forwards = [outcome(*page) for page in pages]
    backwards = [outcome(*page) for page in reversed(pages)]
    assert forwards == backwards[::-1]
    assert forwards[0] == outcome(*pages[0])


TOKEN = re.compile("[ぁ-ヿ㐀-鿿々〇]|[^\\W_ぁ-ヿ㐀-鿿々〇]+")


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """4-grams of words, or of Japanese characters, as article-extraction-benchmark counts them."""
    tokens = TOKEN.findall(unicodedata.normalize("NFKC", text))
    return Counter(tuple(tokens[i : i + 4]) for i in range(max(len(tokens) - 3, min(len(tokens), 1))))


def f1(text: str, gold: str) -> float:
    found, expected = shingles(text), shingles(gold)
    common = (found & expected).total()
    return 2 * common / max(found.total() + expected.total(), 1)


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(("name", "floor"), [("zyte_article", 0.955), ("ja_template", 0.925)])
def test_quality(name: str, floor: float) -> None:
    folder = DATA / "eval" / "extraction" / name
    gold: dict[tuple[str, str], dict[str, Any]] = {}
    for line in (folder / "gold.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
        entry = json.loads(line)
        gold[entry.get("warc", f"eval/extraction/{name}/pages.warc.gz"), entry["url"]] = entry
    scores = []
    for warc in sorted({warc for warc, _ in gold}):
        for url, charset, raw in records(DATA / warc):
            if entry := gold.get((warc, url)):
                scores.append(f1(read(raw, charset).text, entry["text"]))
    assert len(scores) == {"zyte_article": 132, "ja_template": 376}[name]
    mean = sum(scores) / len(scores)
    print(f"{name}: mean 4-gram F1 {mean:.4f} of {len(scores)} pages, {sum(score < 0.5 for score in scores)} below 0.5")
    assert mean > floor
