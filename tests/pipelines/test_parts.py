import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import parts

SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string())])


def rows(count: int) -> list[dict[str, object]]:
    return [{"id": i, "text": f"文{i}" if i % 3 else None} for i in range(count)]


@pytest.mark.parametrize("count", [0, 1, parts.GROUP_ROWS, parts.GROUP_ROWS + 1])
def test_rows_come_back_in_order_and_sisters_line_up(tmp_path: Path, count: int) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with one.open("wb") as file:
        parts.write_rows(file, SCHEMA, iter(rows(count)))
    with other.open("wb") as file:
        parts.write_batches(file, SCHEMA, (batch for (batch,) in parts.read_side_by_side((one, ["id", "text"]))))
    seen = []
    for left, right in parts.read_side_by_side((one, ["id"]), (other, ["text"])):
        assert left.num_rows == right.num_rows
        seen += [a | b for a, b in zip(left.to_pylist(), right.to_pylist(), strict=True)]
    assert seen == rows(count)


def test_parts_with_other_rows_are_refused(tmp_path: Path) -> None:
    for name, count in {"one": 3, "other": 4}.items():
        with (tmp_path / name).open("wb") as file:
            parts.write_rows(file, SCHEMA, iter(rows(count)))
    with pytest.raises(ValueError, match="differ in rows"):
        list(parts.read_side_by_side((tmp_path / "one", ["id"]), (tmp_path / "other", ["id"])))


def test_large_texts_end_a_row_group_early(tmp_path: Path) -> None:
    big = "あ" * (parts.GROUP_BYTES // 4 + 1)
    with (tmp_path / "p").open("wb") as file:
        parts.write_rows(file, SCHEMA, iter([{"id": 0, "text": big}, {"id": 1, "text": "x"}]))
    assert pq.ParquetFile(tmp_path / "p").num_row_groups == 2


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in "ab":
        with (tmp_path / name).open("wb") as file:
            parts.write_rows(file, SCHEMA, iter(rows(2000)))
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
