"""Compare the documents of a block of clusters: who stays, who goes and in whose place, and how alike the two are."""

from dataclasses import dataclass

import numpy as np

from dedup import clusters, minhash
from pipelines.stage import Result, Task
from pipelines.store import Output
from pipelines.work.dedup import signed
from pipelines.work.dedup.signed import Signed

#: What is known of a document that was compared.
EVIDENCE = np.dtype(
    [
        ("representative", "<u8"),  # its own uid: it stays
        ("similarity", "<f8"),
        ("bands", "<u4"),  # in which the two agree
        ("size", "<u4"),  # for how many the representative stands, itself included
        ("reason", "<u4"),  # a place in REASONS
    ]
)

#: The first that holds: its key equals the representative's, it is similar enough, it has the same URL, it is the
#: same work.
REASONS = (None, "exact", "near", "url", "work")


@dataclass(frozen=True)
class Compare:
    """The clusters of the block, first and end; the uid of the first document that is not of an earlier corpus."""

    signed: Signed
    first: int
    end: int
    first_new: int


def block_path(index: int, what: str) -> str:
    return f"dedup/compare/part-{index:05d}.{what}.npy"


def compare_block(task: Task, output: Output) -> Result:
    given: Compare = task.given
    settings = task.stage.settings
    lsh = minhash.MinHash(**settings["minhash"])
    whole = {
        name: np.load(output.fetch(f"dedup/cluster/{name}.npy"), mmap_mode="r", allow_pickle=False)
        for name in ("members", "weights", "starts", "settled")
    }
    starts = whole["starts"][given.first : given.end + 1]
    inside = slice(int(starts[0]), int(starts[-1]))
    uids = whole["members"][inside].astype(np.int64)
    signatures = signed.signatures(output, given.signed, uids, lsh.permutations)
    documents = signed.documents(output, given.signed, uids)
    sets = signed.shingles(output, given.signed, uids) if settings["shingles"] else None
    found = clusters.lead(
        starts - starts[0], whole["settled"][given.first : given.end], signatures, documents["text"], documents["name"],
        settings["min_similarity"], sets,
    )  # fmt: skip
    evidence = np.zeros(len(uids), dtype=EVIDENCE)
    evidence["representative"] = uids[found.leaders]
    evidence["similarity"] = found.similarities
    agree = (signatures == signatures[found.leaders]).reshape(len(uids), lsh.bands, lsh.rows)
    evidence["bands"] = agree.all(axis=2).sum(axis=1)
    sizes = np.bincount(found.leaders, weights=whole["weights"][inside], minlength=len(uids))
    evidence["size"] = sizes[found.leaders].astype(np.uint32)
    follows = found.leaders != np.arange(len(uids))
    same_text = (documents["text"] == documents["text"][found.leaders]).all(axis=1)
    near = found.similarities >= settings["min_similarity"] - clusters.ROUNDING
    named = np.where(documents["is_work"] > 0, 4, 3)
    evidence["reason"] = np.where(follows, np.select([same_text, near], [1, 2], named), 0)
    new = np.flatnonzero(uids >= given.first_new)
    order = new[np.argsort(uids[new])]
    with output.create(block_path(task.index, "uids")) as file:
        np.save(file, uids[order].astype("<u8"), allow_pickle=False)
    with output.create(block_path(task.index, "evidence")) as file:
        np.save(file, evidence[order], allow_pickle=False)
    return Result(len(new), len(new))
