"""What the rules of recipes/web.toml make of texts whose worth a reader knows.

judgement.jsonl holds texts of our own: "keep" is what a reader would want in a corpus, "drop" what he would not,
whatever the rules think of it. The labels were given before the rules were run, and are not to follow them.
"""

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from filters.length import visible_chars
from pipelines.recipe import load
from pipelines.record import DOCUMENT
from pipelines.work.filter import COLUMNS, Filtering, judge, verdict_schema

CASES = [
    json.loads(line) for line in Path(__file__).with_name("judgement.jsonl").read_text(encoding="utf-8").splitlines()
]
WEB = Path(__file__).parents[2] / "recipes/web.toml"

# Shares of 1, as measured, rounded down to 0.005.
FLOORS = {
    "all": 0.955,
    "keep": 0.975,
    "drop": 0.925,
    "ja": 0.955,
    "en": 0.950,
    "other": 1.000,
    "ja keep": 0.975,
    "ja drop": 0.920,
    "en keep": 0.980,
    "en drop": 0.910,
    "other drop": 1.000,
}

#: Judged otherwise than labelled, sorted. A change in a rule that moves any of these, or any other, is to be seen.
FAILURES = (
    "en-drop-cookie-wall-1",
    "en-drop-seo-template-2",
    "en-drop-word-salad-1",
    "en-keep-short-1",
    "ja-drop-cookie-wall-1",
    "ja-drop-machine-translated-1",
    "ja-drop-machine-translated-2",
    "ja-drop-seo-template-2",
    "ja-keep-short-1",
    "ja-keep-short-2",
)


@pytest.fixture(scope="module")
def kept() -> dict[str, bool]:
    """Whether the rules keep a text, by its id."""
    chosen = load(WEB).filter
    filtering = Filtering(chosen.chosen(), chosen.language)
    schema = pa.schema([DOCUMENT.field(name) for name in ("doc_id", "reason", *COLUMNS)])
    rows = [{"doc_id": bytes(16), "text": case["text"]} for case in CASES]
    judged, verdicts = judge(pa.RecordBatch.from_pylist(rows, schema), filtering, verdict_schema(filtering))
    assert judged == len(CASES)
    return {case["id"]: reason is None for case, reason in zip(CASES, verdicts.column("reason").to_pylist())}


def groups(case: dict[str, str]) -> tuple[str, ...]:
    """The floors that a case counts towards."""
    lang = case["lang"] if case["lang"] in ("ja", "en") else "other"
    return "all", case["label"], lang, f"{lang} {case['label']}"


def test_no_agreement_is_below_its_floor(kept: dict[str, bool]) -> None:
    cases = Counter(group for case in CASES for group in groups(case))
    agreed = Counter(
        group for case in CASES if kept[case["id"]] == (case["label"] == "keep") for group in groups(case)
    )  # fmt: skip
    assert set(cases) == set(FLOORS)
    low = {group: agreed[group] / cases[group] for group in FLOORS if agreed[group] / cases[group] < FLOORS[group]}
    assert not low


def test_the_failures_are_those_that_are_known(kept: dict[str, bool]) -> None:
    failures = sorted(case["id"] for case in CASES if kept[case["id"]] != (case["label"] == "keep"))
    assert failures == list(FAILURES)


def test_cases_are_well_formed() -> None:
    for case in CASES:
        assert set(case) == {"id", "lang", "label", "register", "text", "note"}
        assert case["label"] in ("keep", "drop")
        assert all(case.values()), case["id"]
        assert case["id"].startswith(f"{case['lang']}-{case['label']}-{case['register']}-")
        if case["label"] == "keep" and case["register"] != "short":  # else they would measure the length limit alone
            assert visible_chars(case["text"]) >= {"ja": 0.955, "en": 0.950}[case["lang"]], case["id"]
    assert len({case["id"] for case in CASES}) == len({case["text"] for case in CASES}) == len(CASES) >= 220
