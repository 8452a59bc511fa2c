"""The characters of a PDF page with their places, as PDFium finds them, turned so that each flow reads rightwards."""

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium


class Style(NamedTuple):
    """How the characters of one text object are set. `size` in points; `turn` in quarters against the clock from
    rightwards, -1 for oblique."""

    size: float
    heavy: bool
    mono: bool
    turn: int


class Glyph(NamedTuple):
    """One character in the frame of its flow: `u` runs with the writing, `v` from line to line, both in points.

    In vertical writing `u` runs down the page and `v` from right to left. `spaced` where a space stood before it.
    """

    text: str
    u0: float
    u1: float
    top: float
    bottom: float
    style: Style
    spaced: bool


class Page(NamedTuple):
    """`glyphs` in the order of the file: the flow with most characters, and the other one if the page has both
    horizontal and vertical writing. `rotated` is what stands otherwise, as the stamp of arXiv, and is no text."""

    glyphs: list[Glyph]
    vertical: bool
    others: list[Glyph]
    rotated: str
    chars: int
    unmapped: int
    unplaced: int
    sizeless: int
    """Text objects that PDFium passes over: spaces, and single characters of fonts that are neither here nor there."""


# From here on characters take two columns, as kana and kanji do.
FIRST_WIDE = "\u2e80"


class _Placed(NamedTuple):
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    x: float
    y: float
    style: Style
    spaced: bool


# Names of fonts: NimbusRomNo9L-Medi and CMBX10 are bold, and so is gothic beside mincho. PDFium's weights are guesses
# from the width of stems (CMR10 345, CMBX10 570, a normal Calibri 400).
_HEAVY = re.compile("bold|heavy|black|medi(?:um)?(?:ital|obli)?$|demi|gothic|cmb|sfbx|lmb|kozgo|-w[6-9]", re.IGNORECASE)
_MONO = re.compile("mono|courier|consol|typewriter|cmtt|cmsltt|cmitt|sftt|ectt|lmtt|beramono|t1xtt", re.IGNORECASE)
_HEAVY_WEIGHT = 560
_FIXED_PITCH = 1
_NAME_BYTES = 128
# PDF 2.0, table C.1: pages go to 14,400 points. What lies farther away is broken, or meant not to be seen.
_FARTHEST = 30_000.0
# PDFium's kSizeEpsilon is 0.01 points; a single small character must come over it.
_NO_WIDTH = 0.02
_SLANT = 0.005
# The box of a character, in sizes from its baseline. Fonts' own ascents and descents are not to be relied on: those of
# TeX's big operators span several lines.
_ASCENT, _DESCENT = 0.8, 0.2
_SPACES = frozenset({0x09, 0x20})
_BLANKS = _SPACES | {0x0A, 0x0D}
# What PDFium puts for a hyphen at the end of a line.
_HYPHENS = frozenset({0x02, 0xFFFE, 0xAD})
_VERTICAL_FORMS = str.maketrans(
    "︐︑︒︓︔︕︖︗︘︙︰︱︲︵︶︷︸︹︺︻︼︽︾︿﹀﹁﹂﹃﹄﹇﹈",
    "，、。：；！？〖〗…‥—–（）｛｝〔〕【】《》〈〉「」『』［］",
)
# Fonts that give radicals and characters one glyph say the radical (用 as ⽤): Unicode's EquivalentUnifiedIdeograph, of
# which NFKC does U+2F00 to U+2FD5.
_RADICALS = dict(zip(map(ord, "⺟⺠⻁⻄⻑⻗⻘⻝⻤⻨⻩⻫⻭⻯⻲"), "母民虎西長雨青食鬼麦黄斉歯竜亀"))
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_FOLDED = _LIGATURES | _RADICALS | {point: unicodedata.normalize("NFKC", chr(point)) for point in range(0x2F00, 0x2FD6)}


def read(page: Any, room: int) -> Page | None:
    """The characters of an open page of pypdfium2; None where there are more than `room`."""
    sizeless = _widen(page.raw)
    textpage = pdfium.FPDFText_LoadPage(page.raw)
    try:
        if pdfium.FPDFText_CountChars(textpage) > room:
            return None
        placed, chars, unmapped, unplaced = _placed(textpage)
    finally:
        pdfium.FPDFText_ClosePage(textpage)
    turn = _main_turn(placed)
    upright = [glyph for glyph in placed if glyph.style.turn == turn]
    votes = _votes(upright, turn)
    vertical = sum(vote > 0 for vote in votes)
    is_vertical = vertical > sum(vote < 0 for vote in votes)
    down = (turn + 3) % 4
    others: list[Glyph] = []
    used = {turn}
    if not vertical:
        glyphs = [_across(glyph, turn) for glyph in upright]
    else:
        # Latin letters lie on their side in vertical lines; figures of two digits stand.
        used.add(down)
        wanted = {id(glyph) for glyph, vote in zip(upright, votes) if vote > 0 or (is_vertical and not vote)}
        glyphs = [_down(glyph, turn) for glyph in placed if id(glyph) in wanted or glyph.style.turn == down]
        others = [_across(glyph, turn) for glyph in upright if id(glyph) not in wanted]
        if is_vertical:
            stood, others = _standing_figures(others)
            glyphs += stood
        else:
            glyphs, others = others, glyphs
    rotated = "".join(" " * glyph.spaced + glyph.text for glyph in placed if glyph.style.turn not in used)
    return Page(glyphs, is_vertical, others, rotated, chars, unmapped, unplaced, sizeless)


