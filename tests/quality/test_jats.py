"""Real articles: sentences as they should read without citation numbers, with formulas and scripts, and what should not
be in the text (captions, references, affiliations), chosen by reading the sources."""

from pathlib import Path

import pytest

from pipelines.extract import jats
from quality import gold

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "academic" / "jats"
GOLD = gold.load("jats")
# As measured, rounded down to 0.005.
FLOOR = gold.Score(present=1.0, absent=1.0, order=1.0)


@pytest.mark.parametrize("name", sorted(GOLD))
def test_gold(name: str) -> None:
    path = DATA / name
    if not path.is_file():
        pytest.skip("the shared test data is not on this machine")
    raw = path.read_bytes()
    assert gold.same_file(raw, GOLD[name])
    text = "\n".join(document.text for document in jats.extract(raw, name))
    score = gold.score(text, GOLD[name]["present"], GOLD[name]["absent"])
    assert all(measured >= floor for measured, floor in zip(score, FLOOR, strict=True)), score
