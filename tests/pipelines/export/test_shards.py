import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.export.shards import FORMATS
from pipelines.options import EXPORTS
from tokenizer.loader import TokenShards

Run = Callable[..., Any]


def parsed(prefix: Path) -> list[list[int]]:
    """The documents of a `.bin` and `.idx`, by the published layout and nothing of ours."""
    index, tokens = prefix.with_suffix(".idx").read_bytes(), prefix.with_suffix(".bin").read_bytes()
    (documents,) = np.frombuffer(index, "<u8", 1, 18)
    lengths = np.frombuffer(index, "<i4", documents, 34)
    starts = np.frombuffer(index, "<i8", documents, 34 + 4 * documents)
    return [np.frombuffer(tokens, "<i4", n, start).tolist() for n, start in zip(lengths, starts, strict=True)]


def documents(out: Path) -> list[list[int]]:
    corpus = TokenShards(out)
    return [corpus.doc(i).tolist() for i in range(len(corpus))]


def test_the_command_line_knows_the_formats() -> None:
    assert set(EXPORTS) == {"signatures", *FORMATS}


def test_megatron_merged(demo_out: Path, minamoto: Run, tmp_path: Path) -> None:
    says = minamoto("export", "megatron", "--out", demo_out, "--to", tmp_path, "--json").json
    assert parsed(tmp_path / "demo_text_document") == documents(demo_out)
    corpus = TokenShards(demo_out)
    assert (tmp_path / "num_tokens.tsv").read_text() == f"demo_text_document\t{corpus.tokens}\n"
    assert (tmp_path / "data_path.txt").read_text().split() == [str(corpus.tokens), "demo_text_document"]
    assert (says["documents"], says["tokens"], says["corpus"]) == (len(corpus), corpus.tokens, corpus.digest)
    for name, entry in says["files"].items():
        assert entry["sha256"] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


def test_megatron_over_the_shards_as_they_are(demo_out: Path, minamoto: Run, tmp_path: Path) -> None:
    assert minamoto("export", "megatron-view", "--out", demo_out, "--to", tmp_path).status == 0
    corpus = TokenShards(demo_out)
    names = [f"{Path(entry.file).stem}_text_document" for entry in corpus.entries]
    assert [ids for name in names for ids in parsed(tmp_path / name)] == documents(demo_out)
    blend = (tmp_path / "data_path.txt").read_text().split()
    assert blend[1::2] == names
    assert sum(map(int, blend[::2])) == corpus.tokens
    for name in names:
        link = (tmp_path / name).with_suffix(".bin")
        assert link.is_symlink()
        assert not link.readlink().is_absolute()
        assert (tmp_path / name).with_suffix(".idx").stat().st_size < 1000 + 20 * len(corpus)


def test_datatrove(demo_out: Path, minamoto: Run, tmp_path: Path) -> None:
    from datatrove.pipeline.tokens.merger import get_data_reader, load_doc_ends

    assert minamoto("export", "datatrove", "--out", demo_out, "--to", tmp_path).status == 0
    found = []
    for path in sorted(tmp_path.glob("*.ds")):
        with path.with_suffix(".ds.index").open("rb") as index:
            ends = load_doc_ends(index)
        with path.open("rb") as tokens:
            found += [np.frombuffer(one, "<u2").tolist() for one in get_data_reader(tokens, ends, 2)]
        name, count, _ = path.with_suffix(".ds.metadata").read_text().splitlines()
        assert name == "tokenizer.model|2"  # 4,000 pieces: two bytes are what its readers take
        assert int(count) == ends[-1]
    assert found == documents(demo_out)


def test_parquet(demo_out: Path, minamoto: Run, tmp_path: Path) -> None:
    assert minamoto("export", "parquet", "--out", demo_out, "--to", tmp_path).status == 0
    rows = [row for path in sorted(tmp_path.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    assert [row.pop("input_ids") for row in rows] == documents(demo_out)
    corpus = TokenShards(demo_out)
    assert rows == corpus.provenances(range(len(corpus)))


@pytest.mark.parametrize("what", FORMATS)
def test_the_same_corpus_gives_the_same_digest_anywhere(
    what: str, demo_out: Path, minamoto: Run, tmp_path: Path
) -> None:
    first, again, elsewhere = (
        minamoto("export", what, "--out", demo_out, "--to", tmp_path / folder, "--json").json["digest"]
        for folder in ("a", "a", "b/c")
    )
    assert first == again == elsewhere


def test_a_damaged_shard_is_named_and_not_exported(demo_out: Path, minamoto: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    path = out / "tokenize/shards/data/train-00001.arrow"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    for what in ("megatron", "datatrove", "parquet"):
        ran = minamoto("export", what, "--out", out)
        assert ran.status == 1
        assert "data/train-00001.arrow" in ran.err
        assert len(ran.err.splitlines()) == 1
        left = {p.name for p in (out / "export" / what).iterdir()}
        assert not any(name.startswith((".", "demo", "train-00001.ds", "train-00001.parquet")) for name in left), left


def test_what_lies_there_of_another_export_is_not_mixed_in(demo_out: Path, minamoto: Run, tmp_path: Path) -> None:
    (tmp_path / "train-00009.ds").touch()
    ran = minamoto("export", "datatrove", "--out", demo_out, "--to", tmp_path)
    assert ran.status == 2
    assert "train-00009.ds is of another export" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["train-00009.ds"]


def test_nothing_to_export_is_a_clear_line(minamoto: Run, tmp_path: Path) -> None:
    ran = minamoto("export", "megatron", "--out", tmp_path)
    assert ran.status == 2
    assert "no finished corpus" in ran.err
