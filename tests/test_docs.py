"""Docs, command line, make targets and files are held against each other."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import filters
from conftest import ROOT
from pipelines.corpus import COMMANDS as STAGES
from pipelines.options import COMMANDS
from pipelines.record import DOCUMENT, DUPLICATE, PROVENANCE, VERDICT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGES = ("pipelines", "filters", "dedup", "tokenizer")
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
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "__init__.py":
                assert re.search(rf"\b{path.stem}\b", tree), f"{path.relative_to(ROOT)} is not in the README's tree"
    there = {
        path.name for folder in (*PACKAGES, "tests", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py")
    }
    for name in re.findall(r"\b([a-z_]+\.py)\b", tree):
        assert name in there, f"{name} of the README's tree does not exist"


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
            found = pq.read_schema(path)
            assert pa.schema(list(found)[: len(schema)]).equals(schema)
            assert len(found) == len(schema) or (
                stage == "filter" and all("." in name for name in found.names[len(schema) :])
            )
    for path in (demo_out / "tokenize/shards/__meta__").glob("*.parquet"):
        assert pq.read_schema(path).equals(PROVENANCE.append(pa.field("language.wanted", pa.float64())))
    reasons = {r for p in (demo_out / "extract").glob("*.parquet") for r in pq.read_table(p)["reason"].to_pylist() if r}
    assert all(re.search(rf"\b{reason}\b", FORMAT) for reason in reasons), reasons


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    assert (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1].startswith("Unreleased")


def python_blocks() -> list[str]:
    blocks = re.findall(r"^( *)```python\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(code) for _, code in blocks]


def test_the_questions_the_readme_asks_of_a_corpus_get_answers(demo_out: Path) -> None:
    code = "\n".join(block for block in python_blocks() if "out/demo" in block).replace("out/demo", str(demo_out))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "dedup/decide" in ran.stdout
    assert "'url': 'http" in ran.stdout


def test_the_filter_the_readme_adds_judges() -> None:
    (code,) = (block for block in python_blocks() if "class Shouting" in block)
    space: dict[str, Any] = {"__name__": __name__}
    exec(
        "from dataclasses import dataclass\nfrom typing import ClassVar\nimport pyarrow as pa\n"
        "from filters import Bound\n" + code,
        space,
    )
    found = filters.judge(
        space["Shouting"](), pa.record_batch({"text": ["安い！！！", "静かな朝。"], "lang": ["ja"] * 2})
    )
    assert found.reason.to_pylist() == ["shouting", None]


def test_the_curve_of_a_recipe(minamoto: Callable[..., Any]) -> None:
    found = minamoto("dedup", "--curve", "--recipe", "recipes/web.toml", "--json").json
    assert (found["bands"], found["rows"]) == (14, 8)
    assert dict(found["curve"])[0.8] == pytest.approx(0.9235, abs=1e-4)
    assert "Half of the pairs of similarity 0.685" in minamoto("dedup", "--curve", "--recipe", "recipes/web.toml").out
    assert "--out" in minamoto("dedup", "--recipe", "recipes/web.toml").err
