"""Words and sentences of languages with spaces between words, close to spaCy's blank English pipeline.

datatrove counts English with that one, so published limits mean here what they mean there. What stands between white
spaces is cut: marks go off at both ends and are words, hyphens and slashes between letters part words, addresses stay
whole, n't and 's stand alone. Unlike spaCy we keep no lists of abbreviations (Mr.), units (10km), emoticons and words
to be cut in two (cannot, but also id and Wed). On 24 MB of English pages, papers and news 0.14 % of its words differ.
"""

import functools
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tokenizer import words as japanese
from tokenizer.words import UNSPACED


def _characters(ranges: str) -> frozenset[str]:
    """Of code points in hexadecimal, first-last."""
    spans = (span.partition("-") for span in ranges.split())
    return frozenset(
        chr(point) for first, _, last in spans for point in range(int(first, 16), int(last or first, 16) + 1)
    )


#: Ends of sentences: Unicode's Sentence_Terminal as of version 14, and three signs of Khmer. The list is datatrove's.
TERMINAL = _characters("""
    21 2E 3F 589 61D-61F 6D4 700-702 7F9 837 839 83D-83E 964-965 104A-104B 1362 1367-1368 166E 1735-1736 17D4-17D6
    17D9-17DA 1803 1809 1944-1945 1AA8-1AAB 1B5A-1B5B 1B5E-1B5F 1B7D-1B7E 1C3B-1C3C 1C7E-1C7F 203C-203D 2047-2049 2E2E
    2E3C 2E53-2E54 3002 A4FF A60E-A60F A6F3 A6F7 A876-A877 A8CE-A8CF A92F A9C8-A9C9 AA5D-AA5F AAF0-AAF1 ABEB FE52
    FE56-FE57 FF01 FF0E FF1F FF61 10A56-10A57 10F55-10F59 10F86-10F89 11047-11048 110BE-110C1 11141-11143 111C5-111C6
    111CD 111DE-111DF 11238-11239 1123B-1123C 112A9 1144B-1144C 115C2-115C3 115C9-115D7 11641-11642 1173C-1173E 11944
    11946 11A42-11A43 11A9B-11A9C 11C41-11C42 11EF7-11EF8 11F43-11F44 16A6E-16A6F 16AF5 16B37-16B38 16B44 16E98 1BC9F
    1DA88
""")

#: A word of nothing else does not count for Gopher: controls, and the punctuation of cc_net (Wenzek et al. 2020) as
#: datatrove has it. Symbols that are not here (• © →) make words.
PUNCTUATION = (
    TERMINAL
    | _characters("0-8 B-1F 7F-9F")
    | frozenset("\"#$%&'()*+,-/:;<=>@[\\]^_`{|}~«´»–—’“”„…∶━►、〈〉《》「」【】％（），１：；～")
)


@dataclass(frozen=True, eq=False)
class Words:
    """The words of one text. Equal words have one number, in the order of their first occurrence."""

    ids: NDArray[np.int32]
    """(words,): the number of each."""
    counts: NDArray[np.int32]
    """(numbers,): how often the word is there."""
    starts: NDArray[np.int32]
    """(numbers,): where in `text` the word is first."""
    lengths: NDArray[np.int32]
    """(numbers,): in characters."""
    alpha: NDArray[np.bool_]
    """(numbers,): does it hold a letter?"""
    symbols: NDArray[np.bool_]
    """(numbers,): is it nothing but `PUNCTUATION`?"""
    text: str

    def distinct(self, longest: int) -> list[str]:
        """The words of up to `longest` characters, by number."""
        short = self.lengths <= longest
        starts = self.starts[short]
        return [self.text[a:b] for a, b in zip(starts.tolist(), (starts + self.lengths[short]).tolist())]


#: What makes words of a text in a language (ISO 639-1 or None); None if it knows no words of that language.
Split = Callable[[str, str | None], Words | None]


def words(text: str) -> Words:
    """The words of a text whose language has spaces between them."""
    points, kinds = _points(text), _kinds()
    return Words(*_number(points, kinds, *_split(points, kinds)), text)


def split_words(text: str) -> list[str]:
    """The same as strings. None is empty or holds white space."""
    starts, ends = _split(_points(text), _kinds())
    return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist())]


