import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pdfs
from pdfs import column, text
from pipelines.extract import pdf
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.pdf import extract
from pipelines.extract.pdf.paragraphs import joined

PROSE = [
    "The rain had fallen for three days when the first of the bridges was",
    "overwhelmed by the river. Nobody had thought that it would come to",
    "that, and the carts were still on the other side, with all the grain.",
]
FILLER = [
    f"Here stands line {word} of a page that has nothing else to say to us, and says it." for word in "abcdefghij"
]


def read(*pages: bytes, info: str = "", catalog: str = "", box: str = "0 0 595 842") -> Document:
    (document,) = extract(pdfs.pdf(*pages, info=info, catalog=catalog, box=box))
    return document


def refused(raw: bytes) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        extract(raw)
    return caught.value.reason, caught.value.detail


class TestParagraphs:
    def test_lines_of_a_paragraph_are_one(self) -> None:
        assert read(column(PROSE, 72, 700)).text == " ".join(PROSE)

    def test_a_gap_and_a_short_line_part_paragraphs(self) -> None:
        first = [*FILLER[:3], "It is over."]
        page = column([*first, *FILLER[3:6]], 72, 700) + column(FILLER[6:], 72, 590)
        assert read(page).text.split("\n\n") == [" ".join(part) for part in (first, FILLER[3:6], FILLER[6:])]

    def test_an_indent_begins_a_paragraph(self) -> None:
        page = column(PROSE, 72, 700) + text("   " + PROSE[0][:-8], 84, 664) + column(PROSE[1:], 72, 652)
        assert read(page).text.count("\n\n") == 1

    @pytest.mark.parametrize(
        ("before", "after", "joint"),
        [
            ("were quite remark-", "able.", "were quite remarkable."),
            ("are still well-", "known", "are still well-known"),
            ("named for Navier-", "Stokes", "named for Navier-Stokes"),
            ("in their data-", "driven ways", "in their data-driven ways"),
            ("a GPU-", "backed store", "a GPU-backed store"),
            ("the river-", "bank", "the river-bank"),
            ("the web-", "site", "the website"),
            ("he said \u2013", "so it is", "he said \u2013 so it is"),
            ("the years 1914\u2013", "1918", "the years 1914\u20131918"),
            ("see https://example.org/", "paper", "see https://example.org/paper"),
            ("川の", "水", "川の水"),
            ("川の", "XML", "川のXML"),
        ],
    )
    def test_the_end_of_a_line(self, before: str, after: str, joint: str) -> None:
        assert joined(before, after, {"river-bank", "website"}) == joint

    def test_ligatures_and_radicals_are_letters(self) -> None:
        assert read(text("ﬁnal eﬀort of oﬃce", 72, 700, "J")).text == "final effort of office"
        assert read(text("⽂字を⽤いる人は⻑い道を歩く。", 72, 700, "J")).text == "文字を用いる人は長い道を歩く。"

    def test_items_of_a_list_have_lines_of_their_own(self) -> None:
        page = text("\u2022 the first of the items", 72, 700) + text("\u2022 the second of the items", 72, 688)
        assert read(page).text == "- the first of the items\n- the second of the items"

    def test_a_listing_keeps_its_lines_and_indents(self) -> None:
        page = column(PROSE, 72, 760)
        page += column(["def double(x):", "    return x * 2"], 72, 700, "M")
        assert "def double(x):\n    return x * 2" in read(page).text

    def test_letters_set_apart_are_a_word(self) -> None:
        page = b"BT /M 10 Tf 1.8 Tc 72 700 Td (message from) Tj ET"
        assert read(page).text == "message from"


