"""A record of any format to its documents, by the extractor of that format."""

from collections.abc import Sequence

from pipelines.extract.document import Document
from pipelines.extract.html import HtmlSettings


def extract(
    raw: bytes, settings: HtmlSettings, format: str, name: str, http_charset: str, headers: Sequence[tuple[str, str]],
    url: str,
) -> list[Document]:  # fmt: skip
    """The documents of a record in one of `pipelines.sources.formats.DOCUMENTS`, each with a text.

    Extractors are imported when the first record of their format comes: a crawl needs no PDF library.

    Raises:
        Unreadable: with a reason of that format.
        filters.language.ModelError: the language model cannot be used; no fault of the record.
        MemoryError: the record needs more than the process may have.
    """
    match format:
        case "html":
            from pipelines.extract import html

            return [html.extract(raw, http_charset, settings, headers, url)]
        case "jats":
            from pipelines.extract import jats

            return jats.extract(raw, name)
        case "tei":
            from pipelines.extract import tei

            return tei.extract(raw, name)
        case "kaken":
            from pipelines.extract import kaken

            return kaken.extract(raw, name)
        case "egov":
            from pipelines.extract import egov

            return egov.extract(raw, name)
        case "latex":
            from pipelines.extract import latex

            return latex.extract(raw, name)
        case "pdf":
            from pipelines.extract import pdf

            return pdf.extract(raw, name)
        case "aozora":
            from pipelines.extract import aozora

            return aozora.extract(raw, name)
        case "markdown":
            from pipelines.extract import markdown

            return markdown.extract(raw, name)
        case "plain":
            from pipelines.extract import plain

            return plain.extract(raw, name)
        case "wikitext":
            from pipelines.extract import wikitext

            return wikitext.extract(raw, name)
    raise ValueError(f"no such format: {format}")
