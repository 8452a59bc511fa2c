"""Filters judge documents. One file per family of rules; each rule is a frozen dataclass whose fields are its limits.

A filter never removes anything: it says for each row why the document should go, with the value it measured and the
limit that value broke. The `filter` stage writes those columns beside the documents.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Verdicts:
    """What one filter says of the rows of one batch, all three of the batch's length.

    `reason` (string) is null where the document may stay. `value` and `limit` (float64) are null where `reason` is.
    """

    reason: pa.Array
    value: pa.Array
    limit: pa.Array


def verdicts(objections: Iterable[tuple[str, float, float] | None]) -> Verdicts:
    """Verdicts from what a rule says of each row: (reason, value, limit), or None to keep it."""
    rows = list(objections)
    return Verdicts(
        reason=pa.array([row and row[0] for row in rows], pa.string()),
        value=pa.array([row and row[1] for row in rows], pa.float64()),
        limit=pa.array([row and row[2] for row in rows], pa.float64()),
    )


class Filter(Protocol):
    """A frozen dataclass. Its fields are its settings, and so part of the fingerprint of the `filter` stage.

    `version` goes up whenever the same settings would judge a document differently.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    def __call__(self, batch: pa.RecordBatch) -> Verdicts:
        """Judge a batch with at least the columns `text` (string) and, after the language filter, `lang` (string)."""
        ...
