"""What a reader sees of a template, for those of the Japanese and the English Wikipedia that stand within sentences.

A dump holds the articles with the calls of templates and not what becomes of them: that takes all templates, modules in
Lua and data of other sites. So those that show their arguments are known by name, those that show nothing that belongs
to a text by kind, and all others are left out and counted.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from pipelines.extract.wikitext.names import (
    BLOCKS,
    CHARACTERS,
    COUNTRIES,
    DISAMBIGUATION,
    DROPPED,
    DROPPED_LIKE,
    FIRST,
    LANGUAGES,
    LAST,
    LISTS,
    MONTHS,
    SECOND,
    THIRD,
    UNITS,
)


class Arguments(NamedTuple):
    """Of a template, as wikitext, without space around: those without a name in order, and those with one."""

    positional: list[str]
    named: dict[str, str]

    def at(self, place: int) -> str:
        """The one at a place that counts from 1, as in MediaWiki, or from the end; "" where there is none."""
        if text := self.named.get(str(place)):
            return text
        index = place - 1 if place > 0 else place
        return self.positional[index] if -len(self.positional) <= index < len(self.positional) else ""


Rule = Callable[[Arguments], str]


def name(written: str) -> str:
    """The name a template has in wikitext_names.py: MediaWiki takes _ for a space and a first letter of either case."""
    words = " ".join(written.replace("_", " ").split()).casefold()
    return words.removeprefix("template:").removeprefix("テンプレート:").strip()


def shows(name: str) -> bool:
    """Whether it is known what a template shows."""
    known = (
        name in CHARACTERS
        or name in _ARGUMENT
        or name in _RULES
        or name in LISTS
        or name in BLOCKS
        or name in COUNTRIES
    )
    return known or name in _LANGUAGE_FIRST or bool(_LANGUAGE.fullmatch(name))


def shown(name: str, arguments: Arguments, japanese: bool) -> str:
    """The wikitext that such a template stands for."""
    if name in CHARACTERS:
        return CHARACTERS[name]
    if name in _RULES:
        return _RULES[name](arguments)
    if name in _ARGUMENT:
        return arguments.at(_ARGUMENT[name])
    if name in LISTS:
        return "".join(f"\n* {item}" for item in arguments.positional if item) + "\n"
    if name in COUNTRIES:
        return COUNTRIES[name][japanese]
    if name in BLOCKS:
        return f"\n\n{arguments.named.get('text') or arguments.named.get('quote') or arguments.at(1)}\n\n"
    if language := _LANGUAGE.fullmatch(name):
        return _in_language(language[1], arguments.at(1), japanese, short=name.endswith("short"))
    return _in_language(arguments.at(1).casefold(), arguments.at(2), japanese, short=False)


def dropped(name: str) -> str:
    """The kind of a template that shows nothing of a text; "templates" for one that is not known."""
    if kind := DROPPED.get(name):
        return kind
    return next((kind for pattern, kind in DROPPED_LIKE if pattern.search(name)), "templates")


def is_disambiguation(name: str) -> bool:
    return name in DISAMBIGUATION


def _reading(arguments: Arguments) -> str:
    # 読み仮名 shows ruby; articles without it write the same in parentheses.
    word, *readings = (text for text in (arguments.at(1), arguments.at(2), arguments.at(3)))
    inside = "、".join(filter(None, readings))
    return f"{word}（{inside}）" if inside else word


def _nihongo(arguments: Arguments) -> str:
    english, kanji, romaji, extra = (arguments.at(place) for place in (1, 2, 3, 4))
    inside = ", ".join(filter(None, (kanji, romaji, extra)))
    if not english:
        return f"{romaji} ({kanji})" if romaji and kanji else romaji or kanji
    return f"{english} ({inside})" if inside else english


def _interlanguage(arguments: Arguments) -> str:
    return arguments.named.get("lt") or arguments.named.get("label") or arguments.named.get("jp") or arguments.at(1)


_RANGES = {
    "to": " to ",
    "-": "–",
    "–": "–",
    "and": " and ",
    "or": " or ",
    "by": " by ",
    "x": " × ",
    "×": " × ",
    "+/-": " ± ",
}
_MIXED = {("ft", "in"), ("lb", "oz"), ("st", "lb"), ("mi", "yd"), ("yd", "ft")}  # 6 ft 2 in
_QUANTITY = re.compile(r"[-−+]?[\d][\d,.]*(?:[/⁄][\d]+)?(?:[eE]-?\d+)?")


def _convert(arguments: Arguments) -> str:
    """The quantity as it was entered; MediaWiki shows it and the converted one in parentheses."""
    shown = ""
    given = arguments.positional[:9]
    for place, text in enumerate(given):
        if _QUANTITY.fullmatch(text):
            shown += f"{int(text):,}" if text.isdecimal() else text
        elif text.casefold() in _RANGES and shown:
            shown += _RANGES[text.casefold()]
        elif shown:
            unit = UNITS.get(text.casefold(), text)
            shown += unit if unit.startswith("°") else f" {unit}"
            smaller = given[place + 1 : place + 3]
            if (text, *smaller[1:]) in _MIXED:
                shown += f" {smaller[0]} {smaller[1]}"
            return shown
        else:
            return ""
    return shown


def _fraction(arguments: Arguments) -> str:
    match arguments.positional[:3]:
        case [whole, top, bottom]:
            return f"{whole} {top}/{bottom}"
        case [top, bottom]:
            return f"{top}/{bottom}"
        case [bottom]:
            return f"1/{bottom}"
    return ""


def _value(arguments: Arguments) -> str:
    shown, error = arguments.at(1), arguments.at(2)
    if error in _RANGES:
        shown += _RANGES[error] + arguments.at(3)
        error = ""
    if error:
        shown += f"±{error}"
    if exponent := arguments.named.get("e"):
        shown = (f"({shown})" if error else shown) + f"×10<sup>{exponent}</sup>"
    unit = arguments.named.get("u") or arguments.named.get("ul") or ""
    return shown + (unit if unit in ("%", "°") else f" {unit}" if unit else "")


def _date(year: str, month: str, day: str) -> str:
    if month.isdecimal() and 1 <= int(month[:2]) <= 12:
        month = MONTHS[int(month[:2]) - 1]
    return " ".join(filter(None, (day, month, year)))


def _as_of(arguments: Arguments) -> str:
    year, month, day = (arguments.at(place) for place in (1, 2, 3))
    words = "since" if "since" in arguments.named else "as of"
    lower = arguments.named.get("lc") or arguments.named.get("since")
    if alternative := arguments.named.get("alt"):
        return alternative
    return f"{words if lower else words.capitalize()} {_date(year, month, day)}"


def _english_date(arguments: Arguments) -> str:
    return _date(*(arguments.at(place) for place in (1, 2, 3)))


def _circa(arguments: Arguments) -> str:
    return f"c. {arguments.at(1)}" + (f" – c. {arguments.at(2)}" if arguments.at(2) else "")


def _around(pattern: str, between: str = "") -> Rule:
    """The first argument in a pattern; with `between`, the first two."""
    return lambda arguments: pattern.format(between.join(filter(None, arguments.positional[: 2 if between else 1])))


def _chemistry(arguments: Arguments) -> str:
    return "".join(f"<sub>{part}</sub>" if part.isdecimal() else part for part in arguments.positional)


def _chemistry2(arguments: Arguments) -> str:
    return re.sub(r"(?<=[A-Za-z)\]])\d+", r"<sub>\g<0></sub>", arguments.at(1))


def _nuclide(arguments: Arguments) -> str:
    return f"<sup>{arguments.at(2)}</sup>{arguments.at(1)}"


def _ship(prefix: str) -> Rule:
    return lambda arguments: f"{prefix} {arguments.at(1)}" + (f" ({arguments.at(2)})" if arguments.at(2) else "")


def _joined(arguments: Arguments) -> str:
    return ", ".join(text.strip("* \n").replace("\n*", ", ") for text in arguments.positional if text)


def _ordinal(arguments: Arguments) -> str:
    number = arguments.at(1)
    if not number.isdecimal():
        return number
    ending = "th" if number[-2:-1] == "1" else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + ending


def _theorem(arguments: Arguments) -> str:
    name = arguments.named.get("name") or arguments.named.get("title") or ""
    return f"\n\n{name}{'. ' if name else ''}{arguments.at(1)}\n\n"


def _marriage(arguments: Arguments) -> str:
    years = "–".join(filter(None, (arguments.at(2), arguments.at(3))))
    return f"{arguments.at(1)} (m. {years})" if years else arguments.at(1)


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("読み仮名", "読み仮名 ruby不使用"), _reading),
    **dict.fromkeys(("nihongo",), _nihongo),
    **dict.fromkeys(("ill", "ill2", "仮リンク", "interlanguage link", "interlanguage link multi"), _interlanguage),
    **dict.fromkeys(("link-interwiki", "日本語版にない記事リンク"), _interlanguage),
    **dict.fromkeys(("convert", "cvt"), _convert),
    **dict.fromkeys(("frac", "fraction", "sfrac", "分数"), _fraction),
    **dict.fromkeys(("as of", "asof"), _as_of),
    **dict.fromkeys(("start date", "end date", "birth date", "death date", "dts", "date table sorting"), _english_date),
    **dict.fromkeys(("circa", "c.", "ca."), _circa),
    **dict.fromkeys(("chem", "化学式"), _chemistry),
    **dict.fromkeys(("nuclide", "nuclide2", "simplenuclide", "simplenuclide2"), _nuclide),
    **dict.fromkeys(("hlist", "cslist", "comma separated entries"), _joined),
    **dict.fromkeys(("angbr", "angle bracket", "angbr ipa"), _around("⟨{}⟩")),
    **dict.fromkeys(("sqrt", "radic"), _around("√{}")),
    "chem2": _chemistry2,
    "val": _value,
    "ordinal": _ordinal,
    "tmath": _around("${}$"),
    "numblk": lambda arguments: f"\n\n{arguments.at(2)}\n\n",
    **dict.fromkeys(("math theorem", "math proof"), _theorem),
    **dict.fromkeys(("snamei", "sname"), lambda arguments: arguments.at(2) or arguments.at(1)),
    "marriage": _marriage,
    "reign": _around("r. {}", "–"),
    "floruit": _around("fl. {}", "–"),
    "e": _around("×10<sup>{}</sup>"),
    "sup": _around("<sup>{}</sup>"),
    "sub": _around("<sub>{}</sub>"),
    "pow": lambda arguments: f"{arguments.at(1)}<sup>{arguments.at(2)}</sup>",
    "us$": _around("US${}"),
    "gbp": _around("£{}"),
    "jpy": _around("¥{}"),
    "uss": _ship("USS"),
    "hms": _ship("HMS"),
    "中文表記": _around("中国語: {}"),
    "英文表記": _around("英語: {}"),
}
_ARGUMENT = dict.fromkeys(FIRST, 1) | dict.fromkeys(SECOND, 2) | dict.fromkeys(THIRD, 3) | dict.fromkeys(LAST, -1)
_LANGUAGE_FIRST = frozenset({"langx", "llang"})
_LANGUAGE = re.compile(r"lang-([a-z]{2,3})(?:-short)?")


def _in_language(code: str, text: str, japanese: bool, short: bool) -> str:
    names = LANGUAGES.get(code.partition("-")[0])
    if not names or not text:
        return text
    return f"{(short and names[2]) or names[japanese]}: {text}"
