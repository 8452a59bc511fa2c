"""What a page says of the rights in it: robots directives, the reservation of text and data mining, and licences.

Evidence, not a verdict. A licence stands beside the place it was found in, for a link in the body may be for a picture
only. Only what came with the page is read: robots.txt, /.well-known/tdmrep.json and a site's terms of use may say more,
so that silence here is no permission.

- Robots directives: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag; noai and noimageai are
  DeviantArt's (2022).
- TDM Reservation Protocol: https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/
- Licences: https://spdx.org/licenses/, version 3.27, and https://html.spec.whatwg.org/#link-type-license
"""

import contextlib
import json
import re
import string
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeVar

from pipelines.extract import creative_commons

T = TypeVar("T")
Pairs = Sequence[tuple[str, str]]

#: The response header fields that are read, in lower case. Each may come several times.
HEADERS = frozenset({"x-robots-tag", "tdm-reservation", "tdm-policy", "link"})

# No real page comes near these. All that `read` can return takes less than 64 KiB of ASCII JSON.
MAX_ROBOTS = 32
MAX_LICENCES = 16
MAX_URL = 1_000
MAX_WORDS = 200

# How much is looked at: header fields; characters of one, or of an attribute; of a script; elements naming a licence.
_MAX_FIELDS = 16
_MAX_VALUE = 2_000
_MAX_SCRIPT = 1 << 18
_MAX_NAMING = 256


@dataclass(frozen=True)
class Licence:
    """A licence as a page or paper states it.

    `stated` is the absolute URL, or the page's own words where it gives no URL ("© 2020 Example, Inc."). `spdx` is the
    SPDX expression of a Creative Commons licence, "LicenseRef-CC-BY-2.1-JP" where SPDX has no name for it (most
    jurisdiction ports), and None for all others. Formats other than HTML, and recipes, may name any licence of SPDX.

    `where` is "http link"; or "json-ld TYPE", the schema.org type of what is licensed; or PLACE ELEMENT TERM. PLACE is
    the nearest of head, header, nav, main, article, aside, figure and footer around it, or else body. TERM is the name
    of a meta element ("dc.rights"), "rel=license", "itemprop=license" and the like of a link, or "href" where the link
    says no more than that it leads to a Creative Commons licence.
    """

    stated: str
    spdx: str | None
    where: str


