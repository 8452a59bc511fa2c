"""What Ray costs a real run, and what a second worker brings: wall seconds inline, with one worker and with two.

    python -m benchmarks.scaling [ARCHIVE …]        (default: ../shared/data/web/*.warc.gz)

Whole runs of recipes/web.toml from archives to shards, in parts of a few seconds. The inline run trains a vocabulary;
those on Ray are given it, as those of a hub are that has a tokenizer. For training is one task on a sample of fixed
size, which no workers can share: what it would leave of the gain is told too. Ray's share is what one worker's run
takes in its stages beyond the seconds of its tasks; starting and ending Ray stand apart: they are the same for a run of
a day. Needs two cores of its own: on a shared machine the gain says little.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CRAWL = ROOT.parent / "shared/data/web"

#: At 0.4 MB of archive a second and core, three seconds: enough parts that the last of them leaves no worker idle for
#: long, and less time for each than a cluster would give it.
PART_BYTES = 1 << 20

#: What is asked of it.
MOST_SHARE, LEAST_GAIN = 0.03, 1.8


def run(archives: list[str], out: Path, model: str, *options: str) -> dict[str, Any]:
    """A whole run: its wall seconds, those of its stages, those of its tasks, and the digest of what came out."""
    recipe = out.with_suffix(".toml")
    given = f"model = {json.dumps(model)}\n" if model else ""
    recipe.write_text(f"{(ROOT / 'recipes/web.toml').read_text()}\n{given}[input]\npart_bytes = {PART_BYTES}\n")
    words = ["run", "--recipe", str(recipe), "--input", *archives, "--out", str(out), "--json", *options]
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "pipelines", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    events = [json.loads(line) for line in (out / "log/events.jsonl").read_text().splitlines()]
    status = json.loads((out / "log/status.json").read_text())
    extract = [event["seconds"] for event in events if event["stage"] == "extract"]
    return {
        "wall": wall,
        "stages": sum(stage["seconds"] for stage in status["stages"]),
        "tasks": sum(event["seconds"] for event in events),
        "vocabulary": sum(event["seconds"] for event in events if event["stage"] == "tokenize/vocabulary"),
        "part": sum(extract) / len(extract),
        "digest": json.loads((out / "tokenize/shards/manifest.json").read_text())["digest"],
    }


def main() -> None:
    archives = sys.argv[1:] or sorted(map(str, CRAWL.glob("*.warc.gz")))
    if not archives:
        sys.exit("no archives: name some")
    with tempfile.TemporaryDirectory() as folder:
        trained = Path(folder) / "inline"
        found = {"inline": run(archives, trained, "", "--inline")}
        model = str(trained / "tokenize/vocabulary/tokenizer.model")
        for workers in (1, 2):
            found[f"{workers} on Ray"] = run(archives, Path(folder) / str(workers), model, "--workers", str(workers))
    print(f"{len(archives)} archives, parts of {found['inline']['part']:.1f} s")
    for name, of in found.items():
        print(f"{name:10} {of['wall']:7.1f} s wall, {of['stages']:7.1f} s in stages, {of['tasks']:7.1f} s in tasks")
    inline, one, two = found.values()
    print(f"Ray's share of the stages {1 - one['tasks'] / one['stages']:.1%} (asked: < {MOST_SHARE:.0%})")
    print(f"start, planning and end: inline {inline['wall'] - inline['stages']:.1f} s, on Ray "
          f"{one['wall'] - one['stages']:.1f} s")  # fmt: skip
    training = inline["vocabulary"]
    print(f"two workers: {one['wall'] / two['wall']:.2f}x the whole run (asked: {LEAST_GAIN}x); "
          f"{(one['wall'] + training) / (two['wall'] + training):.2f}x with {training:.0f} s of training a vocabulary "
          "before")  # fmt: skip
    print("the same bytes" if len({run["digest"] for run in found.values()}) == 1 else "NOT THE SAME BYTES")


if __name__ == "__main__":
    main()
