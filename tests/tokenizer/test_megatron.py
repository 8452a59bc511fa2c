import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import megatron


def parsed(index: bytes) -> tuple[list[int], list[int], list[int]]:
    """Lengths, starts and document indices of an `.idx`, by the published layout and nothing of ours."""
    magic, version, code, sequences, documents = struct.unpack_from("<9sQBQQ", index)
    assert (magic, version, code) == (b"MMIDIDX\x00\x00", 1, 4)
    at = 34
    lengths = struct.unpack_from(f"<{sequences}i", index, at)
    starts = struct.unpack_from(f"<{sequences}q", index, at + 4 * sequences)
    indices = struct.unpack_from(f"<{documents}q", index, at + 12 * sequences)
    assert len(index) == at + 12 * sequences + 8 * documents
    return list(lengths), list(starts), list(indices)


def written(lengths: list[int], starts: list[int] | None = None) -> bytes:
    file = io.BytesIO()
    megatron.write_index(file, np.array(lengths, np.int64), None if starts is None else np.array(starts, np.int64))
    return file.getvalue()


@given(lengths=st.lists(st.integers(0, 2**31 - 1), max_size=40), block=st.integers(1, 9))
def test_documents_follow_each_other(lengths: list[int], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(megatron, "_BLOCK", block)
        found, starts, indices = parsed(written(lengths))
    assert found == lengths
    assert starts == [4 * sum(lengths[:i]) for i in range(len(lengths))]
    assert indices == list(range(len(lengths) + 1))


@given(documents=st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**62)), max_size=40))
def test_documents_begin_where_they_are_said_to(documents: list[tuple[int, int]]) -> None:
    lengths, starts = [length for length, _ in documents], [start for _, start in documents]
    assert parsed(written(lengths, starts))[:2] == (lengths, starts)


def test_a_document_too_long_for_the_format_is_refused() -> None:
    with pytest.raises(ValueError, match="2147483648 tokens"):
        written([1, 2**31])


@given(lengths=st.lists(st.integers(0, 9), max_size=30), batch_tokens=st.integers(1, 20))
def test_the_starts_in_a_shard_are_where_its_tokens_lie(
    tmp_path_factory: Any, lengths: list[int], batch_tokens: int
) -> None:
    from tokenizer import loader, shards

    path: Path = tmp_path_factory.mktemp("shard") / "s.arrow"
    ids = [np.arange(100 * i, 100 * i + length, dtype=np.int32) for i, length in enumerate(lengths)]
    with path.open("wb") as file:
        summary = shards.write_shard(
            file, {}, np.array(lengths, np.int64), [(bytes([i] * 16), one) for i, one in enumerate(ids)], batch_tokens
        )
    size = path.stat().st_size
    entry = loader.Entry(path.name, "", size, summary.documents, summary.tokens, "", summary.content_sha256)
    shard = loader._open(path.parent, entry, "mmap", "size", "")
    whole = path.read_bytes()
    for one, start in zip(ids, megatron.starts_in(shard).tolist(), strict=True):
        assert start % 4 == 0
        if len(one):
            assert np.frombuffer(whole, "<i4", len(one), start).tolist() == one.tolist()
