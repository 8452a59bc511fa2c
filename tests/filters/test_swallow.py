import gzip
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import DATA
from filters import judge
from filters.swallow import Swallow, SwallowFooter, SwallowPunctuation, hits, measure

PAGES = DATA / "eval/neardup/versions/docs.jsonl.gz"
GOLD = DATA / "eval/extraction/ja_template/gold.jsonl"


def reasons(rule: Swallow, texts: list[str | None], lang: str = "ja") -> list[str | None]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())})
    found: list[str | None] = judge(rule, batch).reason.to_pylist()
    return found


def off(**on: Any) -> Swallow:
    limits = {field: None for field in Swallow.__dataclass_fields__ if field.startswith(("min_", "max_"))}
    return Swallow(**{**limits, "max_top_ngrams": (None,) * 3, "max_dup_ngrams": (None,) * 6, **on})


def published(text: str) -> dict[str, float]:
    """Swallow's measures, read word for word and slowly. Fails where its code fails: no sentence, or few letters."""
    lines = [re.findall("[^。．！？!?]+[。．！？!?]?", line) for line in text.split("\n")]
    paragraphs = ["".join(line) for line in lines]
    sentences = [sentence for line in lines for sentence in line]

    def share(part: int, whole: int) -> float:
        return part / whole if whole else 0

    def repeated(pieces: list[str]) -> tuple[float, float]:
        extra = {piece: count - 1 for piece, count in Counter(pieces).items()}
        chars = sum(len(piece) * count for piece, count in extra.items())
        return share(sum(extra.values()), len(pieces)), share(chars, sum(map(len, pieces)))

    def count(*ranges: str) -> int:
        return sum(any(a <= char <= b for a, b in ranges) for char in text)

    hiragana, katakana = count("ぁゖ"), count("ァヺ")
    kanji = count("々々", "〇〇", "〻〻", "\u3400\u9fff", "\uf900\ufaff")
    japanese = hiragana + katakana + kanji + sum(char in "、，。．！？" for char in text)
    found = {
        "letters": len(text),
        "japanese_letters": japanese,
        "japanese": share(japanese, len(text)),
        "hiragana": share(hiragana, japanese),
        "katakana": share(katakana, japanese),
        "mean_sentence": share(sum(map(len, sentences)), len(sentences)),
        "longest_sentence": max(map(len, sentences)),
        "ellipsis": share(sum(s.strip().endswith(("・", "…")) for s in sentences), len(sentences)),
        "dup_lines": repeated(paragraphs)[0],
        "dup_line_chars": repeated(paragraphs)[1],
        "dup_sentences": repeated(sentences)[0],
        "dup_sentence_chars": repeated(sentences)[1],
    }
    for n in range(2, 11):
        counts = Counter(text[at : at + n] for at in range(len(text) - n + 1))
        if n < 5:
            found[f"top_{n}_gram"] = max(counts.values()) / sum(counts.values())
        else:
            found[f"dup_{n}_grams"] = share(sum(count > 1 for count in counts.values()), len(counts))
    return found


def published_keeps(found: dict[str, float]) -> bool:
    return (
        found["letters"] >= 400
        and found["japanese_letters"] >= 400
        and found["japanese"] >= 0.5
        and found["hiragana"] >= 0.2
        and found["katakana"] <= 0.5
        and 20 <= found["mean_sentence"] <= 90
        and found["longest_sentence"] <= 200
        and found["ellipsis"] <= 0.2
        and max(found["dup_lines"], found["dup_sentences"]) <= 0.3
        and max(found["dup_line_chars"], found["dup_sentence_chars"]) <= 0.2
        and all(found[f"top_{n}_gram"] <= limit for n, limit in zip((2, 3, 4), (0.2, 0.18, 0.16), strict=True))
        and all(found[f"dup_{n}_grams"] <= (20 - n) / 100 for n in range(5, 11))
    )


def without_defects(text: str) -> str:
    """A text that has nothing in it which we judge otherwise, much like another."""
    text = re.sub("[ー-ヿㇰ-ㇿｦ-ﾟゝ-ゟ]", "ア", re.sub("[〆\U00020000-\U0003fffd]", "字", text)).replace("...", "…")
    text = re.sub(r"\s+([。．！？!?])", r"\1", text)
    return "\n".join(line.strip() for line in text.split("\n") if line.strip(" \u3000。．！？!?"))


