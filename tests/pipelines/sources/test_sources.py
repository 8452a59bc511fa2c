"""Whatever a file is: how it is cut, and what is read of it. WARC files have tests of their own (test_responses.py)."""

import bz2
import io
import json
import os
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import PACKED, gz, jats, latex, tar, zip_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pdfs import pdf, text
from pipelines.errors import InputError
from pipelines.inputs import find_inputs
from pipelines.sources import Damaged, Declared, Raw, Source, Span, format_of_path, read, split
from pipelines.sources.formats import FORMATS
from pipelines.sources.raw import NOTHING_DECLARED
from warcs import record, zipped

WHOLE = 1 << 40
LIMIT = 1 << 20
JATS = jats("A title", "Some words.")
LATEX = latex("Some words.")
AOZORA = "坊っちゃん\n\n本文である。\n\n底本：「自作」書房\n".encode("cp932")
PAGE = b"<page><title>A</title><id>7</id><revision><text>words</text></revision></page>"
DUMP = b"<mediawiki><siteinfo><dbname>jawiki</dbname></siteinfo>" + PAGE * 3 + b"</mediawiki>"
PDF = pdf(text("Some words", 72, 720))
ROWS = b'{"text": "one", "id": "a"}\n{"text": "two", "lang": "ja", "licence": ["MIT"], "date": "2020-05"}\n{"id": 3}\n'


def source_of(path: Path, data: bytes) -> Source:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Source(path.name, str(path), len(data), "sha")


def items(
    path: Path, data: bytes, declared: Declared = NOTHING_DECLARED, part_bytes: int = WHOLE, limit: int = LIMIT
) -> list[Raw | Damaged]:
    return [item for span in split(source_of(path, data), part_bytes, declared) for item in read(span, limit)]


def only(path: Path, data: bytes, declared: Declared = NOTHING_DECLARED, limit: int = LIMIT) -> Raw:
    (item,) = items(path, data, declared, limit=limit)
    assert isinstance(item, Raw)
    return item


def told(found: list[Raw | Damaged]) -> list[tuple[str, str]]:
    """Format and problem of each record, in order."""
    return [(item.format, item.problem or "") if isinstance(item, Raw) else ("", "damaged") for item in found]


def parquet(rows: list[dict[str, object]]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=2)
    return file.getvalue()


# ---- one document a file ---------------------------------------------------------------------------------------------

SINGLE = {
    "a.xml": (JATS, "jats"),
    "a.txt": ("本文である。".encode(), "plain"),
    "b.txt": (AOZORA, "aozora"),
    "c.txt": (b"x" * 200_000 + "\n底本：「自作」書房\n".encode(), "aozora"),
    "a.tex": (LATEX, "latex"),
    "a.md": (b"# A title", "markdown"),
    "a.html": (b"<p>words", "html"),
    "a.pdf": (PDF, "pdf"),
    "no-ending": (PDF, "pdf"),
}


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("ending", ["", *PACKED])
def test_a_file_that_is_one_document(tmp_path: Path, name: str, ending: str) -> None:
    data, format = SINGLE[name]
    packed = PACKED[ending](data) if ending else data
    path = tmp_path / (name + ending)
    raw = only(path, packed)
    assert (raw.format, raw.problem, raw.record_id, raw.name) == (format, None, path.name, path.name)
    assert raw.payload == (packed if format == "latex" and ending == ".gz" else data)
    assert (format_of_path(path), raw.offset, raw.inner) == (format, 0, 0)
    assert [span.kind for span in split(source_of(path, packed), 1)] == ["file"]


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("name", ["a.xml", "a.txt", "a.pdf"])
def test_a_compressed_document_that_is_cut_off_is_told(tmp_path: Path, name: str, ending: str) -> None:
    packed = PACKED[ending](SINGLE[name][0])
    ((_, problem),) = told(items(tmp_path / (name + ending), packed[: len(packed) - 5]))
    # What kind of XML it was cannot be told where nothing can be inflated.
    assert problem == "bad_encoding" or (problem == "damaged" and name == "a.xml")
    assert format_of_path(tmp_path / (name + ending)) or name == "a.pdf"


