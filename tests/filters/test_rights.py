from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import filters
from filters.rights import Rights

BY, BY_NC, JP = "CC-BY-4.0", "CC-BY-NC-4.0", "LicenseRef-CC-BY-2.1-JP"
SITE = "https://www.example.jp/licence"
Row = dict[str, Any]


def batch(rows: list[Row]) -> pa.RecordBatch:
    columns = {
        "text": pa.string(),
        "lang": pa.string(),
        "robots": pa.list_(pa.string()),
        "tdm_reservation": pa.bool_(),
        "licences": pa.list_(pa.string()),
    }
    defaults = {"text": "本文", "lang": "ja"}
    return pa.record_batch(
        {name: pa.array([(defaults | row).get(name) for row in rows], kind) for name, kind in columns.items()}
    )


def reasons(rule: Rights, *rows: Row) -> list[str | None]:
    return filters.judge(rule, batch(list(rows))).reason.to_pylist()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (None, None),
        ([], None),
        (["noai"], "rights_robots"),
        (["noindex", "noai"], "rights_robots"),
        (["noindex", "noimageai", "noarchive"], None),
        (["badbot:noai"], None),
    ],
)
def test_robots(said: list[str] | None, reason: str | None) -> None:
    assert reasons(Rights(), {"robots": said}) == [reason]


def test_robots_of_ones_own_choice() -> None:
    rule = Rights(exclude_robots=("noarchive", "ourbot:noai", "unavailable_after"))
    said = [["noai"], ["ourbot:noai"], ["noarchive"], ["ourbot:noarchive"], ["unavailable_after=25 Jun 2010 15:00 PST"]]
    assert reasons(rule, *({"robots": robots} for robots in said)) == [
        None, "rights_robots", "rights_robots", None, "rights_robots",
    ]  # fmt: skip
    assert reasons(Rights(exclude_robots=()), {"robots": ["noai"]}) == [None]


def test_reservation() -> None:
    rows: list[Row] = [{"tdm_reservation": said} for said in (True, False, None)]
    assert reasons(Rights(), *rows) == ["rights_tdm_reserved", None, None]
    assert reasons(Rights(exclude_tdm_reserved=False), *rows) == [None] * 3


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ([BY], None),
        ([JP.upper()], None),
        ([BY, JP], None),
        ([SITE], None),
        ([BY_NC], "rights_no_licence"),
        ([SITE + "/other"], "rights_no_licence"),
        ([], "rights_no_licence"),
        (None, "rights_no_licence"),
        ([BY, BY_NC], "rights_other_licence"),
    ],
)
def test_licences(stated: list[str] | None, reason: str | None) -> None:
    assert reasons(Rights(licences=("cc-by-4.0", JP, SITE)), {"licences": stated}) == [reason]


def test_other_licences() -> None:
    rows: list[Row] = [{"licences": stated} for stated in ([BY, BY_NC], [BY, BY_NC, SITE], [BY_NC])]
    one, any_number = (Rights(licences=(BY,), max_other_licences=most) for most in (1, None))
    assert reasons(one, *rows) == [None, "rights_other_licence", "rights_no_licence"]
    assert reasons(any_number, *rows) == [None, None, "rights_no_licence"]


def test_no_list_asks_for_no_licence() -> None:
    assert reasons(Rights(), {"licences": [BY_NC]}, {"licences": None}) == [None, None]


def test_no_text_is_not_measured() -> None:
    row = {"text": None, "robots": ["noai"], "tdm_reservation": True}
    measured = Rights(licences=(BY,)).measure(batch([row]))
    assert all(scores.to_pylist() == [None] for scores in measured.values())
    assert reasons(Rights(licences=(BY,)), row) == [None]


def test_scores() -> None:
    rule = Rights(licences=(BY, SITE))
    rows: list[Row] = [{"robots": ["noai", "noindex"], "tdm_reservation": False, "licences": [BY, BY_NC, JP]}, {}]
    assert {name: column.to_pylist() for name, column in rule.measure(batch(rows)).items()} == {
        "rights.robots": [1, 0],
        "rights.tdm_reserved": [0, None],
        "rights.licences": [1, 0],
        "rights.other_licences": [2, 0],
    }
    assert all(column.type == pa.float64() for column in rule.measure(batch([])).values())
    assert list(rule.measure(batch([]))) == list(rule.measure(batch(rows)))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"exclude_robots": ("NoAI",)}, "exclude_robots"),
        ({"exclude_robots": ("noai, noindex",)}, "exclude_robots"),
        ({"exclude_robots": ("",)}, "exclude_robots"),
        ({"licences": ("CC BY 4.0",)}, "licences"),
        ({"licences": ("",)}, "licences"),
        ({"max_other_licences": -1}, "max_other_licences"),
    ],
)
def test_impossible_settings_name_their_field(settings: Row, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Rights(**settings)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.sampled_from(["x", None]),
            "robots": st.none() | st.lists(st.sampled_from(["noai", "noindex", "bot:noai"]), max_size=3),
            "tdm_reservation": st.sampled_from([True, False, None]),
            "licences": st.none() | st.lists(st.sampled_from([BY, BY_NC, SITE]), max_size=3),
        }
    ),
    max_size=6,
)


@given(ROWS)
def test_batching_changes_nothing_and_a_kept_row_has_all_that_is_asked(rows: list[Row]) -> None:
    rule = Rights(licences=(BY, SITE))
    together = reasons(rule, *rows)
    assert together == [reasons(rule, row)[0] for row in rows]
    for row, reason in zip(rows, together, strict=True):
        if row["text"] and reason is None:
            assert "noai" not in (row["robots"] or [])
            assert row["tdm_reservation"] is not True
            assert set() < set(row["licences"] or []) <= {BY, SITE}
