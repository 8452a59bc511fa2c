"""Count the lines of a part, and find those that many documents have: boilerplate. See dedup/lines.py for what a line
is and which are cut."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup import lines
from pipelines.stage import Result, Task
from pipelines.store import Output
from pipelines.work.dedup import exchange
from pipelines.work.dedup.sign import kept_texts


@dataclass(frozen=True)
class Lines:
    """The uid of the part's first document."""

    first_uid: int


@dataclass(frozen=True)
class Repeated:
    """One bucket of the lines of so many parts."""

    parts: int
    bucket: int
    buckets: int


def count_lines(task: Task, output: Output) -> Result:
    """Every line of the part: in how many documents it is, and in which first."""
    least = task.stage.settings["min_chars"]
    hashes: list[NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
    uids: list[NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
    uid = task.given.first_uid
    for texts, _, _ in kept_texts(output, task.index):
        for text in texts:
            found, _ = lines.line_hashes(text, least)
            hashes.append(found)
            uids.append(np.full(len(found), uid, dtype=np.uint64))
            uid += 1
    counts = lines.count(np.concatenate(hashes), np.concatenate(uids))
    with output.create(f"dedup/lines/part-{task.index:05d}.npy") as file:
        np.save(file, counts, allow_pickle=False)
    documents = uid - task.given.first_uid
    return Result(documents, documents, totals={"lines": len(counts)})


def find_repeated(task: Task, output: Output) -> Result:
    """The lines of one bucket that are in as many documents as the recipe says. Rows in: the lines of the parts."""
    given: Repeated = task.given
    pieces = []
    for part in output.fetch_all([f"dedup/lines/part-{part:05d}.npy" for part in range(given.parts)]):
        counts = np.load(part, mmap_mode="r", allow_pickle=False)
        hashes = np.ascontiguousarray(counts["hash"])
        pieces.append(counts[exchange.bucket_range(hashes, given.bucket, given.buckets)])
    found = lines.merge(pieces, task.stage.settings["documents"])
    with output.create(repeated_path(task.index)) as file:
        np.save(file, found, allow_pickle=False)
    rows = sum(map(len, pieces))
    return Result(rows, rows, totals={"repeated": len(found)})


def repeated_path(bucket: int) -> str:
    return f"dedup/repeated/part-{bucket:05d}.npy"
