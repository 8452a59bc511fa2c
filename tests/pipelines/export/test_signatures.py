import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from conftest import ROOT


@pytest.fixture
def exported(demo_out: Path, minamoto: Callable[..., Any], tmp_path: Path) -> Path:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    ran = minamoto("export", "signatures", "--out", out, "--json")
    assert ran.json["documents"] > 100
    return out


def check(out: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "examples/check_signatures.py", str(out)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_datasketch_agrees_with_every_decision(exported: Path) -> None:
    checked = check(exported)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ", 0 differ" in checked.stdout


def test_the_check_can_fail(exported: Path) -> None:
    settings = json.loads((exported / "export/signatures.json").read_text())
    (exported / "export/signatures.json").write_text(json.dumps(settings | {"seed": settings["seed"] + 1}))
    assert check(exported).returncode == 1


def test_there_is_a_signature_for_every_document_that_was_compared(exported: Path) -> None:
    signatures = pq.read_table(exported / "export/signatures.parquet")
    decided = [r for p in (exported / "dedup/decide").glob("*") for r in pq.read_table(p).to_pylist()]
    assert set(signatures["doc_id"].to_pylist()) == {r["doc_id"] for r in decided if r["reason"] != "upstream"}
    assert signatures.schema.field("signature").type.list_size == 112
    assert None not in signatures["lang"].to_pylist()


def test_nothing_to_export_is_a_clear_line(minamoto: Callable[..., Any], tmp_path: Path) -> None:
    ran = minamoto("export", "signatures", "--out", tmp_path)
    assert ran.status == 2
    assert "no deduplicated corpus" in ran.err
