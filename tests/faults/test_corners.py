"""Inputs, clocks, names and versions at the edges: counted, refused or of no account, never silent."""

import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import warcs
from conftest import ROOT
from pipelines import corpus, recipe, run
from pipelines.run import Done, Runner
from pipelines.stage import Task
from pipelines.store import Store

RECIPE = "recipes/demo.toml"
Run = Callable[..., Any]


def corpus_bytes(out: Path) -> dict[str, str]:
    """SHA-256 of every data file and every commit; the log and the lock are no part of a corpus."""
    files = [p for p in out.rglob("*") if p.is_file() and p.relative_to(out).parts[0] not in ("log", ".lock")]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)}


def test_an_empty_file_and_one_without_a_page_to_keep_are_parts_of_no_rows(
    minamoto: Run, demo_crawl: Path, demo_out: Path, tmp_path: Path
) -> None:
    crawl = tmp_path / "crawl"
    shutil.copytree(demo_crawl, crawl)
    (crawl / "a-empty.warc.gz").write_bytes(b"")
    (crawl / "b-none.warc.gz").write_bytes(warcs.zipped([warcs.page(1, b"<html>short")]))
    built = minamoto("run", "--recipe", RECIPE, "--input", crawl, "--out", tmp_path / "out", "--inline", "--json")
    assert built.status == 0, built.err
    records = [json.loads(p.read_text()) for p in sorted((tmp_path / "out/commits/extract").glob("[0-9]*.json"))]
    assert all(r["rows_in"] == r["kept"] + sum(r["reasons"].values()) for r in records)
    assert (tmp_path / "out/commits/extract" / "00000.json").exists()
    assert len(records) == len(list((demo_out / "commits/extract").glob("[0-9]*.json"))) + 2
    assert minamoto("verify", "--out", tmp_path / "out").status == 0


def test_a_corpus_of_which_nothing_is_kept_says_so_in_a_line(minamoto: Run, tmp_path: Path) -> None:
    archive = tmp_path / "none.warc.gz"
    archive.write_bytes(warcs.zipped([warcs.page(1, b"<html>short")]))
    ran = minamoto("run", "--recipe", RECIPE, "--input", archive, "--out", tmp_path / "out", "--inline")
    assert ran.status == 1
    assert "Traceback" not in ran.err
    assert ran.err.strip().splitlines()[-1].startswith("minamoto: tokenize/vocabulary: 1 of 1 parts failed")
    filtered = json.loads((tmp_path / "out/commits/filter/00000.json").read_text())
    assert filtered["kept"] == 0


def test_a_file_named_twice_is_read_once(minamoto: Run, demo_crawl: Path, demo_out: Path, tmp_path: Path) -> None:
    link = tmp_path / "zz-link.warc.gz"
    link.symlink_to(sorted(demo_crawl.glob("*.warc.gz"))[0])
    options = [
        "--recipe",
        RECIPE,
        "--input",
        demo_crawl,
        demo_crawl / "*.gz",
        link,
        "--out",
        tmp_path / "out",
        "--inline",
    ]
    assert minamoto("run", *options).status == 0
    assert corpus_bytes(tmp_path / "out") == corpus_bytes(demo_out)


def test_records_of_one_id_are_told_apart_and_each_is_accounted_for(minamoto: Run, tmp_path: Path) -> None:
    archive = tmp_path / "same.warc.gz"
    archive.write_bytes(warcs.zipped([warcs.page(7), warcs.page(7), warcs.page(7, b"<html>other")]))
    ran = minamoto("extract", "--recipe", RECIPE, "--input", archive, "--out", tmp_path / "out", "--inline", "--json")
    assert ran.status == 0, ran.err
    record = json.loads((tmp_path / "out/commits/extract/00000.json").read_text())
    assert record["rows_in"] == 3 == record["kept"] + sum(record["reasons"].values())


CLOCK = "import time\n_real = time.time\ntime.time = lambda: _real() + {shift}\n"


