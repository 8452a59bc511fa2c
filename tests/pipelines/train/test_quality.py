"""From texts to a model, its card, and verdicts of a corpus."""

import hashlib
import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import judged
from filters.quality import Quality
from pipelines.train.quality import is_held_out, measures, train

Run = Callable[..., Any]


def files(folder: Path, shuffled: int = 0) -> tuple[list[Path], list[Path]]:
    """The same texts, in another order and in other files for each number."""
    folder.mkdir()
    draw = random.Random(shuffled)
    found: dict[str, list[Path]] = {"good": [], "bad": []}
    for name, make in (("good", judged.good), ("bad", judged.bad)):
        texts = [text for lang in ("ja", "en") for text in make(lang, 50)]
        draw.shuffle(texts)
        cut = draw.randrange(1, len(texts))
        found[name] = [
            judged.lines(folder / f"{name}-{at}.jsonl", some) for at, some in enumerate((texts[:cut], texts[cut:]))
        ]
    return found["good"], found["bad"]


def test_the_same_texts_give_the_same_bytes_in_whatever_order(tmp_path: Path) -> None:
    written = []
    for number in range(3):
        good, bad = files(tmp_path / str(number), number)
        model = tmp_path / f"{number}/model/quality.bin"
        train(good, bad, model, ("en", "ja") if number else ("ja", "en"), documents=40)
        written.append((model.read_bytes(), model.with_suffix(".json").read_bytes()))
        assert sorted(path.name for path in model.parent.iterdir()) == ["quality.bin", "quality.json"]
    assert written[0] == written[1] == written[2]
    card = written[0][1].decode()
    assert str(tmp_path) not in card


def test_another_seed_draws_others(tmp_path: Path) -> None:
    good, bad = files(tmp_path / "in")
    cards = [train(good, bad, tmp_path / f"{seed}.bin", ("ja",), documents=30, seed=seed) for seed in (0, 1)]
    assert cards[0]["training"]["sha256"] != cards[1]["training"]["sha256"]


def test_the_card(tmp_path: Path) -> None:
    good = judged.good("ja", 50)
    short, other = ["短い。"] * 3, judged.good("en", 4)
    both = judged.good("ja", 2, seed=9)
    positive = judged.lines(tmp_path / "a.jsonl", [*good, *good[:10], *short, *other, *both])
    negative = judged.lines(tmp_path / "b.jsonl", judged.bad("ja", 40) + both)
    card = train([positive], [negative], tmp_path / "m.bin", ("ja",))
    assert card == json.loads((tmp_path / "m.json").read_bytes())
    assert card["model_sha256"] == hashlib.sha256((tmp_path / "m.bin").read_bytes()).hexdigest()
    assert card["languages"] == ["ja"]
    assert card["texts"]["positive"] == {
        "read": 69, "other_language": 4, "short": 3, "of_both_kinds": 2, "used": 40, "repeated_or_not_drawn": 20,
    }  # fmt: skip
    assert card["texts"]["negative"]["used"] == 40
    for counts in card["texts"].values():
        assert counts.pop("read") == sum(counts.values())
    split = [card[part]["texts"]["ja"] for part in ("training", "held_out")]
    assert sum(split[0].values()) + sum(split[1].values()) == 80
    assert 0 < sum(split[1].values()) < 30
    assert card["held_out"]["measured"]["ja"]["texts"] == sum(split[1].values())
    assert card["held_out"]["measured"]["ja"]["accuracy"] == 1


def test_copies_with_small_changes_are_held_out_together() -> None:
    """Else what was learned by heart would count as accuracy."""
    draw = random.Random(1)
    pairs = list(itertools.product("赤青白黒黄緑紫", "山川空海町駅道橋"))
    texts = ["".join(f"{color}い{thing}を見た。" for color, thing in draw.choices(pairs, k=30)) for _ in range(300)]
    held_out = [is_held_out(text, "ja", 0) for text in texts]
    assert 15 < sum(held_out) < 45
    copies = [is_held_out(f"{text}続きを読む（{views}回閲覧）", "ja", 0) for views, text in enumerate(texts)]
    assert sum(a == b for a, b in zip(held_out, copies)) > 285
    assert held_out != [is_held_out(text, "ja", 1) for text in texts]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=40))