def agrees(text: str) -> bool:
    """Both measure the same, and so decide the same. Returns whether the page stays."""
    theirs = published(text)
    assert {name.removeprefix("swallow."): value or 0 for name, value in measure(text).items()} == theirs
    kept = reasons(Swallow(), [text]) == [None]
    assert kept == published_keeps(theirs)
    return kept


@cache
def real_pages() -> list[str]:
    with gzip.open(PAGES, "rt") as lines:
        pages = [page for page in map(json.loads, lines) if page["lang"] == "ja"]
    gold = [page for page in map(json.loads, GOLD.read_text().splitlines()) if page["lang"] == "ja"]
    return [page["text"] for page in (pages + gold)[::16] if page["text"]]


@pytest.mark.skipif(not PAGES.is_file(), reason="the real pages are not here")
def test_as_published_on_real_pages() -> None:
    kept = Counter(agrees(without_defects(text)) for text in real_pages())
    assert min(kept[True], kept[False]) >= 10


PIECES = st.sampled_from(
    [
        "吾輩は猫である。名前はまだ無い。",
        "どこで生れたかとんと見当がつかぬ。",
        "ページ",
        "メニュー一覧…",
        "！！",
        "？え！",
        "続きは・",
    ]
) | st.text("あいアイ亜一。！!？、\n a…・😀", min_size=1)


@given(st.lists(PIECES, min_size=1, max_size=40), st.integers(1, 12))
def test_as_published_on_any_text(pieces: list[str], times: int) -> None:
    text = without_defects("".join(pieces) * times)
    if len(text) >= 4:
        agrees(text)


@pytest.mark.parametrize(
    ("limit", "stays", "goes"),
    [
        ({"min_letters": 4}, "あああa", "ああa"),
        ({"min_japanese_letters": 3}, "ああ。a", "ああaaa"),
        ({"min_japanese": 0.5}, "あa", "あaa"),
        ({"min_hiragana": 0.2}, "あ亜亜亜。", "あ亜亜亜亜。"),
        ({"max_katakana": 0.5}, "アあ", "アアあ"),
        ({"max_longest_sentence": 4}, "あああ。ああああ", "あ。あああああ"),
        ({"max_ellipsis": 0.5}, "あ。い…", "あ・\nい… \nう"),
        ({"max_dup_lines": 0.5}, "a\na", "a\na\na"),
        ({"max_dup_line_chars": 0.5}, "ab\nab", "ab\nab\nab\nc"),
        ({"max_dup_sentences": 0.5}, "a!a!", "a!a!a!"),
        ({"max_dup_sentence_chars": 0.5}, "ab!ab!", "ab!ab!ab!c"),
    ],
)
def test_each_limit(limit: dict[str, float], stays: str, goes: str) -> None:
    (field,) = limit
    assert reasons(off(**limit), [stays, goes]) == [None, f"swallow_{field[4:]}"]


def test_mean_sentence() -> None:
    texts: list[str | None] = ["ああ。あああ。", "ああ。ああああ。", "あああ。ああああ。"]
    assert reasons(off(min_mean_sentence=4), texts) == ["swallow_short_sentences", None, None]
    assert reasons(off(max_mean_sentence=4), texts) == [None, None, "swallow_long_sentences"]


@pytest.mark.parametrize("n", range(2, 11))
def test_ngrams(n: int) -> None:
    limits = [0.5 if n == each else None for each in range(2, 11)]
    rule = off(max_top_ngrams=tuple(limits[:3]), max_dup_ngrams=tuple(limits[3:]))
    stays, goes = ("a" * n + "b", "a" * n + "ab") if n < 5 else ("a" * n + "ab", "a" * n + "a")
    assert reasons(rule, [stays, goes, "a" * n, "a"]) == [
        None,
        f"swallow_top_{n}_gram" if n < 5 else f"swallow_dup_{n}_grams",
        f"swallow_top_{n}_gram" if n < 5 else None,
        None,
    ]


def test_the_first_limit_counts_as_in_its_code() -> None:
    assert reasons(Swallow(), ["短い\n短い", "短い。\n" * 200, "ab" * 300]) == [
        "swallow_letters",
        "swallow_dup_lines",
        "swallow_top_2_gram",
    ]


