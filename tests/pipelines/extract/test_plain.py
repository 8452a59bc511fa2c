import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.document import Document, Unreadable
from pipelines.extract.plain import MAX_BYTES, MAX_LINES, extract

PROSE = (
    "The mill stood at the bend of the river, where the water ran slowly in summer and carried away the "
    "lower fields in spring. Nobody in the village remembered who had built it, though the beams were marked "
    "with a year and two letters that might have been the name of a carpenter or of his master."
)
JAPANESE = "水車小屋は川の曲がり角に立っていて、夏には水がゆっくりと流れた。\n誰が建てたのかを覚えている者はいない。"


def one(raw: bytes) -> Document:
    (found,) = extract(raw)
    return found


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp", "utf-16"])
def test_charsets(charset: str) -> None:
    found = one((JAPANESE * 5).encode(charset))
    assert found.text == JAPANESE * 5
    assert found.charset_source in ("bom", "detector")


def test_shown_markup_is_not_believed() -> None:
    shown = '<meta charset="euc-jp"> と書けば、文字コードを宣言できる。\n' + JAPANESE
    found = one(shown.encode("cp932"))
    assert (found.text, found.charset, found.charset_source) == (shown, "cp932", "detector")
    declared = 'He wrote: <?xml version="1.0" encoding="utf-16"?> and a <meta charset=koi8-r> below it. Café.\n'
    assert one(declared.encode()).text == declared.strip()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4,
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
        b"%!PS-Adobe-3.0\n/Times-Roman findfont\n",
        b"{\\rtf1\\ansi This is rich.}",
        b"<!DOCTYPE html><html><body>A page</body></html>",
        b'<?xml version="1.0"?><article/>',
        bytes(range(256)) * 50,
    ],
)
def test_what_is_no_text(raw: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        extract(raw)
    assert caught.value.reason == "not_text"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \n\t\n\x0c\n", "empty"),
        ("\u3000\n".encode(), "empty"),
        (b"a" * (MAX_BYTES + 1), "too_large"),
        (b"a\n" * (MAX_LINES + 1), "too_large"),
    ],
)
def test_reasons(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        extract(raw)
    assert caught.value.reason == reason


def paged(form_feed: str) -> str:
    """An RFC: a paragraph over each end of a page, heads and feet."""
    lines = textwrap.wrap("   " + PROSE, 72, subsequent_indent="   ")
    pages = []
    for number in range(1, 6):
        head = "\n\nMemo 77                      On the Mill                    March 1822\n\n\n"
        foot = f"\n\n\nMiller & Kern               Informational                    [Page {number}]\n"
        body = "\n".join(lines[-2:]) + "\n\n" + "\n".join(lines) + "\n\n" + "\n".join(lines[:-2])
        pages.append((head if number > 1 else "") + body + foot)
    return form_feed.join(pages)


@pytest.mark.parametrize("form_feed", ["\f", "\n"], ids=["form feeds", "lost"])
def test_running_heads_go_and_paragraphs_go_on(form_feed: str) -> None:
    found = one(paged(form_feed).encode())
    assert "Memo 77" not in found.text
    assert "[Page" not in found.text
    assert found.text.split("\n\n")[1:-1] == [PROSE] * 9
    assert found.counts["running_heads"] == 9


def test_page_numbers_go() -> None:
    texts = [f"{season}の日に\n{JAPANESE}\n水は{season}の色をしている。" for season in "春夏秋冬朝昼夕夜"]
    pages = [f"{text}\n\n\n                - {number} -\n" for number, text in enumerate(texts, 1)]
    found = one("\f".join(pages).encode())
    assert found.text == "\n\n".join(texts)
    assert found.counts["running_heads"] == 8


def test_the_first_lines_of_different_pages_stay() -> None:
    pages = [f"{season}\n{JAPANESE}\n水は{season}の色をしている。" for season in "春夏秋冬"]
    assert one("\f".join(pages).encode()).text == "\n\n".join(pages)


def test_lines_of_what_is_not_hard_wrapped_stay() -> None:
    text = "吾は水車\n\u3000川は流れる。\n\n\n\n\u3000日は暮れる。\n"
    assert one(text.encode()).text == "吾は水車\n川は流れる。\n\n日は暮れる。"
    assert one(b"one\r\ntwo\rthree  \n").text == "one\ntwo\nthree"


def test_line_breaks_that_went_are_counted() -> None:
    wrapped = textwrap.wrap(PROSE, 72)
    found = one("\n\n".join(["\n".join(wrapped)] * 4).encode())
    assert found.text == "\n\n".join([PROSE] * 4)
    assert found.counts["line_breaks"] == 4 * (len(wrapped) - 1)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_nothing_but_unreadable_is_raised(raw: bytes) -> None:
    try:
        found = one(raw)
    except Unreadable:
        return
    assert found.text.strip() == found.text != ""


@given(st.lists(st.sampled_from([PROSE, JAPANESE, "", "- item", "x", "\u3000水", "1. one"]), min_size=1, max_size=12))
def test_extracting_twice_changes_nothing(lines: list[str]) -> None:
    raw = "\n".join(["start", *lines]).encode()
    once = one(raw).text
    assert one(once.encode()).text == once
