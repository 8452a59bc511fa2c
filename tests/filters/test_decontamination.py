import csv
import gzip
import hashlib
import io
import json
import math
import random
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import filters
from conftest import DATA
from filters.decontamination import BenchmarkError, Decontamination, Hit, digests

JA = "ジャネットのアヒルは1日に16個の卵を生みます。バスで市場へ行き、1個あたり2ドルで売ります。"
EN = "Janet’s first ducks lay 16 eggs per day. She sells the rest at the farmers' market for $2 per fresh duck egg."


def benchmark(folder: Path, records: Iterable[Any], name: str = "b.jsonl", **settings: Any) -> Decontamination:
    """A rule for the records, with a file of its own: what was read once is kept."""
    file = Path(tempfile.mkdtemp(dir=folder)) / name
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return Decontamination((str(file),), **settings)


def questions(folder: Path, *texts: str, **settings: Any) -> Decontamination:
    return benchmark(folder, [{"question": text} for text in texts], **settings)


def overlaps(rule: Decontamination, *texts: str | None) -> list[float | None]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array(["ja"] * len(texts), pa.string())})
    (found,) = rule.measure(batch).values()
    assert found.type == pa.float64()
    result: list[float | None] = found.to_pylist()
    return result


def test_an_item_in_a_document(tmp_path: Path) -> None:
    rule = questions(tmp_path, "Who wrote the first novel in the world?", EN)
    page = f"How to teach sums\n\n{EN.upper()}\n\nMore sums"
    assert overlaps(rule, page, "The ducks of Janet do not lay eggs on the farmers' market", "", None) == [
        1,
        0,
        0,
        None,
    ]
    assert rule.hits(page) == [Hit("b.jsonl:2", "question", 1, (EN.upper().removesuffix("."),))]
    assert rule.hits("") == []
    assert overlaps(rule) == []


def test_the_language_of_the_document_plays_no_part(tmp_path: Path) -> None:
    rule = questions(tmp_path, JA, EN)
    assert [hit.item for hit in rule.hits(f"問題です。{EN}答えは？")] == ["b.jsonl:2"]
    assert [hit.item for hit in rule.hits(f"Translate: {JA} into English")] == ["b.jsonl:1"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.translate({point: point + 0xFEE0 for point in range(0x21, 0x7F)}),
        lambda text: text.replace("ジ", "ｼﾞ").replace("バ", "ハ゛").replace("ド", "ト\u3099").replace("ス", "ｽ"),
        lambda text: unicodedata.normalize("NFD", text.replace("eggs", "éggs")),
        str.swapcase,
        lambda text: re.sub(r"[。、.,’']", "\n—\u3000", text),
        lambda text: text.replace("の", "\u200bの\ufe00").replace("g", "g\u00ad"),
        lambda text: text.replace("fi", "ﬁ").replace("日", "㈰"),
        lambda text: text.replace("16", "1,234.5").replace("2", "99"),
    ],
    ids=["width", "voice marks", "accents", "case", "punctuation", "unseen", "compatibility", "numbers"],
)
def test_formatting_hides_nothing(tmp_path: Path, change: Callable[[str], str]) -> None:
    assert change(JA + EN) != JA + EN
    assert overlaps(questions(tmp_path, JA, EN), change(JA), change(EN)) == [1, 1]


def test_voice_marks_are_a_difference(tmp_path: Path) -> None:
    rule = questions(tmp_path, "バスとカラスとハス")
    assert overlaps(rule, "バスとカラスとハス", "パスとカラスとハス", "バスとガラスとハス", "は゛すとからすとはす") == [
        1,
        0.5,
        0,
        0,
    ]
    assert overlaps(rule, "バ゛ス゜とカラ゛スとハス") == [1]  # a mark that no kana takes


def test_short_items_count_only_whole(tmp_path: Path) -> None:
    texts = ("空はなぜ青いか？", "What is the best color of today?", "空はなぜ青い？", "one two three four five 6, 7")
    rule = questions(tmp_path, *texts)
    assert overlaps(rule, "「空はなぜ青いか」と", "空はなぜ青いの", "of today, what is the best color") == [1, 0, 0]
    assert [hit.item for hit in rule.hits("So what is the best color of today?")] == ["b.jsonl:2"]
    assert rule.left_out() == ["b.jsonl:3", "b.jsonl:4"]  # numbers in a row are one token
    assert overlaps(rule, "one two three four five 6, 7") == [0]


