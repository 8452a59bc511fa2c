"""extract: spans of files in, a row for every document out, with its text or the reason it has none."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from resiliparse.parse.encoding import detect_mime

from pipelines import sources
from pipelines.extract import guard, licences
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import HtmlSettings, clean
from pipelines.extract.rights import Licence, Rights
from pipelines.parts import write_rows
from pipelines.record import DOCUMENT, doc_id
from pipelines.sources import Damaged, Raw, Span
from pipelines.sources.formats import bare
from pipelines.stage import Result, Task
from pipelines.store import Output
from tokenizer.mojibake import repair

HTML = ("text/html", "application/xhtml+xml")

#: Of names as `doi:10.1371/…`, those that tell a record from all others of its format. A revision does not.
NAMES = ("doi", "pmcid", "pmid", "arxiv", "page", "aozora", "kaken", "egov")


#: Kinds of spans whose records are files in an archive.
IN_ARCHIVES = ("zip", "tar", "tar stream")


def extract_part(task: Task, output: Output) -> Result:
    """`task.given` are the spans to read, a tuple."""
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
    records = guard.warm(how, limits)
    reasons: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    said: Counter[str] = Counter()  # of rights
    formats: dict[str, Counter[str]] = {}

    def rows() -> Iterator[dict[str, Any]]:
        for span in task.given:
            for record in sources.read(span, settings["max_bytes"], settings["max_file_bytes"]):
                if isinstance(record, Raw):
                    totals["payload_bytes"] += len(record.payload)
                    if settings["pdf"] and _is_pdf(record):
                        record = replace(record, format="pdf")
                for row in _rows(record, span, records):
                    totals["rows"] += 1
                    of_format = formats.setdefault(_label(row), Counter(rows=0, kept=0, chars=0))
                    of_format["rows"] += 1
                    if row["reason"]:
                        reasons[row["reason"]] += 1
                    else:
                        totals["chars"] += len(row["text"])
                        of_format.update(kept=1, chars=len(row["text"]))
                        said.update(_counted(row))
                    yield row

    with output.create(f"extract/part-{task.index:05d}.parquet") as file:
        write_rows(file, DOCUMENT, rows())
    rows_in = totals.pop("rows", 0)
    return Result(
        rows_in,
        rows_in - sum(reasons.values()),
        dict(reasons),
        dict(sorted(totals.items()))
        | {"rights": dict(sorted(said.items()))}
        | {"formats": {name: dict(sums) for name, sums in sorted(formats.items())}},
    )


def _label(row: dict[str, Any]) -> str:
    return "damaged" if row["reason"] == "damaged" else row["format"] or "unknown"


def _counted(row: dict[str, Any]) -> set[str]:
    """What is counted of a document's rights. Pages choose agents, dates and URLs, so these are not told apart."""
    robots = {"robots for one agent, or dated" if set(":=") & set(said) else said for said in row["robots"]}
    named = ("CC", "LicenseRef-CC", "GFDL", "MIT", "Apache", "LicenseRef-Public-Domain")
    licences = {name if name.startswith(named) else "another licence" for name in row["licences"]} or {"no licence"}
    return robots | licences | ({"tdm-reservation"} if row["tdm_reservation"] else set())


def _rows(record: Raw | Damaged, span: Span, records: guard.Guard) -> Iterator[dict[str, Any]]:
    source = span.source
    if isinstance(record, Damaged):
        # A damaged span has no identity of its own; where it lies in which file is all there is to name it by.
        yield {
            "doc_id": doc_id("damaged", f"{source.sha256}:{record.offset}:{record.inner}"),
            "reason": "damaged",
            "detail": f"bytes {record.offset} to {record.stop}: {record.detail}",
            "source": source.name,
            "offset": record.offset,
            "inner": record.inner,
        }
        return
    row: dict[str, Any] = {
        "format": record.format or None,
        "url": record.url,
        "record_id": record.record_id,
        "date": record.date,
        "status": record.status,
        "content_type": record.content_type,
        "http_charset": record.http_charset,
        "source": source.name,
        "offset": record.offset,
        "inner": record.inner,
        "member": record.name if span.kind in IN_ARCHIVES else "",
        "reason": None,
    }
    world = "warc" if span.kind in ("gzip", "plain") else record.format or "file"
    try:
        if problem := _problem(record):
            raise problem
        documents = _documents(record, records)
    except Unreadable as unreadable:
        # A record without a text is named by its place: what it calls itself is not known.
        yield row | {
            "doc_id": doc_id(world, record.record_id), "reason": unreadable.reason, "detail": unreadable.detail,
        }  # fmt: skip
        return
    for document in documents:
        yield row | _columns(document, record, world)


def _columns(document: Document, record: Raw, world: str) -> dict[str, Any]:
    said = document.rights
    if record.licence and not said.names:  # credits are words, no licence
        stated = Licence(record.licence, licences.name(record.licence), "recipe or column")
        said = Rights(said.robots, said.tdm_reservation, said.tdm_policy, (*said.licences, stated))
    names = () if world == "warc" else document.ids  # two responses may speak of one DOI
    own = next((name for kind in NAMES for name in names if name.startswith(f"{kind}:")), record.record_id)
    return {
        "doc_id": doc_id(world, f"{own}#{document.part}" if document.part else own),
        "text": document.text,
        "title": document.title or record.title,
        "ids": list(document.ids),
        "declared_lang": document.lang or record.lang,
        "container": document.container,
        "captions": list(document.captions),
        "counts": [{"name": name, "count": count} for name, count in sorted(document.counts.items())],
        "date": _date(document.date) or record.date,
        "charset": document.charset,
        "charset_source": document.charset_source,
        "robots": list(said.robots),
        "tdm_reservation": said.tdm_reservation,
        "tdm_policy": said.tdm_policy,
        "licences": list(said.names),
        "licence_evidence": [vars(licence) for licence in said.licences],
    } | ({"member": "#".join(filter(None, (record.name, document.part)))} if document.part else {})


def _documents(record: Raw, records: guard.Guard) -> list[Document]:
    if record.format != "text":
        return records.extract(
            record.payload, record.format, bare(record.name), record.http_charset, record.headers, record.url
        )
    text, mojibake = repair(record.payload.decode(errors="replace"))
    if not (text := clean(text)):
        raise Unreadable("empty", "a text of white space")
    return [Document(text, counts={"mojibake_repaired": mojibake} if mojibake else {})]


def _date(stated: str) -> datetime | None:
    """The beginning of a day, month or year."""
    try:
        return datetime.fromisoformat((stated + "-01-01")[:10] if len(stated) in (4, 7) else stated[:10]).replace(
            tzinfo=UTC
        )
    except ValueError:
        return None


def _is_pdf(record: Raw) -> bool:
    """Whether a response is a PDF, by its type or, where that says nothing, by its first bytes."""
    vague = record.content_type in ("", "application/octet-stream")
    return record.status == 200 and (
        record.content_type == "application/pdf" or (vague and record.payload.startswith(b"%PDF-"))
    )


def _problem(record: Raw) -> Unreadable | None:
    """Why a record is no document that can be read, from what its source says of it; the type of a response is sniffed
    where none was sent."""
    if record.problem:
        return Unreadable(record.problem, record.name if record.problem == "unknown_format" else "")
    if record.format != "html" or (record.status is None and not record.content_type and record.name):
        return None
    if record.status != 200:
        return Unreadable("http_status", str(record.status))
    kind = record.content_type or (detect_mime(record.payload[:4096]) if record.payload else "")
    if kind not in HTML and not (kind == "" and not record.payload):
        return Unreadable("not_html", kind)
    return None
