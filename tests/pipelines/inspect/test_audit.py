from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.inspect import audit


def test_every_document_is_in_every_table_with_what_became_of_it(
    demo_out: Path, demo_crawl: Path, minamoto: Callable[..., Any]
) -> None:
    words = ("stats", "--recipe", "recipes/demo.toml", "--input", demo_crawl, "--out", demo_out, "--audit")
    found = minamoto(*words, "--json").json
    every: dict[str, int] = {"kept": found["documents"]}
    for stage in found["stages"].values():
        every |= stage["reasons"]
    for name in audit.DIMENSIONS:
        sums: dict[str, int] = {}
        for reasons in found["audit"][name].values():
            for reason, count in reasons.items():
                sums[reason] = sums.get(reason, 0) + count
        assert sums == every, name
    assert {"ja", "en"} <= found["audit"]["language"].keys()
    assert "What was removed, by host" in minamoto(*words).out


@pytest.mark.parametrize(
    ("chars", "band"),
    [(None, "?"), (0, "from 0"), (99, "from 0"), (100, "from 100"), (2_999, "from 1,000"), (10**9, "from 3,000,000")],
)
def test_lengths_are_shown_in_bands(chars: float | None, band: str) -> None:
    assert audit._band(chars) == band


@pytest.mark.parametrize(("url", "host"), [("http://A.jp:80/x", "a.jp"), (None, "(none)"), ("http://[", "(not a URL)")])
def test_hosts(url: str | None, host: str) -> None:
    assert audit.host(url) == host
