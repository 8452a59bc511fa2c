import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.splitting import (
    PUNCTUATION,
    TERMINAL,
    Words,
    count_sentences,
    number,
    spaced,
    split_rows,
    split_words,
    words,
)

# Code points of every kind, and lone surrogates.
anything = st.text(st.characters() | st.sampled_from("  \n.,-'’\"/:@%$+…()sntA1aéカ"), max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What spaCy 3.8.18, which datatrove 0.10.1 splits English with, makes of them too.
        ("", ""),
        ("Hello, world!", "Hello , world !"),
        ("(see below).", "( see below ) ."),
        ("“don't” can’t we'll I've you're he'd I'm", "“ do n't ” ca n’t we 'll I 've you 're he 'd I 'm"),
        ("the boss's dogs' JOHN'S", "the boss 's dogs ' JOHN 'S"),
        ("well-known 3-way co-op- -x a--b a---b", "well - known 3 - way co - op- -x a -- b a --- b"),
        ("and/other key=value Foo:bar a<b,c", "and / other key = value Foo : bar a < b , c"),
        ("e.g. U.S. NASA. etc. a. Mx. v1.2.", "e.g. U.S. NASA . etc . a. Mx . v1.2 ."),
        ("wait... what…no ...and", "wait ... what … no ... and"),
        ("end.Start lower.lower 3.5 1,000 1-2 3*4", "end . Start lower.lower 3.5 1,000 1 - 2 3 * 4"),
        ("$5.50 50% 20€ +1 +x 5+", "$ 5.50 50 % 20 € +1 + x 5 +"),
        ("https://a-b.org/c-d?e=f, me@a-b.org x-y.txt", "https://a-b.org/c-d?e=f , me@a-b.org x-y.txt"),
        ("x=http://a-b.org 1:30 host-a.org:80", "x = http://a - b.org 1:30 host-a.org:80"),
        (
            "f(x)[i] __init__ snake_case #tag @me /usr/bin \\n",
            "f(x)[i ] _ _ init _ _ snake_case # tag @me /usr / bin \\n",
        ),
        ("37°C ©2020 a→b ★★ •", "37 ° C © 2020 a→b ★ ★ •"),
        ("«été» naïve. Привет, мир.", "« été » naïve . Привет , мир ."),
        ("a\u3000b\x85c\u200bd", "a b c\u200bd"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert split_words(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        ("Mr. vs.", "Mr . vs .", "Mr. vs."),
        ("cannot id Wed", "cannot id Wed", "can not i d We d"),
        ("10km 4K", "10km 4K", "10 km 4 K"),
        (":) 8)", ": ) 8 )", ":) 8)"),
        ("and/or", "and / or", "and/or"),
        ("p.i.", "p.i.", "p.i ."),
    ],
)
def test_words_that_spacy_cuts_otherwise(text: str, ours: str, theirs: str) -> None:
    assert split_words(text) == ours.split() != theirs.split()


@settings(deadline=None)
@given(anything, anything)
def test_words_are_all_but_white_space_and_end_with_it(one: str, other: str) -> None:
    found = split_words(one)
    assert "".join(found) == "".join(one.split())
    assert all(found)
    assert split_words(f"{one}\n{other}") == found + split_words(other)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(), min_size=1, max_size=4), max_size=30))
def test_numbers(split: list[str]) -> None:
    found = number(split)
    types = list(dict.fromkeys(split))
    assert found.distinct(longest=4) == types
    assert found.distinct(longest=1) == [word for word in types if len(word) == 1]
    assert found.ids.tolist() == [types.index(word) for word in split]
    assert found.counts.tolist() == [split.count(word) for word in types]
    assert found.lengths.tolist() == [len(word) for word in types]
    assert found.alpha.tolist() == [any(map(str.isalpha, word)) for word in types]
    assert found.symbols.tolist() == [PUNCTUATION.issuperset(word) for word in types]


@settings(deadline=None)
@given(anything)
def test_words_of_a_text_are_numbered_alike(text: str) -> None:
    found, expected = words(text), number(split_words(text))
    assert found.distinct(60) == expected.distinct(60)
    for field in ("ids", "counts", "lengths", "alpha", "symbols"):
        assert np.array_equal(getattr(found, field), getattr(expected, field))


def test_many_words_of_one_hash_bucket_stay_apart() -> None:
    split = [f"{n:x}" for n in range(20_000)] * 2
    found = number(split)
    assert found.ids.tolist() == [*range(20_000)] * 2
    assert set(found.counts.tolist()) == {2}


def test_rows_without_words() -> None:
    batch = pa.record_batch({"text": [None, "a b a", "語", "", "x"], "lang": ["en", "en", "zh", None, "ja"]})
    rows = split_rows(batch)
    assert [row[:2] for row in rows] == [(None, "en"), ("a b a", "en"), ("語", "zh"), ("", None), ("x", "ja")]
    assert [found and found.ids.tolist() for _, _, found in rows] == [None, [0, 1, 0], None, [], None]


def test_words_of_a_batch_are_split_once_also_for_what_is_left_of_it() -> None:
    asked = []

    def split(text: str, lang: str | None) -> Words | None:
        asked.append((text, lang))
        return number(list(text))

    batch = pa.record_batch({"text": ["ab", "c", "ab"], "lang": ["ja", "ja", "en"]})
    first = split_rows(batch, split)
    assert asked == [("ab", "ja"), ("c", "ja"), ("ab", "en")]
    assert split_rows(batch.slice(1), split)[0][2] is first[1][2]
    assert split_rows(batch.slice(2), split)[0][2] is first[2][2]
    assert len(asked) == 3
    assert split_rows(batch, spaced)[0][2] is None
    assert split_rows(batch.slice(1), split)[0][2] is not first[1][2]
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([], 0),
        ([""], 0),
        (["One"], 1),
        (["One. Two! Three?"], 3),
        (["One.", "Two"], 2),
        (["“One.” Two"], 2),
        (["One...", "“Two?!”"], 2),
        (["One... goes on, e.g. in the U.S. and at 3.5 %."], 1),
        (["!?", "."], 2),
        (["一。二！"], 1),  # no spaces, no words
        (["One । Two"], 2),
    ],
)
def test_sentences(lines: list[str], count: int) -> None:
    assert count_sentences(lines) == count


@settings(deadline=None)
@given(st.lists(anything.map(lambda text: " ".join(text.split())), max_size=5))
def test_sentences_end_with_the_line(lines: list[str]) -> None:
    assert count_sentences(lines) == sum(count_sentences([line]) for line in lines)
    assert count_sentences(lines) >= sum(map(bool, lines))


def test_ends_of_sentences() -> None:
    assert len(TERMINAL) == 159
    assert set(".!?。．！？｡") < TERMINAL
    assert not TERMINAL & set("…,;:\"')")


@pytest.mark.parametrize(
    "unit", ["(", ".", "-", "a.", "(-", "a-", "@", "://", "'s", "1+", "a@b.c", "(a", "é", "\ud800", "\0"]
)
def test_time_is_linear(unit: str) -> None:
    words("warm up")
    start = time.perf_counter()
    text = unit * (1_000_000 // len(unit))
    found = words(text)
    assert found.text is text
    assert count_sentences([text]) >= 1
    assert time.perf_counter() - start < 5  # some hundredths