class TestJapanese:
    def test_lines_are_joined_without_a_space(self) -> None:
        lines = [
            "谷川の水はその朝も冷たく、橋のたもとには誰の姿もなかっ",
            "た。風だけが葦をゆらして通りすぎてゆくのである。",
        ]
        assert read(column(lines, 72, 700, "J")).text == "".join(lines)

    def test_spaces_between_characters_are_no_spaces(self) -> None:
        assert read(b"BT /J 10 Tf 1 0 0 1 72 700 Tm [<6c34>-300<8eca>-300<5c0f>-300<5c4b>] TJ ET").text == "水車小屋"

    def test_no_space_beside_a_latin_word_and_one_where_it_is_wide(self) -> None:
        page = text("版は", 72, 700, "J") + text("XML", 94.5, 700) + text("である。", 120, 700, "J")
        assert read(page).text == "版はXMLである。"
        assert read(text("第一章", 72, 700, "J") + text("水車", 118, 700, "J")).text == "第一章 水車"

    def test_vertical_lines_run_from_right_to_left(self) -> None:
        lines = ["谷川の水はその朝も冷たく", "橋のたもとには誰の姿も", "なく、風だけが通る。"]
        page = b"".join(text(line, 500 - 20 * at, 700, "V", 12) for at, line in enumerate(lines))
        assert read(page).text.replace("\n", "") == "".join(lines)

    def test_figures_that_stand_in_a_vertical_line(self) -> None:
        page = (
            text("昭和", 500, 700, "V", 12) + text("12", 493.3, 665, "F", 12) + text("年の春の朝。", 500, 662, "V", 12)
        )
        assert read(page).text == "昭和12年の春の朝。"

    def test_a_box_of_vertical_writing_on_a_horizontal_page(self) -> None:
        page = column(["横に書いた文がこのページの大部分を占めています。"] * 3, 72, 700, "J")
        page += text("縦の小箱の文", 400, 500, "V") + text("その二行目だ", 386, 500, "V")
        made = read(page).text.replace("\n", "")
        assert made.endswith("縦の小箱の文その二行目だ")

    def test_ruby_goes_and_is_counted(self) -> None:
        page = text("水車小屋の朝は早い。", 72, 700, "J", 10) + text("すいしゃごや", 74, 709.5, "J", 5)
        made = read(page)
        assert made.text == "水車小屋の朝は早い。"
        assert made.counts == {"ruby": 6}


LEFT = [f"left column line {word} goes on here now" for word in ("one", "two", "six", "ten", "and", "end")]
RIGHT = [f"right column line {word} goes on here so" for word in ("one", "two", "six", "ten", "and", "end")]


class TestOrder:
    def test_columns_are_read_one_after_the_other(self) -> None:
        made = read(column(LEFT, 60, 700) + column(RIGHT, 320, 700)).text
        assert made.replace("\n\n", " ") == " ".join(LEFT + RIGHT)

    def test_so_they_are_where_the_file_goes_line_by_line(self) -> None:
        rows = [text(a, 60, 700 - 12 * at) + text(b, 320, 700 - 12 * at) for at, (a, b) in enumerate(zip(LEFT, RIGHT))]
        assert read(b"".join(rows)).text.replace("\n\n", " ") == " ".join(LEFT + RIGHT)

    def test_a_title_over_both_comes_first_and_a_span_between_parts_them(self) -> None:
        page = text("A Title That Stands Over Both of the Columns", 100, 740, "B", 18)
        page += column(LEFT, 60, 700) + column(RIGHT, 320, 700)
        across = "Something that reaches from the left edge of the page over to the right edge of it, as a wide note"
        page += text(across, 60, 600) + column(LEFT, 60, 560) + column(RIGHT, 320, 560)
        made = read(page).text.replace("\n\n", " ")
        assert made.startswith("# A Title That Stands Over Both of the Columns left column line one")
        assert made.index("right column") < made.index("Something") < made.rindex("left column line one")

    def test_what_stands_beside_the_text_comes_after_it(self) -> None:
        lines = [f"{word} is a line of the main text of this page which is as long as a line." for word in "abcdefgh"]
        side = ["Received May 1", "Accepted June 2", "Editor Somebody", "License free"]
        page = column(side, 30, 707, size=8, step=11) + column(lines, 180, 700)
        made = read(page).text
        assert made.index("h is a line") < made.index("Received") < made.index("License")

    def test_a_footnote_goes_below_the_paragraph_it_interrupts(self) -> None:
        left = [*LEFT, "and the sentence does not end in this"]
        page = column(left, 60, 700) + text("1 A note that is small.", 60, 600, size=7) + column(RIGHT, 320, 700)
        made = read(page).text
        assert "in this right column line one" in made
        assert made.endswith("1 A note that is small.")

    def test_a_paragraph_goes_on_on_the_next_page(self) -> None:
        made = read(column(PROSE[:2], 72, 100), column(PROSE[2:], 72, 760))
        assert made.text == " ".join(PROSE)

    def test_a_page_that_is_turned(self) -> None:
        turned = b"".join(text(line, 100 + 12 * at, 72, turn="0 1 -1 0") for at, line in enumerate(PROSE))
        assert read(turned).text == " ".join(PROSE)

    def test_rows_of_a_table(self) -> None:
        rows = [
            ("method", "recall", "time"),
            ("first", "0.85", "12 s"),
            ("second", "0.91", "31 s"),
            ("third", "0.7", "2 s"),
        ]
        page = column(PROSE, 72, 700)
        for at, cells in enumerate(rows):
            page += b"".join(text(cell, 72 + 120 * place, 600 - 14 * at) for place, cell in enumerate(cells))
        assert "method | recall | time\nfirst | 0.85 | 12 s\nsecond | 0.91 | 31 s" in read(page).text


