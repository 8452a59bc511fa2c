import gzip
import importlib.metadata
import itertools
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import sudachipy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import DATA, ROOT
from tokenizer.words import dictionary, words

# Kana with marks of their own, characters of which SudachiPy makes several words or none, readings in parentheses,
# numbers, names with spaces, every kind of end and of white space, surrogates.
TRICKY = (
    "かがハﾊﾞ゛\u3099ー〜漢字学校㍿ﷺ①½㋿12,.ABé（かん）(。！？!?\n\r\t \u3000\x1c\x85\u2028"
    "\x00\u200b\ufe0f😀𠮷\ud83d\ude00"
)
texts = st.text(st.sampled_from(TRICKY), max_size=40) | st.text(max_size=40) | st.text(st.characters(), max_size=40)
modes = st.sampled_from("ABC")


def without_space(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", "".join(text.split()))


def test_the_shortest_units_and_longer_ones() -> None:
    assert words("選挙管理委員会が、開かれた。") == ["選挙", "管理", "委員", "会", "が", "、", "開か", "れ", "た", "。"]
    assert words("選挙管理委員会", "B") == ["選挙", "管理", "委員会"]
    assert words("選挙管理委員会", "C") == ["選挙管理委員会"]
    assert words("１２,３００円と2024年") == ["１２,３００", "円", "と", "2024", "年"]
    assert words("") == words("\n　 ") == []
    with pytest.raises(sudachipy.errors.SudachiError):
        words("源", "D")


def test_words_hold_no_white_space_and_none_is_empty() -> None:
    assert words("New York　Times ㍿") == ["New", "York", "Times", "㍿"]
    assert words("東 京\r\n都") == ["東", "京", "都"]


@settings(deadline=None, max_examples=300)
@given(texts, modes)
@example("ﷺ" * 3000, "A")  # 18 characters, 33 bytes, as SudachiPy normalises it
@example("a\ud800b", "A")
def test_nothing_but_white_space_is_lost(text: str, mode: str) -> None:
    found = words(text, mode)
    assert "".join(found) == without_space(text)
    assert all(word and not any(map(str.isspace, word)) for word in found)


@settings(deadline=None)
@given(texts, st.sampled_from("。！？\n"), texts)
def test_a_sentence_has_the_same_words_wherever_it_stands(before: str, end: str, after: str) -> None:
    after = after.lstrip("。！？\n")
    assert words(before + end + after) == words(before + end) + words(after)


@pytest.mark.parametrize(
    "text",
    [
        *("あ漢a1ー、 。\n\x00😀\u3099\ud800ﷺ㍿"),
        "か\u3099",
        "1,",
        "漢(かん)",
        "カ",
        "あ。",
        "。あ",
        "a ",
        "x" * 501 + "。",
    ],
)
def test_a_giant_of_one_kind_is_cut_and_lost_nowhere(text: str) -> None:
    giant = text * (100_000 // len(text))
    assert "".join(words(giant)) == without_space(giant)


def test_long_stretches_are_cut_at_white_space_and_else_after_500_characters() -> None:
    assert words("ab " * 400) == ["ab"] * 400
    assert words("a" * 480 + " " + "b" * 480) == ["a" * 480, "b" * 480]
    assert words("a" * 1200) == ["a" * 500, "a" * 500, "a" * 200]
    assert words("a" * 500 + "。") == ["a" * 500, "。"]


def test_real_pages_are_hardly_cut_elsewhere_than_whole() -> None:
    """11 of 102,000 boundaries differ, nine of them inside host names."""
    file = DATA / "eval/neardup/versions/docs.jsonl.gz"
    if not file.exists():
        pytest.skip(f"{file} is not here")
    whole = sudachipy.Dictionary(dict="core").tokenizer(mode="A")
    differing = boundaries = 0
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        pages = (row["text"] for row in map(json.loads, lines) if row["lang"] == "ja")
        for page in itertools.islice((page for page in pages if len(page) < 12_000), 60):
            uncut = [word for morpheme in whole.tokenize(page) for word in morpheme.surface().split()]
            ends = [set(itertools.accumulate(map(len, some))) for some in (words(page), uncut)]
            differing += len(ends[0] ^ ends[1])
            boundaries += len(ends[1])
    assert boundaries > 50_000
    assert differing < boundaries / 2000


def test_threads_find_the_same_words() -> None:
    pages = [f"第{i}回の会議は、関西国際空港で開かれた。" * 50 for i in range(16)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(words, pages)) == [words(page) for page in pages]


def test_the_dictionary_is_named_with_its_version() -> None:
    name, version = dictionary().split(" ")
    assert name == "sudachidict-core"
    assert version == importlib.metadata.version("sudachidict-core")


def test_the_dictionary_is_loaded_by_the_first_text_and_once() -> None:
    program = (
        "from tokenizer import words as module; loaded = module._dictionary.cache_info; assert loaded().misses == 0;"
        "module.dictionary(); assert loaded().misses == 0;"
        "module.words('源'); module.words('氏', 'C'); assert loaded().misses == 1"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, check=True, timeout=60)