@pytest.mark.parametrize("ending", ["", *PACKED])
def test_a_document_too_large_is_told_and_not_held(tmp_path: Path, ending: str) -> None:
    data = PACKED[ending](bytes(3_000_000)) if ending else bytes(3_000_000)
    raw = only(tmp_path / f"a.txt{ending}", data)
    assert (raw.problem, raw.payload) == ("too_large", b"")


@pytest.mark.parametrize("name", ["a.txt", "a.xml", "a.tex", "a.pdf", "a", "a.txt.gz"])
def test_an_empty_file_is_a_record_all_the_same(tmp_path: Path, name: str) -> None:
    assert only(tmp_path / name, b"").payload == b""


def test_what_is_in_no_format_is_told(tmp_path: Path) -> None:
    for name, data in (("a.xml", b"<rss/>"), ("a.png", b"\x89PNG"), ("a.xml.gz", gz(b"<rss/>")), ("a.csv", b"a,b")):
        raw = only(tmp_path / name, data)
        assert (raw.problem, raw.payload) == ("unknown_format", b"")
        assert format_of_path(tmp_path / name) == ""


# ---- papers as arXiv hands them out ----------------------------------------------------------------------------------


def test_the_source_of_a_paper_and_a_collection(tmp_path: Path) -> None:
    paper = tar({"main.tex": LATEX, "figures/a.png": b"\x89PNG", "main.bbl": b"x"})
    for name, data in {
        "2101.00001.tar.gz": gz(paper), "2101.00001.gz": gz(paper), "a.tgz": gz(paper), "a.tar": paper,
        "a.tar.bz2": bz2.compress(paper), "a.tar.zst": PACKED[".zst"](paper), "2101.00001": gz(paper),
    }.items():  # fmt: skip
        raw = only(tmp_path / name, data)
        assert (raw.format, raw.problem) == ("latex", None), name
        assert raw.payload in (data, paper)
        assert format_of_path(tmp_path / name) == "latex"
    assert only(tmp_path / "2101.00002.gz", gz(LATEX)).format == "latex"
    assert only(tmp_path / "2101.00002.tar.gz", gz(LATEX)).format == "latex"
    assert only(tmp_path / "2101.00003.gz", gz(PDF)).format == "pdf"
    collection = tar({"a.xml": JATS, "b.xml": JATS, "a.png": b"\x89PNG"})
    for name, data in {"a.tar.gz": gz(collection), "b.gz": gz(collection), "a.tar": collection}.items():
        assert told(items(tmp_path / name, data)) == [("jats", ""), ("jats", ""), ("", "unknown_format")]
        assert format_of_path(tmp_path / name) == "archive"


def test_a_tar_of_papers(tmp_path: Path) -> None:
    found = items(tmp_path / "arXiv_src_2101_001.tar", tar({
        "2101/2101.00001.gz": gz(tar({"main.tex": LATEX})), "2101/2101.00002.gz": gz(LATEX), "2101/2101.00003.pdf": PDF,
        "2101/2101.00004.gz": gz(b"nothing known"), "2101/2101.00005.gz": gz(tar({"a.png": b"\x89PNG"})),
        "2101/2101.00006.tar.gz": gz(LATEX * 5000)[:-30],
    }))  # fmt: skip
    assert told(found) == [
        ("latex", ""), ("latex", ""), ("pdf", ""), ("", "unknown_format"), ("", "unknown_format"), ("latex", ""),
    ]  # fmt: skip
    assert isinstance(found[0], Raw)
    assert found[0].name == "2101/2101.00001.gz"


def test_a_paper_in_a_zip_is_one_document(tmp_path: Path) -> None:
    raw = only(tmp_path / "paper.zip", zip_of({"main.tex": LATEX, "sections/a.tex": b"words", "a.png": b"\x89PNG"}))
    assert (raw.format, raw.problem) == ("latex", None)
    assert b"sections/a.tex" in raw.payload
    assert b"PNG" not in raw.payload


# ---- archives --------------------------------------------------------------------------------------------------------

