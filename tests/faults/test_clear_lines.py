"""What a user does wrong, and what a machine does wrong, is one clear line and a non-zero exit; never a traceback."""

import json
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, command

RECIPE = "recipes/demo.toml"
Run = Callable[..., Any]


def one_line(ran: Any, status: int, *words: str) -> str:
    assert ran.status == status, ran.err
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    for word in words:
        assert word in lines[0]
    return str(lines[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name = "x"\n[filter.length]\nmin_char = 1', ["filter.length.min_char", "no such setting"]),
        ('name = "x"\n[filters]', ["filters", "did you mean filter?"]),
        ('name = "x"\n[tokenize]\nvocab_size = "many"', ["tokenize.vocab_size", "'many'"]),
        ('name = "x"\n[tokenize]\nvocab_size = 3', ["tokenize.vocab_size", "300"]),
        ('name = "x"\n[filter]\nrules = ["lenght"]', ["filter.rules", "'lenght'"]),
        ('name = "../up"', ["name"]),
        ("", ["name: must be given"]),
        ("name = ", ["not readable as TOML"]),
        ("\udcff", ["not readable as TOML"]),
    ],
)
def test_a_wrong_recipe(text: str, words: list[str], minamoto: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "bad.toml"
    recipe.write_bytes(text.encode(errors="surrogateescape"))
    ran = minamoto("run", "--recipe", recipe, "--input", ".", "--out", tmp_path / "out")
    one_line(ran, 2, "bad.toml", *words)
    assert not (tmp_path / "out").exists()


def test_a_missing_recipe_names_those_that_are_there(minamoto: Run, tmp_path: Path) -> None:
    ran = minamoto("run", "--recipe", "recipes/wbe.toml", "--input", ".", "--out", tmp_path / "out")
    one_line(ran, 2, "recipes/wbe.toml", "recipes/web.toml")


def test_a_missing_input_and_none_at_all(minamoto: Run, tmp_path: Path) -> None:
    ran = minamoto("run", "--recipe", RECIPE, "--input", tmp_path / "no*.warc.gz", "--out", tmp_path / "out")
    one_line(ran, 2, "no*.warc.gz")
    one_line(minamoto("run", "--recipe", RECIPE, "--out", tmp_path / "out"), 2, "--input")


@pytest.mark.parametrize(
    ("table", "key"), [("[filter.language]", "filter.language.model"), ("[tokenize]", "tokenize.model")]
)
@pytest.mark.parametrize("there", [True, False])
def test_an_unreadable_model(
    table: str, key: str, there: bool, minamoto: Run, demo_crawl: Path, tmp_path: Path
) -> None:
    model = tmp_path / "x.model"
    if there:
        model.write_bytes(b"no model at all")
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'name = "x"\n{table}\nmodel = "{model}"')
    ran = minamoto("run", "--recipe", recipe, "--input", demo_crawl, "--out", tmp_path / "out", "--inline")
    one_line(ran, 2, key, "x.model")


def test_drift_names_the_field_and_rebuild_goes_on_from_there(
    minamoto: Run, demo_out: Path, demo_crawl: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    recipe = tmp_path / "demo.toml"
    recipe.write_text(Path(ROOT / RECIPE).read_text() + "\n[dedup]\nmin_similarity = 0.9\n")
    options = ["--recipe", recipe, "--input", demo_crawl, "--out", out, "--inline"]
    one_line(minamoto("run", *options), 3, "dedup/compare", "min_similarity: was 0.7, is 0.9", "--rebuild")
    before = {path: path.stat().st_mtime_ns for path in (out / "commits").rglob("[0-9]*.json")}
    assert minamoto("run", *options, "--rebuild").status == 0
    changed = {p.parent.relative_to(out / "commits").as_posix() for p in before if p.stat().st_mtime_ns != before[p]}
    assert {"extract", "filter", "dedup/sign", "dedup/group"}.isdisjoint(changed)
    assert {"dedup/compare", "dedup/decide", "tokenize/manifest"} <= changed


def test_another_input_is_drift_too(minamoto: Run, demo_out: Path, demo_crawl: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    one = next(iter(sorted(demo_crawl.glob("*.warc.gz"))))
    ran = minamoto("run", "--recipe", RECIPE, "--input", one, "--out", out, "--inline")
    one_line(ran, 3, "input", "demo-00001.warc.gz", "--rebuild")


def test_a_second_driver_in_the_same_folder(minamoto: Run, demo_out: Path, demo_crawl: Path, tmp_path: Path) -> None:
    from pipelines.store import Store

    with Store(tmp_path / "out").locked():
        ran = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", tmp_path / "out", "--inline")
    one_line(ran, 1, "in use by process")


@pytest.mark.parametrize("file", ["data/train-00000.arrow", "__meta__/train-00001.parquet", "tokenizer.model"])
def test_verify_names_the_damaged_file(file: str, minamoto: Run, demo_out: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo_out, out)
    path = out / "tokenize/shards" / file
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    ran = minamoto("verify", "--out", out, "--json")
    assert ran.status == 1
    assert [bad["file"] for bad in json.loads(ran.out)["damaged"]] == [f"tokenize/shards/{file}"]
    path.unlink()
    assert f"damaged: tokenize/shards/{file}: No such file" in minamoto("verify", "--out", out).out


def test_verify_of_nothing(minamoto: Run, tmp_path: Path) -> None:
    one_line(minamoto("verify", "--out", tmp_path), 2, "no manifest.json")


@pytest.mark.parametrize("inline", [True, False])
def test_a_full_disk_stops_the_run_and_the_next_one_goes_on(
    inline: bool, minamoto: Run, demo_out: Path, demo_crawl: Path, tmp_path: Path
) -> None:
    """A tmpfs of half the size needed; where mounting is not allowed, the test says so."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        options = ["--recipe", RECIPE, "--input", demo_crawl, "--out", disk / "out", *(["--inline"] if inline else [])]
        ran = minamoto("run", *options)
        assert ran.status == 1
        assert "disk is full" in ran.err
        assert "Traceback" not in ran.err
        assert not list((disk / "out").rglob("*.tmp"))
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        ran = minamoto("run", *options)
        assert ran.status == 0, ran.err
        digests = [
            json.loads((o / "tokenize/shards/manifest.json").read_text())["digest"] for o in (disk / "out", demo_out)
        ]
        assert digests[0] == digests[1]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_that_may_not_grow_is_a_failed_part_with_its_name(demo_crawl: Path, tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = command("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", tmp_path / "out", "--inline")
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, preexec_fn=limit, timeout=120, check=False)
    assert ran.returncode == 1
    assert "File too large" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_unknown_words_are_the_parsers_business(minamoto: Run) -> None:
    assert minamoto("corpsu").status == 2
    assert minamoto("run", "--out", "x").status == 2
    assert "not a number of workers" in minamoto("run", "--recipe", "r", "--out", "x", "--workers", "0").err
