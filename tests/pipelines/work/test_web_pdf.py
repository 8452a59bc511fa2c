"""PDFs among the responses of a web archive."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pdfs import column, pdf
from warcs import page, plain

LINES = ["The mill stood by the river for two hundred years,", "and nobody could say who had built it."] * 6
PDF = pdf(column(LINES, 72, 700))


def extracted(minamoto: Callable[..., Any], tmp_path: Path, pdf_too: bool) -> list[tuple[str | None, str | None]]:
    pages = [
        (PDF, "application/pdf"), (PDF, "application/octet-stream"), (b"%PDF-1.4 and no more", "application/pdf"),
        (b"\x89PNG", "image/png"),
    ]  # fmt: skip
    (tmp_path / "crawl.warc").write_bytes(
        plain([page(n, body, f"Content-Type: {kind}") for n, (body, kind) in enumerate(pages)])
    )
    (tmp_path / "r.toml").write_text(f'name = "r"\n[extract]\npdf = {str(pdf_too).lower()}\n')
    out = tmp_path / "out"
    ran = minamoto(
        "extract", "--recipe", tmp_path / "r.toml", "--input", tmp_path / "crawl.warc", "--out", out, "--inline"
    )
    assert ran.status == 0, ran.err
    rows = pq.read_table(out / "extract/part-00000.parquet").to_pylist()
    assert len({row["doc_id"] for row in rows}) == len(rows)
    return [(row["reason"], row["text"] and row["text"][:8]) for row in rows]


@pytest.mark.parametrize("pdf_too", [True, False])
def test_pdfs_are_read_where_a_recipe_asks(minamoto: Callable[..., Any], tmp_path: Path, pdf_too: bool) -> None:
    read = (None, "The mill") if pdf_too else ("not_html", None)
    broken = ("malformed", None) if pdf_too else ("not_html", None)
    assert extracted(minamoto, tmp_path, pdf_too) == [read, read, broken, ("not_html", None)]
