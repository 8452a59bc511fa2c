"""Files made to harm: each is a row with its reason, the documents beside it are unharmed, and the run ends well."""

import bz2
import contextlib
import io
import json
import re
import resource
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from archives import gz, jats, latex, overlapping, tar, zip_of

from conftest import ROOT, command
from pdfs import pdf, text

SECRET = "the word that stands in the file beside it"
GOOD = "The old mill by the river has not been working for many years, but children still come there to play."

#: Of a process of the run. Its libraries take about 300 MB; max_file_bytes is 64 MiB, of which a few are held.
MOST_MEMORY = 900 << 20

#: Of the process that extracts: `extract.memory_bytes` is its address space.
CHILD_MEMORY = 2 << 30


class Listener:
    """A server on this machine that counts who comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.visits = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.socket.accept()[0].close()
                self.visits += 1


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.socket.close()


def entities(declared: str, used: str) -> bytes:
    body = f"<front><article-meta/></front><body><p>{used}</p></body>"
    return f'<?xml version="1.0"?>\n<!DOCTYPE article [{declared}]>\n<article>{body}</article>'.encode()


def laughs() -> bytes:
    names = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return entities(f'<!ENTITY l0 "ha">{names}', "&l11;")


def deep_archive() -> bytes:
    data = b"words"
    for level in range(40):
        data = gz(tar({f"{level}.tar.gz": data}))
    return data


def hostile(folder: Path, port: int) -> dict[str, bytes]:
    secret = folder.parent / "secret.txt"
    secret.write_text(SECRET)
    definitions = (f"\\def\\{name}{{{f'{chr(92)}{before} ' * 20}}}" for before, name in pairwise("abcdefghij"))
    grown = "\\def\\a{words }" + "".join(definitions) + "\\j"
    tar_bomb = io.BytesIO()
    with tarfile.open(fileobj=tar_bomb, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 400 << 20
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    return {
        "laughs.xml": laughs(),
        "quadratic.xml": entities(f'<!ENTITY a "{"a" * 30_000}">', "&a;" * 50_000),
        "file.xml": entities(f'<!ENTITY a SYSTEM "file://{secret}">', "&a;"),
        "port.xml": entities(f'<!ENTITY a SYSTEM "http://127.0.0.1:{port}/a">', "&a;"),
        "dtd.xml": f'<!DOCTYPE article SYSTEM "http://127.0.0.1:{port}/a.dtd"><article><body/></article>'.encode(),
        "parameter.xml": entities(f'<!ENTITY % a SYSTEM "http://127.0.0.1:{port}/b"> %a;', "words"),
        "include.xml": f'<article xmlns:xi="http://www.w3.org/2001/XInclude"><body><xi:include href="file://{secret}"'
                       ' parse="text"/></body></article>'.encode(),
        "deep.xml": b"<article>" + b"<sec>" * 100_000,
        "loop.tex": latex("\\def\\a{\\a\\a}\\a"),
        "mutual.tex": latex("\\def\\a{\\b x}\\def\\b{\\a\\a}\\a"),
        "grow.tex": latex(grown),
        "self.tar.gz": gz(tar({"main.tex": latex("\\input{main}\\input{../../../secret}\\input{/etc/passwd} words")})),
        "pages.pdf": pdf(*[text("Words", 72, 720)] * 10_000),
        "zip-bomb.zip": zip_of({"a.txt": bytes(300 << 20), "good.txt": GOOD.encode()}),
        "overlap.zip": overlapping(8 << 20, 5000),
        "cut.xml.bz2": bz2.compress(jats("Cut", GOOD * 200))[:-20],
        "dump.xml.bz2": bz2.compress(b"<mediawiki>" + b"<page><title>A</title>" + bytes(100 << 20)),
        "bomb.txt.gz": gz(bytes(500 << 20)),
        "bomb.tar.gz": tar_bomb.getvalue(),
        "nested.tar.gz": deep_archive(),
        "names.tar": tar({f"{place}/escaped.txt": f"{GOOD} {place}".encode() for place in ("../../../tmp", "/etc")}),
        "lists.jsonl": b'{"text": ' + b"[" * 5_000_000 + b"\n" + json.dumps({"text": f"{GOOD} Row."}).encode(),
        "long.jsonl": b'{"text": "' + b"a" * (150 << 20) + b'"}\n',
        "good.xml": jats("Good", GOOD),
    }  # fmt: skip


@dataclass(frozen=True)
class Ended:
    rows: list[dict[str, Any]]
    status: int
    said: str
    memory: int
    visits: int

    def reasons(self, source: str) -> list[str | None]:
        return [row["reason"] for row in self.rows if row["source"] == source]


MEASURE = """
import re, sys, threading, time
from pathlib import Path
from pipelines.__main__ import main
status = main(sys.argv[1:])
# Not ru_maxrss, which a process takes over from the one that started it.
print("VmHWM", re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
sys.exit(status)
"""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Ended:
    place = tmp_path_factory.mktemp("hostile")
    folder = place / "in"
    folder.mkdir()
    for name, data in hostile(folder, listener.port).items():
        (folder / name).write_bytes(data)
    recipe = place / "hostile.toml"
    formats = '["jats", "latex", "pdf", "plain", "dump", "archive", "lines"]'
    recipe.write_text(f'name = "hostile"\n[input]\npart_bytes = 1000000000\nformats = {formats}\n')
    out = place / "out"
    words = command("extract", "--recipe", recipe, "--input", folder, "--out", out, "--inline")[3:]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *words], cwd=ROOT, capture_output=True, text=True, timeout=500, check=False
    )
    found = re.search(r"VmHWM (\d+)", done.stdout)
    assert found, done.stderr
    rows = [row for path in sorted((out / "extract").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    return Ended(rows, done.returncode, done.stderr, int(found[1]) << 10, listener.visits)


def test_the_run_ends_well(ended: Ended) -> None:
    assert ended.status == 0, ended.said
    assert "Traceback" not in ended.said


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("laughs.xml", "entities"),
        ("quadratic.xml", "entities"),
        ("file.xml", "entities"),
        ("port.xml", "entities"),
        ("parameter.xml", "entities"),
        ("dtd.xml", "empty"),
        ("include.xml", "empty"),
        ("deep.xml", "too_deep"),
        ("loop.tex", "empty"),
        ("grow.tex", "macro_loop"),
        ("pages.pdf", "too_large"),
        ("cut.xml.bz2", "damaged"),
        ("dump.xml.bz2", "damaged"),
        ("bomb.txt.gz", "too_large"),
        ("nested.tar.gz", "unknown_format"),
        ("long.jsonl", "too_large"),
    ],
)
def test_each_is_a_row_with_its_reason(ended: Ended, source: str, reason: str) -> None:
    assert ended.reasons(source) == [reason]


def test_archives_that_are_bombs(ended: Ended) -> None:
    assert ended.reasons("zip-bomb.zip") == ["too_large", None]
    assert ended.reasons("bomb.tar.gz") == ["too_large", "damaged"]
    assert "damaged" in ended.reasons("overlap.zip")
    assert len(ended.reasons("overlap.zip")) < 20


def test_what_stands_beside_them_is_unharmed(ended: Ended) -> None:
    good = [row for row in ended.rows if row["reason"] is None and GOOD in row["text"]]
    assert {row["source"] for row in good} == {"good.xml", "names.tar", "zip-bomb.zip", "lists.jsonl"}
    assert ended.reasons("lists.jsonl") == ["bad_json", None]
    # What cannot go on is left out and counted; the rest of the paper stays.
    for source, counted in (("self.tar.gz", "recursive_inputs"), ("mutual.tex", "recursive_macros")):
        (row,) = [row for row in ended.rows if row["source"] == source]
        assert (row["reason"], {count["name"]: count["count"] for count in row["counts"]}[counted]) == (None, 1)


def test_nothing_is_opened_that_a_file_names(ended: Ended) -> None:
    assert not [row for row in ended.rows if SECRET in (row["text"] or "") or "root:" in (row["text"] or "")]
    assert ended.visits == 0
    assert not Path("/tmp/escaped.txt").exists()
    assert not Path("/etc/escaped.txt").exists()


def test_memory_stays_within_its_bounds(ended: Ended) -> None:
    assert ended.memory < MOST_MEMORY
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10 < CHILD_MEMORY
