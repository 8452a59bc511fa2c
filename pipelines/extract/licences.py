"""One name for a licence, however a work states it: by a URL, an SPDX expression, or words in English or Japanese.

Names are SPDX expressions (https://spdx.org/licenses/, version 3.27), "LicenseRef-…" where SPDX has none. They are
counted and asked for by exact string, so there is one for each licence, and nothing is added to what is stated:
"CC BY" without a version is LicenseRef-CC-BY, and not a licence of any version.
"""

import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from pipelines.extract import creative_commons

#: Characters that are looked at. A licence is named at the beginning of its words.
MAX_WORDS = 2_000

#: For words that state a licence which is not known here.
UNRECOGNIZED = "LicenseRef-Unrecognized"
ALL_RIGHTS_RESERVED = "LicenseRef-All-Rights-Reserved"
PUBLIC_DOMAIN = "LicenseRef-Public-Domain"


def name(words: str, url: str = "") -> str | None:
    """The name of the licence that `words` and `url` state; None where they state none, as does "© 2011 T. Sato".

    Where the URL and the words contradict each other, both hold: "CC-BY-4.0 AND CC-BY-NC-4.0".
    """
    words = " ".join(words[:MAX_WORDS].split())
    linked = _linked(url[:MAX_WORDS].strip()) if url.strip() else None
    worded = _worded(words) if words else None
    if linked is None or worded is None:
        return linked or worded
    # A URL that only leads to a publisher's page says less than words that name a licence.
    if linked in _TOLD_BY_WORDS or linked.startswith(_SITE):
        return worded if worded != UNRECOGNIZED else linked
    if worded in _SAY_LITTLE or _agree(linked, worded):
        return linked
    if worded.startswith(_SITE):
        return linked
    return " AND ".join(f"({stated})" if " OR " in stated else stated for stated in (linked, worded))


_SITE = "LicenseRef-site-"
_TOLD_BY_WORDS = frozenset({UNRECOGNIZED, "LicenseRef-CC", "LicenseRef-Open-Access"})
_SAY_LITTLE = _TOLD_BY_WORDS | {ALL_RIGHTS_RESERVED, PUBLIC_DOMAIN}


def _agree(linked: str, worded: str) -> bool:
    """Is `worded` the same, or the same without a version?"""
    family = re.escape(worded.removeprefix("LicenseRef-"))
    return worded == linked or bool(re.fullmatch(rf"(?:LicenseRef-)?{family}(?:-[\d.]+\w?(?:-\w+)*)?", linked))


# SPDX took these back because they do not say whether later versions may be chosen; "only" is what they stood for.
_DEPRECATED = re.compile(r"(?<!LicenseRef-)\b((?:A?GPL|LGPL|GFDL)-\d\.\d)(?![-\d])(\+?)")
_EXPRESSION = re.compile(r"[A-Za-z0-9.+() :-]{1,200}")

_GNU = {"GENERAL": "GPL", "LESSER GENERAL": "LGPL", "LIBRARY GENERAL": "LGPL", "AFFERO GENERAL": "AGPL"}
_GNU_WORDS = re.compile(
    r"\b(?:(?:gnu\s)?(free\sdocumentation\slicen[cs]e|gfdl)"
    r"|gnu\s((?:lesser\s|library\s|affero\s)?general)\spublic\slicen[cs]e|(?:gnu\s)?([al]?gpl))\b"
    r"(?:\s?\((?:gnu\s)?(?:[al]?gpl|gfdl)\))?,?\s?-?(?:version\s|v\.?\s?)?(\d(?:\.\d)?)?"
    r"(,?\s?(?:or\s(?:\(at\syour\soption\)\s)?(?:any\s)?(?:later|newer)|以降|\+))?",
    re.IGNORECASE | re.ASCII,
)

