"""The whole of dedup, from texts to what stays: ours beside datatrove and text-dedup, on the same documents.

    python -m benchmarks.dedup_peers [--python PEERS/bin/python] [--megabytes 36] [--folder /where/2/GB/fit]

The peers are not among our libraries. Without --python, ours runs alone; for the others:

    python3.11 -m venv PEERS && PEERS/bin/pip install datatrove==0.10.1 tokenizers orjson regex 'xxhash<4' 'spacy[ja]' \
        text-dedup==0.4.0

Documents: the Japanese and the English ones of versions/docs.jsonl.gz and the articles of mccormick_articles/, copied
until there are so many MB of each language; 18,452 documents by default. In each copy but the first the letters are
exchanged, kanji for kanji, kana for kana, a to z for a to z, so that a copy resembles none of the others and has about
as many near-duplicates as the first. Japanese and English run apart, for datatrove's tokenizers are for one language
each. (Chinese is left out: its tokenizer is a third library.)

All find candidates by 14 bands of 8 rows of 5-grams. What differs:

ours        `Recipe` as it comes, from parquet parts of 1,000 documents to committed decisions; characters for Japanese,
            words for English. Compares what bands have joined, and keeps what is too different. Inline on one core, on
            Ray on two.
datatrove   its four stages, JSONL in and (not compressed) out, a file for each of our parts. Its own normalisation;
            its words either cost nothing (characters for Japanese, what is between spaces for English) or are its own,
            which spaCy cuts. These take so long that they run on the first copy and on one core alone.
text-dedup  its script for MinHash as it comes, from JSONL to an Arrow dataset. It splits at what is no letter or
            digit, so a Japanese "word" is a clause: far fewer shingles, and fewer near-duplicates found.

Each runs as processes of its own; CPU is user and system time of all of them. First each runs on 10 documents: what
that takes is its start (Python, imports, compiled kernels, Ray, pools). Of ours on one core the better of two runs
counts. The ratios are for all of a run and for what it takes beyond its start, where a run on the first copy alone
counts as often as there are copies; "?" where ours takes too little beyond its start to tell.
"""

import argparse
import contextlib
import ctypes
import dataclasses
import functools
import gzip
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines import corpus, parts, record, sources
from pipelines.recipe import Recipe
from pipelines.run import inline, on_ray, run_stage
from pipelines.sources import Source
from pipelines.stage import Result, Task, run_task
from pipelines.store import Commit, Output, Store
from pipelines.tasks import Commits, Corpus, tasks

ROOT = Path(__file__).resolve().parents[1]
NEARDUP = ROOT.parent / "shared" / "data" / "eval" / "neardup"
RECIPE = Recipe(name="peers")
PART = 1_000
FEW = 10
#: Beyond its start ours must take this share of it to be compared: inline, starts vary by a tenth.
LEAST = 0.25
#: datatrove's names of the languages.
DATATROVE_LANGS = {"ja": "jpn", "en": "eng"}
#: Code points exchanged for others of the same row.
LETTERS = (range(0x61, 0x7B), range(0x3041, 0x3097), range(0x30A1, 0x30FB), range(0x4E00, 0x9FA0))


class Failed(Exception):
    """A contender that cannot run; says why."""


@dataclass(frozen=True)
class Run:
    """Documents in and kept; seconds of the clock, of all processes, and of the clock until Ray was up."""

    documents: int
    kept: int
    wall: float
    cpu: float
    ray: float = 0.0

    @property
    def seconds(self) -> tuple[float, float]:
        return self.wall, self.cpu


@dataclass(frozen=True)
class Documents:
    """The same documents for everyone: JSONL files in `folder`/jsonl, parts in `folder`/parts."""

    folder: Path
    lang: str
    count: int


#: From documents, cores and a new folder to what remains and what it took.
Contender = Callable[[Documents, int, Path], Run]


