"""FineWeb's own rules (Penedo et al. 2024, arXiv:2406.17557, section 3.6), measured as by datatrove.

The published limits are for English, and hold here for every language but Japanese. Those of Japanese are FineWeb-2's
(Penedo et al. 2025, arXiv:2506.20920, its configuration of jpn_Jpan), for words of SudachiPy's mode A.
"""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters import Bound
from filters.gopher import Scores, check_limits, columns, duplicates, share
from filters.splitting import TERMINAL, Split, Words, default_split, split_rows

_SCORES = (
    "fineweb.lines",
    "fineweb.line_punct",
    "fineweb.short_lines",
    "fineweb.dup_line_chars",
    "fineweb.new_lines",
)


def layout(text: str, words: Words | None, short_line: int) -> Scores:
    """What `FineWeb` asks of one text; lines of up to `short_line` characters are short."""
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    breaks = text.count("\n")
    return {
        "fineweb.lines": len(lines),
        "fineweb.line_punct": share(sum(line[-1] in TERMINAL for line in lines), len(lines)),
        "fineweb.short_lines": share(sum(len(line) <= short_line for line in lines), len(lines)),
        "fineweb.dup_line_chars": share(duplicates(lines)[1], len(text) - breaks),
        "fineweb.new_lines": None if words is None else share(breaks, len(words.ids)),
    }


@dataclass(frozen=True)
class FineWeb:
    """Is it set like prose? Lines that are blank do not count. None switches a limit off."""

    # Share of lines that end a sentence, and that to the point: no quote or white space may follow the mark.
    min_line_punct: float | None = 0.12
    min_line_punct_ja: float | None = 0.096
    max_short_lines: float | None = 0.67
    max_short_lines_ja: float | None = None
    short_line: int = 30
    # Share of characters in lines that stood before.
    max_dup_line_chars: float | None = 0.01
    max_dup_line_chars_ja: float | None = 0.1
    # Line breaks for each word. Not in the paper, but in datatrove.
    max_new_lines: float | None = 0.3
    max_new_lines_ja: float | None = 0.13

    # SudachiPy reads 1.5 MB a second; without words what is measured in words is null for Japanese.
    japanese_words: bool = False

    name: ClassVar[str] = "fineweb"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)

    def measure(self, batch: pa.RecordBatch, split: Split | None = None) -> dict[str, pa.Array]:
        """Scores (float64) by name, null where there is nothing to measure."""
        rows = [
            {} if text is None else layout(text, words, self.short_line)
            for text, _, words in split_rows(batch, split or default_split(self.japanese_words))
        ]
        return columns(rows, _SCORES)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """In the order of datatrove's filter."""
        ja = lang == "ja"
        line_punct = self.min_line_punct_ja if ja else self.min_line_punct
        short_lines = self.max_short_lines_ja if ja else self.max_short_lines
        dup_line_chars = self.max_dup_line_chars_ja if ja else self.max_dup_line_chars
        new_lines = self.max_new_lines_ja if ja else self.max_new_lines
        return (
            Bound("fineweb_empty", "fineweb.lines", least=1),
            Bound("fineweb_line_punct", "fineweb.line_punct", least=line_punct),
            Bound("fineweb_short_lines", "fineweb.short_lines", most=short_lines),
            Bound("fineweb_dup_line_chars", "fineweb.dup_line_chars", most=dup_line_chars),
            Bound("fineweb_new_lines", "fineweb.new_lines", most=new_lines),
        )
