"""Rows of every format, through the stage as a run calls it."""

import bz2
import contextlib
import json
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from archives import gz, jats, latex, tar, zip_of

from pdfs import column, pdf
from pipelines.corpus import build, open_corpus
from pipelines.recipe import Extract, Files, Input, Recipe
from pipelines.run import inline
from pipelines.sources.formats import FORMATS
from pipelines.store import Commit
from warcs import record, zipped

WORDS = "The old mill by the river has not been working for many years, but children still come there to play."
JA = "川のほとりの古い水車小屋は長いあいだ動いていないが、子どもたちはいまでも遊びに来る。"
TWO = f"""<article xml:lang="ja" xmlns:xlink="http://www.w3.org/1999/xlink"><front><article-meta>
<article-id pub-id-type="doi">10.1000/two</article-id>
<title-group><article-title>水車小屋</article-title><trans-title-group xml:lang="en"><trans-title>The mill</trans-title>
</trans-title-group></title-group><permissions><license xlink:href="https://creativecommons.org/licenses/by/4.0/">
<license-p>CC BY 4.0</license-p></license></permissions><abstract xml:lang="ja"><p>{JA}</p></abstract>
<trans-abstract xml:lang="en"><p>{WORDS}</p></trans-abstract></article-meta></front>
<body><sec><title>序</title><p>{JA}</p></sec></body></article>""".encode()
DUMP = f"""<mediawiki xml:lang="en"><siteinfo><dbname>enwiki</dbname><base>https://en.wikipedia.org/wiki/A</base>
<namespaces><namespace key="0" case="first-letter"/></namespaces></siteinfo>
<page><title>Mill</title><ns>0</ns><id>7</id><revision><id>70</id><text>'''Mill''': {WORDS}</text></revision></page>
<page><title>Mills</title><ns>0</ns><id>8</id><redirect title="Mill"/><revision><id>80</id>
<text>#REDIRECT [[Mill]]</text></revision></page></mediawiki>""".encode()
ROWS = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"text": f"{WORDS} One.", "id": "a", "title": "First", "licence": "CC BY 4.0", "date": "2020-05"},
        {"text": "Caf\u00c3\u00a9 and t\u00c3\u00aate", "id": "b"},
        {"text": " \n ", "id": "c"},
        {"id": "d"},
    )
).encode()

FILES: dict[str, bytes] = {
    "two.xml": TWO,
    "paper.tar.gz": gz(tar({"main.tex": latex(WORDS), "a.png": b"\x89PNG"})),
    "thesis/main.tex": latex(f"{WORDS} \\input{{one}}"),
    "thesis/one.tex": JA.encode(),
    "notes.md": f"# Notes\n\n{WORDS}".encode(),
    "plain.txt.bz2": bz2.compress(WORDS.encode()),
    "1_ruby_1.txt": f"題\n作者\n\n{JA}《か》\n\n底本：「自作」書房\n".encode("cp932"),
    "slides.pdf": pdf(column([WORDS[:60], WORDS[60:]], 72, 700)),
    "enwiki.xml.bz2": bz2.compress(DUMP),
    "texts.jsonl": ROWS,
    "articles.zip": zip_of({"a/b.xml": jats("Mill", WORDS), "c.html": f"<p>{WORDS}</p>".encode(), "d.gif": b"GIF89a"}),
    "cut.tar.gz": gz(tar({"a.xml": jats("Cut", WORDS), "b.xml": random.Random(1).randbytes(3000), "c.xml": b""}))[
        :-2000
    ],
    "a.warc.wet.gz": zipped([record("conversion", WORDS.encode(), WARC_Record_ID="<urn:uuid:1>")]),
    "broken.xml": b"<article><body>",
    "empty.txt": b"",
}
CLAIMS = (Files(match="*_ruby_*.txt", licence="LicenseRef-Public-Domain", lang="ja"), Files(match="*.jsonl", lang="en"))

LIMITS = Extract()
GIVEN = {"formats": FORMATS, "files": CLAIMS}


@dataclass(frozen=True)
class Extracted:
    rows: list[dict[str, Any]]
    commits: list[Commit]

    def of(self, source: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["source"] == source]

    def one(self, source: str) -> dict[str, Any]:
        (row,) = self.of(source)
        return row


