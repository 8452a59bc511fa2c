"""Characters that a text of Shift_JIS can only describe: gaiji and accented letters, as Aozora Bunko writes them.

The rules are those of https://www.aozora.gr.jp/annotation/external_character.html and
https://www.aozora.gr.jp/accent_separation.html.
"""

import re
import unicodedata

UNKNOWN = "〓"
"""Stands where a character has no code: printers' geta, as in the trade."""

# 第3水準1-86-29 or 1-2-22: plane, row and cell of JIS X 0213. Two numbers alone are a page and a line of the source.
_CELL = re.compile(r"(?<![0-9-])([12])-([0-9]{1,2})-([0-9]{1,2})(?![0-9-])")
_POINT = re.compile(r"U\+([0-9A-F]{4,6})(?![0-9A-F])")
# Unassigned ones may be: Unicode grows faster than Python.
_NO_CHARACTER = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs")
_VOICED = re.compile("(濁|半濁)点付き(?:平|片)仮名「?([ぁ-ヿ])")
_SMALL = re.compile("小書き(?:平|片)仮名「?([ぁ-ヿ])")
_MARKS = {"濁": "\u3099", "半濁": "\u309a"}

_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", ":": "\u0308", "&": "\u030a", "_": "\u0304"}
_LETTERS = {"/": {"O": "Ø", "o": "ø"}, ",": {"C": "Ç", "c": "ç"}, "@": {"!": "¡", "?": "¿"}, "&": {"s": "ß"}}
_LIGATURES = {"AE&": "Æ", "ae&": "æ", "OE&": "Œ", "oe&": "œ"}
# Only the letters of the table: l' and d' are elisions. So is the u' of qu'on, and c, before a space is a comma.
_ACCENTED = re.compile(
    "AE&|ae&|OE&|oe&|[AEIOUaeiou][`^:_]|[AEIOYaeioy]'|(?<![Qq])[Uu]'|[ANOano]~|y:|[Aas]&|[Oo]/|[Cc],(?=[A-Za-z])|[!?]@"
)
_BRACKETED = re.compile("〔([^〔〕\n]*)〕")


def character(note: str) -> str:
    """The character a note describes (「てへん＋劣」、第3水準1-84-77), `UNKNOWN` where it gives no code.

    Without a code a voiced kana (濁点付き片仮名ア) is written with its mark, and a small one that Unicode lacks
    (小書き平仮名ん) in full size.
    """
    note = unicodedata.normalize("NFKC", note)
    if cell := _CELL.search(note):
        plane, row, column = map(int, cell.groups())
        if 1 <= row <= 94 and 1 <= column <= 94:
            pair = bytes((0xA0 + row, 0xA0 + column))
            try:
                return (pair if plane == 1 else b"\x8f" + pair).decode("euc_jis_2004")
            except UnicodeDecodeError:
                pass  # an empty cell; the code point may be right
    if (point := _POINT.search(note)) and unicodedata.category(found := _chr(int(point[1], 16))) not in _NO_CHARACTER:
        return found
    if kana := _VOICED.match(note):
        return unicodedata.normalize("NFC", kana[2] + _MARKS[kana[1]])
    if kana := _SMALL.match(note):
        return kana[1]
    return UNKNOWN


def _chr(point: int) -> str:
    return chr(point) if point <= 0x10FFFF else "\0"


def accents(text: str) -> str:
    """〔cafe'〕 to café, the brackets gone. Brackets without an accent in them are the author's: they stay.

    The notation cannot tell a closing quotation mark from an accent, nor a colon: 〔'La nuite'〕 is read as La nuité.
    """
    return _BRACKETED.sub(_unbracketed, text) if "〔" in text else text


def _unbracketed(match: re.Match[str]) -> str:
    text, changes = _ACCENTED.subn(_accented, match[1])
    return text if changes else match[0]


def _accented(match: re.Match[str]) -> str:
    letters = match[0]
    if letters in _LIGATURES:
        return _LIGATURES[letters]
    letter, mark = letters[0], letters[1]
    return _LETTERS.get(mark, {}).get(letter) or unicodedata.normalize("NFC", letter + _ACCENTS[mark])
