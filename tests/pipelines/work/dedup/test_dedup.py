"""The dedup stages over parts made by hand, against what a plain reading of the rules gives."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from byhand import BASE, NEAR, PARTS, Row, decide, text

from dedup import minhash, shingles
from pipelines.errors import PartsFailed
from pipelines.recipe import Dedup, RepeatedLines
from pipelines.stage import Stage, Task
from pipelines.store import Output, Store
from pipelines.work import tokenize
from pipelines.work.dedup import signed
from pipelines.work.dedup.cluster import Cluster, cluster_whole


@pytest.fixture(params=[1, 3], ids=["one bucket", "many buckets"])
def decided(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Store, list[dict[str, Any]]]:
    return decide(tmp_path, Dedup(bucket_rows=100 if request.param == 1 else 3, representative=()))


def test_decisions_name_the_kept_document_and_the_evidence(decided: tuple[Store, list[dict[str, Any]]]) -> None:
    _, rows = decided
    assert [row["reason"] for row in rows] == [
        None, "upstream", None,
        "upstream", "near", "exact", None,
        None, None, "exact",
    ]  # fmt: skip
    base = bytes([0, 2] * 8)
    for row in (rows[4], rows[5], rows[9]):
        assert row["representative"] == base
        assert row["cluster_size"] == 4
        assert row["limit"] == 0.7
    assert rows[5]["value"] == 1.0
    assert rows[5]["bands_shared"] == 14
    key, near = shingles.key(BASE), shingles.key(NEAR)
    a, b = (set(shingles.ngrams(k, "ja", 5)) for k in (key, near))
    assert rows[4]["value"] == pytest.approx(len(a & b) / len(a | b), abs=0.12)
    assert 0 < rows[4]["bands_shared"] < 14


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        ((), (0, 2)),
        (("longest", "latest"), (2, 2)),  # the copy with a space and a mark more
        (("earliest",), (3, 2)),
        (("latest",), (2, 1)),
        (("earliest", "longest"), (3, 2)),
    ],
)
def test_the_recipe_says_which_document_stands_for_its_cluster(
    order: tuple[Any, ...], kept: tuple[int, int], tmp_path: Path
) -> None:
    _, rows = decide(tmp_path, Dedup(representative=order))
    members = [row for row in rows if row["cluster_size"] == 4]
    representative = bytes(kept * 8)
    assert len(members) == 4
    assert {row["representative"] for row in members if row["reason"]} == {representative}
    assert [row["doc_id"] for row in members if row["reason"] is None] == [representative]


def test_documents_without_letters_are_not_duplicates_of_one_another(
    decided: tuple[Store, list[dict[str, Any]]],
) -> None:
    _, rows = decided
    assert [rows[6]["cluster_size"], rows[7]["cluster_size"]] == [1, 1]


def test_signed_rows_are_found_by_uid_across_parts(decided: tuple[Store, list[dict[str, Any]]]) -> None:
    store, _ = decided
    kept = [[t for t, _, _, f in part if f is None] for part in PARTS]
    offsets = (0, *itertools.accumulate(len(part) for part in kept))
    where = signed.Signed(offsets, tuple(signed.prefix(part) for part in range(len(PARTS))))
    uids = np.array([6, 0, 3, 0])
    texts = [t for part in kept for t in part if t is not None]
    langs = [lang for part in PARTS for _, lang, _, f in part if f is None]
    expected = minhash.signatures([shingles.key(texts[u]) for u in uids], [langs[u] for u in uids], minhash.MinHash())
    with store.output() as output:
        assert (signed.signatures(output, where, uids, 112) == expected).all()
        assert signed.documents(output, where, uids)["chars"].tolist() == [len(texts[u]) for u in uids]


def test_a_corpus_without_documents_has_no_clusters(tmp_path: Path) -> None:
    stage = Stage("dedup/cluster", cluster_whole, {"representative": ["longest"], "sources": [], "formats": []})
    cluster_whole(Task(stage, 0, Cluster(signed.Signed((0,), ()), (), 0), ""), Output(Store(tmp_path), tmp_path))
    assert len(np.load(tmp_path / "dedup/cluster/parents.npy")) == 0


def reasons(rows: list[dict[str, Any]]) -> list[str | None]:
    return [row["reason"] for row in rows]


def test_similarity_can_be_that_of_the_shingles_themselves(tmp_path: Path) -> None:
    _, rows = decide(tmp_path, Dedup(verify="shingles", representative=()))
    a, b = (set(shingles.ngrams(shingles.key(t), "ja", 5)) for t in (BASE, NEAR))
    assert rows[4]["value"] == len(a & b) / len(a | b)
    assert [rows[5]["reason"], rows[5]["value"]] == ["exact", 1.0]


def test_documents_with_one_url_are_kept_once(tmp_path: Path) -> None:
    urls = ["http://a.jp/?utm_source=x", "", "http://b.jp/", "", "http://c.jp/", "http://d.jp/", "http://A.jp/#top"]
    _, rows = decide(
        tmp_path / "on", Dedup(urls=True, representative=()), urls=[*urls, "http://a.jp", "http://a.jp:80/"]
    )
    assert reasons(rows) == [None, "upstream", None, "upstream", "near", "exact", None, None, "url", "exact"]
    assert rows[8]["representative"] == bytes([0, 0] * 8)
    assert rows[8]["value"] < 0.7
    _, rows = decide(tmp_path / "off", Dedup(representative=()), urls=[*urls, "http://a.jp", "http://a.jp:80/"])
    assert reasons(rows)[8] is None


def test_lines_of_many_documents_are_cut_save_in_the_first_that_has_them(tmp_path: Path) -> None:
    menu = "ホーム　会社案内　採用情報　お問い合わせ　サイトマップ"
    rows: list[list[Row]] = [
        [(f"{menu}\n{text(5)}\n{menu}", "ja", None, None), (f"{menu}\n{text(6)}", "ja", None, None)],
        [(None, None, "empty", "upstream"), (menu, "ja", None, None), (f"{text(7)}\n{menu}", "ja", None, None)],
    ]
    store, found = decide(tmp_path, Dedup(repeated_lines=RepeatedLines(documents=3)), rows)
    assert reasons(found) == [None, None, "upstream", "repeated_lines", None]
    with store.output() as output:
        kept = [batch for i in range(2) for batch, _, _ in tokenize.kept(output, i, ("doc_id", "text"), True)]
    assert [t for batch in kept for t in batch.column("text").to_pylist()] == [rows[0][0][0], text(6), text(7)]
    spans = [
        row["cuts"]
        for part in range(2)
        for row in pq.read_table(store.root / f"{signed.prefix(part)}.cuts.parquet").to_pylist()
    ]
    assert spans == [
        [], [{"start": 0, "end": len(menu)}], None, [{"start": 0, "end": len(menu)}],
        [{"start": len(text(7)) + 1, "end": len(text(7)) + 1 + len(menu)}],
    ]  # fmt: skip


def test_the_source_can_be_preferred(tmp_path: Path) -> None:
    _, rows = decide(tmp_path, Dedup(representative=("source",), sources=("s3", "s2*")))
    assert {row["representative"] for row in rows if row["reason"] in ("exact", "near")} == {bytes([3, 2] * 8)}


def test_the_score_can_be_preferred(tmp_path: Path) -> None:
    _, rows = decide(tmp_path, Dedup(representative=("score",), score="lang_score"))
    assert {row["representative"] for row in rows if row["reason"] in ("exact", "near")} == {bytes([2, 2] * 8)}
    with pytest.raises(PartsFailed, match=r"no rule of this recipe measures 'x\.y'"):
        decide(tmp_path / "other", Dedup(representative=("score",), score="x.y"))


def test_the_forms_of_a_work_are_kept_once_and_the_best_form_stays(tmp_path: Path) -> None:
    doi = ["doi:10.1234/x", "pmcid:PMC1"]
    rows: list[list[Row]] = [
        [(text(1), "en", None, None), (text(2), "en", None, None)],
        [(text(3), "en", None, None), (text(4), "ja", None, None), (text(5), "en", None, None)],
    ]
    more = {
        bytes([0, 0] * 8): {"ids": doi, "format": "pdf"},
        bytes([1, 0] * 8): {"ids": ["doi:10.1234/X"], "format": "jats"},
        bytes([1, 1] * 8): {"ids": doi, "format": "jats"},  # in Japanese: a work of its own
        bytes([1, 2] * 8): {"ids": ["page:1"], "format": "latex"},
    }
    how = Dedup(representative=("format", "longest"))
    _, found = decide(tmp_path / "on", how, rows, more=more)
    assert reasons(found) == ["work", None, None, None, None]
    assert found[0]["representative"] == bytes([1, 0] * 8)
    _, found = decide(tmp_path / "latex", how.model_copy(update={"formats": ("pdf", "j*")}), rows, more=more)
    assert reasons(found) == [None, None, "work", None, None]
    _, found = decide(tmp_path / "off", how.model_copy(update={"works": False}), rows, more=more)
    assert reasons(found) == [None] * 5
