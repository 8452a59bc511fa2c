"""One file of the real test crawl through the whole line."""

import collections
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from conftest import DATA

CRAWL = DATA / "web/crawl-00004.warc.gz"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CRAWL.is_file(), reason="the real crawl is not here")]

RECIPE = """
name = "real"
[tokenize]
vocab_size = 4000
sample_chars = { ja = 250000, en = 250000 }
"""


@pytest.fixture(scope="module")
def built(minamoto: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("real")
    (folder / "real.toml").write_text(RECIPE)
    ran = minamoto("run", "--recipe", folder / "real.toml", "--input", CRAWL, "--out", folder / "out", "--json")
    return folder / "out", ran.json


def test_it_adds_up(built: tuple[Path, Any]) -> None:
    out, stats = built
    rows = 725
    for stage in stats["stages"].values():
        assert stage["rows_in"] == rows == stage["kept"] + sum(stage["reasons"].values())
        rows = stage["kept"]
    assert stats["documents"] == rows > 400
    assert set(stats["languages"]) == {"ja", "en"}
    assert stats["stages"]["extract"]["reasons"].keys() <= {"prescreen", "empty"}
    manifest = json.loads((out / "tokenize/shards/manifest.json").read_text())
    assert manifest["digest"] == stats["digest"]
    assert [source["name"] for source in manifest["sources"]] == ["crawl-00004.warc.gz"]


def test_japanese_is_readable_in_every_charset(built: tuple[Path, Any]) -> None:
    """Hiragana in quantity and no replacement character, in each charset the file has pages in."""
    out, _ = built
    good: collections.Counter[str] = collections.Counter()
    bad = []
    for path in sorted((out / "extract").glob("*.parquet")):
        documents = pq.read_table(path, columns=["url", "text", "charset"]).to_pylist()
        langs = pq.read_table(out / "filter" / path.name, columns=["lang", "reason"]).to_pylist()
        for document, verdict in zip(documents, langs, strict=True):
            if verdict["lang"] == "ja" and verdict["reason"] is None:
                text = document["text"]
                readable = "�" not in text and sum("ぁ" <= c <= "ん" for c in text) > len(text) / 100
                good[document["charset"]] += readable
                bad += [] if readable else [document["url"]]
    assert good.keys() >= {"utf-8", "cp932", "euc_jp", "iso2022_jp"}
    assert len(bad) <= good.total() / 100, bad
