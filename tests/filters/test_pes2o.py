import hashlib
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import judge
from filters.pes2o import PeS2o, measure


def reasons(rule: PeS2o, texts: list[str | None], lang: str = "en", dates: list[str | None] | None = None) -> list[str]:
    columns: dict[str, Any] = {"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())}
    if dates is not None:
        columns["date"] = pa.array([date and datetime.fromisoformat(date) for date in dates], pa.timestamp("us", "UTC"))
    found: list[str] = judge(rule, pa.record_batch(columns)).reason.to_pylist()
    return found


def off(**on: Any) -> PeS2o:
    limits = {field: None for field in PeS2o.__dataclass_fields__ if field.startswith(("min_", "max_"))}
    return PeS2o(**(limits | on))


@pytest.mark.parametrize(
    ("field", "stays", "goes", "reason"),
    [
        ("min_words", "w " * 500, "w " * 499, "few_words"),
        ("min_paragraphs", "a\n\nb\n \nc\n\n\n\nd\n\ne\nf", "a\n\nb\n\nc\n\nd\ne", "few_paragraphs"),
        (
            "max_top_word",
            "the " * 3 + " ".join(f"w{n}" for n in range(37)),
            "the " * 3 + " ".join(f"w{n}" for n in range(36)),
            "top_word",
        ),
        ("max_spaced", "t h e. " * 4, "t h e. " * 5, "spaced"),
    ],
)
def test_each_limit(field: str, stays: str, goes: str, reason: str) -> None:
    rule = off(**{field: getattr(PeS2o(), field)})
    assert reasons(rule, [stays, goes]) == [None, f"pes2o_{reason}"]


def test_the_year_needs_a_date() -> None:
    rule = off(min_year=1970)
    assert reasons(rule, ["x"] * 3, dates=["1969-12-31", "1970-01-01", None]) == ["pes2o_year", None, None]
    assert reasons(rule, ["x"]) == [None]


def test_probabilities_are_those_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("the\t90\nMill\t9\nmill\t1\n", encoding="utf-8")
    rule = off(frequencies=str(path), min_log_prob=-2.0)
    batch = pa.record_batch({"text": ["the mill", "the xyz"], "lang": ["en", "en"]})
    expected = [(math.log(0.9) + math.log(0.1)) / 2, (math.log(0.9) + math.log(0.005)) / 2]
    assert rule.measure(batch)["pes2o.log_prob"].to_pylist() == pytest.approx(expected)
    assert reasons(rule, ["the mill", "the xyz", "", None]) == [None, "pes2o_log_prob", None, None]
    assert rule.digests() == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    assert reasons(off(min_log_prob=-2.0), ["the xyz"]) == [None]  # no file, no rule
    assert PeS2o().digests() == {}


@pytest.mark.parametrize("content", ["the 90\n", "the\tmany\n", "the\t0\n", "\n"])
def test_a_file_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "words.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"words\.tsv"):
        reasons(PeS2o(frequencies=str(path)), ["x"])
    with pytest.raises(ValueError, match="missing"):
        PeS2o(frequencies=str(tmp_path / "missing")).digests()


def test_only_english_is_judged() -> None:
    assert reasons(PeS2o(), ["short", None], "ja") == [None, None]
    assert reasons(PeS2o(), ["short", None]) == ["pes2o_few_words", None]


@pytest.mark.parametrize("field", ["min_words", "min_paragraphs", "min_year", "max_top_word", "max_spaced"])
def test_impossible_settings_name_their_field(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        off(**{field: -1})


@given(st.text())
def test_any_text_can_be_measured(text: str) -> None:
    for name, value in measure(text, {"": -9.0}).items():
        assert value is None or value >= 0 or name == "pes2o.log_prob"
