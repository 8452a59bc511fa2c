"""Undo the transfer and content codings of an HTTP body, within a limit."""

import io
import re
import zlib
from collections.abc import Callable
from typing import Literal

import brotli
from fastwarc.stream_io import ZstdReader

_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r?\n")
_CHUNK_LINE = 270  # longest of those
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # "binary data byte" in WHATWG's MIME Sniffing, 3
_MAX_CODINGS = 4  # ours: nobody means more
_STEP = 1 << 14

_Decoded = tuple[bytes, Literal["whole", "cut", "bad"]]


class _TooLarge(Exception):
    """A body decodes to more than was allowed."""


def decode(body: bytes, fields: dict[bytes, bytes], max_bytes: int) -> tuple[bytes, str | None]:
    """A body without its content and transfer codings, and what is wrong with it.

    Crawlers take a coding off and leave its name in the header, so a body that looks like text is taken as it is. One
    that ends too early counts as far as it goes, coded or not: crawlers cut long pages off.
    """
    declared = fields.get(b"content-encoding", b"") + b"," + fields.get(b"transfer-encoding", b"")
    codings = [name for part in declared.lower().split(b",") if (name := part.strip()) in _CODINGS]
    if len(codings) > _MAX_CODINGS:
        return b"", "bad_encoding"
    for name in reversed(codings):
        if name != b"chunked" and not _BINARY.search(body, 0, 512):
            continue
        try:
            body, state = _CODINGS[name](body, max_bytes)
        except _TooLarge:
            return b"", "too_large"
        if state == "bad":
            return body, "bad_encoding"
    return body, None


def _unchunk(body: bytes, max_bytes: int) -> _Decoded:
    """RFC 9112, 7.1. What does not begin with a chunk is no chunked body and is returned as it is."""
    decoded, position = bytearray(), 0
    while size := _CHUNK.match(body, position):
        start, stop = size.end(), size.end() + int(size[1], 16)
        if start == stop:
            return bytes(decoded), "whole"
        if stop < len(body) and not body.startswith((b"\r\n", b"\n"), stop):
            break
        decoded += body[start:stop]
        position = stop + (2 if body.startswith(b"\r\n", stop) else 1)
    if not decoded:
        return body, "whole"
    return bytes(decoded), "cut" if len(body) - position < _CHUNK_LINE else "bad"


def _gunzip(body: bytes, max_bytes: int) -> _Decoded:
    """RFC 1952. What follows the first member is passed over, as browsers do."""
    return _inflate(body, 31, max_bytes) if body.startswith(b"\x1f\x8b") else (body, "whole")


def _undeflate(body: bytes, max_bytes: int) -> _Decoded:
    """RFC 9110, 8.4.1.2 means zlib's format; many servers send a bare deflate stream."""
    decoded, state = _inflate(body, 15, max_bytes)
    return _inflate(body, -15, max_bytes) if state == "bad" and not decoded else (decoded, state)


def _inflate(body: bytes, wbits: int, max_bytes: int) -> _Decoded:
    inflate, decoded = zlib.decompressobj(wbits), bytearray()
    for start in range(0, len(body), _STEP):
        data = body[start : start + _STEP]
        while data and not inflate.eof:
            try:
                decoded += inflate.decompress(data, max_bytes + 1 - len(decoded))
            except zlib.error:
                return bytes(decoded), "bad"
            if len(decoded) > max_bytes:
                raise _TooLarge
            data = inflate.unconsumed_tail
    return bytes(decoded), "whole" if inflate.eof else "cut"


def _unbrotli(body: bytes, max_bytes: int) -> _Decoded:
    expand, decoded = brotli.Decompressor(), bytearray()
    for start in range(0, len(body), _STEP):
        data = body[start : start + _STEP]
        while data or not expand.can_accept_more_data():
            try:
                decoded += expand.process(data, output_buffer_limit=max_bytes + 1 - len(decoded))
            except brotli.error:
                return bytes(decoded), "bad"
            if len(decoded) > max_bytes:
                raise _TooLarge
            data = b""
        if expand.is_finished():
            return bytes(decoded), "whole"
    return bytes(decoded), "cut"


def _unzstd(body: bytes, max_bytes: int) -> _Decoded:
    reader, decoded = ZstdReader(io.BytesIO(body), fsspec_args=False), bytearray()
    try:
        while piece := reader.read(_STEP):
            decoded += piece
            if len(decoded) > max_bytes:
                raise _TooLarge
    except OSError:  # the reader does not tell a frame that is cut off from one that is damaged
        return bytes(decoded), "cut" if decoded else "bad"
    return bytes(decoded), "whole"


#: Names that are not here (identity, none, utf-8 …) change nothing, as in browsers.
_CODINGS: dict[bytes, Callable[[bytes, int], _Decoded]] = {
    b"chunked": _unchunk,
    b"gzip": _gunzip,
    b"x-gzip": _gunzip,
    b"deflate": _undeflate,
    b"br": _unbrotli,
    b"zstd": _unzstd,
}