@pytest.mark.parametrize("shift", [-86400 * 400, 86400 * 365 * 80])
def test_no_clock_has_a_say(
    shift: int, minamoto: Run, demo_crawl: Path, demo_out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half the run with another time of day than the other half, on files from the year 2099."""
    crawl, clock, out = tmp_path / "crawl", tmp_path / "clock", tmp_path / "out"
    shutil.copytree(demo_crawl, crawl)
    for path in crawl.iterdir():
        os.utime(path, (4_090_000_000, 4_090_000_000))
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(CLOCK.format(shift=shift))
    options = ["--recipe", RECIPE, "--input", crawl, "--out", out, "--inline"]
    assert minamoto("dedup", *options).status == 0
    monkeypatch.setenv("PYTHONPATH", str(clock))
    before = {path: path.stat().st_mtime_ns for path in out.rglob("commits/**/[0-9]*.json")}
    built = minamoto("run", *options)
    assert built.status == 0, built.err
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert corpus_bytes(out) == corpus_bytes(demo_out)


HOSTILE = [
    "../../etc/x",
    "a%00b",
    "CON",
    "あ" * 300,
    "\u202egnp.exe",
    "%2e%2e%2f",
    "x' OR 1=1 --",
    "\\\\host\\c$",
    "-rf",
]


def test_no_name_of_the_input_becomes_a_name_of_the_output(minamoto: Run, tmp_path: Path) -> None:
    pages = [
        warcs.record("response", warcs.http(b"<html>" + b"words and words " * 40), WARC_Record_ID=f"<{name}>",
                     WARC_Target_URI=f"http://example.com/{name}", Content_Type="application/http; msgtype=response")
        for name in HOSTILE
    ]  # fmt: skip
    folder = tmp_path / "in;touch x"
    folder.mkdir()
    (folder / "-o $(id) .warc.gz").write_bytes(warcs.zipped(pages))
    ran = minamoto("extract", "--recipe", RECIPE, "--input", folder, "--out", tmp_path / "out", "--inline", "--json")
    assert ran.status == 0, ran.err
    names = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    known = re.compile(r"out/(\.lock|log/[a-z]+\.jsonl?|commits/[a-z]+(/\w+)?\.json|extract/part-\d{5}\.parquet)")
    assert not [name for name in names if not known.fullmatch(name)]
    assert {path.name for path in tmp_path.iterdir()} == {"in;touch x", "out"}


def test_no_secret_of_the_environment_is_in_the_corpus(
    minamoto: Run, demo_crawl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, f"hush-{name}")
    built = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", tmp_path / "out")
    assert built.status == 0, built.err
    assert "hush-" not in built.out + built.err
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"hush-" not in path.read_bytes(), path


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_tasks_and_the_tasks_that_die_do_not_change_a_byte(
    seed: int, demo_crawl: Path, demo_out: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)

    def shuffled(tasks: Sequence[Task], store: Store) -> Iterator[Done]:
        for task in chance.sample(list(tasks), len(tasks)):
            if chance.random() < 0.2:
                run.attempt(task, store)  # done, and not heard of
            yield from run.inline([task], store)

    class Started:
        def __enter__(self) -> Runner:
            return shuffled

        def __exit__(self, *_: object) -> None:
            pass

    chosen = recipe.load(ROOT / RECIPE)
    opened = corpus.open_corpus(chosen, [str(demo_crawl)], tmp_path / "out")
    with opened.store.locked():
        corpus.build(opened, "tokenize", Started(), lambda stage, tasks: lambda done: None)  # type: ignore[arg-type]
    assert corpus_bytes(tmp_path / "out") == corpus_bytes(demo_out)


def test_a_damaged_part_is_named_and_made_again_alone(
    minamoto: Run, demo_crawl: Path, demo_out: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    part = out / "filter/part-00001.parquet"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    ran = minamoto("verify", "--out", out, "--json")
    (bad,) = json.loads(ran.out)["damaged"]
    assert bad["file"] == "filter/part-00001.parquet"
    assert re.search(r"sha256 is \w{64}, should be \w{64}", bad["problem"])
    part.unlink()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("commits/**/[0-9]*.json")}
    assert minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline").status == 0
    changed = {p.relative_to(out).as_posix() for p in before if p.stat().st_mtime_ns != before[p]}
    assert changed == {"commits/filter/00001.json"}
    assert corpus_bytes(out) == corpus_bytes(demo_out)


def test_parts_of_another_version_of_a_library_are_refused_by_name(
    minamoto: Run, demo_crawl: Path, demo_out: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    made = out / "commits/filter/stage.json"
    says = json.loads(made.read_text())
    now, says["libraries"]["pyarrow"] = says["libraries"]["pyarrow"], "1.2.3"
    made.write_text(json.dumps(says))
    ran = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline")
    assert ran.status == 3
    assert f"filter was made otherwise: libraries.pyarrow: was '1.2.3', is '{now}'" in ran.err
    assert "--rebuild" in ran.err
