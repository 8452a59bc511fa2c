"""Texts from files of all kinds, each with its language: the one it came with, or else the one `filter` would find."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from filters import language
from pipelines.errors import UsageError
from pipelines.texts import find_texts, read_texts

Report = Callable[[str, float], None]
"""Told what is being done and the share of it that is."""


def read_labelled(paths: Sequence[Path], languages: Sequence[str], report: Report) -> Iterator[list[tuple[str, str]]]:
    """Batches of (text, language); the language is "" where none of `languages` fits. Half a character, which JSON can
    write, becomes a question mark.

    Raises:
        UsageError: a path is not readable, or a language is unknown.
    """
    rule = language.Language(keep=tuple(languages))
    sources = [source for path in paths for source in find_texts(path)]
    total = sum(source.size for source in sources) or 1
    before = 0
    for source in sources:
        for share, batch in read_texts(source):
            report("reading", (before + share * source.size) / total)
            texts = [text.encode("utf-8", "replace").decode() for text, _ in batch]
            unknown = pa.array([text for text, (_, lang) in zip(texts, batch) if lang is None], pa.string())
            try:
                guesses = iter(rule.labels(pa.record_batch({"text": unknown}))[0].to_pylist())
            except language.ModelError as error:
                raise UsageError(f"languages: {error}") from None
            yield [(text, (next(guesses) or "") if lang is None else lang) for text, (_, lang) in zip(texts, batch)]
        before += source.size
