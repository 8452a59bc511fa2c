"""What many tests need: the demo crawl, and the program as a user starts it."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from buckets import s3  # noqa: F401  for whoever asks for it

# No test is gated by time: the first call of a kernel compiles it.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        return json.loads(self.out)


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "pipelines", *map(str, words)]


@pytest.fixture(scope="session")
def minamoto() -> Callable[..., Ran]:
    """Run the program: `minamoto("stats", "--out", out, …)`."""

    def run(*words: object, timeout: float = 300) -> Ran:
        done = subprocess.run(command(*words), cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def demo_crawl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's two WARC files and expected.jsonl."""
    folder = tmp_path_factory.mktemp("demo-crawl")
    subprocess.run([sys.executable, "examples/demo_crawl.py", str(folder)], cwd=ROOT, check=True, timeout=120)
    return folder


@pytest.fixture(scope="session")
def demo_out(demo_crawl: Path, minamoto: Callable[..., Ran], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo corpus, built inline. Read it, do not change it."""
    out = tmp_path_factory.mktemp("demo") / "out"
    built = minamoto("run", "--recipe", "recipes/demo.toml", "--input", demo_crawl, "--out", out, "--inline")
    assert built.status == 0, built.err
    return out
