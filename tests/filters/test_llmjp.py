import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import judge
from filters.llmjp import STRICT, LLMjp, measure, wanted_domain

PROSE = (
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた"
    "事だけは記憶している。吾輩はここで始めて人間というものを見た。しかもあとで聞くとそれは書生という人間中で一番獰悪な種族"
    "であったそうだ。この書生というのは時々我々を捕えて煮て食うという話である。"
)
URL = "https://example.jp/"


def reasons(
    rule: LLMjp, texts: list[str | None], urls: list[str | None] | None = None, lang: str = "ja"
) -> list[str | None]:
    batch = pa.record_batch(
        {
            "text": pa.array(texts, pa.string()),
            "lang": pa.array([lang] * len(texts), pa.string()),
            "url": pa.array(urls or [URL] * len(texts), pa.string()),
        }
    )
    found: list[str | None] = judge(rule, batch).reason.to_pylist()
    return found


def off(**on: Any) -> LLMjp:
    limits = {field: None for field in LLMjp.__dataclass_fields__ if field.startswith(("min_", "max_"))}
    return LLMjp(**{**limits, "domains": (), "without_hosts": (), **on})


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://example.jp/", True),
        ("http://EXAMPLE.COM:8080/a?b#c", True),
        ("https://example.tokyo./", True),
        ("https://user@www.example.co.jp", True),
        ("https://example.de/index.jp", False),
        ("https://example.xn--q9jyb4c/", False),
        ("https://192.0.2.1/", False),
        ("https://ja.wikipedia.org/wiki/猫", False),
        ("https://en.wikipedia.org/", True),
        (None, None),
        ("", None),
        ("no address", None),
        ("http://[::1", None),
        ("https:///path", None),
    ],
)
def test_domains(url: str | None, wanted: bool | None) -> None:
    rule = LLMjp()
    assert wanted_domain(url, rule.domains, rule.without_hosts) is wanted
    expected = "llmjp_domain" if wanted is False else None
    assert reasons(rule, [PROSE], [url]) == [expected]


def test_no_domains_are_all_domains() -> None:
    urls: list[str | None] = ["https://example.de/", "https://ja.wikipedia.org/"]
    assert reasons(LLMjp(domains=()), [PROSE] * 2, urls) == [None, "llmjp_domain"]
    assert reasons(LLMjp(without_hosts=()), [PROSE] * 2, urls) == ["llmjp_domain", None]
    assert reasons(off(), [PROSE] * 2, urls) == [None] * 2


@pytest.mark.parametrize(
    ("field", "stays", "goes", "reason"),
    [
        ("min_kana", "漢" * 49 + "あ", "漢" * 50 + "あ", "kana"),
        ("max_ads", "送料" * 10, "送料" * 11, "ads"),
        ("min_kuten", "あ" * 498 + "。。", "あ" * 499 + "。。", "kuten"),
        ("min_compression", PROSE, "".join([PROSE] * 4), "compressible"),
        ("max_compression", PROSE, "短い。", "incompressible"),
    ],
)
def test_each_limit(field: str, stays: str, goes: str, reason: str) -> None:
    rule = off(**{field: getattr(LLMjp(), field)})
    assert reasons(rule, [stays, goes]) == [None, f"llmjp_{reason}"]


def test_compression_is_that_of_zlib_at_its_best() -> None:
    raw = PROSE.encode()
    assert measure(PROSE, (), {})["llmjp.compression"] == len(zlib.compress(raw, 9)) / len(raw)
    ratio = measure(PROSE, (), {})["llmjp.compression"]
    assert reasons(off(min_compression=ratio, max_compression=ratio), [PROSE]) == [None]


@pytest.mark.parametrize("field", ["adult", "discrimination", "violence"])
def test_unwanted_words(field: str) -> None:
    rule = off(**{field: ("サック", "性感", "猫")}, max_words=3)
    reason = f"llmjp_{field}"
    assert reasons(rule, ["猫、" * 3, "猫、サック、" * 2, "リュックサック、" * 9, "性感染症、" * 9, "性感、" * 4]) == [
        None,
        reason,
        None,
        None,
        reason,
    ]
    # Each list for itself.
    both = off(adult=("猫",), violence=("犬",), max_words=3)
    assert reasons(both, ["猫、犬、" * 3, "猫、犬、犬、" * 2]) == [None, "llmjp_violence"]
    assert reasons(LLMjp(), [PROSE + "猫、" * 9]) == [None]  # no list, no rule


def test_strict() -> None:
    assert reasons(STRICT, [PROSE]) == reasons(LLMjp(), [PROSE]) == [None]
    rare = PROSE.replace("。", "、", 6)
    assert (reasons(LLMjp(), [rare]), reasons(STRICT, [rare])) == ([None], ["llmjp_kuten"])
    twice = PROSE * 2
    assert (reasons(LLMjp(), [twice]), reasons(STRICT, [twice])) == ([None], ["llmjp_compressible"])
    dogs = [PROSE + "犬、" * 2, PROSE + "犬、" * 3]
    assert reasons(dataclasses.replace(STRICT, adult=("犬",)), [*dogs]) == [None, "llmjp_adult"]


def test_rows_without_text_or_in_another_language_stay() -> None:
    assert reasons(LLMjp(), [None, ""]) == [None, "llmjp_kana"]
    assert reasons(LLMjp(), ["short"], ["https://example.de/"], "en") == [None]


def test_none_switches_off_and_limits_change_no_score() -> None:
    texts: list[str | None] = ["", "a" * 999, "送料" * 99, None]
    assert reasons(off(), texts) == [None] * 4
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": ["ja"] * 4, "url": [URL] * 4})
    scores = LLMjp().measure(batch)
    assert scores == STRICT.measure(batch)
    assert all(column.type == pa.float64() and column[3].as_py() is None for column in scores.values())


@pytest.mark.parametrize(
    ("make", "field"),
    [(lambda: LLMjp(max_ads=-1), "max_ads"), (lambda: LLMjp(violence=("",)), "violence")],
)
def test_impossible_settings_name_their_field(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        make()


@given(st.text(), st.text())
def test_any_row_can_be_judged(text: str, url: str) -> None:
    for name, value in measure(text, ("a",), {"llmjp.adult": ("b",)}).items():
        assert value is None or value >= 0, name
    wanted_domain("http://" + url, ("jp",), ())
