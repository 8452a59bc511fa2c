"""A vocabulary for a corpus: what of it a tokenizer is trained on, and the card that answers for the model.

The same texts give the same bytes, in whatever order, parts and files they come: which are drawn, and in which order
they are learned from, follows from hashes of the texts. One in ten is never drawn, so that it can be measured on.
"""

import dataclasses
import hashlib
import heapq
import importlib.metadata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filters import pii
from pipelines.errors import UsageError
from pipelines.recipe import Recipe
from pipelines.store import digest
from pipelines.train.held_out import HELD_OUT, holds_out
from tokenizer import subwords, train, words


def is_held_out(text: str, lang: str) -> bool:
    """Whether a text is for measuring alone, whatever the corpus and the seed."""
    return holds_out(text, lang, "tokenizer")


def settings(recipe: Recipe) -> dict[str, Any]:
    """What decides over a model beside the texts; plain JSON data."""
    how = recipe.tokenize
    placeholders = [pii.PLACEHOLDERS[kind] for kind in recipe.filter.pii.kinds] if "pii" in recipe.filter.rules else []
    found: dict[str, Any] = {
        "algorithm": how.algorithm,
        "vocab_size": how.vocab_size,
        "max_piece_chars": how.max_piece_chars,
        "character_coverage": how.character_coverage,
        "symbols": [*placeholders, *how.symbols],
        "japanese_words": how.japanese_words,
        "sample_chars": dict(how.sample_chars),
        "seed": how.seed,
    }
    if how.japanese_words:
        found |= {"dictionary": words.dictionary(), "sudachipy": importlib.metadata.version("sudachipy")}
    return found


@dataclass
class _Sample:
    """The texts whose order comes first, as few as have `asked` characters, as they come by."""

    asked: int
    chars: int = 0
    texts: dict[bytes, str] = field(default_factory=dict)
    last: list[tuple[int, bytes]] = field(default_factory=list)  # a heap, the last in order on top

    def wants(self, order: bytes) -> bool:
        full = self.chars >= self.asked
        return order not in self.texts and (not full or _rank(order) > self.last[0][0])

    def add(self, order: bytes, text: str) -> None:
        self.texts[order] = text
        self.chars += len(text)
        heapq.heappush(self.last, (_rank(order), order))
        while self.chars - len(self.texts[self.last[0][1]]) >= self.asked:
            self.chars -= len(self.texts.pop(heapq.heappop(self.last)[1]))

    def cut(self) -> None:
        """Of the last text no more than there is room for."""
        if self.chars > self.asked:
            order = self.last[0][1]
            self.texts[order] = self.texts[order][: self.asked - self.chars]
            self.chars = self.asked


def _rank(order: bytes) -> int:
    return -int.from_bytes(order, "big")


def learn(texts: Iterable[tuple[str, str]], settings: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Train on a sample of texts, each with its language: the model's file and its card. See `settings` above.

    Holds the sample in memory, some ten times its characters in bytes while SentencePiece trains; not the texts.

    Raises:
        UsageError: there are no texts in the languages asked for.
        UnreadableModel: too few to learn from.
    """
    samples = {lang: _Sample(chars) for lang, chars in sorted(settings["sample_chars"].items())}
    read: Counter[str] = Counter()
    for text, lang in texts:
        read[lang] += 1
        if lang in samples:
            order = hashlib.sha256(f"{settings['seed']} ".encode() + text.encode()).digest()
            if samples[lang].wants(order) and not is_held_out(text, lang):
                samples[lang].add(order, text)
    if not any(sample.texts for sample in samples.values()):
        there = ", ".join(f"{count:,} in {lang or 'none'}" for lang, count in sorted(read.items())) or "none"
        raise UsageError(f"tokenize.sample_chars: nothing to learn from in {', '.join(samples)}; texts: {there}")
    for sample in samples.values():
        sample.cut()
    options = train.Options(**{f.name: settings[f.name] for f in dataclasses.fields(train.Options)})
    model = train.train(_sentences(samples, settings["japanese_words"]), options)
    training = {
        "options": dict(settings) | {"sentencepiece": train.FIXED},
        "texts_read": dict(sorted(read.items())),
        "sample": {
            "sha256": digest([[lang, order.hex()] for order, lang in _in_order(samples)]),
            "held_out": f"1 in {HELD_OUT}",
            "languages": {
                lang: {"texts": len(sample.texts), "chars": sample.chars} for lang, sample in samples.items()
            },
        },
        "libraries": {name: importlib.metadata.version(name) for name in ("sentencepiece", "xxhash", "numpy")},
    }
    return model, card(model) | {"training": training}


def card(model: bytes, pattern: str = "") -> dict[str, Any]:
    """What a model is known by, and the pattern that goes with it; of one we train `learn` says more."""
    return subwords.loads(model, pattern).identity() | {"pattern": pattern}


def _in_order(samples: Mapping[str, _Sample]) -> list[tuple[bytes, str]]:
    return sorted((order, lang) for lang, sample in samples.items() for order in sample.texts)


def _sentences(samples: Mapping[str, _Sample], japanese_words: str) -> Iterator[str]:
    for order, lang in _in_order(samples):
        yield from train.sentences(samples[lang].texts[order], japanese_words if lang == "ja" else "")


def card_path(model: Path) -> Path:
    """Where the card of a model lies: beside it. Not `tokenizer.json`, which is what Hugging Face calls a tokenizer."""
    return model.with_suffix(".card.json")
