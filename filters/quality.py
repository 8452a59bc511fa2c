"""Is a text more like those that were shown as good, or those shown as bad? A fastText classifier (Joulin et al. 2017,
arXiv:1607.01759) that `minamoto train-quality` trains, as DCLM (arXiv:2406.11794) filters web pages.

A model is two files: quality.bin, and quality.json beside it, its card: what it was trained on and how well it judged
what it had not seen. fastText's loader trusts its file, so no model is loaded that is not the one its card names.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from filters import Bound, language, scores
from tokenizer.normalize import normalize

POSITIVE, NEGATIVE = "__label__positive", "__label__negative"

#: What a model sees of a text; goes up whenever `features` gives another result. A model knows only the one it was
#: trained with.
FEATURES = "words, characters and marks 1"

#: Fewer features are no evidence: about a headline.
MIN_FEATURES = 20

#: Characters of a text that are looked at. The longest of 6,227 pages has as many; of a book it is the beginning.
MAX_CHARS = 100_000

# Scripts without spaces between words, those of tokenizer.words.UNSPACED: Thai to Burmese, Khmer, kana, kanji.
_UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff\u3005-\u3007\u3031-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003fffd"
)
_FEATURE = re.compile(rf"(\d+)|[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+|[^\w\s]")


class ModelError(ValueError):
    """A quality model or its card is missing, is none, or they do not fit. The message is for the user."""


def features(text: str) -> list[str]:
    """What the classifier sees, and bigrams of it: words, characters of scripts without spaces, and marks; no case or
    width, and every number is 0.

    Areas under the ROC curve, in fivefold cross-validation with all texts shuffled | with sites not trained on. Main
    text against the rest of its page (666 Japanese texts of 22 sites) and tutorials against references (2,169 of 22):

        characters, bigrams                .996 | .992    .994 | .882      10 MB/s
        … and line ends                    .998 | .973    .993 | .890
        … and trigrams                     .998 | .988    .993 | .894
        … but no marks                     .928 | .889    .994 | .891
        SudachiPy's words, line ends      1.000 | .983    .996 | .876       1 MB/s
        runs of one script, line ends      .999 | .971    .996 | .878      11 MB/s

    Where lines end is left out, for it tells one extractor from another: with it English papers and web pages, which
    came by different ones, were told apart best (.972 on new sites, .948 without).
    """
    folded = unicodedata.normalize("NFKC", normalize(text[:MAX_CHARS])).lower()
    return ["0" if found[1] else found[0] for found in _FEATURE.finditer(folded)]


def card_path(model: Path) -> Path:
    """Where the card of a model is: quality.json beside quality.bin."""
    return model.with_suffix(".json")


def predict(model: Any, lines: Sequence[str]) -> list[float | None]:
    """The probability of the positive label for each text, its features joined by spaces; in steps of 0.0001, so that
    the last bits of a machine's exp() do not count. None where the model knows nothing of the text."""
    found: list[float | None] = []
    # Only the list form of predict works with NumPy 2.
    for labels, probabilities in zip(*model.predict(list(lines), k=2)):
        by_label = dict(zip(labels, probabilities))
        found.append(round(min(float(by_label[POSITIVE]), 1.0), 4) if POSITIVE in by_label else None)
    return found


@dataclass(frozen=True)
class Quality:
    """A document's score is the probability that it is of the positive kind; it goes where that is below the limit.

    `model` is the file that `minamoto train-quality` wrote, `languages` (ISO 639-1) those whose documents it judges;
    if there are none, all it was trained on. Others stay, and texts of fewer than 20 words. Several models are
    variants of this rule.
    """

    model: str
    languages: tuple[str, ...] = ()
    # 0.5 is where the model calls a text neither. DCLM keeps the best tenth instead: take the limit for that from the
    # quantiles in the card, or from `minamoto what-if`. 0 keeps all, with their scores.
    min_score_ja: float = 0.5
    min_score: float = 0.5

    name: ClassVar[str] = "quality"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("model: name the file that `minamoto train-quality` wrote")
        for field in ("min_score_ja", "min_score"):
            if not 0 <= getattr(self, field) <= 1:
                raise ValueError(f"{field}: a probability, not {getattr(self, field)}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`quality.score`.

        Raises:
            ModelError: the model or its card is missing, or they do not fit this rule.
        """
        rows: list[tuple[float | None] | None] = [None] * batch.num_rows
        if batch.num_rows:
            model, known = _load(Path(self.model))
            judged = self._spoken(known)
            lines = {}
            for row, (text, lang) in enumerate(zip(batch.column("text").to_pylist(), batch.column("lang").to_pylist())):
                if text is not None and lang in judged and len(found := features(text)) >= MIN_FEATURES:
                    lines[row] = " ".join(found)
            for row, score in zip(lines, predict(model, list(lines.values()))):
                rows[row] = (score,)
        return scores(self.name, ("score",), rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`quality`."""
        return (Bound("quality", "quality.score", least=self.min_score_ja if lang == "ja" else self.min_score),)

    def digests(self) -> dict[str, str]:
        """SHA-256 of the model and of its card, in hexadecimal.

        Raises:
            ModelError: as `measure`.
        """
        model = Path(self.model)
        sha256, card, known = _checked(model)
        self._spoken(known)
        return {model.name: sha256, card_path(model).name: hashlib.sha256(card).hexdigest()}

    def _spoken(self, known: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [lang for lang in self.languages if lang not in known]:
            raise ModelError(f"{self.model}: was trained on {', '.join(known)}, not on {', '.join(unknown)}")
        return self.languages or known


def _checked(model: Path) -> tuple[str, bytes, tuple[str, ...]]:
    """The model's digest, its card, and the languages in it; ModelError where they do not fit each other or us."""
    try:
        found, card = model.read_bytes(), card_path(model).read_bytes()
    except OSError as error:
        raise ModelError(f"{error.filename}: not readable ({error.strerror}); see `minamoto train-quality`") from None
    try:
        says = json.loads(card)
        expected, seen, known = says["model_sha256"], says["features"], tuple(map(str, says["languages"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(f"{card_path(model)}: not the card of a quality model") from None
    sha256 = hashlib.sha256(found).hexdigest()
    if sha256 != expected:
        raise ModelError(f"{model}: not the model its card {card_path(model).name} names; take both from one training")
    if seen != FEATURES:
        raise ModelError(f"{model}: trained with other features ({seen}; here {FEATURES}); train it again")
    return sha256, card, known


@lru_cache(maxsize=8)
def _load(model: Path) -> tuple[Any, tuple[str, ...]]:
    _, _, known = _checked(model)
    try:
        return language.load(model), known
    except language.ModelError as error:
        raise ModelError(str(error)) from None
