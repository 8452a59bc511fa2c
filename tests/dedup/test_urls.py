import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import DATA
from dedup import urls

MANIFEST = DATA / "web" / "manifest.jsonl.gz"
SESSION = "9682993c8daa2c5497996114facdc805"

SAME = [
    ("https://a.jp/", ["http://a.jp", "HTTP://A.JP:80/", "https://a.jp:443", "http://a.jp:/?", "http://a.jp/#top"]),
    ("https://a.jp/", ["http://a.jp./", "http://www.a.jp", "http://www.www.a.jp", "http://me:secret@a.jp", " http://a.jp\n"]),
    ("https://a.jp/", ["http://a.jp?utm_source=a&UTM_medium=b", "http://a.jp/?gclid=1", "http://a.jp/?&_ga&"]),
    ("https://xn--wgv71a119e.jp/", ["http://日本語.jp", "http://日本語。jp", "http://www.XN--WGV71A119E.jp"]),
    ("https://xn--wgv71a119e.jp/", ["http://%E6%97%A5本語.jp", "http://日本語。ｊｐ．/"]),
    ("https://xn--i-7iq.ws/", ["http://i❤.ws/"]),
    ("https://[::1]:8080/", ["http://[0:0:0:0:0:0:0:1]:8080/", "https://[::1%25en0]:08080"]),
    ("https://a.jp/b/d", ["http://a.jp/b/c/../d", "http://a.jp/../b/./d", "http://a.jp/b/%2E%2e/b/d"]),
    ("https://a.jp/b/", ["http://a.jp/b/c/..", "http://a.jp/b/.", "http://a.jp/b/c/..;jsessionid=1"]),
    ("https://a.jp/%E3%81%82~", ["http://a.jp/あ~", "http://a.jp/%e3%81%82%7E", "http://a.jp/%E3%81%82%7e"]),
    ("https://a.jp/C_(%E8%AA%9E)", ["http://a.jp/C_(語)", "http://a.jp/C_%28語%29"]),
    ("https://a.jp/100%25", ["http://a.jp/100%"]),
    ("https://a.jp/x.do?id=1", [f"http://a.jp/x.do;jsessionid={SESSION}!n1?id=1", "http://a.jp/x.do;%4aSESSIONID=1?id=1"]),
    ("https://a.jp/?b=1&c=2", ["http://a.jp/?c=2&b=1", f"http://a.jp/?c=2&sid={SESSION}&b=1&fbclid=x#z"]),
    ("https://a.jp/?b=1", ["http://a.jp/?PHPSESSID=x&b=1", "http://a.jp/?b=1&ASPSESSIONIDAQBSDSRT=EOHBLBDDPFCLHKPGGKLILNAM"]),
    ("https://a.jp/?b%5B%5D=2&b%5B%5D=1", ["http://a.jp/?b[]=2&b[]=1", "http://a.jp/?b%5b]=2&utm_id=3&b[%5d=1"]),
    ("https://a.jp/#!/page/1", ["http://www.a.jp#!/page/1"]),
]  # fmt: skip

APART = [
    ["http://a.jp/?id=1", "http://a.jp/?id=2", "http://a.jp/?id", "http://a.jp/?id=", "http://a.jp/?ID=1", "http://a.jp/"],
    ["http://a.jp/b", "http://a.jp/B", "http://a.jp/b/", "http://a.jp/b//", "http://a.jp/b/index.html"],
    ["http://a.jp/b%2Fc", "http://a.jp/b/c", "http://a.jp/b%252Fc", "http://a.jp//b/c"],
    ["http://a.jp/?q=b%26c=1", "http://a.jp/?q=b&c=1", "http://a.jp/?q=b%2Bc", "http://a.jp/?q=b+c"],
    ["http://a.jp/?x=1&x=2", "http://a.jp/?x=2&x=1"],
    ["http://a.jp/#!b", "http://a.jp/#!c", "http://a.jp/"],
    ["http://www.a.jp/", "http://www2.a.jp/", "http://a.jp:8080/", "http://a.com/"],
    ["http://www.jp/", "http://jp/", "http://faß.de/", "http://fass.de/"],
    ["http://a.jp/r?u=http://b.jp/", "http://a.jp/r?u=http://c.jp/", "http://b.jp/"],
    ["http://a.jp/%C6%FC", "http://a.jp/日"],
    *([f"http://a.jp/?{name}=1", f"http://a.jp/?{name}=2"] for name in ("sid", "ref", "source", "cid", "uid")),
]  # fmt: skip

NOT_ONE = [
    None, "", "a", "/a", "//a.jp/", "http", "http:", "http:/", "http://", "http:///a", "http://:80/", "http://@/",
    "http://./", "http://[", "http://[]/", "http://[x]/", "http://[v1.a]/", "http://a]/", "http://a..jp/",
    "http://.a.jp/", "http://a b.jp/", "http://a%2Fb.jp/", "http://a\\b/", "http://a<b>.jp/", "http://℀.jp/",
    "http://\ud800.jp/", "http://%FF.jp/", "http://\u00ad.jp/", "http://a\0.jp/", "http://a:x/", "http://a:-1/",
    "http://a:65536/", "http://a:1:2/", "http://a:" + "9" * 5000, f"http://{'a' * 64}.jp/",
    "http://" + "a." * 127 + "jp/", "http://" + "日." * 99 + "jp/", f"http://{'日' * 60}.jp/",
    "ftp://a.jp/", "mailto:a@a.jp", "dns:a.jp",
    "javascript:void(0)", "urn:uuid:1", "httpx://a.jp/",
]  # fmt: skip

