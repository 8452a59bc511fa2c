"""Archives and papers made by hand: tars header by header, zips, compressed files."""

import bz2
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping

from fastwarc.stream_io import ZstdWriter


def zstd(data: bytes) -> bytes:
    file = io.BytesIO()
    writer = ZstdWriter(file)
    writer.write(data)
    writer.close()
    return file.getvalue()


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


#: How a file is compressed, by the end of its name.
PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gz, ".bz2": bz2.compress, ".zst": zstd}


def tar(files: Mapping[str, bytes], format: int = tarfile.USTAR_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A header that may lie about its size."""
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def zip_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def overlapping(size: int, times: int) -> bytes:
    """A zip whose directory names one deflated member many times."""
    one = zip_of({"a.bin": b"a" * size})
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    entry = one[start:end]
    tail = bytearray(one[end:])
    tail[8:12] = times.to_bytes(2, "little") * 2
    tail[12:16] = (len(entry) * times).to_bytes(4, "little")
    return one[:start] + entry * times + tail


def jats(title: str, body: str, doi: str = "") -> bytes:
    number = f'<article-id pub-id-type="doi">{doi}</article-id>' if doi else ""
    return (
        f'<article xml:lang="en"><front><article-meta>{number}<title-group><article-title>{title}</article-title>'
        f"</title-group></article-meta></front><body><sec><title>Findings</title><p>{body}</p></sec></body></article>"
    ).encode()


def latex(body: str) -> bytes:
    return f"\\documentclass{{article}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n".encode()
