"""C4's rules (Raffel et al. 2020, arXiv:1910.10683, section 2.2): lines that are no sentences go, then pages with few.

As in datatrove, which follows the code of TensorFlow Datasets where the paper says less. Left out are the list of bad
words, and the removal of spans that several pages have.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters import Bound
from filters.gopher import Scores, check_limits, columns
from filters.splitting import count_sentences

_SCORES = ("c4.lorem_ipsum", "c4.curly_brackets", "c4.sentences")

_CITATION = re.compile(r"\[(?:\d*|edit|citation needed)\]")
_ENDS = (".", "?", "!", '"', "'")
_ELLIPSIS = "..."
_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


@dataclass(frozen=True)
class C4Lines:
    """Takes lines that are no sentences out of a text, and citations. None or false switches a rule off.

    Only from rows in one of `langs`: the marks that end a sentence are those of English.
    """

    # Lines go that hold a longer word,
    max_word: int | None = 1_000
    # or, once [1], [edit] and [citation needed] are taken out,
    citations: bool = True
    # do not end in . ? ! " or ', or end in three dots,
    terminal_punctuation: bool = True
    # have fewer words, told by white space,
    min_line_words: int | None = 3
    # or speak of these.
    javascript: bool = True
    policy: bool = True
    langs: tuple[str, ...] = ("en",)

    name: ClassVar[str] = "c4_lines"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)

    def edits(self, text: str, lang: str | None) -> list[tuple[int, int, str]]:
        """`cuts`, with nothing in their place."""
        return [(start, end, "") for start, end in self.cuts(text)] if lang in self.langs else []

    def cuts(self, text: str) -> list[tuple[int, int]]:
        """Spans (from, to) in code points, in order and apart: lines with their line break, and citations.

        White space stays in the lines that stay.
        """
        spans: list[tuple[int, int]] = []
        end = 0
        for line in text.splitlines(keepends=True):
            start, end = end, end + len(line)
            sentence = self.sentence(line)
            if sentence is None or self.unwanted(sentence.lower()):
                if spans and spans[-1][1] == start:
                    start = spans.pop()[0]
                spans.append((start, end))
            elif self.citations:
                spans.extend((start + found.start(), start + found.end()) for found in _CITATION.finditer(line))
        return spans

    def sentence(self, line: str) -> str | None:
        """The line without citations if it is like a sentence."""
        line = line.strip()
        few = self.min_line_words is not None and len(line.split(None, self.min_line_words)) < self.min_line_words
        if self.max_word is not None and len(line) > self.max_word and max(map(len, line.split())) > self.max_word:
            return None
        if self.citations and "[" in line:
            line = _CITATION.sub("", line)
        if self.terminal_punctuation and (not line.endswith(_ENDS) or line.endswith(_ELLIPSIS)):
            return None
        return None if few else line

    def unwanted(self, lower: str) -> bool:
        """Does a line in small letters speak of what it should not?"""
        if self.javascript and "javascript" in lower:
            return True
        return self.policy and any(map(lower.__contains__, _POLICY))


@dataclass(frozen=True)
class C4:
    """Is the text a page of sentences? To be asked before `C4Lines` has cut it. None or false switches a rule off.

    As in datatrove, a sentence drops the page for either phrase even if the line is then cut for another.
    """

    lines: C4Lines = C4Lines()
    lorem_ipsum: bool = True
    curly_brackets: bool = True
    # Of those that `lines` leaves.
    min_sentences: int | None = 5

    name: ClassVar[str] = "c4"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)

    def scores(self, text: str, sentences: Callable[[Sequence[str]], int] = count_sentences) -> Scores:
        """Of one text: lines like sentences that hold either phrase, and how many `sentences` finds in what stays."""
        lorem_ipsum = curly_brackets = 0
        kept = []
        for line in text.splitlines():
            sentence = self.lines.sentence(line)
            if sentence is None:
                continue
            lower = sentence.lower()
            lorem_ipsum += "lorem ipsum" in lower
            curly_brackets += "{" in sentence and not (self.lines.javascript and "javascript" in lower)
            if not self.lines.unwanted(lower):
                kept.append(sentence)
        return {"c4.lorem_ipsum": lorem_ipsum, "c4.curly_brackets": curly_brackets, "c4.sentences": sentences(kept)}

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`scores` (float64) by name, null in other languages than those of `lines`."""
        texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
        rows = [
            {} if text is None or lang not in self.lines.langs else self.scores(text)
            for text, lang in zip(texts, langs)
        ]
        return columns(rows, _SCORES)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """In the order of datatrove's filter, but it names the curly bracket if that comes in an earlier line."""
        if lang not in self.lines.langs:
            return ()
        return (
            Bound("c4_lorem_ipsum", "c4.lorem_ipsum", most=0 if self.lorem_ipsum else None),
            Bound("c4_curly_brackets", "c4.curly_brackets", most=0 if self.curly_brackets else None),
            Bound("c4_few_sentences", "c4.sentences", least=self.min_sentences),
        )
