from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import Bound, Editor, Filter
from filters.language import Language
from pipelines.edits import edited, replaced
from pipelines.record import DOCUMENT, VERDICT
from pipelines.work.filter import COLUMNS, Filtering, judge, verdict_schema

JA = "これは日本語で書かれた文章です。川のほとりに古い水車小屋があり、子どもたちが毎日のように遊びに来ました。"
EN = "This is a page of plain English prose about an old mill by the river where children came to play every day."
DE = "Dies ist eine Seite in deutscher Sprache über eine alte Mühle am Fluss, an der jeden Tag Kinder spielten."


@dataclass(frozen=True)
class Seen:
    """Counts a word, and drops the texts that have it more often than `most`."""

    name: ClassVar[str] = "seen"
    version: ClassVar[int] = 1
    word: str = "mill"
    most: int = 0

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        texts = batch.column("text").to_pylist()
        assert all(isinstance(text, str) for text in texts)
        return {"seen.count": pa.array([float(text.count(self.word)) for text in texts], pa.float64())}

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        return (Bound(f"seen_{self.word}", "seen.count", most=self.most),)


@dataclass(frozen=True)
class Spell:
    """An editor."""

    name: ClassVar[str] = "spell"
    version: ClassVar[int] = 1
    wrong: str = "mill"
    right: str = "windmill"

    def edits(self, text: str, lang: str | None) -> list[tuple[int, int, str]]:
        place = text.find(self.wrong)
        return [(place, place + len(self.wrong), self.right)] if place >= 0 else []


def judged(batch: pa.RecordBatch, *rules: Filter | Editor) -> tuple[int, pa.RecordBatch]:
    filtering = Filtering(tuple((f"{rule.name}{i}" if i else rule.name, rule)
                            for i, rule in enumerate(rules)), Language())  # fmt: skip
    return judge(batch, filtering, verdict_schema(filtering))


def documents(*rows: tuple[str | None, str | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [{"doc_id": bytes([i] * 16), "reason": reason, "text": text} for i, (text, reason) in enumerate(rows)],
        pa.schema([DOCUMENT.field(name) for name in ("doc_id", "reason", *COLUMNS)]),
    )


def test_each_row_gets_the_first_objection_and_the_rows_stay_in_place() -> None:
    batch = documents((JA, None), (None, "damaged"), (EN, None), (DE, None), (JA, None))
    rows, found = judged(batch, Language(), Seen())
    assert rows == 4
    assert found.schema.names == [*VERDICT.names, "language.wanted", "seen1:seen.count"]
    assert found.column("reason").to_pylist() == [None, "upstream", "seen1:seen_mill", "language", None]
    assert found.column("doc_id").to_pylist() == batch.column("doc_id").to_pylist()
    assert found.column("lang").to_pylist() == ["ja", None, "en", "de", "ja"]
    assert found.column("limit").to_pylist() == [None, None, 0.0, 0.5, None]
    assert found.column("value").to_pylist()[2] == 1.0


def test_scores_are_kept_of_every_row_that_a_rule_saw() -> None:
    _, found = judged(documents((EN, None), (JA, None), (DE, None)), Seen(), Seen(word="river"), Language())
    assert found.column("seen.count").to_pylist() == [1.0, 0.0, 0.0]
    assert found.column("seen1:seen.count").to_pylist() == [None, 0.0, 0.0]
    assert found.column("language2:language.wanted").null_count == 1


def test_an_editor_changes_what_the_rules_after_it_see() -> None:
    rows = documents((EN, None), (JA, None))
    _, found = judged(rows, Spell(), Seen(word="windmill"))
    assert found.column("reason").to_pylist() == ["seen1:seen_windmill", None]
    place = EN.index("mill")
    edits = found.column("edits")
    assert edits.to_pylist() == [[{"by": "spell", "start": place, "end": place + 4, "put": "windmill"}], None]
    assert edited(rows.column("text"), edits) == [EN.replace("mill", "windmill"), JA]


def test_edits_of_several_rules_follow_one_another() -> None:
    rows = documents((EN, None))
    _, found = judged(rows, Spell(), Spell("old wind", "new water"), Spell("absent", ""))
    assert edited(rows.column("text"), found.column("edits")) == [EN.replace("old mill", "new watermill")]


@given(
    st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.text(max_size=3)), max_size=4)
)
def test_replacing_spans(text: str, wanted: list[tuple[int, int, str]]) -> None:
    spans, place = [], 0
    for start, length, put in sorted(wanted):
        if place <= start and start + length <= len(text):
            spans.append((start, start + length, put))
            place = start + length
    expected = text
    for start, end, put in reversed(spans):
        expected = expected[:start] + put + expected[end:]
    assert replaced(text, spans) == expected


@pytest.mark.parametrize("rows", [[], [(None, "empty")]])
def test_a_batch_with_nothing_to_judge(rows: list[tuple[str | None, str | None]]) -> None:
    count, found = judged(documents(*rows), Language(), Spell(), Seen())
    assert count == 0
    assert found.num_rows == len(rows)
    assert found.schema.names[-2:] == ["language.wanted", "seen2:seen.count"]


class Told(Seen):
    def details(self, batch: pa.RecordBatch) -> list[str]:
        return [f"{text.count(self.word)} of {len(text)}" for text in batch.column("text").to_pylist()]


def test_a_rule_can_say_what_it_found_of_the_rows_it_objects_to() -> None:
    _, found = judged(documents((JA, None), (EN, None), (None, "damaged"), (DE, None)), Told(), Language())
    assert found.column("detail").to_pylist() == [None, f"1 of {len(EN)}", None, None]
