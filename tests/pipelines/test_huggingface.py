import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import huggingface
from tokenizer.loader import TokenShards

datasets = pytest.importorskip("datasets")


@pytest.fixture
def manifest(demo_out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((demo_out / "tokenize/shards/manifest.json").read_bytes())
    return found


def test_load_from_disk_maps_the_shards(demo_out: Path, manifest: dict[str, Any]) -> None:
    rows = datasets.load_from_disk(str(demo_out / "tokenize/shards/data"), keep_in_memory=False)
    corpus = TokenShards(demo_out)
    assert [Path(file["filename"]) for file in rows.cache_files] == [corpus.folder / e.file for e in corpus.entries]
    assert len(rows) == manifest["documents"]
    assert all(rows[i]["input_ids"] == corpus.doc(i).tolist() for i in range(len(corpus)))
    assert rows[3]["doc_id"] == corpus.provenance(3)["doc_id"]
    assert rows.split == "train"


@pytest.mark.parametrize("streaming", [False, True])
def test_load_dataset_reads_the_shards_and_nothing_else(streaming: bool, demo_out: Path, tmp_path: Path) -> None:
    corpus = TokenShards(demo_out)
    rows = datasets.load_dataset(str(corpus.folder), split="train", streaming=streaming, cache_dir=str(tmp_path))
    assert [row["input_ids"] for row in rows] == [corpus.doc(i).tolist() for i in range(len(corpus))]


def front(card: str) -> dict[str, Any]:
    _, head, _ = card.split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(head)
    return found


def test_the_card_says_what_the_manifest_says(demo_out: Path, manifest: dict[str, Any]) -> None:
    card = (demo_out / "tokenize/shards/README.md").read_text(encoding="utf-8")
    assert card == huggingface.card(manifest)
    assert front(card)["language"] == ["en", "ja"]
    assert front(card)["size_categories"] == ["n<1K"]
    for words in (manifest["digest"], manifest["tokenizer"]["sha256"], f"{manifest['tokens']:,} tokens"):
        assert words in card


def test_words_of_pages_do_not_get_onto_the_card(manifest: dict[str, Any]) -> None:
    hostile = {
        "": 3, "CC-BY-4.0": 7, "https://example.jp/\n---\nlicense: mit": 2, "| x |": 1, "<script>": 1, "MIT\n": 1,
    }  # fmt: skip
    languages = {"ja": {"documents": 1, "tokens": 0, "chars": 0}}
    card = huggingface.card(manifest | {"licences": hostile, "languages": languages})
    assert "| CC-BY-4.0 | 7 |" in card
    assert "| by URL | 5 |" in card
    assert "| none | 3 |" in card
    assert front(card)["license"] == "other"
    assert "example.jp" not in card
    assert "script" not in card


@pytest.mark.parametrize(
    ("documents", "size"), [(0, "n<1K"), (1000, "1K<n<10K"), (10**9, "1B<n<10B"), (10**13, "n>1T")]
)
def test_the_size_is_one_that_hugging_face_knows(documents: int, size: str, manifest: dict[str, Any]) -> None:
    assert front(huggingface.card(manifest | {"documents": documents}))["size_categories"] == [size]
