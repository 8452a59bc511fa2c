"""A record of any format to its documents, by the extractor of that format."""

import importlib
from collections.abc import Sequence

from pipelines.extract import html
from pipelines.extract.document import Document
from pipelines.extract.html import HtmlSettings
from pipelines.sources.formats import DOCUMENTS


def extract(
    raw: bytes, settings: HtmlSettings, format: str, name: str, http_charset: str, headers: Sequence[tuple[str, str]],
    url: str,
) -> list[Document]:  # fmt: skip
    """The documents of a record in one of `sources.formats.DOCUMENTS`, each with a text.

    Extractors are imported when the first record of their format comes: a crawl needs no PDF library.

    Raises:
        Unreadable: with a reason of that format.
        filters.language.ModelError: the language model cannot be used; no fault of the record.
        MemoryError: the record needs more than the process may have.
    """
    if format == "html":
        return [html.extract(raw, http_charset, settings, headers, url)]
    if format not in DOCUMENTS:
        raise ValueError(f"no such format: {format}")
    found: list[Document] = importlib.import_module(f"pipelines.extract.{format}").extract(raw, name)
    return found
