import contextlib
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.extract.document import Document, Unreadable
from pipelines.extract.markdown import MAX_BRACKETS, MAX_BYTES, extract


def one(source: str) -> Document:
    (found,) = extract(textwrap.dedent(source).encode())
    return found


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Mills\n=====\nOn mills\n--------\n### They *turn* ###", "# Mills\n\n## On mills\n\n### They turn"),
        ("a **b** _c_ ***d*** ~~e~~ `f*`", "a b c d e f*"),
        ("one\ntwo  \nthree\\\nfour", "one two\nthree\nfour"),
        ("- a\n- b\n  - c\n    d\n\n  e\n3. x\n4. y", "- a\n- b\n  - c d\n  e\n\n3. x\n4. y"),
        ("- [ ] a\n- [x] b\n- [z] c", "- a\n- b\n- [z] c"),
        ("> a\n> b\n>\n> > c", "a b\n\nc"),
        ("> [!NOTE]\n> Mind the wheel.", "Mind the wheel."),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("| a | b |\n|---|:-:|\n| 1 | *2* |\n| | |", "a | b\n1 | 2"),
        ("[the *mill*](http://x.test/a 'b') and <http://x.test>", "the mill and http://x.test"),
        ("[mill] and [this][mill]\n\n[mill]: http://x.test 'x'", "mill and this"),
        ("&amp; &copy; \\*no\\* 2\\*\\*3", "& © *no* 2**3"),
        ("a<br>b <sub>2</sub> <!-- c --> d", "a\nb 2  d"),
        ("<div align='center'>\n<b>Mill</b>\n</div>\n\ntext", "Mill\n\ntext"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\nc"),
        ("<ruby>水車<rp>(</rp><rt>すいしゃ</rt><rp>)</rp></ruby>が回る", "水車が回る"),
        ("<script>\nalert(1)\n</script>\n\ntext", "text"),
        ("# Mills {#sec-1}\n\n{: .class}\n\n{% raw %}\n\n[TOC]\n\ntext", "# Mills\n\ntext"),
        (":::message alert\n注意\n:::\n\n:::details 詳細\n中身\n:::", "注意\n\n詳細\n\n中身"),
        ("a[^1] b[^lost]\n\n[^1]: A note.", "a b\n\nA note."),
        ("as shown [@kern1822, p. 7; see @mill] at x@y.test", "as shown at x@y.test"),
    ],
)
def test_text(source: str, text: str) -> None:
    assert one(source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("水車が\n回る。", "水車が回る。"),
        ("水車が回る。\n$x$ は", "水車が回る。$x$ は"),
        ("これは**「水車」**です", "これは「水車」です"),
        ("**注意：**水車", "注意：水車"),
        ("a ** b", "a ** b"),
        ("水車は`**p`で、2\\*\\*水", "水車は**pで、2**水"),
        ("- 水車が\n  回る", "- 水車が回る"),
    ],
)
def test_japanese(source: str, text: str) -> None:
    assert one(source).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("$a_1 * b_2 * c$ and $x$", "$a_1 * b_2 * c$ and $x$"),
        ("$$a$$", "$$\na\n$$"),
        ("so $$a *b* c$$ here", "so $$a *b* c$$ here"),
        (
            "$$\n\\begin{aligned}\na &= b \\\\\n\n- c\n\\end{aligned}\n$$",
            "$$\n\\begin{aligned}\na &= b \\\\\n- c\n\\end{aligned}\n$$",
        ),
        ("x\n\\[\na = b\n\\]\ny", "x\n\n$$\na = b\n$$\n\ny"),
        ("\\begin{align*}\na\n\\end{align*}", "$$\n\\begin{align*}\na\n\\end{align*}\n$$"),
        ("\\(a_1\\) but \\(not\\) and \\[1\\]", "$a_1$ but (not) and [1]"),
        ("```math\na = b\n```", "$$\na = b\n$$"),
        ("$`a`$", "$a$"),
        ("costs $5 or $6", "costs $5 or $6"),
        ("it cost \\$5 and \\$6", "it cost $5 and $6"),
        ("- item\n  $$\n  a\n  $$", "- item\n$$\na\n$$"),
        ("$$\nunclosed", "$$ unclosed"),
        ("`$a$` $b$", "$a$ $b$"),
    ],
)
def test_formulas(source: str, text: str) -> None:
    assert one(source).text == text


