"""The order in which a job sees its tokens: `plan.sample(k)` depends on the plan and on k, and on nothing else.

So a job that has seen the samples before k goes on with k, on whatever number of machines, and anyone can say later
which documents a step was made of. A plan's digest covers its settings and what the corpora hold, not where they are.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tokenizer.loader import LOST, ForeignTokenizer, TokenShards
from tokenizer.mixture import Mixture, shares
from tokenizer.packing import BestFit, Concat, Segment, plan_best_fit
from tokenizer.selection import Split, select

#: What torch, and all that follow it, leave out of a loss.
IGNORED = -100

#: Changes whenever the same settings would give other samples.
VERSION = 1


class BadPlan(ValueError):
    """Settings that cannot be; the message begins with the one that is wrong."""


class StalePlan(Exception):
    """A plan, or the state of a job, was made for other tokens or other settings than those that are here."""


@dataclass(frozen=True)
class Source:
    """A corpus, its weight among the tokens of the mixture, and the passes over it that are allowed at most.

    Where no source has a weight, each is read as often as its `epochs` say, evenly until the plan ends. Where they have
    one, the plan ends when the first of them has been read that often.
    """

    shards: TokenShards
    weight: float | None = None
    epochs: int = 1


@dataclass(frozen=True)
class Stage:
    """A stretch of `tokens` (samples × seq_len, rounded down) with weights of its own; a source not named has none."""

    tokens: int
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Sample:
    """`seq_len` tokens. int64[seq_len] each: `input_ids`, `labels` (the next token, or IGNORED), `position_ids`.

    `cu_seqlens` (int32, from 0 to seq_len) are where one sequence that attends to itself ends and the next begins:
    documents and padding with `mask_documents`, else all tokens and padding. `rows` (int64[n, 4]) are the documents in
    order: source, document, start and stop in it. `lost` tokens are of a damaged shard that is skipped: end-of-document
    ids that no label asks for.
    """

    k: int
    input_ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    position_ids: NDArray[np.int64]
    cu_seqlens: NDArray[np.int32]
    rows: NDArray[np.int64]
    lost: int


@dataclass(frozen=True)
class Settings:
    """What a plan does with its sources. `held_out` is a share of documents (tokenizer/selection.py), and `split` says
    which side to read. With `mask_documents`, positions begin anew with every document and no label crosses from one
    into the next. Raises `BadPlan`.
    """

    seq_len: int
    packing: Literal["concat", "best_fit"] = "concat"
    mask_documents: bool = True
    seed: int = 0
    held_out: float = 0.0
    split: Split = "train"

    def __post_init__(self) -> None:
        if self.seq_len < 1:
            raise BadPlan(f"seq_len: must be at least 1, not {self.seq_len}")
        if self.packing not in ("concat", "best_fit"):
            raise BadPlan(f"packing: must be concat or best_fit, not {self.packing!r}")
        if not 0 <= self.held_out < 1:
            raise BadPlan(f"held_out: must be from 0 to less than 1, not {self.held_out}")
        if self.split not in ("train", "held_out"):
            raise BadPlan(f"split: must be train or held_out, not {self.split!r}")
        if self.split == "held_out" and not self.held_out:
            raise BadPlan("split: nothing is held out; give held_out, the share of documents")


class Plan:
    """See the head of this file. `stages` take the place of the sources' weights.

    Raises `BadPlan`, `ForeignTokenizer` where the sources do not share one, `Damaged` where a shard that must be read
    is. With packing "concat" and nothing held out only manifests are read; "best_fit" reads the length of every
    document, and `held_out` every doc_id.
    """

    def __init__(self, sources: Mapping[str, Source], settings: Settings, stages: Sequence[Stage] = ()) -> None:
        if not sources:
            raise BadPlan("sources: there are none")
        self.sources = dict(sorted(sources.items()))
        self.settings = settings
        self.stages = tuple(stages)
        self.names = list(self.sources)
        self.eod_id = _same_tokenizer(self.sources)
        self._packed = [self._pack(name, source) for name, source in self.sources.items()]
        self.mixture = Mixture(self._counts(), settings.seed)
        self.digest = self._digest()

    def __len__(self) -> int:
        return len(self.mixture)

    def sample(self, k: int) -> Sample:
        """Sample k. Raises IndexError where the plan has none, `Damaged` where it lies in a damaged shard."""
        source, segments = self._segments(k)
        seq_len = self.settings.seq_len
        shards = self.sources[self.names[source]].shards
        ids = np.full(seq_len, self.eod_id, np.int64)
        labels = np.full(seq_len, IGNORED, np.int64)
        positions = np.empty(seq_len, np.int64)
        ends = [0]
        at = lost = 0
        for document, start, stop in segments:
            index, row = shards.place(document)
            shard = shards.shard(index)
            begin, end = int(shard.ends[row]), int(shard.ends[row + 1])
            tokens = shard.read(begin + start, min(begin + stop + 1, end))  # one more, to be the last one's label
            size = stop - start
            ids[at : at + size] = tokens[:size]
            labels[at : at + len(tokens) - 1] = tokens[1:]
            if self.settings.mask_documents:
                positions[at : at + size] = np.arange(size)
            elif at:
                labels[at - 1] = tokens[0]
            if shard.name in shards.damage:
                lost += size
            at += size
            ends.append(at)
        if not self.settings.mask_documents:
            positions[:at] = np.arange(at)
            ends = [0, at]
        if at < seq_len:
            positions[at:] = np.arange(seq_len - at)
            ends.append(seq_len)
        if lost:
            ids[ids == LOST] = self.eod_id
            labels[labels == LOST] = IGNORED
        rows = np.array([(source, *segment) for segment in segments], np.int64)
        return Sample(k, ids, labels, positions, np.array(ends, np.int32), rows, lost)

    def rows(self, k: int) -> NDArray[np.int64]:
        """`sample(k).rows`, without reading a token."""
        source, segments = self._segments(k)
        return np.array([(source, *segment) for segment in segments], np.int64)

    def seen(self, source: str, document: int) -> list[int]:
        """The samples that have a part of a document, in order; found by computing backwards, not by looking."""
        index = self.names.index(source)
        packed = self._packed[index]
        found = []
        for of_pass in range(self.sources[source].epochs):
            for sample in packed.seen(of_pass, document):
                k = self.mixture.where(index, of_pass * packed.samples + sample)
                if k is not None:
                    found.append(k)
        return sorted(found)

    def state_dict(self, next_sample: int) -> dict[str, Any]:
        """All that has to be kept of a job's place in its data."""
        return {"plan": self.digest, "next_sample": next_sample}

    def resume(self, state: Mapping[str, Any]) -> int:
        """The next sample of a job that kept this state. Raises `StalePlan` where it was another plan's."""
        if state["plan"] != self.digest:
            raise StalePlan(
                f"the state is of plan {state['plan'][:12]}, this is {self.digest[:12]}; see `minamoto trace`"
            )
        return int(state["next_sample"])

    def report(self) -> dict[str, Any]:
        """What becomes of each source: samples a pass and in all, passes, share of tokens, padding efficiency.

        `efficiency` is the share of a sample's places that hold tokens of documents; `left_out`, the tokens that no
        sample of a pass has; `cut`, the documents longer than a sample (best_fit; concat cuts where it falls).
        """
        found = {}
        used = [sum(stage[i] for stage in self.mixture.counts) for i in range(len(self.names))]
        placed = [count * _tokens_per_sample(packed) for count, packed in zip(used, self._packed, strict=True)]
        for name, packed, count, tokens in zip(self.names, self._packed, used, placed, strict=True):
            found[name] = {
                "documents": packed.selection.documents,
                "tokens": packed.selection.tokens,
                "samples_a_pass": packed.samples,
                "samples": count,
                "passes": round(count / packed.samples, 4),
                "share": round(float(tokens / max(sum(placed), 1)), 6),
                "efficiency": round(packed.tokens / (packed.samples * self.settings.seq_len), 6),
                "left_out": packed.selection.tokens - packed.tokens,
                "cut": packed.cut if isinstance(packed, BestFit) else None,
            }
        return {"plan": self.digest, "samples": len(self), **dataclasses.asdict(self.settings), "sources": found}

    def _segments(self, k: int) -> tuple[int, list[Segment]]:
        if not 0 <= k < len(self):
            raise IndexError(f"no sample {k}; the plan has {len(self)}")
        source, sample = self.mixture.at(k)
        packed = self._packed[source]
        of_pass, index = divmod(sample, packed.samples)
        return source, packed.segments(of_pass, index)

    def _pack(self, name: str, source: Source) -> Concat | BestFit:
        settings = self.settings
        if source.epochs < 1:
            raise BadPlan(f"sources.{name}.epochs: must be at least 1, not {source.epochs}")
        selection = select(source.shards, settings.held_out, settings.split)
        packed: Concat | BestFit
        if settings.packing == "concat":
            packed = Concat(selection, settings.seq_len, settings.seed, name)
        else:
            packed = plan_best_fit(selection, settings.seq_len, settings.seed, name)
        if not packed.samples:
            raise BadPlan(f"sources.{name}: {selection.tokens} tokens are less than one sample of {settings.seq_len}")
        return packed

    def _counts(self) -> list[list[int]]:
        """Samples of each source, stage by stage."""
        limits = [packed.samples * self.sources[name].epochs for name, packed in zip(self.names, self._packed)]
        given = {name: source.weight for name, source in self.sources.items() if source.weight is not None}
        if self.stages:
            if given:
                raise BadPlan(f"sources.{next(iter(given))}.weight: there are stages, which have weights of their own")
            counts = []
            for number, stage in enumerate(self.stages):
                share = self._shares(f"stages.{number}.weights", stage.weights)
                samples = stage.tokens // self.settings.seq_len
                if samples < 1:
                    raise BadPlan(f"stages.{number}.tokens: {stage.tokens} are less than one sample")
                counts.append([int(samples * one) for one in share])
        elif given:
            share = self._shares("sources.weight", given)
            if len(given) < len(self.sources):
                missing = next(name for name in self.names if name not in given)
                raise BadPlan(f"sources.{missing}.weight: must be given, for other sources have one")
            samples = min(int(limit / one) for limit, one in zip(limits, share, strict=True) if one)
            counts = [[int(samples * one) for one in share]]
        else:
            counts = [limits]
        for name, limit, used in zip(self.names, limits, (sum(column) for column in zip(*counts)), strict=True):
            if used > limit:
                raise BadPlan(
                    f"sources.{name}.epochs: the stages ask for {used} samples of it, which has {limit} in "
                    f"{self.sources[name].epochs}; raise it, or lower its weights"
                )
        return counts

    def _shares(self, where: str, weights: Mapping[str, float]) -> list[Fraction]:
        for name, weight in weights.items():
            if name not in self.sources:
                raise BadPlan(f"{where}.{name}: no such source; there are {', '.join(self.names)}")
            if not (math.isfinite(weight) and weight >= 0):
                raise BadPlan(f"{where}.{name}: must be a number from 0 on, not {weight}")
        listed = [float(weights.get(name, 0.0)) for name in self.names]
        if not any(listed):
            raise BadPlan(f"{where}: all are 0")
        return shares(listed, [_tokens_per_sample(packed) for packed in self._packed])

    def _digest(self) -> str:
        says = {
            "version": VERSION,
            **dataclasses.asdict(self.settings),
            "sources": {
                name: [source.shards.digest, packed.selection.digest, source.weight, source.epochs]
                for (name, source), packed in zip(self.sources.items(), self._packed, strict=True)
            },
            "stages": [[stage.tokens, dict(stage.weights)] for stage in self.stages],
            "tokenizer": next(iter(self.sources.values())).shards.tokenizer_sha256,
        }
        return hashlib.sha256(json.dumps(says, sort_keys=True).encode()).hexdigest()


def _tokens_per_sample(packed: Concat | BestFit) -> Fraction:
    return Fraction(packed.tokens, packed.samples)


def _same_tokenizer(sources: Mapping[str, Source]) -> int:
    (first, one), *others = sources.items()
    for name, other in others:
        if other.shards.tokenizer_sha256 != one.shards.tokenizer_sha256:
            raise ForeignTokenizer(
                f"sources.{name}: made with tokenizer {other.shards.tokenizer_sha256[:12]}, "
                f"but {first} with {one.shards.tokenizer_sha256[:12]}"
            )
    return one.shards.eod_id