#: Words to names, the first that is found.
_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), spdx)
    for pattern, spdx in (
        (r"\b(?:elsevier|user) user ?licen[cs]e\b|\belsevier user\b", "LicenseRef-Elsevier-User-1.0"),
        (r"\bacs author ?choice\b", "LicenseRef-ACS-AuthorChoice"),
        (r"\bwiley\b.{0,60}\b(?:text and data mining|tdm)\b", "LicenseRef-Wiley-TDM"),
        (r"\barxiv(?:\.org)?\b.{0,40}non-?exclusive\b|non-?exclusive\b.{0,40}\barxiv\b",
         "LicenseRef-arXiv-nonexclusive-distrib-1.0"),
        (r"\bapache(?: software)? licen[cs]e,? ?(?:version |v\.? ?)?2(?:\.0)?\b|\bapache[ -]2(?:\.0)?\b", "Apache-2.0"),
        (r"\bmit licen[cs]e\b|\bmit ライセンス|\bMITライセンス", "MIT"),
        (r"\bbsd[ -]3[ -]clause\b|\b(?:3-clause|three-clause|new|modified|revised) bsd\b", "BSD-3-Clause"),
        (r"\bbsd[ -]2[ -]clause\b|\b(?:2-clause|two-clause|simplified) bsd\b", "BSD-2-Clause"),
        (r"\bbsd(?:-style)? licen[cs]e\b|\bBSDライセンス", "LicenseRef-BSD"),
        (r"\bmozilla public licen[cs]e,? ?(?:version |v\.? ?)?2\.0\b", "MPL-2.0"),
        (r"\b(?:latex project public licen[cs]e|lppl),?[ -]?(?:version |v\.? ?)?1\.3c\b", "LPPL-1.3c"),
        (r"\b(?:latex project public licen[cs]e|lppl)\b", "LicenseRef-LPPL"),
        (r"\bopen government licen[cs]e,? ?\(?(?:version |v\.? ?)?3(?:\.0)?\b", "OGL-UK-3.0"),
        (r"\bopen government licen[cs]e,? ?\(?(?:version |v\.? ?)?2(?:\.0)?\b", "OGL-UK-2.0"),
        (r"\bopen government licen[cs]e,? ?\(?(?:version |v\.? ?)?1(?:\.0)?\b", "OGL-UK-1.0"),
        (r"\bopen government licen[cs]e\b", "LicenseRef-OGL"),
        (r"\bopen data commons open database licen[cs]e\b|\bodbl\b", "ODbL-1.0"),
        (r"\bopen data commons attribution\b|\bodc-by\b", "ODC-By-1.0"),
        (r"\bopen data commons public domain\b|\bpddl\b", "PDDL-1.0"),
        (r"\bsil open font licen[cs]e,? ?(?:version |v\.? ?)?1\.1\b", "OFL-1.1"),
        (r"\bfree art licen[cs]e,? ?(?:version |v\.? ?)?1\.3\b", "LAL-1.3"),
        (r"政府標準利用規約[（(]?第?\s?(?:2\.0|２．０)", "LicenseRef-GJSTU-2.0"),
        (r"公共データ利用規約[（(]?第?\s?(?:1\.0|１．０)|\bpublic data licen[cs]e[ (]{0,2}(?:version |v\.? ?)?1\.0",
         "LicenseRef-PDL-1.0"),
        (r"public[ -]domain|dom[ií]nio p[uú]blico|domaine public|パブリック[・ ]?ドメイン|free of all copyright"
         r"|保護期間(?:は|が)?満了|著作権(?:は|が)?消滅", PUBLIC_DOMAIN),
        (r"all rights reserved|無断(?:転載|複製|引用)(?:・複製|・転載)?(?:を|は)?(?:禁|厳禁)|禁無断転載|全著作権所有",
         ALL_RIGHTS_RESERVED),
        (r"^open[- ]?access$", "LicenseRef-Open-Access"),
    )
)  # fmt: skip

