"""train-tokenizer: a SentencePiece model from texts, by the settings of a recipe's `[tokenize]`; and its card.

It is what the stage `tokenize/vocabulary` trains: of the same texts the same bytes.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.errors import Stop, UsageError
from pipelines.recipe import Recipe
from pipelines.store import readable
from pipelines.store.folder import whole_or_absent
from pipelines.train import vocabulary
from pipelines.train.labelled import Report, read_labelled
from tokenizer.subwords import UnreadableModel


def train(texts: Sequence[Path], model: Path, recipe: Recipe, report: Report) -> dict[str, Any]:
    """Train on texts, write the model and its card beside it. Returns what the card says.

    Raises:
        UsageError: an input is not readable, the recipe names a model, or no text is in the languages it asks for.
        Stop: there is too little text.
    """
    if recipe.tokenize.model:
        raise UsageError("tokenize.model: the recipe takes a model that is there; leave it out to train one")
    if model.is_dir():
        raise UsageError(f"{model}: a folder; name a file, as {model / 'tokenizer.model'}")
    settings = vocabulary.settings(recipe)
    read = itertools.chain.from_iterable(read_labelled(texts, sorted(recipe.tokenize.sample_chars), report))
    try:
        data, card = vocabulary.learn(read, settings)
    except UnreadableModel as error:
        raise Stop(str(error)) from None
    with whole_or_absent(model) as file:
        file.write(data)
    with whole_or_absent(vocabulary.card_path(model)) as file:
        file.write(readable(card))
    return card


def show(card: dict[str, Any], console: Console) -> None:
    """A card as a table."""
    learned = card["training"]
    table = Table("language", "texts read", "texts drawn", "characters drawn", "asked for")
    for lang in sorted(learned["texts_read"].keys() | learned["sample"]["languages"].keys()):
        drawn = learned["sample"]["languages"].get(lang, {"texts": 0, "chars": 0})
        asked = learned["options"]["sample_chars"].get(lang, 0)
        table.add_row(lang or "none", *(f"{n:,}" for n in (learned["texts_read"].get(lang, 0), *drawn.values(), asked)))
    console.print(table)
    console.print(
        f"{card['vocab_size']:,} pieces; id {card['eod_id']} {card['eod_piece']} ends a document", markup=False
    )
