"""A file elsewhere yields what the same file here yields, and no fault of a network changes a byte."""

import functools
import gzip
import io
import json
import random
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from webserver import Site, another_range, cut, reset, serving, slow, status

from pipelines import remote
from pipelines.errors import InputError
from pipelines.remote import http, retry
from pipelines.sources import Damaged, Declared, Raw, Source, read, split
from warcs import one_member, page, plain, zipped

DATA = Path(__file__).parents[3] / "../shared/data/web"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real crawls are not on this machine")
LIMIT = 1 << 24


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0001)


@pytest.fixture(scope="module")
def shelf() -> Iterator[Site]:
    with serving({}) as site:
        yield site


@pytest.fixture
def site(shelf: Site) -> Site:
    shelf.files.clear()
    shelf.faults.clear()
    shelf.asked.clear()
    shelf.etags = shelf.dates = shelf.ranges = True
    return shelf


def there(site: Site, name: str) -> Source:
    seen = remote.look(site.url + name)
    return Source(name, site.url + name, seen.size, "sha", seen)


def here(folder: Path, name: str, data: bytes) -> Source:
    (folder / name).write_bytes(data)
    return Source(name, str(folder / name), len(data), "sha")


def records(source: Source, part_bytes: int, declared: Declared | None = None) -> list[list[Raw | Damaged]]:
    spans = split(source, part_bytes, declared or Declared())
    return [list(read(span, LIMIT)) for span in spans]


