"""Gopher, C4 and FineWeb judge as datatrove's filters do: the same scores of the same words, to the last bit."""

import gzip
import importlib.util
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datatrove.data import Document
from datatrove.pipeline.filters import (
    c4_filters,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)
from datatrove.pipeline.filters.c4_filters import C4QualityFilter
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter
from datatrove.utils import text as datatrove_text
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import Bound, splitting
from filters.c4 import C4, C4Lines
from filters.fineweb import FineWeb, layout
from filters.gopher import GopherQuality, GopherRepetition, quality, repetition
from filters.splitting import number, split_words
from tokenizer import words as sudachi

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "eval"
STOP_WORDS = GopherQuality().stop_words

#: What datatrove calls our reasons.
REASONS = {
    "gopher_few_words": "gopher_short_doc",
    "gopher_many_words": "gopher_long_doc",
    "gopher_short_words": "gopher_below_avg_threshold",
    "gopher_long_words": "gopher_above_avg_threshold",
    "gopher_hashes": "gopher_too_many_hashes",
    "gopher_ellipses": "gopher_too_many_ellipsis",
    "gopher_bullet_lines": "gopher_too_many_bullets",
    "gopher_ellipsis_lines": "gopher_too_many_end_ellipsis",
    "gopher_alpha_words": "gopher_below_alpha_threshold",
    "gopher_stop_words": "gopher_enough_stop_words",
    "gopher_empty": "empty",
    "gopher_dup_line_frac": "dup_line_frac",
    "gopher_dup_line_char_frac": "dup_line_char_frac",
    "gopher_dup_para_frac": "dup_para_frac",
    "gopher_dup_para_char_frac": "dup_para_char_frac",
    **{f"gopher_top_{n}_gram": f"top_{n}_gram" for n in (2, 3, 4)},
    **{f"gopher_dup_{n}_grams": f"duplicated_{n}_n_grams" for n in range(5, 11)},
    "fineweb_empty": "empty",
    "fineweb_line_punct": "line_punct_ratio",
    "fineweb_short_lines": "short_line_ratio",
    "fineweb_dup_line_chars": "char_dup_ratio",
    "fineweb_new_lines": "list_ratio",
    "c4_lorem_ipsum": "lorem_ipsum",
    "c4_curly_brackets": "curly_bracket",
    "c4_few_sentences": "too_few_sentences",
}

Split = Callable[[str], list[str]]
SPLITTERS: dict[str, Split] = {"regex": re.compile(r"\w+|[^\w\s]").findall, "ours": split_words}


def theirs(step: Any, text: str) -> tuple[str | None, str]:
    """datatrove's reason, and its text."""
    document = Document(text=text, id="")
    verdict = step.filter(document)
    return (None if verdict is True else verdict[1]), document.text


def ours(scores: Mapping[str, float | None], bounds: Sequence[Bound]) -> str | None:
    """datatrove's name for our reason."""
    for bound in bounds:
        value = scores.get(bound.score)
        if value is None:
            continue
        if (bound.least is not None and value < bound.least) or (bound.most is not None and value > bound.most):
            return REASONS[bound.reason]
    return None


def use(monkeypatch: pytest.MonkeyPatch, split: Split) -> None:
    for module in (gopher_quality_filter, gopher_repetition_filter, fineweb_quality_filter):
        monkeypatch.setattr(module, "split_into_words", lambda text, language: split(text))


