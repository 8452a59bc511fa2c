"""What a node must have to spare for a task, so that Ray starts no more of them there than fit.

Peaks as measured, libraries and all (a process that has loaded them takes 0.25 GB), and half as much again: `extract`,
`filter` and `sign` on parts of 8 MiB of a web crawl, the rest with docs/scaling.md's 10^5 documents a part.
"""

import itertools

from pipelines.tasks import Commits, Corpus

_MB = 1 << 20

#: Bytes, where the size of the corpus does not matter. `extract`: 290 MB and 130 MB in its child, which a single page
#: may drive to `extract.memory_bytes`; to keep that for every task would leave three nodes of four idle.
FIXED = {"extract": 640 * _MB, "filter": 530 * _MB, "dedup/sign": 720 * _MB, "dedup/decide": 420 * _MB}

#: Of any other stage: libraries, batches, and what its parts hold.
REST = 500 * _MB


def needed(stage: str, corpus: Corpus, done: Commits) -> int:
    """Bytes of memory for one task of a stage; `done` are the commits of the stages before it."""
    match stage:
        case "dedup/group":
            return 240 * _MB + 90 * corpus.recipe.dedup.bucket_rows  # measured: 160 MB + 60 B a row
        case "dedup/cluster":
            documents = sum(commit.kept for commit in done["dedup/sign"])
            documents += sum(other.documents for other in corpus.earlier)
            return REST + 75 * documents  # measured: 50 B a document
        case "dedup/compare":
            blocks = done["dedup/cluster"][0].detail["blocks"]
            largest = max((end - first for first, end in itertools.pairwise(blocks)), default=0)
            return REST + 780 * largest  # 520 B a document, signed
    return FIXED.get(stage, REST)
