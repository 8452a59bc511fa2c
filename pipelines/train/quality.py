"""train-quality: a classifier from texts shown as good and texts shown as bad, and a card that answers for it.

The same texts give the same bytes, in whatever order and files they come: what is drawn, held out and in which order it
is learned from follows from hashes of the texts. Texts without a difference in `filters.quality.features` are one.
"""

import contextlib
import hashlib
import heapq
import importlib.metadata
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from filters import language, quality, supervised
from pipelines.errors import Stop, UsageError
from pipelines.store import digest, readable
from pipelines.store.folder import whole_or_absent
from pipelines.train.held_out import HELD_OUT, holds_out
from pipelines.train.labelled import labelled
from pipelines.train.texts import Source, find_texts, read_texts

LABELS = {"positive": quality.POSITIVE, "negative": quality.NEGATIVE}

#: Texts of each kind and language. Fewer and the held-out tenth is one of chance.
LEAST = 20
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Lines scored at a time.
_BATCH = 1024

Report = Callable[[str, float], None]
"""Told what is being read and the share of all input that has been."""


@dataclass(frozen=True)
class Drawn:
    """A text in the scratch file: where its features are, and whether it is held out."""

    offset: int
    size: int
    held_out: bool


@dataclass
class _Sample:
    """The `most` texts of a kind and language whose order comes first, as they come by."""

    most: int
    drawn: dict[tuple[bytes, bytes], Drawn] = field(default_factory=dict)
    last: list[tuple[int, tuple[bytes, bytes]]] = field(default_factory=list)  # a heap, the last in order on top

    def wants(self, order: tuple[bytes, bytes]) -> bool:
        full = len(self.drawn) >= self.most
        return order not in self.drawn and (not full or _rank(order) > self.last[0][0])

    def add(self, order: tuple[bytes, bytes], text: Drawn) -> None:
        self.drawn[order] = text
        heapq.heappush(self.last, (_rank(order), order))
        if len(self.drawn) > self.most:
            del self.drawn[heapq.heappop(self.last)[1]]


def _rank(order: tuple[bytes, bytes]) -> int:
    return -int.from_bytes(order[0], "big")


