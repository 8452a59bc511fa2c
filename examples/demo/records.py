"""HTTP responses -> WARC records, one gzip member each, as crawlers write them."""

import hashlib
import uuid
import zlib
from base64 import b32encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from demo.pages import Page

VERSION = 1  # part of every record id: raise it when the texts or the pages change
CRAWLED = datetime(2024, 5, 18, 3, 0, 0, 250_000, tzinfo=UTC)


def member(data: bytes) -> bytes:
    """One gzip member without name or time."""
    return zlib.compress(data, 9, wbits=31)


def break_member(data: bytes) -> bytes:
    """Flip every bit of eight bytes in the middle, as a bad disk might. The CRC at the end no longer holds."""
    at = len(data) // 2
    return data[:at] + bytes(b ^ 0xFF for b in data[at : at + 8]) + data[at + 8 :]


def sha1(data: bytes) -> str:
    return "sha1:" + b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def record_id(kind: str, url: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{url}#{kind}#{VERSION}')}>"


def moment(nth: int) -> datetime:
    return CRAWLED + timedelta(seconds=7 * nth)


def stamp(version: str, nth: int) -> str:
    """WARC/1.0 has whole seconds, WARC/1.1 may have fractions."""
    timespec = "seconds" if version == "1.0" else "milliseconds"
    return moment(nth).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


def record(
    version: str, kind: str, url: str, nth: int, content_type: str, block: bytes, extra: dict[str, str]
) -> bytes:
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": record_id(kind, url),
        "WARC-Date": stamp(version, nth),
        "Content-Length": str(len(block)),
        "Content-Type": content_type,
        **extra,
        "WARC-Block-Digest": sha1(block),
    }
    head = f"WARC/{version}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    return member(head.encode() + block + b"\r\n\r\n")


def http_head(page: Page, nth: int) -> bytes:
    length = () if ("Transfer-Encoding", "chunked") in page.headers else (("Content-Length", str(len(page.body))),)
    fields = (("Date", format_datetime(moment(nth).replace(microsecond=0), usegmt=True)), *page.headers, *length)
    return (f"HTTP/1.1 {page.status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields) + "\r\n").encode()


def exchange(version: str, page: Page, nth: int) -> list[bytes]:
    """Request and response of a page, and for every eightieth the crawler's notes on it."""
    host, path = page.url.split("/", 3)[2:]
    request = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: demo-crawler/1.0\r\nAccept: text/html\r\n\r\n"
    where = {"WARC-Target-URI": page.url, "WARC-IP-Address": "192.0.2.7"}
    asked = where | {"WARC-Concurrent-To": record_id("response", page.url)}
    given = where | {"WARC-Concurrent-To": record_id("request", page.url), "WARC-Payload-Digest": sha1(page.body)}
    block = http_head(page, nth) + page.body
    out = [record(version, "request", page.url, nth, "application/http; msgtype=request", request.encode(), asked)]
    response = record(version, "response", page.url, nth, "application/http; msgtype=response", block, given)
    out.append(break_member(response) if page.kind == "damaged" else response)
    if nth % 80 == 0:
        notes = b"fetchTimeMs: 118\r\nhopsFromSeed: 2\r\n"
        about = {"WARC-Target-URI": page.url, "WARC-Refers-To": record_id("response", page.url)}
        out.append(record(version, "metadata", page.url, nth, "application/warc-fields", notes, about))
    return out


def revisit(version: str, page: Page, nth: int, first_seen: int) -> bytes:
    """The page was fetched again and had not changed: its HTTP head, and where the body is."""
    fields = {
        "WARC-Target-URI": page.url,
        "WARC-Profile": f"http://netpreserve.org/warc/{version}/revisit/identical-payload-digest",
        "WARC-Refers-To": record_id("response", page.url),
        "WARC-Refers-To-Target-URI": page.url,
        "WARC-Refers-To-Date": stamp("1.0", first_seen),
        "WARC-Payload-Digest": sha1(page.body),
    }
    return record(version, "revisit", page.url, nth, "application/http; msgtype=response", http_head(page, nth), fields)


def warc(name: str, version: str, pages: Sequence[Page], start: int) -> list[bytes]:
    about = f"software: demo_crawl.py/{VERSION}\r\nformat: WARC File Format {version}\r\nisPartOf: demo\r\n".encode()
    members = [record(version, "warcinfo", name, start, "application/warc-fields", about, {"WARC-Filename": name})]
    for nth, page in enumerate(pages, start):
        members += exchange(version, page, nth)
    return members