MEMBERS = {
    "xml/a.xml": JATS, "a.xml.gz": gz(JATS), "big.xml.gz": gz(jats("A", "words " * 30_000)),
    "a.txt.bz2": bz2.compress(AOZORA), "a.pdf": PDF, "photo.jpg": b"\xff\xd8", "inner.zip": zip_of({"a.xml": JATS}),
    "inner.tar.gz": gz(tar({"a.xml": JATS})),
    "cut.xml.gz": gz(JATS)[:-9], "large.txt": bytes(LIMIT + 1), "large.txt.gz": gz(bytes(LIMIT + 1)), "empty.txt": b"",
    "pages.xml": PAGE,
}  # fmt: skip
SAID = [
    ("jats", ""), ("jats", ""), ("jats", ""), ("aozora", ""), ("pdf", ""), ("", "unknown_format"),
    ("", "unknown_format"), ("", "unknown_format"), ("jats", "bad_encoding"), ("plain", "too_large"),
    ("plain", "too_large"), ("plain", ""), ("wikitext", ""),
]  # fmt: skip
ARCHIVES = {
    "a.tar": tar(MEMBERS), "a.tar.gz": gz(tar(MEMBERS)), "a.tar.bz2": bz2.compress(tar(MEMBERS)),
    "a.tar.zst": PACKED[".zst"](tar(MEMBERS)), "a.zip": zip_of(MEMBERS), "b.zip": zip_of(MEMBERS, zipfile.ZIP_STORED),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_the_members_of_an_archive(tmp_path: Path, name: str) -> None:
    found = items(tmp_path / name, ARCHIVES[name])
    assert told(found) == SAID
    records = [item for item in found if isinstance(item, Raw)]
    assert [raw.name for raw in records] == list(MEMBERS)
    assert records[0].payload == records[1].payload == JATS
    assert [raw.record_id for raw in records] == [
        f"{name}!{raw.name}:{raw.offset + raw.inner}" for raw in records
    ]  # fmt: skip
    assert len({raw.record_id for raw in records}) == len(records)


NAMES = ["../../etc/passwd.txt", "/etc/passwd.txt", "a\nb\rc.txt", "a\x01b.txt", "\udcff.txt", "a\u2028b.txt",
         "C:\\a.txt", "x" * 5000 + ".txt", "~/.txt", ".txt"]  # fmt: skip


@pytest.mark.parametrize("pack", [lambda files: tar(files, 1), lambda files: tar(files, 2), zip_of])
def test_names_in_archives_are_words_and_nothing_else(tmp_path: Path, pack: object) -> None:
    names = [name for name in NAMES if pack is not zip_of or name.isprintable()]
    before = sorted(tmp_path.rglob("*"))
    found = items(tmp_path / "a.tar", pack(dict.fromkeys(names, b"words")))  # type: ignore[operator]
    assert len(found) == len(names)
    for item in found:
        assert isinstance(item, Raw)
        assert item.payload == b"words"
        for said in (item.name, item.record_id):
            said.encode()
            assert said.isprintable()
            assert len(said) < 1100
    assert sorted(tmp_path.rglob("*")) == [*before, tmp_path / "a.tar"]
    assert len({item.record_id for item in found if isinstance(item, Raw)}) == len(found)


def test_a_name_that_comes_twice_is_told_apart(tmp_path: Path) -> None:
    found = items(tmp_path / "a.tar", tar({"a.txt": b"1"}) + tar({"a.txt": b"2"}))
    assert [item.payload for item in found if isinstance(item, Raw)] == [b"1", b"2"]
    assert len({item.record_id for item in found if isinstance(item, Raw)}) == 2


@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a.tar.gz", "a.parquet", "a.xml", "a.jsonl.gz", "a.tgz"])
def test_a_broken_file_is_a_row_and_no_end_of_the_run(tmp_path: Path, name: str) -> None:
    found = items(tmp_path / name, b"\x1f\x8b broken " * 100)
    assert len(found) == 1
    assert isinstance(found[0], Damaged) or found[0].problem


def test_a_declared_format_is_that_of_the_members(tmp_path: Path) -> None:
    data = zip_of({"a.dat": AOZORA, "b": AOZORA})
    assert told(items(tmp_path / "a.zip", data, Declared(format="aozora"))) == [("aozora", "")] * 2
    assert told(items(tmp_path / "a.txt", AOZORA, Declared(format="plain"))) == [("plain", "")]
    assert told(items(tmp_path / "a.dat", LATEX, Declared(format="latex"))) == [("latex", "")]
    assert told(items(tmp_path / "a.dat", ROWS, Declared(format="lines"))) == [("text", "")] * 2 + [("text", "no_text")]
    assert told(items(tmp_path / "a.dat", tar({"a.tex": LATEX, "a.xml": b""}), Declared(format="latex"))) == [
        ("latex", "")
    ]


# ---- dumps and rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", ".bz2", ".gz"])
def test_the_pages_of_a_dump(tmp_path: Path, ending: str) -> None:
    data = PACKED[ending](DUMP) if ending else DUMP
    path = tmp_path / f"jawiki.xml{ending}"
    found = items(path, data)
    assert told(found) == [("wikitext", "")] * 3
    assert {item.name for item in found if isinstance(item, Raw)} == {"jawiki"}
    assert len({item.record_id for item in found if isinstance(item, Raw)}) == 3
    assert format_of_path(path) == "dump"


def test_what_is_called_a_dump_and_is_none_is_told(tmp_path: Path) -> None:
    found = items(tmp_path / "a.xml", b"<rss/>", Declared(format="dump"))
    assert found == [Damaged(0, 6, "no dump of MediaWiki begins here")]
    assert items(tmp_path / "b.xml", b"", Declared(format="dump")) == []


@pytest.mark.parametrize("ending", ["", *PACKED])
def test_the_rows_of_json_lines(tmp_path: Path, ending: str) -> None:
    declared = Declared(lang="en", licence="CC0-1.0")
    found = items(tmp_path / f"a.jsonl{ending}", PACKED[ending](ROWS) if ending else ROWS, declared)
    assert told(found) == [("text", ""), ("text", ""), ("text", "no_text")]
    one, two, three = (item for item in found if isinstance(item, Raw))
    name = f"a.jsonl{ending}"
    assert (one.payload, one.record_id, one.lang, one.licence) == (b"one", f"{name}#a", "en", "CC0-1.0")
    assert (two.payload, two.record_id, two.lang, two.licence) == (b"two", f"{name}:27", "ja", "MIT")
    assert (two.date, three.record_id) == (datetime(2020, 5, 1, tzinfo=UTC), f"{name}#3")
    assert (two.offset, two.inner) == ((0, 27) if ending else (27, 0))


def test_values_that_would_break_a_row(tmp_path: Path) -> None:
    row = {
        "text": "a\ud800b", "id": "x\n\ud800" * 9000, "title": "one\ntwo\u2028three", "url": ["x"], "date": {"a": 1},
        "lang": "j\na", "licence": [[["deep"]]],
    }  # fmt: skip
    raw = only(tmp_path / "a.jsonl", json.dumps(row).encode())
    assert raw.payload == b"a?b"
    assert raw.record_id == "a.jsonl:0"  # an id that long may be that of several rows
    assert (raw.title, raw.date, raw.lang, raw.licence, raw.url) == ("one two three", None, "j a", "", "x")


def test_a_text_too_large(tmp_path: Path) -> None:
    found = items(tmp_path / "a.jsonl", ROWS + json.dumps({"text": "あ" * 20}).encode(), limit=59)
    assert told(found)[-1] == ("text", "too_large")
    assert items(tmp_path / "b.jsonl", json.dumps({"text": "あ" * 20}).encode(), limit=60)[0].payload  # type: ignore[union-attr]


def test_the_rows_of_parquet_under_other_names(tmp_path: Path) -> None:
    data = parquet([{"body": f"text {n}", "key": n, "rights": "MIT", "when": 2000 + n} for n in range(5)])
    declared = Declared(text="body", id="key", licence_column="rights", date="when")
    found = items(tmp_path / "a.parquet", data, declared)
    assert [(raw.record_id, raw.payload, raw.licence) for raw in found if isinstance(raw, Raw)] == [
        (f"a.parquet#{n}", b"text %d" % n, "MIT") for n in range(5)
    ]
    assert told(items(tmp_path / "a.parquet", data)) == [("text", "no_text")] * 5


def test_texts_of_wet_files(tmp_path: Path) -> None:
    wet = zipped([record("warcinfo", b"x"), *(
        record("conversion", f"text {n}".encode(), WARC_Record_ID=f"<urn:uuid:{n}>", Content_Type="text/plain",
               WARC_Target_URI="http://example.com/")
        for n in range(3)
    )])  # fmt: skip
    found = items(tmp_path / "a.warc.wet.gz", wet)
    assert [(raw.format, raw.payload) for raw in found if isinstance(raw, Raw)] == [
        ("text", b"text 0"), ("text", b"text 1"), ("text", b"text 2"),
    ]  # fmt: skip


# ---- spans -----------------------------------------------------------------------------------------------------------

MORE = b"".join(ROWS.replace(b'"a"', b'"a%d"' % number).replace(b"3}", b'"%d"}' % -number) for number in range(1, 6))
EVERYTHING = {
    **ARCHIVES, "a.jsonl": MORE, "a.jsonl.gz": gz(MORE), "a.xml": DUMP, "a.xml.bz2": bz2.compress(DUMP[:90])
    + bz2.compress(DUMP[90:]), "a.parquet": parquet([{"text": f"text {n}"} for n in range(9)]), "a.txt": AOZORA,
    "b.xml": JATS, "empty.tar": b"", "empty.jsonl": b"", "empty.txt": b"", "a.warc.gz": zipped([record("x", b"")]),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


@settings(max_examples=150)
@given(name=st.sampled_from(sorted(EVERYTHING)), part_bytes=st.integers(1, 200_000))
def test_spans_of_any_size_give_what_one_span_gives(folder: Path, name: str, part_bytes: int) -> None:
    data = EVERYTHING[name]
    spans = split(source_of(folder / name, data), part_bytes)
    assert [span.start for span in spans[1:]] == [span.stop for span in spans[:-1]]
    assert spans[0].start == 0
    assert [item for span in spans for item in read(span, LIMIT)] == items(folder / name, data)


@settings(max_examples=200)
@given(
    name=st.sampled_from(sorted(EVERYTHING)),
    at=st.floats(0, 1),
    noise=st.binary(max_size=40),
    cut=st.booleans(),
    part_bytes=st.sampled_from([1, 700, 5000, WHOLE]),
)
def test_damage_is_told_or_unseen_but_never_an_error(
    folder: Path, name: str, at: float, noise: bytes, cut: bool, part_bytes: int
) -> None:
    data = bytearray(EVERYTHING[name])
    place = int(at * len(data))
    data[place : place + len(noise)] = noise
    if cut:
        del data[place + len(noise) :]
    found = items(folder / f"broken-{name}", bytes(data), part_bytes=part_bytes)
    assert found == items(folder / f"broken-{name}", bytes(data))
    for item in found:
        assert 0 <= item.offset <= len(data)
        if isinstance(item, Raw):
            item.record_id.encode()
            item.name.encode()


@settings(max_examples=100)
@given(data=st.binary(max_size=400), format=st.sampled_from(FORMATS))
def test_any_bytes_in_any_format(folder: Path, data: bytes, format: str) -> None:
    assume(format != "warc" or not data.startswith(b"PK"))  # a zip that is no WACZ is refused
    assert len(items(folder / "any", data, Declared(format=format))) <= 400


def test_ids_are_those_of_one_record_in_a_corpus_of_many_files(tmp_path: Path) -> None:
    for place in ("one", "two", "two/deep"):
        for name, data in EVERYTHING.items():
            (tmp_path / place).mkdir(parents=True, exist_ok=True)
            (tmp_path / place / name).write_bytes(data)
    sources = find_inputs([str(tmp_path)], formats=FORMATS)
    assert len(sources) == 3 * len(EVERYTHING)
    found = [item for source in sources for span in split(source, 1000) for item in read(span, LIMIT)]
    ids = Counter(item.record_id for item in found if isinstance(item, Raw))
    assert len(ids) > 300
    assert ids.most_common(1)[0][1] == 1


def test_a_file_that_is_not_the_one_that_was_found(tmp_path: Path) -> None:
    source = source_of(tmp_path / "a.txt", b"words")
    Path(source.path).write_bytes(b"more words")
    with pytest.raises(InputError, match="has 10 bytes, had 5 when it was found"):
        list(read(Span(source, "file", 0, 5), LIMIT))
    Path(source.path).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        split(source, 10)
    with pytest.raises(ValueError, match="part_bytes"):
        split(source, 0)


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "2101.00001.gz").write_bytes(gz(LATEX))
    assert [source.name for source in find_inputs([str(tmp_path)], formats=("plain", "latex"))] == [
        "2101.00001.gz",
        "a.txt",
    ]
