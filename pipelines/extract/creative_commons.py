"""Licences of Creative Commons by their SPDX expression, from a URL, a short name ("CC BY-SA 4.0") or words.

https://spdx.org/licenses/, version 3.27. SPDX has no name for most ports to a jurisdiction: "LicenseRef-CC-BY-2.1-JP".
"""

import re

_KINDS = ("BY", "BY-NC", "BY-NC-ND", "BY-NC-SA", "BY-ND", "BY-SA")
_SPDX = frozenset(
    [f"CC-{kind}-{version}" for kind in _KINDS for version in ("1.0", "2.0", "2.5", "3.0", "4.0")]
    + [f"CC-BY-{port}" for port in ("2.5-AU", "3.0-AT", "3.0-AU", "3.0-DE", "3.0-IGO", "3.0-NL", "3.0-US")]
    + [f"CC-BY-SA-{port}" for port in ("2.0-UK", "2.1-JP", "3.0-AT", "3.0-DE", "3.0-IGO")]
    + [f"CC-BY-NC-SA-{port}" for port in ("2.0-DE", "2.0-FR", "2.0-UK", "3.0-DE", "3.0-IGO")]
    + ["CC-BY-NC-3.0-DE", "CC-BY-NC-ND-3.0-DE", "CC-BY-NC-ND-3.0-IGO", "CC-BY-ND-3.0-DE", "CC-SA-1.0"]
)
_DEDICATIONS = {
    "publicdomain/zero/1.0": "CC0-1.0",
    "publicdomain/mark/1.0": "CC-PDM-1.0",
    "licenses/publicdomain": "CC-PDDC",
}
_PORT = "([a-z]{2}|igo|scotland)"
_URL = re.compile(
    r"(?<![^\s(<\"'（])(?:(?:https?:)?//)?(?:www\.)?creativecommons\.org/+(?:"
    rf"({'|'.join(map(re.escape, _DEDICATIONS))})\b"
    rf"|licenses/([a-z]{{2}}(?:-[a-z]{{2}}){{0,2}})/(\d\.\d)(?!\.?\d)(?:/{_PORT}\b)?)",
    re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(
    rf"(cc0)(?:[ -]1\.0)?|cc[ -](by(?:[ -](?:nc|nd|sa)){{0,2}})[ -](\d\.\d)(?:[ -]{_PORT})?", re.IGNORECASE | re.ASCII
)


def by_url(words: str) -> str | None:
    """The licence that the first URL of Creative Commons in these words leads to, None without a version of one."""
    return _named(found) if (found := _URL.search(words)) else None


def by_name(words: str) -> str | None:
    """The same, or the licence whose short name the words are ("CC BY-SA 4.0")."""
    return _named(found) if (found := _URL.search(words) or _NAME.fullmatch(words)) else None


def url_in_words(words: str) -> tuple[int, str] | None:
    """Where the first URL of a licence stands, and which."""
    found = _URL.search(words)
    spdx = _named(found) if found else None
    return (found.start(), spdx) if found and spdx else None


def _named(found: re.Match[str]) -> str | None:
    dedication, terms, version, port = found.groups()
    if dedication:
        return _DEDICATIONS.get(dedication.lower(), "CC0-1.0")
    return _expression(re.split("[ -]", terms.upper()), version, port or "")


def _expression(terms: list[str], version: str, port: str) -> str | None:
    """None where there is no such licence (BY-ND-SA)."""
    kind = "-".join(term for term in ("BY", "NC", "ND", "SA") if term in terms)  # version 1.0 has by-nd-nc
    if kind.count("-") + 1 < len(set(terms)) or {"ND", "SA"} <= set(terms):
        return None
    found = "-".join(filter(None, ("CC", kind, version, port.upper())))
    return found if found in _SPDX else f"LicenseRef-{found}"


_PORTS = {
    "japan": "JP", "日本": "JP", "germany": "DE", "deutschland": "DE", "austria": "AT", "australia": "AU", "igo": "IGO",
    "netherlands": "NL", "france": "FR", "spain": "ES", "italy": "IT", "brazil": "BR", "brasil": "BR", "canada": "CA",
    "switzerland": "CH", "china": "CN", "taiwan": "TW", "korea": "KR", "poland": "PL", "united states": "US",
    "united kingdom": "UK", "uk": "UK", "england": "UK", "scotland": "SCOTLAND", "new zealand": "NZ",
    "south africa": "ZA", "india": "IN", "mexico": "MX", "chile": "CL", "argentina": "AR", "portugal": "PT",
}  # fmt: skip
# What the name of a licence is made of. It ends where anything else stands: "which permits non-commercial use" is no
# part of it.
_START = re.compile(
    r"creative ?commons|クリエイティブ[・ ]?コモンズ|CCライセンス|\bcc(?=[ -]?(?:by|0|zero)\b)",
    re.IGNORECASE | re.ASCII,
)
_PARTS = re.compile(
    r"(?P<BY>attribution|(?<=cc)by\b|(?<=cc[ -])by\b|by(?=[ -](?:n[cd]|sa)\b|[ -]?\d\.\d| licen)|表示"
    r"|atribui[cç][aã]o|atribuci[oó]n)"
    r"|(?P<NC>non-? ?commercial|nc\b|非営利|n[aã]o[ -]?comercial|no ?comercial)"
    r"|(?P<ND>no[ -]?deriv(?:ative)?s?(?: works?)?|nd\b|改変禁止|sem deriva[a-zçõ]+|sin deriva[a-z]+)"
    r"|(?P<SA>share[ -]?alike|sa\b|継承|compartilha ?igual|compartir ?igual)"
    r"|(?P<zero>0(?![.\d])|zero\b|cc0\b|public domain dedication)"
    r"|(?P<version>[1-4]\.[015](?!\.?\d))"
    rf"|(?P<port>{'|'.join(map(re.escape, _PORTS))})"
    r"|(?P<filler>[\s,;/:・()（）\[\]「」『』‐–—−-]+|の|creative ?commons|クリエイティブ[・ ]?コモンズ|cc\b"
    r"|ライセンス|国際|非移植|一般|licen[cs]es?\b|licen[cç]a\b|licencia\b|version\b|v(?=\.? ?[1-4]\.)"
    r"|international\b|unported\b|generic\b|internacional\b|works?\b)",
    re.IGNORECASE | re.ASCII,
)


def in_words(words: str) -> tuple[int, str] | None:
    """Where the first licence of Creative Commons is named, and which."""
    start = _START.search(words)
    if not start:
        return None
    at = start.end()
    terms: list[str] = []
    version = port = ""
    zero = False
    # The name ends at the first part that does not fit.
    while (part := _PARTS.match(words, at)) and part.end() > at:
        match part.lastgroup:
            case "BY" | "NC" | "ND" | "SA" if not version or part.lastgroup in terms:
                terms += [part.lastgroup] if part.lastgroup not in terms else []
            case "zero":
                zero = True
            case "version" if version in ("", part[0]):
                version = part[0]
            case "port" if version and not port and part[0].lower() in _PORTS:
                port = _PORTS[part[0].lower()]
            case "filler":
                pass
            case _:
                break
        at = part.end()
    if zero and not terms:
        return start.start(), "CC0-1.0"
    if not terms:
        rest = words[at : at + 40].lower()
        return start.start(), "LicenseRef-Public-Domain" if rest.startswith("public domain") else "LicenseRef-CC"
    if version:
        found = _expression(terms, version, port)
    else:
        found = f"LicenseRef-CC-{'-'.join(term for term in ('BY', 'NC', 'ND', 'SA') if term in terms)}"
    return (start.start(), found) if found else None
