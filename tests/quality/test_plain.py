"""What the plain text extractor makes of a real novel, and of its paragraphs once they are hard-wrapped."""

from pathlib import Path

import pytest

from pipelines.extract.plain import extract
from pipelines.extract.wrapping import width
from quality import gold

FILES = Path(__file__).parents[3] / "shared/data/academic"
GOLD = gold.load("plain")
# As measured, rounded down to 0.005.
FLOOR = gold.Score(present=1.0, absent=1.0, order=1.0)
# Share of the paragraphs that are whole again, by the characters of a line. What is missed are short lines of dialogue
# at the end of a full one, and notes of the typist.
UNWRAPPED = {30: 0.970, 35: 0.975, 40: 0.980}
# May not begin a line.
KINSOKU = "、。，．」』）！？ー…々ぁぃぅぇぉっゃゅょァィゥェォッャュョ・］》"


def read(name: str) -> bytes:
    (path,) = FILES.glob(f"*/{name}") if FILES.exists() else (None,)
    if path is None:
        pytest.skip(f"no real documents at {FILES}")
    return path.read_bytes()


def wrapped(paragraph: str, characters: int) -> list[str]:
    lines: list[str] = []
    while paragraph:
        end = min(characters, len(paragraph))
        while end < len(paragraph) and width(paragraph[:end]) < 2 * characters:
            end += 1
        while end < len(paragraph) and paragraph[end] in KINSOKU:
            end += 1
        lines.append(paragraph[:end])
        paragraph = paragraph[end:]
    return lines


@pytest.mark.parametrize("name", GOLD)
def test_no_score_is_below_its_floor(name: str) -> None:
    raw = read(name)
    assert gold.same_file(raw, GOLD[name])
    (found,) = extract(raw)
    scores = gold.score(found.text, GOLD[name]["present"], GOLD[name]["absent"])
    assert all(score >= floor for score, floor in zip(scores, FLOOR, strict=True)), scores
    assert found.counts["line_breaks"] == 0


@pytest.mark.parametrize("characters", UNWRAPPED)
@pytest.mark.parametrize("between", ["\n", "\n\n"], ids=["indented", "spaced"])
def test_paragraphs_are_whole_again(characters: int, between: str) -> None:
    (found,) = extract(read("wagahaiwa_nekodearu.txt"))
    paragraphs = [line for line in found.text.split("\n") if len(line) > 5 and "　" not in line][:600]
    indent = "　" if between == "\n" else ""
    source = between.join("\n".join(wrapped(indent + paragraph, characters)) for paragraph in paragraphs)
    (again,) = extract(source.encode())
    whole = set(again.text.split("\n"))
    assert sum(paragraph in whole for paragraph in paragraphs) >= UNWRAPPED[characters] * len(paragraphs)
