"""What every source is cut into and read as: spans of files, and in them records."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipelines.remote.seen import Seen, shown


@dataclass(frozen=True)
class Source:
    """One file of the input. `name` stands for it in everything that is hashed: its base name, or as much of the end of
    its path as tells it from the other inputs. Of a file that lies elsewhere `seen` is what its server said of it, and
    `sha256` is `etag:` and the same, unless it was read through."""

    name: str
    path: str
    size: int
    sha256: str
    seen: Seen | None = None

    @property
    def digest_kind(self) -> str:
        return "etag" if self.sha256.startswith("etag:") else "sha256"

    @property
    def shown(self) -> str:
        """Its path as messages name it."""
        return shown(self.path) if self.seen else self.path


@dataclass(frozen=True)
class Declared:
    """What a recipe says of files that do not say it themselves; "" for nothing. It is part of what the documents of a
    span are made from."""

    format: str = ""
    lang: str = ""
    licence: str = ""
    text: str = "text"  # the columns of JSON Lines and Parquet
    id: str = "id"
    title: str = "title"
    url: str = "url"
    date: str = "date"
    lang_column: str = "lang"
    licence_column: str = "licence"


NOTHING_DECLARED = Declared()


Kind = Literal["gzip", "plain", "xml", "bz2", "xml.gz", "tar", "tar stream", "zip", "lines", "parquet", "file"]


@dataclass(frozen=True)
class Span:
    """A piece of a file that can be read on its own. A record belongs to the span in which it starts.

    `start` and `stop` are bytes of the file, but of a zip numbers of members, and of Parquet row groups.
    """

    source: Source
    kind: Kind
    start: int
    stop: int
    declared: Declared = NOTHING_DECLARED
    others: tuple[Source, ...] = ()
    """The further files of a LaTeX project, of which `source` is the one that begins; see sources/projects.py."""


@dataclass(frozen=True)
class Raw:
    """One record.

    `payload` is its bytes, without transfer, content and archive coding. `problem` is None, or why they cannot be
    used: `too_large` (the payload is then empty), `bad_encoding` (it holds what could be decoded), `unknown_format`,
    `no_text`, `bad_json`. `date` is in UTC; where the record's is coarser than a second, the beginning of the period it
    names.
    """

    record_id: str  # WARC-Record-ID; a row's own id behind its file's name; else the file, member and place
    payload: bytes
    offset: int  # in the file: of the gzip member, or of the record where the file is not compressed
    inner: int  # in the inflated member; 0 where the file is not compressed
    problem: str | None = None
    format: str = "html"  # which extractor reads it; see pipelines/sources/formats.py
    name: str = ""  # of the file or member, without folders that may differ from machine to machine
    url: str = ""
    date: datetime | None = None
    title: str = ""
    # of an HTTP response
    status: int | None = None  # None where the record is none
    content_type: str = ""  # media type, lower case; "" where none is declared
    http_charset: str = ""  # lower case; "" where none is declared
    headers: tuple[tuple[str, str], ...] = ()  # those that speak of rights
    # what the source says of a document beside its bytes
    lang: str = ""
    licence: str = ""
