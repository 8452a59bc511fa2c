import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest

from tokenizer.loader import LOST, OPEN_SHARDS, Damaged, ForeignTokenizer, TokenShards
from tokenizer.shards import read_shard

Backend = Literal["mmap", "pread"]
ROOT = Path(__file__).parents[2]
BACKENDS: list[Backend] = ["mmap", "pread"]


def rows(folder: Path) -> list[dict[str, Any]]:
    return [
        row for path in sorted(folder.glob("data/*.arrow")) for batch in read_shard(path) for row in batch.to_pylist()
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_documents_are_those_of_the_files_in_their_order(corpus: Path, backend: Backend) -> None:
    opened = TokenShards(corpus, backend, check="digest")
    wanted = rows(corpus)
    assert len(opened) == len(wanted) == 67
    assert opened.tokens == sum(len(row["input_ids"]) for row in wanted)
    assert opened.lengths().tolist() == [len(row["input_ids"]) for row in wanted]
    for number, row in enumerate(wanted):
        assert opened.doc(number).tolist() == row["input_ids"]
        assert opened.doc(number).dtype == np.int32
        assert opened.locate(row["doc_id"]) == number
        assert opened.provenance(number)["doc_id"] == row["doc_id"]
    for beyond in (-1, 67):
        with pytest.raises(IndexError, match="there are 67"):
            opened.doc(beyond)
    with pytest.raises(KeyError, match="0000"):
        opened.locate(bytes(16))


@pytest.mark.parametrize("backend", BACKENDS)
def test_any_range_of_a_shard_can_be_read(corpus: Path, backend: Backend) -> None:
    opened = TokenShards(corpus, backend)
    shard = opened.shard(0)
    assert len(shard.batch_tokens) > 2
    whole = np.concatenate([opened.doc(n) for n in range(opened.document_starts[1])])
    for start in range(0, len(whole), 7):
        for stop in range(start, len(whole) + 1, 11):
            assert (shard.read(start, stop) == whole[start:stop]).all()


def test_a_document_is_a_view_that_cannot_be_written(corpus: Path) -> None:
    opened = TokenShards(corpus)
    document = opened.doc(5)
    assert document.base is not None
    assert np.shares_memory(document, opened.shard(opened.place(5)[0]).words)
    with pytest.raises(ValueError, match="read-only"):
        document[0] = 1


def test_provenance_comes_in_the_order_asked(corpus: Path) -> None:
    opened = TokenShards(corpus)
    asked = [60, 3, 3, 41, 0]
    assert opened.provenances(asked) == [opened.provenance(number) for number in asked]


def test_a_corpus_folder_is_as_good_as_its_shards(demo_out: Path) -> None:
    opened = TokenShards(demo_out, check="digest")
    assert opened.folder == demo_out / "tokenize/shards"
    assert len(opened) == opened.manifest["documents"]
    assert all(opened.doc(number)[-1] == opened.eod_id for number in range(len(opened)))
    assert opened.locate(opened.provenance(9)["doc_id"]) == 9


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_goes_to_another_process(corpus: Path, backend: Backend) -> None:
    opened = TokenShards(corpus, backend, "digest", "skip")
    before = opened.doc(3).tolist()
    again = pickle.loads(pickle.dumps(opened))
    assert again.doc(3).tolist() == before
    assert (again.backend, again.check, again.on_damage) == (backend, "digest", "skip")
    child = os.fork()
    if not child:
        os._exit(opened.doc(3).tolist() != before)
    assert os.waitpid(child, 0)[1] == 0


def test_it_does_not_hold_every_file_open(tmp_path: Path, write: Callable[..., Path]) -> None:
    opened = TokenShards(write(tmp_path / "many", [5] * 900, OPEN_SHARDS * 2), "pread")
    for _ in range(2):
        assert sum(len(opened.doc(number)) for number in range(len(opened))) == opened.tokens
    held = [path for path in Path("/proc/self/fd").iterdir() if str(tmp_path) in os.path.realpath(path)]
    assert len(held) <= OPEN_SHARDS


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
        return
    if how == "token":
        data[len(data) // 2] ^= 1
    elif how == "truncated":
        del data[-100:]
    elif how == "between batches":  # a stream that lacks its last batches is whole for Arrow
        first = next(read_shard(path))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, first.schema) as writer:
            writer.write_batch(first)
        data = bytearray(sink.getvalue().to_pybytes())
    elif how == "header":
        data[:64] = bytes(64)
    path.unlink()  # not written over, for it may be mapped
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("how", ["missing", "token", "truncated", "between batches", "header"])
def test_a_damaged_shard_is_named(corpus: Path, backend: Backend, how: str) -> None:
    damage(corpus / "data/train-00002.arrow", how)
    opened = TokenShards(corpus, backend, check="digest")
    assert len(opened.doc(0))
    with pytest.raises(Damaged, match=r"^data/train-00002\.arrow: ") as raised:
        opened.doc(opened.document_starts[2])
    assert raised.value.name == "data/train-00002.arrow"
    assert pickle.loads(pickle.dumps(raised.value)).problem == raised.value.problem


def test_a_cut_between_batches_shows_even_where_the_size_is_right(corpus: Path) -> None:
    path = corpus / "data/train-00001.arrow"
    damage(path, "between batches")
    manifest = json.loads((corpus / "manifest.json").read_text())
    manifest["shards"][1]["bytes"] = path.stat().st_size
    (corpus / "manifest.json").write_text(json.dumps(manifest))
    opened = TokenShards(corpus)
    with pytest.raises(Damaged, match=r"documents and \d+ tokens, should be"):
        opened.shard(1)


@pytest.mark.parametrize("at", range(0, 1400, 61))
def test_a_flipped_bit_gives_other_tokens_or_is_named_and_nothing_else(corpus: Path, at: int) -> None:
    """Without digests, as a job may choose: by a wrong header or offset nothing is read that is not in the file."""
    path = corpus / "data/train-00000.arrow"
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << at % 8
    path.write_bytes(bytes(data))
    opened = TokenShards(corpus)
    try:
        read = [opened.doc(number) for number in range(opened.document_starts[1])]
    except (Damaged, ForeignTokenizer):
        return
    assert sum(map(len, read)) == opened.entries[0].tokens


def test_a_damaged_shard_can_be_skipped_and_is_recorded(corpus: Path) -> None:
    whole = TokenShards(corpus)
    lengths, ids = whole.lengths().tolist(), whole.doc_ids(2).tolist()
    damage(corpus / "data/train-00002.arrow", "truncated")
    opened = TokenShards(corpus, on_damage="skip")
    assert opened.lengths().tolist() == lengths
    assert opened.doc_ids(2).tolist() == ids
    assert list(opened.damage) == ["data/train-00002.arrow"]
    assert (opened.shard(2).read(0, 9) == LOST).all()
    with pytest.raises(Damaged, match="train-00002"):
        opened.doc(opened.document_starts[2])


def test_nothing_is_skipped_whose_lengths_are_unknown(corpus: Path) -> None:
    damage(corpus / "data/train-00002.arrow", "truncated")
    damage(corpus / "__meta__/train-00002.parquet", "truncated")
    with pytest.raises(Damaged, match=r"train-00002\.parquet"):
        TokenShards(corpus, on_damage="skip").shard(2)


def test_tokens_of_another_tokenizer_are_told(corpus: Path, tmp_path: Path, write: Callable[..., Path]) -> None:
    other = write(tmp_path / "other", [9] * 20, tokenizer="b" * 64)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["tokenizer"]["sha256"] = "a" * 64
    (other / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(
        ForeignTokenizer, match=r"train-00000\.arrow: made with tokenizer bbbbbbbbbbbb, not aaaaaaaaaaaa"
    ):
        TokenShards(other).doc(0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "No such file"),
        ("{", "not a manifest"),
        ("[]", "not a manifest"),
        ('{"shards": [{}]}', "not a manifest"),
        ('{"shards": [], "digest": "0", "tokenizer": {"sha256": "", "eod_id": 0}}', "its digest should be"),
    ],
)
def test_a_manifest_that_is_none_is_named(tmp_path: Path, text: str | None, problem: str) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(Damaged, match=problem):
        TokenShards(tmp_path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../etc/passwd"])
def test_a_manifest_names_no_file_outside(corpus: Path, name: str) -> None:
    manifest = json.loads((corpus / "manifest.json").read_text())
    manifest["shards"][0]["file"] = name
    (corpus / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Damaged, match="is outside"):
        TokenShards(corpus)


def test_reading_needs_numpy_and_pyarrow_only(corpus: Path) -> None:
    """A training job has its own environment; ours must not come with the data."""
    program = (
        "import sys\n"
        "for name in ('xxhash', 'numba', 'sentencepiece', 'torch', 'pydantic', 'ray'): sys.modules[name] = None\n"
        "from tokenizer.plan import Plan, Settings, Source, TokenShards\n"
        "from tokenizer import planfile\n"
        f"shards = TokenShards({str(corpus)!r})\n"
        "shards.provenance(3)\n"
        "plan = Plan({'a': Source(shards)}, Settings(64, 'best_fit', held_out=0.1))\n"
        "print(len(plan), plan.sample(0).input_ids.shape)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("(64,)\n")


def test_a_file_that_shrinks_while_it_is_read_is_named(corpus: Path) -> None:
    opened = TokenShards(corpus, "pread")
    last = opened.document_starts[1] - 1
    assert len(opened.doc(last))
    os.truncate(corpus / "data/train-00000.arrow", 500)
    with pytest.raises(Damaged, match=r"train-00000\.arrow: is shorter than it was"):
        opened.doc(last)