def extracted(
    contents: dict[str, bytes],
    folder: Path,
    out: Path,
    limits: Extract = LIMITS,
    **settings: Any,
) -> Extracted:
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    corpus = open_corpus(Recipe(name="papers", input=Input(**GIVEN | settings), extract=limits), [str(folder)], out)
    commits = build(corpus, "extract", contextlib.nullcontext(inline), lambda stage, todo: lambda done: None)["extract"]
    parts = [pq.read_table(out / path).to_pylist() for commit in commits for path in commit.files]
    return Extracted([row for part in parts for row in part], commits)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    place = tmp_path_factory.mktemp("extract")
    return extracted(FILES, place / "in", place / "out")


def test_a_row_of_every_format(everything: Extracted) -> None:
    assert Counter((row["format"] or "", row["reason"] or "") for row in everything.rows) == {
        ("jats", ""): 4, ("latex", ""): 2, ("markdown", ""): 1, ("plain", ""): 1, ("aozora", ""): 1, ("pdf", ""): 1,
        ("wikitext", ""): 1, ("wikitext", "redirect"): 1, ("text", ""): 3, ("text", "empty"): 1,
        ("text", "no_text"): 1, ("html", ""): 1, ("", "unknown_format"): 1, ("", "damaged"): 1,
        ("jats", "malformed"): 1, ("plain", "empty"): 1,
    }  # fmt: skip


def test_rows_in_are_kept_or_have_a_reason(everything: Extracted) -> None:
    for commit in everything.commits:
        assert commit.rows_in == commit.kept + sum(commit.reasons.values())
        formats = commit.totals["formats"].values()
        assert (sum(sums["rows"] for sums in formats), sum(sums["kept"] for sums in formats)) == (
            commit.rows_in,
            commit.kept,
        )
    assert sum(commit.rows_in for commit in everything.commits) == len(everything.rows)
    labels = {label for commit in everything.commits for label in commit.totals["formats"]}
    assert {"damaged", "unknown", "text", "jats"} <= labels
    for row in everything.rows:
        assert (row["text"] is None) == (row["reason"] is not None)
    assert len({row["doc_id"] for row in everything.rows}) == len(everything.rows)


def test_two_texts_of_a_record_are_two_documents(everything: Extracted) -> None:
    rows = everything.of("two.xml")
    assert [(row["member"], row["declared_lang"]) for row in rows] == [("two.xml#ja", "ja"), ("two.xml#en", "en")]
    assert [row["title"] for row in rows] == ["水車小屋", "The mill"]
    assert JA in rows[0]["text"]
    assert rows[1]["text"] == WORDS
    for row in rows:
        assert row["ids"] == ["doi:10.1000/two"]
        assert row["licences"] == ["CC-BY-4.0"]
        assert row["record_id"] == "two.xml"


def test_papers_of_several_files(everything: Extracted) -> None:
    assert everything.one("paper.tar.gz")["text"] == WORDS
    assert everything.one("main.tex")["text"] == f"{WORDS} {JA}"
    assert not everything.of("one.tex")


def test_members_bear_their_names(everything: Extracted) -> None:
    rows = everything.of("articles.zip")
    assert [(row["member"], row["reason"], row["detail"]) for row in rows] == [
        ("a/b.xml#en", None, None), ("c.html", None, None), ("d.gif", "unknown_format", "d.gif"),
    ]  # fmt: skip
    assert [row["text"] for row in rows[:2]] == [f"# Findings\n\n{WORDS}", WORDS]
    for source in ("plain.txt.bz2", "slides.pdf", "main.tex", "texts.jsonl", "enwiki.xml.bz2"):
        assert everything.of(source)[0]["member"] == ""


def test_rows_of_tables(everything: Extracted) -> None:
    one, two, three, four = everything.of("texts.jsonl")
    assert (one["title"], one["record_id"], one["declared_lang"]) == ("First", "texts.jsonl#a", "en")
    assert (one["licences"], one["licence_evidence"]) == (
        ["CC-BY-4.0"], [{"stated": "CC BY 4.0", "spdx": "CC-BY-4.0", "where": "recipe or column"}],
    )  # fmt: skip
    assert one["date"] == datetime(2020, 5, 1, tzinfo=UTC)
    assert two["text"] == "Café and tête"
    assert two["counts"] == [{"name": "mojibake_repaired", "count": 1}]
    assert (three["reason"], four["reason"]) == ("empty", "no_text")


