"""The filter stage on real documents, in MB of UTF-8 text a CPU second: our default rules, published rules, datatrove.

    python -m benchmarks.filters [docs.jsonl.gz]

The file has one JSON object a line with `lang` ("ja" or "en") and `text`. Ours are whole stages, from a batch of texts
to verdicts and scores, language identification included. datatrove's are its filters of Gopher and FineWeb, words cut
by a regular expression or, for Japanese, by SudachiPy, which spaCy calls there; its spaCy for English is slower. One
thread, best of three (datatrove: once, on every tenth document). Compare the ratios, not the rates.
"""

import gzip
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from filters import boilerplate
from pipelines import recipe
from pipelines.record import DOCUMENT
from pipelines.work.filter import COLUMNS, Filtering, judge, verdict_schema
from tokenizer import words

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ROOT.parent / "shared/data/eval/neardup/versions/docs.jsonl.gz"
BATCH = 256


def stage(name: str) -> Callable[[list[str]], None]:
    """A shipped recipe's filter stage."""
    chosen = recipe.load(ROOT / f"recipes/{name}.toml").filter
    given = Filtering(chosen.chosen(), chosen.language)
    schema = verdict_schema(given)
    documents = pa.schema([DOCUMENT.field(name).with_nullable(True) for name in ("doc_id", "reason", *COLUMNS)])

    def run(texts: list[str]) -> None:
        for start in range(0, len(texts), BATCH):
            some = texts[start : start + BATCH]
            batch = pa.RecordBatch.from_pylist([{"text": text} for text in some], documents)
            judge(batch, given, schema)

    return run


def datatrove(split: Callable[[str], list[str]], language: str) -> Callable[[list[str]], None]:
    """Its filters one after the other, each on what the one before it kept, as its pipelines run them."""
    from datatrove.data import Document  # type: ignore[import-untyped]
    from datatrove.pipeline import filters  # type: ignore[import-untyped]

    steps: list[Any] = [
        filters.GopherRepetitionFilter(language=language), filters.GopherQualityFilter(language=language),
        filters.FineWebQualityFilter(language=language),
    ]  # fmt: skip
    for module in ("gopher_repetition_filter", "gopher_quality_filter", "fineweb_quality_filter"):
        vars(sys.modules[f"datatrove.pipeline.filters.{module}"])["split_into_words"] = lambda text, _: split(text)

    def run(texts: list[str]) -> None:
        for text in texts:
            document = Document(text=text, id="")
            all(step.filter(document) is True for step in steps)

    return run


def rate(work: Callable[[list[str]], None], texts: list[str], times: int) -> float:
    work(texts[:20])  # compiles
    seconds = []
    for _ in range(times):
        boilerplate._form_of.cache_clear()  # it would know every line
        begun = time.process_time()
        work(texts)
        seconds.append(time.process_time() - begun)
    return sum(len(text.encode()) for text in texts) / min(seconds) / 1e6


def main(path: Path) -> None:
    if not path.exists():
        print(f"no documents at {path}")
        return
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    print("MB of text a CPU second, one thread")
    for lang, published in (("ja", "fineweb2-ja"), ("en", "gopher-c4-fineweb")):
        texts = [row["text"] for row in rows if row["lang"] == lang]
        split = words.words if lang == "ja" else re.compile(r"\w+|[^\w\s]").findall
        found = {
            "ours, recipe web": rate(stage("web"), texts, 3),
            f"ours, recipe {published}": rate(stage(published), texts, 1 if lang == "ja" else 3),
            "datatrove, Gopher and FineWeb, words as said above": rate(datatrove(split, lang), texts[::10], 1),
        }
        print(f"{lang}: {len(texts):,} documents, {sum(len(text.encode()) for text in texts) / 1e6:.1f} MB")
        slowest = found["datatrove, Gopher and FineWeb, words as said above"]
        for name, speed in found.items():
            print(f"  {name:52}{speed:8.2f} MB/s{speed / slowest:8.1f}x")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS)