def train(
    positive: Sequence[Path], negative: Sequence[Path], model: Path, languages: Sequence[str], epochs: int = 10,
    documents: int = 200_000, seed: int = 0, report: Report | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train a model on texts of these languages and write it, and its card beside it. Returns what the card says.

    At most `documents` of each kind and language are drawn, as many of either kind. Memory is bounded by that: 400
    bytes each, and fastText's matrix. Their features lie in a scratch file beside the model meanwhile.

    Raises:
        UsageError: an input is not readable, there is too little to learn from, or `languages` are unknown.
        Stop: fastText gave up.
    """
    found = {"positive": _all_sources(positive), "negative": _all_sources(negative)}
    if model.suffix == ".json":
        raise UsageError(f"{model}: the card has that name; name the model otherwise, as quality.bin")
    if model.is_dir():
        raise UsageError(f"{model}: a folder; name a file, as {model / 'quality.bin'}")
    model.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=model.parent, prefix=".train-quality-") as folder:
        with (Path(folder) / "features").open("w+b") as scratch:
            samples, counts = _read(found, sorted(set(languages)), documents, seed, scratch, report or _silent)
            chosen = _balanced(samples, counts)
            lines, trained = Path(folder) / "train.txt", Path(folder) / "model"
            with lines.open("wb") as file:
                for label, _, text in _in_order(chosen, held_out=False):
                    file.write(f"{LABELS[label]} ".encode() + _features(scratch, text) + b"\n")
            try:
                supervised.train(lines, trained, epochs, quiet=report is None or not sys.stderr.isatty())
            except supervised.TrainingError as error:
                raise Stop(f"fastText gave up: {error}; give fewer --epochs") from None
            held_out = _held_out(trained, chosen, scratch)
        card = {
            "model_sha256": hashlib.sha256(trained.read_bytes()).hexdigest(),
            "features": quality.FEATURES,
            "languages": sorted({lang for _, lang in chosen}),
            "options": supervised.OPTIONS | {"epoch": epochs, "min_features": quality.MIN_FEATURES},
            "sample": {"documents": documents, "seed": seed, "balanced": True, "held_out": f"1 in {HELD_OUT}"},
            "texts": counts,
            "training": _digests(chosen, held_out=False),
            "held_out": _digests(chosen, held_out=True) | {"measured": held_out},
            "libraries": {
                name: importlib.metadata.version(name) for name in ("fasttext-numpy2-wheel", "numpy", "xxhash")
            },
        }
        with whole_or_absent(model) as file:
            file.write(trained.read_bytes())
        with whole_or_absent(quality.card_path(model)) as file:
            file.write(readable(card))
    return card


@contextlib.contextmanager
def shown(quiet: bool) -> Iterator[Report | None]:
    """Shows how far the reading is: a bar with an ETA on a terminal's standard error, elsewhere a line in ten seconds,
    None where `quiet`."""
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal, transient=True) as bars:
        bar = bars.add_task("", total=1.0)
        start = last = time.monotonic()

        def report(what: str, share: float) -> None:
            nonlocal last
            bars.update(bar, description=what, completed=share)
            now = time.monotonic()
            if not console.is_terminal and now - last > 10:
                last = now
                left = (now - start) * (1 - share) / max(share, 1e-9)
                console.print(f"{what}: {share:.0%} of all texts, {left:,.0f} s to go", highlight=False)

        yield None if quiet else report


def show(card: dict[str, Any], console: Console) -> None:
    """A card as tables."""
    columns = ("read", "other_language", "short", "repeated_or_not_drawn", "of_both_kinds", "used")
    texts = Table("texts", *(name.replace("_", " ") for name in columns))
    for label, counts in card["texts"].items():
        texts.add_row(label, *(f"{counts[name]:,}" for name in columns))
    console.print(texts)
    rates = {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "roc_auc": "ROC AUC"}
    judged = Table("held out", "texts", *rates.values())
    quantiles = Table("scores held out", "kind", *(f"{q:.0%}" for q in _QUANTILES))
    for lang, found in card["held_out"]["measured"].items():
        judged.add_row(lang, f"{found['texts']:,}", *(_four(found[rate]) for rate in rates))
        for label, of_one in found["quantiles"].items():
            quantiles.add_row(lang, label, *(_four((of_one or {}).get(str(q))) for q in _QUANTILES))
    console.print(judged)
    console.print(quantiles)


def _four(share: float | None) -> str:
    return "" if share is None else f"{share:.4f}"


def _silent(what: str, share: float) -> None:
    pass


def _all_sources(paths: Sequence[Path]) -> list[Source]:
    return [source for path in paths for source in find_texts(path)]


Samples = dict[tuple[str, str], _Sample]


def _read(
    found: dict[str, list[Source]], languages: list[str], most: int, seed: int, scratch: IO[bytes], report: Report
) -> tuple[Samples, dict[str, Counter[str]]]:
    """Draw from all sources. The counts of a kind: texts `read`, and those passed over."""
    labels = language.Language(keep=tuple(languages))
    samples = {(label, lang): _Sample(most) for label in found for lang in languages}
    counts = {label: Counter(read=0, other_language=0, short=0) for label in found}
    total = sum(source.size for sources in found.values() for source in sources) or 1
    before = 0
    for label, sources in found.items():
        for source in sources:
            for share, texts in read_texts(source):
                report(f"reading {label}", (before + share * source.size) / total)
                for text, lang in labelled(texts, labels, "--languages"):
                    counts[label]["read"] += 1
                    features = quality.features(text)
                    if lang not in languages:
                        counts[label]["other_language"] += 1
                    elif len(features) < quality.MIN_FEATURES:
                        counts[label]["short"] += 1
                    else:
                        _draw(samples[label, lang], text, lang, features, seed, scratch)
            before += source.size
    return samples, counts


def _draw(sample: _Sample, text: str, lang: str, features: list[str], seed: int, scratch: IO[bytes]) -> None:
    line = " ".join(features).encode()
    identity = hashlib.sha256(line).digest()
    order = hashlib.sha256(f"{seed} ".encode() + identity).digest(), identity
    if sample.wants(order):
        offset = scratch.seek(0, 2)
        scratch.write(line)
        sample.add(order, Drawn(offset, len(line), is_held_out(text, lang, seed)))


def is_held_out(text: str, lang: str, seed: int) -> bool:
    """Copies with small changes are not learned in one place to be recognized in the other.

    Whole sites are not kept apart. Of tutorials and references 0.98 are told apart so, on sites that were not trained
    on 0.80: for a figure of new sources, hold them back and score them.
    """
    return holds_out(text, lang, f"held out {seed}")


Chosen = dict[tuple[str, str], dict[tuple[bytes, bytes], Drawn]]


def _balanced(samples: Samples, counts: dict[str, Counter[str]]) -> Chosen:
    """As many texts of either kind in each language; none that is of both. The rest is counted."""
    chosen: Chosen = {}
    for lang in sorted({lang for _, lang in samples}):
        good, bad = samples["positive", lang].drawn, samples["negative", lang].drawn
        both = good.keys() & bad.keys()
        size = min(len(good), len(bad)) - len(both)
        if size < LEAST:
            raise UsageError(
                f"{lang}: {len(good):,} positive and {len(bad):,} negative texts, {len(both):,} of them both; "
                f"{LEAST} of either kind are the least to learn from (or name other --languages)"
            )
        for label, drawn in (("positive", good), ("negative", bad)):
            chosen[label, lang] = {order: drawn[order] for order in sorted(drawn.keys() - both)[:size]}
            counts[label]["of_both_kinds"] += len(both)
            counts[label]["used"] += size
    for count in counts.values():
        left = count["read"] - count["other_language"] - count["short"] - count["of_both_kinds"] - count["used"]
        count["repeated_or_not_drawn"] = left
    return chosen


def _in_order(chosen: Chosen, held_out: bool) -> Iterator[tuple[str, str, Drawn]]:
    every = [(order, label, lang) for (label, lang), drawn in chosen.items() for order in drawn]
    for order, label, lang in sorted(every):
        text = chosen[label, lang][order]
        if text.held_out == held_out:
            yield label, lang, text


def _features(scratch: IO[bytes], text: Drawn) -> bytes:
    scratch.seek(text.offset)
    return scratch.read(text.size)


def _digests(chosen: Chosen, held_out: bool) -> dict[str, Any]:
    """How many texts of each language and kind, and one digest: of their sorted SHA-256s with kind and language."""
    texts = sorted(
        [label, lang, order[1].hex()]
        for (label, lang), drawn in chosen.items()
        for order, text in drawn.items()
        if text.held_out == held_out
    )
    counts: dict[str, dict[str, int]] = {lang: {"positive": 0, "negative": 0} for _, lang in chosen}
    for label, lang, _ in texts:
        counts[lang][label] += 1
    return {"sha256": digest(texts), "texts": counts}


def _held_out(model: Path, chosen: Chosen, scratch: IO[bytes]) -> dict[str, Any]:
    loaded = language.load(model)
    found: dict[str, tuple[list[float], list[bool]]] = {lang: ([], []) for _, lang in sorted(chosen)}
    waiting = list(_in_order(chosen, held_out=True))
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        lines = [_features(scratch, text).decode() for _, _, text in batch]
        for (label, lang, _), score in zip(batch, quality.predict(loaded, lines)):
            found[lang][0].append(0.5 if score is None else score)
            found[lang][1].append(label == "positive")
    return {lang: measures(np.array(scores), np.array(truth, np.bool_)) for lang, (scores, truth) in found.items()}


def measures(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> dict[str, Any]:
    """How well scores (n,) tell the texts that are positive (n,) from the others: at 0.5, and at all limits (ROC AUC,
    the chance that a positive text has more than a negative one). None where there is nothing to take a share of."""
    called = scores >= 0.5
    good, bad = scores[positive], np.sort(scores[~positive])
    ranks = np.searchsorted(bad, good) + np.searchsorted(bad, good, side="right")
    return {
        "texts": len(scores),
        "accuracy": _share(called == positive),
        "precision": _share(positive[called]),
        "recall": _share(called[positive]),
        "roc_auc": round(float(ranks.mean() / 2 / len(bad)), 4) if len(good) and len(bad) else None,
        "quantiles": {
            label: {str(q): round(float(np.quantile(some, q)), 4) for q in _QUANTILES} if len(some) else None
            for label, some in (("positive", good), ("negative", bad))
        },
    }


def _share(of: NDArray[np.bool_]) -> float | None:
    return round(float(of.mean()), 4) if len(of) else None
