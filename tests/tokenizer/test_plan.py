import importlib
import itertools
import os
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from tokenizer.loader import Damaged, ForeignTokenizer, TokenShards
from tokenizer.plan import IGNORED, BadPlan, Plan, Sample, Settings, Source, Stage, StalePlan

Packing = Literal["concat", "best_fit"]
WAYS: list[tuple[Packing, bool]] = [(p, m) for p in ("concat", "best_fit") for m in (True, False)]
EOD = 3
ROOT = Path(__file__).parents[2]


@pytest.fixture
def shards(corpus: Path) -> TokenShards:
    return TokenShards(corpus)


def plan_of(shards: TokenShards, packing: Packing = "concat", mask: bool = True, **settings: Any) -> Plan:
    return Plan({"a": Source(shards, epochs=2)}, Settings(64, packing, mask, **settings))


def every_sample(shards: TokenShards, packing: Packing, mask: bool) -> list[Sample]:
    plan = plan_of(shards, packing, mask)
    return [plan.sample(k) for k in range(len(plan))]


def equal(one: Sample, other: Sample) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True))


@pytest.mark.parametrize(("packing", "mask"), WAYS)
def test_a_sample_is_the_documents_it_says(shards: TokenShards, packing: Packing, mask: bool) -> None:
    plan = plan_of(shards, packing, mask)
    for k in range(len(plan)):
        sample = plan.sample(k)
        parts = [shards.doc(document)[start:stop] for _, document, start, stop in sample.rows.tolist()]
        tokens = np.concatenate(parts)
        assert sample.input_ids[: len(tokens)].tolist() == tokens.tolist()
        assert (sample.input_ids[len(tokens) :] == EOD).all()
        assert (sample.labels[len(tokens) :] == IGNORED).all()
        assert {a.dtype for a in (sample.input_ids, sample.labels, sample.position_ids)} == {np.dtype(np.int64)}
        sizes = [len(part) for part in parts] if mask else [len(tokens)]
        if len(tokens) < 64:
            sizes.append(64 - len(tokens))
        assert sample.cu_seqlens.tolist() == [0, *itertools.accumulate(sizes)]
        assert sample.position_ids.tolist() == [at for size in sizes for at in range(size)]
        assert np.array_equal(sample.rows, plan.rows(k))


@pytest.mark.parametrize("packing", ["concat", "best_fit"])
def test_a_label_is_the_next_token_of_its_document(shards: TokenShards, packing: Packing) -> None:
    plan = plan_of(shards, packing)
    for k in range(len(plan)):
        sample = plan.sample(k)
        wanted = []
        for _, document, start, stop in sample.rows.tolist():
            tokens = shards.doc(document).tolist()
            wanted += [tokens[at + 1] if at + 1 < len(tokens) else IGNORED for at in range(start, stop)]
        assert sample.labels.tolist() == wanted + [IGNORED] * (64 - len(wanted))


@pytest.mark.parametrize("packing", ["concat", "best_fit"])
def test_without_masks_labels_cross_from_one_document_into_the_next(shards: TokenShards, packing: Packing) -> None:
    plan = plan_of(shards, packing, mask=False)
    for k in range(len(plan)):
        sample = plan.sample(k)
        filled = int((sample.rows[:, 3] - sample.rows[:, 2]).sum())
        assert (sample.labels[: filled - 1] == sample.input_ids[1:filled]).all()


@pytest.mark.parametrize(("packing", "mask"), WAYS)
def test_samples_are_the_same_in_any_order_and_from_any_object(
    shards: TokenShards, packing: Packing, mask: bool
) -> None:
    plan = plan_of(shards, packing, mask, held_out=0.2)
    forth = [plan.sample(k) for k in range(len(plan))]
    others = [
        pickle.loads(pickle.dumps(plan)),
        plan_of(TokenShards(shards.folder, "pread", "digest"), packing, mask, held_out=0.2),
    ]
    for other in others:
        assert other.digest == plan.digest
        assert all(equal(other.sample(k), forth[k]) for k in reversed(range(len(plan))))
    with pytest.raises(IndexError, match=f"the plan has {len(plan)}"):
        plan.sample(len(plan))


def test_every_pass_has_every_token_of_the_training_documents_once(shards: TokenShards) -> None:
    plan = plan_of(shards, "best_fit", held_out=0.2)
    tokens: Counter[tuple[int, int]] = Counter()
    for k in range(len(plan)):
        for _, document, start, stop in plan.rows(k).tolist():
            tokens.update((document, at) for at in range(start, stop))
    held_out = Plan({"a": Source(shards)}, Settings(64, "best_fit", held_out=0.2, split="held_out"))
    others = {document for k in range(len(held_out)) for _, document, *_ in held_out.rows(k).tolist()}
    assert set(tokens.values()) == {2}
    trained = {document for document, _ in tokens}
    assert not trained & others
    assert trained | others == set(range(len(shards)))


