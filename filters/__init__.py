"""Filters judge documents. One file per family of rules; each rule is a frozen dataclass whose fields are its settings.

Evidence is apart from decision: a filter measures scores, and its bounds say which of them a document must keep to. It
never removes anything; the `filter` stage writes scores and verdicts beside the documents, so that another limit can be
tried without reading a text again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bound:
    """One limit of a rule: the document goes for `reason` where `score` is below `least` or above `most`.

    A null score objects to nothing: what could not be measured is no evidence.
    """

    reason: str
    score: str
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Verdicts:
    """What one filter says of the rows of one batch, all three of the batch's length.

    `reason` (string) is null where the document may stay. `value` and `limit` (float64) are null where `reason` is.
    """

    reason: pa.Array
    value: pa.Array
    limit: pa.Array


@runtime_checkable
class Filter(Protocol):
    """A frozen dataclass. Its fields are its settings, and so part of the fingerprint of the `filter` stage.

    `version` goes up whenever the same settings would judge a document differently.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Scores by name (float64, one for each row) of a batch with at least the columns `text` and `lang` (string).

        Null where there is nothing to measure, or the rule does not concern the language. Every row is measured for
        itself, and no score depends on a limit.
        """
        ...

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """The limits for documents of a language, in the order in which they are checked."""
        ...


@runtime_checkable
class Editor(Protocol):
    """A rule that changes texts. A frozen dataclass, as a `Filter` is."""

    name: ClassVar[str]
    version: ClassVar[int]

    def edits(self, text: str, lang: str | None) -> list[tuple[int, int, str]]:
        """What is to stand in place of which code points: (start, end, words), in order, none over another."""
        ...


@runtime_checkable
class Witness(Protocol):
    """A filter that can say what exactly it objects to, where a number is not enough."""

    def details(self, batch: pa.RecordBatch) -> list[str]:
        """For each of the documents it objected to: the words, the entry of a list, the items of a benchmark."""
        ...


def scores(name: str, fields: tuple[str, ...], rows: Sequence[tuple[float | None, ...] | None]) -> dict[str, pa.Array]:
    """Scores `name.field` from a tuple of measures for each row, or None where nothing was measured."""
    columns = zip(*(row if row is not None else (None,) * len(fields) for row in rows), strict=True)
    found = {f"{name}.{field}": pa.array(column, pa.float64()) for field, column in zip(fields, columns)}
    return found or {f"{name}.{field}": pa.nulls(0, pa.float64()) for field in fields}


def decide(rule: Filter, scores: Mapping[str, pa.Array], langs: pa.Array) -> Verdicts:
    """The first bound of its language that each row breaks. `langs` (string) has a value for each row."""
    reason: list[str | None] = [None] * len(langs)
    value: list[float | None] = [None] * len(langs)
    limit: list[float | None] = [None] * len(langs)
    row_langs = np.array(langs.to_pylist(), dtype=object)
    for lang in dict.fromkeys(row_langs):
        left = row_langs == lang
        for bound in rule.bounds(lang):
            measured = scores[bound.score].to_numpy(zero_copy_only=False).astype(np.float64)  # null is nan, breaks none
            for broken, held in _broken(measured, bound):
                for row in np.flatnonzero(broken & left).tolist():
                    reason[row], value[row], limit[row] = bound.reason, float(measured[row]), held
                left &= ~broken
    return Verdicts(pa.array(reason, pa.string()), pa.array(value, pa.float64()), pa.array(limit, pa.float64()))


def _broken(measured: NDArray[np.float64], bound: Bound) -> Iterator[tuple[NDArray[np.bool_], float]]:
    if bound.least is not None:
        yield measured < bound.least, bound.least
    if bound.most is not None:
        yield measured > bound.most, bound.most


def judge(rule: Filter, batch: pa.RecordBatch) -> Verdicts:
    """Measure and decide at once."""
    return decide(rule, rule.measure(batch), batch.column("lang"))