def _widen(page: Any) -> int:
    """PDFium passes over text without a width, as it takes vertical lines for in a font that is neither in the file nor
    on the machine. Such lines are slanted by less than can be seen. How many have no height either, it returns."""
    sizeless = 0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for at in range(pdfium.FPDFPage_CountObjects(page)):
        target = pdfium.FPDFPage_GetObject(page, at)
        if pdfium.FPDFPageObj_GetType(target) != pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        pdfium.FPDFPageObj_GetBounds(target, left, bottom, right, top)
        if right.value - left.value >= _NO_WIDTH:
            continue
        if top.value - bottom.value <= _NO_WIDTH:
            sizeless += 1
        else:
            middle = (bottom.value + top.value) / 2
            pdfium.FPDFPageObj_Transform(target, 1, 0, _SLANT, 1, -_SLANT * middle, 0)
    return sizeless


def _placed(textpage: Any) -> tuple[list[_Placed], int, int, int]:
    """Characters but white space; how many there were, how many without a meaning, and without a place."""
    x, y, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    at_x, at_y, at_box = ctypes.byref(x), ctypes.byref(y), ctypes.byref(box)
    styles: dict[int, Style] = {}
    placed: list[_Placed] = []
    chars = unmapped = unplaced = 0
    guessed: set[int] = set()
    spaced = False
    high = 0
    for at in range(pdfium.FPDFText_CountChars(textpage)):
        point = pdfium.FPDFText_GetUnicode(textpage, at)
        if point in _BLANKS:
            spaced = spaced or point in _SPACES
            continue
        target = pdfium.FPDFText_GetTextObject(textpage, at)
        if not target:
            # Put in by PDFium between text objects: ours come from the gaps.
            continue
        if 0xD800 <= point < 0xDC00:
            high = point
            continue
        if 0xDC00 <= point < 0xE000:
            point = 0x10000 + ((high or 0xD800) - 0xD800) * 0x400 + point - 0xDC00
        chars += 1
        if point in _HYPHENS:
            text = "-"
        elif _means_nothing(point):
            unmapped += 1
            spaced = True
            continue
        else:
            if pdfium.FPDFText_HasUnicodeMapError(textpage, at):
                guessed.add(len(placed))
            text = _FOLDED.get(point) or chr(point)
            if text.isspace():
                spaced = True
                continue
        key = ctypes.addressof(target.contents)
        if (style := styles.get(key)) is None:
            style = styles[key] = _style(textpage, at, target)
        pdfium.FPDFText_GetCharOrigin(textpage, at, at_x, at_y)
        pdfium.FPDFText_GetLooseCharBox(textpage, at, at_box)
        left, lower, right, upper, origin_x, origin_y = box.left, box.bottom, box.right, box.top, x.value, y.value
        # Not a number is not smaller either.
        if (
            -_FARTHEST < left <= right < _FARTHEST
            and -_FARTHEST < lower <= upper < _FARTHEST
            and -_FARTHEST < origin_x < _FARTHEST
            and -_FARTHEST < origin_y < _FARTHEST
            and 0.1 < style.size < _FARTHEST
        ):
            placed.append(_Placed(text, left, lower, right, upper, origin_x, origin_y, style, spaced))
            spaced = False
        else:
            guessed.discard(len(placed))
            unplaced += 1
    if guessed and not _reads_well("".join(placed[at].text for at in guessed)):
        unmapped += len(guessed)
        placed = [glyph for at, glyph in enumerate(placed) if at not in guessed]
    return placed, chars, unmapped, unplaced


def _means_nothing(point: int) -> bool:
    return point == 0xFFFD or 0xE000 <= point < 0xF900 or 0x7F <= point < 0xA0 or not 0x20 <= point < 0xF0000


def _reads_well(text: str) -> bool:
    """Are codes that no table explains ASCII all the same, as in the bitmap fonts of TeX? Then the usual letters are
    frequent: 0.4 of the characters of code, 0.6 of prose."""
    return sum(text.count(letter) for letter in "etaoinsrl") > 0.3 * len(text)


