import gzip
import io
import itertools
import json
import os
import random
import re
import time
import tracemalloc
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from fastwarc.stream_io import GzipWriter, ZstdWriter
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import InputError
from pipelines.inputs import find_inputs
from pipelines.sources import Damaged, Raw, Source, Span, archive, read, split
from warcs import arc_page, arc_record, http, one_member, page, plain, record, zipped

Pack = Callable[[list[bytes]], bytes]
Coding = Callable[[bytes], bytes]
Change = tuple[str, float, bytes]

WHOLE = 1 << 40
LIMIT = 1 << 20
DATA = Path(__file__).parents[3] / "../shared/data/web"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real crawls are not on this machine")


# ---- archives made here ----------------------------------------------------------------------------------------------


def source_of(path: Path, data: bytes) -> Source:
    path.write_bytes(data)
    return Source(path.name, str(path), len(data), "sha")


def items(path: Path, data: bytes, part_bytes: int = WHOLE, max_bytes: int = LIMIT) -> list[Raw | Damaged]:
    source = source_of(path, data)
    return [item for span in split(source, part_bytes) for item in read(span, max_bytes)]


def ids(found: list[Raw | Damaged]) -> list[str]:
    return [item.record_id.removeprefix("urn:uuid:") if isinstance(item, Raw) else "damaged" for item in found]


def only(path: Path, data: bytes, max_bytes: int = LIMIT) -> Raw:
    (item,) = items(path, data, max_bytes=max_bytes)
    assert isinstance(item, Raw)
    return item


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archives")


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return tmp_path / "a.warc"


@pytest.fixture
def warcgz(tmp_path: Path) -> Path:
    return tmp_path / "a.warc.gz"


# ---- whole archives --------------------------------------------------------------------------------------------------


def test_responses_come_in_order_with_their_place(warc: Path, warcgz: Path) -> None:
    parts = [record("warcinfo", b"software: x"), page(1), record("request", b"GET / HTTP/1.1\r\n\r\n"), page(2)]
    parts += [record("revisit", http(b"")), record("resource", b"<html>", Content_Type="text/html"), page(3)]
    for path, pack in ((warc, plain), (warcgz, zipped)):
        data = pack(parts)
        found = items(path, data)
        assert ids(found) == ["1", "2", "3"]
        for raw, number in zip(found, (1, 2, 3)):
            assert isinstance(raw, Raw)
            assert raw.inner == 0
            at = data[raw.offset :]
            assert (zlib.decompressobj(31).decompress(at) if path is warcgz else at).startswith(page(number))
            assert raw.payload == page(number).split(b"\r\n\r\n", 2)[2][:-4]
            assert (raw.url, raw.status, raw.content_type, raw.http_charset, raw.problem) == (
                f"http://example.com/{number}", 200, "text/html", "utf-8", None,
            )  # fmt: skip
            assert raw.date == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_reads_what_fastwarc_writes(warcgz: Path) -> None:
    file = io.BytesIO()
    for number in range(3):
        entry = WarcRecord()
        entry.init_headers(WarcRecordType.response, f"urn:test:{number}".encode())
        entry.headers["WARC-Target-URI"] = "http://example.com/"
        entry.is_http = True
        entry.set_bytes_content(http(b"<html>%d" % number))
        writer = GzipWriter(file)
        entry.write(writer)
        writer.finish()
    found = items(warcgz, file.getvalue())
    assert [item.payload for item in found if isinstance(item, Raw)] == [b"<html>0", b"<html>1", b"<html>2"]
    assert len({item.offset for item in found}) == 3


def test_an_archive_in_one_member_has_places_inside_it(warcgz: Path) -> None:
    parts = [page(1), page(2), page(3)]
    found = items(warcgz, one_member(parts))
    assert ids(found) == ["1", "2", "3"]
    assert [(item.offset, item.inner) for item in found] == [(0, 0), (0, len(parts[0])), (0, len(parts[0] + parts[1]))]


def test_an_empty_file_is_one_empty_span(warc: Path, warcgz: Path) -> None:
    for path in (warc, warcgz):
        source = source_of(path, b"")
        assert [(span.start, span.stop) for span in split(source, 10)] == [(0, 0)]
        assert items(path, b"") == []