def test_what_swallow_takes_for_no_japanese() -> None:
    for text in ("コーヒー", "ｺｰﾋｰ", "𠮷野家で𩸽", "いすゞ", "ページ〆"):
        assert measure(text)["swallow.japanese"] == 1, text
    assert measure("ｺｰﾋｰ")["swallow.katakana"] == 1


def test_three_ascii_dots_are_an_ellipsis() -> None:
    teasers = "\n".join(f"{n}番目の記事の続きはこちら..." for n in range(30))
    assert reasons(off(max_ellipsis=0.2), [teasers, teasers.replace("...", "…"), teasers.replace("...", "。")]) == [
        "swallow_ellipsis",
        "swallow_ellipsis",
        None,
    ]


def test_blank_lines_are_no_repeated_lines() -> None:
    lines = ["猫である。", "名前は無い。", "どこだ。", "見当がつかぬ。"]
    for between in ("\n\n", "\n \u3000\n", "\n！！\n"):
        found = measure(between.join(lines))
        assert found["swallow.dup_lines"] == found["swallow.dup_sentences"] == 0, between
        assert found["swallow.mean_sentence"] == sum(map(len, lines)) / 4


@pytest.mark.parametrize("text", ["", "あ", "\n", "。", "\ud800", "\0", "a", "！！！", " \n "])
def test_texts_of_almost_nothing_are_short(text: str) -> None:
    found = measure(text)
    assert (found["swallow.letters"], found.get("swallow.dup_10_grams")) == (len(text), None)


def test_rows_without_text_or_in_another_language_stay() -> None:
    assert reasons(Swallow(), [None, "短い"]) == [None, "swallow_letters"]
    assert reasons(Swallow(), ["short"], "en") == [None]
    batch = pa.record_batch({"text": ["short"], "lang": ["en"]})
    assert all(column.null_count == 1 and column.type == pa.float64() for column in Swallow().measure(batch).values())