@pytest.mark.parametrize(
    "code",
    ["```python\n# no heading\n\n\nx = a*b*c  # $x$ <b>\n```", "~~~\n- [x](y)\n~~~", "x:\n\n    if a:\n        **b**"],
)
def test_code_is_kept(code: str) -> None:
    assert one(code).text == code
    listed = one("- item\n\n  ```sh\n  $ ls *.md\n    x\n  ```").text
    assert listed == "- item\n```sh\n$ ls *.md\n  x\n```"


def test_pictures_are_captions_and_badges_are_not() -> None:
    found = one(
        """\
        # Mill [![build](https://img.shields.io/x.svg)](https://ci.test) ![b](https://github.com/a/actions/workflows/x/badge.svg)

        ![The wheel *at* rest](a.png "title") ![image.png](b.png) ![](c.png "A title")
        <img src="d.png" alt='Plan &amp; section'> text
        """
    )
    assert found.text == "# Mill\n\ntext"
    assert found.captions == ("The wheel at rest", "A title", "Plan & section")
    assert (found.counts["badges"], found.counts["figures"]) == (2, 4)


def test_counts() -> None:
    found = one("<!-- a -->\n\nb <i>c</i> <!-- d -->[^1] [@e]\n\n[f]: g\n\n[^1]: h\n\n:::note\n:::\n")
    assert found.counts == {
        "citations": 1,
        "comments": 2,
        "footnotes": 1,
        "link_definitions": 1,
        "tags": 2,
        "templates": 2,
    }


def test_lists_of_references_go() -> None:
    found = one(
        """\
        # Mills
        They turn.[^a]

        ## 参考文献
        1. Kern, J. (1822). On mills. *Journal of Water*, 7(1), 12–31.
        2. [水車の研究](https://x.test/mill)
        3. 水野一郎：水車の歴史，河川学会論文誌，Vol.3，pp.1-9，1999．

        ## 付録
        図面。

        [^a]: Kern, J. (1822). On mills. Journal of Water, 7(1), 12–31.
        """
    )
    assert found.text == "# Mills\n\nThey turn.\n\n## 付録\n\n図面。"
    assert found.counts["references"] == 4


def test_chapters_about_references_stay() -> None:
    source = "# References\n\nA reference is another name of an object.\n\n```cpp\nint& r = x;\n```"
    assert one(source).text == source


def test_front_matter_speaks_for_the_document() -> None:
    found = one("---\ntitle: 水車\nlang: ja\ndate: 2020-01\nlicense: CC-BY-4.0\n---\n# 序章\n\n回る。")
    assert (found.title, found.lang, found.date) == ("水車", "ja", "2020-01")
    assert found.rights.names == ("CC-BY-4.0",)
    assert found.text == "# 序章\n\n回る。"
    assert one("## second\n\n# The *first*\n\n# third").title == "The first"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"<!-- only -->\n\n[a]: b\n", "empty"),
        (b"---\ntitle: x\n---\n", "empty"),
        (b"a" * (MAX_BYTES + 1), "too_large"),
        (b"[" * (MAX_BRACKETS + 1), "too_large"),
        (b">" * 60 + b" a", "too_deep"),
        (b"\n".join(b" " * (2 * depth) + b"- a" for depth in range(60)), "too_deep"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_text"),
    ],
)
def test_reasons(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        extract(raw)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "![",
        "*a ",
        "**a",
        "`a``",
        "<a ",
        "<!--",
        "$a ",
        "$$\n",
        "\\(",
        "\\[\n",
        "\\begin{a}\n",
        "^[",
        "[@a",
        "- a\n",
        "|a\n",
    ],
)
def test_time_does_not_grow_with_the_square(unit: str) -> None:
    extract((unit * (20_000 // len(unit)) + "\n\n-->\n\nend").encode())


MARKS = [
    "*",
    "**",
    "_",
    "`",
    "```\n",
    "$",
    "$$",
    "[",
    "](x)",
    "![",
    "<b>",
    "<!--",
    "-->",
    "\n",
    "\n\n",
    "- ",
    "> ",
    "# ",
    "|",
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*MARKS, "水", "a", " ", "\\", "[^1]", "[^1]: ", ":::", "1. ", "---\n", "&amp;", "\0"])
    ).map("".join)
)
def test_nothing_but_unreadable_is_raised(source: str) -> None:
    try:
        found = one(source)
    except Unreadable:
        return
    assert found.text.strip() == found.text != ""
    assert "\0" not in found.text


def test_a_footnote_in_a_list_in_a_footnote_breaks_nothing() -> None:
    for source in ("[^1]: - [^1]: ", "a[^1] b[^2]\n\n[^1]: - x\n\n    [^2]: 1. y\n\n- z\n"):
        with contextlib.suppress(Unreadable):
            extract(source.encode())
