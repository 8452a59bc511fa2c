"""What of a corpus a tokenizer learns from."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import judged
from pipelines.errors import UsageError
from pipelines.recipe import Recipe, Tokenize
from pipelines.train import vocabulary

TEXTS = [(text, lang) for lang in ("ja", "en") for text in judged.good(lang, 60)]


def learned(texts: list[tuple[str, str]], **asked: Any) -> tuple[bytes, dict[str, Any]]:
    how = Tokenize(**{"vocab_size": 500, "japanese_words": "", "sample_chars": {"ja": 3000, "en": 5000}} | asked)
    return vocabulary.learn(texts, vocabulary.settings(Recipe(name="x", tokenize=how)))


def test_the_order_and_copies_of_texts_change_nothing() -> None:
    first = learned(TEXTS)
    for seed in range(3):
        shuffled = [*TEXTS, *TEXTS[::3]]
        random.Random(seed).shuffle(shuffled)
        model, card = learned(shuffled)
        assert model == first[0]
        assert card["training"]["sample"] == first[1]["training"]["sample"]


def test_as_much_of_each_language_as_was_asked_for() -> None:
    _, card = learned([*TEXTS, ("Ein Satz.", "de")], sample_chars={"ja": 700, "en": 2000})
    found = card["training"]
    assert {lang: drawn["chars"] for lang, drawn in found["sample"]["languages"].items()} == {"ja": 700, "en": 2000}
    assert found["texts_read"] == {"de": 1, "en": 60, "ja": 60}


def test_another_seed_draws_others() -> None:
    digests = {learned(TEXTS, seed=seed)[1]["training"]["sample"]["sha256"] for seed in range(3)}
    assert len(digests) == 3


def test_what_is_held_out_is_not_learned_from() -> None:
    held_out = [(text, lang) for text, lang in TEXTS if vocabulary.is_held_out(text, lang)]
    assert 1 <= len(held_out) <= len(TEXTS) / 4
    rest = [pair for pair in TEXTS if pair not in held_out]
    everything = {"ja": 10**6, "en": 10**6}
    assert learned(TEXTS, sample_chars=everything)[0] == learned(rest, sample_chars=everything)[0]


def test_words_are_on_the_card_with_their_dictionary() -> None:
    model, card = learned(TEXTS, japanese_words="C")
    assert model != learned(TEXTS)[0]
    assert card["training"]["options"]["dictionary"].startswith("sudachidict-core 2")
    assert "dictionary" not in learned(TEXTS)[1]["training"]["options"]


def test_the_placeholders_of_pii_and_symbols_of_the_recipe_are_pieces() -> None:
    recipe = Recipe.model_validate_json('{"name": "x", "filter": {"rules": ["pii"]}, "tokenize": {"symbols": ["<x>"]}}')
    symbols = vocabulary.settings(recipe)["symbols"]
    assert symbols[-1] == "<x>"
    assert len(symbols) > 1


def test_no_text_in_the_languages_asked_for_is_one_clear_line() -> None:
    with pytest.raises(UsageError, match=r"nothing to learn from in en, ja; texts: 1 in none, 1 in de"):
        learned([("Ein Satz.", "de"), ("?", "")])


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["ja", "en", ""]))
def test_a_text_is_held_out_or_not(text: str, lang: str) -> None:
    assert vocabulary.is_held_out(text, lang) is vocabulary.is_held_out(text, lang)


def test_a_copy_with_another_end_is_on_the_same_side() -> None:
    texts = ["。".join(random.Random(n).choices(judged.good("ja", 60), k=40)) for n in range(60)]
    same = [vocabulary.is_held_out(text, "ja") == vocabulary.is_held_out(text + "終わり", "ja") for text in texts]
    assert sum(same) >= 58
