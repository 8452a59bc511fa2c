"""The front matter of a Markdown file: what it says of itself in YAML (between lines of ---) or TOML (+++)."""

import datetime
import re
import tomllib
from dataclasses import dataclass
from typing import Any

import yaml

from pipelines.extract import licences
from pipelines.extract.rights import Licence

MAX_LICENCES = 16

# What is longer is a text between two rules.
_BLOCK = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.{0,20000}?)^(?:\1|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_DATE = re.compile(r"((?:1[5-9]|20)\d\d)(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?)?(?!\d)")
_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_LANG = re.compile(r"([a-z]{2,3})(?:[-_]|\Z)", re.IGNORECASE)
_LANGS = {"eng": "en", "english": "en", "japanese": "ja", "jp": "ja", "jpn": "ja", "日本語": "ja"}
_LICENCE_KEYS = ("license", "licence", "rights", "copyright")


@dataclass(frozen=True)
class FrontMatter:
    """As in `Document`."""

    title: str = ""
    lang: str = ""
    date: str = ""
    ids: tuple[str, ...] = ()
    licences: tuple[Licence, ...] = ()


def read(text: str) -> tuple[FrontMatter, str]:
    """What the block at the head of a text says, and the text after it; all of the text where there is none."""
    found = _BLOCK.match(text)
    said = _table(found[2], found[1]) if found else {}
    if not found or not said:
        return FrontMatter(), text
    doi = _DOI.fullmatch(_word(said.get("doi")))
    dates = (_date(_word(said.get(key))) for key in ("date", "published", "publishdate", "pubdate", "published_at"))
    langs = (_lang(_word(said.get(key))) for key in ("lang", "language", "locale"))
    stated = [licence for key in _LICENCE_KEYS for licence in _licences(said.get(key), f"front matter/{key}")]
    return (
        FrontMatter(
            title=" ".join(_word(said.get("title")).split())[:500],
            lang=next(filter(None, langs), ""),
            date=next(filter(None, dates), ""),
            ids=(f"doi:{doi[1].lower()}",) if doi else (),
            licences=tuple(stated[:MAX_LICENCES]),
        ),
        text[found.end() :],
    )


def _table(block: str, marks: str) -> dict[str, Any]:
    """By keys in small letters; empty for what is no table."""
    try:
        # The base loader makes strings, lists and tables of YAML, and nothing else.
        found: Any = tomllib.loads(block) if marks == "+++" else yaml.BaseLoader(block).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return {}
    return {str(key).lower(): value for key, value in found.items()} if isinstance(found, dict) else {}


def _word(value: object) -> str:
    return str(value).strip()[:2000] if isinstance(value, str | int | datetime.date) else ""


def _date(stated: str) -> str:
    found = _DATE.match(stated)
    if not found:
        return ""
    year, *rest = (int(part) for part in found.groups() if part)
    try:
        datetime.date(year, *rest, *[1] * (2 - len(rest)))
    except ValueError:
        return str(year)
    return "-".join([str(year), *(f"{part:02d}" for part in rest)])


def _lang(stated: str) -> str:
    stated = stated.lower()
    found = _LANG.match(stated)
    code = found[1] if found else ""
    return _LANGS.get(stated) or _LANGS.get(code) or code


def _licences(value: object, where: str) -> list[Licence]:
    if isinstance(value, list):
        # An alias of YAML may be within itself: no list of lists.
        parts = [part for part in value[:MAX_LICENCES] if not isinstance(part, list)]
        return [licence for part in parts for licence in _licences(part, where)]
    words = url = ""
    if isinstance(value, dict):
        words, url = (_word(value.get(key)) for key in ("name", "url"))
        words = words or _word(value.get("type")) or _word(value.get("spdx"))
    elif (stated := _word(value)).startswith(("http://", "https://")):
        url = stated
    else:
        words = stated
    if not words and not url:
        return []
    return [Licence(f"{words} <{url}>" if words and url else words or url, licences.name(words, url), where)]
