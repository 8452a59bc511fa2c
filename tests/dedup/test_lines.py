import re
from collections import defaultdict
from random import Random

import numpy as np
import pytest
import xxhash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup import lines
from dedup.shingles import key

# What may tie a line to its neighbours when all are folded at once: marks, final sigma, Hangul, half-width voice marks.
pieces = st.text("aB  がｶﾞ゛\u3099Σσ\u0301ᄀ\u1161ﷺ\r\t。\u200b\ufe0f\ud800", max_size=3)
texts = st.lists(st.one_of(pieces, pieces, st.text(max_size=6), st.just(lines._END)), max_size=6).map("\n".join)
uids = st.integers(0, 6)
#: A part: documents (uid, their hashes), few of each so that they meet.
parts = st.lists(st.dictionaries(uids, st.lists(st.integers(0, 5).map((2**64 - 3).__sub__), max_size=6)), max_size=4)


@settings(deadline=None, max_examples=300)
@example("Σ\n\u3099か\n\u0301\nｶ\nﾞ\nᄀ\n\u1161", 1)
@given(texts, st.integers(-1, 4))
def test_hashes_and_spans_are_those_of_each_line(text: str, min_chars: int) -> None:
    hashes, spans = lines.line_hashes(text, min_chars)
    assert (hashes.dtype, spans.dtype, spans.shape) == (np.uint64, np.int64, (len(hashes), 2))
    expected, place = [], 0
    for line in text.split("\n"):
        if key(line) and len(key(line)) >= min_chars:
            expected.append((xxhash.xxh3_64(key(line).encode()).intdigest(), place, place + len(line)))
        place += len(line) + 1
    assert list(zip(hashes.tolist(), *spans.T.tolist(), strict=True)) == expected


def test_lines_with_equal_keys_are_equal() -> None:
    hashes, spans = lines.line_hashes("© 2024 ＡＢＣ商事\nPrivacy\n\n― 2024 abc商事. ―\n2024年", 10)
    assert hashes[0] == hashes[1]
    assert spans.tolist() == [[0, 12], [22, 37]]


def rows(table: np.ndarray) -> list[tuple[int, int, int]]:
    assert table.dtype == lines.LINE
    return [tuple(row) for row in table.tolist()]


def pairs(part: dict[int, list[int]]) -> tuple[np.ndarray, np.ndarray]:
    found = [(line, uid) for uid, held in part.items() for line in held]
    hashes, documents = np.array(found, dtype=np.uint64).reshape(-1, 2).T
    return hashes, documents


@settings(deadline=None)
@given(parts, st.integers(0, 4), st.randoms(use_true_random=False))
def test_tables_equal_a_plain_count(found: list[dict[int, list[int]]], least: int, random: Random) -> None:
    corpus = [{uid * 10 + part: held for uid, held in documents.items()} for part, documents in enumerate(found)]
    holders = defaultdict(set)
    for part in corpus:
        for uid, held in part.items():
            for line in held:
                holders[line].add(uid)
    expected = [(line, min(of), len(of)) for line, of in sorted(holders.items()) if len(of) >= least]
    tables = [lines.count(*pairs(part)) for part in corpus]
    random.shuffle(tables)
    table = lines.merge(tables, least)
    assert rows(table) == expected

    half = random.randint(0, len(tables))
    assert rows(lines.merge([lines.merge(tables[:half], 1), lines.merge(tables[half:], 1)], least)) == expected

    first = {line: uid for line, uid, _ in expected}
    for part in corpus:
        for uid, held in part.items():
            asked = np.array([*held, 0, 2**64 - 1], dtype=np.uint64)
            assert lines.repeated(asked, uid, table).tolist() == [
                first.get(line, uid) != uid for line in asked.tolist()
            ]


