"""Gold for texts that may not be shipped: sentences as fingerprints, looked for in what an extractor made.

A sentence is marked by the hashes of its characters, white space left out, WINDOW by WINDOW; the last window ends where
the sentence does. It is present where all its windows are.
"""

import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import xxhash

WINDOW = 24


class Score(NamedTuple):
    """Shares from 0 to 1: marked sentences that are there, unwanted ones that are not, neighbours in order."""

    present: float
    absent: float
    order: float


def mark(sentence: str) -> list[str]:
    """The fingerprints of a sentence of at least WINDOW characters beside its white space."""
    packed = _packed(sentence)
    if len(packed) < WINDOW:
        raise ValueError(f"{sentence!r}: at least {WINDOW} characters, or chance finds it")
    starts = sorted({*range(0, len(packed) - WINDOW + 1, WINDOW), len(packed) - WINDOW})
    return [_hash(packed[start : start + WINDOW]) for start in starts]


def score(text: str, present: Sequence[Sequence[str]], absent: Sequence[Sequence[str]]) -> Score:
    """How an extracted text does against its gold."""
    packed = _packed(text)
    places: dict[str, int] = {}
    for start in range(len(packed) - WINDOW + 1):
        places.setdefault(_hash(packed[start : start + WINDOW]), start)
    found = [[places.get(window, -1) for window in windows] for windows in present]
    there = [at[0] for at in found if min(at) >= 0]
    unwanted = sum(all(window in places for window in windows) for windows in absent)
    in_order = sum(a < b for a, b in itertools.pairwise(there))
    return Score(
        len(there) / max(len(present), 1),
        1 - unwanted / max(len(absent), 1),
        in_order / max(len(there) - 1, 1) if len(there) > 1 else 1.0,
    )


def load(name: str) -> dict[str, dict[str, Any]]:
    """The gold of a format by file name: `sha256` of the file, and `present` and `absent` as `mark` made them."""
    found: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))
    return found


def same_file(raw: bytes, gold: dict[str, Any]) -> bool:
    """Whether the gold is of these bytes."""
    return hashlib.sha256(raw).hexdigest() == gold["sha256"]


def _packed(text: str) -> str:
    return "".join(text.split())


def _hash(window: str) -> str:
    return xxhash.xxh3_64_hexdigest(window.encode())