def number(split: Sequence[str]) -> Words:
    """The words that another splitter found."""
    text = "".join(split)
    lengths = np.fromiter(map(len, split), np.int32, len(split))
    ends = np.cumsum(lengths, dtype=np.int32)
    return Words(*_number(_points(text), _kinds(), ends - lengths, ends), text)


def spaced(text: str, lang: str | None) -> Words | None:
    """`words`, or None for a language without spaces."""
    return None if lang in UNSPACED else words(text)


def with_sudachi(text: str, lang: str | None) -> Words | None:
    """SudachiPy's words of Japanese, mode A as FineWeb-2 has them; otherwise as `spaced`."""
    return number(japanese.words(text)) if lang == "ja" else spaced(text, lang)


def default_split(japanese_words: bool) -> Split:
    return with_sudachi if japanese_words else spaced


_kept: dict[tuple[str, str | None, Split], Words | None] = {}


def split_rows(batch: pa.RecordBatch, split: Split = spaced) -> list[tuple[str | None, str | None, Words | None]]:
    """`text` and `lang` of each row with its words; None where there is no text, or `split` knows no words.

    Rules are asked one after the other about what is left of a batch, so its words are kept until the next batch.
    """
    texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
    rows = list(zip(texts, langs, strict=True))
    keys = [(text, lang, split) for text, lang in rows if text is not None]
    found = {key: _kept.get(key) or split(key[0], key[1]) for key in dict.fromkeys(keys)}
    _kept.clear()
    _kept.update(found)
    return [(text, lang, None if text is None else found[text, lang, split]) for text, lang in rows]


def count_sentences(lines: Sequence[str]) -> int:
    """How many sentences there are in lines without line breaks, if none goes on in the next line.

    As with spaCy's sentencizer, after an end the next word that is no punctuation begins a new one.
    """
    points, kinds = _points("\n".join(lines)), _kinds()
    return int(_sentences(points, kinds, *_split(points, kinds)))


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


# What a code point is, in bits. FRONT goes off at the front of a word, BACK at its end, BACK_OF_DIGIT there if a digit
# is before it. SYMBOL stands alone, HYPHEN parts letters, SIGN digits.
(
    _SPACE,
    _LETTER,
    _LOWER,
    _DIGIT,
    _FRONT,
    _BACK,
    _BACK_OF_DIGIT,
    _SYMBOL,
    _HYPHEN,
    _SIGN,
    _PUNCTUATION,
    _TERMINAL,
    _EMPTY,
) = (1 << bit for bit in range(13))

_MARKS = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪'\"”“`‘´’‚„»«「」『』（）〔〕【】《》〈〉〈〉⟦⟧—–"
_CURRENCY = "$£€¥฿﷼₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₴₵₶₷₸₹₺₻₼₽₾₿"


@functools.cache
def _kinds() -> NDArray[np.uint16]:
    """(code points,); built in a third of a second."""
    kinds = np.zeros(0x110000, np.uint16)
    for point, character in enumerate(map(chr, range(0x110000))):
        category = unicodedata.category(character)
        if category[0] == "L":
            # Letters without case go as small ones.
            kinds[point] = _LETTER if category in ("Lu", "Lt") else _LETTER | _LOWER
        elif category[0] == "P":
            kinds[point] = _PUNCTUATION
        elif category == "So":
            kinds[point] = _FRONT | _BACK | _SYMBOL
        elif character.isspace():
            kinds[point] = _SPACE
    for kind, characters in (
        (_DIGIT, "0123456789"),
        (_FRONT, _MARKS + _CURRENCY + "§%="),
        (_BACK, _MARKS),
        (_BACK_OF_DIGIT, _CURRENCY + "%+"),
        (_SYMBOL, "…"),
        (_HYPHEN, "-–—~:<>=/"),
        (_SIGN, "+-*^"),
        (_TERMINAL, TERMINAL),
        (_EMPTY, PUNCTUATION),
    ):
        kinds[[ord(character) for character in characters]] |= kind
    return kinds


_NEWLINE, _DOT, _COMMA, _COLON, _PLUS, _MINUS, _SLASH, _AT, _UNDERSCORE = map(ord, "\n.,:+-/@_")
_APOSTROPHES = ord("'"), ord("’")
_D, _E, _L, _M, _N, _R, _S, _T, _V, _CAPITAL_S = map(ord, "delmnrstvS")
_PATH = ord("/"), ord("?"), ord("#")


