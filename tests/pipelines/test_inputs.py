import gzip
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import InputError
from pipelines.inputs import find_inputs, passed_over, sha256_of
from pipelines.sources import Source
from warcs import page, zipped


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archives")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "one/a.warc",
        "two/a.warc",
        "two/deep/a.warc",
        "two/deep/b.WARC.GZ",
        "two/.hidden.warc",
        ".git/c.warc",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "two/notes.txt").write_text("x")
    (tmp_path / "two/no-suffix").write_bytes(zipped([page(1)]))
    (tmp_path / "two/no-suffix-plain").write_bytes(page(1))
    (tmp_path / "two/table.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "list.paths").write_text(
        "\ufeff# archives\n\n one/a.warc # the first\ntwo/*/b*\n../outside#1.warc\n", "utf-8"
    )
    (tmp_path.parent / "outside#1.warc").write_bytes(b"")
    return tmp_path


def found(*patterns: object) -> list[str]:
    return [source.name for source in find_inputs([str(pattern) for pattern in patterns])]


def test_what_names_archives(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = ["b.WARC.GZ", "deep/a.warc", "one/a.warc", "two/a.warc"]
    assert found(tree) == everything
    assert found(tree / "**/*.warc", tree / "**/*.GZ") == everything
    assert found(tree / "**") == sorted([*everything, "no-suffix", "no-suffix-plain"])
    assert found(tree / "two" / "*") == sorted([*everything[:2], "two/a.warc", "no-suffix", "no-suffix-plain"])
    assert found(tree / "two" / "a.warc") == ["a.warc"]
    assert found(tree / "list.paths") == ["a.warc", "b.WARC.GZ", "outside#1.warc"]
    assert found(tree / "*.paths", tree / "one") == ["a.warc", "b.WARC.GZ", "outside#1.warc"]
    assert found(tree / "two/no-suffix", tree / "two/no-suffix-plain") == ["no-suffix", "no-suffix-plain"]
    monkeypatch.chdir(tree / "one")
    assert found("a.warc", "../two/*.warc") == ["one/a.warc", "two/a.warc"]
    source = find_inputs(["a.warc"])[0]
    assert source == Source("a.warc", str(tree / "one/a.warc"), 10, sha256_of(tree / "one/a.warc"))


@given(st.permutations(["", "**/*.warc", "two/*", "list.paths", "one/a.warc", "link/deep"]))
@settings(max_examples=30, deadline=None)
def test_the_order_of_patterns_is_of_no_account(folder: Path, patterns: list[str]) -> None:
    if not (folder / "order").exists():
        for name in ("one/a.warc", "two/deep/a.warc", "two/b.warc"):
            (folder / "order" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "order" / name).write_bytes(name.encode())
        (folder / "order/list.paths").write_text("two/b.warc")
        (folder / "order/link").symlink_to(folder / "order/two")
        (folder / "order/two/z.warc").symlink_to("b.warc")
    names = [(source.name, source.path) for source in find_inputs([str(folder / "order" / name) for name in patterns])]
    order = folder / "order"
    assert names == [
        ("b.warc", f"{order}/two/b.warc"),
        ("deep/a.warc", f"{order}/link/deep/a.warc"),
        ("one/a.warc", f"{order}/one/a.warc"),
    ]


def test_names_do_not_tell_where_the_corpus_lies(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("x") / "moved"
    before = [(source.name, source.sha256) for source in find_inputs([str(tree)])]
    tree.rename(elsewhere)
    assert [(source.name, source.sha256) for source in find_inputs([str(elsewhere)])] == before


def test_many_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for group, number in itertools.product("ab", range(3)):
        path = tmp_path / group / str(number) / "data.warc"
        path.parent.mkdir(parents=True)
        path.touch()
    assert found(tmp_path) == [f"{group}/{number}/data.warc" for group, number in itertools.product("ab", range(3))]


def test_links_in_circles_end(tree: Path) -> None:
    (tree / "two/deep/up").symlink_to(tree)
    (tree / "two/deep/again").symlink_to(tree / "two")
    assert len(found(tree)) == len(found(tree / "**/*.*")) == 4


def test_a_digest_can_be_given(tree: Path) -> None:
    assert {source.sha256 for source in find_inputs([str(tree)], digest=lambda path: path.name)} == {
        "a.warc",
        "b.WARC.GZ",
    }


def refused(*patterns: object) -> str:
    with pytest.raises(InputError) as refusal:
        find_inputs([str(pattern) for pattern in patterns])
    (line,) = str(refusal.value).splitlines()
    return line


def test_inputs_that_are_none(tree: Path) -> None:
    assert refused(tree / "missing.warc").endswith("missing.warc: no such file; correct the path")
    assert "nothing there in the formats this recipe reads (warc)" in refused(tree, tree / "*.warc")
    assert "nothing there in the formats this recipe reads (warc)" in refused(tree / "nowhere/**/*.warc")
    (tree / "two/photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert refused(tree / "two/photo.jpg").endswith("photo.jpg: in no format that can be read; take it off the inputs")
    (tree / "empty").mkdir()
    assert "nothing there in the formats this recipe reads (warc)" in refused(tree / "empty")
    (tree / "gone.warc").symlink_to(tree / "nothing")
    assert "gone.warc: cannot be read (No such file" in refused(tree / "gone.warc")
    assert "gone.warc: cannot be read (No such file" in refused(tree)
    os.mkfifo(tree / "pipe.warc")
    assert "pipe.warc: in no format that can be read" in refused(tree / "pipe.warc")


def test_lists_that_cannot_be_followed(tree: Path) -> None:
    path = tree / "bad.paths"
    for text, message in (
        ("one/a.warc\n\nmissing.warc", f"{path}:3: missing.warc: no such file; correct the path"),
        ("list.paths", f"{path}:1: {tree}/list.paths: a list in a list; name the archives themselves"),
        ("*.nothing", f"{path}:1: *.nothing: nothing there in the formats"),
        ("# nothing", f"{path}: nothing there in the formats"),
    ):
        path.write_text(text)
        assert refused(path).startswith(message)
    path.write_bytes(b"\xff\xfe\xff")
    assert "not a text in UTF-8" in refused(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_what_may_not_be_read_is_named(tree: Path) -> None:
    (tree / "two/deep").chmod(0)
    assert "deep: cannot be read (Permission denied)" in refused(tree)
    assert "deep: cannot be read (Permission denied)" in refused(tree / "**/*.warc")
    (tree / "one/a.warc").chmod(0)
    assert "a.warc: cannot be read (Permission denied)" in refused(tree / "one/a.warc")


def test_a_name_that_is_not_text_is_refused(tree: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tree) + b"/one/\xff.warc")).touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    assert "not valid UTF-8; rename it" in refused(tree)


def test_a_recipe_says_which_formats_folders_are_searched_for(tree: Path) -> None:
    (tree / "paper.xml").write_text('<?xml version="1.0"?><!DOCTYPE article><article><body/></article>')
    (tree / "feed.xml").write_text("<rss/>")
    (tree / "photo.jpg").write_bytes(b"\xff\xd8")
    assert [source.name for source in find_inputs([str(tree)], formats=("jats", "plain"))] == ["notes.txt", "paper.xml"]
    assert passed_over([str(tree)], ("jats", "plain", "warc", "lines")) == {
        ".jpg": 1, ".paths": 1, ".xml": 1, "no-suffix": 1, "no-suffix-plain": 1,
    }  # fmt: skip
    assert found(tree / "two/notes.txt", tree / "two/table.jsonl.gz") == ["notes.txt", "table.jsonl.gz"]
