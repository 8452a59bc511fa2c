r"""Text that was read in the wrong charset, and written down again like that: found in the characters, and repaired.

Before `normalize`, for mojibake is made of what goes there: the は of UTF-8 read as Latin-1 is ã\x81¯, and half-width
katakana are EUC-JP read as Shift_JIS. UTF-8 read as windows-1252 or Latin-1 is left to ftfy (Speer 2019,
https://doi.org/10.5281/zenodo.2591652), which knows chance from damage (é”™, maçã”); it leaves Japanese charsets alone,
and those are here. Of these only what comes back whole is repaired: a run with a lost byte stays as it is.
"""

import re
from collections.abc import Callable

import ftfy

#: How often a text was misread at most: twice is common, and each time makes it two to three times as long.
MAX_LAYERS = 4

# Hiragana in quantity are what no chance makes of Latin letters, kanji and half-width kana. Four at least: pages about
# mojibake show これは and 文字化け.
MIN_HIRAGANA = 4
HIRAGANA_SHARE = 1 / 3

# windows-1252 as browsers read it: five of its bytes stay controls.
_WINDOWS = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
_BYTES = {ord(char): byte for byte, char in _WINDOWS.items()}
_PUNCTUATION = "".join(char for char in _WINDOWS.values() if ord(char) > 0xFF)
_LATIN = f"\x80-\xff{_PUNCTUATION}"
_TRAIL = f"\x80-\xbf{_PUNCTUATION}"

# In page source text ends at < and >, which no charset here has as a second byte.
_UTF8_AS_LATIN = re.compile(f"[Â-ô](?:(?<=[Â-ß])[{_TRAIL}]|(?<=[à-ï])[{_TRAIL}]{{2}}|(?<=[ð-ô])[{_TRAIL}]{{3}})")
# Four real pages tell how such a letter looks: “Ã©”. And a word in capitals may end in Ã: “IRMÔ.
_NOT_DAMAGED = re.compile(f"[“\"‘'«「『`](?:{_UTF8_AS_LATIN.pattern}){{1,3}}[”\"’'»」』`]|[A-ZÇ]Ã[”’»…–—](?![A-Za-z])")
# Beside UTF-8: what is left of Shift_JIS or EUC-JP, in which some bytes are UTF-8 by chance.
_NOT_UTF8 = re.compile("[\x80-\x84\x86-\x9f]|‚[Ÿ\xa0-ñ]|¤[¡-ó]")
# Phonetic letters, combining marks and old scripts, which bytes of Shift_JIS make if they are taken for UTF-8.
_BY_CHANCE = re.compile("[\u0250-\u036f\U00010000-\U0001efff]")
_SEGMENT = re.compile(r"[^\n<>]+")
_SJIS_AS_LATIN = re.compile("[\x82‚][\x9fŸ\xa0-ñ]")
_LATIN_SEGMENT = re.compile(f"[ -;=?-~{_LATIN}]+")
_EUC_AS_LATIN = re.compile("¤[¡-ó]")
_WIDE_RUN = re.compile("[^\x00-\x7f]{4,}")
_UTF8_AS_SJIS = re.compile("[縺繧繝]")
_EUC_AS_SJIS = re.compile("､[｡-ﾟ]")
# Behind an odd number of bytes cp932 takes the next ASCII character as a second byte. As the first byte of a character
# it is not in a run.
_UTF8_BYTES = re.compile(rb"(?:[\xe2-\xef][\x80-\xbf]{2}[@-~]?)+")
# $B is begun anew where the pairs come upon another one, so that no text takes more than linear time.
_JIS = re.compile(r"\x1b?\$B((?:(?!\$B)[!-~]{2})+?)\x1b?\([BJ]")
_HIRAGANA = re.compile("[ぁ-ん]")
_WIDE = re.compile("[\u3000-\u9fff\uff01-\uff9f]")
_NON_ASCII = re.compile("[^\x00-\x7f]")
# Python's EUC-JP and ISO-2022-JP have these where cp932, and so all else we read, has others.
_AS_CP932 = str.maketrans("〜−‖—¢£¬", "～－∥―￠￡￢")

# Nothing else of ftfy's: it would widen and narrow characters, straighten quotes and undo references.
_FTFY = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    normalization=None,
    restore_byte_a0=False,  # a guess: "Ã " may be Ã
    replace_lossy_sequences=False,  # would put U+FFFD where bytes are lost
    fix_c1_controls=False,
    explain=False,
)


def repair(text: str) -> tuple[str, int]:
    """The text with its misread runs as they were written, and how many these were; the same object if none.

    Of a text that was misread several times each time counts. `text` may be the source of a page: no markup is made or
    lost.
    """
    repaired = 0
    not_utf8 = False
    for _ in range(MAX_LAYERS):
        found = 0
        for _, runs, right in [way for way in _WAYS if way[0](text)]:
            if not_utf8 and right is _some_utf8_as_latin:
                continue  # its short lines are of the same charset, and any UTF-8 in them is by chance
            words, count = _substituted(runs, right, text)
            text = words if count else text
            found += count
            not_utf8 |= count > 0 and right in (_euc_as_latin, _sjis_as_latin)
        if not found:
            break
        repaired += found
    return text, repaired