@cache
def english() -> list[str]:
    """Documentation, news and other pages."""
    if not DATA.exists():
        pytest.skip(f"no real documents at {DATA}")
    with gzip.open(DATA / "neardup/versions/docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [row["text"] for row in map(json.loads, lines) if row["lang"] == "en"]
    for name in ("zyte_article", "readability", "postlight"):
        rows = map(json.loads, (DATA / f"extraction/{name}/gold.jsonl").read_text(encoding="utf-8").splitlines())
        texts += [row["text"] for row in rows if row["page_lang"] == "en" and row["text"]]
    assert len(texts) > 400
    return texts[::3]


@pytest.mark.parametrize("name", SPLITTERS)
def test_verdicts_on_real_documents_are_equal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    split = SPLITTERS[name]
    use(monkeypatch, split)
    steps = GopherQualityFilter(), GopherRepetitionFilter(), FineWebQualityFilter()
    bounds = [rule.bounds("en") for rule in (GopherQuality(), GopherRepetition(), FineWeb())]
    dropped = set()
    for text in english():
        words = number(split(text))
        scores = quality(text, words, STOP_WORDS), repetition(text, words), layout(text, words, 30)
        expected = [theirs(step, text)[0] for step in steps]
        assert list(map(ours, scores, bounds)) == expected
        dropped.update(expected)
    assert len(dropped) > 10


def test_c4_on_real_documents_is_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = re.compile(r"[.!?]\s")
    monkeypatch.setattr(c4_filters, "split_into_sentences", lambda text, language: ends.split(text))
    rule, step = C4(), C4QualityFilter()
    dropped = set()
    for text in english():
        reason, edited = theirs(step, text)
        scores = rule.scores(text, lambda lines: sum(len(ends.split(line)) for line in lines))
        assert ours(scores, rule.bounds("en")) == reason
        if reason is None:
            assert bare(cut(text, rule.lines)) == bare(edited)
        dropped.add(reason)
    assert len(dropped) > 2


C4_PIECES = (
    "Go.",
    "on",
    "[1]",
    "[edit]",
    "JavaScript",
    "{",
    "lorem",
    "IPSUM",
    "use",
    "cookies",
    "...",
    "'",
    "\n",
    "\x85",
)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(C4_PIECES)),
    st.fixed_dictionaries(
        {
            "remove_citations": st.booleans(),
            "filter_no_terminal_punct": st.booleans(),
            "min_words_per_line": st.sampled_from([-1, 0, 2]),
            "max_word_length": st.sampled_from([-1, 4]),
            "filter_javascript": st.booleans(),
            "filter_policy": st.booleans(),
            "filter_lorem_ipsum": st.booleans(),
            "filter_curly_bracket": st.booleans(),
        }
    ),
)
def test_c4_settings_mean_the_same(pieces: list[str], theirs_: dict[str, Any]) -> None:
    text = " ".join(pieces)
    lines = C4Lines(
        citations=theirs_["remove_citations"],
        terminal_punctuation=theirs_["filter_no_terminal_punct"],
        min_line_words=None if theirs_["min_words_per_line"] < 0 else theirs_["min_words_per_line"],
        max_word=None if theirs_["max_word_length"] < 0 else theirs_["max_word_length"],
        javascript=theirs_["filter_javascript"],
        policy=theirs_["filter_policy"],
    )
    rule = C4(lines, theirs_["filter_lorem_ipsum"], theirs_["filter_curly_bracket"], min_sentences=None)
    reason, edited = theirs(C4QualityFilter(min_num_sentences=-1, **theirs_), text)
    found = ours(rule.scores(text), rule.bounds("en"))
    assert (found is None) == (reason is None)
    if reason is None:
        assert bare(cut(text, rule.lines)) == bare(edited)


def cut(text: str, rule: C4Lines) -> str:
    for start, end in reversed(rule.cuts(text)):
        text = text[:start] + text[end:]
    return text


def bare(text: str) -> list[str]:
    """The lines, but for blank ones and the white space around, which datatrove takes away with the rest."""
    return [line for line in map(str.strip, text.splitlines()) if line]


QUALITY_OFF = {
    "min_doc_words": None,
    "max_doc_words": None,
    "min_avg_word_length": None,
    "max_avg_word_length": None,
    "max_symbol_word_ratio": None,
    "max_bullet_lines_ratio": None,
    "max_ellipsis_lines_ratio": None,
    "max_non_alpha_words_ratio": None,
    "min_stop_words": None,
}
REPETITION_OFF = {
    "dup_line_frac": None,
    "dup_para_frac": None,
    "dup_line_char_frac": None,
    "dup_para_char_frac": None,
    "top_n_grams": (),
    "dup_n_grams": (),
}
FINEWEB_OFF = {
    "line_punct_thr": 0.0,
    "short_line_thr": math.inf,
    "char_duplicates_ratio": math.inf,
    "new_line_ratio": math.inf,
}


def with_only(score: str, limit: float) -> Any:
    """A filter of datatrove that looks at nothing but this score."""
    group, name = score.split(".")
    if group == "fineweb":
        option = {
            "line_punct": "line_punct_thr",
            "short_lines": "short_line_thr",
            "dup_line_chars": "char_duplicates_ratio",
            "new_lines": "new_line_ratio",
        }[name]
        return FineWebQualityFilter(**(FINEWEB_OFF | {option: limit}))
    if found := re.fullmatch(r"(top|dup)_(\d+)_grams?", name):
        return GopherRepetitionFilter(**(REPETITION_OFF | {f"{found[1]}_n_grams": ((int(found[2]), limit),)}))
    if name.startswith("dup"):
        return GopherRepetitionFilter(**(REPETITION_OFF | {name: limit}))
    option = {
        "words": "min_doc_words",
        "mean_word": "min_avg_word_length",
        "hashes": "max_symbol_word_ratio",
        "ellipses": "max_symbol_word_ratio",
        "bullet_lines": "max_bullet_lines_ratio",
        "ellipsis_lines": "max_ellipsis_lines_ratio",
        "alpha_words": "max_non_alpha_words_ratio",
        "stop_words": "min_stop_words",
    }[name]
    return GopherQualityFilter(**(QUALITY_OFF | {option: limit}))


LEAST = {"gopher.words", "gopher.mean_word", "gopher.alpha_words", "gopher.stop_words", "fineweb.line_punct"}

# No word begins another: datatrove joins n-grams of five words and more without spaces, and so takes "a bc" for "ab c".
words_and_gaps = st.lists(
    st.tuples(
        st.sampled_from(["the", "of", "be", "Cats", "don't", "•", "-", "#", "...", "…", "!", "「あ」", "x1", "３"]),
        st.sampled_from([" ", " ", "\n", "\n\n", " \n", "\r\n", "\u3000\x85"]),
    ),
    min_size=1,
    max_size=60,
)


