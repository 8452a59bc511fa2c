"""Parts made by hand, and their way through the dedup stages."""

import types
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from pipelines import corpus, parts, run
from pipelines.recipe import Dedup, Recipe
from pipelines.record import DOCUMENT, VERDICT
from pipelines.sources import Source, Span
from pipelines.stage import Result, Stage, Task
from pipelines.store import Output, Store
from pipelines.tasks import Corpus, tasks
from pipelines.work.dedup.earlier import open_earlier

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
#: Text, lang, reason of extract, reason of filter.
Row = tuple[str | None, str | None, str | None, str | None]
#: Every row of every part.
PARTS: list[list[Row]] = [
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


#: Scores of some rows, by doc_id.
SCORES = {bytes([2, 2] * 8): 0.9, bytes([3, 2] * 8): -0.5}


def decide(
    root: Path, settings: Dedup, rows: list[list[Row]] = PARTS, first: int = 0, urls: Sequence[str] = (),
    against: Sequence[Path] = (), more: Mapping[bytes, dict[str, Any]] = types.MappingProxyType({}),
) -> tuple[Store, list[dict[str, Any]]]:  # fmt: skip
    """Run the dedup stages over parts, whose documents are numbered from part `first` on; returns all decisions."""
    store = Store(root)
    recipe = Recipe(name="x", dedup=settings)
    url = iter(urls)

    def given(task: Task, output: Output) -> Result:
        ids = [bytes([first + task.index, row] * 8) for row in range(len(rows[task.index]))]
        documents = [
            {"doc_id": i, "text": t, "reason": e, "source": f"s{first + task.index}", "offset": 0, "inner": 0,
             "date": DATES.get(i), "url": next(url, None), **more.get(i, {})}
            for i, (t, _, e, _) in zip(ids, rows[task.index], strict=True)
        ]  # fmt: skip
        verdicts = [
            {"doc_id": i, "lang": lang, "reason": f, "lang_score": SCORES.get(i, 0.5)}
            for i, (_, lang, _, f) in zip(ids, rows[task.index], strict=True)
        ]
        with output.create(f"extract/part-{task.index:05d}.parquet") as file:
            parts.write_rows(file, DOCUMENT, documents)
        with output.create(f"filter/part-{task.index:05d}.parquet") as file:
            parts.write_rows(file, VERDICT, verdicts)
        kept = sum(f is None for *_, f in rows[task.index])
        return Result(len(ids), kept, {"x": len(ids) - kept})

    spans = tuple((Span(Source(f"s{first + i}", "s", 0, ""), "plain", 0, 0),) for i in range(len(rows)))
    stages = corpus.stages(recipe)
    mine = Corpus(recipe, spans, store, open_earlier(against, stages["dedup/sign"]))
    fakes = [Task(Stage("extract", given, {}), i, None, "") for i in range(len(rows))]
    commits = run.run_stage(fakes, store, run.inline, lambda done: None)
    done = {"extract": commits, "filter": commits}
    for name, stage in stages.items():
        if name.startswith("dedup/"):
            done[name] = run.run_stage(tasks(stage, mine, done), store, run.inline, lambda done: None)
            store.write_json(f"commits/{name}/stage.json", stage.description())
    found = [row for p in sorted((root / "dedup/decide").glob("*")) for row in pq.read_table(p).to_pylist()]
    return store, found
