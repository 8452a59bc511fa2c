"""What damage looks like and what `verify` says of it. Each is found although the file stays readable."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tokenizer import shards

Run = Callable[..., Any]
DATA = "tokenize/shards/data"


@pytest.fixture
def out(demo_out: Path, tmp_path: Path) -> Path:
    shutil.copytree(demo_out, tmp_path / "out")
    return tmp_path / "out"


def damage(minamoto: Run, out: Path, *options: object) -> dict[str, str]:
    """What is damaged, file by file."""
    ran = minamoto("verify", "--out", out, "--json", *options)
    assert not ran.err
    found = json.loads(ran.out)
    assert ran.status == bool(found["damaged"])
    return {bad["file"]: bad["problem"] for bad in found["damaged"]}


def rewritten(path: Path, change: Callable[[list[list[int]]], Any], metadata: dict[bytes, bytes]) -> shards.Summary:
    """A shard written again, whole and readable, with other tokens or metadata."""
    batches = list(shards.read_shard(path))
    ids = [doc_id for batch in batches for doc_id in batch.column("doc_id").to_pylist()]
    tokens = [one for batch in batches for one in batch.column("input_ids").to_pylist()]
    change(tokens)
    says = {k.decode(): v.decode() for k, v in (batches[0].schema.metadata | metadata).items()}
    lengths = np.array([len(one) for one in tokens], np.int64)
    with path.open("wb") as file:
        rows = [(doc_id, np.array(one, np.int32)) for doc_id, one in zip(ids, tokens, strict=True)]
        return shards.write_shard(file, says, lengths, rows, 8192)


def vouched_for(out: Path, file: str, summary: shards.Summary) -> None:
    """Make the manifest say of a shard what is there now: what a careless hand, or another program, would leave."""
    path = out / "tokenize/shards/manifest.json"
    manifest = json.loads(path.read_bytes())
    data = (out / DATA / file).read_bytes()
    for shard in manifest["shards"]:
        if shard["file"] == f"data/{file}":
            shard |= {**vars(summary), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["digest"] = shards.corpus_digest(shard["content_sha256"] for shard in manifest["shards"])
    path.write_text(json.dumps(manifest))


def test_a_whole_corpus(demo_out: Path, minamoto: Run) -> None:
    found = minamoto("verify", "--out", demo_out, "--retokenize", "1", "--json").json
    assert found["damaged"] == []
    manifest = json.loads((demo_out / "tokenize/shards/manifest.json").read_bytes())
    assert found["retokenized"] == {"documents": manifest["documents"], "equal": manifest["documents"]}


def test_a_flipped_byte(out: Path, minamoto: Run) -> None:
    path = out / DATA / "train-00002.arrow"
    flipped = bytearray(path.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    path.write_bytes(flipped)
    assert "sha256 is" in damage(minamoto, out).pop(f"{DATA}/train-00002.arrow")


def test_a_shard_cut_between_two_batches_is_readable_and_found(out: Path, minamoto: Run) -> None:
    path = out / DATA / "train-00000.arrow"
    whole = list(shards.read_shard(path))
    assert len(whole) > 1
    with pa.OSFile(str(tmp := path.with_suffix(".cut")), "wb") as file, pa.ipc.new_stream(file, whole[0].schema) as new:
        for batch in whole[:-1]:
            new.write_batch(batch)
    tmp.replace(path)
    assert len(list(shards.read_shard(path))) == len(whole) - 1
    found = damage(minamoto, out)
    assert "bytes, should have" in found.pop(f"{DATA}/train-00000.arrow")
    assert "its rows are not those of train-00000.arrow" in found.pop("tokenize/shards/__meta__/train-00000.parquet")
    assert not found


def test_a_missing_shard(out: Path, minamoto: Run) -> None:
    (out / DATA / "train-00001.arrow").unlink()
    assert damage(minamoto, out).pop(f"{DATA}/train-00001.arrow") == "No such file or directory"


def test_a_shard_too_many_would_be_read_by_others(out: Path, minamoto: Run) -> None:
    shutil.copy(out / DATA / "train-00000.arrow", out / DATA / "train-00004.arrow")
    found = damage(minamoto, out)
    assert list(found) == [f"{DATA}/train-00004.arrow"]
    assert "the manifest does not name it" in found[f"{DATA}/train-00004.arrow"]


def test_tokens_of_a_foreign_tokenizer(out: Path, minamoto: Run) -> None:
    file = "train-00003.arrow"
    summary = rewritten(out / DATA / file, lambda tokens: None, {b"tokenshard.tokenizer_sha256": b"ab" * 32})
    vouched_for(out, file, summary)
    assert "foreign tokenizer: its sha256 is abab" in damage(minamoto, out)[f"{DATA}/{file}"]


def test_another_tokenizer_in_the_place_of_the_corpus_s(out: Path, minamoto: Run) -> None:
    path = out / "tokenize/shards/tokenizer.model"
    path.write_bytes(path.read_bytes() + b"\n")
    assert "tokenize/shards/tokenizer.model" in damage(minamoto, out)


def test_other_tokens_that_the_manifest_vouches_for_are_told_from_the_texts(out: Path, minamoto: Run) -> None:
    def change(tokens: list[list[int]]) -> None:
        tokens[5][7] += 1
        del tokens[6][-1]

    file = "train-00001.arrow"
    vouched_for(out, file, rewritten(out / DATA / file, change, {}))
    assert list(damage(minamoto, out)) == ["tokenize/shards/manifest.json"]
    ran = minamoto("verify", "--out", out, "--retokenize", "1", "--json")
    found = json.loads(ran.out)
    assert ran.status == 1
    assert found["retokenized"]["documents"] - found["retokenized"]["equal"] == 2
    problems = [bad["problem"] for bad in found["damaged"] if bad["file"] == f"{DATA}/{file}"]
    assert any(p.startswith("row 5, document ") and ": token 7 is " in p for p in problems), problems
    assert any(p.startswith("row 6, document ") and "tokens, its text has" in p for p in problems), problems


def test_the_sample_follows_from_the_seed(demo_out: Path, minamoto: Run) -> None:
    drawn = [
        minamoto("verify", "--out", demo_out, "--retokenize", "0.2", "--seed", seed, "--json").json["retokenized"]
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1]
    assert 0 < drawn[0]["documents"] < 149
    assert all(again["documents"] == again["equal"] for again in drawn)


@pytest.mark.parametrize("share", ["0", "1.5", "nan", "some"])
def test_a_share_that_is_none(share: str, demo_out: Path, minamoto: Run) -> None:
    ran = minamoto("verify", "--out", demo_out, "--retokenize", share)
    assert ran.status == 2
    assert "is not a share" in ran.err


def test_shards_without_their_documents(out: Path, minamoto: Run) -> None:
    shutil.rmtree(out / "commits")
    ran = minamoto("verify", "--out", out, "--retokenize", "1")
    assert ran.status == 2
    assert "only shards" in ran.err


@pytest.mark.parametrize("text", ["{}", '{"shards": [], "digest": 3}', "[1]"])
def test_a_manifest_that_is_none(text: str, out: Path, minamoto: Run) -> None:
    (out / "tokenize/shards/manifest.json").write_text(text)
    assert damage(minamoto, out)["tokenize/shards/manifest.json"]
    assert "nothing can be cut again" in damage(minamoto, out, "--retokenize", 1)["tokenize/shards/manifest.json"]


def test_documents_that_cannot_be_read(out: Path, minamoto: Run) -> None:
    (out / "extract/part-00001.parquet").write_bytes(b"PAR1")
    found = damage(minamoto, out, "--retokenize", 1)
    assert "part 1 of the stages before is not readable" in found["tokenize/shards/manifest.json"]
    assert "extract/part-00001.parquet" in found