def test_arc_versions_one_and_two(tmp_path: Path) -> None:
    version = b"1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n"
    parts = [
        arc_record("filedesc://a.arc", version, "text/plain"),
        arc_record("dns:example.com", b"20040511211249\nexample.com. 1 IN A 192.0.2.1\n", "text/dns"),
        arc_record("http://example.com/a b?c d", http(b"<html>one")),
        arc_record("http://example.com/2", http(b"<html>two"), "text/html 200 checksum - 1234 a.arc"),
        arc_record("http://example.com/3", b"SSH-2.0-OpenSSH_5.3p1", ""),
    ]
    for name, data in (("a.arc", plain(parts)), ("a.arc.gz", zipped(parts))):
        found = [item for item in items(tmp_path / name, data) if isinstance(item, Raw)]
        assert [item.url for item in found] == [
            "dns:example.com", "http://example.com/a b?c d", "http://example.com/2", "http://example.com/3",
        ]  # fmt: skip
        assert [item.status for item in found] == [None, 200, 200, None]
        assert [item.content_type for item in found] == ["text/dns", "text/html", "text/html", ""]
        assert [item.payload for item in found[1:]] == [b"<html>one", b"<html>two", b"SSH-2.0-OpenSSH_5.3p1"]
        assert all(item.date == datetime(2004, 5, 11, 21, 12, 49, tzinfo=UTC) for item in found)
        assert [item.record_id for item in found] == [f"sha:{item.offset}:{item.inner}" for item in found]
        assert len(items(tmp_path / name, data)) == 4


def test_no_record_id_is_made_up_and_none_is_changed(warc: Path) -> None:
    same = [record("response", http(b"x"), WARC_Record_ID="<urn:uuid:same>")] * 2
    without = [record("response", http(b"x"))] * 2
    endless = [record("response", http(b"x"), WARC_Record_ID="<" + "x" * 9000 + ">")]
    data = plain([*same, *without, *endless])
    first, second = items(warc, data), items(warc, data)
    assert first == second
    assert ids(first)[:2] == ["same", "same"]
    assert ids(first)[2:] == [f"sha:{item.offset}:0" for item in first[2:]]


def test_a_response_that_is_not_http(warc: Path) -> None:
    raw = only(
        warc, record("response", b"20080430\nexample.com", Content_Type="text/dns", WARC_Target_URI="dns:example.com")
    )
    assert (raw.status, raw.content_type, raw.payload, raw.url) == (
        None,
        "text/dns",
        b"20080430\nexample.com",
        "dns:example.com",
    )


def test_record_types_in_any_case_and_from_before_the_standard(warc: Path) -> None:
    old = record("x", http(b"1"), Content_Type="application/http;msgtype=response").replace(b"WARC-Type: x\r\n", b"")
    lower = record("RESPONSE", http(b"2")).replace(b"WARC/1.0", b"warc/1.0").replace(b"WARC-", b"warc-")
    request = record("x", b"GET /", Content_Type="application/http;msgtype=request").replace(b"WARC-Type: x\r\n", b"")
    found = items(warc, old + request + lower)
    assert [item.payload for item in found if isinstance(item, Raw)] == [b"1", b"2"]


@pytest.mark.parametrize("ending", [b"\n", b"\r\r\n"])
def test_other_line_ends_and_separators(warc: Path, ending: bytes) -> None:
    head, block = page(1).split(b"\r\n\r\n", 1)
    one = head.replace(b"\r\n", ending) + ending * 2 + block.removesuffix(b"\r\n\r\n")
    assert ids(items(warc, one + ending * 2 + one + one + b"\r\n" * 9 + one)) == ["1"] * 4


# ---- spans -----------------------------------------------------------------------------------------------------------

packings = st.sampled_from([plain, zipped, one_member])
makers = st.sampled_from([page, arc_page])
edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "delete", "cut"]), st.floats(0, 1), st.binary(min_size=1, max_size=40)
    ),
    max_size=4,
)


def edit(data: bytes, changes: list[Change]) -> bytes:
    for what, where, new in changes:
        at = int(where * len(data))
        if what == "flip":
            data = data[:at] + new[:1] + data[at + 1 :]
        elif what == "insert":
            data = data[:at] + new + data[at:]
        elif what == "delete":
            data = data[:at] + data[at + 4 * len(new) :]
        else:
            data = data[:at]
    return data


@given(packings, makers, st.integers(0, 12), edits, st.integers(1, 9000))
@settings(max_examples=150, deadline=None)
def test_spans_of_any_size_give_the_same(
    folder: Path, pack: Pack, make: Callable[[int], bytes], count: int, changes: list[Change], part_bytes: int
) -> None:
    data = edit(pack([make(number) for number in range(count)]), changes)
    path = folder / ("spans.warc" if pack is plain else "spans.warc.gz")
    whole = items(path, data)
    assert items(path, data, part_bytes) == whole
    spans = split(source_of(path, data), part_bytes)
    assert [spans[0].start, spans[-1].stop] == [0, len(data)]
    assert all(left.stop == right.start for left, right in itertools.pairwise(spans))
    places = [(item.offset, item.inner) for item in whole]
    assert places == sorted(set(places))


