"""The filters of peS2o for papers (Soldaini and Lo 2023, the cards of its versions 1 and 2), with its limits.

Its words are what white space parts. Its unigram probabilities, counted in a web corpus of its own, were not published:
give a list of words with their counts, and choose the limit anew, for it hangs on the list.
"""

import functools
import hashlib
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from filters import Bound
from filters.gopher import Scores, columns, share

_SCORES = (
    "pes2o.words",
    "pes2o.paragraphs",
    "pes2o.year",
    "pes2o.log_prob",
    "pes2o.top_word",
    "pes2o.spaced",
)
_SPACED = re.compile(r"\b[A-Za-z]\s(?:[a-z]\s)*[A-Za-z]\b")
_PARAGRAPHS = re.compile(r"\n\s*\n")


def measure(text: str, log_probs: Mapping[str, float]) -> Scores:
    """What `PeS2o` asks of one text, but for its year. `log_probs` of words in small letters; "" has that of others."""
    words = Counter(text.split())
    count = words.total()
    found: dict[str, float | None] = {
        "pes2o.words": count,
        "pes2o.paragraphs": sum(bool(part.strip()) for part in _PARAGRAPHS.split(text)),
        "pes2o.top_word": share(max(words.values(), default=0), count),
        "pes2o.spaced": sum(1 for _ in _SPACED.finditer(text)),
    }
    if log_probs and count:
        unknown = log_probs[""]
        total = sum(log_probs.get(word.lower(), unknown) * times for word, times in words.items())
        found["pes2o.log_prob"] = total / count
    return found


@dataclass(frozen=True)
class PeS2o:
    """Judges rows in English. A batch may have the column `date` (timestamp); without it, or where it is null,
    the year is not asked for. None switches a rule off.

    peS2o held these limits against titles and abstracts in some of its versions, against whole papers in others.
    """

    min_words: int | None = 500
    min_paragraphs: int | None = 5
    # After 1969: the older are mostly scans.
    min_year: int | None = 1970
    # Mean of the natural logarithms of the probabilities of the words.
    min_log_prob: float | None = -20.0
    # A text file, on each line a word, a tab and its count. Without one the rule is skipped.
    frequencies: str = ""
    # Share of the most frequent word in all words.
    max_top_word: float | None = 0.075
    # Rows of single letters: "t h e". An abstract with five was taken for a bad scan.
    max_spaced: int | None = 4

    name: ClassVar[str] = "pes2o"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for name in ("min_words", "min_paragraphs", "min_year", "max_top_word", "max_spaced"):
            limit = getattr(self, name)
            if limit is not None and limit < 0:
                raise ValueError(f"{name}: at least 0, not {limit}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Scores (float64) by name of English rows, null where there is nothing to measure.

        Raises ValueError with the path of a file of frequencies that cannot be read.
        """
        log_probs = _log_probs(self.frequencies) if self.frequencies else {}
        texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
        has_dates = batch.schema.get_field_index("date") >= 0
        years = pc.year(batch.column("date")).to_pylist() if has_dates else [None] * len(texts)
        rows: list[Scores] = [
            {**measure(text, log_probs), "pes2o.year": year} if lang == "en" and text is not None else {}
            for text, lang, year in zip(texts, langs, years, strict=True)
        ]
        return columns(rows, _SCORES)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """In the order of peS2o's cards."""
        return (
            Bound("pes2o_few_words", "pes2o.words", least=self.min_words),
            Bound("pes2o_few_paragraphs", "pes2o.paragraphs", least=self.min_paragraphs),
            Bound("pes2o_year", "pes2o.year", least=self.min_year),
            Bound("pes2o_log_prob", "pes2o.log_prob", least=self.min_log_prob),
            Bound("pes2o_top_word", "pes2o.top_word", most=self.max_top_word),
            Bound("pes2o_spaced", "pes2o.spaced", most=self.max_spaced),
        )

    def digests(self) -> dict[str, str]:
        """SHA-256 of the file of frequencies by its path. Raises ValueError with the path if it cannot be read."""
        if not self.frequencies:
            return {}
        return {self.frequencies: hashlib.sha256(_read(self.frequencies)).hexdigest()}


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


@functools.cache
def _log_probs(path: str) -> dict[str, float]:
    """By word, and that of the words not listed by "": half of a count of one. Once in a process."""
    counts: dict[str, int] = {}
    for number, line in enumerate(_read(path).decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        word, _, count = line.strip().rpartition("\t")
        if not word or not count.isdecimal() or not int(count):
            raise ValueError(f"{path}, line {number}: a word, a tab and its count, not {line[:60]!r}")
        counts[word.lower()] = counts.get(word.lower(), 0) + int(count)
    if not counts:
        raise ValueError(f"{path}: no words")
    total = sum(counts.values())
    return {word: math.log(count / total) for word, count in counts.items()} | {"": math.log(0.5 / total)}
