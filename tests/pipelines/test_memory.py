"""What tasks ask for follows the sizes it was measured to follow."""

import types
from typing import Any

from pipelines import memory


def corpus(bucket_rows: int = 1 << 22) -> Any:
    recipe = types.SimpleNamespace(dedup=types.SimpleNamespace(bucket_rows=bucket_rows))
    return types.SimpleNamespace(recipe=recipe, earlier=())


def signed(*kept: int) -> Any:
    return {"dedup/sign": [types.SimpleNamespace(kept=count) for count in kept]}


def test_clustering_asks_by_the_document_and_grouping_by_the_row() -> None:
    small, large = (memory.needed("dedup/cluster", corpus(), signed(n, n)) for n in (1000, 50_000_000))
    assert small < 600 << 20
    assert large - small == 75 * 2 * (50_000_000 - 1000)
    assert memory.needed("dedup/group", corpus(1 << 24), {}) > memory.needed("dedup/group", corpus(1 << 20), {})


def test_comparing_asks_for_the_largest_block() -> None:
    done: Any = {"dedup/cluster": [types.SimpleNamespace(detail={"blocks": [0, 10, 1_000_010, 1_000_020]})]}
    assert memory.needed("dedup/compare", corpus(), done) == memory.REST + 780_000_000
    done["dedup/cluster"][0].detail["blocks"] = [0]
    assert memory.needed("dedup/compare", corpus(), done) == memory.REST


def test_every_other_stage_asks_for_something() -> None:
    for stage in ("extract", "filter", "dedup/sign", "tokenize/encode"):
        assert 400 << 20 < memory.needed(stage, corpus(), {}) < 1 << 30