@numba.njit(cache=True, nogil=True)
def _split(points: NDArray[np.uint32], kinds: NDArray[np.uint16]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where the words start, and where each ends."""
    starts = np.empty(len(points), np.int32)
    ends = np.empty(len(points), np.int32)
    begins = np.zeros(len(points) + 1, np.bool_)
    count = 0
    at = 0
    while at < len(points):
        start = at
        common = kinds[points[at]]
        if common & _SPACE:
            at += 1
            continue
        at += 1
        while at < len(points) and not kinds[points[at]] & _SPACE:
            common &= kinds[points[at]]
            at += 1
        if not common & _LETTER:
            _cut(points, kinds, start, at, begins)
            for place in range(start + 1, at):
                if begins[place]:
                    starts[count] = start
                    ends[count] = start = place
                    count += 1
        starts[count] = start
        ends[count] = at
        count += 1
    return starts[:count], ends[:count]


@numba.njit(cache=True, nogil=True)
def _cut(
    points: NDArray[np.uint32], kinds: NDArray[np.uint16], start: int, end: int, begins: NDArray[np.bool_]
) -> None:
    """Mark where words begin within points[start:end], which holds no white space. Linear, whatever is in it."""
    while start < end:
        size = _front(points, kinds, start, end)
        if size == 0:
            break
        start += size
        begins[start] = True
    while start < end:
        size = _back(points, kinds, start, end)
        if size == 0:
            break
        end -= size
        begins[end] = True
    if _is_address(points, kinds, start, end):
        return
    at = start + 1
    while at < end:
        size = _inside(points, kinds, at, end)
        if size:
            begins[at] = True
            begins[at + size] = True
        at += max(size, 1)


@numba.njit(cache=True, nogil=True)
def _run(points: NDArray[np.uint32], at: int, end: int) -> int:
    """How often points[at] is there in a row."""
    size = 1
    while at + size < end and points[at + size] == points[at]:
        size += 1
    return size


@numba.njit(cache=True, nogil=True)
def _front(points: NDArray[np.uint32], kinds: NDArray[np.uint16], start: int, end: int) -> int:
    """How many code points go off at the front."""
    if points[start] == _DOT:
        dots = _run(points, start, end)
        return dots if dots > 1 else 0
    if points[start] == _PLUS:
        return 0 if start + 1 < end and kinds[points[start + 1]] & _DIGIT else 1
    return 1 if kinds[points[start]] & _FRONT else 0


@numba.njit(cache=True, nogil=True)
def _back(points: NDArray[np.uint32], kinds: NDArray[np.uint16], start: int, end: int) -> int:
    """How many code points go off at the end."""
    size = end - start
    last = points[end - 1]
    before = kinds[points[end - 2]] if size > 1 else 0
    if last == _DOT:
        dots = 1
        while dots < size and points[end - 1 - dots] == _DOT:
            dots += 1
        if dots > 1:
            return dots
        if before & _LETTER and (size == 2 or points[end - 3] == _DOT):  # a. U.S. e.g.
            return 0
        if before & (_LOWER | _DIGIT | _BACK | _BACK_OF_DIGIT):
            return 1
        return 1 if before & _LETTER and kinds[points[end - 3]] & (_LETTER | _LOWER) == _LETTER else 0  # USA.
    if kinds[last] & _BACK or (kinds[last] & _BACK_OF_DIGIT and before & _DIGIT):
        return 1
    if size > 2 and points[end - 2] in _APOSTROPHES:
        if last in (_S, _CAPITAL_S, _D, _M):
            return 2
        return 3 if size > 3 and points[end - 3] == _N and last == _T else 0
    if size > 3 and points[end - 3] in _APOSTROPHES:
        first = points[end - 2]
        return 3 if (first == _L and last == _L) or (first in (_V, _R) and last == _E) else 0
    return 0


@numba.njit(cache=True, nogil=True)
def _inside(points: NDArray[np.uint32], kinds: NDArray[np.uint16], at: int, end: int) -> int:
    """How many code points at `at`, which is not the first, are a word between two others."""
    point, kind, before = points[at], kinds[points[at]], kinds[points[at - 1]]
    if kind & _SYMBOL:
        return 1
    size = 1
    if point == _DOT:
        size = _run(points, at, end)
        if size > 1:
            return size
    elif point == _MINUS:
        size = min(_run(points, at, min(end, at + 3)), 3)
    after = kinds[points[at + size]] if at + size < end else 0
    if point == _DOT:
        return 1 if before & _LOWER and after & (_LETTER | _LOWER) == _LETTER else 0
    if point == _COMMA:
        return 1 if before & _LETTER and after & _LETTER else 0
    if kind & _HYPHEN and before & (_LETTER | _DIGIT) and after & _LETTER:
        return size
    if kind & _SIGN and before & _DIGIT and at + 1 < end:
        return 1 if kinds[points[at + 1]] & _DIGIT or points[at + 1] == _MINUS else 0
    return 0


@numba.njit(cache=True, nogil=True)
def _is_address(points: NDArray[np.uint32], kinds: NDArray[np.uint16], start: int, end: int) -> bool:
    """[scheme://][user@]host.tld[:port][/path]: so is the name of a file."""
    at = start
    while at < end and (kinds[points[at]] & (_LETTER | _DIGIT) or points[at] in (_PLUS, _MINUS, _DOT, _UNDERSCORE)):
        at += 1
    if at > start + 1 and at + 2 < end and points[at] == _COLON and points[at + 1] == points[at + 2] == _SLASH:
        start = at + 3
    for at in range(start + 1, end):
        if points[at] == _AT:
            start = at + 1
            break
    label = at = start
    while at < end:
        if points[at] == _DOT:
            if at == label:
                return False
            label = at + 1
        elif not (kinds[points[at]] & (_LETTER | _DIGIT) or points[at] in (_MINUS, _UNDERSCORE) or points[at] > 0xA0):
            break
        at += 1
    if label == start or at < label + 2:
        return False
    for place in range(label, at):
        if not kinds[points[place]] & _LOWER:
            return False
    if at == end or points[at] in _PATH:
        return True
    return points[at] == _COLON and at + 1 < end and kinds[points[at + 1]] & _DIGIT != 0


_MIX = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's finalizer


@numba.njit(cache=True, nogil=True)
def _number(
    points: NDArray[np.uint32], kinds: NDArray[np.uint16], starts: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.bool_],
    NDArray[np.bool_],
]:
    """The arrays of `Words`."""
    bits = 1
    while 1 << bits < 2 * len(starts):
        bits += 1
    table = np.full(1 << bits, -1, np.int32)
    ids = np.empty(len(starts), np.int32)
    counts = np.zeros(len(starts), np.int32)
    firsts = np.empty(len(starts), np.int32)
    lengths = np.empty(len(starts), np.int32)
    alpha = np.zeros(len(starts), np.bool_)
    symbols = np.ones(len(starts), np.bool_)
    found = 0
    for word in range(len(starts)):
        start, size = starts[word], ends[word] - starts[word]
        mixed = np.uint64(size)
        for at in range(start, start + size):
            mixed = (mixed ^ np.uint64(points[at])) * _MIX
            mixed ^= mixed >> np.uint64(32)
        slot = np.int64(mixed & np.uint64((1 << bits) - 1))
        while table[slot] >= 0:
            same = 0
            if lengths[table[slot]] == size:
                first = firsts[table[slot]]
                while same < size and points[first + same] == points[start + same]:
                    same += 1
            if same == size:
                break
            slot = (slot + 1) & ((1 << bits) - 1)
        if table[slot] < 0:
            table[slot] = found
            firsts[found] = start
            lengths[found] = size
            for at in range(start, start + size):
                alpha[found] |= kinds[points[at]] & _LETTER != 0
                symbols[found] &= kinds[points[at]] & _EMPTY != 0
            found += 1
        ids[word] = table[slot]
        counts[ids[word]] += 1
    return ids, counts[:found], firsts[:found], lengths[:found], alpha[:found], symbols[:found]


@numba.njit(cache=True, nogil=True)
def _sentences(
    points: NDArray[np.uint32], kinds: NDArray[np.uint16], starts: NDArray[np.int32], ends: NDArray[np.int32]
) -> int:
    count = 0
    ended = False
    for word in range(len(starts)):
        new_line = word == 0
        for at in range(ends[word - 1] if word else 0, starts[word]):
            new_line |= points[at] == _NEWLINE
        punctuation = True
        for at in range(starts[word], ends[word]):
            punctuation &= kinds[points[at]] & _PUNCTUATION != 0
        terminal = ends[word] - starts[word] == 1 and kinds[points[starts[word]]] & _TERMINAL != 0
        if new_line or (ended and not punctuation and not terminal):
            count += 1
            ended = False
        ended |= terminal
    return count
