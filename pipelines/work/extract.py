"""extract: a span of an archive in, a row for every response record out, with its text or the reason it has none."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from resiliparse.parse.encoding import detect_mime

from pipelines import sources
from pipelines.archive import Damaged
from pipelines.extract import guard
from pipelines.extract.html import HtmlSettings, Unreadable
from pipelines.parts import write_rows
from pipelines.record import DOCUMENT, doc_id
from pipelines.stage import Result, Task
from pipelines.store import Output

HTML = ("text/html", "application/xhtml+xml")


def extract_part(task: Task, output: Output) -> Result:
    """`task.given` is the Span to read."""
    span: sources.Span = task.given
    settings = dict(task.stage.settings)
    limits = guard.Limits(memory_bytes=settings["memory_bytes"], deadline_seconds=settings["deadline_seconds"])
    how = HtmlSettings(
        languages=tuple(settings["languages"]),
        prescreen=settings["prescreen"],
        model=settings["model"],
        max_bytes=settings["max_bytes"],
        max_depth=settings["max_depth"],
        max_elements=settings["max_elements"],
    )
    pages = guard.warm(how, limits)
    reasons: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    said: Counter[str] = Counter()  # of rights

    def rows() -> Iterator[dict[str, Any]]:
        for record in sources.read(span, settings["max_bytes"]):
            row = _row(record, span, pages)
            totals["rows"] += 1
            if row["reason"]:
                reasons[row["reason"]] += 1
            else:
                totals["chars"] += len(row["text"])
                said.update(_counted(row))
            if isinstance(record, sources.Raw):
                totals["payload_bytes"] += len(record.payload)
            yield row

    with output.create(f"extract/part-{task.index:05d}.parquet") as file:
        write_rows(file, DOCUMENT, rows())
    rows_in = totals.pop("rows", 0)
    return Result(
        rows_in,
        rows_in - sum(reasons.values()),
        dict(reasons),
        dict(sorted(totals.items())) | {"rights": dict(sorted(said.items()))},
    )


def _counted(row: dict[str, Any]) -> set[str]:
    """What is counted of a page's rights. Pages choose agents, dates and URLs, so these are not told apart."""
    robots = {"robots for one agent, or dated" if set(":=") & set(said) else said for said in row["robots"]}
    licences = {name if name.startswith(("CC", "LicenseRef-CC")) else "another licence" for name in row["licences"]}
    return robots | licences | ({"tdm-reservation"} if row["tdm_reservation"] else set())


def _row(record: sources.Raw | Damaged, span: sources.Span, pages: guard.Guard) -> dict[str, Any]:
    source = span.source
    if isinstance(record, Damaged):
        # A damaged span has no identity of its own; where it lies in which file is all there is to name it by.
        return {
            "doc_id": doc_id("damaged", f"{source.sha256}:{record.offset}:{record.inner}"),
            "reason": "damaged",
            "detail": f"bytes {record.offset} to {record.stop}: {record.detail}",
            "source": source.name,
            "offset": record.offset,
            "inner": record.inner,
        }
    row: dict[str, Any] = {
        "doc_id": doc_id("warc", record.record_id),
        "url": record.url,
        "record_id": record.record_id,
        "date": record.date,
        "status": record.status,
        "content_type": record.content_type,
        "http_charset": record.http_charset,
        "source": source.name,
        "offset": record.offset,
        "inner": record.inner,
        "reason": None,
    }
    try:
        if problem := _not_a_page(record):
            raise problem
        page = pages.extract(record.payload, record.http_charset, record.headers, record.url)
    except Unreadable as unreadable:
        return row | {"reason": unreadable.reason, "detail": unreadable.detail}
    said = page.rights
    return row | {
        "text": page.text,
        "title": page.title,
        "charset": page.charset,
        "charset_source": page.charset_source,
        "robots": list(said.robots),
        "tdm_reservation": said.tdm_reservation,
        "tdm_policy": said.tdm_policy,
        "licences": list(said.names),
        "licence_evidence": [vars(licence) for licence in said.licences],
    }


def _not_a_page(record: sources.Raw) -> Unreadable | None:
    """Why a response is no page of HTML at all, from its headers; the type is sniffed where none was sent."""
    if record.problem:
        return Unreadable(record.problem, "")
    if record.status != 200:
        return Unreadable("http_status", str(record.status))
    kind = record.content_type or (detect_mime(record.payload[:4096]) if record.payload else "")
    if kind not in HTML and not (kind == "" and not record.payload):
        return Unreadable("not_html", kind)
    return None