def test_measures_follow_their_definitions(rows: list[tuple[int, bool]]) -> None:
    scores, positive = np.array([s / 20 for s, _ in rows]), np.array([p for _, p in rows], np.bool_)
    found = measures(scores, positive)
    good, bad = ([s for s, p in rows if p == kind] for kind in (True, False))
    if rows:
        assert found["accuracy"] == pytest.approx(sum((s >= 10) == p for s, p in rows) / len(rows), abs=1e-4)
    if good:
        assert found["recall"] == pytest.approx(sum(s >= 10 for s in good) / len(good), abs=1e-4)
    if good and bad:
        wins = sum((g > b) + (g == b) / 2 for g in good for b in bad)
        assert found["roc_auc"] == pytest.approx(wins / len(good) / len(bad), abs=1e-4)
    else:
        assert found["roc_auc"] is None
    assert json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--positive", "nowhere", "--model", "m.bin"), "nowhere: no such file"),
        (("--positive", "few.jsonl", "--model", "m.bin"), "ja: 3 positive and 30 negative texts"),
        (("--positive", "good.jsonl", "--model", "m.json"), "m.json: the card has that name"),
        (("--positive", "good.jsonl", "--model", "."), "a folder; name a file"),
        (("--positive", "broken.jsonl", "--model", "m.bin"), "broken.jsonl:1: no JSON"),
        (("--positive", "good.jsonl", "--model", "m.bin", "--languages", "xx"), "knows no language xx"),
    ],
)
def test_what_cannot_be_trained_is_a_clear_line(
    words: tuple[str, ...], says: str, minamoto: Run, tmp_path: Path
) -> None:
    judged.lines(tmp_path / "good.jsonl", judged.good("ja", 30))
    judged.lines(tmp_path / "few.jsonl", judged.good("ja", 3))
    judged.lines(tmp_path / "bad.jsonl", judged.bad("ja", 30))
    (tmp_path / "broken.jsonl").write_text("{")
    placed = [word if word.startswith("--") or word == "xx" else tmp_path / word for word in words]
    ran = minamoto(
        "train-quality",
        *placed,
        "--negative",
        tmp_path / "bad.jsonl",
        *([] if "xx" in words else ["--languages", "ja"]),
    )
    assert ran.status == 2, ran.err
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "m.bin").exists()


def test_too_few_epochs_are_the_parsers_business(minamoto: Run) -> None:
    ran = minamoto("train-quality", "--positive", "a", "--negative", "b", "--model", "m.bin", "--epochs", "0")
    assert (ran.status, "not a whole number" in ran.err) == (2, True)


def test_a_corpus_judged_by_a_model_trained_on_another(
    demo_out: Path, demo_crawl: Path, minamoto: Run, tmp_path: Path
) -> None:
    """Trained on the corpus itself against menus, whose scores then choose representatives and answer what-if."""
    menus = judged.lines(tmp_path / "menus.jsonl", judged.bad("ja", 80) + judged.bad("en", 80))
    model = tmp_path / "quality.bin"
    said = minamoto("train-quality", "--positive", demo_out, "--negative", menus, "--model", model)
    assert said.status == 0, said.err
    assert "held out" in said.out
    assert f"model  {model}" in said.out
    recipe = tmp_path / "demo.toml"
    recipe.write_text(
        'name = "demo"\n[input]\npart_bytes = 131072\n'
        '[filter]\nrules = ["language", "length", "japanese", "repetition", "quality"]\n'
        f'[filter.quality]\nmodel = "{model}"\nmin_score = 0.3\n'
        '[dedup]\nrepresentative = ["score", "longest"]\nscore = "quality.score"\n'
    )
    out = tmp_path / "out"
    built = minamoto("dedup", "--recipe", recipe, "--input", demo_crawl, "--out", out, "--inline", "--json").json
    verdicts = pq.read_table(out / "filter")
    scores = verdicts.column("quality.score").drop_null().to_pylist()
    assert len(scores) > 30
    assert np.median(scores) > 0.5, "it knows its own"
    kept = built["stages"]["filter"]["kept"]
    what_if = ("what-if", "--recipe", recipe, "--out", out, "--json", "--set")
    assert minamoto(*what_if, "filter.quality.min_score_ja=1", "filter.quality.min_score=1").json["kept_then"] < kept
    assert minamoto(*what_if, "filter.quality.min_score_ja=0.5").json["kept_then"] == kept
    assert "decides what is measured" in minamoto(*what_if, "filter.quality.languages=['ja']").err
    model.with_suffix(".json").write_text("{}")
    refused = minamoto("filter", "--recipe", recipe, "--input", demo_crawl, "--out", out, "--inline")
    assert refused.status == 2
    assert "filter.quality: " in refused.err
    assert "not the card of a quality model" in refused.err


def test_the_rule_needs_a_model(minamoto: Run, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('name = "r"\n[filter]\nrules = ["quality"]\n')
    ran = minamoto("filter", "--recipe", tmp_path / "r.toml", "--input", "x.warc", "--out", tmp_path / "out")
    assert ran.status == 2
    assert "quality has no defaults" in ran.err
    assert isinstance(Quality("m.bin").name, str)
