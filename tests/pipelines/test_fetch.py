"""Whole files and single records of a crawl, from a server that stands in for Common Crawl's."""

import gzip
import hashlib
import io
import json
import random
import signal
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from webserver import Site, cut, reset, serving, status

from conftest import ROOT, command
from pipelines import lists
from pipelines.errors import Drift, InputError, Stop, UsageError
from pipelines.fetch import Crawl, fetch
from pipelines.fetch.index import Wanted, select
from pipelines.fetch.records import fetch_records, is_record
from pipelines.fetch.together import in_order
from pipelines.inputs import find_inputs
from pipelines.remote import retry
from pipelines.sources import Raw, read, split
from warcs import page, zipped

CRAWL = "CC-MAIN-2026-43"
LIST = f"crawl-data/{CRAWL}/warc.paths.gz"
INDEX = f"crawl-data/{CRAWL}/cc-index-table.paths.gz"
PATHS = [f"crawl-data/{CRAWL}/segments/17{n % 3}.1/warc/{CRAWL}-{n:05d}.warc.gz" for n in range(12)]
NAMES = [path.rsplit("/", 1)[1] for path in PATHS]


def japanese(number: int) -> bool:
    return number % 5 == 0


def a_page(number: int) -> bytes:
    words = (
        "これは日本語の文章です。今日は天気が良いので、散歩に行きます。"
        if japanese(number)
        else "Some words, and more. "
    )
    return page(number, f"<html><body><p>{words * 20} {random.Random(number).randbytes(600).hex()}</p>".encode())


@pytest.fixture(scope="module")
def crawl_files() -> dict[str, bytes]:
    """Twelve WARCs of forty pages and an index in two files, sorted by host as Common Crawl's is."""
    files = {path: b"".join(zipped([a_page(40 * n + i)]) for i in range(40)) for n, path in enumerate(PATHS)}
    rows = []
    for n, path in enumerate(PATHS):
        offset = 0
        for i in range(40):
            number, length = 40 * n + i, len(zipped([a_page(40 * n + i)]))
            tld = "jp" if japanese(number) else "com"
            rows.append({
                "url": f"http://example.com/{number}",
                "url_host_tld": tld,
                "url_host_registered_domain": f"site{number % 7}.{tld}",
                "fetch_status": 200 if number % 11 else 404,
                "content_mime_detected": "text/html" if number % 13 else "application/pdf",
                "content_languages": "jpn,eng" if japanese(number) else "eng" if number % 3 else None,
                "warc_filename": path,
                "warc_record_offset": offset,
                "warc_record_length": length,
            })  # fmt: skip
            offset += length
    rows.sort(key=lambda row: (row["url_host_tld"], row["url"]))
    schema = pa.schema([
        ("url", pa.string()), ("url_host_tld", pa.string()), ("url_host_registered_domain", pa.string()),
        ("fetch_status", pa.int16()), ("content_mime_detected", pa.string()), ("content_languages", pa.string()),
        ("warc_filename", pa.string()), ("warc_record_offset", pa.int32()), ("warc_record_length", pa.int32()),
    ])  # fmt: skip
    parts = []
    for part, (start, stop) in enumerate(((0, 300), (300, 480))):
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows[start:stop], schema), file, row_group_size=50)
        parts.append(f"cc-index/table/cc-main/warc/crawl={CRAWL}/subset=warc/part-{part:05d}.gz.parquet")
        files[parts[-1]] = file.getvalue()
    other = parts[0].replace("subset=warc", "subset=robotstxt")
    files[LIST] = gzip.compress("\n".join(PATHS).encode())
    files[INDEX] = gzip.compress("\n".join([other, *parts]).encode())
    return files


@pytest.fixture
def site(crawl_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0001)
    with serving(dict(crawl_files)) as site:
        yield site


@pytest.fixture
def crawl(site: Site) -> Crawl:
    return Crawl(CRAWL, site.url)


