"""A plan as a file, TOML or JSON: what to read and how, and, where it was saved by us, what it was made of.

seq_len = 4096
packing = "best_fit"          # or "concat"
seed = 1
held_out = 0.001
[sources.web]
path = "../out/web"           # from the folder of this file; without one, the corpus the reader names
weight = 0.7
[sources.academic]
weight = 0.3
epochs = 2
[[stages]]                    # in place of weights
tokens = 1_000_000_000
weights = {web = 0.9, academic = 0.1}
"""

import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from tokenizer.loader import ForeignTokenizer, TokenShards
from tokenizer.plan import BadPlan, Plan, Settings, Source, Stage, StalePlan

#: What each table of a plan may have, and of what type.
PLAN: dict[str, type] = {
    "seq_len": int, "packing": str, "mask_documents": bool, "seed": int, "held_out": float, "split": str,
    "sources": dict, "stages": list, "digest": str, "tokenizer_sha256": str,
}  # fmt: skip
SOURCE: dict[str, type] = {"path": str, "weight": float, "epochs": int, "digest": str}
STAGE: dict[str, type] = {"tokens": int, "weights": dict}
OF_THE_PLAN = ("sources", "stages", "digest", "tokenizer_sha256")


def load(
    path: Path,
    corpus: Path | None = None,
    backend: Literal["mmap", "pread"] = "mmap",
    check: Literal["size", "digest"] = "size",
    on_damage: Literal["raise", "skip"] = "raise",
) -> Plan:
    """The plan of a file; `corpus` is where sources without a path are, the rest is of `TokenShards`.

    Raises `BadPlan` with the file, the key and what is wrong with it; `StalePlan` where it was saved for other tokens;
    `ForeignTokenizer`, `Damaged`.
    """
    try:
        text = path.read_text(encoding="utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise BadPlan(f"{path}: not readable as {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from None
    try:
        settings, says, stages = _parsed(table)
        sources = {}
        for name, source in says.items():
            where = path.parent / source["path"] if "path" in source else corpus
            if where is None:
                raise BadPlan(f"sources.{name}.path: must be given, or else the corpus (--out)")
            shards = TokenShards(where, backend, check, on_damage)
            if table.get("tokenizer_sha256", shards.tokenizer_sha256) != shards.tokenizer_sha256:
                raise ForeignTokenizer(
                    f"{path}: sources.{name} at {where} is of tokenizer {shards.tokenizer_sha256[:12]}, "
                    f"not {table['tokenizer_sha256'][:12]}"
                )
            if source.get("digest", shards.digest) != shards.digest:
                raise StalePlan(
                    f"{path}: sources.{name} at {where} is {shards.digest[:12]} now, not {source['digest'][:12]}; "
                    "the plan was saved for other tokens"
                )
            sources[name] = Source(shards, source.get("weight"), source.get("epochs", 1))
        plan = Plan(sources, settings, stages)
    except BadPlan as bad:
        raise BadPlan(f"{path}: {bad}") from None
    if table.get("digest", plan.digest) != plan.digest:
        raise StalePlan(f"{path}: its digest is {table['digest'][:12]}, what it says makes {plan.digest[:12]}")
    return plan


def save(plan: Plan, path: Path) -> None:
    """Write a plan with the digests of all it was made of, so that `load` knows it again. TOML, or JSON by its name.

    Paths are written as they are from the folder of the file where that is above the corpus, else absolute.
    """
    says: dict[str, Any] = {name: getattr(plan.settings, name) for name in PLAN if name not in OF_THE_PLAN}
    says |= {"digest": plan.digest, "tokenizer_sha256": next(iter(plan.sources.values())).shards.tokenizer_sha256}
    says["sources"] = {}
    for name, source in plan.sources.items():
        where, here = source.shards.folder.resolve(), path.resolve().parent
        shown = where.relative_to(here) if where.is_relative_to(here) else where
        says["sources"][name] = {"path": shown.as_posix(), "digest": source.shards.digest, "epochs": source.epochs}
        if source.weight is not None:
            says["sources"][name]["weight"] = source.weight
    if plan.stages:
        says["stages"] = [{"tokens": stage.tokens, "weights": dict(stage.weights)} for stage in plan.stages]
    if path.suffix == ".json":
        path.write_text(json.dumps(says, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        path.write_text(_toml(says), encoding="utf-8")


def _parsed(table: Any) -> tuple[Settings, dict[str, dict[str, Any]], list[Stage]]:
    checked = _checked("", table, PLAN)
    if "seq_len" not in checked:
        raise BadPlan("seq_len: must be given")
    settings = Settings(**{name: value for name, value in checked.items() if name not in OF_THE_PLAN})
    sources = {n: _checked(f"sources.{n}.", source, SOURCE) for n, source in checked.get("sources", {}).items()}
    stages = []
    for number, stage in enumerate(checked.get("stages", [])):
        known = _checked(f"stages.{number}.", stage, STAGE)
        for name in STAGE:
            if name not in known:
                raise BadPlan(f"stages.{number}.{name}: must be given")
        weights = _checked(f"stages.{number}.weights.", known["weights"], dict.fromkeys(sources, float))
        stages.append(Stage(known["tokens"], weights))
    return settings, sources, stages


def _checked(where: str, table: Any, known: Mapping[str, type]) -> dict[str, Any]:
    """A table whose keys are known and whose values have their types; whole numbers are numbers too."""
    if not isinstance(table, dict):
        raise BadPlan(f"{where.rstrip('.') or 'the plan'}: must be a table, not {table!r}")
    found = {}
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            raise BadPlan(f"{where}{key}: no such setting; {hint}")
        wanted = known[key]
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            shown = {dict: "a table", list: "an array of tables", str: "a string", bool: "true or false"}
            raise BadPlan(f"{where}{key}: must be {shown.get(wanted, 'a number')}, not {value!r}")
        found[key] = value
    return found


def _toml(says: dict[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in says.items() if key not in ("sources", "stages")]
    for name, source in says["sources"].items():
        lines += ["", f"[sources.{_value(name)}]", *(f"{key} = {_value(value)}" for key, value in source.items())]
    for stage in says.get("stages", []):
        weights = ", ".join(f"{_value(name)} = {weight}" for name, weight in stage["weights"].items())
        lines += ["", "[[stages]]", f"tokens = {stage['tokens']}", f"weights = {{{weights}}}"]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """JSON's strings and numbers are TOML's, but for the character DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
