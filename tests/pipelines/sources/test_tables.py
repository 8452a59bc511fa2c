import io
import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import PACKED, gz
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.sources import tables
from pipelines.sources.archive import Damaged
from pipelines.sources.raw import NOTHING_DECLARED, Declared
from pipelines.sources.tables import Row

LIMIT = 1 << 20


def lines(data: bytes, max_bytes: int = LIMIT, part_bytes: int | None = None) -> list[Row | Damaged]:
    file = io.BytesIO(data)
    cuts = tables.line_cuts(file, len(data), part_bytes) if part_bytes else iter(())
    edges = [0, *cuts, len(data)]
    parts = (tables.lines(file, start, stop, len(data), max_bytes) for start, stop in pairwise(edges))
    return [row for part in parts for row in part]


def parquet(data: bytes, declared: Declared = NOTHING_DECLARED, part_bytes: int = 1 << 40) -> list[Row | Damaged]:
    edges = [0, *tables.parquet_cuts(io.BytesIO(data), part_bytes)]
    parts = (tables.parquet(io.BytesIO(data), declared, start, stop, len(data)) for start, stop in pairwise(edges))
    return [row for part in parts for row in part]


def written(columns: dict[str, Any], rows: int = 1 << 20, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, row_group_size=rows, **options)
    return file.getvalue()


def fields(found: list[Row | Damaged]) -> list[dict[str, Any]]:
    assert all(isinstance(row, Row) for row in found)
    return [row.fields for row in found if isinstance(row, Row)]


# ---- JSON Lines ------------------------------------------------------------------------------------------------------


def test_lines_with_their_places() -> None:
    data = b'{"text": "a"}\n\n  \n{"text": "\\u3042"}\r\n{"text": "c"}'
    assert lines(data) == [Row(0, {"text": "a"}), Row(18, {"text": "あ"}), Row(38, {"text": "c"})]
    for pack in PACKED.values():
        assert lines(pack(data)) == [replace(row, offset=0, inner=row.offset) for row in lines(data)]


@pytest.mark.parametrize(
    "line", [b"{", b"words", b'"text"', b"[1]", b"null", b"\xff\xfe", b'{"a": 1} 2', b"[" * 100_000, b"1" * 5000]
)
def test_a_line_that_is_no_object_is_told_and_the_others_are_unharmed(line: bytes) -> None:
    assert lines(b'{"a": 1}\n' + line + b'\n{"a": 2}') == [
        Row(0, {"a": 1}), Row(9, {}, "bad_json"), Row(10 + len(line), {"a": 2}),
    ]  # fmt: skip


def test_a_line_longer_than_its_limit_is_passed_over() -> None:
    # A limit is for texts; a line may be a few times as long.
    data = b'{"a": 1}\n{"text": "' + b"x" * 5_000_000 + b'"}\n{"a": 2}\n'
    for form in (data, gz(data)):
        assert [row.problem for row in lines(form, 1000) if isinstance(row, Row)] == [None, "too_large", None]
    assert lines(data, 1000)[2] == Row(data.index(b'{"a": 2}'), {"a": 2})


def test_a_line_of_a_million_lists_is_not_parsed() -> None:
    assert lines(b'{"text": [' + b"[]," * 4_000_001 + b"1]}", 1 << 24) == [Row(0, {}, "bad_json")]


@pytest.mark.parametrize("ending", PACKED)
def test_of_a_compressed_file_that_is_cut_off_all_before_is_kept(ending: str) -> None:
    rows = [{"text": random.Random(number).randbytes(50_000).hex()} for number in range(60)]
    packed = PACKED[ending]("".join(json.dumps(row) + "\n" for row in rows).encode())
    found = lines(packed[: len(packed) * 9 // 10])
    *kept, last = found
    assert isinstance(last, Damaged)
    assert fields(kept) == rows[: len(kept)]
    assert len(kept) > 5


@settings(max_examples=200)
@given(
    texts=st.lists(
        st.one_of(st.binary(max_size=30), st.text(max_size=20).map(lambda t: json.dumps({"t": t}).encode()))
    ),
    part_bytes=st.integers(1, 100),
)
def test_spans_of_lines_together_give_what_the_file_gives(texts: list[bytes], part_bytes: int) -> None:
    data = b"\n".join(texts)
    found = lines(data, 8)
    assert lines(data, 8, part_bytes) == found
    assert not [row for row in found if isinstance(row, Damaged)] or data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))


def test_a_file_without_line_ends_is_cut_nowhere() -> None:
    assert list(tables.line_cuts(io.BytesIO(b"x" * 3_000_000), 3_000_000, 10)) == []


# ---- Parquet ---------------------------------------------------------------------------------------------------------


def test_rows_of_the_columns_that_are_asked_for() -> None:
    data = written({"text": ["a", None, "c"], "id": [1, 2, 3], "other": [0.5] * 3}, rows=2)
    assert parquet(data) == [
        Row(0, {"text": "a", "id": 1}), Row(1, {"text": None, "id": 2}), Row(2, {"text": "c", "id": 3}),
    ]  # fmt: skip
    assert fields(parquet(data, Declared(text="other", id=""))) == [{"other": 0.5}] * 3


