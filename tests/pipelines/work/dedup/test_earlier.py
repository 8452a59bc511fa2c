"""One run over A and B, and A then B, join the same documents; what A published stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from byhand import BASE, NEAR, Row, decide, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from dedup.minhash import MinHash
from pipelines.errors import UsageError
from pipelines.recipe import Dedup

SETTINGS = Dedup(representative=())


def ja(*texts: str) -> list[Row]:
    return [(t, "ja", None, None) for t in texts]


def parents(root: Path) -> list[int]:
    return list(np.load(root / "dedup/cluster/parents.npy").tolist())


#: Prefixes of one text: neighbours are alike, the ends are strangers.
LONG = text(9, 2000)
CHAIN = [LONG[start : start + 900] for start in range(0, 1000, 100)]
POOL = [*CHAIN, BASE, NEAR, text(3), f"{BASE}。"]
PART = st.lists(st.sampled_from(POOL), min_size=1, max_size=3)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(crawls=st.lists(st.lists(PART, min_size=1, max_size=2), min_size=2, max_size=3))
def test_crawl_by_crawl_and_all_at_once_give_the_same_clusters(
    crawls: list[list[list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("crawls")
    rows = [[ja(*part) for part in crawl] for crawl in crawls]
    decide(root / "whole", SETTINGS, [part for crawl in rows for part in crawl])
    outs: list[Path] = []
    first = 0
    for number, crawl in enumerate(rows):
        out = root / str(number)
        decide(out, SETTINGS, crawl, first, against=outs)
        outs.append(out)
        first += len(crawl)
    assert parents(outs[-1]) == parents(root / "whole")


def test_documents_of_the_earlier_corpus_stay_and_new_ones_that_are_like_them_go(tmp_path: Path) -> None:
    decide(tmp_path / "a", SETTINGS, [ja(BASE, text(3), NEAR)])
    longest = Dedup(representative=("longest",))  # no reason to take a published one back
    _, rows = decide(tmp_path / "b", longest, [ja(text(4), f"{BASE}！！", BASE, text(4))], 1, against=[tmp_path / "a"])
    assert [row["reason"] for row in rows] == [None, "exact", "exact", "exact"]
    assert [row["representative"] for row in rows[1:3]] == [bytes(16)] * 2
    assert [row["cluster_size"] for row in rows] == [2, 4, 4, 2]
    assert rows[3]["representative"] == bytes([1, 0] * 8)


def test_what_a_new_document_bridges_is_recorded(tmp_path: Path) -> None:
    decide(tmp_path / "a", SETTINGS, [ja(CHAIN[0], CHAIN[5])])
    assert parents(tmp_path / "a") == [0, 1]
    decide(tmp_path / "b", SETTINGS, [ja(text(3), *CHAIN[1:5])], 1, against=[tmp_path / "a"])
    assert parents(tmp_path / "b") == [0, 0, 2, 0, 0, 0, 0]
    (bridge,) = pq.read_table(tmp_path / "b/dedup/cluster/bridges.parquet").to_pylist()
    assert (bridge["cluster"], bridge["joined"]) == (bytes(16), bytes([0, 1] * 8))
    assert bridge["bridged_by"] in [bytes([1, row] * 8) for row in range(1, 5)]
    kept = pq.read_table(tmp_path / "a/dedup/decide").column("reason").to_pylist()
    assert kept == [None, None]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"minhash": MinHash(bands=20)}, "minhash.bands: was 14, is 20"),
        ({"minhash": MinHash(seed=2)}, "minhash.seed: was 1, is 2"),
        ({"urls": True}, "urls: was False, is True"),
        ({"verify": "shingles"}, "shingles: was False, is True"),
    ],
)
def test_a_corpus_signed_otherwise_is_refused_with_the_field(
    change: dict[str, Any], named: str, tmp_path: Path
) -> None:
    decide(tmp_path / "a", SETTINGS, [ja(BASE)])
    with pytest.raises(UsageError, match=f"was signed otherwise.*{named}"):
        decide(tmp_path / "b", Dedup(representative=(), **change), [ja(BASE)], 1, against=[tmp_path / "a"])


def test_a_corpus_that_was_itself_compared_needs_the_one_before_it(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    decide(a, SETTINGS, [ja(BASE)])
    decide(b, SETTINGS, [ja(text(3))], 1, against=[a])
    for wrong in ([b], [b, a]):
        with pytest.raises(UsageError, match=r"deduplicated against a corpus of 1 documents .* not given before it"):
            decide(tmp_path / "c", SETTINGS, [ja(text(4))], 2, against=wrong)
    with pytest.raises(UsageError, match="name each corpus once"):
        decide(tmp_path / "c", SETTINGS, [ja(text(4))], 2, against=[a, b, a])
    with pytest.raises(UsageError, match="not a deduplicated corpus"):
        decide(tmp_path / "c", SETTINGS, [ja(text(4))], 2, against=[tmp_path])


def test_a_second_crawl_from_the_command_line(
    demo_crawl: Path, demo_out: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    """The demo once more under other names: nothing of it is new, save what was never compared."""
    again = tmp_path / "again"
    again.mkdir()
    for path in demo_crawl.glob("*.warc.gz"):
        (again / f"second-{path.name}").write_bytes(path.read_bytes())
    words = ("--recipe", ROOT / "recipes/demo.toml", "--input", again, "--out", tmp_path / "out", "--inline", "--json")
    found = minamoto("dedup", *words, "--against", demo_out).json
    before = json.loads((demo_out / "tokenize/shards/manifest.json").read_text())["stages"]["dedup/decide"]
    assert found["stages"]["dedup"]["rows_in"] == before["rows_in"]
    assert found["stages"]["dedup"]["kept"] == 0
    stats = minamoto("stats", *words[:-2], "--json", "--against", demo_out).json
    assert stats["stages"]["dedup"]["kept"] == 0
    forgotten = minamoto("dedup", *words)
    assert forgotten.status == 3
    assert "against" in forgotten.err
    itself = minamoto("dedup", *words, "--against", tmp_path / "out")
    assert (itself.status, "the corpus itself" in itself.err) == (2, True)
