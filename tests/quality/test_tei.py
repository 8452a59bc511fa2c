"""Real texts of TEI: sentences with readings, names and line beginnings as they should read, and what should not be
there, chosen by reading the sources."""

from pathlib import Path

import pytest

from pipelines.extract import tei
from quality import gold

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "academic" / "tei-ja"
GOLD = gold.load("tei")
# As measured, rounded down to 0.005.
FLOOR = gold.Score(present=1.0, absent=1.0, order=1.0)


@pytest.mark.parametrize("name", sorted(GOLD))
def test_gold(name: str) -> None:
    path = DATA / name
    if not path.is_file():
        pytest.skip("the shared test data is not on this machine")
    raw = path.read_bytes()
    assert gold.same_file(raw, GOLD[name])
    (document,) = tei.extract(raw, name)
    score = gold.score(document.text, GOLD[name]["present"], GOLD[name]["absent"])
    assert all(measured >= floor for measured, floor in zip(score, FLOOR, strict=True)), score
