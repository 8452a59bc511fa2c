import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources import formats


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.warc.gz", "warc"), ("a.WARC", "warc"), ("a.arc.gz", "warc"), ("a.wacz", "warc"),
        ("a.warc.wet.gz", "warc"), ("a.jsonl", "lines"), ("a.jsonl.zst", "lines"), ("a.ndjson.gz", "lines"),
        ("a.json.gz", "lines"), ("a.json", ""), ("a.parquet", "parquet"), ("a.tex", "latex"), ("a.tex.gz", "latex"),
        ("a.dtx", "latex"), ("a.pdf", "pdf"), ("a.pdf.bz2", "pdf"), ("README.md", "markdown"), ("a.html.gz", "html"),
        ("a.tar", "archive"), ("a.tar.gz", "archive"), ("a.tgz", "archive"), ("a.tar.zst", "archive"),
        ("a.zip", "archive"), ("a.xml", "xml"), ("a.nxml.gz", "xml"), ("a.xml.bz2", "xml"), ("a.txt", "text"),
        ("a.txt.bz2", "text"), ("a", ""), ("", ""), ("a.gz", ""), ("a.png", ""), ("tex", ""), ("a.tex.png", ""),
    ],
)  # fmt: skip
def test_what_a_name_tells(name: str, format: str) -> None:
    assert formats.by_name(name) == format


@pytest.mark.parametrize(
    ("name", "payload", "format"),
    [
        ("a.xml", b"<?xml version='1.0'?>\n<!DOCTYPE article PUBLIC 'x' 'y'>\n<!-- a --><article>", "jats"),
        ("a.xml", b"\xef\xbb\xbf<article dtd-version='1.3'>", "jats"),
        ("a.xml", b"<!DOCTYPE a [<!ENTITY b '<article>'> <!ELEMENT c ANY>]><TEI xmlns='x'>", "tei"),
        ("a.xml", "<?xml version='1.0' encoding='utf-16'?><Law Era='Heisei'>".encode("utf-16"), "egov"),
        ("a.xml", b"<ns0:grantAward xmlns:ns0='x'>", "kaken"),
        ("a.xml", b"<!doctype html><html>", "html"),
        ("a.xml", b"<page><title>", "wikitext"),
        ("a.xml", b"<rss>", ""),
        ("a.xml", b"", ""),
        ("a", b"%PDF-1.4", "pdf"),
        ("a", b"\n\n%PDF-1.4", "pdf"),
        ("a", b"% a comment\n\\documentclass{article}", "latex"),
        ("a", b"words", ""),
        ("a", b"", ""),
        ("a.txt", b"words \\section{a}", "plain"),
        ("a.txt", b"", "plain"),
        ("a.txt", "本文\n\n底本：「本」書店\n".encode("cp932"), "aozora"),
        ("a.txt", b"x" * 100_000 + "\n底本：「本」書店\n".encode(), "aozora"),
        ("a.txt", b"%PDF-1.4", "pdf"),
        ("a.md", b"%PDF-1.4", "markdown"),
        ("a.png", b"\\documentclass{article}", "latex"),
    ],
)
def test_what_the_first_bytes_tell(name: str, payload: bytes, format: str) -> None:
    assert formats.sniff(name, payload) == format


@pytest.mark.parametrize(
    "part",
    [b" ", b"<!--a-->", b"<!--", b"<?a?>", b"<?", b"<!DOCTYPE ", b"<!DOCTYPE a [", b"<!DOCTYPE a [b]>", b"]", b"\n<"],
)
def test_what_is_no_xml_is_soon_told(part: bytes) -> None:
    start = time.process_time()
    assert formats.sniff("a.xml", part * (100_000 // len(part))) == ""
    assert time.process_time() - start < 1


@given(st.text(max_size=20), st.binary(max_size=200))
def test_any_bytes_have_a_format_or_none(name: str, payload: bytes) -> None:
    assert formats.sniff(name, payload) in {*formats.DOCUMENTS, "dump", ""}
    assert formats.by_name(name) in {*formats.FORMATS, "xml", "text", ""}


@pytest.mark.parametrize(
    ("name", "bare"),
    [("a.xml.gz", "a.xml"), ("a.GZ", "a"), ("a.zst", "a"), (".gz", ""), ("gz", "gz"), ("a.tgz", "a.tgz")],
)
def test_a_name_without_what_says_it_is_compressed(name: str, bare: str) -> None:
    assert formats.bare(name) == bare
