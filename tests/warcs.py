"""Web archives made by hand, byte by byte."""

import gzip
import random


def record(kind: str, block: bytes, **fields: str) -> bytes:
    head = {"WARC-Type": kind, "WARC-Date": "2024-05-06T07:08:09Z", "Content-Length": str(len(block))}
    head |= {name.replace("_", "-"): value for name, value in fields.items()}
    return b"WARC/1.0\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()).encode() + b"\r\n" + block + b"\r\n\r\n"


def http(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *(fields or ["Content-Type: text/html; charset=UTF-8"])]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def page(number: int, body: bytes | None = None, *fields: str) -> bytes:
    body = (
        body
        if body is not None
        else f"<html>page {number} ".encode() + random.Random(number).randbytes(200).hex().encode()
    )
    return record(
        "response",
        http(body, *fields),
        WARC_Record_ID=f"<urn:uuid:{number}>",
        WARC_Target_URI=f"http://example.com/{number}",
        Content_Type="application/http; msgtype=response",
    )


def arc_record(url: str, block: bytes, extra: str = "text/html") -> bytes:
    return f"{url} 192.0.2.1 20040511211249 {extra} {len(block)}\n".encode() + block + b"\n"


def arc_page(number: int) -> bytes:
    return arc_record(f"http://example.com/{number}", http(f"<html>page {number} ".encode() * 9))


def zipped(parts: list[bytes]) -> bytes:
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def one_member(parts: list[bytes]) -> bytes:
    return gzip.compress(b"".join(parts), mtime=0)


def plain(parts: list[bytes]) -> bytes:
    return b"".join(parts)
