"""filter: the rules judge each document in turn; the first that objects gives the reason. Nothing is removed.

Beside the verdicts stand the scores they rest on, so that other limits can be tried, and the edits of the rules that
change texts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import Editor, Filter, Witness, decide
from filters.language import WANTED, Language
from pipelines.edits import replaced
from pipelines.parts import read_side_by_side, write_batches
from pipelines.record import DOCUMENT, UPSTREAM, VERDICT
from pipelines.stage import Result, Task
from pipelines.store import Output

#: Rules under the names that a recipe gives them.
Rules = Sequence[tuple[str, Filter | Editor]]

#: What a rule may ask of a document, beside `lang`, `lang_score` and the score of the language.
COLUMNS = ("text", "url", "date", "robots", "tdm_reservation", "licences")


@dataclass(frozen=True)
class Filtering:
    """The rules, in order, and the one that labels languages, whether or not it is among them."""

    rules: Rules
    language: Language


def filter_part(task: Task, output: Output) -> Result:
    given: Filtering = task.given
    reasons: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    totals: Counter[str] = Counter(rows=0, kept=0)
    schema = verdict_schema(given)

    def verdicts() -> Iterator[pa.RecordBatch]:
        part = output.fetch(f"extract/part-{task.index:05d}.parquet")
        for (documents,) in read_side_by_side((part, ["doc_id", "reason", *COLUMNS])):
            judged, batch = judge(documents, given, schema)
            totals["rows"] += judged
            kept = batch.filter(pc.is_null(batch.column("reason")))
            totals["kept"] += kept.num_rows
            languages.update(kept.column("lang").to_pylist())
            reasons.update(r for r in batch.column("reason").to_pylist() if r not in (None, UPSTREAM))
            totals.update(e["by"] for of_one in kept.column("edits").to_pylist() if of_one for e in of_one)
            yield batch

    with output.create(f"filter/part-{task.index:05d}.parquet") as file:
        write_batches(file, schema, verdicts())
    rows, kept = totals.pop("rows"), totals.pop("kept")
    found = {"languages": dict(sorted(languages.items())), "edits": dict(sorted(totals.items()))}
    return Result(rows, kept, dict(reasons), found)


def verdict_schema(given: Filtering) -> pa.Schema:
    """The columns of a part: those of every corpus, and a score of each measure of each rule."""
    empty = pa.RecordBatch.from_pylist([], pa.schema([DOCUMENT.field(name) for name in COLUMNS]))
    empty = empty.append_column("lang", pa.nulls(0, pa.string())).append_column(WANTED, pa.nulls(0, pa.float64()))
    names = [
        score_name(label, rule, name)
        for label, rule in given.rules if not isinstance(rule, Editor)
        for name in rule.measure(empty)
    ]  # fmt: skip
    return pa.schema([*VERDICT, *(pa.field(name, pa.float64()) for name in dict.fromkeys(names))])


def score_name(label: str, rule: Filter, name: str) -> str:
    """The column of a score, or a reason; a variant of a rule has its own."""
    return name if label == rule.name else f"{label}:{name}"


def owners(rules: Rules, langs: Iterable[str | None]) -> dict[str, int]:
    """Which rule (its place) gives a reason, for documents of these languages."""
    return {
        score_name(label, rule, bound.reason): place
        for place, (label, rule) in enumerate(rules)
        if isinstance(rule, Filter)
        for lang in langs
        for bound in rule.bounds(lang)
    }


def judge(documents: pa.RecordBatch, given: Filtering, schema: pa.Schema) -> tuple[int, pa.RecordBatch]:
    """Judge one batch of `doc_id, reason` and COLUMNS. Returns how many rows were there to judge, and the verdicts.

    A rule sees only the rows that the rules before it kept, so the costly ones come last in a recipe.
    """
    here = pc.is_null(documents.column("reason"))
    open_rows = pc.indices_nonzero(here)
    judged = len(open_rows)
    found: dict[str, list[object]] = {name: [None] * documents.num_rows for name in VERDICT.names[1:]}
    scores: dict[str, NDArray[np.float64]] = {
        name: np.full(documents.num_rows, np.nan) for name in schema.names[len(VERDICT) :]
    }
    for row in pc.indices_nonzero(pc.invert(here)).to_pylist():
        found["reason"][row] = UPSTREAM
    if judged:
        subset = documents.select(COLUMNS).take(open_rows)
        lang, score, wanted = given.language.labels(subset)
        subset = subset.append_column("lang", lang).append_column("lang_score", score).append_column(WANTED, wanted)
        _scatter(found, open_rows, lang=lang, lang_score=score)
        for label, rule in given.rules:
            if isinstance(rule, Editor):
                subset = _edit(label, rule, subset, open_rows, found["edits"])
                continue
            measured = rule.measure(subset)
            for name, column in measured.items():
                scores[score_name(label, rule, name)][open_rows] = column.to_numpy(zero_copy_only=False)
            verdict = decide(rule, measured, subset.column("lang"))
            reason = verdict.reason
            if label != rule.name:
                reason = pc.binary_join_element_wise(f"{label}:", reason, "")
            _scatter(found, open_rows, reason=reason, value=verdict.value, limit=verdict.limit)
            keep = pc.is_null(verdict.reason)
            if isinstance(rule, Witness) and not pc.all(keep).as_py():
                gone = pc.invert(keep)
                details = pa.array(rule.details(subset.filter(gone)), pa.string())
                _scatter(found, open_rows.filter(gone), detail=details)
            open_rows, subset = open_rows.filter(keep), subset.filter(keep)
    columns = [documents.column("doc_id"), *(pa.array(found[f.name], f.type) for f in list(VERDICT)[1:])]
    columns += [pa.array(column, pa.float64(), from_pandas=True) for column in scores.values()]  # nan becomes null
    return judged, pa.RecordBatch.from_arrays(columns, schema=schema)


def _edit(label: str, rule: Editor, subset: pa.RecordBatch, open_rows: pa.Array, found: list[object]) -> pa.RecordBatch:
    """Let a rule change the texts of the rows that are left; notes what it did."""
    texts = subset.column("text").to_pylist()
    for place, (row, lang) in enumerate(zip(open_rows.to_pylist(), subset.column("lang").to_pylist(), strict=True)):
        if spans := rule.edits(texts[place], lang):
            texts[place] = replaced(texts[place], spans)
            before: list[dict[str, object]] = found[row] or []
            found[row] = before + [{"by": label, "start": s, "end": e, "put": put} for s, e, put in spans]
    return subset.set_column(subset.schema.get_field_index("text"), "text", pa.array(texts, pa.string()))


def _scatter(found: dict[str, list[object]], rows: pa.Array, **columns: pa.Array) -> None:
    for name, column in columns.items():
        for row, value in zip(rows.to_pylist(), column.to_pylist(), strict=True):
            found[name][row] = value
