"""From texts to a model and its card, as the stage makes them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import judged
from pipelines.errors import Stop, UsageError
from pipelines.recipe import Recipe, load
from pipelines.train import tokenizer as train_tokenizer
from tokenizer import subwords

Run = Callable[..., Any]
ROOT = Path(__file__).parents[3]


def silent(what: str, share: float) -> None:
    pass


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return judged.lines(tmp_path / "texts.jsonl", [text for lang in ("ja", "en") for text in judged.good(lang, 60)])


def small(**tokenize: Any) -> Recipe:
    return Recipe.model_validate_json(json.dumps({"name": "x", "tokenize": {"vocab_size": 500} | tokenize}))


def test_of_a_corpus_it_is_what_the_stage_trains(demo_out: Path, tmp_path: Path) -> None:
    model = tmp_path / "m/demo.model"
    card = train_tokenizer.train([demo_out], model, load(ROOT / "recipes/demo.toml"), silent)
    assert model.read_bytes() == (demo_out / "tokenize/vocabulary/tokenizer.model").read_bytes()
    assert card == json.loads((tmp_path / "m/demo.card.json").read_text())
    assert card == json.loads((demo_out / "tokenize/vocabulary/tokenizer.card.json").read_text())
    manifest = json.loads((demo_out / "tokenize/shards/manifest.json").read_text())
    assert manifest["training"] == card["training"]
    assert manifest["tokenizer"]["sha256"] == card["sha256"]


def test_the_command_prints_its_card(minamoto: Run, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('name = "x"\n[tokenize]\nvocab_size = 400\nalgorithm = "bpe"\n')
    options = ("--input", texts, "--recipe", tmp_path / "r.toml", "--model", tmp_path / "x.model")
    card = minamoto("train-tokenizer", *options, "--json").json
    assert card["sha256"] == subwords.load(tmp_path / "x.model").sha256
    assert card["training"]["options"]["algorithm"] == "bpe"
    assert str(tmp_path) not in json.dumps(card)
    assert "characters drawn" in minamoto("train-tokenizer", *options).out


def test_a_recipe_with_a_model_has_nothing_to_train(texts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"tokenize\.model"):
        train_tokenizer.train([texts], tmp_path / "x.model", small(model="y.model"), silent)


def test_a_folder_is_no_name_for_a_model(texts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a folder"):
        train_tokenizer.train([texts], tmp_path, small(), silent)


def test_a_vocabulary_that_the_text_cannot_fill_with_characters_is_one_clear_line(tmp_path: Path) -> None:
    tiny = judged.lines(tmp_path / "tiny.jsonl", judged.good("ja", 2))
    with pytest.raises(Stop) as stop:
        train_tokenizer.train([tiny], tmp_path / "x.model", small(vocab_size=300), silent)
    assert "\n" not in str(stop.value)
    assert not (tmp_path / "x.model").exists()
