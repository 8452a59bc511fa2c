from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pytest

from filters import Verdicts, verdicts
from filters.language import Language
from pipelines.record import VERDICT
from pipelines.work.filter import RULES, judge, rules_from

JA = "これは日本語で書かれた文章です。川のほとりに古い水車小屋があり、子どもたちが毎日のように遊びに来ました。"
EN = "This is a page of plain English prose about an old mill by the river where children came to play every day."
DE = "Dies ist eine Seite in deutscher Sprache über eine alte Mühle am Fluss, an der jeden Tag Kinder spielten."


@dataclass(frozen=True)
class Seen:
    """Notes which texts it was asked about, and drops those with a word in them."""

    name: ClassVar[str] = "seen"
    version: ClassVar[int] = 1
    word: str = "mill"

    def __call__(self, batch: pa.RecordBatch) -> Verdicts:
        texts = batch.column("text").to_pylist()
        assert all(isinstance(text, str) for text in texts)
        return verdicts((f"seen_{self.word}", 1.0, 0.0) if self.word in text else None for text in texts)


def documents(*rows: tuple[str | None, str | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [{"doc_id": bytes([i] * 16), "reason": reason, "text": text} for i, (text, reason) in enumerate(rows)],
        pa.schema([("doc_id", pa.binary(16)), ("reason", pa.string()), ("text", pa.string())]),
    )


def test_each_row_gets_the_first_objection_and_the_rows_stay_in_place() -> None:
    batch = documents((JA, None), (None, "damaged"), (EN, None), (DE, None), (JA, None))
    judged, found = judge(batch, [Language(), Seen()], Language())
    assert judged == 4
    assert found.schema.equals(VERDICT)
    assert found.column("reason").to_pylist() == [None, "upstream", "seen_mill", "language", None]
    assert found.column("doc_id").to_pylist() == batch.column("doc_id").to_pylist()
    assert found.column("lang").to_pylist() == ["ja", None, "en", "de", "ja"]
    assert found.column("limit").to_pylist() == [None, None, 0.0, 0.5, None]
    assert found.column("value").to_pylist()[2] == 1.0


def test_a_rule_sees_only_what_the_rules_before_it_kept() -> None:
    asked: list[str] = []

    @dataclass(frozen=True)
    class Ears(Seen):
        def __call__(self, batch: pa.RecordBatch) -> Verdicts:
            asked.extend(batch.column("text").to_pylist())
            return super().__call__(batch)

    judge(documents((EN, None), (JA, None)), [Seen(), Ears()], Language())
    assert asked == [JA]


@pytest.mark.parametrize("rows", [[], [(None, "empty")]])
def test_a_batch_with_nothing_to_judge(rows: list[tuple[str | None, str | None]]) -> None:
    judged, found = judge(documents(*rows), [Language()], Language())
    assert judged == 0
    assert found.num_rows == len(rows)


def test_rules_come_back_from_the_settings_of_the_stage() -> None:
    settings = [
        {
            "name": "language",
            "version": 1,
            "keep": ["ja"],
            "min_score": 0.9,
            "model": "lid.176.ftz",
            "sample_chars": 10,
        },
        {"name": "length", "version": 1, "min_chars_ja": None, "min_chars": 5, "max_chars": None},
    ]
    language, length = rules_from(settings)
    assert language == Language(keep=("ja",), min_score=0.9, sample_chars=10)
    assert length == RULES["length"](min_chars_ja=None, min_chars=5, max_chars=None)