def test_none_switches_off_and_limits_change_no_score() -> None:
    texts: list[str | None] = ["", "あ", "あ" * 999, None]
    assert reasons(off(), texts) == [None] * 4
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": ["ja"] * 4})
    assert off().measure(batch) == Swallow().measure(batch)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Swallow(min_letters=-1), "min_letters"),
        (lambda: Swallow(max_top_ngrams=(0.2,)), "max_top_ngrams"),
        (lambda: Swallow(words=("猫", "")), "words"),
        (lambda: SwallowFooter(words=("",)), "words"),
        (lambda: SwallowFooter(lines=0), "lines"),
        (lambda: SwallowFooter(share=1.1), "share"),
    ],
)
def test_impossible_settings_name_their_field(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        make()


# Words of a list


def found_words(text: str, *words: str) -> list[str]:
    return [text[start:end] for start, end in hits(text, words)]


def test_katakana_words_do_not_stand_in_longer_ones() -> None:
    assert found_words("リュックサック、アスパラガス、スケジューラー", "サック", "アス", "スケ", "リュック") == []
    assert found_words("サックとアス。スケ", "サック", "アス", "スケ") == ["サック", "アス", "スケ"]
    assert found_words("サッカー サック」ｻｯｸｽ", "サッ", "サック", "ｻｯｸ") == ["サック"]


def test_kanji_words_do_not_stand_across_words() -> None:
    assert found_words("性感染症の検査、性感染症", "性感") == []
    assert found_words("性感染症と性感帯、性感", "性感") == ["性感", "性感"]
    assert found_words("日本人の本人確認", "本人") == ["本人"]
    # Where SudachiPy cuts katakana, no word begins.
    assert found_words("性感帯のスマートフォンケース", "性感", "ケース") == ["性感"]
    # A shorter word, or one that begins in it, may count where the longest does not.
    assert found_words("性感染症", "性感", "感染") == ["感染"]


def test_words_of_other_scripts_stand_alone() -> None:
    assert found_words("class ass асс массаж ASS assと", "ass", "асс") == ["ass", "асс", "ass"]
    assert found_words("もののけもの", "もの") == ["もの", "もの"]  # hiragana have no edges


def test_the_longest_word_counts_once() -> None:
    assert found_words("ねこのこねこのこのこ", "ねこ", "ねこのこ", "のこ") == ["ねこのこ", "ねこのこ", "のこ"]
    assert found_words("aあ", "a", "aあ", "あ") == ["aあ"]
    assert hits("", ["a"]) == hits("a", []) == []


@given(st.text("あいアイ a。"), st.lists(st.text("あいアイ a", min_size=1, max_size=4)))
def test_as_a_slow_search(text: str, words: list[str]) -> None:
    def edge(at: int) -> bool:
        around = text[max(at - 1, 0) : at + 1]
        return not (len(around) == 2 and (set(around) <= set("アイ") or set(around) <= {"a"}))

    expected, at = [], 0
    while at < len(text):
        fits = [w for w in words if text.startswith(w, at) and edge(at) and edge(at + len(w))]
        if fits:
            expected.append((at, at + max(map(len, fits))))
            at = expected[-1][1]
        else:
            at += 1
    assert hits(text, words) == expected


def test_share_of_unwanted_words() -> None:
    rule = off(words=("ねこ",), max_words=Swallow().max_words)
    # 2 of 40 letters reach 0.05, punctuation among them.
    assert reasons(rule, ["ねこ" + "あ" * 37 + "。", "ねこ" + "あ" * 38 + "。", "ねこ abc", "。", "abc"]) == [
        "swallow_words",
        None,
        "swallow_words",
        None,
        None,
    ]
    assert "swallow.words" not in measure("ねこ")


# Editors


def edited(rule: SwallowFooter | SwallowPunctuation, text: str, lang: str = "ja") -> str:
    spans = rule.edits(text, lang)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    for start, end, put in reversed(spans):
        assert 0 <= start < end <= len(text)
        text = text[:start] + put + text[end:]
    return text


FOOTER = SwallowFooter(words=("Copyright", "サイトマップ", "プライバシーポリシー"))


def test_footer() -> None:
    page = "本文です。\nCopyrightの話をここでは長々とするので、段落の全体は脚注でない。"
    foot = "\nサイトマップ | プライバシーポリシー\n(c) 2024 株式会社なにか\n"
    assert edited(FOOTER, page + foot) == page
    assert edited(FOOTER, page + foot, "en") == page + foot
    assert edited(SwallowFooter(), page + foot) == page + foot
    assert edited(FOOTER, "サイトマップ\nサイトマップ") == ""
    assert edited(FOOTER, "") == ""


def test_footer_begins_in_the_last_lines() -> None:
    page = "本文。\nサイトマップ"
    assert edited(FOOTER, page + "\n行" * 9) == "本文。"
    assert edited(FOOTER, page + "\n行" * 10) == page + "\n行" * 10
    assert edited(SwallowFooter(FOOTER.words, lines=2), page + "\n行" * 2) == page + "\n行" * 2


def test_footer_needs_more_than_its_share() -> None:
    assert edited(FOOTER, "サイトマップ" + "の" * 14) == "サイトマップ" + "の" * 14  # 0.3
    assert edited(FOOTER, "サイトマップ" + "の" * 13) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("猫である，名前は無い．だが，", "猫である、名前は無い。だが、"),
        ("猫である，名前は無い。だが，", "猫である、名前は無い。だが、"),
        ("猫である，名前は、無い．だが。", "猫である，名前は、無い．だが。"),  # as many: nothing
        ("コーヒー，ページ，〆，あ、", "コーヒー、ページ、〆、あ、"),
        ("値は３．１４，約3．1である．図1，図2．", "値は３．１４，約3．1である。図1，図2。"),
        ("彼は，３，Ａ，3，4，と，", "彼は、３，Ａ，3，4、と、"),
        ("待て．．．（了）．", "待て。。。（了）。"),
        ("a，b．c", "a，b．c"),
    ],
)
def test_punctuation(text: str, expected: str) -> None:
    assert edited(SwallowPunctuation(), text) == expected
    assert edited(SwallowPunctuation(), text, "zh") == text


@given(st.text("あア，．、。１1a\n"))
def test_punctuation_changes_nothing_else_and_nothing_twice(text: str) -> None:
    once = edited(SwallowPunctuation(), text)
    assert once.translate(str.maketrans("、。", "，．")) == text.translate(str.maketrans("、。", "，．"))


@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    for name, value in measure(text, ("a", "\ud800")).items():
        assert value is None or value >= 0, name
    edited(FOOTER, text)
    edited(SwallowPunctuation(), text)


@pytest.mark.parametrize(
    "text", ["あ" * 1_000_000, "。" * 1_000_000, "性感染症" * 20_000, "，" * 1_000_000 + "1", "ア\n" * 99_999]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    measure(text, ("性感", "ああ"))
    edited(SwallowPunctuation(), text)