def _substituted(runs: re.Pattern[str], right: Callable[[str], str | None], text: str) -> tuple[str, int]:
    count = 0

    def put(run: re.Match[str]) -> str:
        nonlocal count
        words = right(run[0])
        if words is None or words == run[0]:
            return run[0]
        count += 1
        return words

    return runs.sub(put, text), count


def _is_japanese(text: str) -> bool:
    hiragana = len(_HIRAGANA.findall(text))
    return hiragana >= MIN_HIRAGANA and hiragana >= HIRAGANA_SHARE * len(_NON_ASCII.findall(text))


def _jis(run: str) -> str | None:
    """ISO-2022-JP whose escape characters are lost."""
    pairs = _JIS.fullmatch(run)
    return pairs and _decoded(b"\x1b$B" + pairs[1].encode() + b"\x1b(B", "iso2022_jp")


def _utf8_as_sjis(run: str) -> str | None:
    if not _UTF8_AS_SJIS.search(run):
        return None
    # Windows puts ・ where a byte is no character: it is no byte of the text.
    raw = run.replace("・", "?").encode("cp932", "replace")
    starts, at = {}, 0
    for place, char in enumerate(run):
        starts[at] = place
        at += len(char.encode("cp932", "replace"))
    starts[at] = len(run)
    pieces, done = [], 0
    for found in _UTF8_BYTES.finditer(raw):
        start, end = starts.get(found.start()), starts.get(found.end())
        words = _decoded(found[0], "utf-8")
        if start is None or end is None or words is None:
            continue
        pieces += [run[done:start], words]
        done = end
    right = "".join([*pieces, run[done:]])
    return None if _UTF8_AS_SJIS.search(right) else right


def _euc_as_sjis(run: str) -> str | None:
    if len(_EUC_AS_SJIS.findall(run)) < MIN_HIRAGANA:
        return None
    try:
        return _decoded(run.encode("cp932"), "euc_jp")
    except UnicodeEncodeError:
        return None


def _euc_as_latin(run: str) -> str | None:
    if len(_EUC_AS_LATIN.findall(run)) < MIN_HIRAGANA:
        return None
    try:
        return _decoded(run.encode("latin-1"), "euc_jp")
    except UnicodeEncodeError:
        return None


def _sjis_as_latin(run: str) -> str | None:
    if len(_SJIS_AS_LATIN.findall(run)) < MIN_HIRAGANA:
        return None
    return _decoded(run.translate(_BYTES).encode("latin-1"), "cp932")


def _utf8_as_latin(run: str) -> str | None:
    """All of it: for ftfy goes on until nothing is left that it takes for UTF-8, past Shift_JIS read as Latin."""
    if not _UTF8_AS_LATIN.search(run):
        return None
    try:
        words = run.translate(_BYTES).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None
    # Two kanji are six bytes in a row, none by chance: 目次.
    return words if len(_WIDE.findall(words)) >= 2 or len(_NON_ASCII.findall(words)) >= MIN_HIRAGANA else None


def _some_utf8_as_latin(run: str) -> str | None:
    if not _UTF8_AS_LATIN.search(run) or _NOT_DAMAGED.search(run) or _NOT_UTF8.search(_UTF8_AS_LATIN.sub(" ", run)):
        return None
    words = ftfy.fix_encoding(run, _FTFY)
    # Not shorter: only controls became what they are in windows-1252, and those may be of Shift_JIS.
    return words if len(words) < len(run) and not _BY_CHANCE.search(words) else None


def _decoded(raw: bytes, charset: str) -> str | None:
    try:
        text = raw.decode(charset)
    except UnicodeDecodeError:
        return None
    return text.translate(_AS_CP932) if _is_japanese(text) else None


def _any(*clues: str) -> Callable[[str], bool]:
    return lambda text: any(clue in text for clue in clues)


_UTF8_SIGNS = "ãâÃÂïð"
# What must be in a text that has any, for finding a character is 50 times faster than matching a class of them; the
# runs that are looked at; and what each was. The signs of EUC-JP are の and は, those of Latin the first bytes of kana,
# symbols and Western letters. A text without controls and soft hyphens may have lost them, and with them the first byte
# of 、 or the second of き: これは、 becomes これはA, and ききます います. ftfy comes last: it takes the controls of
# Shift_JIS for those of windows-1252.
_WAYS: tuple[tuple[Callable[[str], bool], re.Pattern[str], Callable[[str], str | None]], ...] = (
    (_any("$B"), _JIS, _jis),
    (_any("縺"), _WIDE_RUN, _utf8_as_sjis),
    (_any("ﾎ", "ﾏ"), _WIDE_RUN, _euc_as_sjis),
    (lambda text: "\xad" in text and "¤" in text, _LATIN_SEGMENT, _euc_as_latin),
    (_any(*_UTF8_SIGNS), _LATIN_SEGMENT, _utf8_as_latin),
    (_any("\x81"), _LATIN_SEGMENT, _sjis_as_latin),
    (_any(*_UTF8_SIGNS), _SEGMENT, _some_utf8_as_latin),
)