def test_what_the_recipe_says_of_documents_that_say_nothing(everything: Extracted) -> None:
    row = everything.one("1_ruby_1.txt")
    assert row["licences"] == ["LicenseRef-Public-Domain"]
    assert [said["where"] for said in row["licence_evidence"]] == ["credit", "credit", "recipe or column"]
    assert row["declared_lang"] == "ja"
    assert everything.one("plain.txt.bz2")["licences"] == []


def test_a_damaged_row_says_where(everything: Extracted) -> None:
    kept, damaged = everything.of("cut.tar.gz")
    assert kept["text"].endswith(WORDS)
    assert damaged["reason"] == "damaged"
    assert damaged["detail"].startswith("bytes 0 to ")
    assert damaged["inner"] > 0


def identities(found: Extracted) -> dict[str, set[bytes]]:
    ids: dict[str, set[bytes]] = {}
    for row in found.rows:
        ids.setdefault(row["source"], set()).add(row["doc_id"])
    return ids


def test_a_document_keeps_its_id_wherever_the_corpus_lies_and_however_it_is_cut(
    everything: Extracted, tmp_path: Path
) -> None:
    moved = extracted(dict(reversed(FILES.items())), tmp_path / "moved" / "here", tmp_path / "out", part_bytes=300)
    assert len(moved.commits) > len(everything.commits)
    assert identities(moved) == identities(everything)
    plain = [{name: value for name, value in row.items() if name != "doc_id"} for row in everything.rows]
    again = [{name: value for name, value in row.items() if name != "doc_id"} for row in moved.rows]
    assert again == plain


def test_a_new_version_of_a_file_keeps_its_ids(everything: Extracted, tmp_path: Path) -> None:
    changed = FILES | {"notes.md": b"# New\n\nOther words.", "two.xml": TWO.replace(b"10.1000/two", b"10.1000/TWO")}
    found = extracted(changed, tmp_path / "in", tmp_path / "out")
    assert identities(found)["notes.md"] == identities(everything)["notes.md"]


def test_declared_columns(tmp_path: Path) -> None:
    rows = [{"body": WORDS, "key": 7, "rights": "MIT", "when": "2001", "lg": "en", "name": "T", "at": "http://a/"}]
    claims = Files(match="*.jsonl", text="body", id="key", licence_column="rights", date="when", lang_column="lg",
                   title="name", url="at", licence="CC0-1.0")  # fmt: skip
    data = "\n".join(map(json.dumps, [*rows, {"body": f"{WORDS} Two."}])).encode()
    one, two = extracted({"a.jsonl": data}, tmp_path / "in", tmp_path / "out", files=(claims,)).rows
    assert (one["record_id"], one["licences"], one["title"], one["url"]) == ("a.jsonl#7", ["MIT"], "T", "http://a/")
    assert (one["declared_lang"], one["date"]) == ("en", datetime(2001, 1, 1, tzinfo=UTC))
    assert (two["licences"], two["date"], two["url"]) == (["CC0-1.0"], None, "")


def test_every_limit_has_its_reason(tmp_path: Path) -> None:
    files = {"a.txt": b"words " * 2_000_000, "b.txt.gz": gz(b"words " * 2_000_000), "c.txt": WORDS.encode(),
             "d.zip": zip_of({"a.txt": b"words " * 2_000_000})}  # fmt: skip
    found = extracted(files, tmp_path / "in", tmp_path / "out", Extract(max_file_bytes=1_000_000))
    assert [row["reason"] for row in found.rows] == ["too_large", "too_large", None, "too_large"]


def test_changing_a_file_of_a_paper_makes_its_part_again(tmp_path: Path) -> None:
    paper = {"main.tex": latex("Begin. \\input{one}"), "one.tex": b"First."}
    before = extracted(paper, tmp_path / "in", tmp_path / "out")
    (tmp_path / "in/one.tex").write_bytes(b"Second.")
    after = extracted({}, tmp_path / "in", tmp_path / "other")
    assert before.commits[0].fingerprint != after.commits[0].fingerprint
    assert (before.rows[0]["text"], after.rows[0]["text"]) == ("Begin. First.", "Begin. Second.")
    assert before.rows[0]["doc_id"] == after.rows[0]["doc_id"]
