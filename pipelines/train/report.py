"""tokenizer-report: tokenizers beside each other on the same texts: how much text a token holds, how many are bytes or
unknown, whether the text comes back, and how fast they cut."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pipelines.errors import UsageError
from pipelines.train.labelled import Report, read_labelled
from pipelines.train.texts import find_texts, read_texts
from pipelines.train.vocabulary import is_held_out
from tokenizer.subwords import Subwords, UnreadableModel, load


def measure(
    models: Sequence[Path], inputs: Sequence[Path], languages: Sequence[str], held_out: bool, threads: int,
    report: Report, parallel: tuple[Path, Path] | None = None, pattern: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Every model on all texts in these languages, or on those that `vocabulary.is_held_out`; plain JSON data.

    Per model and language: `tokens` without ends of documents; `chars_per_token` and `bytes_per_token` (of UTF-8);
    `byte_share` and `unknown_share` of the tokens; `lost`, the texts that decoding does not give back unchanged. Of all
    languages `mb_per_s`, of 10**6 bytes of UTF-8 cut by so many threads. `parallel` are a Japanese and an English file
    that say the same: `ratio` is tokens of the first a token of the second.

    Raises:
        UsageError: a model or a text is not readable, or no text is in these languages.
    """
    loaded = [_load(path, pattern) for path in models]
    is_byte = [model.model.byte_pieces() for model in loaded]
    texts: dict[str, Counter[str]] = {lang: Counter(documents=0, chars=0, bytes=0) for lang in languages}
    found: list[dict[str, Counter[str]]] = [{lang: Counter() for lang in languages} for _ in loaded]
    seconds = [0.0] * len(loaded)
    for batch in read_labelled(inputs, languages, report):
        for lang in languages:
            some = [text for text, of in batch if of == lang and (not held_out or is_held_out(text, lang))]
            if not some:
                continue
            sizes = {"chars": sum(map(len, some)), "bytes": sum(len(text.encode()) for text in some)}
            texts[lang].update(documents=len(some), **sizes)
            for at, model in enumerate(loaded):
                start = time.perf_counter()
                cut = model.model.encode(some, threads)
                seconds[at] += time.perf_counter() - start
                unknown = -1 if model.model.unknown_id is None else model.model.unknown_id
                for text, ids in zip(some, cut, strict=True):
                    found[at][lang].update(
                        tokens=len(ids),
                        byte_tokens=int(np.count_nonzero(is_byte[at][ids])),
                        unknown_tokens=int(np.count_nonzero(ids == unknown)),
                        lost=model.decode(ids) != text,
                    )
    if not any(counts["documents"] for counts in texts.values()):
        raise UsageError(f"no {'held-out ' if held_out else ''}text in {', '.join(languages)} among what was read")
    size = sum(counts["bytes"] for counts in texts.values())
    return {
        "held_out": held_out,
        "threads": threads,
        "texts": {lang: dict(counts) for lang, counts in texts.items()},
        "models": [
            {"name": path.name, **model.identity(), "mb_per_s": round(size / 1e6 / max(took, 1e-9), 2)}
            | {"languages": {lang: _rates(texts[lang], counts[lang]) for lang in languages if texts[lang]["documents"]}}
            | ({"parallel": _parallel(model, parallel)} if parallel else {})
            for path, model, took, counts in zip(models, loaded, seconds, found)
        ],
    }


def _load(path: Path, pattern: str) -> Subwords:
    try:
        return load(path, pattern)
    except UnreadableModel as error:
        raise UsageError(str(error)) from None


def _rates(texts: Counter[str], counts: Counter[str]) -> dict[str, Any]:
    tokens = max(counts["tokens"], 1)
    return {
        "tokens": counts["tokens"],
        "chars_per_token": round(texts["chars"] / tokens, 4),
        "bytes_per_token": round(texts["bytes"] / tokens, 4),
        "byte_share": round(counts["byte_tokens"] / tokens, 6),
        "unknown_share": round(counts["unknown_tokens"] / tokens, 6),
        "lost": counts["lost"],
    }


def _parallel(model: Subwords, files: tuple[Path, Path]) -> dict[str, Any]:
    ja, en = (_tokens(model, path) for path in files)
    return {"ja": ja, "en": en, "ratio": round(ja / max(en, 1), 4)}


def _tokens(model: Subwords, path: Path) -> int:
    batches = (batch for source in find_texts(path) for _, batch in read_texts(source))
    return sum(len(ids) for batch in batches for ids in model.model.encode([text for text, _ in batch], 1))


def show(found: dict[str, Any], console: Console) -> None:
    """What was measured, a row for each model and language."""
    read = [f"{of['documents']:,} in {lang} ({of['chars']:,} characters)" for lang, of in found["texts"].items()]
    kind = "Held-out documents" if found["held_out"] else "Documents"
    console.print(f"{kind}: {', '.join(read)}; cut with {found['threads']} threads", highlight=False)
    table = Table(
        "", "chars/\ntoken", "bytes/\ntoken", "byte\ntokens", "unknown", "texts\nlost", "ja/en\ntokens", "MB/s"
    )
    for model in found["models"]:
        ratio = f"{model['parallel']['ratio']:.3f}" if "parallel" in model else ""
        table.add_row(f"{model['name']}\n{model['vocab_size']:,} pieces", *[""] * 5, ratio, f"{model['mb_per_s']:.1f}")
        for lang, of in model["languages"].items():
            table.add_row(
                lang, f"{of['chars_per_token']:.3f}", f"{of['bytes_per_token']:.3f}",
                f"{of['byte_share']:.2%}", f"{of['unknown_share']:.2%}", f"{of['lost']:,}",
            )  # fmt: skip
        table.add_section()
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)
