import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tokenizer import planfile, subwords
from tokenizer.loader import TokenShards

PLAN = 'seq_len = 256\npacking = "best_fit"\n[sources.demo]\nepochs = 2\n'


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(PLAN)
    return path


def test_a_step_is_traced_to_its_documents_and_found_again(
    demo_out: Path, plan: Path, minamoto: Callable[..., Any]
) -> None:
    shards = TokenShards(demo_out)
    model = subwords.load(shards.folder / "tokenizer.model")
    known = planfile.load(plan, demo_out)
    options = ("--out", demo_out, "--plan", plan, "--batch", 4, "--json")
    found = minamoto("trace", *options, "--step", 5, "--text").json
    assert [sample["sample"] for sample in found["samples"]] == [20, 21, 22, 23]
    assert found["plan"] == known.digest
    for sample in found["samples"]:
        tokens: list[int] = []
        for document in sample["documents"]:
            says = document["provenance"]
            assert says["url"].startswith("http")
            assert says["licences"] == []
            assert shards.locate(bytes.fromhex(says["doc_id"])) == document["document"]
            part = shards.doc(document["document"])[document["start"] : document["stop"]].tolist()
            assert document["text"] == model.decode(part)
            tokens += part
        assert known.sample(sample["sample"]).input_ids[: len(tokens)].tolist() == tokens
    wanted = found["samples"][0]["documents"][0]
    for by in (("--url", wanted["provenance"]["url"]), ("--doc-id", wanted["provenance"]["doc_id"])):
        (document,) = minamoto("find", *options, *by).json["documents"]
        assert (document["shard"], document["row"]) == (wanted["shard"], wanted["row"])
        assert {"source": "demo", "sample": 20, "step": 5} in document["seen"]


def test_without_a_plan_a_document_is_found_in_its_shard(demo_out: Path, minamoto: Callable[..., Any]) -> None:
    url = TokenShards(demo_out).provenance(7)["url"]
    found = minamoto("find", "--out", demo_out, "--url", url, "--json").json
    assert [(d["document"], "seen" in d) for d in found["documents"]] == [(7, False)]
    assert url in minamoto("find", "--out", demo_out, "--url", url).out


def test_words_for_people(demo_out: Path, plan: Path, minamoto: Callable[..., Any]) -> None:
    shown = minamoto("trace", "--out", demo_out, "--plan", plan, "--step", 0, "--text").out
    assert "sample 0" in shown
    assert "no licence stated" in shown
    assert ".warc.gz:" in shown


def test_what_cannot_be_is_one_line(demo_out: Path, plan: Path, tmp_path: Path, minamoto: Callable[..., Any]) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(PLAN.replace("epochs", "epoch"))
    stale = tmp_path / "stale.json"
    planfile.save(planfile.load(plan, demo_out), stale)
    stale.write_text(json.dumps(json.loads(stale.read_text()) | {"seed": 9}))
    at = ("--out", demo_out)
    for words, status, line in [
        (("trace", *at, "--plan", plan, "--step", 10**6), 2, "--step 1000000: "),
        (("trace", *at, "--plan", plan, "--step", -1), 2, "--step -1: "),
        (("trace", *at, "--plan", wrong, "--step", 0), 2, "did you mean epochs?"),
        (("trace", *at, "--plan", tmp_path / "none", "--step", 0), 2, "not readable as TOML"),
        (("trace", "--plan", plan, "--step", 0), 2, "sources.demo.path: must be given"),
        (("trace", "--plan", stale, "--step", 0), 1, "its digest is"),
        (("find", *at, "--url", "https://nowhere.example/"), 2, "no document in the shards has the URL"),
        (("find", *at, "--doc-id", "00" * 16), 2, "no document in the shards has doc_id"),
        (("find", *at, "--doc-id", "xyz"), 2, "not 32 hexadecimal digits"),
        (("find", "--out", tmp_path, "--doc-id", "00" * 16), 1, "manifest.json: No such file"),
    ]:
        ran = minamoto(*words)
        assert (ran.status, ran.out) == (status, "")
        assert line in ran.err
        assert ran.err.startswith("minamoto: ")
        assert ran.err.count("\n") == 1


def test_the_text_is_of_the_tokenizer_of_the_tokens(
    demo_out: Path, plan: Path, tmp_path: Path, minamoto: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out / "tokenize/shards", out)
    words = ("trace", "--out", out, "--plan", plan, "--step", 0, "--text")
    assert minamoto(*words).status == 0
    with (out / "tokenizer.model").open("ab") as model:
        model.write(b"\x0a\x00")  # an empty piece: still a model, but another
    ran = minamoto(*words)
    assert ran.status == 1
    assert "tokenizer.model: " in ran.err