def log(to: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((to / "fetch.json").read_bytes())
    return found


def files_of(to: Path) -> list[str]:
    return sorted(path.name for path in to.iterdir() if path.suffix == ".gz")


# ---- whole files -----------------------------------------------------------------------------------------------------


def test_the_first_files_come_whole_with_their_digests(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    done = fetch(crawl, 3, None, tmp_path, quiet=True)
    assert (done["files"], done["fetched"], files_of(tmp_path)) == (3, 3, NAMES[:3])
    for name, path in zip(NAMES, PATHS[:3]):
        data = (tmp_path / name).read_bytes()
        assert data == site.files[path]
        entry = log(tmp_path)["files"][name]
        assert (entry["from"], entry["bytes"]) == (path, len(data))
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == [".lock"]
    assert [source.name for source in find_inputs([str(tmp_path)])] == NAMES[:3]


def test_a_seed_draws_and_a_larger_sample_holds_the_smaller(crawl: Crawl, tmp_path: Path) -> None:
    fetch(crawl, 3, 5, tmp_path, quiet=True)
    three = set(files_of(tmp_path))
    assert fetch(crawl, 6, 5, tmp_path, quiet=True)["fetched"] == 3
    assert three < set(files_of(tmp_path)) != set(NAMES[:6])


def test_run_again_it_verifies_and_mends(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    fetch(crawl, 3, None, tmp_path, quiet=True)
    site.asked.clear()
    assert fetch(crawl, 3, None, tmp_path, quiet=True)["fetched"] == 0
    assert {path for path, _ in site.asked} == {LIST}
    whole = (tmp_path / NAMES[1]).read_bytes()
    (tmp_path / NAMES[1]).write_bytes(whole[:-1] + b"?")
    (tmp_path / NAMES[2]).unlink()
    done = fetch(crawl, 4, None, tmp_path, quiet=True)
    assert (done["fetched"], done["damaged"]) == (3, 2)
    assert (tmp_path / NAMES[1]).read_bytes() == whole


def test_faults_that_pass_change_nothing(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    site.faults += [("", fault) for fault in (status(503), reset)]
    site.faults += [(".warc.gz", fault) for fault in [reset, cut, status(429, Retry_After="0"), cut, status(500)] * 2]
    fetch(crawl, 6, None, tmp_path, quiet=True)
    assert not site.faults
    assert [(tmp_path / name).read_bytes() for name in NAMES[:6]] == [site.files[path] for path in PATHS[:6]]


def test_what_is_half_there_is_gone_on_with(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    site.faults += [("00000.warc", fault) for fault in (lambda handler: False, *[cut] * 3, *[status(503)] * 5)]
    with pytest.raises(InputError, match=r"00000\.warc\.gz: .* 8 times; run again"):
        fetch(crawl, 1, None, tmp_path, quiet=True)
    assert files_of(tmp_path) == []
    here = (tmp_path / f".{NAMES[0]}.part").stat().st_size
    size = len(site.files[PATHS[0]])
    assert size / 2 < here < size
    site.asked.clear()
    done = fetch(crawl, 1, None, tmp_path, quiet=True)
    assert (done["resumed"], done["bytes"]) == (here, size - here)
    assert f"bytes={here}-{size - 1}" in dict(site.asked).values()
    assert (tmp_path / NAMES[0]).read_bytes() == site.files[PATHS[0]]


def test_half_of_another_version_is_not_gone_on_with(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    site.faults += [("00000.warc", fault) for fault in (lambda handler: False, *[cut] * 3, *[status(503)] * 5)]
    with pytest.raises(InputError):
        fetch(crawl, 1, None, tmp_path, quiet=True)
    site.files[PATHS[0]] = zipped([page(n) for n in range(50)])
    assert fetch(crawl, 1, None, tmp_path, quiet=True)["resumed"] == 0
    assert (tmp_path / NAMES[0]).read_bytes() == site.files[PATHS[0]]


def test_a_file_that_changes_on_its_way_stops_it(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    def changes(handler: Any) -> bool:
        handler.server.site.files[PATHS[0]] = zipped([page(1)])
        return False

    site.faults += [("00000.warc", lambda handler: False), ("00000.warc", changes)]
    with pytest.raises(InputError, match="has changed since it was found"):
        fetch(crawl, 1, None, tmp_path, quiet=True)
    assert files_of(tmp_path) == []


def test_lists_that_lead_elsewhere_are_refused(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    for line in (
        "../../etc/passwd",
        "/etc/passwd",
        "http://127.0.0.1:1/x.warc.gz",
        "a/../b.warc.gz",
        "a/.ssh",
        "a/",
        "a\\b",
    ):
        site.files[LIST] = gzip.compress(line.encode())
        with pytest.raises(InputError):
            fetch(crawl, 1, None, tmp_path, quiet=True)
    site.files[LIST] = gzip.compress(b"a/x.warc.gz\nb/x.warc.gz\n")
    with pytest.raises(InputError, match="two files alike"):
        fetch(crawl, 2, None, tmp_path, quiet=True)
    site.files[LIST] = gzip.compress("\n".join(PATHS).encode())[:-9]
    with pytest.raises(InputError, match="no whole gzip file"):
        fetch(crawl, 1, None, tmp_path, quiet=True)
    assert files_of(tmp_path) == []


def test_words_that_name_no_crawl(crawl: Crawl, tmp_path: Path) -> None:
    for name, base in (("../x", crawl.base), ("", crawl.base), (CRAWL, "/mnt/crawl")):
        with pytest.raises(UsageError):
            Crawl(name, base)
    with pytest.raises(InputError, match="the list has 12 lines"):
        fetch(crawl, 13, None, tmp_path, quiet=True)
    with pytest.raises(InputError, match=r"not there \(404\)"):
        fetch(Crawl("CC-MAIN-1999-01", crawl.base), 1, None, tmp_path, quiet=True)
    fetch(crawl, 1, None, tmp_path, quiet=True)
    with pytest.raises(Drift, match="holds crawl CC-MAIN-2026-43, not crawl"):
        fetch_records(crawl, Wanted(tlds=("jp",)), tmp_path, quiet=True)


def test_a_full_disk_is_told_before_it_is_full(crawl: Crawl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(Stop, match="bytes are to come, 10 are free"):
        fetch(crawl, 2, None, tmp_path, quiet=True)


def test_a_stopped_command_does_not_wait_and_goes_on(site: Site, tmp_path: Path) -> None:
    site.faults += [("00002.warc", lambda handler: False), ("00002.warc", status(503, Retry_After="500"))]
    words = command("fetch", "--crawl", CRAWL, "-n", 4, "--base", site.url, "--to", tmp_path / "to")
    process = subprocess.Popen(
        words, cwd=ROOT, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # shells ignore it for what runs behind them
    )  # fmt: skip
    while len([path for path, _ in site.asked if "0000" in path]) < 8:
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(0.5)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, time.monotonic() - start < 10) == (130, True), err
    assert "Traceback" not in err
    again = subprocess.run([*words, "--json"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(again.stdout)["files"] == 4
    assert files_of(tmp_path / "to") == NAMES[:4]


def test_work_comes_back_in_order_and_an_error_in_its_turn() -> None:
    def work(number: int) -> int:
        time.sleep(random.Random(number).random() / 100)
        if number == 30:
            raise ValueError(number)
        return number * number

    found: list[int] = []
    with pytest.raises(ValueError, match="30"):
        found.extend(in_order(work, range(100), 4))
    assert found == [n * n for n in range(30)] == list(in_order(work, range(30), 4))
    assert list(in_order(work, [], 4)) == []
    time.sleep(0.2)
    assert threading.active_count() < 8


# ---- single records --------------------------------------------------------------------------------------------------


def wanted_numbers(numbers: Iterator[int] | range = range(480)) -> set[str]:
    return {f"{n}" for n in numbers if japanese(n) and n % 11 and n % 13}


def records(to: Path) -> list[str]:
    spans = [span for source in find_inputs([str(to)]) for span in split(source, 1 << 20)]
    items = [item for span in spans for item in read(span, 1 << 20)]
    assert all(isinstance(item, Raw) for item in items)
    return [item.record_id.removeprefix("urn:uuid:") for item in items if isinstance(item, Raw)]


@pytest.mark.parametrize("wanted", [Wanted(languages=("jpn",)), Wanted(tlds=("jp",)), Wanted(("deu", "jpn"), ("jp",))])
def test_the_records_asked_for_come_and_no_others(crawl: Crawl, site: Site, tmp_path: Path, wanted: Wanted) -> None:
    done = fetch_records(crawl, wanted, tmp_path, quiet=True, file_bytes=30_000)
    found = records(tmp_path)
    assert set(found) == wanted_numbers()
    assert done["records"] == len(found) == len(set(found))
    warcs = {name: entry for name, entry in log(tmp_path)["files"].items() if name.endswith(".warc.gz")}
    assert len(warcs) > 2
    assert all(entry["bytes"] <= 30_000 for entry in warcs.values())
    for name, entry in warcs.items():
        rows = pq.read_table(tmp_path / entry["selection"]).to_pylist()[slice(*entry["rows"])]
        data = (tmp_path / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert len(rows) == entry["records"]
        expected = [
            site.files[row["warc_filename"]][row["warc_record_offset"] :][: row["warc_record_length"]] for row in rows
        ]
        assert data == b"".join(expected)


def test_domains_and_no_condition(crawl: Crawl, tmp_path: Path) -> None:
    fetch_records(crawl, Wanted(domains=("site1.jp", "site2.com")), tmp_path / "a", quiet=True)
    numbers = [n for n in range(480) if (n % 7 == 1 and japanese(n)) or (n % 7 == 2 and not japanese(n))]
    assert set(records(tmp_path / "a")) == {f"{n}" for n in numbers if n % 11 and n % 13}
    done = fetch_records(crawl, Wanted(domains=("nowhere.jp",)), tmp_path / "b", quiet=True)
    assert (done["records"], done["fetched"]) == (0, 0)


def test_a_limit_draws_by_its_seed(crawl: Crawl, tmp_path: Path) -> None:
    wanted = Wanted(tlds=("jp",))
    drawn = {}
    for name, limit, seed in (("a", 10, 0), ("b", 20, 0), ("c", 10, 1), ("d", 1000, 0)):
        fetch_records(crawl, wanted, tmp_path / name, limit, seed, quiet=True)
        drawn[name] = set(records(tmp_path / name))
    assert [len(drawn[name]) for name in "abc"] == [10, 20, 10]
    assert drawn["a"] < drawn["b"] < drawn["d"] == wanted_numbers()
    assert drawn["a"] != drawn["c"]


def test_two_runs_make_the_same_bytes_and_a_third_makes_none(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    wanted = Wanted(languages=("jpn",))
    for name, jobs in (("a", 1), ("b", 7)):
        fetch_records(crawl, wanted, tmp_path / name, jobs=jobs, quiet=True, file_bytes=30_000)
        site.faults += [(".warc.gz", fault) for fault in (reset, cut, status(503), cut, reset)]
    site.faults.clear()
    assert log(tmp_path / "a") == log(tmp_path / "b")
    site.asked.clear()
    assert fetch_records(crawl, wanted, tmp_path / "b", quiet=True, file_bytes=30_000)["fetched"] == 0
    assert {path for path, _ in site.asked} == {INDEX}
    (name, *_) = files_of(tmp_path / "b")
    (tmp_path / "b" / name).write_bytes(b"")
    done = fetch_records(crawl, wanted, tmp_path / "b", quiet=True, file_bytes=30_000)
    assert (done["damaged"], done["fetched"]) == (1, 1)
    assert log(tmp_path / "a") == log(tmp_path / "b")
    with pytest.raises(Drift):
        fetch_records(crawl, Wanted(languages=("eng",)), tmp_path / "b", quiet=True)


def test_statistics_spare_what_cannot_hold_a_host(crawl_files: dict[str, bytes]) -> None:
    class Counted(io.BytesIO):
        came = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.came += len(data)
            return data

    path = next(path for path in crawl_files if "part-00000" in path)
    counts = {}
    for tld in ("jp", "com"):
        file = Counted(crawl_files[path])
        assert (len(select(file, "index", Wanted(tlds=(tld,)))) > 200) == (tld == "com")
        counts[tld] = file.came
    assert counts["jp"] < counts["com"] / 1.5


def test_copies_of_the_index_serve(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    for path in site.files:
        if path.endswith(".parquet"):
            (tmp_path / path.rsplit("/", 1)[1]).write_bytes(site.files[path])
    del site.files[INDEX]
    copies = sorted(map(str, tmp_path.glob("*.parquet")))
    fetch_records(crawl, Wanted(tlds=("jp",)), tmp_path / "to", index=copies, quiet=True)
    assert set(records(tmp_path / "to")) == wanted_numbers()


def test_an_index_that_is_none_or_of_another_crawl(crawl: Crawl, site: Site, tmp_path: Path) -> None:
    (bad := tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    pq.write_table(pa.table({"url": ["x"]}), other := tmp_path / "other.parquet")
    for file, words in ((bad, "no file of the columnar index"), (other, "it has no column content_languages"),
                        (tmp_path / "gone", "cannot be read")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            fetch_records(crawl, Wanted(), tmp_path / "to", index=[str(file)], quiet=True)
    site.files[PATHS[0]] = b"x" + site.files[PATHS[0]]
    with pytest.raises(InputError, match="are no record; the index speaks of another file"):
        fetch_records(crawl, Wanted(tlds=("jp",)), tmp_path / "to", quiet=True)
    site.files[PATHS[0]] = b""
    with pytest.raises(InputError, match=r"has no bytes .* the index speaks of another|has changed"):
        fetch_records(crawl, Wanted(tlds=("jp",)), tmp_path / "to", quiet=True)
    assert files_of(tmp_path / "to") == []


@pytest.mark.parametrize(
    "words", [{"languages": ("ja",)}, {"tlds": ("*",)}, {"domains": ("jp",)}, {"languages": ("jpn|",)}]
)
def test_conditions_that_are_none(words: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(UsageError):
        Wanted(**words)


def test_what_is_a_record() -> None:
    whole = zipped([page(1)])
    assert is_record(whole)
    for data in (b"", whole[:-1], whole + b"x", whole * 2, zipped([b"HTTP/1.1 200 OK"]), b"WARC/1.0\r\n",
                 whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):  # fmt: skip
        assert not is_record(data)
    assert not is_record(zlib.compress(page(1)))


# ---- from a crawl to a corpus ----------------------------------------------------------------------------------------


def test_a_corpus_is_the_same_from_a_list_of_the_server_and_from_copies(
    minamoto: Callable[..., Any], site: Site, tmp_path: Path
) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text('name = "x"\n[input]\nremote_digest = "sha256"\npart_bytes = 20000\n')
    assert minamoto("fetch", "--crawl", CRAWL, "-n", 2, "--base", site.url, "--to", tmp_path / "copies").status == 0
    made = []
    for name, words in (
        ("copies", [tmp_path / "copies"]),
        ("list", [f"{site.url}{LIST}#first=2"]),
    ):
        out = tmp_path / "out" / name
        built = minamoto("extract", "--recipe", recipe, "--input", *words, "--out", out, "--inline", "--json").json
        assert built["stages"]["extract"]["rows_in"] == 80
        made.append([path.read_bytes() for path in sorted((out / "extract").iterdir())])
    assert made[0] == made[1]
    assert len(made[0]) > 3


def test_the_records_make_a_corpus(minamoto: Callable[..., Any], site: Site, tmp_path: Path) -> None:
    fetched = minamoto("fetch", "--crawl", CRAWL, "--tlds", "jp", "--base", site.url, "--to", tmp_path / "ja")
    assert fetched.status == 0, fetched.err
    (tmp_path / "r.toml").write_text('name = "x"\n')
    built = minamoto("extract", "--recipe", tmp_path / "r.toml", "--input", tmp_path / "ja", "--out", tmp_path / "out",
                     "--inline", "--json").json  # fmt: skip
    assert built["stages"]["extract"]["rows_in"] == len(wanted_numbers())


def test_a_corpus_by_etag_says_so(minamoto: Callable[..., Any], site: Site, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(f'name = "x"\n[input]\npaths = ["warc.paths.gz#first=1"]\nbase = "{site.url}"\n')
    (tmp_path / "warc.paths.gz").write_bytes(site.files[LIST])
    options = [
        "--recipe",
        tmp_path / "r.toml",
        "--input",
        tmp_path / "warc.paths.gz#first=1",
        "--out",
        tmp_path / "out",
    ]
    assert minamoto("extract", *options, "--inline").status == 0
    (told,) = json.loads((tmp_path / "out/commits/inputs.json").read_bytes())["files"].values()
    assert told.startswith('etag:"')
    site.files[PATHS[0]] = zipped([page(1)])
    changed = minamoto("extract", *options, "--inline")
    assert (changed.status, "the input is not the one" in changed.err) == (3, True)
    site.files.clear()
    gone = minamoto("extract", *options, "--inline")
    assert gone.status == 2
    assert gone.err.strip().endswith("not there (404); correct the address")


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_lines_of_a_list_are_chosen() -> None:
    entries = [(number, f"file-{number}") for number in range(1, 101)]
    assert lists.chosen(entries, "", "x") == entries
    assert lists.chosen(entries, "first=3", "x") == entries[:3]
    assert lists.chosen(entries, "lines=3-4", "x") == entries[2:4]
    ten, twenty = lists.chosen(entries, "sample=10", "x"), lists.chosen(entries, "sample=20&seed=0", "x")
    assert set(ten) < set(twenty)
    assert ten == sorted(ten) != lists.chosen(entries, "sample=10&seed=1", "x")
    for choice in (
        "first=0",
        "first=101",
        "lines=0-3",
        "lines=5-4",
        "lines=99-101",
        "sample=101",
        "last=3",
        "first=-1",
    ):
        with pytest.raises(InputError):
            lists.chosen(entries, choice, "x")


def test_a_list_elsewhere_names_only_what_lies_below(site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret.warc").write_bytes(page(1))
    for line in (str(tmp_path / "secret.warc"), "file:///etc/passwd", "../x.warc.gz", "s3://other/x.warc.gz"):
        site.files["a.paths"] = line.encode()
        with pytest.raises(InputError, match=r"a\.paths:1: .*no path below"):
            find_inputs([f"{site.url}a.paths"])


def test_a_list_here_may_name_files_everywhere(site: Site, tmp_path: Path) -> None:
    (tmp_path / "b.warc.gz").write_bytes(zipped([page(1)]))
    (tmp_path / "a.paths").write_text(f"{site.url}{PATHS[0]}\nb.warc.gz\n")
    assert [source.name for source in find_inputs([str(tmp_path / "a.paths")])] == [NAMES[0], "b.warc.gz"]
    found = find_inputs([str(tmp_path / "a.paths#first=1"), site.url + PATHS[0], f"{site.url}{PATHS[1]}?sign=x"])
    assert [source.name for source in found] == NAMES[:2]
    with pytest.raises(InputError, match="a web server cannot be searched"):
        find_inputs([f"{site.url}*.warc.gz"])
    with pytest.raises(InputError, match="a web server cannot be searched"):
        find_inputs([f"{site.url}crawl-data/"])
    site.files["x.jpg"] = b"\xff\xd8\xff\xe0" * 9
    with pytest.raises(InputError, match=r"x\.jpg: in no format that can be read"):
        find_inputs([f"{site.url}x.jpg"])