class TestLeftOut:
    def test_running_heads_and_page_numbers(self) -> None:
        pages = [
            text(f"Journal of Rivers 12 ({at})", 72, 810, size=8)
            + column([line[at:] for line in FILLER], 72, 760)
            + text(str(at), 290, 30)
            for at in (7, 8, 9)
        ]
        made = read(*pages)
        assert "Journal" not in made.text
        assert made.counts == {"running_heads": 3, "page_numbers": 3}

    def test_a_stamp_on_the_margin_but_its_number_is_an_id(self) -> None:
        stamp = text("arXiv:2101.01234v3 [cs.CL] 5 Jan 2021", 20, 300, size=18, turn="0 1 -1 0")
        made = read(stamp + column(FILLER, 72, 700))
        assert "arXiv" not in made.text
        assert made.ids == ("arxiv:2101.01234",)
        assert made.counts["rotated"] > 20

    def test_line_numbers(self) -> None:
        page = b"".join(text(str(at), 40, 700 - 12 * at, size=6) for at in range(1, 11)) + column(FILLER, 72, 688)
        made = read(page)
        assert made.counts == {"line_numbers": 10}
        assert made.text.startswith("Here stands line a")

    def test_references_and_not_what_follows(self) -> None:
        entries = ["[1] A. Sato. On rivers. 2001.", "[2] B. Mori. On bridges. 2002."]
        page = column(FILLER, 72, 760) + text("References", 72, 600, "B", 14) + column(entries, 72, 580)
        page += text("Appendix", 72, 500, "B", 14) + column(FILLER[:3], 72, 480)
        made = read(page)
        assert made.counts == {"references": 2}
        assert "Sato" not in made.text
        assert made.text.endswith(f"# Appendix\n\n{' '.join(FILLER[:3])}")

    @pytest.mark.parametrize("title", ["参考文献", "文献", "4. 参考文献"])
    def test_japanese_references(self, title: str) -> None:
        body = ["谷川の水はその朝も冷たく、橋のたもとには誰の姿もなかった。風だけが葦をゆらして"] * 4
        page = (
            column(body, 72, 760, "J") + text(title, 72, 650, "J") + text("[1] 佐藤：川の本，二〇〇一．", 72, 630, "J")
        )
        made = read(page)
        assert "佐藤" not in made.text
        assert made.counts == {"references": 1}

    def test_tables_of_contents(self) -> None:
        contents = ["1 The first part . . . . . . . . . . . 3", "2 The second part . . . . . . . . . . 17"]
        made = read(text("Contents", 72, 780, "B", 14) + column(contents, 72, 760), column(FILLER, 72, 700))
        assert "first part" not in made.text
        assert made.counts == {"contents": 3}

    @pytest.mark.parametrize(
        ("font", "caption"),
        [("F", "Figure 3: A bridge over the river."), ("F", "Table 1. What was lost."), ("J", "図2 川にかかる橋")],
    )
    def test_captions_are_set_apart(self, font: str, caption: str) -> None:
        made = read(column(PROSE, 72, 700) + text(caption, 72, 600, font) + column(PROSE, 72, 560))
        assert made.captions == (caption,)
        assert made.text == f"{' '.join(PROSE)}\n\n{' '.join(PROSE)}"

    def test_a_sentence_about_a_figure_is_none(self) -> None:
        assert read(column(["Figure 3 shows the bridge that was lost to the river."], 72, 700)).captions == ()


