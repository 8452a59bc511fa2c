"""Documents that say the same to the letter: equal keys."""

from collections.abc import Sequence

import xxhash

from dedup.shingles import Key


def text_hashes(keys: Sequence[Key]) -> list[bytes]:
    """16 bytes for each key, fit for `pa.binary(16)`: xxh3_128 with seed 0 of its UTF-8 bytes, canonical (big-endian).

    Equal hashes are equal keys: among 2^40 documents the chance of a single accident is 2^-49. xxh3 is no cryptographic
    hash: who can choose texts can make two of them collide, and gains that one of the two is left out. Empty keys are
    alike too, though they are no duplicates; callers must leave them out.
    """
    return [xxhash.xxh3_128_digest(key.encode()) for key in keys]
