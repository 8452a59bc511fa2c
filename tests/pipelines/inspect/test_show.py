"""Why is this page not in the corpus? On the demo corpus, as a user asks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize("stage", ["extract", "filter", "dedup/decide"])
def test_a_sample_of_those_that_went_for_a_reason(stage: str, demo_out: Path, minamoto: Run) -> None:
    table = pq.read_table(demo_out / stage)
    reason = next(r for r in table.column("reason").to_pylist() if r not in (None, "upstream"))
    wanted = {row["doc_id"].hex() for row in table.to_pylist() if row["reason"] == reason}
    words = ("show", "--out", demo_out, "--reason", reason, "-n", 3, "--json")
    found = minamoto(*words).json
    assert found["documents"] == len(wanted)
    assert len(found["sample"]) == min(3, len(wanted))
    assert {document["doc_id"] for document in found["sample"]} <= wanted
    assert minamoto(*words).json == found
    said = minamoto(*words[:-1]).out
    assert found["sample"][0]["url"] in said


def test_the_fate_of_a_page_by_url_and_by_doc_id(demo_out: Path, minamoto: Run) -> None:
    duplicate = next(row for row in pq.read_table(demo_out / "dedup/decide").to_pylist() if row["representative"])
    (found,) = minamoto("show", "--out", demo_out, "--doc-id", duplicate["doc_id"].hex(), "--json").json
    assert found["reason"] == duplicate["reason"]
    assert found["stages"]["dedup/decide"]["representative"] == duplicate["representative"].hex()
    assert found["stages"]["filter"]["length.chars"] > 0
    url = found["stages"]["extract"]["url"]
    assert found in minamoto("show", "--out", demo_out, "--url", url, "--json").json
    said = minamoto("show", "--out", demo_out, "--url", url).out
    assert duplicate["representative"].hex() in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--reason", "lenght_short"), "length_short"),
        (("--url", "http://nowhere.example/"), "no document with url"),
        (("--doc-id", "xyz"), "not hexadecimal"),
    ],
)
def test_what_is_not_there_is_a_clear_line(words: tuple[str, str], says: str, demo_out: Path, minamoto: Run) -> None:
    ran = minamoto("show", "--out", demo_out, *words)
    assert ran.status == 2
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1


def what_if(minamoto: Run, out: Path, *settings: str, recipe: object = "recipes/demo.toml") -> Any:
    return minamoto("what-if", "--out", out, "--recipe", recipe, "--set", *settings, "--json").json


def test_other_limits_are_tried_on_the_scores(demo_out: Path, demo_crawl: Path, minamoto: Run, tmp_path: Path) -> None:
    """What is foretold comes true when the stage is run with these limits."""
    recipe = tmp_path / "demo.toml"
    recipe.write_text(
        'name = "demo"\n[input]\npart_bytes = 131072\n[filter.length]\nmin_chars_ja = 900\nmin_chars = 1500\n'
    )
    settings = ("filter.length.min_chars_ja=900", "filter.length.min_chars=1500")
    found = what_if(minamoto, demo_out, *settings)
    words = ("--recipe", recipe, "--input", demo_crawl, "--out", tmp_path / "out", "--inline", "--json")
    came = minamoto("filter", *words).json["stages"]["filter"]
    assert found["go"]["documents"] > 0
    assert found["kept_then"] == came["kept"]
    assert (found["return"]["documents"], found["other"]["unmeasured"]) == (0, 0)
    back = what_if(
        minamoto, tmp_path / "out", "filter.length.min_chars_ja=150", "filter.length.min_chars=250", recipe=recipe
    )
    assert back["return"]["documents"] == found["go"]["documents"] + found["other"]["documents"]
    assert back["return"]["unmeasured"] == back["return"]["documents"], "rules after length have not seen them"
    assert all(sample["before"] == "length_short" and sample["text"] for sample in back["return"]["sample"])


def test_a_limit_can_be_taken_away(demo_out: Path, minamoto: Run) -> None:
    found = what_if(minamoto, demo_out, "filter.length.min_chars_ja=none")
    assert set(found["return"]["by_reason"]) <= {"length_short → kept"}


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("filter.repetition.ngram=4", "decides what is measured"),
        ("filter.japanese.hiragana=0.1", "did you mean min_hiragana"),
        ("dedup.min_similarity=0.9", "filter.RULE.FIELD=VALUE"),
        ("filter.japanese.min_hiragana=lots", "no TOML value"),
        ("filter.japanesee.min_hiragana=0.1", "there is no filter.japanesee.min_hiragana"),
    ],
)
def test_what_cannot_be_tried_is_a_clear_line(setting: str, says: str, demo_out: Path, minamoto: Run) -> None:
    ran = minamoto("what-if", "--out", demo_out, "--recipe", "recipes/demo.toml", "--set", setting)
    assert ran.status == 2
    assert says in ran.err, json.dumps(ran.err)
    assert len(ran.err.splitlines()) == 1


def test_one_rule_at_several_limits(demo_crawl: Path, minamoto: Run, tmp_path: Path) -> None:
    """The survival curve: each limit takes what the one before it left."""
    recipe = tmp_path / "demo.toml"
    recipe.write_text(
        'name = "demo"\n[filter]\nrules = ["length", "longer", "longest"]\n'
        '[filter.variants.longer]\nrule = "length"\nmin_chars_ja = 400\nmin_chars = 800\n'
        '[filter.variants.longest]\nrule = "length"\nmin_chars_ja = 900\nmin_chars = 1500\n'
    )
    words = ("--recipe", recipe, "--input", demo_crawl, "--out", tmp_path / "out", "--inline")
    found = minamoto("filter", *words, "--json").json
    survival = found["survival"]
    assert [step["rule"] for step in survival] == ["length", "longer", "longest"]
    rows = found["stages"]["filter"]["rows_in"]
    for step in survival:
        rows -= step["removed"]
        assert step["left"] == rows
    assert (rows, survival[-1]["removed"] > 0) == (found["stages"]["filter"]["kept"], True)
    assert "longest:length_short" in found["stages"]["filter"]["reasons"]
    back = what_if(minamoto, tmp_path / "out", "filter.variants.longest.min_chars_ja=400", recipe=recipe)
    assert set(back["return"]["by_reason"]) == {"longest:length_short → kept"}
    assert "longest" in minamoto("stats", *words[:-1]).out