class TestHeadings:
    def test_depth_by_number_and_by_size(self) -> None:
        page = text("A Title", 72, 800, "B", 18) + text("1 Rivers", 72, 770, "B", 13) + column(FILLER, 72, 750)
        page += text("1.1 Bridges", 72, 600, "B", 11) + column(FILLER, 72, 580)
        page += text("Thanks", 72, 430, "B", 13) + column(PROSE, 72, 410)
        found = [line for line in read(page).text.split("\n") if line.startswith("#")]
        assert found == ["# A Title", "# 1 Rivers", "## 1.1 Bridges", "# Thanks"]

    def test_names_of_authors_are_none(self) -> None:
        page = text("A Title", 72, 800, size=18) + text("Ann Somebody", 72, 770, size=13) + column(FILLER, 72, 740)
        assert "\n\nAnn Somebody\n\n" in read(page).text


class TestMetadata:
    def test_a_title_that_the_page_has_too(self) -> None:
        page = text("On the Rivers", 72, 800, "F", 18) + column(FILLER, 72, 760)
        assert read(page, info="/Title(On the rivers)").title == "On the rivers"

    @pytest.mark.parametrize(
        "stated", ["", "Microsoft Word - paper.doc", "untitled", "paper.dvi", "template of the press"]
    )
    def test_else_the_largest_lines(self, stated: str) -> None:
        page = column(["On the Rivers", "and Their Bridges"], 72, 800, "F", 18, 20) + column(FILLER, 72, 740)
        assert read(page, info=f"/Title({stated})").title == "On the Rivers and Their Bridges"

    def test_no_title_where_nothing_is_larger(self) -> None:
        assert read(column(FILLER, 72, 740)).title == ""

    def test_doi_and_licence_of_the_first_page(self) -> None:
        lines = ["https://doi.org/10.1234/Rivers.(2001)7).", "Published under CC BY 4.0 in 2001."]
        made = read(column(lines, 72, 800) + column(FILLER, 72, 740), text("doi:10.9999/other CC BY-NC 4.0", 72, 700))
        assert made.ids == ("doi:10.1234/rivers.(2001)7",)
        assert [(licence.stated, licence.spdx) for licence in made.rights.licences] == [("CC BY 4.0", "CC-BY-4.0")]

    def test_nothing_is_guessed(self) -> None:
        made = read(column([*FILLER, "Copyright 2001 by the authors. See the creative commons."], 72, 740))
        assert (made.ids, made.rights.licences, made.lang, made.date) == ((), (), "", "")

    @pytest.mark.parametrize(("tag", "lang"), [("ja", "ja"), ("en-US", "en"), ("english", ""), ("", "")])
    def test_language(self, tag: str, lang: str) -> None:
        assert read(column(FILLER, 72, 740), catalog=f"/Lang({tag})").lang == lang


