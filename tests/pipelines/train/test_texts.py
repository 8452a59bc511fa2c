import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import UsageError
from pipelines.train.texts import Text, find_texts, read_texts


def texts(path: Path) -> list[Text]:
    return [text for source in find_texts(path) for _, batch in read_texts(source) for text in batch]


def as_lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_json_lines_compressed_or_not(tmp_path: Path) -> None:
    data = as_lines({"text": "一つ", "lang": "ja"}, {"text": "two"}, {"text": "", "lang": 7}) + b"\n"
    expected = [("一つ", "ja"), ("two", None), ("", None)]
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(data))
    with pa.output_stream(tmp_path / "c.jsonl.zst", compression="zstd") as file:
        file.write(data)
    for path in tmp_path.iterdir():
        assert texts(path) == expected, path.name
    assert texts(tmp_path) == expected * 3


def test_shares_go_up_to_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(as_lines(*({"text": str(number)} for number in range(1000))))
    (source,) = find_texts(tmp_path / "a.jsonl")
    shares = [share for share, _ in read_texts(source)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) == 4


def test_parquet_with_and_without_languages(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", None], "lang": ["en", None], "n": [1, 2]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": pa.array(["b"], pa.large_string()), "lang": [7]}), tmp_path / "b.parquet")
    assert texts(tmp_path) == [("a", "en"), ("", None), ("b", None)]


def test_a_plain_file_is_one_text_and_a_folder_all_that_are_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("\ufeff一行\n二行")
    (tmp_path / "sub/b.md").write_text("c")
    for other in ("image.png", ".hidden.txt"):
        (tmp_path / other).write_bytes(b"\xff")
    assert texts(tmp_path) == [("一行\n二行", None), ("c", None)]


def test_a_corpus_is_what_it_kept_as_it_left_it(demo_out: Path) -> None:
    found = texts(demo_out)
    provenance = pq.read_table(demo_out / "tokenize/shards/__meta__")
    assert sorted(map(str, (lang for _, lang in found))) == sorted(map(str, provenance.column("lang").to_pylist()))
    assert sum(len(text) for text, _ in found) == sum(provenance.column("chars").to_pylist())


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b'{"text": "x"}\n{"text"', r"a\.jsonl:2: no JSON"),
        ("a.jsonl", b'{"text": "x"}\n{"content": "x"}', r'a\.jsonl:2: no object with a string "text"'),
        ("a.jsonl", b"[" * 100_000, r"a\.jsonl:1: no JSON"),
        ("a.jsonl", b"\xff\xfe", r"a\.jsonl:1: no JSON"),
        ("a.jsonl.gz", b"no gzip", r"a\.jsonl\.gz: not readable"),
        ("a.parquet", b"no parquet", r"a\.parquet: not readable"),
        ("a.txt", b"ab\xff", r"a\.txt: not UTF-8 \(byte 2\)"),
        ("a.jsonl", b"x" * (65 << 20), r"a\.jsonl: a line of more than"),
        ("a.txt", b"x" * (65 << 20), r"a\.txt: a text of more than"),
    ],
)
def test_what_is_no_text(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=message) as raised:
        texts(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        texts(tmp_path / "none")
    with pytest.raises(UsageError, match="no texts there"):
        texts(tmp_path)
    (tmp_path / "commits").mkdir()
    with pytest.raises(UsageError, match="no verdicts there"):
        texts(tmp_path)
    pq.write_table(pa.table({"body": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="no column `text` of strings; it has body"):
        texts(tmp_path / "a.parquet")