def read(folder: Path) -> dict[str, list[str]]:
    """Texts by language. Raises FileNotFoundError."""
    texts: dict[str, list[str]] = {"ja": [], "en": []}
    with gzip.open(folder / "versions" / "docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["lang"] in texts:
                texts[row["lang"]].append(row["text"])
    with gzip.open(folder / "mccormick_articles" / "articles.train.gz", "rt", encoding="utf-8") as lines:
        texts["en"] += [line.rstrip("\n").split(" ", 1)[1] for line in lines]
    return texts


def exchanged(text: str, copy: int) -> str:
    """The text with other letters, the same ones for the same copy; the first copy (0) is the text itself."""
    return text.translate(exchange(copy)) if copy else text


@functools.cache
def exchange(copy: int) -> dict[int, int]:
    chance = random.Random(copy)
    table: dict[int, int] = {}
    for letters in LETTERS:
        table |= zip(letters, chance.sample(letters, len(letters)))
    return table | {letter - 0x20: table[letter] - 0x20 for letter in LETTERS[0]}


def write(texts: list[str], lang: str, folder: Path) -> Documents:
    """Write documents as everyone reads them; the parts as committed output of extract and filter."""
    stages = corpus.stages(RECIPE)
    store = Store(folder / "parts")
    part = min(PART, -(-len(texts) // 2))  # two at least, for two workers to start
    (folder / "jsonl").mkdir(parents=True)
    for index, first in enumerate(range(0, len(texts), part)):
        some = {f"{first + row:06d}": text for row, text in enumerate(texts[first : first + part])}
        with (folder / "jsonl" / f"{index:05d}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(
                json.dumps({"id": key, "text": text}, ensure_ascii=False) + "\n" for key, text in some.items()
            )
        for name, work in (("extract", write_texts), ("filter", write_verdicts)):
            stage = dataclasses.replace(stages[name], work=partial(work, some, lang))
            run_task(Task(stage, index, None, ""), store)
    return Documents(folder, lang, len(texts))


def write_texts(texts: dict[str, str], lang: str, task: Task, output: Output) -> Result:
    rows = [
        {"doc_id": record.doc_id("benchmark", key), "text": text, "source": lang, "offset": 0, "inner": 0}
        for key, text in texts.items()
    ]
    return write_part("extract", record.DOCUMENT, rows, task, output)


def write_verdicts(texts: dict[str, str], lang: str, task: Task, output: Output) -> Result:
    rows = [{"doc_id": record.doc_id("benchmark", key), "lang": lang, "lang_score": 1.0} for key in texts]
    return write_part("filter", record.VERDICT, rows, task, output)


def write_part(stage: str, schema: pa.Schema, rows: list[dict[str, Any]], task: Task, output: Output) -> Result:
    with output.create(f"{stage}/part-{task.index:05d}.parquet") as file:
        parts.write_batches(file, schema, [pa.RecordBatch.from_pylist(rows, schema)])
    return Result(len(rows), len(rows))


def dedup(folder: str, workers: int) -> None:
    """Our stages, in this process or on so many Ray workers; prints what they kept and what is not measured outside."""
    store = Store(Path(folder))
    begun = time.perf_counter()
    done: Commits = {name: commits(store, name) for name in ("extract", "filter")}
    span = sources.Span(Source("benchmark", "", 0, ""), "plain", 0, 0)  # dedup asks for nothing but their number
    whole = Corpus(RECIPE, ((span,),) * len(done["extract"]), store)
    with on_ray(workers) if workers > 1 else contextlib.nullcontext(inline) as runner:
        started = time.perf_counter() - begun
        for name, stage in corpus.stages(RECIPE).items():
            if name.startswith("dedup/"):
                done[name] = run_stage(tasks(stage, whole, done), store, runner, lambda _: None)
        kept = sum(commit.kept for commit in done["dedup/decide"])
        print(json.dumps({"kept": kept, "unseen": grandchildren_cpu(), "started": started}))


def commits(store: Store, stage: str) -> list[Commit]:
    found: list[Commit] = []
    while commit := store.read_commit(stage, len(found)):
        found.append(commit)
    return found


def grandchildren_cpu() -> float:
    """CPU seconds of the children of this process's children: Ray's workers, which its raylet never waits for."""
    processes: dict[int, tuple[int, int]] = {}  # its parent, its own ticks; see proc(5)
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()
            processes[int(file.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    children = {process for process, (parent, _) in processes.items() if parent == os.getpid()}
    return sum(ticks for parent, ticks in processes.values() if parent in children) / os.sysconf("SC_CLK_TCK")


def measured(command: list[str], cores: int) -> tuple[float, float, str]:
    """Run a command on so many cores: seconds of the clock, of it and all it started, and what it printed.

    Raises Failed.
    """
    everywhere = os.sched_getaffinity(0)
    before = children_cpu()
    begun = time.perf_counter()
    os.sched_setaffinity(0, sorted(everywhere)[:cores])
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False
        )
    finally:
        os.sched_setaffinity(0, everywhere)
    wall = time.perf_counter() - begun
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()  # what the command left behind (forkserver): its time counts once it has been waited for
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    return wall, children_cpu() - before, done.stdout


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def with_ours(documents: Documents, cores: int, folder: Path) -> Run:
    parts_folder = documents.folder / "parts"
    for made in ("dedup", "commits/dedup"):
        shutil.rmtree(parts_folder / made, ignore_errors=True)
    call = f"from benchmarks import dedup_peers; dedup_peers.dedup({str(parts_folder)!r}, {cores})"
    wall, cpu, out = measured([sys.executable, "-c", call], cores)
    said = json.loads(out.splitlines()[-1])
    return Run(documents.count, said["kept"], wall, cpu + said["unseen"], said["started"])


def with_datatrove(python: str, own_words: bool, documents: Documents, cores: int, folder: Path) -> Run:
    arguments = (str(documents.folder / "jsonl"), str(folder), DATATROVE_LANGS[documents.lang], cores, own_words)
    wall, cpu, _ = measured([python, "-c", f"from benchmarks import peers; peers.datatrove_dedup{arguments}"], cores)
    kept = sum(file.read_bytes().count(b"\n") for file in (folder / "kept").iterdir())
    return Run(documents.count, kept, wall, cpu)


def with_text_dedup(python: str, documents: Documents, cores: int, folder: Path) -> Run:
    options = {
        "path": "json", "data_files": documents.folder / "jsonl" / "*.jsonl", "split": "train", "column": "text",
        "output": folder / "kept", "cache_dir": folder / "cache", "num_proc": cores,
        "ngram": 5, "num_perm": 112, "b": 14, "r": 8,
    }  # fmt: skip
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    wall, cpu, _ = measured([python, "-m", "text_dedup.minhash", *words], cores)
    kept = 0
    for file in (folder / "kept").glob("*.arrow"):
        with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as batches:
            kept += sum(batch.num_rows for batch in batches)
    return Run(documents.count, kept, wall, cpu)


@dataclass(frozen=True)
class Row:
    """A contender's run, the one on `FEW` documents, and how often the first has to be counted."""

    name: str
    start: Run
    run: Run
    times: int

    @property
    def beyond(self) -> tuple[float, float]:
        """Seconds of the clock and of all processes beyond the start, for as many documents as everyone's."""
        return (self.run.wall - self.start.wall) * self.times, (self.run.cpu - self.start.cpu) * self.times


def table(rows: list[Row]) -> None:
    """Print the rows of one language on so many cores; the first is ours."""
    mine = rows[0]
    print(f"{'':50}{'all of it, s':>16}{'its start, s':>16}{'ours is, in all':>18}{'beyond the start':>18}")
    print(f"{'':30}{'documents':>11}{'kept':>9}" + f"{'wall':>8}{'CPU':>8}" * 2 + f"{'wall':>9}{'CPU':>9}" * 2)
    for row in rows:
        seconds = (*row.run.seconds, *row.start.seconds)
        in_all = (row.beyond[0] + row.start.wall) / mine.run.wall, (row.beyond[1] + row.start.cpu) / mine.run.cpu
        beyond = (a / b if b > LEAST * c else None for a, b, c in zip(row.beyond, mine.beyond, mine.start.seconds))
        print(
            f"{row.name:30}{row.run.documents:11,}{row.run.kept:9,}"
            + "".join(f"{value:8.2f}" for value in seconds)
            + "".join(f"{ratio:8.1f}x" if ratio else f"{'?':>9}" for ratio in (*in_all, *beyond))
        )
    if mine.run.ray > 1:
        print(f"of ours, {mine.run.ray:.2f} s of the clock until Ray was up")


def compare(texts: list[str], lang: str, copies: int, python: str | None, folder: Path) -> None:
    copied = [exchanged(text, copy) for copy in range(copies) for text in texts]
    few, first, whole = (
        write(some, lang, folder / name) for name, some in (("few", texts[:FEW]), ("first", texts), ("all", copied))
    )
    megabytes = sum(len(text.encode()) for text in copied) / 1e6
    print(f"\n{lang}: {len(copied):,} documents, {megabytes:.1f} MB, {copies} copies of {len(texts):,}")
    contenders: dict[str, tuple[Contender, Documents]] = {"ours": (with_ours, whole)}
    if python:
        contenders["datatrove, words cost nothing"] = partial(with_datatrove, python, False), whole
        contenders["datatrove, words by spaCy"] = partial(with_datatrove, python, True), first
        contenders["text-dedup"] = partial(with_text_dedup, python), whole
    for cores in range(1, 1 + min(2, len(os.sched_getaffinity(0)))):
        print(f"\n{cores} {'core' if cores == 1 else 'cores'}")
        rows: list[Row] = []
        for name, (contender, documents) in contenders.items():
            if documents is first and cores > 1:
                continue
            times = 2 if cores == 1 and not rows else 1
            try:
                start, run = (best(contender, some, cores, times, folder) for some in (few, documents))
            except Failed as why:
                if not rows:
                    raise
                print(f"{name}: {why} (see --help for what to install)")
                continue
            rows.append(Row(name, start, run, copies if documents is first else 1))
        table(rows)


def best(contender: Contender, documents: Documents, cores: int, times: int, folder: Path) -> Run:
    """Of so many runs the one that took the least CPU time."""
    runs = []
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            runs.append(contender(documents, cores, Path(scratch)))
    return min(runs, key=lambda run: run.cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="an interpreter that has the peers")
    parser.add_argument("--megabytes", type=int, default=36, help="of text in each language (default: %(default)s)")
    parser.add_argument("--documents", type=Path, default=NEARDUP, help="has versions/ and mccormick_articles/")
    parser.add_argument("--folder", help="where the temporary files go")
    options = parser.parse_args()
    if not options.documents.exists():
        sys.exit(f"{options.documents}: no documents there; give --documents")
    # PR_SET_CHILD_SUBREAPER: what outlives its parent becomes our child, to be waited for, so that its time counts.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    print(f"A machine of {os.cpu_count()} shared cores: compare the ratios, not the seconds.")
    if not options.python:
        print("datatrove, text-dedup: not installed; see --help, and give --python")
    for lang, texts in read(options.documents).items():
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            copies = max(1, round(options.megabytes * 1e6 / sum(len(text.encode()) for text in texts)))
            compare(texts, lang, copies, options.python, Path(folder))


if __name__ == "__main__":
    main()
