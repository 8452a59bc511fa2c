"""Is a page that passes for English written in English sentences? Judged by its function words and sentence ends.

Gopher (Rae et al. 2021) asks for two of eight function words, which a menu of forty entries has. Here their share
counts: of our labelled texts (tests/quality/judgement.jsonl) prose, verse and manuals have 0.20 to 0.58 of their words
among these, menus, tag clouds, keywords and forms 0 to 0.18.
"""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound, scores

#: The commonest words of closed classes: articles, pronouns, prepositions, conjunctions, auxiliaries. None has more
#: than eight letters, so that each is a number.
FUNCTION_WORDS = """
    a about after all also am an and any are as at be because been before but by can could did do does for from had has
    have he her him his how i if in into is it its may me might more most my no nor not of on one only or other our out
    over shall she should so some such than that the their them then there these they this those through to under up us
    was we were what when where which while who whose why will with would you your
"""

#: From this share of function words on nothing is asked of sentence ends: verse has none, changelogs have few. Of 2,099
#: trial pages 72 are below it with less than one end in 250 letters: 60 navigation, indexes, screens and tables, eight
#: listings of programs, four pages that a reader would have kept.
FUNCTION_SHARE = 0.19

#: Fewer lines are too few to take shares of.
LINES = 5


class Measures(NamedTuple):
    """What the limits of `English` are held against."""

    function: float
    """Share of the words (of letters and apostrophes) that are function words."""
    sentences: float
    """Sentence ends for each letter: .!? before white space, quotes and brackets passed over, after no other dot."""
    lines: int
    """Those that are not blank."""
    ellipsis: float
    """Share of the lines which end in an ellipsis, … or three dots."""
    exclamation: float
    """Share of the lines which end in an exclamation mark."""


def measure(text: str) -> Measures:
    """Measure one text. Where there is nothing to take a share of, it is 0."""
    words, function, letters, ends, lines, cut, loud = _count(
        np.frombuffer(text.encode(errors="replace"), np.uint8), _function_words()
    )
    return Measures(
        function=function / max(words, 1),
        sentences=ends / max(letters, 1),
        lines=lines,
        ellipsis=cut / max(lines, 1),
        exclamation=loud / max(lines, 1),
    )


@cache
def _function_words() -> NDArray[np.uint64]:
    """Each word's letters as the bytes of a number, sorted."""
    return np.sort(np.array([int.from_bytes(word.encode()) for word in FUNCTION_WORDS.split()], np.uint64))


@numba.njit(cache=True, nogil=True)
def _count(
    text: NDArray[np.uint8], function_words: NDArray[np.uint64]
) -> tuple[int, int, int, int, int, int, int]:  # pragma: no cover  # compiled
    """Words, function words, letters, sentence ends, lines, lines ending in an ellipsis, and in an exclamation mark.

    One pass over UTF-8; whatever is beyond ASCII counts as a letter of some word, general punctuation aside.
    """
    words = function = letters = ends = lines = cut = loud = 0
    length, packed = 0, np.uint64(0)  # of the word so far
    last, dots = np.uint8(0), 0  # the last byte of the line that is not white space, and how many dots in a row it ends
    pending = False  # a sentence end, if white space follows
    place, size = 0, len(text)
    while place <= size:
        byte = np.uint8(text[place] if place < size else 10)
        punctuation = byte == 0xE2 and place + 2 < size and text[place + 1] == 0x80  # U+2000 to U+203F: “ ” — …
        lower = byte | np.uint8(0x20)
        ascii_letter = 97 <= lower <= 122
        if ascii_letter or (byte >= 0x80 and not punctuation) or (byte == 39 and length):
            length += 1
            if ascii_letter or byte == 39:
                packed = (packed << np.uint64(8)) | np.uint64(lower if ascii_letter else byte)
            else:
                length += 8  # no function word
            letters += 1 if ascii_letter or byte >= 0xC0 else 0
            pending, dots, last = False, 0, byte
            place += 1
            continue
        if length:
            words += 1
            if length <= 8:
                at = int(np.searchsorted(function_words, packed))
                function += bool(at < len(function_words) and function_words[at] == packed)
            length, packed = 0, np.uint64(0)
        if byte == 10 or byte == 13:
            ends += pending
            if last:
                lines += 1
                cut += dots >= 3
                loud += last == 33
            pending, dots, last = False, 0, np.uint8(0)
        elif byte == 32 or byte == 9:
            ends += pending
            pending = False
        elif punctuation:
            third = text[place + 2]
            dots = 3 if third == 0xA6 else 0
            pending = pending and 0x98 <= third <= 0x9F  # quotation marks
            last = byte
            place += 2
        elif byte == 46 or byte == 33 or byte == 63:
            dots = dots + 1 if byte == 46 else 0
            pending, last = dots < 2, byte
        else:
            pending = pending and (byte == 34 or byte == 39 or byte == 41 or byte == 93)
            dots, last = 0, byte
        place += 1
    return words, function, letters, ends, lines, cut, loud


def _asked(found: Measures) -> tuple[float | None, ...]:
    """The scores of a text; None where the text shows that they would not mean what the limits take them for."""
    return (
        found.function,
        found.sentences if found.function < FUNCTION_SHARE else None,
        found.ellipsis,
        found.exclamation if found.lines >= LINES else None,
    )


@dataclass(frozen=True)
class English:
    """Rules for rows whose `lang` is "en"; the others stay. None switches a rule off (in a recipe, 0 a minimum and 1 a
    maximum)."""

    # As for Japanese (filters/japanese.py), after llm-jp-corpus: one in 250 letters, asked only of pages with few
    # function words. In all of our 51 good texts but two there is one in 150.
    min_sentences: float | None = 1 / 250
    # Gopher's. Teasers cut short ("the first frost is the sign that…"), results of a search.
    max_ellipsis: float | None = 0.30
    # Ours: one-line adverts. Of 2,099 trial pages none of five lines passes it.
    max_exclamation: float | None = 0.50

    name: ClassVar[str] = "english"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for field in ("min_sentences", "max_ellipsis", "max_exclamation"):
            limit = getattr(self, field)
            if limit is not None and not 0 <= limit <= 1:
                raise ValueError(f"{field}: a share from 0 to 1, not {limit}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`english.function`, `.sentences`, `.ellipsis` and `.exclamation` of English rows; null where it is not asked
        for, as said above."""
        texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
        rows = [
            _asked(measure(text)) if lang == "en" and text is not None else None for text, lang in zip(texts, langs)
        ]
        return scores(self.name, ("function", "sentences", "ellipsis", "exclamation"), rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`english_sentences`, `english_ellipsis` and `english_exclamation`."""
        return (
            Bound("english_sentences", "english.sentences", least=self.min_sentences),
            Bound("english_ellipsis", "english.ellipsis", most=self.max_ellipsis),
            Bound("english_exclamation", "english.exclamation", most=self.max_exclamation),
        )
