"""A pseudo-random permutation of 0 … n-1 that needs no table: any index is mapped, and mapped back, by itself.

An alternating Feistel network over the smallest power of two that holds n, walked until it comes back below n (cycle
walking, less than two steps on average): Black and Rogaway, "Ciphers with arbitrary finite domains", 2002. Integers
only, so it is the same on every machine and with every version of numpy.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: One 64-bit key a round.
Keys = tuple[int, ...]

#: Each changes one half. Luby and Rackoff (1988) need four for a permutation that no test tells from random; the others
#: are for halves of few bits.
ROUNDS = 6

MASK = (1 << 64) - 1


def keys(*of: str | int) -> Keys:
    """Round keys that depend on every one of the words and numbers given."""
    digest = hashlib.sha512("\0".join(map(str, of)).encode()).digest()
    return tuple(int.from_bytes(digest[at : at + 8], "little") for at in range(0, 8 * ROUNDS, 8))


def scramble(words: Any) -> Any:
    """The finalizer of SplitMix64 (Steele et al. 2014): every bit of the result depends on every bit of the word.

    An int below 2**64, or an array of uint64. (numpy's types know of no arithmetic that both have.)
    """
    words = (words ^ words >> 30) * 0xBF58476D1CE4E5B9 & MASK
    words = (words ^ words >> 27) * 0x94D049BB133111EB & MASK
    return words ^ words >> 31


def permute(index: int, n: int, by: Keys) -> int:
    """Where `index` goes; 0 ≤ index < n."""
    found: int = _network(index, n, by)
    while found >= n:
        found = _network(found, n, by)
    return found


def unpermute(index: int, n: int, by: Keys) -> int:
    """What goes to `index`."""
    found: int = _network(index, n, by, back=True)
    while found >= n:
        found = _network(found, n, by, back=True)
    return found


def permute_all(indices: NDArray[np.uint64], n: int, by: Keys) -> NDArray[np.uint64]:
    """`permute` of many at once."""
    found: NDArray[np.uint64] = _network(indices, n, by)
    while (outside := np.flatnonzero(found >= n)).size:
        found[outside] = _network(found[outside], n, by)
    return found


def _network(words: Any, n: int, by: Keys, back: bool = False) -> Any:
    bits = max(n - 1, 0).bit_length()
    low = bits // 2
    masks = ((1 << bits - low) - 1, (1 << low) - 1)
    halves = [words >> low, words & masks[1]]
    for turn in reversed(range(ROUNDS)) if back else range(ROUNDS):
        side = turn % 2
        halves[side] = halves[side] ^ (scramble(halves[1 - side] ^ by[turn]) & masks[side])
    return halves[0] << low | halves[1]
