"""Select records of a crawl by Common Crawl's columnar index: by language, top-level domain and registered domain.

The index is Parquet, a row a record, sorted by host; see https://www.commoncrawl.org/columnar-index. Of each row group
the columns that are asked about are read, the others only where something is found, and nothing where its statistics
exclude it: `--tlds jp` reads the few that hold hosts in .jp.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import InputError, UsageError

#: Detected types that are read: those `extract` takes.
HTML = ("text/html", "application/xhtml+xml")

#: Common Crawl cuts pages off at 5 MB.
MAX_RECORD = 64 << 20

SELECTION = pa.schema([
    ("url", pa.string()),
    ("content_languages", pa.string()),
    ("warc_filename", pa.string()),
    ("warc_record_offset", pa.int64()),
    ("warc_record_length", pa.int64()),
])  # fmt: skip

_ASKED = ("fetch_status", "content_mime_detected", "content_languages", "url_host_tld", "url_host_registered_domain")
_WORDS = {
    "languages": re.compile(r"[a-z]{3}"),
    "tlds": re.compile(r"[a-z0-9-]{1,63}"),
    "domains": re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+"),
}


@dataclass(frozen=True)
class Wanted:
    """Pages (status 200, HTML) that meet each of the conditions given; () asks nothing.

    A page is in a language if that is among those the crawl detected in it (CLD2's, up to three; ISO 639-3).
    """

    languages: tuple[str, ...] = ()
    tlds: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, pattern in _WORDS.items():
            for word in getattr(self, name):
                if not pattern.fullmatch(word):
                    example = {"languages": "jpn", "tlds": "jp", "domains": "example.co.jp"}[name]
                    raise UsageError(f"--{name} {word!r}: not as the index has them, as {example}")


def select(file: BinaryIO, name: str, wanted: Wanted) -> pa.Table:
    """The records wanted of one file of the index, with `SELECTION`'s columns, sorted by file and offset.

    Raises `InputError` for what is no such file.
    """
    try:
        index = pq.ParquetFile(file, pre_buffer=False)
        missing = (set(_ASKED) | set(SELECTION.names)) - set(index.schema_arrow.names)
        if missing:
            raise InputError(f"{name}: no file of the columnar index; it has no column {', '.join(sorted(missing))}")
        found = [SELECTION.empty_table(), *_found(index, wanted)]
        table = pa.concat_tables(found).sort_by([("warc_filename", "ascending"), ("warc_record_offset", "ascending")])
    except pa.ArrowException as error:
        raise InputError(f"{name}: no file of the columnar index ({' '.join(str(error).split())[:200]})") from None
    lengths = table["warc_record_length"]
    if len(table) and (
        pc.min(lengths).as_py() < 1 or pc.max(lengths).as_py() > MAX_RECORD or table["warc_filename"].null_count
    ):
        raise InputError(f"{name}: speaks of records without place or size, or of more than {MAX_RECORD:,} bytes")
    return table


def _found(index: Any, wanted: Wanted) -> Iterator[pa.Table]:
    for group in range(index.metadata.num_row_groups):
        if _excluded(index.metadata.row_group(group), wanted):
            continue
        asked = index.read_row_group(group, columns=list(_ASKED), use_threads=False)
        fits = _fits(asked, wanted)
        if pc.any(fits).as_py():
            rows = index.read_row_group(group, columns=SELECTION.names, use_threads=False)
            yield rows.filter(fits).select(SELECTION.names).cast(SELECTION)


def _fits(rows: pa.Table, wanted: Wanted) -> Any:
    fits = pc.and_(
        pc.equal(rows["fetch_status"], 200), pc.is_in(rows["content_mime_detected"], value_set=pa.array(HTML))
    )
    if wanted.languages:
        pattern = f"(^|,)({'|'.join(wanted.languages)})(,|$)"
        fits = pc.and_(fits, pc.match_substring_regex(rows["content_languages"], pattern))
    for column, words in (("url_host_tld", wanted.tlds), ("url_host_registered_domain", wanted.domains)):
        if words:
            fits = pc.and_(fits, pc.is_in(rows[column], value_set=pa.array(words, pa.string())))
    return pc.fill_null(fits, False)


def _excluded(group: Any, wanted: Wanted) -> bool:
    """Whether the statistics of a row group say that none of its rows can be wanted."""
    for number in range(group.num_columns):
        column = group.column(number)
        words = {"url_host_tld": wanted.tlds, "url_host_registered_domain": wanted.domains}.get(column.path_in_schema)
        said = column.statistics
        if words and said and said.has_min_max and not any(said.min <= word <= said.max for word in words):
            return True
    return False


def drawn(tables: Sequence[pa.Table], limit: int, seed: int) -> pa.Table:
    """Of all rows, the `limit` that a seed draws, sorted as they were. A larger limit draws the same and more."""
    table = pa.concat_tables(tables)
    if len(table) <= limit:
        return table
    places = zip(table["warc_filename"].to_pylist(), table["warc_record_offset"].to_pylist())
    draws = np.array([_draw(seed, *place) for place in places], dtype=np.uint64)
    kept = np.sort(np.argsort(draws, kind="stable")[:limit])
    return table.take(pa.array(kept))


def _draw(seed: int, filename: str, offset: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\0{filename}\0{offset}".encode()).digest()[:8], "big")
