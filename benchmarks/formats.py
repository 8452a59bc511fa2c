"""Extraction of every format from real documents: documents and MB a CPU second on one core, ours beside the libraries
that would be picked instead.

    python -m benchmarks.formats [folder] [--files N]

The folder holds files of any format in any folders (shared/data/academic); pages of the web come from the archives in
web/ beside it, wikitext from tests/quality/wikitext. Of each format at most N documents are read (default 60), evenly
chosen from the files in order. MB are those of the documents as they are, before extraction: of a PDF mostly pictures.

The others are no requirements of ours; what is not installed is not run, and named:

docling (with docling-core)  its JATS backend, from bytes to its Markdown
pylatexenc                   LatexNodes2Text on one file: it follows no \\input and expands no macros of the document
pdfminer.six                 extract_text
mwparserfromhell             strip_code of the wikitext
trafilatura                  of pages, as it comes: decoding by it, its defaults

All run in this process, without the child that guards a run (0.1 ms a page, see pipelines/extract/guard.py). "none" are
the documents without a text, for any reason. A peer that fails on a document, as ours, is charged for the time; one
that fails on the first is named with what it says.
"""

import argparse
import contextlib
import importlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from pipelines import inputs, sources
from pipelines.extract import charset, records
from pipelines.extract.document import Unreadable
from pipelines.extract.html import HtmlSettings
from pipelines.sources import Raw
from pipelines.sources.formats import DOCUMENTS, FORMATS, bare

ROOT = Path(__file__).resolve().parents[1]
ACADEMIC = ROOT.parent / "shared/data/academic"
WIKITEXT = ROOT / "tests/quality/wikitext"
SETTINGS = HtmlSettings(prescreen=False)
LIMIT = 64 << 20


@dataclass(frozen=True)
class Rate:
    """Seconds of CPU time, and characters of text."""

    documents: int
    size: int
    seconds: float
    chars: int
    none: int

    def __str__(self) -> str:
        return (
            f"{self.documents / self.seconds:9.1f} documents/s{self.size / self.seconds / 1e6:8.2f} MB/s"
            f"{self.chars / 1e6:8.2f} M characters{self.none:5} none"
        )


def found(folder: Path) -> Iterator[Raw]:
    """The documents below a folder, and pages and articles from elsewhere."""
    for source in inputs.find_inputs([str(folder)], lambda path: "", FORMATS):
        for span in sources.split(source, LIMIT):
            yield from (raw for raw in sources.read(span, LIMIT) if isinstance(raw, Raw) and not raw.problem)
    for path in sorted((folder.parent / "web").glob("*.warc.gz"))[:1]:
        (source,) = inputs.find_inputs([str(path)], lambda path: "")
        for raw in sources.read(sources.split(source, LIMIT)[0], LIMIT):
            if isinstance(raw, Raw) and raw.status == 200 and raw.content_type == "text/html" and not raw.problem:
                yield raw
    for path in sorted(WIKITEXT.glob("*.wiki")):
        article = f"<page><title>{path.stem}</title><ns>0</ns><id>1</id><revision><id>1</id><text>"
        article += f"{escape(path.read_text('utf-8'), quote=False)}</text></revision></page>"
        yield Raw(path.name, article.encode(), 0, 0, format="wikitext", name=f"{path.stem[:2]}wiki")


def ours(raw: Raw) -> str:
    documents = records.extract(
        raw.payload, SETTINGS, raw.format, bare(raw.name), raw.http_charset, raw.headers, raw.url
    )
    return "".join(document.text for document in documents)


def decoded(raw: Raw) -> str:
    return charset.decode(raw.payload, "").text


def pylatexenc() -> Callable[[Raw], str]:
    latex2text: Any = importlib.import_module("pylatexenc.latex2text")
    return lambda raw: latex2text.LatexNodes2Text().latex_to_text(decoded(raw))


def pdfminer() -> Callable[[Raw], str]:
    high_level: Any = importlib.import_module("pdfminer.high_level")
    return lambda raw: high_level.extract_text(io.BytesIO(raw.payload))


def mwparserfromhell() -> Callable[[Raw], str]:
    parser: Any = importlib.import_module("mwparserfromhell")
    start, end = "<text>", "</text>"

    def run(raw: Raw) -> str:
        page = raw.payload.decode()
        text = page[page.index(start) + len(start) : page.index(end)].replace("&lt;", "<").replace("&gt;", ">")
        return str(parser.parse(text.replace("&amp;", "&")).strip_code())

    return run


def docling() -> Callable[[Raw], str]:
    backend: Any = importlib.import_module("docling.backend.xml.jats_backend")
    base: Any = importlib.import_module("docling.datamodel.base_models")
    document: Any = importlib.import_module("docling.datamodel.document")

    def run(raw: Raw) -> str:
        given = document.InputDocument(
            path_or_stream=io.BytesIO(raw.payload), format=base.InputFormat.XML_JATS, filename="a.nxml",
            backend=backend.JatsDocumentBackend,
        )  # fmt: skip
        return str(backend.JatsDocumentBackend(given, io.BytesIO(raw.payload)).convert().export_to_markdown())

    return run


def trafilatura() -> Callable[[Raw], str]:
    module: Any = importlib.import_module("trafilatura")
    return lambda raw: module.extract(raw.payload) or ""


#: What would be picked instead, by format.
PEERS = {
    "html": trafilatura, "jats": docling, "latex": pylatexenc, "pdf": pdfminer, "wikitext": mwparserfromhell,
}  # fmt: skip


def rate(work: Callable[[Raw], str], documents: list[Raw]) -> Rate:
    with contextlib.suppress(Unreadable):
        work(documents[0])  # imports, and what is loaded once
    chars = none = 0
    begun = time.process_time()
    for raw in documents:
        try:
            made = work(raw)
        except (Unreadable, Exception):  # a peer may raise anything
            made = ""
        chars += len(made)
        none += not made.strip()
    seconds = max(time.process_time() - begun, 1e-6)
    return Rate(len(documents), sum(len(raw.payload) for raw in documents), seconds, chars, none)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ACADEMIC)
    parser.add_argument("--files", type=int, default=60, help="documents of each format (default: %(default)s)")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        print(f"no documents at {arguments.folder}")
        return
    by_format: dict[str, list[Raw]] = {}
    for raw in found(arguments.folder):
        by_format.setdefault(raw.format, []).append(raw)
    for format in DOCUMENTS:
        if not (every := by_format.get(format, [])):
            continue
        documents = every[:: -(-len(every) // arguments.files)]
        print(f"{format}: {len(documents)} of {len(every)} documents")
        print(f"  {'ours':18}{rate(ours, documents)}", flush=True)
        if peer := PEERS.get(format):
            try:
                print(f"  {peer.__name__:18}{rate(peer(), documents)}", flush=True)
            except ImportError as error:
                print(f"  {peer.__name__:18}not installed ({error})")
            except Exception as error:
                print(f"  {peer.__name__:18}does not work ({type(error).__name__}: {error})")


if __name__ == "__main__":
    main()
