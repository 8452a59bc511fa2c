"""Bytes of a web page to text, in the encoding a browser would have used.

Labels are read as in the WHATWG Encoding Standard (https://encoding.spec.whatwg.org): "Shift_JIS" is cp932,
"ISO-8859-1" is windows-1252, "EUC-KR" is cp949, "GB2312" is gb18030. Python's own Japanese codecs refuse bytes that
Japanese pages are full of (cp932's ①㈱髙 in EUC-JP and ISO-2022-JP, half-width kana in ISO-2022-JP) and give other code
points for the same characters (〜 for ～), so those two are decoded here, by way of cp932.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

How = Literal["bom", "meta", "header", "detector"]

# Browsers look at the first 1,024 bytes only; old Japanese pages have scripts before their meta element.
META_BYTES = 10_240

# Damage that is repaired with U+FFFD rather than refused, for encodings that can fail: at most one bad sequence in
# 1,000 bytes (a truncated last character, a stray byte), and at most one in 20 non-ASCII characters, so that a page
# with little Japanese in much ASCII is not forced into the wrong encoding.
BYTES_PER_REPAIR = 1_000
CHARACTERS_PER_REPAIR = 20

# A file with more control bytes than this share is no text in any encoding we read (an image served as HTML).
MAX_CONTROL_SHARE = 0.02

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# Python's codec for the names of the WHATWG standard and of the detector, where they differ.
_CODECS = {
    "cp932": "cp932",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "cp949": "cp949",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp1252": "windows-1252",
    "x-mac-cyrillic": "mac-cyrillic",
}

_HIGH = bytes(range(0x80, 0x100))
_CONTROL = bytes(sorted(set(range(0x20)) - set(b"\t\n\f\r\x1b"))) + b"\x7f"
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_XML_DECLARATION = re.compile(rb"""\A\s*<\?xml\b[^<>]*?\bencoding\s*=\s*["']([\w.:-]+)""")
_META = re.compile(rb"<meta\b[^<>]*", re.IGNORECASE)
_CHARSET = re.compile(rb"""charset\s*=\s*(?:["']\s*)?([\w.:-]+)""", re.IGNORECASE)

_EUC_TOKEN = re.compile(rb"[\x00-\x7f]+|\x8e[\xa1-\xdf]|\x8f[\xa1-\xfe]{2}|(?:[\xa1-\xfe]{2})+|[\x80-\xff]")
_JIS_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJI])")
_JIS_BYTES = bytes(range(0x21, 0x7F))
_JIS_ROMAN = str.maketrans("\\~", "¥‾")
_JIS_KANA = {byte: 0xFF61 + byte - 0x21 if byte < 0x60 else 0xFFFD for byte in _JIS_BYTES}
_HIRAGANA = re.compile("[ぁ-ん]")
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
# Two-byte UTF-8 also reads as EUC or GBK (Chinese 系统 is the UTF-8 of "ϵͳ"); of 124,000 short strings of the encoding
# samples one was valid with a three-byte sequence in it, so three of those settle it.
_THREE_WIDE = re.compile(rb"(?:[\xe0-\xef][^\xe0-\xef]*){3}")

# Answers of the detector that it does not give to Shift_JIS by mistake.
_WIDE = {"cp932", "euc_jp", "iso2022_jp", "utf-8", "big5hkscs", "gb18030", "cp949"}

# What the detector calls English pages with a few accents.
_RARE_LATIN = {f"iso8859-{part}" for part in (3, 4, 10, 13, 14, 16)}

_CP932_ERROR = re.compile("[\uf8f0-\uf8f3]")

# WHATWG windows-1252 gives the C1 control for the five bytes that Python's cp1252 refuses.
_WINDOWS_1252 = "".join(
    chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252") for byte in range(256)
)


class Undecodable(Exception):
    """No encoding reads these bytes as text."""


@dataclass(frozen=True)
class Decoded:
    """The text of a page, without NUL and without lone surrogates.

    `charset` is a Python codec name, except "windows-1252", which is the WHATWG one. `how` says whose word was taken;
    `repaired` counts the damaged sequences that became U+FFFD.
    """

    text: str
    charset: str
    how: How
    repaired: int = 0


