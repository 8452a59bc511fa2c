"""Near-duplicates among real documents are found no worse than before; the benchmark says what is measured and how."""

import dataclasses
import importlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dedup import shingles

# By name: mypy would take the program, which belongs to no package, for two modules when it is given both files.
quality: Any = importlib.import_module("benchmarks.neardup_quality")

FLOORS = tomllib.loads(Path(__file__).with_name("floors.toml").read_text(encoding="utf-8"))["neardup"]


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    if not quality.NEARDUP.exists():
        pytest.skip(f"no real documents at {quality.NEARDUP}")
    return {f"{c.name}-{c.lang}": quality.ours(c) for c in quality.read(quality.NEARDUP)}


@pytest.mark.parametrize(("name", "how"), [(name, how) for name, floors in FLOORS.items() for how in floors])
def test_no_score_is_below_its_floor(measured: dict[str, dict[str, Any]], name: str, how: str) -> None:
    scores = dataclasses.asdict(measured[name][how])
    below = {what: floor for what, floor in FLOORS[name][how].items() if scores[what] < floor}
    assert not below, f"{name}, {how}: measured {scores}, below the floors {below}"


def test_every_score_has_a_floor(measured: dict[str, dict[str, Any]]) -> None:
    shares = {"precision", "recall", "f1", "removed_alike"}
    assert {name: list(scores) for name, scores in measured.items()} == {name: list(FLOORS[name]) for name in FLOORS}
    assert all(set(floors) == shares for of_one in FLOORS.values() for floors in of_one.values())


def test_scores_are_those_of_hand() -> None:
    words = [f"w{i}" for i in range(104)]  # 100 shingles; the second lacks 10 of them, the third 60
    texts = [" ".join(words), " ".join(words[:94]), " ".join(words[:44]), "something else altogether", "", ""]
    keys = [shingles.key(text) for text in texts]
    gold = frozenset(pair for pair, similarity in quality.exact_jaccard(keys, "en").items() if similarity >= 0.8)
    assert gold == {(0, 1)}
    documents = quality.Collection("by hand", "en", keys, texts, gold)
    assert quality.score([(0, 1)], documents) == quality.Score(1, 1.0, 1.0, 1.0, 1, 1.0)
    assert quality.score([(0, 1), (1, 2)], documents) == quality.Score(2, 0.5, 1.0, 2 / 3, 2, 0.5)
    assert quality.score([(0, 2)], documents) == quality.Score(1, 0.0, 0.0, 0.0, 1, 0.0)
    assert quality.score([], documents) == quality.Score(0, 1.0, 0.0, 0.0, 0, 1.0)
    assert quality.ours(documents)["≥ 0.8"] == quality.Score(1, 1.0, 1.0, 1.0, 1, 1.0)
