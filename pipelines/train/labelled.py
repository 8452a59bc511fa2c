"""Texts from files of all kinds, each with its language: the one it came with, or else the one `filter` would find."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from filters import language
from pipelines.errors import UsageError
from pipelines.train.texts import Text, find_texts, read_texts

Report = Callable[[str, float], None]
"""Told what is being done and the share of it that is."""


def labelled(texts: Sequence[Text], rule: language.Language, setting: str) -> list[tuple[str, str]]:
    """Each text with its language, "" where none is found. Half a character, which JSON can write, becomes a question
    mark. Raises `UsageError` that names the setting where a language is unknown."""
    plain = [text.encode("utf-8", "replace").decode() for text, _ in texts]
    unknown = pa.array([text for text, (_, lang) in zip(plain, texts, strict=True) if lang is None], pa.string())
    try:
        guesses = iter(rule.labels(pa.record_batch({"text": unknown}))[0].to_pylist())
    except language.ModelError as error:
        raise UsageError(f"{setting}: {error}") from None
    return [
        (text, (next(guesses) or "") if lang is None else lang) for text, (_, lang) in zip(plain, texts, strict=True)
    ]


def read_labelled(paths: Sequence[Path], languages: Sequence[str], report: Report) -> Iterator[list[tuple[str, str]]]:
    """Batches of (text, language), as `labelled` has them.

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
            yield labelled(batch, rule, "languages")
        before += source.size