class TestRefused:
    def test_no_pdf(self) -> None:
        assert refused(b"")[0] == "malformed"
        assert refused(b"<html>no PDF</html>")[0] == "malformed"

    def test_only_images(self) -> None:
        assert refused(pdfs.pdf(b"0 0 m 100 100 l S"))[0] == "no_text_layer"

    def test_single_characters_of_a_font_that_is_nowhere(self) -> None:
        assert refused(pdfs.pdf(text("水", 72, 700, "J")))[0] == "missing_fonts"
        made = read(text("水", 72, 700, "J") + column(FILLER, 72, 600))
        assert made.counts == {"sizeless": 1}

    def test_only_page_numbers(self) -> None:
        assert refused(pdfs.pdf(text("7", 290, 30), text("8", 290, 30)))[0] == "empty"

    def test_fonts_that_do_not_say_what_they_mean(self) -> None:
        gibberish = "".join(chr(0x20 + 7 * at % 90) for at in range(200))
        assert refused(pdfs.pdf(text(gibberish, 72, 700, "X", 3)))[0] == "unmapped_fonts"

    def test_few_such_characters_are_counted(self) -> None:
        made = read(column(FILLER, 72, 700) + text("\x41\x58\x59\x5a", 72, 500, "X"))
        assert made.counts == {"unmapped": 4}

    @pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_PAGES", "MAX_CHARS", "MAX_PAGE_CHARS", "MAX_OBJECTS"])
    def test_limits(self, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
        raw = pdfs.pdf(column(PROSE, 72, 700), column(PROSE, 72, 700))
        monkeypatch.setattr(pdf, limit, 1)
        assert refused(raw)[0] == "too_large"

    def test_a_password(self) -> None:
        # RC4 of 40 bits; nobody knows of what password these are the hashes.
        raw = pdfs.pdf(column(PROSE, 72, 700))
        crypt = f"/Encrypt<</Filter/Standard/V 1/R 2/O<{'41' * 32}>/U<{'42' * 32}>/P -4>>/ID[<41><41>]"
        assert refused(raw.replace(b"trailer\n<<", b"trailer\n<<" + crypt.encode()))[0] == "encrypted"


class TestHostile:
    def test_places_far_away_are_counted(self) -> None:
        made = read(column(FILLER, 72, 700) + text("nowhere", 1e9, 1e9))
        assert "nowhere" not in made.text
        assert made.counts["unplaced"] == 7

    def test_many_characters_on_one_page(self) -> None:
        # Quadratic in any step, this would take minutes.
        page = b"".join(text("abcdefghij " * 10, 10 + at % 7, 800 - at % 790, size=1) for at in range(300))
        assert len(read(page).text) > 1_000

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_broken_files_are_read_or_refused(self, data: st.DataObject) -> None:
        raw = bytearray(pdfs.pdf(column(PROSE, 72, 700), text("縦に書く", 300, 500, "V")))
        for _ in range(data.draw(st.integers(1, 8))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        check(bytes(raw[: data.draw(st.integers(0, len(raw)))]))

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.text(st.sampled_from("ab 1.-漢字かな、。ｶﾞ「」\u2022図"), min_size=1, max_size=20),
                st.integers(-50, 700),
                st.integers(-50, 900),
                st.sampled_from("JV"),
                st.sampled_from((0.5, 5, 10, 10.5, 20, 300)),
                st.sampled_from(("1 0 0 1", "0 1 -1 0", "-1 0 0 -1", "0 -1 1 0", "1 1 -1 1", "0 0 0 0", "1 0 0 -1")),
            ),
            min_size=1,
            max_size=30,
        )
    )
    def test_any_arrangement(self, pieces: list[tuple[str, int, int, str, float, str]]) -> None:
        check(pdfs.pdf(b"".join(text(*piece) for piece in pieces)))


def check(raw: bytes) -> None:
    """Read twice alike, or refused."""
    try:
        (document,) = extract(raw)
    except Unreadable:
        return
    assert document.text.strip()
    assert extract(raw) == [document]