#: URLs without scheme and "www." to names, the first that fits.
_URLS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), spdx)
    for pattern, spdx in (
        (r"elsevier\.com/tdm/userlicense/1\.0", "LicenseRef-Elsevier-TDM-1.0"),
        (r"elsevier\.com/open-access/userlicense/1\.0", "LicenseRef-Elsevier-User-1.0"),
        (r"(?:dx\.)?doi(?:\.org|\.wiley\.com)/10\.1002/tdm_license_1\.1$", "LicenseRef-Wiley-TDM-1.1"),
        (r"(?:dx\.)?doi(?:\.org|\.wiley\.com)/10\.1002/tdm_license_1(?:\.0)?$", "LicenseRef-Wiley-TDM-1.0"),
        (r"onlinelibrary\.wiley\.com/termsandconditions", "LicenseRef-Wiley-Terms"),
        (r"pubs\.acs\.org/page/policy/authorchoice", "LicenseRef-ACS-AuthorChoice"),
        (r"springer(?:nature)?\.com/(?:gp/researchers/text-and-data-mining|tdm)", "LicenseRef-Springer-TDM"),
        (r"arxiv\.org/licenses/nonexclusive-distrib/1\.0", "LicenseRef-arXiv-nonexclusive-distrib-1.0"),
        (r"arxiv\.org/licenses/assumed-1991-2003", "LicenseRef-arXiv-assumed-1991-2003"),
        (r"apache\.org/licenses/license-2\.0", "Apache-2.0"),
        (r"opendatacommons\.org/licenses/by/", "ODC-By-1.0"),
        (r"opendatacommons\.org/licenses/odbl/", "ODbL-1.0"),
        (r"opendatacommons\.org/licenses/pddl/", "PDDL-1.0"),
        (r"latex-project\.org/lppl/lppl-1-3c", "LPPL-1.3c"),
        (r"mozilla\.org/(?:en-us/)?mpl/2\.0", "MPL-2.0"),
        (r"digital\.go\.jp/resources/open_data/public_data_license_v1\.0", "LicenseRef-PDL-1.0"),
    )
)
_OGL_URL = re.compile(r"nationalarchives\.gov\.uk/doc/open-government-licence/version/([1-3])\b", re.IGNORECASE)
_GNU_URL = re.compile(
    r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?(fdl|gpl|lgpl|agpl)-?(\d\.\d)?\b", re.IGNORECASE
)
_LISTED_URL = re.compile(
    r"(?:opensource\.org/licen[cs]es?|spdx\.org/licenses)/([A-Za-z0-9.+-]{1,40}?)(?:\.html|\.php)?/?$"
)
_SCHEME = re.compile(r"(?:https?:)?//(?:www\.)?", re.IGNORECASE)
_NO_NAME = re.compile(r"[^A-Za-z0-9.]+")
_LICENCE_WORD = re.compile(
    r"licen[csç]|permi(?:t|ssion)|reserved|distributed under|terms|re-?use|reproduc|creative ?commons|\bcc\b"
    r"|ライセンス|利用|許諾|転載|コモンズ",
    re.IGNORECASE,
)


def _linked(url: str) -> str | None:
    if at := creative_commons.by_url(url):
        return at
    bare = _SCHEME.sub("", url, count=1).removeprefix("www.")
    for pattern, spdx in _URLS:
        if pattern.match(bare):
            return spdx
    if found := _OGL_URL.match(bare):
        return f"OGL-UK-{found[1]}.0"
    if found := _GNU_URL.match(bare):
        family = {"fdl": "GFDL"}.get(found[1].lower(), found[1].upper())
        # The page has the text of a version, and does not say whether later ones may be chosen.
        return f"LicenseRef-{family}-{found[2]}" if found[2] else f"LicenseRef-{family}"
    if (found := _LISTED_URL.match(bare)) and (listed := _expression(found[1])):
        return listed
    if bare.lower().startswith(("creativecommons.org", "creativecommons.jp")):
        return "LicenseRef-CC"
    site = _NO_NAME.sub("-", bare.partition("?")[0].partition("#")[0].lower())[:80].strip("-.")
    return _SITE + site if site else UNRECOGNIZED


def _worded(words: str) -> str | None:
    if url := _only_url(words):
        return _linked(url)
    if expression := _expression(words):
        return expression
    at = len(words)
    best: str | None = None
    for found in (creative_commons.url_in_words(words), creative_commons.in_words(words), _gnu(words)):
        if found and found[0] < at:
            at, best = found
    # "Creative Commons" is often followed by the URL that says which.
    if best and (linked := creative_commons.by_url(words)) and (best in _SAY_LITTLE or _agree(linked, best)):
        best = linked
    if best and best != "LicenseRef-CC":
        return best
    for pattern, spdx in _WORDS:
        if pattern.search(words):
            return spdx
    return best or (UNRECOGNIZED if _LICENCE_WORD.search(words) else None)


def _only_url(words: str) -> str:
    return words if " " not in words and words.lower().startswith(("http://", "https://", "//", "www.")) else ""


def _expression(words: str) -> str | None:
    """The words as an SPDX expression in its canonical form, None where they are none."""
    if not _EXPRESSION.fullmatch(words):
        return None
    if short := creative_commons.by_name(words):
        return short
    try:
        found = canonicalize_license_expression(words)
    except InvalidLicenseExpression:
        return None
    return _DEPRECATED.sub(lambda old: old[1] + ("-or-later" if old[2] else "-only"), found)


def _gnu(words: str) -> tuple[int, str] | None:
    found = _GNU_WORDS.search(words)
    if not found:
        return None
    documentation, full, short, version, later = found.groups()
    family = "GFDL" if documentation else _GNU[full.upper()] if full else short.upper()
    if not version:
        return found.start(), f"LicenseRef-{family}"
    version = version if "." in version else f"{version}.0"
    listed = _expression(f"{family}-{version}-or-later") if later else None
    return found.start(), listed or f"LicenseRef-{family}-{version}"
