"""White space and raised figures as a reader of marked-up text sees them."""

import re
import unicodedata

from pipelines.extract.wrapping import WIDE

_SPACE = re.compile("[ \t\n\r]+")
_BETWEEN_WIDE = re.compile(f"(?<=[{WIDE}])(?:[ \t\r]*\n[ \t\n\r]*|(?<=[。、])[ \t]+)(?=[{WIDE}])")
_SUPERSCRIPTS = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")


def collapse(text: str) -> str:
    """One space, and none between two wide characters where a line of the source breaks (the segment breaks of CSS Text
    3, https://www.w3.org/TR/css-text-3/#line-break-transform) or after 。 and 、, which bring their own. Wide spaces
    inside a text stay."""
    return _SPACE.sub(" ", _BETWEEN_WIDE.sub("", text)).strip()


def superscript(text: str) -> str:
    """Raised figures by their own characters, for 10² is not 102. What has none stays as it is."""
    raised = unicodedata.normalize("NFKC", text).translate(_SUPERSCRIPTS)
    return raised if raised and all(character in "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ" for character in raised) else text
