import bz2
import gzip
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources import dumps
from pipelines.sources.archive import Damaged
from pipelines.sources.dumps import Kind, Page

HEAD = (
    b'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="ja">\n  <siteinfo>\n'
    b"    <sitename>Wikipedia</sitename>\n    <dbname>jawiki</dbname>\n  </siteinfo>\n"
)
FOOT = b"</mediawiki>\n"
MAX = 1_000_000


def page(number: int, size: int = 0) -> bytes:
    """A page whose text takes so many bytes more, compressed too."""
    text = f"記事{number}、&lt;page&gt; と書いてもページではない。".encode()
    noise = random.Random(number).randbytes(size).hex().encode()[:size]
    return b"<page>\n  <title>%d</title>\n  <revision><text>%s%s</text></revision>\n</page>" % (number, text, noise)


def plain(pages: Sequence[bytes]) -> bytes:
    return HEAD + b"".join(b"  " + each + b"\n" for each in pages) + FOOT


def multistream(pages: Sequence[bytes], each: int = 2) -> bytes:
    groups = [pages[start : start + each] for start in range(0, len(pages), each)]
    parts = [HEAD, *(b"".join(b"  " + one + b"\n" for one in group) for group in groups), FOOT]
    return b"".join(map(bz2.compress, parts))


def pbzip2(data: bytes, each: int) -> bytes:
    """Streams that end anywhere, as pbzip2 and lbzip2 make them."""
    return b"".join(bz2.compress(data[start : start + each]) for start in range(0, len(data), each))


def opened(data: bytes) -> int:
    """The descriptor of a file without a name."""
    file = os.memfd_create("dump")
    os.write(file, data)
    return file


def read(data: bytes, kind: Kind, max_bytes: int = MAX) -> list[Page | Damaged]:
    file = opened(data)
    try:
        return list(dumps.read(file, kind, 0, len(data), max_bytes))
    finally:
        os.close(file)


def read_parts(data: bytes, kind: Kind, part_bytes: int) -> tuple[list[Page | Damaged], list[int]]:
    file = opened(data)
    try:
        bounds = [0, *dumps.cuts(file, kind, 0, len(data), part_bytes), len(data)]
        parts = [list(dumps.read(file, kind, start, stop, MAX)) for start, stop in pairwise(bounds)]
        return [item for part in parts for item in part], bounds
    finally:
        os.close(file)


def payloads(items: Sequence[Page | Damaged]) -> list[bytes]:
    return [item.payload for item in items if isinstance(item, Page)]


PAGES = [page(number, 3000) for number in range(12)]
FORMS: dict[str, tuple[Kind, bytes]] = {
    "plain": ("xml", plain(PAGES)),
    "bz2": ("bz2", bz2.compress(plain(PAGES))),
    "multistream": ("bz2", multistream(PAGES)),
    "pbzip2": ("bz2", pbzip2(plain(PAGES), 5003)),
    "gzip": ("gzip", gzip.compress(plain(PAGES))),
    "members": (
        "gzip",
        b"".join(gzip.compress(plain(PAGES)[at : at + 4001]) for at in range(0, len(plain(PAGES)), 4001)),
    ),
}


@pytest.mark.parametrize(("kind", "data"), FORMS.values(), ids=FORMS)
def test_pages_come_whole_and_in_order(kind: Kind, data: bytes) -> None:
    items = read(data, kind)
    assert payloads(items) == PAGES
    assert all(isinstance(item, Page) and item.problem is None for item in items)


def test_places_are_those_of_the_pages() -> None:
    data = plain(PAGES)
    assert all(data[item.offset :].startswith(item.payload) and not item.inner for item in read(data, "xml"))
    for data in (multistream(PAGES), pbzip2(plain(PAGES), 5003)):
        for item in read(data, "bz2"):
            inflated = bz2.BZ2Decompressor().decompress(data[item.offset :])
            there = inflated[item.inner :]
            assert there.startswith(b"<page>") or b"<page>".startswith(there)
            assert item.payload.startswith(there[: len(item.payload)])
    assert len({(item.offset, item.inner) for item in read(multistream(PAGES), "bz2")}) == len(PAGES)


@pytest.mark.parametrize("part_bytes", [1, 700, 4000, 9000, 10_000_000])
@pytest.mark.parametrize(("kind", "data"), FORMS.values(), ids=FORMS)
def test_parts_together_give_the_same_pages(kind: Kind, data: bytes, part_bytes: int) -> None:
    items, bounds = read_parts(data, kind, part_bytes)
    assert items == read(data, kind)
    assert bounds == sorted(set(bounds))