HOSTILE = [
    "http://" + "\u0301\u0316" * 4000,
    "http://" + "%" * 8000,
    "http://" + "@:[" * 2000,
    "http://a/" + "../" * 2700,
    "http://a/" + ";jsessionid=" * 600,
    "http://a/?" + "&" * 8000,
    "http://a/?" + "sid=" * 2000,
    "http://a/#!" + "#%" * 2000,
    "http://" + "www." * 50 + "a.jp",
    "http://a/" + "あ" * 800,
]


@pytest.mark.parametrize(("expected", "spellings"), SAME)
def test_spellings_of_one_page(expected: str, spellings: list[str]) -> None:
    assert [urls.canonical(url) for url in [*spellings, expected]] == [expected] * (len(spellings) + 1)


@pytest.mark.parametrize("pages", APART)
def test_pages_that_may_differ_stay_apart(pages: list[str]) -> None:
    assert len({urls.canonical(page) for page in pages} - {None}) == len(pages)


@pytest.mark.parametrize("url", NOT_ONE)
def test_no_page_of_the_web(url: str | None) -> None:
    assert urls.canonical(url) is None


@dataclass(frozen=True)
class Page:
    host: str
    segments: tuple[str, ...]
    parameters: frozenset[tuple[str, str]]


# Mostly few characters, so that two pages are often alike.
words = st.one_of(st.text("aA/%&=+;語", max_size=2), st.text(st.characters(exclude_categories=["Cs"]), max_size=6))
pages = st.builds(
    Page,
    st.sampled_from(["example.jp", "xn--wgv71a119e.jp"]),
    st.lists(words.filter(lambda word: word not in (".", "..")), min_size=1, max_size=3).map(tuple),
    st.dictionaries(words, words, max_size=3).map(lambda found: frozenset(found.items())),
)


def spell(page: Page, random: Random) -> str:
    """One of the URLs under which a crawler could meet the page."""

    def written(text: str) -> str:
        found = ""
        for character in text:
            escapes = "".join(f"%{byte:02x}" for byte in character.encode())
            raw = quote(character, safe="!*'()") == character and random.random() < 0.7
            found += character if raw else random.choice([escapes, escapes.upper().replace("%%", "%")])
        return found

    parameters = [f"{written(name)}={written(value)}" for name, value in sorted(page.parameters)]
    parameters += random.sample(["utm_source=x", "GCLID=a%26b", f"sid={SESSION}", "", "_ga"], random.randrange(4))
    random.shuffle(parameters)
    host = random.choice([page.host, page.host.upper(), page.host.encode().decode("idna"), "www." + page.host + "."])
    path = "".join("/" + random.choice(["", "./", "x/../"]) + written(segment) for segment in page.segments)
    start = random.choice(["http://", "https://", "HTTP://me@"]) + host + random.choice(["", ":80", ":443", ":"])
    return start + path + ("?" + "&".join(parameters) if parameters else "") + random.choice(["", "#", "#a?b"])


@settings(deadline=None)
@given(pages, st.randoms(use_true_random=False))
def test_every_spelling_of_a_page_is_equal(page: Page, random: Random) -> None:
    found = {urls.canonical(spell(page, random)) for _ in range(4)}
    assert len(found) == 1
    assert None not in found


@settings(deadline=None)
@given(pages, pages, st.randoms(use_true_random=False))
def test_two_pages_are_never_equal(one: Page, other: Page, random: Random) -> None:
    assert (urls.canonical(spell(one, random)) == urls.canonical(spell(other, random))) == (one == other)


PIECES = [
    "http", "https", ":", "/", "//", "?", "#", "!", "@", "[", "]", "%", "%2", "%41", "%2e", ".", "..", "&", "=", ";",
    "jsessionid=", "www.", "xn--", "sid=", "utm_", "日本", "ß", "İ", "。", "\ud800", "\0", "\t", "80", "65536", "::1",
]  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(deadline=None, max_examples=500)
@given(st.one_of(st.text(), pieces, pieces.map("a.jp/".__add__)))
def test_any_text_is_a_canonical_url_or_none(text: str) -> None:
    for url in (text, "http://" + text):
        found = urls.canonical(url)
        assert found is None or (found.isascii() and urls.canonical(found) == found)


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_urls(url: str) -> None:
    found = urls.canonical(url)
    assert found is None or urls.canonical(found) == found


def test_a_url_that_may_be_cut_off_joins_none() -> None:
    url = "http://a/".ljust(urls.MAX_CHARS - 1, "x")
    assert urls.canonical(url[:-1]) == "https" + url[4:-1]
    assert urls.canonical(url) is None  # its canonical form would have one more
    assert urls.canonical(url + "x") is None
    assert urls.canonical("http://a/" + "あ" * 2000) is None
    assert urls.canonical("x" * 10_000_000) is None


def test_hashes() -> None:
    found = urls.url_hashes(["http://www.example.jp", "https://example.jp/", "http://example.jp/a", None, "mailto:a"])
    assert found[0] == found[1] == xxhash.xxh3_128(b"https://example.jp/").digest()
    assert found[2] not in (found[0], found[3])
    assert found[3:] == [bytes(16)] * 2
    assert len(pa.array(found, pa.binary(16))) == 5


@pytest.mark.skipif(not MANIFEST.exists(), reason=f"{MANIFEST} is missing")
def test_real_urls_of_clean_crawls_stay_as_they_are() -> None:
    with gzip.open(MANIFEST, "rt", encoding="utf-8") as lines:
        found = {json.loads(line)["url"] for line in lines}
    classes = defaultdict(list)
    for url in found:
        classes[urls.canonical(url)].append(url)
    assert len(found) > 6000
    assert None not in classes
    assert [merged for merged in classes.values() if len(merged) > 1] == []