def test_spans_are_about_as_long_as_asked(warc: Path, warcgz: Path) -> None:
    parts = [page(number, random.Random(number).randbytes(2000)) for number in range(200)]
    for path, pack in ((warc, plain), (warcgz, zipped)):
        source = source_of(path, pack(parts))
        lengths = [span.stop - span.start for span in split(source, 50_000)]
        assert len(lengths) == pytest.approx(source.size / 50_000, abs=1.1)
        assert all(45_000 < length < 55_000 for length in lengths[:-1])


def test_an_archive_inside_a_record_is_not_cut(warcgz: Path) -> None:
    # What does not compress is stored as it is: the crawled archive's own members lie open in the outer member.
    crawled = zipped([page(number, random.Random(number).randbytes(900)) for number in range(100, 400)])
    parts = [page(1), page(2, crawled, "Content-Type: application/gzip"), page(3)]
    data = b"".join(gzip.compress(part, 0, mtime=0) for part in parts)
    assert data.count(b"\x1f\x8b\x08") > 200
    assert archive.next_member(os.open(source_of(warcgz, data).path, os.O_RDONLY), 5000, len(data)) < 10_000
    for part_bytes in (1, 5000, 40_000, 100_000):
        assert ids(items(warcgz, data, part_bytes)) == ["1", "2", "3"]


def test_a_file_that_has_changed_is_refused(warc: Path) -> None:
    source = source_of(warc, page(1))
    warc.write_bytes(page(1) + page(2))
    with pytest.raises(InputError, match="start again"):
        split(source, 10)
    with pytest.raises(InputError, match="start again"):
        list(read(Span(source, "plain", 0, source.size), LIMIT))


# ---- damage ----------------------------------------------------------------------------------------------------------


