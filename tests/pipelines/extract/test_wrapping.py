import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.wrapping import joint, measure, unwrap, width

PROSE = (
    "The mill stood at the bend of the river, where the water ran slowly in summer and carried away the "
    "lower fields in spring. Nobody in the village remembered who had built it, though the beams were marked "
    "with a year and two letters that might have been the name of a carpenter or of his master."
)
JAPANESE = (
    "水車小屋は川の曲がり角に立っていて、夏には水がゆっくりと流れ、春には下の畑を押し流すのだった。誰が建てたのかを覚えて"
    "いる者は村に一人もいなかったが、梁には年号と二つの文字が刻まれていて、それは大工の名か、あるいはその親方の名かも"
    "しれないと言われていた。"
)


def unwrapped(text: str) -> str:
    pages = [text.split("\n")]
    wrapping = measure(pages)
    return "\n".join(unwrap(pages, wrapping)).rstrip("\n") if wrapping else text


def wrapped_japanese(text: str, characters: int) -> str:
    return "\n".join(text[at : at + characters] for at in range(0, len(text), characters))


@pytest.mark.parametrize("columns", [60, 72, 79])
def test_english_paragraphs(columns: int) -> None:
    text = "\n\n".join([textwrap.fill(PROSE, columns)] * 4)
    assert unwrapped(text) == "\n\n".join([PROSE] * 4)


@pytest.mark.parametrize("characters", [25, 35, 40])
def test_japanese_lines_join_without_a_space(characters: int) -> None:
    paragraph = "\u3000" + JAPANESE
    text = "\n".join([wrapped_japanese(paragraph, characters)] * 6)
    assert unwrapped(text).replace("\u3000", "") == "\n".join([JAPANESE] * 6)


def test_first_lines_may_be_indented_in_place_of_empty_lines() -> None:
    text = "\n".join([textwrap.fill(PROSE, 70, initial_indent="    ")] * 4)
    assert unwrapped(text) == "\n".join([PROSE] * 4)


def test_items_of_lists_stay_apart() -> None:
    first = textwrap.fill("1.  " + PROSE, 66, subsequent_indent="    ")
    second = textwrap.fill("- " + PROSE, 66, subsequent_indent="  ")
    found = unwrapped("\n".join([first, second] * 3)).split("\n")
    assert found == ["1. " + PROSE, "- " + PROSE] * 3


def test_a_word_parted_by_a_hyphen_is_one_if_it_stands_elsewhere() -> None:
    parted = PROSE.replace("carpenter", "carpen-ter")
    columns = next(at for at in range(50, 100) if "carpen-\nter" in textwrap.fill(parted, at))
    text = "\n\n".join([textwrap.fill(PROSE, columns)] * 3 + [textwrap.fill(parted, columns)])
    assert unwrapped(text) == "\n\n".join([PROSE] * 4)
    alone = "\n\n".join([textwrap.fill(parted, columns)] * 4)
    assert unwrapped(alone) == "\n\n".join([parted] * 4)


VERSE = """\
The river turned and would not say
What it had carried from the hill,
And we who waited all the day
Sat by the wheel and watched it still,
And heard the miller's daughter play
A tune that had no end, until
The lamps were lit along the way
And evening fell upon the mill."""
CODE = """\
for (int row = 0; row < rows; row++) {
    total += weights[row] * values[row];   /* the sum of the products */
    if (total > limit) {
        return overflow(total, limit, "row", row, "of the table of weights");
    }
}"""
TABLE = """\
Year    Bushels ground    Days of frost    Name of the miller in that year
1790    1,204             31               Johannes Baptist Hieronymus Kern
1791    1,377             12               Johannes Baptist Hieronymus Kern"""


@pytest.mark.parametrize("kept", [VERSE, CODE, TABLE], ids=["verse", "code", "table"])
def test_what_was_set_in_lines_stays_so_among_wrapped_prose(kept: str) -> None:
    prose = textwrap.fill(PROSE, 72)
    text = "\n\n".join([prose, prose, kept, prose])
    assert unwrapped(text) == "\n\n".join([PROSE, PROSE, kept, PROSE])


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join([VERSE] * 9),
        "\n\n".join([CODE] * 9),
        "\n".join([TABLE] * 9),
        "\n".join([PROSE] * 30),
        "\n".join(["This sentence has a line of its own, as all of the others of this file have."] * 30),
        "\n".join(["古池や蛙飛びこむ水の音", "閑さや岩にしみ入る蝉の声", "夏草や兵どもが夢の跡"] * 9),
        "\n".join([JAPANESE] * 20),
        "\n".join(f"第{n}条　この規則は、水車の管理に関し必要な事項を定める。" for n in range(30)),
        textwrap.fill(PROSE, 72),  # too short to say
    ],
    ids=["verse", "code", "table", "lines", "sentences", "haiku", "japanese", "statute", "short"],
)
def test_a_text_that_is_not_clearly_hard_wrapped_has_no_width(text: str) -> None:
    assert measure([text.split("\n")]) is None


def test_a_paragraph_goes_on_over_a_page() -> None:
    lines = textwrap.wrap(PROSE, 72)
    pages = [lines[:2], lines[2:], lines, lines]
    wrapping = measure(pages)
    assert wrapping
    assert unwrap(pages, wrapping) == [PROSE, "", PROSE, "", PROSE, ""]


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ("the water", "ran", " "),
        ("水が", "流れ", ""),
        ("水車", "mill", " "),
        ("水車。", "$x$", ""),
        ("he said--", "and", ""),
        ("", "x", ""),
    ],
)
def test_joints(before: str, after: str, between: str) -> None:
    assert joint(before, after) == between


def test_a_text_shows_what_stands_between_scripts() -> None:
    sentence = "この章ではPython言語の処理系を用いて水車小屋の流量を計算する方法をくわしく順番に述べることにする。"
    text = "\n".join([wrapped_japanese(sentence * 3, 24)] * 6)
    assert "ではPython言語の" in unwrapped(text)
    assert "Python 言語" not in unwrapped(text).replace("\n", "")


def test_width_is_that_of_a_terminal() -> None:
    assert (width("mill"), width("水車"), width("水車 a")) == (4, 4, 6)


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=90).map(str.rstrip), max_size=40))
def test_no_character_but_space_is_lost(lines: list[str]) -> None:
    wrapping = measure([lines])
    for page in [lines] if wrapping else []:
        assert wrapping
        before, after = "".join(page), "".join(unwrap([page], wrapping))
        assert "".join(before.split()).replace("-", "") == "".join(after.split()).replace("-", "")
