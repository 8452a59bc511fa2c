"""filter: the rules judge each document in turn; the first that objects gives the reason. Nothing is removed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from filters import Filter
from filters.japanese import Japanese
from filters.language import Language
from filters.length import Length
from filters.repetition import Repetition
from pipelines.parts import read_side_by_side, write_batches
from pipelines.record import UPSTREAM, VERDICT
from pipelines.stage import Result, Task
from pipelines.store import Output

RULES: dict[str, type] = {rule.name: rule for rule in (Language, Length, Japanese, Repetition)}


def rules_from(settings: Sequence[dict[str, object]]) -> list[Filter]:
    """The rules as the stage's settings hold them: name, version and the rule's own fields."""
    return [RULES[str(entry["name"])](**_fields(entry)) for entry in settings]


def _fields(entry: dict[str, object]) -> dict[str, Any]:
    fields = {key: value for key, value in entry.items() if key not in ("name", "version")}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}


def filter_part(task: Task, output: Output) -> Result:
    rules = rules_from(task.stage.settings["rules"])
    language = Language(**_fields(task.stage.settings["language"]))
    reasons: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    totals: Counter[str] = Counter()

    def verdicts() -> Iterator[pa.RecordBatch]:
        part = output.root / f"extract/part-{task.index:05d}.parquet"
        for (documents,) in read_side_by_side((part, ["doc_id", "reason", "text"])):
            judged, batch = judge(documents, rules, language)
            totals["rows"] += judged
            kept = batch.filter(pc.is_null(batch.column("reason")))
            totals["kept"] += kept.num_rows
            languages.update(kept.column("lang").to_pylist())
            reasons.update(r for r in batch.column("reason").to_pylist() if r not in (None, UPSTREAM))
            yield batch

    with output.create(f"filter/part-{task.index:05d}.parquet") as file:
        write_batches(file, VERDICT, verdicts())
    return Result(totals["rows"], totals["kept"], dict(reasons), {"languages": dict(sorted(languages.items()))})


def judge(documents: pa.RecordBatch, rules: Sequence[Filter], language: Language) -> tuple[int, pa.RecordBatch]:
    """Judge one batch of `doc_id, reason, text`. Returns how many rows were there to judge, and the verdicts.

    A rule sees only the rows that the rules before it kept, so the costly ones come last in a recipe.
    """
    here = pc.is_null(documents.column("reason"))
    open_rows = pc.indices_nonzero(here)
    judged = len(open_rows)
    found: dict[str, list[object]] = {name: [None] * documents.num_rows for name in VERDICT.names[1:]}
    for row in pc.indices_nonzero(pc.invert(here)).to_pylist():
        found["reason"][row] = UPSTREAM
    if judged:
        subset = pa.record_batch({"text": documents.column("text").take(open_rows)})
        lang, score = language.labels(subset)
        subset = subset.append_column("lang", lang).append_column("lang_score", score)
        _scatter(found, open_rows, lang=lang, lang_score=score)
        for rule in rules:
            verdict = rule(subset)
            _scatter(found, open_rows, reason=verdict.reason, value=verdict.value, limit=verdict.limit)
            keep = pc.is_null(verdict.reason)
            open_rows, subset = open_rows.filter(keep), subset.filter(keep)
    columns = [documents.column("doc_id"), *(pa.array(found[f.name], f.type) for f in list(VERDICT)[1:])]
    return judged, pa.RecordBatch.from_arrays(columns, schema=VERDICT)


def _scatter(found: dict[str, list[object]], rows: pa.Array, **columns: pa.Array) -> None:
    for name, column in columns.items():
        for row, value in zip(rows.to_pylist(), column.to_pylist(), strict=True):
            found[name][row] = value