@given(st.sampled_from([plain, zipped]), makers, st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_costs_no_more_than_its_record(
    folder: Path, pack: Pack, make: Callable[[int], bytes], data: st.DataObject
) -> None:
    parts = [make(number) for number in range(6)]
    whole = pack(parts)
    path = folder / ("flip.arc" if pack is plain else "flip.arc.gz")
    before = items(path, whole)
    at = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    starts = [len(pack(parts[:number])) for number in range(7)]
    touched = next(number for number in range(6) if starts[number] <= at < starts[number + 1])
    after = items(path, whole[:at] + bytes([value]) + whole[at + 1 :])
    untouched = [raw for number, raw in enumerate(before) if number != touched]
    assert [item for item in after if item in untouched] == untouched
    rest = [item for item in after if item not in untouched]
    if pack is zipped:  # but for the header's fields that mean nothing, the checksum finds every change
        assert rest in ([before[touched]], rest if len(rest) == 1 and isinstance(rest[0], Damaged) else None)
    for item in rest:
        if isinstance(item, Damaged):
            assert starts[touched] <= item.offset < starts[touched + 1] >= item.stop


@given(st.sampled_from([plain, zipped]), st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_a_cut_file_loses_its_last_record(folder: Path, pack: Pack, where: float) -> None:
    parts = [page(number) for number in range(6)]
    ends = [len(pack(parts[: number + 1])) - (4 if pack is plain else 0) for number in range(6)]
    size = int(where * len(pack(parts)))
    complete = sum(end <= size for end in ends)
    found = (
        items(folder / "cut.warc.gz", pack(parts)[:size])
        if pack is zipped
        else items(folder / "cut.warc", plain(parts)[:size])
    )
    assert ids(found)[:complete] == [str(number) for number in range(complete)]
    for item in found[complete:]:
        assert isinstance(item, Damaged)
        assert (item.offset, item.stop) == (len(pack(parts[:complete])), size)


def test_a_cut_archive_in_one_member_keeps_what_is_before_its_last_record(warcgz: Path) -> None:
    parts = [page(number) for number in range(50)]
    found = items(warcgz, one_member(parts)[:-2000])
    assert 2 < len(found) < 50
    assert ids(found) == [str(number) for number in range(len(found) - 1)] + ["damaged"]
    assert found[-1].inner == sum(map(len, parts[: len(found) - 1]))


def test_a_member_that_ends_in_garbage_and_is_cut_off_is_damaged(warcgz: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    data = packer.compress(page(1) + page(2) + b"\0\0\0") + packer.flush(zlib.Z_SYNC_FLUSH)
    assert ids(items(warcgz, data)) == ["1", "damaged"]


def test_nothing_of_a_member_with_a_wrong_checksum_passes_for_whole(warcgz: Path) -> None:
    data = bytearray(one_member([page(number) for number in range(5)]))
    data[-6] ^= 1
    whole = gzip.compress(page(9), mtime=0)
    (damaged, after) = items(warcgz, bytes(data) + whole)
    assert damaged == Damaged(0, len(data), "the gzip member does not inflate to its checksum")
    assert ids([after]) == ["9"]


def test_two_damaged_members_side_by_side_are_two_rows(warcgz: Path) -> None:
    parts = [gzip.compress(page(number), mtime=0) for number in range(4)]
    broken = [parts[0], *(part[:-8] + bytes(4) + part[-4:] for part in parts[1:3]), parts[3]]
    found = items(warcgz, b"".join(broken))
    assert ids(found) == ["0", "damaged", "damaged", "3"]
    ends = list(itertools.accumulate(map(len, parts)))
    assert [(item.offset, item.stop) for item in found if isinstance(item, Damaged)] == list(itertools.pairwise(ends))[
        :2
    ]


@pytest.mark.parametrize("garbage", [b"The monkeys are coming!", b"\0" * 5000, b"\x1f\x8b\x08" * 40, b"WARC/1.0"])
def test_garbage_between_records_is_one_row(warc: Path, warcgz: Path, garbage: bytes) -> None:
    for path, pack in ((warc, plain), (warcgz, zipped)):
        one, two = pack([page(1)]), pack([page(2)])
        found = items(path, one + garbage + two)
        assert ids(found) == ["1", "damaged", "2"]
        damaged = found[1]
        assert isinstance(damaged, Damaged)
        assert (damaged.offset, damaged.stop) == (len(one), len(one + garbage))
        if path is warcgz or not garbage.startswith(b"\x1f\x8b"):  # which would make it a gzip file
            assert ids(items(path, garbage + two)) == ["damaged", "2"]
        assert ids(items(path, two + garbage)) == ["2", "damaged"]


def test_damage_between_two_records_is_in_neither(warc: Path) -> None:
    for make, separator in ((page, b"\r\0\r\n"), (arc_page, b"\0")):
        one = make(1)[: -len(separator)]
        found = items(warc, one + separator + make(2))
        assert [type(item) for item in found] == [Raw, Damaged, Raw]
        assert isinstance(found[1], Damaged)
        assert (found[1].offset, found[1].stop) == (len(one), len(one + separator))


@pytest.mark.parametrize("wrong", [-50, -1, 5, 30, 400, 10**6, 10**17])
@pytest.mark.parametrize("max_bytes", [200, LIMIT])
def test_a_wrong_length_costs_one_record(warc: Path, warcgz: Path, wrong: int, max_bytes: int) -> None:
    length = int(re.findall(rb"Content-Length: (\d+)", page(2))[0])
    bad = page(2).replace(b"Content-Length: %d" % length, b"Content-Length: %d" % (length + wrong))
    found = items(warc, page(1) + bad + page(3), max_bytes=max_bytes)
    assert ids(found) == ["1", "damaged", "3"]
    assert isinstance(found[1], Damaged)
    assert (found[1].offset, found[1].stop) == (len(page(1)), len(page(1) + bad))
    assert ids(items(warcgz, zipped([page(1), bad, page(3)]), max_bytes=max_bytes)) == ["1", "damaged", "3"]


def test_a_header_cut_off_by_another_record(warc: Path) -> None:
    assert ids(items(warc, page(1) + page(2)[:40] + page(3))) == ["1", "damaged", "3"]


def test_a_header_without_end_or_length_is_damage(warc: Path) -> None:
    endless = b"WARC/1.0\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"
    lengthless = page(2).replace(b"Content-Length", b"Content-Width")
    assert ids(items(warc, endless + page(1) + lengthless + page(3))) == ["damaged", "1", "damaged", "3"]


def test_a_damaged_beginning_does_not_change_what_the_file_is(warcgz: Path, warc: Path) -> None:
    assert ids(items(warcgz, b"\0" + zipped([page(1), page(2)])[1:])) == ["damaged", "2"]
    assert ids(items(warc, b"\0" + plain([page(1), page(2)])[1:])) == ["damaged", "2"]


# ---- bounds ----------------------------------------------------------------------------------------------------------


def peak(path: Path, data: bytes, max_bytes: int) -> tuple[list[str | None], int]:
    """The problems of the records, and the most memory that was held while reading them."""
    span = Span(source_of(path, data), "gzip", 0, len(data))
    problems = []
    tracemalloc.start()
    for item in read(span, max_bytes):
        problems.append(item.problem if isinstance(item, Raw) else "damaged")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return problems, most


def inflating_to(size: int) -> bytes:
    """A record of zeros, compressed a thousandfold."""
    packer = zlib.compressobj(9, wbits=31)
    block = http(b"")
    head = page(1, b"").split(b"Content-Length")[0] + b"Content-Length: %d\r\n\r\n" % (len(block) + size) + block
    packed = [packer.compress(head), *(packer.compress(bytes(1 << 20)) for _ in range(size >> 20))]
    return b"".join([*packed, packer.compress(b"\r\n\r\n"), packer.flush()])


def test_an_archive_that_inflates_without_end_is_not_held(warcgz: Path) -> None:
    bomb = inflating_to(64 << 20)
    assert len(bomb) < 100_000
    problems, most = peak(warcgz, bomb + gzip.compress(page(2)), 1 << 20)
    assert problems == ["too_large", None]
    assert most < archive.HOLD + (6 << 20)
    raw = items(warcgz, bomb)[0]
    assert isinstance(raw, Raw)
    assert (raw.status, raw.content_type, raw.url, raw.payload) == (200, "text/html", "", b"")


def test_a_whole_archive_in_one_member_is_streamed(warcgz: Path) -> None:
    pages = [page(number, b"<p>%d" % number * 60_000) for number in range(100)]
    problems, most = peak(warcgz, one_member(pages), 1 << 20)
    assert problems == [None] * 100
    assert most < archive.HOLD + (6 << 20) < sum(map(len, pages))


def zstd(data: bytes) -> bytes:
    file = io.BytesIO()
    writer = ZstdWriter(file)
    writer.write(data)
    writer.close()
    return file.getvalue()


def br(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=2))


def deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-15)


CODINGS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": br,
    "zstd": zstd,
}
PACKERS = [*CODINGS.items(), ("deflate", deflate)]


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_a_body_that_decodes_without_end_is_not_held(warcgz: Path, name: str, pack: Coding) -> None:
    body = pack(bytes(32 << 20))
    problems, most = peak(warcgz, gzip.compress(page(1, body, f"Content-Encoding: {name}")), 1 << 20)
    assert problems == ["too_large"]
    assert most < 8 << 20