def test_phrases_of_many_items_count_for_nothing(tmp_path: Path) -> None:
    phrase = "に関する以下の記述のうち、正しいものはどれか。"
    texts = [f"{topic}{phrase}" for topic in ("顎関節と咬合", "瞳孔の反射", "下顎の成長", "")]
    page = f"運転免許{phrase}"
    rule = questions(tmp_path, *texts, max_items=3)
    assert overlaps(rule, page) == [0]
    assert rule.left_out() == ["b.jsonl:4"]
    assert [hit.item for text in texts[:3] for hit in rule.hits(text)] == ["b.jsonl:1", "b.jsonl:2", "b.jsonl:3"]
    every = questions(tmp_path, *texts, max_items=4)
    assert every.left_out() == []
    assert len(every.hits(page)) == 4


def test_equal_items_are_all_named(tmp_path: Path) -> None:
    rule = benchmark(tmp_path, [{"text": EN}, {"question": JA}, {"prompt": EN.lower(), "question": EN}])
    assert [hit[:3] for hit in rule.hits(EN + JA)] == [
        ("b.jsonl:1", "text", 1),
        ("b.jsonl:2", "question", 1),
        ("b.jsonl:3", "question", 1),
        ("b.jsonl:3", "prompt", 1),
    ]


def test_fields(tmp_path: Path) -> None:
    records = [{"turns": [EN, JA], "answer": 7, "question": None}, {"answer": "The quick brown fox jumps over the dog"}]
    rule = benchmark(tmp_path, records, fields=("turns", "answer"))
    assert [(hit.item, hit.field) for hit in rule.hits(f"{EN}\n{JA}")] == [("b.jsonl:1", "turns")]
    assert [(hit.item, hit.field) for hit in rule.hits("The quick brown fox jumps over the dog")] == [
        ("b.jsonl:2", "answer")
    ]


def test_passages_are_what_the_document_has(tmp_path: Path) -> None:
    page = "A-B-C-D-E-F-G-H-I ... a b c d e f g h! Some more: q r s t u v w x?"
    alphabet = " ".join("abcdefghijklmnopqrstuvwxyz")
    assert questions(tmp_path, alphabet, min_overlap=0.2).hits(page) == []
    rule = questions(tmp_path, alphabet, min_overlap=0.1)
    assert rule.hits(page) == [Hit("b.jsonl:1", "question", 3 / 19, ("A-B-C-D-E-F-G-H-I", "q r s t u v w x"))]


def test_the_limit_itself_goes(tmp_path: Path) -> None:
    rule = questions(tmp_path, "吾輩は猫である。名前は", min_overlap=2 / 3)  # 10 characters, 3 n-grams
    pages = ["吾輩は猫である、名", "吾輩は猫である、名前", "吾輩は猫である、名前は"]
    batch = pa.record_batch({"text": pages, "lang": pa.array(["ja"] * 3, pa.string())})
    verdicts = filters.judge(rule, batch)
    assert verdicts.reason.to_pylist() == [None, "decontamination_overlap", "decontamination_overlap"]
    assert verdicts.value.to_pylist() == [None, 2 / 3, 1]
    assert verdicts.limit.to_pylist()[1:] == [math.nextafter(2 / 3, 0)] * 2
    assert [len(rule.hits(page)) for page in pages] == [0, 1, 1]


# Words, characters, numbers and what parts them, so few of each that n-grams come again.
PIECES = st.sampled_from(["a", "b", "ab", "か", "が", "猫", " ", " ", ". ", "1", "22", "、"])
TEXTS = st.lists(PIECES, max_size=60).map("".join)
_TOKEN = re.compile("[か-猫]|[a-z0]+")


def plain_tokens(text: str) -> list[str]:
    tokens = _TOKEN.findall(re.sub("[0-9]+", "0", text.replace("、", " ")))
    return [token for at, token in enumerate(tokens) if not (token == "0" and at and tokens[at - 1] == "0")]


