import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.english import FUNCTION_WORDS, English, measure

Judgement = tuple[str | None, float | None, float | None]
KEPT: Judgement = (None, None, None)
OFF = dict.fromkeys(("min_sentences", "max_ellipsis", "max_exclamation"))
PROSE = "The kettle was on the stove, and nobody had thought to take it off. It sang until the water was gone. "


def judge(rule: English, texts: list[str | None], lang: str = "en") -> list[Judgement]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())})
    found = filters.judge(rule, batch)
    return list(zip(found.reason.to_pylist(), found.value.to_pylist(), found.limit.to_pylist(), strict=True))


def only(**limit: float) -> English:
    return English(**{**OFF, **limit})


def test_function_words_whatever_their_case() -> None:
    assert measure("The cat AND the dog").function == 3 / 5
    assert measure("them themselves thematic théorie they're").function == 1 / 5
    assert measure("because becauses").function == 1 / 2
    assert measure("").function == measure("123 --- 4").function == 0


def test_no_function_word_is_too_long_to_be_a_number() -> None:
    assert all(len(word) <= 8 and word.isascii() for word in FUNCTION_WORDS.split())
    assert all(measure(word).function == 1 for word in FUNCTION_WORDS.split())


@pytest.mark.parametrize("end", [".", "!", "?", ".\n", '."', ".)", ".’ ", ".” So", "?!", "!!! ", ".'\t"])
def test_sentence_ends(end: str) -> None:
    assert measure(f"ten letters{end}").sentences * measure(f"ten letters{end}").lines > 0


@pytest.mark.parametrize("text", ["v1.2.3", "foo.bar(baz)", "wait...", "so on…", "x.y!z?w", "none"])
def test_what_ends_no_sentence(text: str) -> None:
    assert measure(text).sentences == 0


def test_a_menu_owes_sentences_and_verse_does_not() -> None:
    menu = "Home\nShop\nWomen\nMen\nKids\nShoes\nSale\nHelp\nContact\nReturns\nCareers\nPress\n" * 4
    verse = "the river under the bridge\nhas nothing to say to me\nand I have less for it\n" * 4
    assert judge(only(min_sentences=1 / 250), [menu, verse, PROSE]) == [("english_sentences", 0, 1 / 250), KEPT, KEPT]


def test_ellipsis() -> None:
    text = "First there was a sign…\n" * 3 + "It ends here.\n" * 7
    found = judge(only(max_ellipsis=0.3), [text, text + "And more ...  \n", text + "And more..\n"])
    assert found == [KEPT, ("english_ellipsis", 4 / 11, 0.3), KEPT]


def test_exclamation() -> None:
    texts: list[str | None] = ["Buy!\n" * 3 + "All.\n" * 3, "Buy!\r\n" * 4 + "All.\n" * 3, "Buy!\n" * 4]
    assert judge(only(max_exclamation=0.5), texts) == [KEPT, ("english_exclamation", 4 / 7, 0.5), KEPT]


def test_other_languages_and_missing_texts_are_not_judged() -> None:
    assert judge(English(), ["Home\n" * 99, ""], "ja") == [KEPT] * 2
    assert judge(English(), [None]) == [KEPT]
    assert judge(English(), []) == []


@pytest.mark.parametrize("field", OFF)
@pytest.mark.parametrize("limit", [-0.1, 1.1, float("nan")])
def test_impossible_limits_name_their_field(field: str, limit: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        English(**{field: limit})


@settings(deadline=None)
@given(st.text() | st.text("aThe .!?…“”'\n\t9é"))
def test_any_text_has_shares(text: str) -> None:
    found = measure(text)
    assert all(0 <= share <= 1 for share in (found.function, found.ellipsis, found.exclamation))
    assert 0 <= found.sentences <= len(text)
    assert found.lines <= len(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["the", "cat", "of", "Anna", "they", "zebra's", "I"]), min_size=1, max_size=30))
def test_as_a_plain_reading_counts(words: list[str]) -> None:
    known = set(FUNCTION_WORDS.split())
    assert measure(" ".join(words)).function == sum(word.lower() in known for word in words) / len(words)