def test_the_limit_is_the_payloads(warc: Path) -> None:
    body = b"<p>" * 1000
    packed = page(1, gzip.compress(body), "Content-Encoding: gzip")
    assert only(warc, packed, max_bytes=3000).payload == body
    assert only(warc, packed, max_bytes=2999).problem == "too_large"


# ---- HTTP ------------------------------------------------------------------------------------------------------------

HTML = "<html>日本語のページ。</html>".encode() * 40


@pytest.mark.parametrize(("name", "pack"), PACKERS)
def test_codings(warc: Path, name: str, pack: Coding) -> None:
    def read_body(body: bytes) -> tuple[bytes, str | None]:
        raw = only(warc, page(1, body, f"Content-Encoding: {name}"))
        return raw.payload, raw.problem

    packed = pack(HTML)
    assert read_body(packed) == (HTML, None)
    assert read_body(HTML) == (HTML, None)  # taken off by the crawler, left in the header
    assert read_body(b"") == (b"", None)
    noise = pack(random.Random(0).randbytes(50_000))
    cut, problem = read_body(noise[:40_000])
    assert problem is None
    assert len(cut) > 10_000
    assert random.Random(0).randbytes(50_000).startswith(cut)
    if name not in ("gzip", "x-gzip"):  # without its magic number a body is not gzip
        assert read_body(b"\xff\0\xff\0" * 99)[1] == "bad_encoding"
    if name not in ("br", "zstd"):  # nor do these two say that they are damaged rather than cut off
        assert read_body(packed[:10] + b"\0\xff" * 40)[1] == "bad_encoding"


def chunked(body: bytes, size: int = 100) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nTrailer: x\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "payload", "problem"),
    [
        (chunked(HTML), HTML, None),
        (HTML, HTML, None),
        (b"\0\xff\0\xff", b"\0\xff\0\xff", None),
        (b"face\r\nbook is long enough not to be a chunk", b"book is long enough not to be a chunk", None),
        (b"3\nis what this text begins with", b"3\nis what this text begins with", None),
        (chunked(HTML)[:250], HTML[:222], None),  # two chunks of 8 + 100 + 2 bytes, and some
        (chunked(HTML)[:220], HTML[:200], None),
        (chunked(HTML)[:222], HTML[:200], None),
        (b"", b"", None),
        (b"0\r\n\r\n", b"", None),
        (b"5\r\nhello\r\nxyz" + b"-" * 999, b"hello", "bad_encoding"),
        (b"5 \nhello\n0\n\n", b"hello", None),
    ],
)
def test_chunks(warc: Path, body: bytes, payload: bytes, problem: str | None) -> None:
    raw = only(warc, page(1, body, "Transfer-Encoding: chunked"))
    assert (raw.payload, raw.problem) == (payload, problem)


