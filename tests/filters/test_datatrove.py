import pyarrow as pa
import pytest

import filters
from filters.datatrove import Datatrove

LONG = "It was the best of times, it was the worst of times. " * 5


def judge(rule: Datatrove, *texts: str | None) -> list[str | None]:
    column = pa.array(texts, pa.string())
    batch = pa.record_batch({"text": column, "lang": pa.array(["en"] * len(texts)), "url": column})
    return list(filters.judge(rule, batch).reason.to_pylist())


def test_a_filter_of_datatrove_judges_with_its_options() -> None:
    lambda_free = Datatrove("RegexFilter", {"regex_exp": "worst"})
    assert judge(lambda_free, LONG, "the best", None, "") == ["datatrove", None, None, None]
    assert judge(Datatrove("RegexFilter", {"regex_exp": "nowhere"}), LONG) == [None]


def test_one_of_the_users_own() -> None:
    assert judge(Datatrove("datatrove.pipeline.filters.regex_filter.RegexFilter", {"regex_exp": "best"}), LONG) == [
        "datatrove"
    ]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Datatrove(), "no filter ''"),
        (Datatrove("NoSuchFilter"), "NoSuchFilter"),
        (Datatrove("mine.own.Filter"), "mine"),
        (Datatrove("RegexFilter", {"expression": "x"}), "expression"),
    ],
)
def test_what_is_not_there_is_said(rule: Datatrove, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        judge(rule, LONG)


def test_a_filter_that_edits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from datatrove.data import Document
    from datatrove.pipeline.filters import RegexFilter

    def edit(self: RegexFilter, document: Document) -> bool:
        document.text = document.text.upper()
        return True

    monkeypatch.setattr(RegexFilter, "filter", edit)
    with pytest.raises(ValueError, match="edits texts"):
        judge(Datatrove("RegexFilter", {"regex_exp": "x"}), LONG)
