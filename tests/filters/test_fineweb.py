from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import decide
from filters.fineweb import FineWeb, layout
from filters.splitting import number, words


def judge(rule: FineWeb, texts: list[str | None], lang: str | None = "en", **injected: Any) -> list[str | None]:
    """The reason for each row, of its scores alone."""
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())})
    scores = rule.measure(batch, **injected)
    assert {column.type for column in scores.values()} == {pa.float64()}
    assert {bound.score for bound in rule.bounds(lang)} == set(scores)
    assert list(rule.measure(batch.slice(0, 0))) == list(scores)
    reasons: list[str | None] = decide(rule, scores, batch.column("lang")).reason.to_pylist()
    return reasons


def test_scores() -> None:
    text = "A line.\n\nA line.\n \u3000\nNo end\nAn end? \nおわり。"
    assert layout(text, words(text), short_line=7) == {
        "fineweb.lines": 5,
        "fineweb.line_punct": 3 / 5,  # not "An end? ", with a space behind
        "fineweb.short_lines": 4 / 5,
        "fineweb.dup_line_chars": 7 / (len(text) - 6),
        "fineweb.new_lines": 6 / 13,
    }


LINE = "This is a line long enough to be no short line of a menu"


def lines(count: int, end: str = "") -> str:
    return "\n".join(f"{LINE} {n}{end}" for n in range(count))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (lines(9, "."), None),
        (lines(8) + "\n" + lines(1, "."), "fineweb_line_punct"),
        (lines(7) + "\n" + lines(1, "."), None),
        (lines(1, ".") + "\nHome.\nNews.\nMail.", "fineweb_short_lines"),
        (lines(3, ".") + "\n" + LINE + "\n" + LINE, "fineweb_dup_line_chars"),
        (lines(3, ".") + "\n" * 99, "fineweb_new_lines"),
        ("\n \n", "fineweb_empty"),
        ("", "fineweb_empty"),
        (None, None),
    ],
)
def test_by_default(text: str | None, reason: str | None) -> None:
    assert judge(FineWeb(), [text]) == [reason]


def test_japanese_limits_and_words() -> None:
    menu = "ねこ。\nいぬ。\nとり。"
    counted = {"split": lambda text, lang: number([*text])}
    # Short lines are no fault in Japanese, line breaks are one sooner.
    assert judge(FineWeb(), [menu], "ja", **counted) == ["fineweb_new_lines"]
    assert judge(FineWeb(), [menu.replace("\n", "また、", 1)], "ja", **counted) == [None]
    assert judge(FineWeb(), [menu], "en", **counted) == ["fineweb_short_lines"]
    assert judge(FineWeb(), [menu], "ja") == [None]  # no words, no ratio


def test_none_switches_off_and_limits_change_no_score() -> None:
    off = FineWeb(min_line_punct=None, max_short_lines=None, max_dup_line_chars=None, max_new_lines=None)
    texts: list[str | None] = ["a\na\na", lines(3)]
    assert judge(off, texts) == [None] * 2
    batch = pa.record_batch({"text": texts, "lang": ["en"] * 2})
    assert off.measure(batch) == FineWeb().measure(batch) != FineWeb(short_line=0).measure(batch)


@pytest.mark.parametrize(
    ("field", "limit"), [("min_line_punct", -0.1), ("short_line", -1), ("max_new_lines", float("nan"))]
)
def test_impossible_limits_name_their_field(field: str, limit: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        FineWeb(**{field: limit})


@settings(deadline=None)
@given(st.text(st.characters() | st.sampled_from("\n .")))
def test_any_text_has_shares(text: str) -> None:
    scores = layout(text, words(text), 30)
    assert (scores["fineweb.lines"] == 0) == (not text.strip())
    for name in ("line_punct", "short_lines", "dup_line_chars"):
        value = scores[f"fineweb.{name}"]
        assert value is None or 0 <= value <= 1