def packed_tar(names: list[str]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(b"# A title\n\nSome words.\n" * 40)
            archive.addfile(entry, io.BytesIO(b"# A title\n\nSome words.\n" * 40))
    return file.getvalue()


def packed_zip(names: list[str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, f"# A title\n\n{random.Random(name).randbytes(300).hex()}\n")
    return file.getvalue()


def table() -> bytes:
    file = io.BytesIO()
    rows = pa.table({"id": [str(n) for n in range(500)], "text": [f"A text of row {n}. " * 9 for n in range(500)]})
    pq.write_table(rows, file, row_group_size=100)
    return file.getvalue()


DUMP = (
    b'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/">\n<siteinfo><dbname>jawiki</dbname></siteinfo>\n'
    + b"".join(b"<page><title>T%d</title><revision><text>Words.</text></revision></page>\n" % n for n in range(300))
    + b"</mediawiki>"
)
LINES = b"".join(json.dumps({"id": n, "text": f"Line {n}. " * 20}).encode() + b"\n" for n in range(300))
MEMBERS = [f"notes/{n}.md" for n in range(60)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.warc.gz", zipped([page(n) for n in range(300)])),
        ("a.warc", plain([page(n) for n in range(300)])),
        ("one.warc.gz", one_member([page(n) for n in range(300)])),
        ("a.jsonl", LINES),
        ("a.jsonl.gz", gzip.compress(LINES, mtime=0)),
        ("a.parquet", table()),
        ("a.tar", packed_tar(MEMBERS)),
        ("a.tar.gz", gzip.compress(packed_tar(MEMBERS), mtime=0)),
        ("a.zip", packed_zip(MEMBERS)),
        ("a.xml", DUMP),
        ("a.md", b"# A title\n\nSome words.\n" * 1000),
        ("no-suffix", zipped([page(1), page(2)])),
        ("empty.warc.gz", b""),
    ],
)
def test_every_format_reads_the_same_there_as_here(site: Site, tmp_path: Path, name: str, data: bytes) -> None:
    site.files[name] = data
    for part_bytes in (5000, 1 << 20):
        found = records(there(site, name), part_bytes)
        assert found == records(here(tmp_path, name, data), part_bytes)
        assert not data or sum(map(len, found)) > 0


@given(
    st.integers(0, 1000), st.lists(st.sampled_from([reset, cut, status(503), status(429, Retry_After="0")]), max_size=6)
)
@settings(max_examples=25)
def test_no_fault_that_passes_changes_what_is_read(shelf: Site, seed: int, faults: list[object]) -> None:
    pages = [page(n, random.Random(seed + n).randbytes(20_000)) for n in range(60)]
    data = bytearray(zipped(pages))
    data[random.Random(seed).randrange(len(data))] ^= 1  # damage is the file's own, and the same from anywhere
    shelf.files["a.warc.gz"] = bytes(data)
    shelf.faults[:] = [("a.warc.gz", fault) for fault in faults]  # type: ignore[misc]
    source = there(shelf, "a.warc.gz")
    with remote.RemoteFile(source.path, source.seen) as file:  # type: ignore[arg-type]
        found = bytearray()
        while piece := file.pread(70_000, len(found)):
            found += piece
    shelf.faults.clear()
    assert found == data


def test_a_span_asks_for_its_own_bytes_and_a_little_more(site: Site) -> None:
    pages = [page(n, random.Random(n).randbytes(60_000)) for n in range(300)]
    data = site.files["a.warc.gz"] = zipped(pages)
    spans = split(there(site, "a.warc.gz"), 2 << 20)
    assert len(spans) == 9
    assert site.bytes_asked < len(data) / 4
    site.asked.clear()
    assert len(list(read(spans[3], LIMIT))) > 30
    assert site.bytes_asked < (spans[3].stop - spans[3].start) * 3
    assert len(site.asked) < 8
    first = min(int(asked.removeprefix("bytes=").partition("-")[0]) for _, asked in site.asked[1:])
    assert first <= spans[3].start


def test_little_is_held(site: Site) -> None:
    site.files["a"] = bytes(40 << 20)
    seen = remote.look(site.url + "a")
    with remote.RemoteFile(site.url + "a", seen) as file:
        position = 0
        while piece := file.pread(1 << 20, position):
            position += len(piece)
            assert sum(len(block) for _, block in file._blocks) <= 12 << 20
    assert position == 40 << 20
    assert len(site.asked) < 20


def refused(site: Site, name: str = "a.warc.gz") -> str:
    with pytest.raises(InputError) as refusal:
        records(there(site, name), 1 << 20)
    (line,) = str(refusal.value).splitlines()
    assert line.startswith(f"{site.url}{name}: ")
    return line.removeprefix(f"{site.url}{name}: ")


@pytest.mark.parametrize("etags", [True, False])
def test_a_file_that_changes_stops_the_reading(site: Site, etags: bool) -> None:
    site.etags = etags
    site.files["a.warc.gz"] = zipped([page(n) for n in range(9)])
    source = there(site, "a.warc.gz")
    (span,) = split(source, 1 << 20)
    site.files["a.warc.gz"] += zipped([page(9)])
    with pytest.raises(InputError, match=r"a\.warc\.gz: has changed since it was found; start again$"):
        list(read(span, LIMIT))
    site.files["a.warc.gz"] = b""
    with pytest.raises(InputError, match="has changed"):
        list(read(span, LIMIT))
    site.files.clear()
    with pytest.raises(InputError, match=r"not there \(404\)"):
        list(read(span, LIMIT))


def test_what_does_not_pass_is_one_clear_line(site: Site) -> None:
    assert refused(site) == "not there (404); correct the address"
    site.files["a.warc.gz"] = zipped([page(1)])
    for fault, words in (
        (status(403), "not allowed (403); Common Crawl answers so too"),
        (status(410), "no longer there (410)"),
        (status(418), "the server answers 418"),
        (status(503, Retry_After="86400"), "the server answers 503, 1 times; run again when the server is well"),
    ):
        site.faults[:] = [("", fault)]
        assert refused(site).startswith(words)
    for fault, words in (
        (status(503), "the server answers 503, 8 times"),
        (reset, "no answer ("),
    ):
        site.faults[:] = [("", fault)] * 8
        assert refused(site).startswith(words)
    site.etags = site.dates = False
    assert refused(site).startswith("the server tells neither ETag nor date")


def test_a_server_without_ranges_gives_small_files_only(site: Site) -> None:
    site.ranges = False
    site.files["a.warc.gz"] = zipped([page(1)])
    assert sum(map(len, records(there(site, "a.warc.gz"), 1 << 20))) == 1
    site.files["b.warc.gz"] = zipped([page(n, random.Random(n).randbytes(60_000)) for n in range(20)])
    assert refused(site, "b.warc.gz") == "the server gives no ranges; fetch the file, give the copy"


def test_another_range_than_asked_for_is_not_taken(site: Site) -> None:
    site.files["a"] = bytes(range(256)) * 4000
    seen = remote.look(site.url + "a")
    site.faults.append(("a", another_range))
    with remote.RemoteFile(site.url + "a", seen) as file:
        assert file.pread(4, 1003) == b"\xeb\xec\xed\xee"
    assert not site.faults


def test_a_pause_the_server_asks_for_is_kept(site: Site) -> None:
    site.files["a"] = b"x"
    site.faults.append(("a", status(429, Retry_After="1")))
    start = time.monotonic()
    remote.look(site.url + "a")
    assert time.monotonic() - start >= 1


def test_a_server_that_is_silent_or_trickles_is_asked_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.files["a"] = bytes(range(256)) * (16 << 10)
    seen = remote.look(site.url + "a")
    with monkeypatch.context() as patch, remote.RemoteFile(site.url + "a", seen) as file:
        patch.setattr(http, "_READ", 0.1)
        site.faults += [("a", slow)] * 2
        assert file.pread(4, 1003) == b"\xeb\xec\xed\xee"
    assert not site.faults
    monkeypatch.setattr(http, "_READ", 0.0)
    monkeypatch.setattr(http, "_SLOWEST", 1 << 40)
    monkeypatch.setattr(http.HttpFile, "_get", functools.partialmethod(_patient, http.HttpFile._get))
    with remote.RemoteFile(site.url + "a", seen) as file, pytest.raises(InputError, match=r" 0 seconds, 8 times; run"):
        file.pread(4 << 20, 0)


def _patient(self: http.HttpFile, get: Any, headers: dict[str, str]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "_READ", 5.0)
        return get(self, headers)


def test_the_server_is_told_who_asks(site: Site) -> None:
    site.files["a"] = b"x"
    site.agents.clear()
    remote.look(site.url + "a")
    assert [agent.partition(" ")[0] for agent in site.agents] == ["minamoto"]


@pytest.mark.parametrize("url", ["http://user:word@127.0.0.1/a", "http:///a", "http://[/a", "http://127.0.0.1:x/a",
                                 "s3://key:word@bucket/a", "s3://bucket/a?secret_key=word"])  # fmt: skip
def test_addresses_that_are_none_or_hold_secrets(url: str) -> None:
    with pytest.raises(InputError) as refusal:
        remote.look(url)
    assert "word" not in str(refusal.value).replace("a password", "")


def test_the_signature_of_an_address_is_in_no_message(site: Site) -> None:
    with pytest.raises(InputError) as refusal:
        remote.look(f"{site.url}a.warc.gz?X-Amz-Signature=secret")
    assert "secret" not in str(refusal.value)
    site.files["a.warc.gz"] = zipped([page(1)])
    seen = remote.look(f"{site.url}a.warc.gz?X-Amz-Signature=secret")
    source = Source("a.warc.gz", f"{site.url}a.warc.gz?X-Amz-Signature=secret", seen.size, seen.identity, seen)
    assert sum(map(len, records(source, 1 << 20))) == 1
    assert "secret" not in source.shown + source.sha256


@needs_data
@pytest.mark.parametrize("part_bytes", [1 << 20, 3 << 20])
def test_a_real_crawl_in_spans_yields_what_it_yields_here(site: Site, part_bytes: int) -> None:
    path = DATA / "crawl-00004.warc.gz"
    site.files[path.name] = path.read_bytes()
    local = Source(path.name, str(path), path.stat().st_size, "sha")
    assert records(there(site, path.name), part_bytes) == records(local, part_bytes)
