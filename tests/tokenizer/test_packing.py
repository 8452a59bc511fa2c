from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import packing
from tokenizer.loader import TokenShards
from tokenizer.packing import BestFit, Concat, best_fit, plan_best_fit
from tokenizer.selection import Selection, is_held_out, select

LISTS = st.lists(st.integers(0, 200), max_size=80)


def samples(packed: packing.Packed) -> list[list[list[int]]]:
    return [packed.segments[a:b].tolist() for a, b in zip(packed.starts[:-1].tolist(), packed.starts[1:].tolist())]


@given(lengths=LISTS, seq_len=st.integers(1, 64))
def test_every_token_is_in_one_sample_and_samples_hold_no_more(lengths: list[int], seq_len: int) -> None:
    tokens: Counter[tuple[int, int]] = Counter()
    for sample in samples(best_fit(np.array(lengths, np.int64), seq_len)):
        assert 0 < sum(stop - start for _, start, stop in sample) <= seq_len
        assert [document for document, *_ in sample] == sorted(document for document, *_ in sample)
        tokens.update((document, at) for document, start, stop in sample for at in range(start, stop))
    assert tokens == Counter((document, at) for document, length in enumerate(lengths) for at in range(length))


@given(lengths=LISTS, seq_len=st.integers(1, 64))
def test_only_what_is_longer_than_a_sample_is_cut(lengths: list[int], seq_len: int) -> None:
    parts = Counter(d for sample in samples(best_fit(np.array(lengths, np.int64), seq_len)) for d, *_ in sample)
    assert all(parts[document] == -(-length // seq_len) for document, length in enumerate(lengths))


@given(lengths=st.lists(st.integers(1, 40), max_size=60), seq_len=st.integers(40, 64))
def test_it_is_best_fit_decreasing(lengths: list[int], seq_len: int) -> None:
    """As many samples as the textbook's loop over all of them needs."""
    room: list[int] = []
    for size in sorted(lengths, reverse=True):
        fitting = [left for left in room if left >= size]
        if fitting:
            room[room.index(min(fitting))] -= size
        else:
            room.append(seq_len - size)
    assert len(best_fit(np.array(lengths, np.int64), seq_len).starts) - 1 == len(room)


def selection(corpus: Path, share: float = 0.0) -> Selection:
    return select(TokenShards(corpus), share, "train")


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("seq_len", [1, 16, 64, 500])
def test_a_pass_of_concat_has_every_token_but_the_rest(corpus: Path, seq_len: int, share: float) -> None:
    chosen = selection(corpus, share)
    concat = Concat(chosen, seq_len, 1, "a")
    for of_pass in range(2):
        tokens: Counter[tuple[int, int]] = Counter()
        for index in range(concat.samples):
            segments = concat.segments(of_pass, index)
            assert sum(stop - start for _, start, stop in segments) == seq_len
            tokens.update((document, at) for document, start, stop in segments for at in range(start, stop))
        assert set(tokens.values()) == {1}
        assert len(tokens) == concat.tokens > chosen.tokens - seq_len
    assert concat.segments(0, 0) != concat.segments(1, 0)


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("block", [100, 1000, 1 << 22])
def test_a_pass_of_best_fit_has_every_token(
    corpus: Path, share: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "BLOCK_TOKENS", block)
    chosen = selection(corpus, share)
    fitted = plan_best_fit(chosen, 64, 1, "a")
    orders = []
    for of_pass in range(2):
        found = [fitted.segments(of_pass, index) for index in range(fitted.samples)]
        orders.append(found)
        tokens = Counter((document, at) for one in found for document, start, stop in one for at in range(start, stop))
        assert set(tokens.values()) == {1}
        assert len(tokens) == chosen.tokens
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_seen_is_what_looking_at_every_sample_finds(
    corpus: Path, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "BLOCK_TOKENS", 300)
    chosen = selection(corpus, share)
    ways: list[Concat | BestFit] = [
        *(Concat(chosen, seq_len, 2, "a") for seq_len in (1, 30, 900)), plan_best_fit(chosen, 64, 2, "a")
    ]  # fmt: skip
    for packed in ways:
        for of_pass in range(2):
            looked: dict[int, set[int]] = {}
            for index in range(packed.samples):
                for document, *_ in packed.segments(of_pass, index):
                    looked.setdefault(document, set()).add(index)
            for document in range(len(chosen.shards)):
                assert packed.seen(of_pass, document) == sorted(looked.get(document, ()))


def test_the_split_is_by_the_hash_of_a_document_and_nested(corpus: Path) -> None:
    shards = TokenShards(corpus)
    ids = np.concatenate([shards.doc_ids(index) for index in range(4)])
    small, large = is_held_out(ids, 0.2), is_held_out(ids, 0.4)
    assert 3 < small.sum() < large.sum() < 45
    assert not (small & ~large).any()
    train, held_out = select(shards, 0.2, "train"), select(shards, 0.2, "held_out")
    assert (train.documents, held_out.documents) == ((~small).sum(), small.sum())
    assert train.tokens + held_out.tokens == shards.tokens
    assert [train.position(n) is None for n in range(len(shards))] == small.tolist()
    assert [held_out.position(n) is None for n in range(len(shards))] == (~small).tolist()