def plain_overlaps(items: list[str], page: str, words: int, chars: int, most: int) -> dict[str, float]:
    """By the definition."""

    def ngrams(tokens: list[str], n: int) -> set[tuple[str, ...]]:
        return {tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)}

    grams: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for tokens in map(plain_tokens, items):
        if len(tokens) >= 7:
            unspaced = sum(not token.isascii() for token in tokens)
            grams[tuple(tokens)] = ngrams(tokens, min(len(tokens), chars if 2 * unspaced >= len(tokens) else words))
    shared = Counter(gram for some in grams.values() for gram in some)
    page_tokens = plain_tokens(page)
    found = {}
    for at, item in enumerate(items, 1):
        mine = {gram for gram in grams.get(tuple(plain_tokens(item)), ()) if shared[gram] <= most}
        held = sum(gram in ngrams(page_tokens, len(gram)) for gram in mine)
        if held:
            found[f"b.jsonl:{at}"] = held / len(mine)
    return found


@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS, st.integers(7, 9), st.integers(7, 9), st.integers(1, 3))
def test_overlaps_follow_the_definition(items: list[str], page: str, words: int, chars: int, most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, Any] = {"ngram_words": words, "ngram_chars": chars, "max_items": most}
        rule = questions(Path(folder), *items, min_overlap=1e-9, **settings)
        pages = [page, page + items[0] + page, "".join(items)]
        for text in pages:
            assert {hit.item: hit.overlap for hit in rule.hits(text)} == plain_overlaps(items, text, words, chars, most)
        expected = [max(plain_overlaps(items, text, words, chars, most).values(), default=0) for text in pages]
        assert overlaps(rule, *pages) == expected  # and batching changes nothing
        assert overlaps(rule, pages[1]) == expected[1:2]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text(text: str) -> None:
    # No word is cut or joined by what stands around it, and none is too strange for a benchmark or a document.
    with tempfile.TemporaryDirectory() as folder:
        rule = questions(Path(folder), f"{text} {text} {text}", EN)
        assert {hit.item for hit in rule.hits(f"{EN}\n{text}\n{text}\n{text}\n{EN}")} >= {
            "b.jsonl:2",
            *({"b.jsonl:1"} - set(rule.left_out())),
        }


@pytest.mark.parametrize("piece", ["あ", "a", " ", "\u0301", "\u3099", "ﷺ", "1 ", "\x00", "\ud800", "😀", EN, "が゛"])
def test_endless_texts(tmp_path: Path, piece: str) -> None:
    rule = questions(tmp_path, EN, "あ" * 50)
    (hit,) = rule.hits(piece * (2_000_000 // len(piece))) or [None]
    assert (hit is not None) == (piece in (EN, "あ"))
    assert hit is None or sum(map(len, hit.passages)) <= 2 * len(EN)  # evidence does not grow with the document


def test_digests(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_bytes(b'{"question": "x"}\n')
    digest = hashlib.sha256(b'{"question": "x"}\n').hexdigest()
    assert digests([str(tmp_path / "b.jsonl")]) == {"b.jsonl": digest}
    with pytest.raises(BenchmarkError, match=r"none\.jsonl: not readable"):
        digests([str(tmp_path / "none.jsonl")])


def test_gzip_blank_lines_and_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "b.jsonl.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbf\r\n" + json.dumps({"question": EN}).encode() + b"\r\n\n"))
    assert [hit.item for hit in Decontamination((str(file),)).hits(EN)] == ["b.jsonl.gz:2"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("b.jsonl", b"", r"b\.jsonl: no records"),
        ("b.jsonl", b"\n \n", r"b\.jsonl: no records"),
        ("b.jsonl", b'{"question": "x"}\n{"question": ', r"b\.jsonl:2: no JSON"),
        ("b.jsonl", b'{"question": "\xff"}', r"b\.jsonl:1: no JSON"),
        ("b.jsonl", b"[" * 100_000, r"b\.jsonl:1: no JSON"),
        ("b.jsonl", b'["question"]', r"b\.jsonl:1: not an object"),
        (
            "b.jsonl",
            b'{"frage": "x", "question": 1, "turns": []}',
            r"b\.jsonl:1: no text in .*; it has frage, question",
        ),
        ("b.jsonl.gz", b'{"question": "x"}', r"b\.jsonl\.gz: no gzip"),
        ("b.jsonl.gz", gzip.compress(b"x" * 99, mtime=0)[:-9], r"b\.jsonl\.gz: no gzip"),
    ],
)
def test_what_is_no_benchmark(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BenchmarkError, match=message) as raised:
        overlaps(Decontamination((str(tmp_path / name),)), "x")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("benchmarks", ()),
        ("benchmarks", ("a/b.jsonl", "c/b.jsonl")),
        ("fields", ()),
        ("ngram_words", 6),
        ("ngram_chars", 101),
        ("min_overlap", 0),
        ("min_overlap", 1.1),
        ("min_overlap", math.nan),
        ("max_items", 0),
    ],
)
def test_impossible_settings_name_their_field(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Decontamination(**{"benchmarks": ("b.jsonl",), field: value})


Real = tuple[Decontamination, dict[str, dict[str, Any]], dict[str, list[str]]]


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory,
) -> Real:
    """GSM8K, JMMLU and JCommonsenseQA: a rule for them, their records by item, and clean pages by language."""
    source = DATA / "eval/decontam"
    if not source.is_dir():
        pytest.skip("the shared test data is not on this machine")
    jmmlu = tmp_path_factory.mktemp("jmmlu") / "jmmlu.jsonl"
    with jmmlu.open("w") as file:
        for path in sorted(source.glob("JMMLU--*.csv")):
            for question, *choices, _ in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))):
                file.write(json.dumps({"question": question, "choices": choices}) + "\n")
    files = (source / "gsm8k-test.jsonl", source / "jcommonsenseqa-valid-v1.3.jsonl", jmmlu)
    records = {
        f"{file.name}:{at}": json.loads(line)
        for file in files
        for at, line in enumerate(file.read_bytes().splitlines(), 1)
    }
    pages: dict[str, list[str]] = {"ja": [], "en": []}
    with gzip.open(DATA / "eval/neardup/versions/docs.jsonl.gz", "rt") as lines:
        for page in map(json.loads, lines):
            if page["lang"] in pages:
                pages[page["lang"]].append(page["text"])
    return Decontamination(tuple(map(str, files))), records, pages


