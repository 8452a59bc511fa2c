"""The length of a document, in characters without white space."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters import Verdicts, verdicts


def visible_chars(text: str) -> int:
    """How many characters (code points) of `text` are not white space."""
    return sum(map(len, text.split()))


@dataclass(frozen=True)
class Length:
    """Too little text to learn from, or a dump of data. None switches a limit off.

    A character of Japanese says about as much as two of English, so it has its own minimum.
    """

    # HojiChar and uzushio ask for 200 characters, Swallow for 400. Between 150 and 200 we read complete entries of
    # manuals, below 150 mostly a heading and one line.
    min_chars_ja: int | None = 150
    # Gopher asks for 50 words: 250 letters. Either minimum loses 0.2 to 0.4 % of the characters of our trial pages.
    min_chars: int | None = 250
    # A guard against dumps. Gopher stops at 100,000 words, half of this, HojiChar's docstring at 50,000 characters. The
    # longest of our trial pages has 0.1 million, the novel 吾輩は猫である 0.4; raise it for a corpus of books.
    max_chars: int | None = 1_000_000

    name: ClassVar[str] = "length"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for field in ("min_chars_ja", "min_chars", "max_chars"):
            limit = getattr(self, field)
            if limit is not None and limit < 0:
                raise ValueError(f"{field}: a number of characters, not {limit}")

    def __call__(self, batch: pa.RecordBatch) -> Verdicts:
        """`length_short` or `length_long`. A row without text has no verdict."""
        texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
        found = [None if text is None else self._objection(text, lang) for text, lang in zip(texts, langs)]
        return verdicts(found)

    def _objection(self, text: str, lang: str | None) -> tuple[str, int, int] | None:
        chars = visible_chars(text)
        least = self.min_chars_ja if lang == "ja" else self.min_chars
        if least is not None and chars < least:
            return "length_short", chars, least
        if self.max_chars is not None and chars > self.max_chars:
            return "length_long", chars, self.max_chars
        return None
