from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import Editor, judge
from filters.c4 import C4, C4Lines

OFF: dict[str, Any] = {
    "max_word": None,
    "citations": False,
    "terminal_punctuation": False,
    "min_line_words": None,
    "javascript": False,
    "policy": False,
}


def left(text: str, rule: C4Lines) -> str:
    """What the cuts leave; they must be in order and apart."""
    pieces, at = [], 0
    for start, end in rule.cuts(text):
        assert at <= start < end <= len(text)
        pieces.append(text[at:start])
        at = end
    return "".join(pieces) + text[at:]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("It was good.\nHome | News\nIt was bad!\n", "It was good.\nIt was bad!\n"),
        ("Home\n\nNews\r\nIt was good.", "It was good."),
        ("It was \"good\"\nIt was 'good'\nIs it good?\nIt was (good).", None),
        ("It was good...\nIt was good…\nIt was good:\nいいですね これは 。", ""),
        ("Good.\nVery good.\nIt was good.", "It was good."),
        ("  It was good. \u3000\n", None),
        ("It[1] was[edit] good[citation needed].", "It was good."),
        ("It was good.[12]\nIt was [ 1] good.", "It was good.\nIt was [ 1] good."),
        ("It was good. [1]", ""),  # datatrove takes the space for its end
        ("Please enable JavaScript now.\nIt was good.", "It was good."),
        ("We have a Privacy Policy here.\nThis site uses cookies today.", ""),
        (f"It was {'g' * 1000}.\nIt was {'g' * 999}.", f"It was {'g' * 999}."),
        ("It was\x0bgood stuff indeed.\u2028Home", "good stuff indeed.\u2028"),
    ],
)
def test_cuts(text: str, kept: str | None) -> None:
    assert left(text, C4Lines()) == (text if kept is None else kept)


def test_neighbouring_lines_are_one_cut() -> None:
    assert C4Lines().cuts("a\nb\n\nIt [1] was 𠮷.\nc\nd") == [(0, 5), (8, 11), (19, 22)]


@pytest.mark.parametrize(
    ("on", "text", "cut"),
    [
        ({"max_word": 3}, "abcd\nabc", "abc"),
        ({"citations": True}, "a[1]", "a"),
        ({"terminal_punctuation": True}, "a\nb.", "b."),
        ({"min_line_words": 2}, "a\nb c", "b c"),
        ({"javascript": True}, "JAVASCRIPT\na", "a"),
        ({"policy": True}, "Terms of Use\na", "a"),
    ],
)
def test_each_rule_alone(on: dict[str, Any], text: str, cut: str) -> None:
    assert left(text, C4Lines(**OFF)) == text
    assert left(text, C4Lines(**(OFF | on))) == cut


def test_scores() -> None:
    text = (
        "One two three. Four five six!\nHome {\nLorem ipsum dolor sit.\nUse JavaScript for {this}.\n"
        "We use cookies {here}.\nSeven [3] eight nine?\nTen {eleven} twelve."
    )
    assert C4().scores(text) == {"c4.lorem_ipsum": 1, "c4.curly_brackets": 2, "c4.sentences": 5}
    assert C4(C4Lines(javascript=False)).scores(text)["c4.curly_brackets"] == 3
    assert C4().scores(text, len)["c4.sentences"] == 4  # lines
    assert C4().scores("") == dict.fromkeys(("c4.lorem_ipsum", "c4.curly_brackets", "c4.sentences"), 0)


def test_measures_rows_of_its_languages_only() -> None:
    rows = {"text": ["One two three. Four five.", "これは 文 です?", None, "a"], "lang": ["en", "ja", "en", None]}
    batch = pa.record_batch(rows)
    scores = C4().measure(batch)
    assert {column.type for column in scores.values()} == {pa.float64()}
    assert scores["c4.sentences"].to_pylist() == [2, None, None, None]
    assert C4(C4Lines(langs=("ja",))).measure(batch)["c4.sentences"].to_pylist() == [None, 1, None, None]
    assert C4().bounds("ja") == C4().bounds(None) == ()


def test_bounds() -> None:
    assert [(b.reason, b.score, b.least, b.most) for b in C4().bounds("en")] == [
        ("c4_lorem_ipsum", "c4.lorem_ipsum", None, 0),
        ("c4_curly_brackets", "c4.curly_brackets", None, 0),
        ("c4_few_sentences", "c4.sentences", 5, None),
    ]
    off = C4(lorem_ipsum=False, curly_brackets=False, min_sentences=None).bounds("en")
    assert {limit for bound in off for limit in (bound.least, bound.most)} == {None}


def test_reasons() -> None:
    good = "It was good. " * 5
    texts = [
        good,
        good + "\nLorem ipsum dolor sit.",
        good + "\nSee {this} there.",
        "It was good. " * 4,
        good + "\n{ a menu",
    ]
    reasons = [None, "c4_lorem_ipsum", "c4_curly_brackets", "c4_few_sentences", None]
    assert judge(C4(), pa.record_batch({"text": texts, "lang": ["en"] * 5})).reason.to_pylist() == reasons
    assert judge(C4(), pa.record_batch({"text": texts, "lang": ["ja"] * 5})).reason.to_pylist() == [None] * 5


def test_edits_texts_of_its_languages_only() -> None:
    rule = C4Lines()
    assert isinstance(rule, Editor)
    assert not isinstance(C4(), Editor)
    assert rule.edits("Home\nIt [1] was good.", "en") == [(0, 5, ""), (8, 11, "")]
    assert rule.edits("Home", "ja") == rule.edits("Home", None) == []


@pytest.mark.parametrize(("rule", "field"), [(C4Lines, "max_word"), (C4Lines, "min_line_words"), (C4, "min_sentences")])
def test_impossible_limits_name_their_field(rule: Any, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: .*-1"):
        rule(**{field: -1})


@settings(deadline=None)
@given(st.text(st.characters() | st.sampled_from("\n .[]1e\u2028\r")), st.booleans())
def test_what_is_left_is_left_alone(text: str, citations: bool) -> None:
    rule = C4Lines(citations=False, min_line_words=2)
    once = left(text, rule)
    assert rule.cuts(once) == []
    assert set(once.splitlines()) <= set(text.splitlines())
    assert C4(rule).scores(once)["c4.sentences"] == C4(rule).scores(text)["c4.sentences"]
    left(text, C4Lines(min_line_words=1, citations=citations))