def test_codings_are_taken_off_in_turn(warc: Path) -> None:
    body = chunked(gzip.compress(brotli.compress(HTML)))
    assert only(warc, page(1, body, "Content-Encoding: BR, gzip", "Transfer-Encoding: chunked")).payload == HTML
    assert only(warc, page(1, HTML, "Content-Encoding: utf-8, identity")).payload == HTML
    assert only(warc, page(1, HTML, "Content-Encoding: " + "gzip," * 99)).problem == "bad_encoding"
    # Common Crawl renames the header when it has decoded the body.
    assert only(warc, page(1, HTML, "X-Crawl-Transfer-Encoding: chunked")).payload == HTML


@pytest.mark.parametrize(
    ("block", "status", "content_type", "charset", "payload"),
    [
        (b"HTTP/1.1 200\r\nContent-Type: text/html\r\n\r\nx", 200, "text/html", "", b"x"),
        (b"HTTP/1.0 302 \r\n\r\nx", 302, "", "", b"x"),
        (b"HTTP/2 200 OK\nContent-Type: text/html\n\nx", 200, "text/html", "", b"x"),
        (b"HTTP/1.1 99999 OK\r\n\r\nx", None, "", "", b"x"),
        (b"HTTP/1.1 200 OK", 200, "", "", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html", 200, "text/html", "", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html;\r\n\tcharset=EUC-JP\r\n\r\nx", 200, "text/html", "euc-jp", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Type: T/H;Charset='x'\r\n\r\n", 200, "t/h", "x", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Type: ; charset=UTF-8\r\nno colon\r\n: x\r\n\r\nx", 200, "", "utf-8", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: \xff\xfe/\0\r\n\r\nx", 200, "", "", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\nx", 200, "", "", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nX: " + b"x" * 70_000 + b"\r\n\r\nx", 200, "a/b", "", b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Type: a/b\r\n\r\nx", 404, "a/b", "", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: a/b" + b"\r\n " * 900_000 + b"\r\n\r\nx", 200, "a/b", "", b"x"),
        (b"<html>no header at all", None, "", "", b"<html>no header at all"),
        (b"", None, "", "", b""),
    ],
)  # fmt: skip
def test_what_servers_send(
    warc: Path, block: bytes, status: int | None, content_type: str, charset: str, payload: bytes
) -> None:
    raw = only(warc, record("response", block, Content_Type="application/http; msgtype=response"), max_bytes=4 << 20)
    assert (raw.status, raw.content_type, raw.http_charset, raw.payload) == (status, content_type, charset, payload)
    assert raw.problem is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-06T07:08:09Z", datetime(2024, 5, 6, 7, 8, 9)),
        ("2014-02-10T00:00:01.000000002Z", datetime(2014, 2, 10, 0, 0, 1)),
        ("2014-02-10T00:00:01.01Z", datetime(2014, 2, 10, 0, 0, 1, 10_000)),
        ("2008-04-30t20:48:25z", datetime(2008, 4, 30, 20, 48, 25)),
        ("2019-08-15T01:02", datetime(2019, 8, 15, 1, 2)),
        ("2014-01", datetime(2014, 1, 1)),
        ("2014", datetime(2014, 1, 1)),
        ("2024-05-06T07:08:09+09:00", datetime(2024, 5, 5, 22, 8, 9)),
        ("2024-05-06 07:08:09-0130", datetime(2024, 5, 6, 8, 38, 9)),
        ("2024-02-30T00:00:00Z", None),
        ("2024-05-06T25:00:00Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates(warc: Path, written: str, meant: datetime | None) -> None:
    raw = only(warc, record("response", http(b""), WARC_Date=written))
    assert raw.date == (meant and meant.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (b"<http://example.com/>", "http://example.com/"),
        ("http://例え.jp/あ".encode(), "http://例え.jp/あ"),
        (b"http://example.com/\xff\x82\xa0%41", "http://example.com/%FF%82%A0%41"),
        (b"http://example.com/\0\x1b", "http://example.com/%00%1B"),
        (b"http://example.com/\xed\xa0\x80", "http://example.com/%ED%A0%80"),
        (b"http://example.com/" + b"x" * 20_000, "http://example.com/" + "x" * (8192 - 19)),
    ],
)
def test_urls_are_valid_text(warc: Path, url: bytes, text: str) -> None:
    raw = only(
        warc,
        record("response", http(b""), WARC_Target_URI="U", WARC_Record_ID="U").replace(
            b": U\r\n", b": " + url + b"\r\n"
        ),
    )
    assert raw.url == text
    raw.record_id.encode()
    assert raw.record_id.isprintable()


# ---- WACZ ------------------------------------------------------------------------------------------------------------


def wacz(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Source:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("pages/pages.jsonl", "{}", zipfile.ZIP_DEFLATED)
        for name, data in entries.items():
            packed.writestr(name, data, compression)
    return Source(path.name, str(path), path.stat().st_size, "sha")


def test_a_wacz_is_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    entries = {
        "archive/b.warc.gz": zipped([page(number) for number in range(20)]),
        "archive/a.warc": plain([page(number) for number in range(20, 25)]),
        "archive/empty.warc.gz": b"",
        "archive/cut.warc.gz": zipped([page(30)])[:-20],
        "indexes/index.cdx.gz": gzip.compress(page(99)),
    }
    source = wacz(path, entries)
    expected = [str(number) for number in range(25)] + ["damaged"]
    for part_bytes in (1, 700, WHOLE):
        spans = split(source, part_bytes)
        found = [item for span in spans for item in read(span, LIMIT)]
        assert ids(found) == expected
    assert [(span.kind, span.start == span.stop) for span in split(source, WHOLE)] == [
        ("gzip", False), ("plain", False), ("gzip", True), ("gzip", False),
    ]  # fmt: skip
    data = path.read_bytes()
    assert all(zlib.decompressobj(31).decompress(data[item.offset :]).startswith(b"WARC/1.0") for item in found[:20])
    assert all(data[item.offset :].startswith(b"WARC/1.0") for item in found[20:25])
    assert data[found[25].offset : found[25].stop] == entries["archive/cut.warc.gz"]  # type: ignore[union-attr]


def test_a_wacz_that_cannot_be_read_in_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"archive/a.warc is compressed in the zip; unpack it"):
        split(wacz(tmp_path / "a.wacz", {"archive/a.warc": page(1) * 9}, zipfile.ZIP_DEFLATED), WHOLE)
    with pytest.raises(InputError, match="not a readable zip file"):
        split(source_of(tmp_path / "b.wacz", b"PK\x03\x04 and then nothing"), WHOLE)
    whole = wacz(tmp_path / "c.wacz", {"archive/a.warc": page(1)})
    data = bytearray(Path(whole.path).read_bytes())
    data[data.index(b"archive/a.warc") - 30] ^= 1  # the local header's magic number
    with pytest.raises(InputError, match="not where the zip says"):
        split(source_of(tmp_path / "c.wacz", bytes(data)), WHOLE)


def test_a_wacz_without_archives_is_on_record(tmp_path: Path) -> None:
    (span,) = split(wacz(tmp_path / "a.wacz", {}), WHOLE)
    assert span.start == span.stop
    assert list(read(span, LIMIT)) == []


# ---- what crawlers wrote ---------------------------------------------------------------------------------------------

#: Where we do not read the `responses` and `html` that INDEX.json counts with warcio: what we read, damaged spans, why.
DIFFERENCES = {
    "broken/Evil-Warc-Headers.warc": (0, 0, 1, "declares 6,000 bytes, has 800"),
    "broken/badexample.arc.gz": (2, 0, 3, "whole archive in one member; warcio refuses; three records made wrong"),
    "broken/broken.warc": (1, 1, 1, "wrong length; warcio counts the garbage"),
    "broken/clipped.warc.gz": (0, 0, 1, "cut off within its only record"),
    "broken/example-bad-non-chunked.warc.gz": (1, 1, 0, "whole archive in one member; warcio refuses"),
    "broken/example-space-in-url.arc": (0, 0, 1, "declares 1,591 bytes, has 1,579"),
    "broken/example-trunc.warc": (0, 0, 1, "the response lost some bytes; the request after it is read"),
    "broken/invalid-arcfile-record-then-garbage.arc": (1, 1, 1, "garbage at the end"),
    "broken/invalid-warcfile-lonely-monkeys.warc": (0, 0, 1, "no length"),
    "broken/invalid-warcfile-record-then-garbage.warc": (1, 0, 1, "warcio counts the garbage as a response"),
    "broken/invalid-warcheaderversion-10.warc": (0, 0, 1, "a version line and nothing else"),
    "broken/invalid-warcrecord-1.warc": (0, 0, 2, "two records without a length"),
    "broken/transfer_compression_none_truncated.warc.gz": (0, 0, 1, "cut off within its last record"),
    "commoncrawl/whirlwind.warc.wet.gz": (1, 0, 0, "the text of a page, which is no response"),
    "edge/HTTP204.warc": (1, 1, 2, "wrong lengths of the first two records"),
    "edge/redirect.warc": (0, 0, 1, "its line ends were changed, its lengths were not"),
    "edge/skip-non-open.warc.gz": (10, 10, 0, "warcio gives up after the first of ten"),
    "edge/valid-warcfile-upper-lower-case.warc": (4, 0, 0, "warcio takes no record type in upper case"),
    "edge/valid_example_1.wacz": (1, 1, 0, "warcio reads no WACZ"),
}  # fmt: skip


def real_files() -> list[tuple[str, int, int]]:
    if not DATA.is_dir():
        return []
    index = json.loads((DATA / "real/INDEX.json").read_text())
    return [(entry["file"].removeprefix("web/real/"), entry["responses"], entry["html"]) for entry in index]


@needs_data
@pytest.mark.parametrize(("name", "responses", "html"), real_files() or [("", 0, 0)])
def test_real_archives_are_read_to_their_readable_end(name: str, responses: int, html: int) -> None:
    path = DATA / "real" / name
    (source,) = find_inputs([str(path)])
    whole = [item for span in split(source, WHOLE) for item in read(span, 1 << 26)]
    raws = [item for item in whole if isinstance(item, Raw)]
    types = Counter(raw.content_type for raw in raws)
    damaged = len(whole) - len(raws)
    expected = DIFFERENCES.get(name, (responses, html, 0, ""))[:3]
    assert (len(raws), types["text/html"] + types["application/xhtml+xml"], damaged) == expected
    assert [raw for raw in raws if raw.problem] == []
    for part_bytes in (source.size // 100 + 1, source.size // 2 + 1):
        assert [item for span in split(source, part_bytes) for item in read(span, 1 << 26)] == whole


@needs_data
def test_real_crawls_are_read_whole(capsys: pytest.CaptureFixture[str]) -> None:
    started = time.perf_counter()
    count, size = 0, 0
    for source in find_inputs([str(DATA / "*.warc.gz")]):
        for raw in read(Span(source, "gzip", 0, source.size), 1 << 26):
            assert isinstance(raw, Raw)
            assert raw.problem is None
            assert raw.status == 200
            count, size = count + 1, size + len(raw.payload)
    assert count == 6227
    with capsys.disabled():
        print(f"\nread {size / (time.perf_counter() - started) / 1e6:.0f} MB/s of HTML")


@needs_data
@pytest.mark.parametrize(
    "pattern",
    ["crawl-00004.warc.gz", "recrawl-*", "real/commoncrawl/*.warc*", "real/crawls/[!bp]*.warc*", "real/edge/e*.warc*"],
)
def test_sound_archives_are_read_as_by_fastwarc(pattern: str) -> None:
    """Left out: archives in which it ends at a body that is not chunked, or not compressed, as its header declares."""
    for path in sorted(DATA.glob(pattern)):
        (source,) = find_inputs([str(path)])
        ours = [item for span in split(source, WHOLE) for item in read(span, 1 << 26) if isinstance(item, Raw)]
        types = WarcRecordType.response | WarcRecordType.conversion
        theirs = ArchiveIterator(str(path), record_types=types, auto_decode="all", fsspec_args=False)
        for raw, other in itertools.zip_longest(ours, theirs):
            assert raw.record_id == str(other.record_id).strip("<>")
            assert raw.url == str(other.headers.get("WARC-Target-URI")).strip("<>")
            assert raw.status == (other.http_headers.status_code if other.is_http else None)
            assert raw.payload == other.reader.read()


@needs_data
def test_real_crawl_in_spans() -> None:
    (source,) = find_inputs([str(DATA / "crawl-00004.warc.gz")])
    whole = list(read(Span(source, "gzip", 0, source.size), 1 << 26))
    assert len(whole) == 725
    for part_bytes, spans in ((3000, 611), (70_000, 61), (1_000_000, 5), (source.size, 1)):
        parts = split(source, part_bytes)
        assert len(parts) == spans
        assert [item for span in parts for item in read(span, 1 << 26)] == whole