def _style(textpage: Any, at: int, target: Any) -> Style:
    matrix, size = pdfium.FS_MATRIX(), ctypes.c_float()
    pdfium.FPDFText_GetMatrix(textpage, at, matrix)
    pdfium.FPDFTextObj_GetFontSize(target, size)
    font = pdfium.FPDFTextObj_GetFont(target)
    buffer = ctypes.create_string_buffer(_NAME_BYTES)
    length = pdfium.FPDFFont_GetBaseFontName(font, buffer, _NAME_BYTES)
    name = buffer.value.decode("utf-8", "replace") if 0 < length <= _NAME_BYTES else ""
    heavy = bool(_HEAVY.search(name)) or pdfium.FPDFFont_GetWeight(font) >= _HEAVY_WEIGHT
    mono = bool(_MONO.search(name)) or bool(pdfium.FPDFFont_GetFlags(font) & _FIXED_PITCH)
    points = abs(size.value) * math.hypot(matrix.c, matrix.d)
    return Style(round(points, 1) if math.isfinite(points) else 0.0, heavy, mono, _turn(matrix.a, matrix.b))


def _turn(a: float, b: float) -> int:
    if abs(b) <= 0.2 * abs(a):
        return 0 if a >= 0 else 2
    if abs(a) <= 0.2 * abs(b):
        return 1 if b > 0 else 3
    return -1


def _main_turn(placed: Sequence[_Placed]) -> int:
    """That of most characters: pages may be turned as a whole."""
    counts = Counter(glyph.style.turn for glyph in placed if glyph.style.turn >= 0)
    return max(counts, key=lambda turn: (counts[turn], -turn), default=0)


def _frame(glyph: _Placed, turn: int) -> tuple[float, float, float, float, float]:
    """Its box, rightwards and downwards for a text turned by `turn`: left, right, top, bottom; and its baseline."""
    x0, x1, y0, y1 = glyph.x0, glyph.x1, glyph.y0, glyph.y1
    if turn == 0:
        return x0, x1, -y1, -y0, -glyph.y
    if turn == 1:
        return y0, y1, x0, x1, glyph.x
    if turn == 2:
        return -x1, -x0, y0, y1, glyph.y
    return -y1, -y0, -x1, -x0, -glyph.x


def _across(glyph: _Placed, turn: int) -> Glyph:
    left, right, _, _, base = _frame(glyph, turn)
    size = glyph.style.size
    return Glyph(glyph.text, left, right, base - _ASCENT * size, base + _DESCENT * size, glyph.style, glyph.spaced)


def _down(glyph: _Placed, turn: int) -> Glyph:
    """PDFium puts the origin of an upright character half a size to the left of its line, and its box is not to be
    relied on; those that lie on their side have the line in the middle of their box."""
    left, right, top, bottom, _ = _frame(glyph, turn)
    half = glyph.style.size / 2
    middle = -(_origin(glyph, turn)[0] + half) if glyph.style.turn == turn else -(left + right) / 2
    text = glyph.text.translate(_VERTICAL_FORMS)
    return Glyph(text, top, bottom, middle - half, middle + half, glyph.style, glyph.spaced)


def _origin(glyph: _Placed, turn: int) -> tuple[float, float]:
    x, y = glyph.x, glyph.y
    return ((x, -y), (y, x), (-x, y), (-y, -x))[turn]


def _votes(upright: Sequence[_Placed], turn: int) -> list[int]:
    """For each character 1 where the next or the last is below or above it, -1 where one is beside it, else 0.

    Only steps with a kanji or kana count as vertical, of at most 1.4 sizes: below that lines are not set apart."""
    votes = [0] * len(upright)
    wide = [glyph.text >= FIRST_WIDE for glyph in upright]
    if not any(wide):
        return votes
    origins = [_origin(glyph, turn) for glyph in upright]
    for at in range(len(upright) - 1):
        (along, base), (next_along, next_base) = origins[at], origins[at + 1]
        across, down = next_along - along, next_base - base
        small, size = upright[at].style.size, upright[at + 1].style.size
        if small > size:
            small, size = size, small
        if small < 0.75 * size:  # ruby
            continue
        if abs(down) < 0.3 * size and 0 < across < 2 * size:
            votes[at] = votes[at + 1] = -1
        elif (wide[at] or wide[at + 1]) and abs(across) < 0.3 * size and 0.3 * size < down < 1.4 * size:
            votes[at] = votes[at] or 1
            votes[at + 1] = 1
    return votes


def _standing_figures(rows: Sequence[Glyph]) -> tuple[list[Glyph], list[Glyph]]:
    """Rows of two or three digits are one character of a vertical line: those, turned, and the other rows."""
    stood: list[Glyph] = []
    left: list[Glyph] = []
    at = 0
    while at < len(rows):
        first, end = rows[at], at + 1
        while (
            end < len(rows)
            and abs(rows[end].top - first.top) < 0.1
            and 0 <= rows[end].u0 - rows[end - 1].u0 < first.style.size
        ):
            end += 1
        text = "".join(glyph.text for glyph in rows[at:end])
        if len(text) <= 3 and text.isdigit():
            middle, half = -(first.u0 + rows[end - 1].u1) / 2, first.style.size / 2
            turned = Glyph(text, first.top, first.bottom, middle - half, middle + half, first.style, first.spaced)
            stood.append(turned)
        else:
            left += rows[at:end]
        at = end
    return stood, left
