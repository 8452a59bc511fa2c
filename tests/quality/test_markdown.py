"""What the Markdown extractor makes of real lectures, held against sentences chosen from their sources."""

from pathlib import Path

import pytest

from pipelines.extract.markdown import extract
from quality import gold

FILES = Path(__file__).parents[3] / "shared/data/academic/markdown-ja"
GOLD = gold.load("markdown")
# As measured.
FLOOR = gold.Score(present=1.0, absent=1.0, order=1.0)


@pytest.mark.parametrize("name", GOLD)
def test_no_score_is_below_its_floor(name: str) -> None:
    if not (FILES / name).exists():
        pytest.skip(f"no real document at {FILES / name}")
    raw = (FILES / name).read_bytes()
    assert gold.same_file(raw, GOLD[name])
    (found,) = extract(raw)
    scores = gold.score(found.text, GOLD[name]["present"], GOLD[name]["absent"])
    assert all(score >= floor for score, floor in zip(scores, FLOOR, strict=True)), scores
    assert found.captions
    # No mark of Markdown beside code and formulas.
    prose = [line for block in found.text.split("```")[::2] for line in block.split("\n")]
    assert not [line for line in prose if "](" in line or "![" in line or "<!--" in line]