def test_clean_pages_stay(real: Real) -> None:
    rule, records, pages = real
    every = pages["ja"] + pages["en"]
    assert sum(map(len, every)) > 5_000_000
    assert [hit for page in every for hit in rule.hits(page)] == []
    assert len(rule.left_out()) < 0.03 * len(records)


def test_planted_items_are_found(real: Real) -> None:
    rule, records, pages = real
    draw = random.Random(7)
    left_out = {item.split()[0] for item in rule.left_out()}
    found: Counter[tuple[str, str]] = Counter()
    planted: Counter[tuple[str, str]] = Counter()
    for item in draw.sample([item for item in records if item not in left_out], 600):
        lang = "en" if item.startswith("gsm8k") else "ja"
        text = records[item]["question"]
        choices = records[item].get("choices", [])
        variants = {
            "whole": text,
            "marks": re.sub(r"[、。,.!?？「」（）]", " — ", unicodedata.normalize("NFKC", text)).upper(),
            "choices": "\n".join([text, *draw.sample(choices, len(choices))]),
            "two thirds": text[: len(text) * 2 // 3],
            "half": text[: len(text) // 2],
            "numbers": re.sub("[0-9]", lambda digit: str(9 - int(digit[0])), text),
        }
        for name, variant in variants.items():
            page = draw.choice(pages[lang])
            at = draw.randrange(len(page) + 1)
            planted[lang, name] += 1
            found[lang, name] += any(
                hit.item.split()[0] == item for hit in rule.hits(f"{page[:at]}\n{variant}\n{page[at:]}")
            )
    recall = {key: found[key] / count for key, count in planted.items()}
    for lang in ("ja", "en"):
        assert [recall[lang, name] for name in ("whole", "marks", "choices")] == [1, 1, 1]
        assert recall[lang, "numbers"] > 0.98
        assert recall[lang, "half"] < 0.25  # no half is an item
    assert recall["en", "two thirds"] > 0.9
    assert recall["ja", "two thirds"] > 0.55


def test_a_verdict_names_the_items_and_what_they_call_themselves(tmp_path: Path) -> None:
    file = tmp_path / "b.jsonl"
    lines = [{"task_id": f"HumanEval/{number}", "prompt": f"{EN} {number}x{number}" * 2} for number in range(10)]
    file.write_text("\n".join(map(json.dumps, [{"question": JA}, *lines])), encoding="utf-8")
    rule = Decontamination((str(file),), max_items=99)
    batch = pa.record_batch({"text": [JA, f"{EN} {EN}", "nothing"]})
    of_ja, of_en, of_nothing = rule.details(batch)
    assert of_ja == "b.jsonl:1"
    assert of_en.startswith("b.jsonl:2 HumanEval/0, b.jsonl:3 HumanEval/1, ")
    assert of_en.endswith(" and 2 more")
    assert of_nothing == ""