def test_where_a_dump_can_be_cut() -> None:
    _, bounds = read_parts(multistream(PAGES), "bz2", 1)
    assert len(bounds) - 1 == 1 + 6 + 1  # siteinfo, pages, footer
    _, bounds = read_parts(plain(PAGES), "xml", 1)
    assert len(bounds) - 1 == 1 + len(PAGES)
    for form in ("bz2", "gzip", "members"):
        kind, data = FORMS[form]
        assert len(read_parts(data, kind, 1)[1]) == 2


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 4000), min_size=1, max_size=8),
    stream=st.integers(1, 9000),
    part_bytes=st.integers(1, 20_000),
    form=st.sampled_from(["plain", "pbzip2", "multistream"]),
)
def test_any_dump_in_any_parts(sizes: list[int], stream: int, part_bytes: int, form: str) -> None:
    pages = [page(number, size) for number, size in enumerate(sizes)]
    whole = plain(pages)
    made = {"plain": whole, "multistream": multistream(pages), "pbzip2": pbzip2(whole, max(stream, 300))}[form]
    kind: Kind = "xml" if form == "plain" else "bz2"
    items, _ = read_parts(made, kind, part_bytes)
    assert items == read(made, kind)
    assert payloads(items) == pages


def test_a_header_in_a_stream_is_no_cut() -> None:
    # The bytes of a stream header stand in the compressed data of no real stream; here they follow one.
    data = multistream(PAGES[:2]) + b"BZh91AY&SY and no stream"
    items, bounds = read_parts(data, "bz2", 1)
    assert payloads(items) == PAGES[:2]
    assert isinstance(items[-1], Damaged)
    assert items[-1].detail == "damaged bzip2 stream"
    assert bounds[-2] < data.index(b" and no stream") - 10


@pytest.mark.parametrize("max_bytes", [1, 2999, 3500])
def test_a_page_too_large_is_told_and_not_held(max_bytes: int) -> None:
    sizes = [len(each) for each in PAGES]
    for kind, data in FORMS.values():
        items = read(data, kind, max_bytes)
        problems = [item.problem for item in items if isinstance(item, Page)]
        assert problems == ["too_large" if size > max_bytes else None for size in sizes]
        assert payloads(items) == [each if len(each) <= max_bytes else b"" for each in PAGES]


def test_a_page_is_too_large_whatever_its_form() -> None:
    pages = [page(1), page(2, 5000), page(3)]
    limit = len(pages[1])
    for form in (plain(pages), bz2.compress(plain(pages)), pbzip2(plain(pages), 777)):
        kind: Kind = "xml" if form.startswith(b"<") else "bz2"
        assert payloads(read(form, kind, limit)) == pages
        assert payloads(read(form, kind, limit - 1)) == [pages[0], b"", pages[2]]


@pytest.mark.parametrize("form", ["plain", "bz2", "multistream", "pbzip2", "gzip", "members"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_of_a_dump_that_is_cut_off_all_before_is_kept(form: str, share: float) -> None:
    kind, data = FORMS[form]
    items = read(data[: int(len(data) * share)], kind)
    assert payloads(items) == PAGES[: len(items) - 1]
    assert isinstance(items[-1], Damaged)
    assert "ends within" in items[-1].detail
    assert items[-1].stop == int(len(data) * share)
    if form != "bz2":  # whose block is larger than this dump
        assert len(items) - 1 >= int(len(PAGES) * share) - 2


def test_after_damage_reading_goes_on_at_the_next_stream() -> None:
    data = bytearray(multistream(PAGES))
    starts = [at for at in range(len(data)) if data[at : at + 10] == b"BZh91AY&SY"]
    data[starts[3] + 1000] ^= 0xFF
    items = read(bytes(data), "bz2")
    assert payloads(items) == PAGES[:4] + PAGES[6:]
    assert items[4] == Damaged(starts[3], starts[4], "damaged bzip2 stream", 0)
    for part_bytes in (1, 2000, 6000, 20_000):
        assert read_parts(bytes(data), "bz2", part_bytes)[0] == items


def test_what_comes_before_a_damaged_block_is_kept() -> None:
    pages = [page(number, 90_000) for number in range(30)]
    data = bytearray(bz2.compress(plain(pages)))
    blocks = [at for at in range(len(data)) if data[at : at + 6] == b"1AY&SY"]
    assert len(blocks) == 1  # others are not at the beginning of a byte
    data[-3000] ^= 0xFF
    items = read(bytes(data), "bz2")
    assert payloads(items) == pages[: len(items) - 1]
    assert len(items) > 15
    assert isinstance(items[-1], Damaged)
    assert (items[-1].offset, items[-1].stop) == (0, len(data))
    assert plain(pages)[items[-1].inner :].startswith(pages[len(items) - 1][:100])


@settings(max_examples=150, deadline=None)
@given(data=st.data(), form=st.sampled_from(sorted(FORMS)))
def test_damage_anywhere_loses_no_page_elsewhere(data: st.DataObject, form: str) -> None:
    kind, raw = FORMS[form]
    broken = bytearray(raw)
    at = data.draw(st.integers(0, len(raw) - 1))
    length = data.draw(st.integers(1, 40))
    broken[at : at + length] = data.draw(st.binary(min_size=length, max_size=length))
    items = read(bytes(broken), kind)
    assert len(items) <= 2 * len(PAGES) + 2
    if form == "multistream":
        assert len(set(payloads(items)) & set(PAGES)) >= len(PAGES) - 4
        # Each bit of bzip2 counts for a checksum, those of block headers apart.
        assert not set(payloads(items)) - set(PAGES)
    for part_bytes in (3000, 11_000):
        assert payloads(read_parts(bytes(broken), kind, part_bytes)[0]) == payloads(items)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=3000), kind=st.sampled_from(["xml", "bz2", "gzip"]), head=st.booleans())
