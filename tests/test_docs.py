"""Docs, command line, make targets and files are held against each other."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from conftest import ROOT
from pipelines.__main__ import COMMANDS
from pipelines.corpus import COMMANDS as STAGES
from pipelines.record import DOCUMENT, DUPLICATE, PROVENANCE, VERDICT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FORMAT = (ROOT / "docs/data-format.md").read_text(encoding="utf-8")


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = {word for line in listed.splitlines() for word in re.split(r"\s{2,}|\t", line.strip())[0].split()}
    assert {"corpus", "test", "check"} | STAGES.keys() | {"plan", "stats", "verify"} <= targets


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_and_is_in_the_readme(command: str, minamoto: Callable[..., Any]) -> None:
    assert COMMANDS[command].split(":")[0] in " ".join(minamoto(command, "--help").out.split())
    assert re.search(rf"(make|minamoto) {command}\b", README)


def test_the_tree_in_the_readme_is_the_tree() -> None:
    """Every Python file of the packages is named there, and every file named there exists."""
    tree = README.split("## The house", 1)[1].split("```")[1]
    for package in ("pipelines", "filters", "dedup", "tokenizer"):
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "__init__.py":
                assert re.search(rf"\b{path.stem}\b", tree), f"{path.relative_to(ROOT)} is not in the README's tree"
    for name in re.findall(r"\b([a-z_]+\.py)\b", tree):
        assert list(ROOT.glob(f"**/{name}")), f"{name} of the README's tree does not exist"


def test_links_between_the_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("schema", [DOCUMENT, VERDICT, DUPLICATE, PROVENANCE])
def test_every_column_is_documented(schema: Any) -> None:
    for name in schema.names:
        assert re.search(rf"\b{name}\b", FORMAT), name


def test_the_parts_are_as_documented(demo_out: Path) -> None:
    for stage, schema in {"extract": DOCUMENT, "filter": VERDICT, "dedup/decide": DUPLICATE}.items():
        for path in (demo_out / stage).glob("*.parquet"):
            assert pq.read_schema(path).equals(schema)
    for path in (demo_out / "tokenize/shards/__meta__").glob("*.parquet"):
        assert pq.read_schema(path).equals(PROVENANCE)
    reasons = {r for p in (demo_out / "extract").glob("*.parquet") for r in pq.read_table(p)["reason"].to_pylist() if r}
    assert all(re.search(rf"\b{reason}\b", FORMAT) for reason in reasons), reasons


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    assert (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1].startswith("Unreleased")
