"""What the rules of recipes/web.toml make of a file of labelled texts.

A line of such a file is a text of our own: "keep" is what a reader would want in a corpus, "drop" what he would not,
whatever the rules think of it.
"""

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa

from filters.length import visible_chars
from pipelines.recipe import load
from pipelines.record import DOCUMENT
from pipelines.work.filter import COLUMNS, Filtering, judge, verdict_schema

WEB = Path(__file__).parents[2] / "recipes/web.toml"

Case = dict[str, str]


def read(name: str) -> list[Case]:
    """The texts of a file beside this one."""
    return [json.loads(line) for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()]


def keeps(cases: list[Case]) -> dict[str, bool]:
    """Whether the rules keep a text, by its id."""
    chosen = load(WEB).filter
    filtering = Filtering(chosen.chosen(), chosen.language)
    schema = pa.schema([DOCUMENT.field(name) for name in ("doc_id", "reason", *COLUMNS)])
    rows = [{"doc_id": bytes(16), "text": case["text"]} for case in cases]
    judged, verdicts = judge(pa.RecordBatch.from_pylist(rows, schema), filtering, verdict_schema(filtering))
    assert judged == len(cases)
    return {case["id"]: reason is None for case, reason in zip(cases, verdicts.column("reason").to_pylist())}


def groups(case: Case) -> tuple[str, ...]:
    """The floors that a case counts towards."""
    lang = case["lang"] if case["lang"] in ("ja", "en") else "other"
    return "all", case["label"], lang, f"{lang} {case['label']}"


def agreement(cases: list[Case], kept: dict[str, bool]) -> dict[str, float]:
    """The share of the texts of a group that is judged as labelled, by the group."""
    counts = Counter(group for case in cases for group in groups(case))
    agreed = Counter(
        group for case in cases if kept[case["id"]] == (case["label"] == "keep") for group in groups(case)
    )  # fmt: skip
    return {group: agreed[group] / count for group, count in counts.items()}


def failures(cases: list[Case], kept: dict[str, bool]) -> list[str]:
    """The ids of the texts judged otherwise than labelled, sorted."""
    return sorted(case["id"] for case in cases if kept[case["id"]] != (case["label"] == "keep"))


def check(cases: list[Case]) -> None:
    """Every field is there, and no id or text is there twice."""
    for case in cases:
        assert set(case) == {"id", "lang", "label", "register", "text", "note"}
        assert case["label"] in ("keep", "drop")
        assert all(case.values()), case["id"]
        assert case["id"].startswith(f"{case['lang']}-{case['label']}-{case['register']}-")
        if case["label"] == "keep" and case["register"] != "short":  # else they would measure the length limit alone
            assert visible_chars(case["text"]) >= {"ja": 150, "en": 250}[case["lang"]], case["id"]
    assert len({case["id"] for case in cases}) == len({case["text"] for case in cases}) == len(cases)
