import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from archives import latex, tar, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.extract.latex import extract
from pipelines.sources import Raw, Source, projects, read, split

LIMIT = 1 << 20


def sources(folder: Path, files: Mapping[str, bytes]) -> list[Source]:
    found = []
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        found.append(Source(name, str(path), len(data), hashlib.sha256(data).hexdigest()))
    return found


def papers(folder: Path, files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """The first file of each paper, and the others, by the names they have in it."""
    found = projects.find(sources(folder, files))
    return {root.name: [projects.relative(root, other) for other in others] for root, others in found.items()}


def test_what_a_file_reads_is_part_of_its_paper(tmp_path: Path) -> None:
    assert papers(tmp_path, {
        "main.tex": latex("\\input{sections/one}\\include{two.tex}\\subfile{sections/three}\\input four \n\\input{x}"),
        "sections/one.tex": b"\\input{sections/deep}", "sections/deep.tex": b"", "two.tex": b"", "four.tex": b"",
        "sections/three.tex": latex("\\input{near}").replace(b"{article}", b"{subfiles}"), "sections/near.tex": b"",
        "other.tex": latex("a paper by itself"), "notes.tex": b"no paper",
    }) == {"main.tex": ["four.tex", "sections/deep.tex", "sections/near.tex", "sections/one.tex",
                        "sections/three.tex", "two.tex"]}  # fmt: skip


def test_import_names_a_folder(tmp_path: Path) -> None:
    main = latex('\\import{parts/}{one}\\subimport{parts}{two.tex}\\input {"parts/three"}')
    files = {"a.tex": main, "parts/one.tex": b"", "parts/two.tex": b"", "parts/three.tex": b""}
    assert papers(tmp_path, files) == {"a.tex": ["parts/one.tex", "parts/three.tex", "parts/two.tex"]}


@pytest.mark.parametrize("named", ["% \\input{b}", "\\inputfile{b}", "input{b}", "\\input{}", "\\input{c}"])
def test_what_is_not_read_is_not_part(tmp_path: Path, named: str) -> None:
    assert papers(tmp_path, {"a.tex": latex(named), "b.tex": b"words"}) == {}


def test_files_outside_the_folder_are_no_part(tmp_path: Path) -> None:
    for named in ("../b", "/b", str(tmp_path / "b"), "x/../../b", "~/b"):
        assert papers(tmp_path, {"paper/a.tex": latex(f"\\input{{{named}}}"), "b.tex": b"words"}) == {}


def test_a_file_that_two_papers_read_is_part_of_both(tmp_path: Path) -> None:
    files = {"a.tex": latex("\\input{macros}"), "b.tex": latex("\\input{macros}"), "macros.tex": b""}
    assert papers(tmp_path, files) == {"a.tex": ["macros.tex"], "b.tex": ["macros.tex"]}


def test_papers_that_read_each_other_are_one(tmp_path: Path) -> None:
    files = {"b.tex": latex("\\input{a}\\input{b}"), "a.tex": latex("\\input{b}"), "c.tex": latex("\\input{c}")}
    assert papers(tmp_path, files) == {"a.tex": ["b.tex"]}
    # Of two, the one that nobody reads is the paper.
    assert papers(tmp_path / "x", {"a.tex": latex("words"), "z.tex": latex("\\input{a}")}) == {"z.tex": ["a.tex"]}


def test_names_in_japanese_folders_and_old_codings(tmp_path: Path) -> None:
    main = "\\documentclass{jarticle}% 表示\n\\begin{document}本文\\input{章/一}\\input{b}\\end{document}"
    files = {"a.tex": main.encode(), "章/一.tex": "一".encode(), "b.tex": b""}
    assert papers(tmp_path, files) == {"a.tex": ["b.tex", "章/一.tex"]}
    sjis = {"a.tex": main.replace("章/一", "c").encode("cp932"), "b.tex": b"", "c.tex": b""}
    assert papers(tmp_path / "x", sjis) == {"a.tex": ["b.tex", "c.tex"]}


@settings(max_examples=100)
@given(
    inputs=st.dictionaries(
        st.sampled_from(["a.tex", "b.tex", "s/a.tex", "s/c.tex"]),
        st.lists(st.sampled_from(["a", "b.tex", "s/a", "s/c.tex", "../b", "", "c"]), max_size=4),
        min_size=1,
    ),
)
def test_every_file_is_read_and_the_order_is_of_no_account(
    tmp_path_factory: pytest.TempPathFactory, inputs: dict[str, list[str]]
) -> None:
    files = {name: latex("".join(f"\\input{{{other}}}" for other in others)) for name, others in inputs.items()}
    given_files = sources(tmp_path_factory.mktemp("papers"), files)
    found = projects.find(given_files)
    assert projects.find(given_files[::-1]) == found
    inside = {other for others in found.values() for other in others}
    assert not inside & found.keys()
    assert all(root not in others for root, others in found.items())


def bundled(folder: Path, files: Mapping[str, bytes], limit: int = LIMIT) -> Raw:
    root, *_ = given_files = sources(folder, files)
    (span,) = split(root, 1, others=projects.find(given_files).get(root, ()))
    (raw,) = read(span, limit)
    assert isinstance(raw, Raw)
    return raw


PAPER = {
    "main.tex": latex("Begin. \\input{sections/one} End."),
    "sections/one.tex": b"The first section. \\input{sections/two}",
    "sections/two.tex": "第二節である。".encode("cp932"),
}


def test_the_extractor_gets_all_of_a_paper(tmp_path: Path) -> None:
    raw = bundled(tmp_path, PAPER)
    assert (raw.format, raw.problem, raw.record_id) == ("latex", None, "main.tex")
    (document,) = extract(raw.payload, raw.name)
    assert document.text == "Begin. The first section. 第二節である。End."
    assert bundled(tmp_path / "elsewhere" / "deep", PAPER).payload == raw.payload
    with tarfile.open(fileobj=io.BytesIO(raw.payload)) as archive:
        assert archive.getnames() == [*PAPER, "00README.json"]


def test_the_first_file_is_the_one_tex_is_run_on(tmp_path: Path) -> None:
    files = {"z.tex": latex("First. \\subfile{main} Last."), "main.tex": latex("Within. " * 100)}
    (document,) = extract(bundled(tmp_path, files).payload, "z.tex")
    assert document.text.startswith("First. Within.")
    assert document.text.endswith("Within.\n\nLast.")


def test_a_paper_too_large_is_told(tmp_path: Path) -> None:
    assert bundled(tmp_path, PAPER, limit=120).problem == "too_large"
    assert bundled(tmp_path, PAPER, limit=50).problem == "too_large"


def test_a_paper_in_a_zip_is_the_same_text(tmp_path: Path) -> None:
    (source,) = sources(tmp_path, {"paper.zip": zip_of(PAPER)})
    (span,) = split(source, 1)
    (raw,) = read(span, LIMIT)
    assert isinstance(raw, Raw)
    assert extract(raw.payload, raw.name)[0].text == "Begin. The first section. 第二節である。End."
    assert extract(tar(PAPER), "paper.tar")[0].text == extract(raw.payload, raw.name)[0].text
