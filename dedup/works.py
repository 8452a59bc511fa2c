"""The same work in several forms: a paper as JATS, LaTeX and PDF has one DOI.

Titles are not compared: "Introduction" and "Editorial" are thousands of works.
"""

from collections.abc import Sequence

import xxhash

#: Names that are the same in every form of a work, the best first. A work has the first of them that it has.
KINDS = ("doi:", "arxiv:", "pmcid:")


def work(ids: Sequence[str] | None) -> str | None:
    """The name of a work among those a document bears (`doi:10.1371/…`), in lower case; None where it bears none."""
    return next((name.lower() for kind in KINDS for name in ids or () if name.lower().startswith(kind)), None)


def work_hashes(ids: Sequence[Sequence[str] | None], langs: Sequence[str | None]) -> list[bytes]:
    """16 bytes for each document, fit for `pa.binary(16)`: xxh3_128 with seed 0 of the name of its work and its
    language, big-endian. Translations are works of their own.

    16 zero bytes for a document without a name: it joins no other, not even its like.
    """
    names = map(work, ids)
    return [
        b"\0" * 16 if name is None else xxhash.xxh3_128_digest(f"{name}\0{lang or ''}".encode())
        for name, lang in zip(names, langs, strict=True)
    ]
