"""Single records of a crawl into a folder: `minamoto fetch --crawl CC-MAIN-2026-43 --languages jpn --to crawl-ja/`.

DIR/selection/part-00000.parquet     what was selected of a file of the index: url, languages, WARC, offset, length
DIR/CC-MAIN-…-00000-000.warc.gz      its records, in that order. Each is a whole gzip member, so that they make a WARC
DIR/fetch.json                       size and SHA-256 of each, where it came from, and which rows of the selection
                                     lie in a WARC: verified when the command is run again
"""

import hashlib
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import lists, remote
from pipelines.errors import InputError
from pipelines.fetch import JOBS, Crawl, Log, is_whole
from pipelines.fetch.index import Wanted, drawn, select
from pipelines.fetch.together import in_order, shown
from pipelines.store import Store
from pipelines.store.folder import whole_or_absent

#: Bytes of a WARC, about 10,000 records: what a stopped command fetches once more.
FILE_BYTES = 256 << 20

Place = tuple[str, int, int]  # path of a WARC below the base, offset, length


def fetch_records(
    crawl: Crawl, wanted: Wanted, to: Path, limit: int | None = None, seed: int = 0, index: Sequence[str] = (),
    jobs: int = JOBS, quiet: bool = False, file_bytes: int = FILE_BYTES,
) -> dict[str, Any]:  # fmt: skip
    """Select records by the files of the columnar index (the crawl's, or copies of some: paths or addresses), and bring
    them, or `limit` that a seed draws, into a folder. Returns what was done, as counts and bytes.

    Raises `InputError` for what cannot be fetched; what was fetched is kept, and the same command goes on.
    """
    files = list(index) or _index_files(crawl)
    names = [file.removeprefix(crawl.base) if remote.is_remote(file) else Path(file).name for file in files]
    of: dict[str, Any] = {"crawl": crawl.name} | {name: list(words) for name, words in asdict(wanted).items()}
    of |= {
        "limit": limit,
        "seed": seed if limit else None,
        "index": hashlib.sha256("\n".join(names).encode()).hexdigest(),
    }
    with Store(to.absolute()).locked():
        log = Log.read(to, of)
        damaged = [name for name, entry in log.files.items() if not is_whole(to / name, entry)]
        for name in damaged:
            del log.files[name]
        parts = _select(files, names, wanted, limit, seed, to, log, quiet)
        todo, records, total = [], 0, 0
        for part in parts:
            for name, rows, places in _warcs(crawl, to, part, file_bytes):
                records += len(places)
                if name not in log.files:
                    todo.append((name, part, rows))
                    total += sum(length for _, _, length in places)
        with shown("fetch", total, 0, quiet) as report:
            for name, part, rows in todo:
                log.add(name, _write(crawl, _places(to, part)[rows[0] : rows[1]], to / name, jobs, report)
                        | {"selection": part, "rows": list(rows)})  # fmt: skip
    return {
        "index_files": len(files), "records": records, "fetched": len(todo), "damaged": len(damaged), "bytes": total,
    }  # fmt: skip


def _index_files(crawl: Crawl) -> list[str]:
    source = crawl.list_of("cc-index-table")
    entries = [(number, path) for number, path in lists.read(source) if "/subset=warc/" in path]
    if not entries:
        raise InputError(f"{source}: names no index of pages (subset=warc)")
    return [lists.below(crawl.base, path, f"{source}:{number}: ") for number, path in entries]


def _select(
    files: Sequence[str], names: Sequence[str], wanted: Wanted, limit: int | None, seed: int, to: Path, log: Log,
    quiet: bool,
) -> list[str]:  # fmt: skip
    """Write the selections that are not there yet: one for each file of the index, or with a limit one of all."""
    done = [f"selection/part-{number:05d}.parquet" for number in range(1 if limit else len(files))]
    todo = [number for number, part in enumerate(done) if part not in log.files]
    if limit:
        todo = list(range(len(files))) if todo else []
    chosen: pa.Table | None = None
    with shown("index", len(files), len(files) - len(todo), quiet, "files") as report:
        for number in todo:
            with _opened(files[number]) as file:
                table = select(file, remote.shown(files[number]), wanted)
            if limit:
                chosen = drawn([table] if chosen is None else [chosen, table], limit, seed)
            else:
                log.add(done[number], _write_selection(to / done[number], table) | {"from": names[number]})
            report(1)
    if chosen is not None:
        chosen = chosen.sort_by([("warc_filename", "ascending"), ("warc_record_offset", "ascending")])
        log.add(done[0], _write_selection(to / done[0], chosen) | {"from": f"{len(files)} files of the index"})
    return done


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if remote.is_remote(name):
        with remote.buffered(name, remote.look(name)) as file:
            yield file
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror}); see to it") from None


def _write_selection(path: Path, table: pa.Table) -> dict[str, Any]:
    with whole_or_absent(path) as file:
        pq.write_table(table.combine_chunks(), file, compression="zstd")
    return {"bytes": file.size, "sha256": file.sha256.hexdigest(), "records": len(table)}


def _places(to: Path, part: str) -> list[Place]:
    columns = ["warc_filename", "warc_record_offset", "warc_record_length"]
    table = pq.read_table(to / part, columns=columns)
    return list(zip(*(table[column].to_pylist() for column in columns)))


def _warcs(crawl: Crawl, to: Path, part: str, file_bytes: int) -> Iterator[tuple[str, tuple[int, int], list[Place]]]:
    """The WARCs that a selection makes: their names, rows and records."""
    places = _places(to, part)
    start = size = number = 0
    for row, (_, _, length) in enumerate(places):
        if size and size + length > file_bytes:
            yield _warc_name(crawl, part, number), (start, row), places[start:row]
            start, size, number = row, 0, number + 1
        size += length
    if size:
        yield _warc_name(crawl, part, number), (start, len(places)), places[start:]


def _warc_name(crawl: Crawl, part: str, number: int) -> str:
    return f"{crawl.name}-{Path(part).stem.removeprefix('part-')}-{number:03d}.warc.gz"


def _write(
    crawl: Crawl, places: Sequence[Place], target: Path, jobs: int, report: Callable[[int], None]
) -> dict[str, Any]:
    """Fetch records into one WARC, whole or absent."""
    connection = threading.local()

    def bring(place: Place) -> bytes:
        path, offset, length = place
        if not hasattr(connection, "records"):
            connection.records = remote.Records(crawl.base)
        url = lists.below(crawl.base, path, "the index: ")
        data: bytes = connection.records.read(url, offset, offset + length)
        if not is_record(data):
            raise InputError(f"{remote.shown(url)}: bytes {offset:,} to {offset + length:,} are no record; the index "
                             "speaks of another file")  # fmt: skip
        return data

    with whole_or_absent(target) as file:
        for data in in_order(bring, places, jobs):
            file.write(data)
            report(len(data))
    return {"bytes": file.size, "sha256": file.sha256.hexdigest(), "records": len(places)}


def is_record(data: bytes) -> bool:
    """Whether bytes are one gzip member, whole to its checksum, that begins as a WARC record does."""
    inflate = zlib.decompressobj(wbits=31)
    begun = b""
    try:
        while data and not inflate.eof:
            piece = inflate.decompress(data, 1 << 20)
            begun = begun or piece[:5]
            data = inflate.unconsumed_tail
    except zlib.error:
        return False
    return inflate.eof and not inflate.unused_data and begun == b"WARC/"