def test_a_file_without_these_columns_has_rows_all_the_same() -> None:
    assert parquet(written({"x": [1, 2]})) == [Row(0, {}), Row(1, {})]
    assert parquet(written({"text": pa.array([], pa.string())})) == []


@pytest.mark.parametrize("part_bytes", [1, 300, 5000])
def test_spans_of_row_groups_together_give_what_the_file_gives(part_bytes: int) -> None:
    data = written({"text": ["x" * size for size in range(40)]}, rows=7)
    assert parquet(data, part_bytes=part_bytes) == parquet(data)
    assert [row.offset for row in parquet(data) if isinstance(row, Row)] == list(range(40))


def test_times_lists_and_structs() -> None:
    moment = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    data = written(
        {
            "text": [["a", "b"]],
            "date": pa.array([10**18 + 1], pa.timestamp("ns")),
            "title": pa.array([{"ja": "題"}], pa.struct([("ja", pa.string())])),
            "licence": [["CC0-1.0", "MIT"]],
            "lang": pa.array([2**30], pa.date32()),
        }
    )
    (row,) = fields(parquet(data))
    assert row["text"] == ["a", "b"]
    assert tables.date_of(row["date"]) == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert tables.text_of(row["title"]) == ""
    with_zone = written({"date": pa.array([moment], pa.timestamp("s", "Asia/Tokyo"))}, use_dictionary=False)
    assert tables.date_of(fields(parquet(with_zone))[0]["date"]) == moment
    assert tables.date_of(fields(parquet(written({"date": [date(2020, 1, 2)]})))[0]["date"]) == datetime(
        2020, 1, 2, tzinfo=UTC
    )


def test_no_parquet_is_one_damage() -> None:
    good = written({"text": ["a"]})
    for data in (b"", b"PAR1", good[:-9], b"PAR1" + bytes(50) + b"PAR1", good[: len(good) // 2]):
        (found,) = parquet(data) or tables.parquet(io.BytesIO(data), NOTHING_DECLARED, 0, 0, len(data))
        assert isinstance(found, Damaged)
        assert (found.offset, found.stop) == (0, len(data))


def test_a_broken_row_group_leaves_the_others_unharmed() -> None:
    data = bytearray(
        written({"text": [random.Random(n).randbytes(400).hex() for n in range(9)]}, rows=3, compression="zstd")
    )
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(1).column(0)
    start = group.data_page_offset
    data[start : start + 30] = b"\xff" * 30
    found = parquet(bytes(data))
    assert [row.offset for row in found if isinstance(row, Row)] == [0, 1, 2, 6, 7, 8]
    assert [(item.offset, "row group 1" in item.detail) for item in found if isinstance(item, Damaged)] == [(3, True)]


def test_thousands_of_rows_that_share_a_long_text_take_the_memory_of_one() -> None:
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["x" * (4 << 20)]))
    data = written({"text": shared}, dictionary_pagesize_limit=1 << 30)
    before = pa.total_allocated_bytes()
    peak = max(pa.total_allocated_bytes() - before for _ in tables.parquet(io.BytesIO(data), NOTHING_DECLARED, 0, 1, 0))
    assert peak < 60 << 20


def test_a_list_of_a_million_values_is_not_read() -> None:
    data = written({"licence": pa.array([[None] * 1_000_000], pa.list_(pa.string()))})
    (found,) = parquet(data)
    assert isinstance(found, Damaged)
    assert len(data) < 10_000


@settings(max_examples=60)
@example(at=0.51913448515929, noise=b"\x80")  # the name of a column that is no UTF-8
@given(at=st.floats(0, 1), noise=st.binary(min_size=1, max_size=30))
def test_damage_anywhere_is_rows_or_told(at: float, noise: bytes) -> None:
    data = bytearray(written({"text": ["words " * n for n in range(30)], "id": list(range(30))}, rows=10))
    place = int(at * len(data))
    data[place : place + len(noise)] = noise
    assert len(parquet(bytes(data))) <= 200


# ---- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), ("a", "a"), (5, "5"), (0.5, "0.5"), (True, ""), (["a", None, "b", ["c"]], "a OR b"), ({"a": 1}, ""),
        ("\ud800a", "?a"), ([], ""), (b"a", ""),
    ],
)  # fmt: skip
def test_a_value_as_text(value: object, text: str) -> None:
    assert tables.text_of(value) == text


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2020", datetime(2020, 1, 1, tzinfo=UTC)), (2020, datetime(2020, 1, 1, tzinfo=UTC)),
        ("2020-05", datetime(2020, 5, 1, tzinfo=UTC)), ("2020-05-06", datetime(2020, 5, 6, tzinfo=UTC)),
        ("2020-05-06T07:08:09Z", datetime(2020, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2020-05-06 07:08:09+09:00", datetime(2020, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=9)))),
        ("0000", None), ("9999-12-31T23:59:59-10:00", None), ("May", None), ("", None), (None, None), ([1], None),
        ("２０２０", None), (1577836800, None),
    ],
)  # fmt: skip
def test_a_value_as_a_time(value: object, moment: datetime | None) -> None:
    assert tables.date_of(value) == moment
