"""The same bytes of papers in every format, whoever does the work. See test_same_bytes.py for web archives."""

import bz2
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archives import gz, jats, latex, tar, zip_of
from faults.test_same_bytes import corpus_bytes

from pdfs import column, pdf

RECIPE = """
name = "papers"
[input]
part_bytes = 4000
formats = ["jats", "latex", "pdf", "aozora", "markdown", "plain", "dump", "archive", "lines"]
[filter]
rules = ["length"]
[filter.length]
min_chars = 20
[dedup]
representative = ["format", "longest"]
[tokenize]
vocab_size = 400
shard_tokens = 2000
"""
WORDS = ["river", "mill", "water", "wheel", "stone", "summer", "child", "village", "paper", "letter", "number",
         "method", "result", "table", "figure", "theory"]  # fmt: skip
KANA = "水車小屋川村子供夏冬秋春手紙本文紙方法結果表図理論光音野森市場のはがをにともでへや"


def english(seed: int, words: int = 60) -> str:
    chosen = random.Random(seed)
    return " ".join(chosen.choice(WORDS) for _ in range(words)).capitalize() + "."


def japanese(seed: int, letters: int = 120) -> str:
    chosen = random.Random(seed)
    return "".join(chosen.choice(KANA) for _ in range(letters)) + "。"


def dump() -> bytes:
    pages = "".join(
        f"<page><title>P{n}</title><ns>0</ns><id>{n}</id><revision><id>{n}</id><text>{japanese(n)}</text></revision></page>"
        for n in range(20, 30)
    )
    return f"<mediawiki><siteinfo><dbname>jawiki</dbname></siteinfo>{pages}</mediawiki>".encode()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers") / "here"
    same = "10.1000/mill"
    files = {
        **{f"jats/{n}.xml": jats(f"Paper {n}", english(n)) for n in range(6)},
        "jats/same.xml": jats("Same", english(99), same),
        "latex/2101.00001.tar.gz": gz(tar({"main.tex": latex(english(7)), "a.png": b"\x89PNG"})),
        "latex/thesis/main.tex": latex(f"{english(8)} \\input{{chapters/one}}"),
        "latex/thesis/chapters/one.tex": japanese(9).encode("cp932"),
        "packed.zip": zip_of({f"{n}.md": f"# Notes\n\n{english(n)}".encode() for n in range(10, 15)}),
        "papers.tar": tar({f"{n}.xml": jats(f"Paper {n}", english(n)) for n in range(30, 40)}),
        "plain.txt": japanese(15).encode("euc-jp"),
        "1_ruby_1.txt": f"題\n作者\n\n{japanese(16)}\n\n底本：「自作」書房\n".encode("cp932"),
        "jawiki.xml.bz2": bz2.compress(dump()[:900]) + bz2.compress(dump()[900:]),
        "rows.jsonl": "".join(json.dumps({"text": english(n), "id": n}) + "\n" for n in range(40, 60)).encode(),
        "slides.pdf": pdf(column([english(17, 8), english(18, 8)], 72, 700)),
        "broken.tar.gz": gz(tar({"a.xml": jats("A", english(61))}))[:-30],
        "empty.txt": b"",
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder.parent / "papers.toml").write_text(RECIPE)
    return folder


Run = Callable[..., Any]


def built(minamoto: Run, papers: Path, out: Path, *how: object, inputs: list[Path] | None = None) -> dict[str, str]:
    recipe = papers.parent / "papers.toml"
    ran = minamoto("run", "--recipe", recipe, "--input", *(inputs or [papers]), "--out", out, *how)
    assert ran.status == 0, ran.err
    return corpus_bytes(out)


@pytest.fixture(scope="module")
def alone(minamoto: Run, papers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone") / "out"
    built(minamoto, papers, out, "--inline")
    return out


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_do_not_change_a_byte(workers: int, alone: Path, papers: Path, minamoto: Run, tmp_path: Path) -> None:
    assert built(minamoto, papers, tmp_path / "out", "--workers", workers) == corpus_bytes(alone)


def test_the_place_and_order_of_the_papers_do_not_change_a_byte(
    alone: Path, papers: Path, minamoto: Run, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "moved" / "there"
    for path in sorted(papers.rglob("*"), reverse=True):
        if path.is_file():
            copy = elsewhere / path.relative_to(papers)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    inputs = sorted(elsewhere.iterdir(), reverse=True)
    assert built(minamoto, papers, tmp_path / "out", "--inline", inputs=inputs) == corpus_bytes(alone)


def test_the_account_adds_up(alone: Path, papers: Path, minamoto: Run) -> None:
    recipe = papers.parent / "papers.toml"
    said = minamoto("stats", "--recipe", recipe, "--input", papers, "--out", alone, "--json").json
    extract = said["stages"]["extract"]
    assert extract["rows_in"] == extract["kept"] + sum(extract["reasons"].values())
    assert extract["reasons"] == {"damaged": 1, "empty": 1}
