"""What a run does again and what it leaves, seen through `plan`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from pipelines import corpus
from pipelines.recipe import Dedup, Recipe, RepeatedLines

Run = Callable[..., Any]


@pytest.fixture
def options(demo_crawl: Path, tmp_path: Path) -> list[object]:
    return ["--recipe", "recipes/demo.toml", "--input", demo_crawl, "--out", tmp_path / "out"]


def test_plan_of_nothing_knows_the_first_stage_and_makes_no_folder(
    minamoto: Run, options: list[object], tmp_path: Path
) -> None:
    stages = minamoto("plan", *options, "--json").json["stages"]
    assert stages["extract"]["done"] == 0
    assert stages["extract"]["parts"] == len(stages["extract"]["missing"]) > 1
    assert stages["filter"]["parts"] is None
    assert not (tmp_path / "out").exists()
    says = minamoto("plan", *options).out
    assert "after the stage before" in says
    assert "passed over in the input's folders: 1 (1 .jsonl)" in says


def test_a_stage_brings_what_it_needs_and_no_more(minamoto: Run, options: list[object], tmp_path: Path) -> None:
    found = minamoto("filter", *options, "--inline", "--json").json
    assert found["stages"]["filter"]["rows_in"] == found["stages"]["extract"]["kept"] > 0
    assert not found["complete"]
    stages = minamoto("plan", *options, "--json").json["stages"]
    assert stages["filter"]["missing"] == []
    assert stages["dedup/sign"]["done"] == 0
    assert not (tmp_path / "out" / "dedup").exists()
    assert "Not finished" in minamoto("stats", *options).out


def test_a_lost_part_is_made_again_and_nothing_that_follows_from_the_same_bytes(
    minamoto: Run, demo_out: Path, demo_crawl: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    (out / "extract/part-00002.parquet").unlink()
    options = ["--recipe", "recipes/demo.toml", "--input", demo_crawl, "--out", out]
    assert minamoto("plan", *options, "--json").json["stages"]["extract"]["missing"] == [2]
    before = {path: path.stat().st_mtime_ns for path in (out / "commits").rglob("[0-9]*.json")}
    assert minamoto("run", *options, "--inline").status == 0
    changed = [path for path in before if path.stat().st_mtime_ns != before[path]]
    assert [path.relative_to(out / "commits").as_posix() for path in changed] == ["extract/00002.json"]


def test_the_manifest_is_taken_back_before_shards_are_replaced(
    minamoto: Run, demo_out: Path, demo_crawl: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    recipe = tmp_path / "demo.toml"
    recipe.write_text((ROOT / "recipes/demo.toml").read_text() + "\nseed = 5\n")
    shutil.rmtree(out / "tokenize/shards/data")
    (out / "tokenize/shards/data").write_text("in the way, so that no shard can be written")
    ran = minamoto("run", "--recipe", recipe, "--input", demo_crawl, "--out", out, "--inline", "--rebuild")
    assert ran.status == 1
    assert "tokenize/shards: 4 of 4 parts failed" in ran.err
    assert not (out / "tokenize/shards/manifest.json").exists()
    assert minamoto("verify", "--out", out).status == 2


def test_a_given_model_is_taken_and_recorded(minamoto: Run, demo_out: Path, demo_crawl: Path, tmp_path: Path) -> None:
    model = tmp_path / "given.model"
    model.write_bytes((demo_out / "tokenize/vocabulary/tokenizer.model").read_bytes())
    recipe = tmp_path / "demo.toml"
    text = (ROOT / "recipes/demo.toml").read_text()
    recipe.write_text(text.replace("[tokenize]", f'[tokenize]\nmodel = "{model}"'))
    out = tmp_path / "out"
    built = minamoto("run", "--recipe", recipe, "--input", demo_crawl, "--out", out, "--inline", "--json").json
    manifests = [json.loads((o / "tokenize/shards/manifest.json").read_text()) for o in (out, demo_out)]
    assert manifests[0]["tokenizer"] == manifests[1]["tokenizer"]
    assert built["digest"] == manifests[1]["digest"]
    assert str(tmp_path) not in (out / "tokenize/shards/manifest.json").read_text()


def test_every_stage_hangs_on_the_one_before() -> None:
    stages = list(corpus.stages(Recipe(name="x")).values())
    assert [after.name for stage in stages[1:] for after in stage.after] == [stage.name for stage in stages[:-1]]
    cutting = Recipe(name="x", dedup=Dedup(repeated_lines=RepeatedLines(documents=9)))
    every = [name for names in corpus.COMMANDS.values() for name in names]
    assert every == list(corpus.stages(cutting))
    assert [stage.name for stage in stages] == [n for n in every if n not in ("dedup/lines", "dedup/repeated")]


def test_a_rule_that_does_not_judge_still_sets_how_documents_are_labelled() -> None:
    recipe = Recipe.model_validate_json('{"name": "x", "filter": {"rules": ["length"], "language": {"keep": ["de"]}}}')
    settings = corpus.stages(recipe)["filter"].settings
    assert settings["language"]["keep"] == ["de"]
    assert [rule["name"] for rule in settings["rules"]] == ["length"]
