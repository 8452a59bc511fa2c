import hashlib
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import shards

DOCUMENTS = st.lists(
    st.tuples(st.binary(min_size=16, max_size=16), st.lists(st.integers(0, 2**31 - 1), max_size=30)), max_size=20
)


def write(
    path: Path, documents: list[tuple[bytes, list[int]]], batch_tokens: int = 50, **metadata: str
) -> shards.Summary:
    rows = [(doc_id, np.array(ids, dtype=np.int32)) for doc_id, ids in documents]
    lengths = np.array([len(ids) for _, ids in rows], dtype=np.int64)
    with path.open("wb") as file:
        return shards.write_shard(file, metadata, lengths, rows, batch_tokens)


@given(documents=DOCUMENTS, batch_tokens=st.integers(1, 200))
def test_what_is_written_is_read_back(tmp_path_factory: Any, documents: list[Any], batch_tokens: int) -> None:
    path = tmp_path_factory.mktemp("shard") / "s.arrow"
    summary = write(path, documents, batch_tokens)
    rows = [row for batch in shards.read_shard(path) for row in batch.to_pylist()]
    assert [(row["doc_id"], row["input_ids"]) for row in rows] == [(d, i) for d, i in documents]
    assert summary == shards.summarize(path)
    for batch in shards.read_shard(path):
        assert batch.num_rows == 1 or len(batch.column("input_ids").flatten()) <= batch_tokens


@given(documents=DOCUMENTS, one=st.integers(1, 200), other=st.integers(1, 200))
def test_the_content_digest_does_not_know_the_batches(
    tmp_path_factory: Any, documents: list[Any], one: int, other: int
) -> None:
    folder = tmp_path_factory.mktemp("shard")
    found = [vars(write(folder / name, documents, tokens)) for name, tokens in (("a", one), ("b", other))]
    assert [{**summary, "batches": 0} for summary in found] == [{**found[0], "batches": 0}] * 2


def test_the_content_digest_is_what_the_format_says(tmp_path: Path) -> None:
    summary = write(tmp_path / "s", [(b"a" * 16, [1, 2, 3]), (b"b" * 16, [4])])
    assert (summary.documents, summary.tokens, summary.batches, summary.min_id, summary.max_id) == (2, 4, 1, 1, 4)
    assert summary.content_sha256 == hashlib.sha256(np.array([3, 1, 1, 2, 3, 4], dtype="<i4").tobytes()).hexdigest()


def test_bytes_do_not_depend_on_where_the_tokens_lay_in_memory(tmp_path: Path) -> None:
    whole = np.arange(100, dtype=np.int32)
    lengths = np.array([3, 4], dtype=np.int64)
    for name, rows in {
        "views": [(b"a" * 16, whole[10:13]), (b"b" * 16, whole[50:54])],
        "copies": [(b"a" * 16, whole[10:13].copy()), (b"b" * 16, whole[50:54].copy())],
    }.items():
        with (tmp_path / name).open("wb") as file:
            shards.write_shard(file, {}, lengths, rows, 100)
    assert (tmp_path / "views").read_bytes() == (tmp_path / "copies").read_bytes()


def test_the_order_of_metadata_does_not_change_the_bytes(tmp_path: Path) -> None:
    document = [(b"a" * 16, [1])]
    write(tmp_path / "a", document, x="1", y="2")
    write(tmp_path / "b", document, y="2", x="1")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_document_that_is_not_as_announced_is_refused(tmp_path: Path) -> None:
    row = (b"a" * 16, np.array([1, 2], dtype=np.int32))
    with (tmp_path / "s").open("wb") as file:
        with pytest.raises(ValueError, match="document 0 has 2 tokens"):
            shards.write_shard(file, {}, np.array([3]), [row], 10)
        with pytest.raises(ValueError, match="1 documents came, 2 were announced"):
            shards.write_shard(file, {}, np.array([2, 2]), [row], 10)


def test_a_shard_opens_unchanged_with_pyarrow_and_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    path = tmp_path / "s.arrow"
    write(path, [(bytes([i] * 16), [i] * i) for i in range(10)], 8, **{"tokenshard.version": "1"})
    with path.open("rb") as file:
        stream = pa.ipc.open_stream(file)
        assert stream.schema.metadata == {b"tokenshard.version": b"1"}
        assert stream.read_all().num_rows == 10
    rows = datasets.Dataset.from_file(str(path))
    assert rows[3]["input_ids"] == [3, 3, 3]
    assert rows[9]["doc_id"] == bytes([9] * 16)


@given(count_exponent=st.integers(0, 12), place=st.integers(0, 2**64 - 1))
def test_every_place_belongs_to_one_shard(count_exponent: int, place: int) -> None:
    count = 2**count_exponent
    starts = [shards.shard_start(shard, count) for shard in range(count + 1)]
    assert starts[0] == 0
    assert starts[-1] == 2**64
    assert sum(start <= place < stop for start, stop in itertools.pairwise(starts)) == 1


@pytest.mark.parametrize(("tokens", "count"), [(0, 1), (100, 1), (101, 2), (250, 4), (401, 8)])
def test_shard_count_is_the_power_of_two_that_holds_the_tokens(tokens: int, count: int) -> None:
    assert shards.shard_count(tokens, 100) == count


def test_places_are_those_of_xxh3_and_change_with_the_seed() -> None:
    import xxhash

    ids = [bytes([i] * 16) for i in range(3)]
    assert shards.places(ids, 7).tolist() == [xxhash.xxh3_64_intdigest(i, 7) for i in ids]
    assert shards.places(ids, 7).tolist() != shards.places(ids, 8).tolist()


def test_the_corpus_digest_depends_on_the_order_of_shards() -> None:
    a, b = "00" * 32, "11" * 32
    assert shards.corpus_digest([a, b]) != shards.corpus_digest([b, a])
    assert shards.corpus_digest([a]) == hashlib.sha256(bytes(32)).hexdigest()
