"""Ray itself dies: the run ends soon, with a line and a status that is none of success, and can go on."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from conftest import ROOT, command

RECIPE = "recipes/demo.toml"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("process", "words"),
    [
        ("raylet", "minamoto: Ray has died on the driver's machine; what is committed is kept, run again to go on"),
        ("gcs_server", "Failed to connect to GCS"),  # Ray's own words, as it ends the process
    ],
)
def test_a_run_whose_ray_dies_ends_within_a_minute_and_goes_on_when_it_is_started_again(
    process: str, words: str, demo_crawl: Path, demo_out: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    out, said = tmp_path / "out", tmp_path / "said"
    options = ["--recipe", RECIPE, "--input", demo_crawl, "--out", out]
    with said.open("wb") as log:
        driver = subprocess.Popen(command("run", *options), cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    while not list((out / "commits/extract").glob("[0-9]*.json")):
        assert driver.poll() is None, said.read_text()
        time.sleep(0.05)
    (victim,) = (p for p in psutil.Process(driver.pid).children(recursive=True) if p.name() == process)
    victim.kill()
    assert driver.wait(timeout=60) not in (0, 2, 3)
    assert words in said.read_text()
    assert "Traceback" not in said.read_text()
    assert minamoto("run", *options, "--inline").status == 0
    digests = [json.loads((o / "tokenize/shards/manifest.json").read_text())["digest"] for o in (out, demo_out)]
    assert digests[0] == digests[1]