def test_any_bytes_are_read_to_their_end(raw: bytes, kind: Kind, head: bool) -> None:
    start = {"xml": b"<mediawiki>", "bz2": b"BZh91AY&SY", "gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\xff"}[kind]
    assert not payloads(read(start + raw if head else raw, kind))


def test_a_page_without_an_end() -> None:
    lost = PAGES[1][: PAGES[1].index(b"</page>")]
    data = plain([PAGES[0], lost, PAGES[2]])
    items = read(data, "xml")
    at = data.index(lost)
    assert items[1] == Damaged(at, data.index(PAGES[2]), "another page begins within this page", 0)
    assert payloads(items) == [PAGES[0], PAGES[2]]


def test_other_tags_are_no_pages() -> None:
    data = plain([]).replace(FOOT, b"<pages><pageid>1</pageid></page ><page\n id='1'>a</page ><!-- --></pages>" + FOOT)
    assert payloads(read(data, "xml")) == [b"<page\n id='1'>a</page >"]


@pytest.mark.parametrize(("kind", "data"), FORMS.values(), ids=FORMS)
def test_a_dump_is_known_by_its_beginning(kind: Kind, data: bytes) -> None:
    file = opened(data)
    assert dumps.is_dump(file, len(data))
    assert dumps.kind(file, len(data)) == kind
    assert dumps.site(file, len(data)) == "jawiki"
    os.close(file)


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"BZh9", b"\x1f\x8b\x08", bz2.compress(b"x"), gzip.compress(b"<feed>", mtime=0), b"WARC/1.1\r\n"],
)
def test_other_files_are_no_dumps(data: bytes) -> None:
    file = opened(data)
    assert not dumps.is_dump(file, len(data))
    assert dumps.site(file, len(data)) == ""
    os.close(file)


@pytest.mark.parametrize(
    ("siteinfo", "site"),
    [
        (b"<base>http://ja.wikipedia.org/wiki/x</base>", "jawiki"),
        (b"<base>https://zh-yue.wikipedia.org/wiki/x</base>", "zh_yuewiki"),
        (b"<base>https://en.wiktionary.org/wiki/x</base>", "enwiktionary"),
        (b"<base>https://example.org/</base>", ""),
        (b"<dbname>../x</dbname>", ""),
    ],
)
def test_the_site_of_older_dumps(siteinfo: bytes, site: str) -> None:
    data = b"<mediawiki><siteinfo>" + siteinfo + b"</siteinfo></mediawiki>"
    file = opened(data)
    assert dumps.site(file, len(data)) == site
    os.close(file)


MEASURE = """
import os, re, sys
from pathlib import Path
from pipelines.sources import dumps
file = os.open(sys.argv[1], os.O_RDONLY)
found = list(dumps.read(file, sys.argv[2], 0, os.fstat(file).st_size, 1_000_000))
# Not ru_maxrss, which a process takes over from the one that started it.
print(len(found), found[0].problem, re.search("VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.parametrize("kind", ["bz2", "gzip"])
def test_memory_is_bounded_for_a_page_of_250_mb(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    with (bz2.open if kind == "bz2" else gzip.open)(path, "wb", 1) as file:
        file.write(HEAD + b"<page>")
        for _ in range(250):
            file.write(b" " * 1_000_000)
        file.write(b"</page>" + FOOT)
    made = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), kind], capture_output=True, check=True, text=True, cwd=Path.cwd()
    )
    number, problem, kilobytes = made.stdout.split()
    assert (number, problem) == ("1", "too_large")
    assert int(kilobytes) < 180_000
