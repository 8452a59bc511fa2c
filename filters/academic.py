"""What is wrong with the texts of papers and books once they are out of their files: lists of references in place of
text, the debris of formulas and tables, and what optical character recognition makes of pages.

Measured in one pass over the characters, so that one rule serves texts of every origin. A formula in TeX ($…$) is no
debris, nor is code between fences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound, scores

# What a code point is. WIDE: kana and kanji. BROKEN: what stands where a character was lost. BOX: □ and ■ may be too.
_OTHER, _SPACE, _NEWLINE, _CONSONANT, _VOWEL, _DIGIT, _WIDE, _LETTER, _BROKEN, _BOX, _MATH, _SMUDGE = range(12)
_WIDE_RANGES = (
    (0x3005, 0x3007),
    (0x3041, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFD),
)
# U+FFFD, the geta mark that stands for a missing character, and private code points (fonts without a map).
_BROKEN_RANGES = ((0x3013, 0x3013), (0xE000, 0xF8FF), (0xFFFD, 0xFFFD), (0xF0000, 0x10FFFD))
_MATH_RANGES = ((0x2190, 0x22FF), (0x2A00, 0x2AFF), (0x1D400, 0x1D7FF))
_MATH_SIGNS = "+=<>±×÷−·∑∏√∫|^~*/"
_SMUDGES = "|^~\\£§¢¦¬•■°»«¥€™®©"
_OPENING = tuple(map(ord, "(\"'“‘"))
_CLOSING = tuple(map(ord, ",.;:!?)\"'”’"))
_DOLLAR, _QUESTION, _BACKTICK = ord("$"), ord("?"), ord("`")

# Pairs of letters that are less than one in a million in the words of 174 papers (2.2 million pairs), by the first.
_RARE = {
    "b": "kqwz",
    "c": "fjpvwxz",
    "d": "kqxz",
    "f": "bdghjkqvwxz",
    "g": "bjkqvxz",
    "h": "fgkqvxz",
    "j": "bcdfghjklmnpqstvwxyz",
    "k": "cfjmqvxz",
    "l": "jqxz",
    "m": "jkqwxz",
    "o": "q",
    "p": "bcgjkqvxz",
    "q": "abcdefghijklmnopqrstvwxyz",
    "r": "xz",
    "s": "jz",
    "t": "jkqvx",
    "u": "q",
    "v": "bcdfghjklmnpqstvwxz",
    "w": "cfgjkmpquvxz",
    "x": "bdfgjkmnqrvwxz",
    "y": "hjqv",
    "z": "bcdghjkmnpqrstvwx",
}

#: A row of single letters with a space between each is a broken word from so many on: "t h e n". Three are variables.
SPACED_RUN = 4
#: Lines, and words in Latin letters. In fewer, what is strange may be so by chance.
LINES, WORDS = 10, 100


class Measures(NamedTuple):
    """What the limits of `Academic` are held against."""

    references: float
    """Share of the characters that are in lines which look like an entry of a bibliography."""
    debris: float
    """Share of the lines (not blank) without a word: single letters, numbers and signs."""
    spaced: float
    """Share of the letters that stand alone in a row of SPACED_RUN or more: "t h e n", 「日 本 語 で」."""
    broken: float
    """Share of characters that stand where others were lost: U+FFFD, private ones, □■ and ?? within words."""
    odd_words: float
    """Share of the words in Latin letters that no English word looks like: without a vowel, with pairs of letters that
    hardly occur, with a sign or digit between small letters."""
    lines: int
    words: int
    """How many of these there are."""


@dataclass(frozen=True)
class Academic:
    """For texts out of PDF, OCR, XML and TeX. None switches a rule off (in a recipe, 1).

    "Papers" are 141 of JATS without their lists of references, "books" 146 of Aozora Bunko; damage was done to them at
    random.
    """

    # Papers: at most 0.05, but one that is half a list of authors (0.41). Lists of references: 0.7 to 1.
    max_references: float | None = 0.50
    # Papers: 99 % below 0.15, 0.29 where each cell of a table has a line. Books: 0.19, by numbers of chapters. Sources
    # of code: 0.40.
    max_debris: float | None = 0.50
    # Papers and books: at most 0.007. Where one word in ten is broken up: 0.09; half of the spaces between the
    # characters of Japanese: 0.05.
    max_spaced: float | None = 0.05
    # Papers and books: at most 0.001, manuscripts with 〓 and lacunae among them. Of 100 characters one lost: 0.01.
    max_broken: float | None = 0.01
    # Papers: at most 0.02. With 5 % of the letters wrong 0.10, with 10 % 0.20; what was text of macros: 0.25.
    max_odd_words: float | None = 0.15

    name: ClassVar[str] = "academic"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for field in ("max_references", "max_debris", "max_spaced", "max_broken", "max_odd_words"):
            limit = getattr(self, field)
            if limit is not None and not 0 <= limit <= 1:
                raise ValueError(f"{field}: a share from 0 to 1, not {limit}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`academic.references`, `.debris`, `.spaced`, `.broken` and `.odd_words`; debris and
        odd words are null where there are few lines or words."""
        rows: list[tuple[float | None, ...] | None] = []
        for text in batch.column("text").to_pylist():
            if text is None:
                rows.append(None)
                continue
            found = measure(text)
            debris = found.debris if found.lines >= LINES else None
            odd_words = found.odd_words if found.words >= WORDS else None
            rows.append((found.references, debris, found.spaced, found.broken, odd_words))
        return scores(self.name, Measures._fields[:5], rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`academic_references`, `academic_debris`, `academic_spaced`, `academic_broken` and `academic_odd_words`."""
        return (
            Bound("academic_references", "academic.references", most=self.max_references),
            Bound("academic_debris", "academic.debris", most=self.max_debris),
            Bound("academic_spaced", "academic.spaced", most=self.max_spaced),
            Bound("academic_broken", "academic.broken", most=self.max_broken),
            Bound("academic_odd_words", "academic.odd_words", most=self.max_odd_words),
        )


def measure(text: str) -> Measures:
    """Measure one text. Where there is nothing to take a share of, it is 0."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    lines, debris, letters, spaced, visible, broken, words, odd = _count(points, _kinds(), _rare()).tolist()
    return Measures(
        references=sum(len(line) for line in _dated_lines(text) if is_reference(line)) / max(len(text), 1),
        debris=debris / max(lines, 1),
        spaced=spaced / max(letters, 1),
        broken=broken / max(visible, 1),
        odd_words=odd / max(words, 1),
        lines=lines,
        words=words,
    )


# Entries of bibliographies. Longer lines are paragraphs that cite.
MIN_REFERENCE, MAX_REFERENCE = 20, 600
_YEAR = re.compile(r"(?<![0-9])(?:1[6-9]|20)[0-9]{2}(?![0-9])")
_NAME = r"[A-ZÀ-Þ][\w'’-]{1,25}"
_BEGINS = re.compile(
    r"[ \t\u3000]*(?:[-*•・] )?(?:"
    # [12], 12. or a key
    r"[\[［(（]?[0-9０-９]{1,3}[\]］)）.．]"
    r"|\[[A-Za-z][\w+ -]{1,20}\]"
    # van Name AB, Name, A. B., Name, Given Names, A. B. Name
    rf"|(?:(?:[Vv][ao]n|[Dd]e[rl]?|[Dd]i|[Ll]a) ){{0,2}}{_NAME}(?: {_NAME})?,? (?:[A-Z]\.?[ -]?){{1,4}}[,.;:& (]"
    rf"|{_NAME}, {_NAME}(?: (?:d[aeo]s? |[A-ZÀ-Þ])[\w.'’-]{{0,20}}){{0,3}}[.;(,]"
    rf"|(?:[A-Z]\.[ -]?){{1,3}} ?{_NAME}(?:,| and | & |:)"
    # 山田太郎，
    r"|[一-龥々]{1,4}[ \u3000]?[一-龥々ぁ-んァ-ヶ]{1,6}(?:[,，、・:：.．(（『「]| ?編| ?著| ?他|ら[,，(（])"
    r")"
)
_SOURCE = re.compile(
    r"\bpp?\.? ?[0-9]|[0-9]+ ?\([0-9]+\)|[0-9]+ ?[:：,] ?[A-Z]?[0-9]+ ?[-–—~～〜] ?[A-Z]?[0-9]+"
    r"|\b[Vv]ol\.|\b[Nn]o\. ?[0-9]|\b(?:doi|ISBN|ISSN)\b|\barXiv|https?://|\b[Ii]n:? [A-Z]|\bProc(?:\.|eedings)"
    r"|\b(?:J|Trans|Lett|Rev|Ann|Bull|Int|Conf|Res|Sci|Phys|Chem)\.|\bet al\b"
    r"|\b(?:Journal|Press|Springer|Wiley|Elsevier|University|Transactions|Review|Letters|Conference|Verlag|Books?)\b"
    r"|\b(?:[Tt]hesis|Publish\w+)\b"
    r"|『|第?[0-9０-９]+[巻号集]|[0-9] ?(?:頁|ページ)|論文[誌集]|紀要|学会|雑誌|出版|書店|書房|新書|文庫|新聞社|講座"
    r"|報告|大学|研究所"
)
_SENTENCE = re.compile(r"[ぁ-ん][。．]$|[ぁ-ん][。．][^ ]")


def is_reference(line: str) -> bool:
    """Does a line look like an entry of a bibliography? It begins with a number or names, says a year, and a place to
    be found at; it is no paragraph that cites, and no Japanese sentence."""
    if not MIN_REFERENCE <= len(line) <= MAX_REFERENCE or not _YEAR.search(line):
        return False
    return bool(_BEGINS.match(line) and _SOURCE.search(line) and not _SENTENCE.search(line))


def _dated_lines(text: str) -> Iterator[str]:
    """The lines with a year. To look for years in all of the text at once takes a third of the time."""
    start = end = 0
    for year in _YEAR.finditer(text):
        if year.start() >= end:
            start = text.rfind("\n", end, year.start()) + 1 or end
            end = text.find("\n", year.end())
            end = len(text) if end < 0 else end
            yield text[start:end]


@cache
def _kinds() -> NDArray[np.uint8]:
    """(0x110000,)"""
    kinds = np.full(0x110000, _OTHER, np.uint8)
    for point in range(0x3000):
        if chr(point).isalpha():
            kinds[point] = _LETTER
        elif chr(point).isspace():
            kinds[point] = _SPACE
    kinds[0xAC00:0xD7A4] = _LETTER
    for kind, ranges in ((_WIDE, _WIDE_RANGES), (_BROKEN, _BROKEN_RANGES), (_MATH, _MATH_RANGES)):
        for first, last in ranges:
            kinds[first : last + 1] = kind
    for kind, characters in (
        (_SPACE, "\u3000"),
        (_NEWLINE, "\n"),
        (_CONSONANT, "bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ"),
        (_VOWEL, "aeiouyAEIOUY"),
        (_DIGIT, "0123456789０１２３４５６７８９"),
        (_MATH, _MATH_SIGNS),
        (_SMUDGE, _SMUDGES),
        (_BOX, "□■"),
    ):
        kinds[[ord(character) for character in characters]] = kind
    return kinds


@cache
def _rare() -> NDArray[np.bool_]:
    """(128, 128) pairs of small letters."""
    rare = np.zeros((128, 128), np.bool_)
    for first, seconds in _RARE.items():
        rare[ord(first), [ord(second) for second in seconds]] = True
    return rare


@numba.njit(cache=True, nogil=True)
def _count(points: NDArray[np.uint32], kinds: NDArray[np.uint8], rare: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(8,): lines, debris, letters, spaced, visible, broken, words, odd."""
    lines = debris = letters = spaced = visible = broken = words = odd = 0
    in_display = in_code = False
    start = 0
    size = len(points)
    while start < size:
        end = start
        while end < size and points[end] != 10:
            end += 1
        at = start
        while at < end and kinds[points[at]] == _SPACE:
            at += 1
        if at == end:
            start = end + 1
            continue
        lines += 1
        fence = at + 2 < end and points[at] == _BACKTICK and points[at + 1] == _BACKTICK and points[at + 2] == _BACKTICK
        display = at + 1 < end and points[at] == _DOLLAR and points[at + 1] == _DOLLAR
        if fence:
            in_code = not in_code
        if display and not in_code:
            twice = False
            for place in range(at + 2, end - 1):
                twice |= points[place] == _DOLLAR and points[place + 1] == _DOLLAR
            in_display = in_display if twice else not in_display
        if fence or display or in_code or in_display:
            visible += end - at
            start = end + 1
            continue

        in_formula = False
        formulas = False
        wordlike = False
        broken_up = False
        counted = False  # is there a letter, digit or sign at all?
        run = 0  # single letters in a row
        token = 0  # characters of this token
        while at < end:
            point = points[at]
            kind = kinds[point]
            if point == _DOLLAR:
                in_formula = not in_formula
                formulas = True
            if in_formula:
                visible += kind != _SPACE
                at += 1
                run = token = 0
                continue
            before = kinds[points[at - 1]] if at > start else _NEWLINE
            after = kinds[points[at + 1]] if at + 1 < end else _NEWLINE
            if kind == _SPACE:
                token = 0
                if before == _SPACE:
                    run = 0
                at += 1
                continue
            visible += 1
            token += 1
            letter = kind in (_CONSONANT, _VOWEL, _WIDE, _LETTER)
            if letter:
                letters += 1
                counted = True
                last = kinds[points[at + 1]] if at + 1 < end else _NEWLINE
                alone = token == 1 and (last in (_SPACE, _NEWLINE))
                if alone:
                    run += 1
                    if run == SPACED_RUN:
                        broken_up = True
                        spaced += SPACED_RUN
                    elif run > SPACED_RUN:
                        spaced += 1
                else:
                    run = 0
                    wordlike |= after == kind or (kind != _WIDE and (after in (_CONSONANT, _VOWEL, _LETTER)))
            else:
                run = 0
                counted |= kind in (_DIGIT, _MATH, _SMUDGE)
            if kind == _BROKEN:
                broken += 1
            elif kind == _BOX:
                inner = (before in (_WIDE, _BOX)) and (after in (_WIDE, _BOX))
                broken += inner
            elif point == _QUESTION and at + 1 < end and points[at + 1] == _QUESTION and before == _WIDE:
                # 日本??の: a charset had no such characters. ？！ and a question at the end have no letter after.
                place = at
                while place < end and points[place] == _QUESTION:
                    place += 1
                if place < end and kinds[points[place]] == _WIDE:
                    broken += place - at
            at += 1
        debris += counted and not wordlike and not formulas and not broken_up

        # Words, once more over the line.
        at = start
        while at < end:
            if kinds[points[at]] != _CONSONANT and kinds[points[at]] != _VOWEL:
                at += 1
                continue
            first = at
            vowels = capitals = pairs = signs = 0
            plain = True
            while at < end:
                kind = kinds[points[at]]
                if kind in (_CONSONANT, _VOWEL):
                    vowels += kind == _VOWEL
                    capitals += points[at] < 97
                    if at > first and points[at - 1] < 128:
                        pairs += rare[points[at - 1], points[at]]
                elif kind == _LETTER:
                    plain = False  # é: no English, no judgement
                elif (
                    (kind in (_SMUDGE, _BROKEN))
                    and at + 1 < end
                    and 97 <= points[at - 1] < 123
                    and 97 <= points[at + 1] < 123
                ):
                    signs += 1
                else:
                    break
                at += 1
            length = at - first
            # No part of a name in code, of an address or of a number.
            closed = first == start or kinds[points[first - 1]] == _SPACE or points[first - 1] in _OPENING
            if at < end and points[at] in _CLOSING:
                closed &= at + 1 == end or kinds[points[at + 1]] == _SPACE
            else:
                closed &= at == end or kinds[points[at]] == _SPACE
            if length >= 3 and plain and closed and capitals <= 1:
                words += 1
                odd += (vowels == 0 and length >= 4) or pairs > 0 or signs > 0
        start = end + 1
    return np.array([lines, debris, letters, spaced, visible, broken, words, odd], np.int64)