def test_weights_are_shares_of_tokens(shards: TokenShards, tmp_path: Path, write: Callable[..., Path]) -> None:
    other = TokenShards(write(tmp_path / "b", [40] * 300, name="b"))  # fills 40 of 64 places with best fit
    for packing in ("concat", "best_fit"):
        plan = Plan({"a": Source(shards, 0.25, 9), "b": Source(other, 0.75)}, Settings(64, packing))
        tokens = Counter({0: 0, 1: 0})
        for k in range(len(plan)):
            for source, _, start, stop in plan.rows(k).tolist():
                tokens[source] += stop - start
        assert tokens[1] / tokens.total() == pytest.approx(0.75, abs=0.02)
        assert plan.report()["sources"]["b"]["passes"] > 0.98


def test_without_weights_every_source_is_read_as_often_as_allowed(
    shards: TokenShards, tmp_path: Path, write: Callable[..., Path]
) -> None:
    other = TokenShards(write(tmp_path / "b", [40] * 300, name="b"))
    report = Plan({"a": Source(shards, epochs=3), "b": Source(other)}, Settings(64)).report()
    assert [report["sources"][name]["passes"] for name in "ab"] == [3.0, 1.0]
    assert report["samples"] == 3 * (shards.tokens // 64) + other.tokens // 64


def test_stages_are_a_curriculum(shards: TokenShards, tmp_path: Path, write: Callable[..., Path]) -> None:
    other = TokenShards(write(tmp_path / "b", [40] * 300, name="b"))
    stages = [Stage(640, {"a": 1.0}), Stage(64 * 40, {"a": 1.0, "b": 3.0})]
    plan = Plan({"a": Source(shards), "b": Source(other)}, Settings(64), stages)
    sources = [int(plan.rows(k)[0, 0]) for k in range(len(plan))]
    assert sources[:10] == [0] * 10
    assert Counter(sources[10:]) == {0: 10, 1: 30}
    seen = [tuple(row[1:3]) for k in range(len(plan)) for row in plan.rows(k).tolist() if row[0] == 0]
    assert len(seen) == len(set(seen))  # a later stage goes on where the earlier one was


def test_seen_is_what_looking_finds(shards: TokenShards, tmp_path: Path, write: Callable[..., Path]) -> None:
    other = TokenShards(write(tmp_path / "b", [40] * 100, name="b"))
    for packing in ("concat", "best_fit"):
        plan = Plan({"a": Source(shards, 0.6, 3), "b": Source(other, 0.4, 3)}, Settings(64, packing, held_out=0.1))
        looked: dict[tuple[int, int], set[int]] = {}
        for k in range(len(plan)):
            for source, document, *_ in plan.rows(k).tolist():
                looked.setdefault((source, document), set()).add(k)
        for source, (name, corpus) in enumerate([("a", shards), ("b", other)]):
            for document in range(len(corpus)):
                assert plan.seen(name, document) == sorted(looked.get((source, document), ()))


def test_the_digest_is_of_content_and_settings_not_of_paths(
    shards: TokenShards, tmp_path: Path, write: Callable[..., Path]
) -> None:
    plan = plan_of(shards)
    shards.folder.rename(tmp_path / "moved")
    moved = TokenShards(tmp_path / "moved", "pread")
    assert plan_of(moved).digest == plan.digest
    others = [
        plan_of(moved, "best_fit"), plan_of(moved, "concat", False), plan_of(moved, seed=1),
        plan_of(moved, held_out=0.1), plan_of(moved, held_out=0.1, split="held_out"), plan_of(moved, held_out=0.11),
        Plan({"b": Source(moved, epochs=2)}, Settings(64)), Plan({"a": Source(moved)}, Settings(64)),
        Plan({"a": Source(moved, epochs=2)}, Settings(63)), Plan({"a": Source(moved, 1.0, 2)}, Settings(64)),
        Plan({"a": Source(moved, epochs=2)}, Settings(64), [Stage(640, {"a": 1.0})]),
        plan_of(TokenShards(write(tmp_path / "other", [40] * 100, name="b"))),
    ]  # fmt: skip
    assert len({plan.digest, *(other.digest for other in others)}) == len(others) + 1


def test_a_state_is_resumed_by_its_plan_only(shards: TokenShards) -> None:
    plan = plan_of(shards)
    state = plan.state_dict(17)
    assert plan_of(shards).resume(state) == 17
    with pytest.raises(StalePlan, match=f"the state is of plan {plan.digest[:12]}"):
        plan_of(shards, seed=1).resume(state)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"seq_len": 0}, "seq_len: must be at least 1"),
        ({"seq_len": 8, "packing": "worst_fit"}, "packing: must be concat or best_fit"),
        ({"seq_len": 8, "held_out": 1.0}, "held_out: must be from 0"),
        ({"seq_len": 8, "held_out": float("nan")}, "held_out: must be from 0"),
        ({"seq_len": 8, "split": "held_out"}, "split: nothing is held out"),
        ({"seq_len": 8, "held_out": 0.1, "split": "test"}, "split: must be train or held_out"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(BadPlan, match=line):
        Settings(**settings)


def test_sources_that_cannot_be(shards: TokenShards, tmp_path: Path, write: Callable[..., Path]) -> None:
    settings = Settings(64)
    for sources, stages, line in [
        ({}, (), "sources: there are none"),
        ({"a": Source(shards, epochs=0)}, (), "sources.a.epochs: must be at least 1"),
        ({"a": Source(shards, float("inf"))}, (), "sources.weight.a: must be a number from 0 on"),
        ({"a": Source(shards, 0.0)}, (), "sources.weight: all are 0"),
        ({"a": Source(shards, 1.0), "b": Source(shards)}, (), "sources.b.weight: must be given"),
        ({"a": Source(shards, 1.0)}, [Stage(640, {"a": 1.0})], "sources.a.weight: there are stages"),
        ({"a": Source(shards)}, [Stage(640, {"b": 1.0})], "stages.0.weights.b: no such source"),
        ({"a": Source(shards)}, [Stage(10, {"a": 1.0})], "stages.0.tokens: 10 are less than one sample"),
        ({"a": Source(shards)}, [Stage(10**6, {"a": 1.0})], "sources.a.epochs: the stages ask for 15625 samples"),
    ]:
        with pytest.raises(BadPlan, match=line):
            Plan(sources, settings, stages)
    with pytest.raises(BadPlan, match="are less than one sample of 100000"):
        Plan({"a": Source(shards)}, Settings(100_000))
    other = TokenShards(write(tmp_path / "b", [40] * 100, tokenizer="b" * 64))
    with pytest.raises(
        ForeignTokenizer, match=r"sources\.b: made with tokenizer bbbbbbbbbbbb, but a with aaaaaaaaaaaa"
    ):
        Plan({"a": Source(shards), "b": Source(other)}, settings)


@pytest.mark.parametrize(("packing", "mask"), WAYS)
def test_a_damaged_shard_is_named_or_skipped_in_the_same_samples(
    shards: TokenShards, packing: Packing, mask: bool
) -> None:
    whole = plan_of(shards, packing, mask)
    samples = [whole.sample(k) for k in range(len(whole))]
    path = shards.folder / "data/train-00001.arrow"
    data = path.read_bytes()
    path.unlink()  # not written over, for it is mapped
    path.write_bytes(data[:-64])
    with pytest.raises(Damaged, match=r"data/train-00001\.arrow"):
        every_sample(TokenShards(shards.folder), packing, mask)
    plan = plan_of(TokenShards(shards.folder, on_damage="skip"), packing, mask)
    assert plan.digest == whole.digest
    lost = set(range(shards.document_starts[1], shards.document_starts[2]))
    for before in samples:
        after = plan.sample(before.k)
        assert np.array_equal(after.rows, before.rows)
        assert after.lost == sum(stop - start for _, document, start, stop in after.rows.tolist() if document in lost)
        assert (after.input_ids >= 0).all()
        same = after.labels == before.labels
        assert (after.labels[~same] == IGNORED).all()
        assert same.all() or after.lost


PROGRAM = """
import hashlib, sys
from tokenizer.plan import Plan, Settings, Source, TokenShards
shards = TokenShards(sys.argv[1])
digest = hashlib.sha256()
for packing in ("concat", "best_fit"):
    plan = Plan({"a": Source(shards, 0.5, 3), "b": Source(shards, 0.5)}, Settings(32, packing, seed=7, held_out=0.05))
    digest.update(plan.digest.encode())
    for k in range(len(plan)):
        sample = plan.sample(k)
        for array in (sample.input_ids, sample.labels, sample.position_ids, sample.cu_seqlens, sample.rows):
            digest.update(array.tobytes())
print(digest.hexdigest())
"""


def test_samples_do_not_depend_on_what_the_processor_can_do(corpus: Path) -> None:
    features = importlib.import_module("numpy._core._multiarray_umath")
    usable = " ".join(name for name in features.__cpu_dispatch__ if features.__cpu_features__.get(name))
    if not usable:
        pytest.skip("numpy has no instructions here that could be switched off")
    found = set()
    for off in ("", usable):
        environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": off}
        command = [sys.executable, "-c", PROGRAM, str(corpus)]
        ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        found.add(ran.stdout)
    assert len(found) == 1