@dataclass(frozen=True)
class Rights:
    """Each in the order in which it was found, header first, and once.

    `robots` are restrictions: "noai" for everybody, "googlebot:noindex" for one agent ("?" where its name is none), and
    "unavailable_after=" with the date as it stands. `tdm_reservation` is None where nothing is said, or nothing valid.
    The page goes before the header there, as the protocol has it, and where one contradicts itself, reserved before not
    reserved.
    """

    robots: tuple[str, ...] = ()
    tdm_reservation: bool | None = None
    tdm_policy: str | None = None
    licences: tuple[Licence, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The licences by one name each, the SPDX expression or else the URL. Words are no name."""
        named = (licence.spdx or licence.stated for licence in self.licences if licence.spdx or _is_url(licence.stated))
        return _distinct(named, MAX_LICENCES)


def from_json(fields: Any) -> Rights:
    """What `dataclasses.asdict` and JSON have made of it, in a process that may have come under a page's control.

    Raises:
        ValueError: that is none.
    """
    match fields:
        case {
            "robots": [*robots],
            "tdm_reservation": None | bool() as reservation,
            "tdm_policy": None | str() as policy,
            "licences": [*licences],
        }:
            return Rights(
                tuple(map(_text, robots[:MAX_ROBOTS])),
                reservation,
                policy and _text(policy),
                tuple(map(_licence_from_json, licences[:MAX_LICENCES])),
            )
    raise ValueError("no rights")


def _licence_from_json(fields: Any) -> Licence:
    match fields:
        case {"stated": str() as stated, "spdx": None | str() as spdx, "where": str() as where}:
            return Licence(_text(stated), spdx and _text(spdx), _text(where))
    raise ValueError("no licence")


def _text(value: Any) -> str:
    """Arrow refuses the lone surrogates that JSON may hold."""
    if not isinstance(value, str):
        raise ValueError("no text")
    return value.encode(errors="replace").decode()


def read(tree: Any, raw: bytes, headers: Pairs, url: str | None) -> Rights:
    """The rights stated in a page and in its response header. No page makes it raise.

    `tree` is what `html.parse` made of the page: bounded, and without comments. `raw` are its bytes as they came; links
    are only looked at where these hold a hint of a licence. Relative URLs are relative to the page's base element, or
    else to `url`.
    """
    fields = [(key, value[:_MAX_VALUE]) for name, value in headers if (key := name.strip().lower()) in HEADERS]
    fields = fields[:_MAX_FIELDS]
    elements = list(tree.iter("meta"))
    metas = [(_meta_name(element), _value(element, "content")) for element in elements]
    base = url or ""
    if (element := tree.find("head/base[@href]")) is not None:
        base = _absolute(_value(element, "href"), base)
    reserved = _reserved(metas)
    found = chain(_in_header(fields, base), _in_metas(elements, metas), _in_links(tree, base) if _may_link(raw) else ())
    return Rights(
        robots=_distinct(_robots(fields, metas), MAX_ROBOTS),
        tdm_reservation=_reserved(fields) if reserved is None else reserved,
        tdm_policy=next((_absolute(value, base) for value in _named("tdm-policy", metas, fields)), None),
        licences=_distinct((licence for licence in found if licence.stated), MAX_LICENCES),
    )


# What asks for less use. All else in a directive asks for none, or for nothing known (index, noodp, max-snippet:-1).
_RESTRICTIONS = frozenset(
    {"noai", "noarchive", "nocache", "nofollow", "noimageai", "noimageindex", "noindex", "noml", "none", "nosnippet"}
)
_DIRECTIVES = _RESTRICTIONS | {"all", "archive", "follow", "index", "noodp", "notranslate", "noydir"}
_AGENT = re.compile(r"[a-z0-9_.*/-]{1,40}")
_BOT = re.compile(r"bot\b")
_WEEKDAY = re.compile(r"\s*[A-Za-z]{3,9}\s*")
_SEPARATORS = re.compile(r"[\s;]+")
_NOT_PLAIN = re.compile(r"[^\x21-\x7e]+")


def _robots(fields: Pairs, metas: Pairs) -> Iterator[str]:
    for value in _named("x-robots-tag", fields):
        yield from _directives(value, "")
    for name, value in metas:
        if name in ("robots", "x-robots-tag"):
            yield from _directives(value, "")
        elif _is_agent(name, value):
            yield from _directives(value, name)


def _is_agent(name: str, value: str) -> bool:
    """Whether a meta element is for the crawler it is named after: its name says so, or it holds directives alone.

    No list has all the names. "none" by itself may be said of anything.
    """
    if not _AGENT.fullmatch(name) or len(value) > MAX_WORDS:
        return False
    words = set(_SEPARATORS.split(value.lower().replace(",", " ").strip()))
    return bool(_BOT.search(name)) or (words <= _DIRECTIVES and bool(words & _RESTRICTIONS - {"none"}))


def _directives(value: str, agent: str) -> Iterator[str]:
    """The restrictions in one header field or meta element. "badbot:" in it names the agent of all that follow."""
    parts = iter(value.split(","))
    for part in parts:
        head, colon, rest = part.partition(":")
        while colon and (name := head.strip().lower()) != "unavailable_after":
            if name.startswith("max-"):
                rest = ""  # the value of max-image-preview may be "none"
            else:
                agent = "" if name in ("*", "robots") else name if _AGENT.fullmatch(name) else "?"
            part = rest
            head, colon, rest = part.partition(":")
        to = f"{agent}:" if agent else ""
        if colon:
            date = f"{rest},{next(parts, '')}" if _WEEKDAY.fullmatch(rest) else rest
            if date := _NOT_PLAIN.sub(" ", date).strip()[:60]:
                yield f"{to}unavailable_after={date}"
        else:
            yield from (to + word for word in _SEPARATORS.split(part.lower()) if word in _RESTRICTIONS)


def _reserved(pairs: Pairs) -> bool | None:
    # The protocol takes any other value for none at all.
    said = {part.strip() for value in _named("tdm-reservation", pairs) for part in value.split(",")}
    return True if "1" in said else False if "0" in said else None


_META_TERM = re.compile(r"(?:[a-z0-9_.:/#-]*[.:/#])?(?:copyright|licen[cs]e|rights)")
_TERM = re.compile(r"(?:[a-z0-9_.:/#-]*[.:/#])?(?:copyright|licen[cs]e)")
_REL_COPYRIGHT = re.compile(rb"""rel\s*=\s*["']?[^"'>]{0,80}copyright""")
_PLACES = frozenset({"article", "aside", "figure", "footer", "head", "header", "main", "nav"})
_FOOTER = re.compile(r"(?:page|site)[_-]?footer|footer\S*", re.IGNORECASE)
_LINK = re.compile(r'<([^<>]*)>((?:[^,<"]|"[^"]*")*)')
_REL = re.compile(r';\s*rel\s*=\s*"?([^";]*)', re.IGNORECASE)
_JSON = json.JSONDecoder(strict=False)  # takes line breaks in strings
_JSON_START = re.compile(r"[\[{]")
_TYPE = re.compile(r"\w{1,40}", re.ASCII)


def _in_header(fields: Pairs, base: str) -> Iterator[Licence]:
    for value in _named("link", fields):
        for target, parameters in _LINK.findall(value):
            if (rel := _REL.search(parameters)) and _term(rel[1]):
                yield _licence(_absolute(target, base), "http link")


def _in_metas(elements: Iterable[Any], metas: Pairs) -> Iterator[Licence]:
    named = ((element, meta) for element, meta in zip(elements, metas, strict=True) if _META_TERM.fullmatch(meta[0]))
    for element, (name, content) in islice(named, _MAX_NAMING):
        yield _licence(content, f"{_place(element)} meta {name[-40:]}")


def _may_link(raw: bytes) -> bool:
    # Looking at every link takes four times as long. Of 7,000 pages 38 % go on.
    page = raw.replace(b"\0", b"").lower()  # UTF-16 too
    return b"licen" in page or b"creativecommons.org/" in page or bool(_REL_COPYRIGHT.search(page))


def _in_links(tree: Any, base: str) -> Iterator[Licence]:
    left = _MAX_NAMING
    for element in tree.iter("link", "a", "area", "script"):
        if element.tag == "script":
            if _value(element, "type").strip().lower() == "application/ld+json":
                yield from _in_json_ld(element.text or "")
        elif (term := _link_term(element)) and (href := _value(element, "href").strip()):
            licence = _licence(_absolute(href, base), f"{_place(element)} {element.tag} {term}")
            if term != "href" or licence.spdx:
                yield licence
            left -= 1
            if not left:
                return


def _link_term(element: Any) -> str:
    """What makes a link one to a licence; "" for the others."""
    for attribute in ("rel", "itemprop", "property"):
        if (value := element.get(attribute)) and (term := _term(value[:_MAX_VALUE])):
            return f"{attribute}={term}"
    return "href" if element.tag != "link" and "creativecommons.org/" in (element.get("href") or "").lower() else ""


def _term(names: str) -> str:
    """The first of these names that means a licence, as do "license", "cc:license", "copyright" (says HTML), and
    "http://creativecommons.org/ns#license"."""
    return next((name[-40:] for name in names.lower().split() if _TERM.fullmatch(name)), "")


def _place(element: Any) -> str:
    for around in element.iterancestors():
        if around.tag in _PLACES:
            return str(around.tag)
        if any(map(_FOOTER.fullmatch, f"{_value(around, 'id')} {_value(around, 'class')}".split())):
            return "footer"
    return "body"


def _in_json_ld(script: str) -> Iterator[Licence]:
    script = script.rpartition("<![CDATA[")[2]
    start = _JSON_START.search(script[:_MAX_VALUE])
    if not start or len(script) > _MAX_SCRIPT or 'license"' not in script:
        return
    try:
        nodes = [_JSON.raw_decode(script, start.start())[0]]
    except (ValueError, RecursionError):
        return
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += reversed(node)
        elif isinstance(node, dict):
            nodes += reversed(node.values())
            kind = next((kind for kind in _each(node.get("@type")) if isinstance(kind, str)), "")
            where = f"json-ld {kind}" if _TYPE.fullmatch(kind) else "json-ld"
            for value in chain.from_iterable(_each(node[key]) for key in node if _term(key).endswith("license")):
                if isinstance(value, dict):
                    value = value.get("url") or value.get("@id") or value.get("name")
                if isinstance(value, str):
                    yield _licence(value, where)


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


_STRIPPED = dict.fromkeys(map(ord, "\t\n\r"))  # as browsers do


def _licence(stated: str, where: str) -> Licence:
    words = " ".join("".join(c if c.isprintable() else " " for c in stated[:_MAX_VALUE]).split())
    if _is_url(words):
        return Licence(_absolute(words, ""), creative_commons.by_url(words), where)
    return Licence(words[:MAX_WORDS], creative_commons.by_name(words), where)


def _is_url(text: str) -> bool:
    return text.lower().startswith(("http://", "https://")) and " " not in text


def _absolute(url: str, base: str) -> str:
    """The URL in ASCII; relative where there is no base, as it stands where it is none."""
    url = url[:_MAX_VALUE].translate(_STRIPPED).strip()
    with contextlib.suppress(ValueError):
        url = urllib.parse.urljoin(base, url)
    return urllib.parse.quote(url, safe=string.punctuation, errors="replace")[:MAX_URL]


def _meta_name(element: Any) -> str:
    get = element.get
    name = get("name") or get("property") or get("itemprop") or get("http-equiv") or ""
    return str(name)[:_MAX_VALUE].strip().lower()


def _value(element: Any, attribute: str) -> str:
    # html.parse writes some ampersands twice.
    return (element.get(attribute) or "")[:_MAX_VALUE].replace("&amp;", "&")


def _named(name: str, *pairs: Pairs) -> Iterator[str]:
    return (value for key, value in chain(*pairs) if key == name and value.strip())


def _distinct(found: Iterable[T], most: int) -> tuple[T, ...]:
    kept: dict[T, None] = {}
    for item in found:
        kept[item] = None
        if len(kept) == most:
            break
    return tuple(kept)
