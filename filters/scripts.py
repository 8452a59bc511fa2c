"""Which script a code point is of, as far as it tells Japanese from other languages.

Unlike in Swallow's code, the long vowel mark ー and half-width katakana are Japanese, and so are kanji beyond the BMP.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

# What a code point is. LETTER is one of another script; the Japanese ones lie together.
OTHER, LETTER, HIRAGANA, KATAKANA, KANJI, END, ASCII_END = range(7)

_RANGES = {  # inclusive
    HIRAGANA: ((0x3041, 0x3096), (0x309D, 0x309F), (0x1B001, 0x1B11F)),
    KATAKANA: ((0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)),
    KANJI: (
        (0x3005, 0x3007),  # 々〆〇
        (0x303B, 0x303B),  # 〻
        (0x3400, 0x4DBF),  # extension A
        (0x4E00, 0x9FFF),
        (0xF900, 0xFAFF),  # compatibility
        (0x20000, 0x3FFFD),  # the planes kept for ideographs
    ),
}
_ENDS = "。．！？｡"
_ASCII_ENDS = ".!?"


#: What Python takes for white space.
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of a text, lone surrogates too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def kinds(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The kind of each code point: OTHER, LETTER, HIRAGANA, KATAKANA, KANJI, END (of a sentence) or ASCII_END."""
    return _table()[points]


def visible(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The code points that are not white space."""
    return points[~_spaces()[points]]


@cache
def _spaces() -> NDArray[np.bool_]:
    table = np.zeros(0x110000, np.bool_)
    table[[ord(space) for space in _SPACES]] = True
    return table


@cache
def _table() -> NDArray[np.uint8]:
    table = np.fromiter((chr(point).isalpha() for point in range(0x110000)), np.uint8, 0x110000)
    for kind, ranges in _RANGES.items():
        for first, last in ranges:
            table[first : last + 1] = kind
    table[[ord(mark) for mark in _ENDS]] = END
    table[[ord(mark) for mark in _ASCII_ENDS]] = ASCII_END
    return table
