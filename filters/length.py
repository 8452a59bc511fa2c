"""The length of a document, in characters without white space."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters import Bound, scores
from filters.scripts import code_points, visible


def visible_chars(text: str) -> int:
    """How many characters (code points) of `text` are not white space."""
    return len(visible(code_points(text)))


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
    version: ClassVar[int] = 2

    def __post_init__(self) -> None:
        for field in ("min_chars_ja", "min_chars", "max_chars"):
            limit = getattr(self, field)
            if limit is not None and limit < 0:
                raise ValueError(f"{field}: a number of characters, not {limit}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`length.chars`."""
        texts = batch.column("text").to_pylist()
        return scores(self.name, ("chars",), [None if text is None else (visible_chars(text),) for text in texts])

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`length_short` or `length_long`."""
        least = self.min_chars_ja if lang == "ja" else self.min_chars
        return Bound("length_short", "length.chars", least=least), Bound(
            "length_long", "length.chars", most=self.max_chars
        )
