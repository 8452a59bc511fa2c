"""The four dedup stages over parts made by hand, against what a plain reading of the rules gives."""

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from dedup import minhash, shingles
from pipelines import corpus, parts, run
from pipelines.recipe import Dedup, Recipe
from pipelines.record import DOCUMENT, VERDICT
from pipelines.sources import Source, Span
from pipelines.stage import Result, Stage, Task
from pipelines.store import Output, Store
from pipelines.tasks import Corpus, tasks
from pipelines.work.dedup import read_signed

WORDS = [
    "川",
    "水車",
    "小屋",
    "子ども",
    "毎日",
    "遊び",
    "古い",
    "橋",
    "図書館",
    "時計",
    "台風",
    "畑",
    "星座",
    "鉄道",
    "駅",
    "茶",
    "湯気",
    "窓",
    "木工",
    "釘",
    "自転車",
    "修理",
]


def text(seed: int, length: int = 300) -> str:
    order = np.random.RandomState(seed)
    return "".join(f"{WORDS[i]}の{WORDS[j]}は{i * j}。" for i, j in order.randint(0, len(WORDS), (length // 8, 2)))


BASE = text(1)
NEAR = BASE[:-20] + text(2)[:20]
#: (text, lang, reason of extract, reason of filter) of every row of every part.
PARTS: list[list[tuple[str | None, str | None, str | None, str | None]]] = [
    [(text(3), "ja", None, None), (None, None, "empty", "upstream"), (BASE, "ja", None, None)],
    [],
    [
        (BASE, "ja", None, "length_short"),
        (NEAR, "ja", None, None),
        (f" {BASE}！", "ja", None, None),
        ("…", "ja", None, None),
    ],
    [("！？", "ja", None, None), (text(4), "en", None, None), (BASE, "ja", None, None)],
]


#: Crawl dates of some rows, by doc_id; the others have none.
DATES = {bytes([3, 2] * 8): datetime(2020, 1, 1, tzinfo=UTC), bytes([2, 1] * 8): datetime(2021, 1, 1, tzinfo=UTC)}


@pytest.fixture(params=[1, 3], ids=["one bucket", "many buckets"])
def decided(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Store, list[dict[str, Any]]]:
    return decide(tmp_path, Dedup(bucket_rows=100 if request.param == 1 else 3, representative=()))


def decide(root: Path, settings: Dedup) -> tuple[Store, list[dict[str, Any]]]:
    """Run the four stages over PARTS; returns the decisions of all parts."""
    store = Store(root)
    recipe = Recipe(name="x", dedup=settings)

    def given(task: Task, output: Output) -> Result:
        rows = PARTS[task.index]
        ids = [bytes([task.index, row] * 8) for row in range(len(rows))]
        documents = [
            {"doc_id": i, "text": t, "reason": e, "source": "s", "offset": 0, "inner": 0, "date": DATES.get(i)}
            for i, (t, _, e, _) in zip(ids, rows, strict=True)
        ]
        verdicts = [{"doc_id": i, "lang": lang, "reason": f} for i, (_, lang, _, f) in zip(ids, rows, strict=True)]
        with output.create(f"extract/part-{task.index:05d}.parquet") as file:
            parts.write_rows(file, DOCUMENT, documents)
        with output.create(f"filter/part-{task.index:05d}.parquet") as file:
            parts.write_rows(file, VERDICT, verdicts)
        kept = sum(f is None for *_, f in rows)
        return Result(len(rows), kept, {"x": len(rows) - kept})

    spans = tuple(Span(Source("s", "s", 0, ""), "plain", 0, 0) for _ in PARTS)
    mine = Corpus(recipe, spans, store)
    fakes = [Task(Stage("extract", given, {}), i, None, "") for i in range(len(PARTS))]
    commits = run.run_stage(fakes, store, run.inline, lambda done: None)
    done = {"extract": commits, "filter": commits}
    for name, stage in corpus.stages(recipe).items():
        if name.startswith("dedup/"):
            done[name] = run.run_stage(tasks(stage, mine, done), store, run.inline, lambda done: None)
    rows = [row for p in sorted((root / "dedup/decide").glob("*")) for row in pq.read_table(p).to_pylist()]
    return store, rows


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
    offsets = [0, *itertools.accumulate(len(part) for part in kept)]
    uids = np.array([6, 0, 3, 0], dtype=np.uint64)
    evidence = read_signed(store.root, offsets, uids)
    texts = [t for part in kept for t in part if t is not None]
    langs = [lang for part in PARTS for _, lang, _, f in part if f is None]
    expected = minhash.signatures([shingles.key(texts[u]) for u in uids], [langs[u] for u in uids], minhash.MinHash())
    assert (evidence.signatures == expected).all()


def test_a_corpus_without_documents_has_no_clusters(tmp_path: Path) -> None:
    parents = np.load(_cluster_nothing(tmp_path))
    assert len(parents) == 0


def _cluster_nothing(tmp_path: Path) -> Path:
    from pipelines.work.dedup import Cluster, cluster_whole

    stage = Stage("dedup/cluster", cluster_whole, {"representative": ["longest"], "min_similarity": 0.7})
    cluster_whole(Task(stage, 0, Cluster((0,), ()), ""), Output(tmp_path))
    return tmp_path / "dedup/cluster/parents.npy"
