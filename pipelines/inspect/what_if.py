"""What if a limit were another? Decided again from the scores on record; no text is read but that of the sample."""

import dataclasses
import random
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from filters import Editor, Filter, decide
from pipelines.errors import UsageError
from pipelines.inspect.show import excerpt
from pipelines.recipe import Recipe, Rule, validated
from pipelines.record import UPSTREAM
from pipelines.store import Store
from pipelines.work.filter import Rules, owners, score_name

#: Languages whose bounds are looked at to tell a limit from a setting of what is measured.
LANGS = ("ja", "en", None)


@dataclasses.dataclass(frozen=True)
class Moved:
    """A document whose fate would change: from one reason to another, None for kept."""

    part: int
    row: int
    before: str | None
    after: str | None
    value: float | None
    unmeasured: bool  # rules after the one that dropped it have not seen it


def changed_recipe(path: Path, recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The recipe with `filter.RULE.FIELD=VALUE` set, values as in TOML. Raises `UsageError` where that is none, or
    where the field is no limit but part of what is measured."""
    table = recipe.model_dump(mode="json")
    for setting in settings:
        key, _, value = setting.partition("=")
        *steps, field = key.strip().split(".")
        if steps[:1] != ["filter"] or len(steps) < 2 or not value:
            raise UsageError(f"--set {setting}: give filter.RULE.FIELD=VALUE, as filter.japanese.min_hiragana=0.15")
        here = table
        for step in steps:
            if not isinstance(here.get(step), dict):
                raise UsageError(f"--set {setting}: there is no {key.strip()} in this recipe")
            here = here[step]
        try:
            here[field] = tomllib.loads(f"value = {value}")["value"] if value.strip() != "none" else None
        except tomllib.TOMLDecodeError:
            raise UsageError(f"--set {setting}: {value!r} is no TOML value (or none)") from None
    found = validated(path, table)
    for (name, old), (_, new) in zip(recipe.filter.chosen(), found.filter.chosen(), strict=True):
        if old != new and (isinstance(new, Editor) or not isinstance(old, Filter) or _bounds(old) == _bounds(new)):
            raise UsageError(
                f"--set: what was changed of {name} decides what is measured, not what it is held against; change the "
                "recipe and run `minamoto filter --rebuild`"
            )
    return found


def _bounds(rule: Rule) -> list[object]:
    return [rule.bounds(lang) for lang in LANGS] if isinstance(rule, Filter) else []


def what_if(out: Path | str, before: Recipe, after: Recipe, sample: int, seed: int) -> dict[str, Any]:
    """How many documents would return and go, by reason, with a seeded sample of each to read."""
    store = Store(out)
    parts = store.indices("filter")
    committed = store.read_json("commits/filter/stage.json")
    if not parts or committed is None:
        raise UsageError(f"{out}: no verdicts; run `minamoto filter` first, or give another --out")
    moved: dict[str, list[Moved]] = {"return": [], "go": [], "other": []}
    rows = kept = 0
    for part in parts:
        with store.fetched(f"filter/part-{part:05d}.parquet") as file:
            table = pq.read_table(file)
        alive = pc.not_equal(pc.fill_null(table.column("reason"), ""), UPSTREAM)
        rows += pc.sum(alive).as_py() or 0
        kept += pc.sum(pc.is_null(table.column("reason"))).as_py() or 0
        for found in _redecide(part, table, before.filter.chosen(), after.filter.chosen()):
            way = "return" if found.after is None else "go" if found.before is None else "other"
            moved[way].append(found)
    random_ = random.Random(seed)  # noqa: S311  a sample to read
    return {
        "documents": rows,
        "kept": kept,
        "kept_then": kept + len(moved["return"]) - len(moved["go"]),
        **{way: _summary(store, found, sample, random_) for way, found in moved.items()},
    }


def _redecide(part: int, table: pa.Table, before: Rules, after: Rules) -> Iterator[Moved]:
    """Rows whose first objection changes. What a rule has not measured it cannot object to: it is marked."""
    reasons = table.column("reason").to_pylist()
    langs = table.column("lang").combine_chunks()
    owner = owners(before, {*LANGS, *langs.unique().to_pylist()})
    verdicts = []
    for label, rule in after:
        if isinstance(rule, Filter):
            needed = {bound.score for lang in langs.unique().to_pylist() for bound in rule.bounds(lang)}
            scores = {name: table.column(score_name(label, rule, name)).combine_chunks() for name in needed}
            found = decide(rule, scores, langs)
            names = [reason and score_name(label, rule, reason) for reason in found.reason.to_pylist()]
            verdicts.append((names, found.value.to_pylist()))
        else:
            verdicts.append(([None] * len(reasons), [None] * len(reasons)))
    for row, reason in enumerate(reasons):
        if reason == UPSTREAM:
            continue
        last = owner.get(reason, len(verdicts) - 1) if reason else len(verdicts) - 1
        first = next((place for place in range(last + 1) if verdicts[place][0][row]), None)
        now = verdicts[first][0][row] if first is not None else None
        if now != reason:
            value = verdicts[first][1][row] if first is not None else table.column("value")[row].as_py()
            yield Moved(part, row, reason, now, value, now is None and last < len(verdicts) - 1)


def _summary(store: Store, moved: list[Moved], sample: int, random_: random.Random) -> dict[str, Any]:
    by_reason = Counter(f"{found.before or 'kept'} → {found.after or 'kept'}" for found in moved)
    chosen = random_.sample(moved, min(sample, len(moved)))
    return {
        "documents": len(moved),
        "unmeasured": sum(found.unmeasured for found in moved),
        "by_reason": dict(sorted(by_reason.items(), key=lambda item: (-item[1], item[0]))),
        "sample": [dataclasses.asdict(found) | excerpt(store, found.part, found.row) for found in chosen],
    }