def test_nothing_counted() -> None:
    none = np.empty(0, dtype=np.uint64)
    empty = lines.count(none, none)
    assert rows(empty) == rows(lines.merge([], 1)) == rows(lines.merge([empty, empty], 0)) == []
    assert lines.repeated(np.array([1, 2], dtype=np.uint64), 0, empty).tolist() == [False, False]
    assert lines.repeated(none, 0, empty).tolist() == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nX\nb", "a\nb"),
        ("X\na", "a"),
        ("a\nX", "a"),
        ("a\nX\n", "a\n"),
        ("a\nX\nX\nX", "a"),
        ("X", ""),
        ("X\nX\nX", ""),
        ("a\n\nX\n\nb", "a\n\nb"),
        ("a\n\nX\n\nX\n\nX\n\nb", "a\n\nb"),
        ("a\n\n\n\nX", "a\n\n"),
        ("X\n\n\n\nb", "\n\nb"),
        ("a\n\n\n\nb\nX\nc\n\n\n\nd", "a\n\n\n\nb\nc\n\n\n\nd"),
        ("\n\n\n\na\nX\n", "\n\n\n\na\n"),
        ("𠮷\u200d\nX\n𩸽", "𠮷\u200d\n𩸽"),
    ],
)
def test_cut(text: str, expected: str) -> None:
    spans = [match.span() for match in re.finditer("X", text)]
    assert lines.cut(text, spans) == lines.cut(text, np.array(spans, dtype=np.int64)) == expected
    assert lines.cut(text, []) == lines.cut(text, np.empty((0, 2), dtype=np.int64)) == text


def cut_plainly(text: str, gone: list[bool]) -> str:
    """The lines that stay, and of the empty ones in a row beside a cut as many as make two newlines."""
    kept: list[str] = []
    seams = set()  # between kept[i - 1] and kept[i]
    for line, cut in zip(text.split("\n"), gone, strict=True):
        if cut:
            seams.add(len(kept))
        else:
            kept.append(line)
    joined = "\n".join(kept)
    places = [0]
    for line in kept:
        places.append(places[-1] + len(line) + 1)
    marks = {min(places[seam], len(joined)) for seam in seams}
    found, end = "", 0
    for run in re.finditer("\n+", joined):
        touched = any(run.start() <= mark <= run.end() for mark in marks)
        found += joined[end : run.start()] + (run[0][:2] if touched else run[0])
        end = run.end()
    return found + joined[end:]


@settings(deadline=None)
@given(st.text("\nab"), st.randoms(use_true_random=False))
def test_cut_equals_dropping_lines(text: str, random: Random) -> None:
    gone, spans, place = [], [], 0
    for line in text.split("\n"):
        gone.append(random.random() < 0.4 and line != "")
        spans += [(place, place + len(line))] * gone[-1]
        place += len(line) + 1
    assert lines.cut(text, spans) == cut_plainly(text, gone)


@pytest.mark.parametrize("text", ["\n" * 300_000, "a" * 3_000_000, "a\n" * 100_000, "\ud800\n\0\n\u0301" * 50_000])
def test_hostile_texts(text: str) -> None:
    hashes, spans = lines.line_hashes(text, 1)
    table = lines.merge([lines.count(hashes, np.ones_like(hashes))], 1)
    cut = lines.cut(text, spans[lines.repeated(hashes, 2, table)])
    assert len(lines.line_hashes(cut, 1)[0]) == 0
    assert lines.cut(text, spans[lines.repeated(hashes, 1, table)]) == text


def test_a_corpus_keeps_every_line_once() -> None:
    notice = "当サイトはクッキーを使用します。"
    documents = {uid: f"{notice}\n\n本文その{uid}です、これは長い。\n{notice}\nHome" for uid in range(5, 9)}
    held = {uid: lines.line_hashes(text, 8) for uid, text in documents.items()}
    counted = [lines.count(hashes, np.full_like(hashes, uid)) for uid, (hashes, _) in held.items()]
    table = lines.merge(counted, least=3)
    assert table["documents"].tolist() == [4]
    left = {uid: lines.cut(documents[uid], spans[lines.repeated(hashes, uid, table)])
            for uid, (hashes, spans) in held.items()}  # fmt: skip
    assert left == {5: documents[5], **{uid: f"\n本文その{uid}です、これは長い。\nHome" for uid in range(6, 9)}}
