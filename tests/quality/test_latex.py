"""The LaTeX extractor against sentences that were marked in the sources of nine real documents, five English."""

from pathlib import Path

import pytest

from pipelines.extract import latex
from quality import gold

DATA = Path(__file__).parents[3] / "shared/data/academic"
GOLD = gold.load("latex")

# As measured on 53 sentences that are wanted and 25 that are not, rounded down to 0.005. The one that is there all the
# same are the arguments of a macro that the file does not define.
PRESENT, ABSENT, ORDER = 1.0, 0.975, 1.0


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not there")
def test_floors() -> None:
    scores = []
    for name, marked in GOLD.items():
        raw = (DATA / name).read_bytes()
        assert gold.same_file(raw, marked), name
        text = latex.extract(raw, name)[0].text
        scores.append(gold.score(text, marked["present"], marked["absent"]))
    present, absent, order = (sum(column) / len(scores) for column in zip(*scores))
    assert present >= PRESENT
    assert absent >= ABSENT
    assert order >= ORDER
