"""The form in which a text is learned from: one spelling for what only looks different to a computer.

NFC and not NFKC, which makes x2 of x², 1 of ①, (株) of ㈱ and ASCII of ！？（）: they stay, and so do full-width forms,
no-break spaces and spaces at the ends of lines. Mojibake must be repaired before: it is made of what goes here.
"""

import re
import sys
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

# Nothing to be done for a text of these alone: each is in NFC beside whatever neighbour, and no mark.
_PLAIN = re.compile(
    "[\t\n -~\xa0-\xac\xae-\u02ff\u0400-\u0481\u1d00-\u1dbf\u2010-\u2027\u2030-\u205f\u2070-\u20bf\u2100-\u2125"
    "\u2127-\u2129\u212c-\u2328\u232b-\u2adb\u2b00-\u2bff\u3000-\u3029\u3030-\u3096\u309d-\u312f\u31f0-\u9fff"
    "\uac00-\ud7a3\uff01-\uff65\uffe0-\uffe6\ufffd\U0001f000-\U0001faff\U00020000-\U0002f7ff]*+"
)

_LINE_END = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
# Controls, soft hyphen, zero-width space, word joiner, byte order mark, controls of direction and noncharacters.
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u206f\ufdd0-\ufdef\ufeff"
    "\ufffe\uffff]"
)
_JOINERS = re.compile("[\u200c\u200d]+")
# They mean something after the letters of Arabic, India and Mongolia and in emoji; nothing after Latin, Greek,
# Cyrillic, Hebrew, kana, kanji and what goes with these.
_UNJOINED = re.compile(
    "[\x00-\u05ff\u1e00-\u206f\u3000-\u9fff\uf900-\ufaff\ufe50-\ufe6f\uff00-\uffef\U00020000-\U0003ffff]"
)
# 2ch's faces live on marks of half width, (｡･ω･｡) and (ﾟДﾟ): without a kana among them they stay.
_HALF_WIDTH = re.compile("[｡-ﾟ]+")
_HALF_KANA = re.compile("[ｦ-ﾝ]")
_VOICED = re.compile(
    "[うかきくけこさしすせそたちつてとはひふへほゝウカキクケコサシスセソタチツテトハヒフヘホワヰヱヲヽ][゛ﾞ]"
    "|[はひふへほハヒフヘホ][゜ﾟ]"
)
_COMBINING = {"゛": "\u3099", "ﾞ": "\u3099", "゜": "\u309a", "ﾟ": "\u309a"}
# Unicode's Stream-Safe Text Format, UAX #15; no language has so many, and longer runs take quadratic time to normalise.
_MAX_MARKS = 30


def normalize(text: str) -> str:
    r"""Clean a text; idempotent, and the same object if there is nothing to be done.

    - Lines end in \n: \r\n, \r, \v, \f, NEL, LS and PS become one.
    - Control characters but \t, controls of direction, U+200B, U+2060, U+FEFF, soft hyphens and noncharacters go, and
      joiners (U+200C, U+200D) where no script and no emoji needs them.
    - Halves of a surrogate pair become one character, a lone one U+FFFD.
    - Half-width katakana become full, and with them ｡｢｣､･ｰﾞﾟ in the same run; a voice mark with a space of its own
      joins the kana before it (か゛ is が), but not where there is no such letter (あ゛).
    - NFC. Of more than 30 combining marks in a row the rest goes, as in `dedup.shingles.key`.
    """
    if _PLAIN.fullmatch(text):
        return text
    clean = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    clean = _cut_marks(_JUNK.sub("", _LINE_END.sub("\n", clean)))
    # NFC first, for whether joiners go depends on the letter before them.
    clean = _JOINERS.sub(_needed, unicodedata.normalize("NFC", clean))
    clean = _VOICED.sub(_voiced, _HALF_WIDTH.sub(_widened, clean))
    clean = _cut_marks(unicodedata.normalize("NFC", clean))  # again: some marks are two in NFC
    return text if clean == text else clean


def _needed(joiners: re.Match[str]) -> str:
    before = joiners.start() - 1
    return "" if before < 0 or _UNJOINED.match(joiners.string, before) else joiners[0]


def _widened(run: re.Match[str]) -> str:
    if not _HALF_KANA.search(run[0]):
        return run[0]
    return unicodedata.normalize("NFKC", run[0]).replace("\u3099", "゛").replace("\u309a", "゜")


def _voiced(pair: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", pair[0][0] + _COMBINING[pair[0][1]])


def _cut_marks(text: str) -> str:
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    marks = _marks()[points]
    if np.count_nonzero(marks) <= _MAX_MARKS:
        return text
    places = np.arange(1, len(points) + 1)
    before = np.maximum.accumulate(np.where(marks, 0, places))
    return points[places - before <= _MAX_MARKS].tobytes().decode("utf-32-le")


@cache
def _marks() -> NDArray[np.bool_]:
    """By code point. A joiner counts: it does not end the run, for it may go."""
    points = range(sys.maxunicode + 1)
    return np.array([unicodedata.category(chr(p))[0] == "M" or p in (0x200C, 0x200D) for p in points], dtype=np.bool_)
