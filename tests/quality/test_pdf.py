"""PDF to text, measured on real papers: JOSE and JuliaCon (two columns), ACL, manuals in Japanese, a vertical poem.

The sentences were read from the pages as they look, over the ends of lines and columns. What is missing are cells of
two rows of a table that stand too close to be told apart from words.
"""

from pathlib import Path
from statistics import mean

import pytest

from pipelines.extract import pdf
from quality import gold

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "academic"

# As measured, rounded down to 0.005.
PRESENT, ABSENT, ORDER = 0.960, 1.0, 0.985


def test_sentences_are_whole_and_in_order() -> None:
    if not DATA.is_dir():
        pytest.skip("the shared test data is not on this machine")
    scores = []
    for name, marks in gold.load("pdf").items():
        raw = (DATA / name).read_bytes()
        assert gold.same_file(raw, marks), name
        (document,) = pdf.extract(raw, name)
        scores.append(gold.score(document.text, marks["present"], marks["absent"]))
    measured = [round(mean(part), 4) for part in zip(*scores)]
    assert all(a >= b for a, b in zip(measured, (PRESENT, ABSENT, ORDER))), measured