@settings(deadline=None)
@given(words_and_gaps, st.sampled_from(["", "\n", "\n\n the"]))
def test_scores_are_equal_to_the_last_bit(pieces: list[tuple[str, str]], before: str) -> None:
    text = before + "the cat of be " + "".join(word + gap for word, gap in pieces)
    words = number(text.split())
    scores = {**quality(text, words, STOP_WORDS), **repetition(text, words), **layout(text, words, 30)}
    with pytest.MonkeyPatch.context() as monkeypatch:
        use(monkeypatch, str.split)
        for name, value in scores.items():
            if name in ("gopher.chars", "fineweb.lines"):  # limits of ours, for what datatrove calls empty
                continue
            assert value is not None
            # "#" and "..." have one limit in datatrove: the other must not object.
            if name in ("gopher.hashes", "gopher.ellipses"):
                value = max(scores["gopher.hashes"] or 0, scores["gopher.ellipses"] or 0)
            assert theirs(with_only(name, value), text)[0] is None, name
            beyond = math.nextafter(value, math.inf if name in LEAST else -math.inf)
            assert theirs(with_only(name, beyond), text)[0] is not None, name


def test_ngrams_of_the_same_letters_differ_when_cut_elsewhere() -> None:
    text = "ab c d e f a bc d e f"
    assert repetition(text, number(text.split()))["gopher.dup_5_grams"] == 0
    assert gopher_repetition_filter.find_all_duplicate(text.split(), 5) == 6


def test_empty_texts() -> None:
    for text in ("", " \n\n "):
        scores = layout(text, number([]), 30)
        assert ours(scores, FineWeb().bounds("en")) == theirs(FineWebQualityFilter(), text)[0] == "empty"
    assert ours(repetition("", number([])), GopherRepetition().bounds("en")) == "empty"
    assert theirs(GopherRepetitionFilter(), "")[0] == "empty"


def test_characters_are_the_same() -> None:
    assert splitting.TERMINAL == datatrove_text.TERMINAL_PUNCTUATION
    assert splitting.PUNCTUATION == datatrove_text.PUNCTUATION_SET


def test_japanese_by_fineweb_2(monkeypatch: pytest.MonkeyPatch) -> None:
    if not DATA.exists():
        pytest.skip(f"no real documents at {DATA}")
    use(monkeypatch, sudachi.words)
    steps = (
        GopherQualityFilter(
            min_avg_word_length=1,
            max_avg_word_length=6,
            max_non_alpha_words_ratio=0.759,
            stop_words=list("のにをはたてがとで年し・月れさ"),
        ),
        GopherRepetitionFilter(
            dup_line_frac=0.328,
            dup_para_frac=0,
            dup_para_char_frac=0,
            dup_line_char_frac=0,
            top_n_grams=((2, 0.239), (3, 0.196), (4, 0.172)),
            dup_n_grams=((5, 0.243), (6, 0.225), (7, 0.207), (8, 0.19), (9, 0.175), (10, 0.159)),
        ),
        FineWebQualityFilter(
            line_punct_thr=0.096, short_line_thr=math.inf, char_duplicates_ratio=0.1, new_line_ratio=0.13
        ),
    )
    rules = GopherQuality(), GopherRepetition(), FineWeb()
    rows = map(json.loads, (DATA / "extraction/ja_template/gold.jsonl").read_text(encoding="utf-8").splitlines())
    texts = [row["text"] for row in rows][::16]
    batch = pa.record_batch({"text": texts, "lang": ["ja"] * len(texts)})
    dropped = set()
    for rule, step in zip(rules, steps, strict=True):
        measured = rule.measure(batch, split=lambda text, lang: number(sudachi.words(text)))
        for row, text in enumerate(texts):
            reason = theirs(step, text)[0]
            assert ours({name: column[row].as_py() for name, column in measured.items()}, rule.bounds("ja")) == reason
            dropped.add(reason)
    assert len(dropped) > 4


@pytest.mark.skipif(importlib.util.find_spec("spacy") is None, reason="spaCy, which datatrove splits with, is not here")
def test_verdicts_with_datatrove_as_it_comes() -> None:
    """All are equal with the words that spaCy finds, and 99 % with ours."""
    steps = GopherQualityFilter(), GopherRepetitionFilter(), FineWebQualityFilter(), C4QualityFilter()
    rules = GopherQuality(), GopherRepetition(), FineWeb(), C4()
    others = 0
    for text in english():
        words = number(datatrove_text.split_into_words(text))
        expected = [theirs(step, text)[0] for step in steps]
        scores = [quality(text, words, STOP_WORDS), repetition(text, words), layout(text, words, 30)]
        assert [ours(found, rule.bounds("en")) for found, rule in zip(scores, rules)] == expected[:3]
        batch = pa.record_batch({"text": [text], "lang": ["en"]})
        found = [
            ours({name: column[0].as_py() for name, column in rule.measure(batch).items()}, rule.bounds("en"))
            for rule in rules
        ]
        others += [reason is None for reason in found] != [reason is None for reason in expected]
    assert others <= len(english()) / 100