def decode(raw: bytes, http_charset: str = "") -> Decoded:
    """Decode with the first of: byte order mark, meta element or XML declaration, HTTP header, detector.

    The first that decodes, but for the damage we repair, wins. The bytes themselves go before what the page declares in
    two cases: they cannot be mistaken (three-byte UTF-8, the escapes of ISO-2022-JP, the NULs of UTF-16), or the page
    declares windows-1252, where no byte is wrong, and the detector reads Japanese or UTF-8 (never in 2,345 samples).

    Raises:
        Undecodable: binary data, or more damage than BYTES_PER_REPAIR and CHARACTERS_PER_REPAIR allow.
    """
    for mark, charset in _BOMS:
        if raw.startswith(mark):
            raw = raw.removeprefix(mark)
            if decoded := _attempt(raw, charset, "bom"):
                return decoded

    declared: list[tuple[str, How]] = []
    if label := meta_label(raw):
        charset = codec(label)
        declared.append(("utf-8" if charset.startswith("utf-16") else charset, "meta"))
    declared.append((codec(http_charset), "header"))
    declared = [(charset, how) for charset, how in declared if charset]

    charset = _unmistakable(raw)
    if charset and (decoded := _attempt(raw, charset, dict[str, How](reversed(declared)).get(charset, "detector"))):
        return decoded
    if len(raw) - len(raw.translate(None, _CONTROL)) > MAX_CONTROL_SHARE * len(raw):
        raise Undecodable("binary data")
    detected = _detected(raw)
    candidates: list[tuple[str, How]] = [*declared, ("utf-8", "detector"), (detected, "detector")]
    if candidates[0][0] == "windows-1252" and detected in ("cp932", "euc_jp", "utf-8"):
        candidates.insert(0, (detected, "detector"))
    for charset, how in candidates:
        if charset and (decoded := _attempt(raw, charset, how)):
            return decoded
    raise Undecodable("not valid " + ", ".join(dict.fromkeys(charset for charset, _ in candidates if charset)))


def codec(label: str) -> str:
    """The codec of an encoding label as browsers read it; "" for a label they do not know."""
    name = label.strip().strip("\"'").lower()
    name = map_encoding_to_html5(name, fallback_utf8=False) or name
    if name in _CODECS:
        return _CODECS[name]
    return name if map_encoding_to_html5(name, fallback_utf8=False) else ""


def meta_label(raw: bytes) -> str:
    """The encoding named by the XML declaration or the first meta element that names one, "" without."""
    head = _COMMENT.sub(b"", raw[:META_BYTES])
    if found := _XML_DECLARATION.match(head):
        return found[1].decode("ascii", "replace")
    for tag in _META.findall(head):
        found = _CHARSET.search(tag)
        # A description may speak of "charset="; only http-equiv gives a content attribute that meaning.
        if found and (b"content" not in tag[: found.start()].lower() or b"http-equiv" in tag.lower()):
            return found[1].decode("ascii", "replace")
    return ""


def _unmistakable(raw: bytes) -> str:
    """The encoding that only its own bytes can look like, whatever the page declares; "" for the others."""
    head = raw[:256]  # markup, so ASCII: every other byte is NUL
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 8 and min(even, odd) <= len(head) // 64:
        return "utf-16-le" if odd > even else "utf-16-be"
    if raw.isascii():
        return "iso2022_jp" if b"\x1b$B" in raw or b"\x1b$@" in raw else ""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "utf-8" if _THREE_WIDE.search(raw) else ""


def _detected(raw: bytes) -> str:
    """The detector's answer; the browsers' own default where it has none and little hangs on it."""
    charset = codec(detect_encoding(raw, max_len=0, html5_compatible=False) or "")
    if charset not in _WIDE and _reads_as_shift_jis(raw):
        return "cp932"
    if charset:
        return "windows-1252" if charset in _RARE_LATIN else charset
    non_ascii = len(raw) - len(raw.translate(None, _HIGH))
    return "windows-1252" if non_ascii * CHARACTERS_PER_REPAIR <= len(raw) else ""


def _reads_as_shift_jis(raw: bytes) -> bool:
    """Valid cp932 with hiragana in quantity. One 髙 (an IBM extension) makes the detector take a page of Shift_JIS for
    Latin. Of 105 samples of other encodings five are valid cp932, and none of these has any hiragana then."""
    decoded = _attempt(raw, "cp932", "detector")
    if not decoded or decoded.repaired:
        return False
    characters = sum(map(len, _NON_ASCII.findall(decoded.text)))
    return len(_HIRAGANA.findall(decoded.text)) * 10 > characters


