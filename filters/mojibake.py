"""What is left of a page's text where it was read in the wrong charset and could not be repaired.

`tokenizer/mojibake.py` has repaired what it could when the page was read; what remains has lost bytes. Its runs are
known by the first bytes of kana: 縺 and 繧 of UTF-8 in Shift_JIS, ã in Latin. `tokenizer/normalize.py` may have taken
control characters out of them, and made half-width katakana full.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters import Bound, scores
from filters.length import visible_chars

_SPECIALS = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # windows-1252, 0x80 to 0x9f
_TRAIL = f"\x80-\xbf{_SPECIALS}"
# Each begins with a set of characters and looks behind only after it, for `re` then skips to the next candidate.
# A run is four such characters: rare kanji and a French « have one or two, これは in a page about mojibake three.
_RUN = re.compile(
    "[縺繧繝縲銇銈銉â-ïÃÂ¤‚\x82､、锟$]"
    "(?:"
    # UTF-8 in Shift_JIS (縺薙ｌ縺ｯ) and in GBK (銇撱倢)
    r"(?<=[縺繧繝縲])[^\s縺繧繝縲]{0,4}(?:[縺繧繝縲][^\s縺繧繝縲]{0,4}){3,}"
    r"|(?<=[銇銈銉])[^\s銇銈銉]{0,4}(?:[銇銈銉][^\s銇銈銉]{0,4}){3,}"
    # UTF-8 in Latin: kana and kanji (ã“ã‚Œã¯), punctuation (â€™), letters (Ã©)
    rf"|(?<=ã)[{_TRAIL}]{{0,2}}(?:[â-ï][{_TRAIL}]{{1,2}}){{3,}}"
    rf"|(?<=[â-ï])[{_TRAIL}]{{1,2}}(?:[â-ï][{_TRAIL}]{{1,2}}){{3,}}"
    "|(?<=â)€[™œ˜“”¦¢\x9d\x93\x94\x99]?|(?<=[ÃÂ])[\xa1-\xac\xae-\xb9\xbb-\xbf](?![A-Z])"
    # EUC-JP in Latin (¤³¤ì¤Ï) and in Shift_JIS (､ｳ､・､ﾏ), Shift_JIS in Latin (‚±‚ê‚Í)
    r"|(?<=¤)[¡-ó]?(?:[¡-ÿ]{0,4}¤[¡-ó]?){3,}"
    r"|(?<=[､、])[ｦ-ﾟァ-ヴ](?:[^\s、､]?[､、][ｦ-ﾟァ-ヴ]){3,}"
    r"|(?<=[‚\x82])[\x9fŸ\xa0-ñ](?:[^\n‚\x82]{0,4}[‚\x82][\x9fŸ\xa0-ñ]){3,}"
    # U+FFFD in UTF-8, read as GBK; ISO-2022-JP without its escape characters
    r"|(?<=锟)斤拷|(?<=\$)B(?:(?!\$B)[!-t][!-~]){2,}?\([BJ]"
    ")"
)
_CLUES = ("$B", *"縺繧繝縲銇銈銉ÃÂ¤‚\x82､、锟", *map(chr, range(ord("â"), ord("ï") + 1)))
_PRIVATE = re.compile("[\ue000-\uf8ff]")


def _may_be_misread(text: str) -> bool:
    """Whether a run can begin anywhere; looking for single characters is ten times as fast as for runs."""
    return any(clue in text for clue in _CLUES)


def _shares(text: str) -> tuple[float, float, float]:
    found = (
        sum(visible_chars(run[0]) for run in _RUN.finditer(text)) if _may_be_misread(text) else 0,
        text.count("\ufffd"),
        0 if text.isascii() else len(_PRIVATE.findall(text)),
    )
    letters = max(visible_chars(text), 1) if any(found) else 1
    misread, replacement, private = (count / letters for count in found)
    return misread, replacement, private


@dataclass(frozen=True)
class Mojibake:
    """Text read in the wrong charset, as shares of the characters that are not white space. None switches a limit off.

    `misread`: runs of characters that a wrong charset makes. `replacement`: U+FFFD, where bytes were no character.
    `private`: U+E000 to U+F8FF, which mean something in one font or company only.
    """

    # The most that 6,263 real pages have: 0.007 (a law with 、ニ、ホ、ヘ for figures), 0.002 and 0.004. A page about
    # mojibake may show a line or two of it.
    max_misread: float | None = 0.05
    max_replacement: float | None = 0.01
    max_private: float | None = 0.03

    name: ClassVar[str] = "mojibake"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for field in ("max_misread", "max_replacement", "max_private"):
            value = getattr(self, field)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{field}: from 0 to 1, not {value}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        rows = [None if text is None else _shares(text) for text in batch.column("text").to_pylist()]
        return scores(self.name, ("misread", "replacement", "private"), rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        return (
            Bound("mojibake_misread", "mojibake.misread", most=self.max_misread),
            Bound("mojibake_replacement", "mojibake.replacement", most=self.max_replacement),
            Bound("mojibake_private", "mojibake.private", most=self.max_private),
        )
