"""The scores that go with every document."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from conftest import ROOT


def build(minamoto: Callable[..., Any], crawl: Path, folder: Path, scores: str) -> Any:
    recipe = folder / "demo.toml"
    recipe.write_text((ROOT / "recipes/demo.toml").read_text() + f"scores = {scores}\n")
    return minamoto("run", "--recipe", recipe, "--input", crawl, "--out", folder / "out", "--inline")


def test_the_scores_that_the_recipe_names_are_those_that_filter_measured(
    demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    chosen = ["japanese.share", "length.chars"]
    ran = build(minamoto, demo_crawl, tmp_path, str(chosen).replace("'", '"'))
    assert ran.status == 0, ran.err
    measured = {
        row["doc_id"]: row
        for path in (tmp_path / "out/filter").glob("*.parquet")
        for row in pq.read_table(path, columns=["doc_id", *chosen]).to_pylist()
    }
    rows = 0
    for path in (tmp_path / "out/tokenize/shards/__meta__").glob("*.parquet"):
        assert pq.read_schema(path).names[-2:] == chosen
        for row in pq.read_table(path, columns=["doc_id", *chosen]).to_pylist():
            assert row == measured[row["doc_id"]]
            rows += 1
    assert rows > 100


def test_a_score_that_no_rule_measures_is_said_before_anything_is_done(
    demo_crawl: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    ran = build(minamoto, demo_crawl, tmp_path, '["quality.score"]')
    assert ran.status == 2
    assert "tokenize.scores: no rule of this recipe measures 'quality.score'" in ran.err
    assert not (tmp_path / "out/extract").exists()