def _attempt(raw: bytes, charset: str, how: How) -> Decoded | None:
    """The text if `raw` is `charset` but for the damage we repair."""
    match charset:
        case "windows-1252":
            return Decoded(codecs.charmap_decode(raw, "strict", _WINDOWS_1252)[0].replace("\0", ""), charset, how)
        case "euc_jp":
            text = _decode_euc_jp(raw)
        case "iso2022_jp":
            text = _decode_iso2022_jp(raw)
        case "cp932":
            # Four bytes no page means: Python gives them private code points, the standard calls them errors.
            text = _CP932_ERROR.sub("\ufffd", raw.decode("cp932", "replace"))
        case _:
            text = raw.decode(charset, "replace")
    repaired = text.count("\ufffd")
    if charset == "utf-8":
        repaired -= raw.count(b"\xef\xbf\xbd")
    if repaired:
        characters = sum(map(len, _NON_ASCII.findall(text)))
        if repaired * BYTES_PER_REPAIR > len(raw) + BYTES_PER_REPAIR or repaired * CHARACTERS_PER_REPAIR > characters:
            return None
    return Decoded(text.replace("\0", ""), charset, how, repaired)


@cache
def _jis_x_0208() -> npt.NDArray[np.uint32]:
    """Code points of the 94 x 94 cells, NEC row 13 and the IBM extensions among them, as cp932 has them."""
    cells = []
    for row, column in product(range(94), repeat=2):
        lead = row // 2 + (0x81 if row < 62 else 0xC1)
        trail = column + 0x9F if row % 2 else column + 0x40 + (column >= 63)
        cells.append(ord(bytes((lead, trail)).decode("cp932", "replace")[0]))
    return np.array(cells, np.uint32)


def _decode_pairs(pairs: bytes) -> str:
    """JIS X 0208 in 7 or 8 bits, an even number of bytes; U+FFFD for an empty cell."""
    cells = (np.frombuffer(pairs, np.uint8).reshape(-1, 2) & 0x7F).astype(np.intp) - 0x21
    return str(_jis_x_0208()[cells[:, 0] * 94 + cells[:, 1]].astype("<u4").tobytes(), "utf-32-le")


def _decode_euc_jp(raw: bytes) -> str:
    """EUC-JP of the WHATWG standard; each bad byte and empty cell becomes U+FFFD."""
    tokens = _EUC_TOKEN.findall(raw)
    # All pairs of the page in one go, then dealt out again: one character each.
    pairs = _decode_pairs(b"".join(token for token in tokens if token[0] > 0xA0 and len(token) > 1))
    parts, at = [], 0
    for token in tokens:
        if token[0] < 0x80:
            parts.append(token.decode("ascii"))
        elif len(token) == 1:
            parts.append("\ufffd")
        elif token[0] > 0xA0:
            parts.append(pairs[at : at + len(token) // 2])
            at += len(token) // 2
        elif token[0] == 0x8E:
            parts.append(chr(0xFF61 + token[1] - 0xA1))
        else:
            parts.append(_jis_x_0212(token[1:]))
    return "".join(parts)


def _decode_iso2022_jp(raw: bytes) -> str:
    """ISO-2022-JP of the WHATWG standard, and JIS X 0212; a line end returns to ASCII, as RFC 1468 has it."""
    first, *rest = _JIS_ESCAPE.split(raw)
    parts = [first.decode("ascii", "replace")]
    for escape, segment in zip(rest[::2], rest[1::2]):
        if escape in (b"(B", b"(J", b"(I"):
            text = segment.decode("ascii", "replace")
            parts.append(text if escape == b"(B" else text.translate(_JIS_ROMAN if escape == b"(J" else _JIS_KANA))
            continue
        end = len(segment) - len(segment.lstrip(_JIS_BYTES))
        pairs, cut = segment[: end - end % 2], "\ufffd" * (end % 2)
        if escape == b"$(D":
            parts += (_jis_x_0212(pairs[i : i + 2]) for i in range(0, len(pairs), 2))
        else:
            parts.append(_decode_pairs(pairs))
        parts += (cut, segment[end:].decode("ascii", "replace"))
    return "".join(parts).replace("\x1b", "\ufffd")


def _jis_x_0212(pair: bytes) -> str:
    """The supplementary kanji of EUC-JP's three-byte and ISO-2022-JP-1's two-byte sequences."""
    return bytes((0x8F, pair[0] | 0x80, pair[1] | 0x80)).decode("euc_jp", "replace")[0]
