"""Pages that were fetched under one URL: equal canonical URLs.

Crawlers meet a page under many spellings of its URL. Merging two pages loses one of them for good, while two spellings
that stay apart are still joined by their text. So a rule stands here only if it holds on practically every server:

    scheme     http and https are one site (SURT, the keys of Common Crawl's and the Internet Archive's indexes)
    host       lower case, IDNA in ASCII (UTS #46), without user, default port, final dot and "www." (SURT). www2. and
               the like stay, which SURT drops: www.nhk.or.jp and www3.nhk.or.jp are two sites
    path       no dot segments, "/" if empty (RFC 3986 §6.2.2.3 and §6.2.3), no ;jsessionid=
    query      no tracking parameters and session ids; the others sorted by name, as SURT and the caches of content
               networks do; those of one name, often a list, keep their order; no "?" without any
    fragment   none, but "#!" is a page of its own (Google's scheme for crawling AJAX pages)
    escapes    upper case, none for what needs none, UTF-8 for what needs one (RFC 3986 §6.2.2, RFC 3987 §3.1)

Left apart, though SURT merges some of them: upper and lower case in path and query, /a and /a/, /a/ and /a/index.html,
/a//b and /a/b, ?a and ?a=. Servers redirect from one to the other or serve equal texts, or the pages do differ.

courlan's `clean_url` is meant for link lists and too bold for this: it drops every parameter without a value and each
whose name holds "source", "session", "cid" or "keyword", and takes a URL in the query for the page itself.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address
from urllib.parse import quote, unquote, urlsplit

import idna
import xxhash

#: Characters of a URL. Browsers and servers stop at about 8,000, and so do our readers: what is longer may be cut off,
#: and then two pages would look like one.
MAX_CHARS = 8192

# What advertisers, mailers and analytics add to a link, another value for every click or campaign: from Brave's query
# filter and AdGuard's general list, with the missing siblings from the same senders (mc_cid beside mc_eid). Names that
# can also choose a page (ref, source, cid, campaign, clickid) are not among them.
_TRACKING = frozenset([
    "_ga", "_gl", "dclid", "gad_campaignid", "gad_source", "gbraid", "gclid", "gclsrc", "srsltid", "wbraid",
    "ebisadid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "fbclid", "igsh", "igshid", "irclickid",
    "li_fat_id", "msclkid", "s_kwcid", "ttclid", "twclid", "vc_lpp", "xtor", "_openstat", "yclid", "ymclid", "ysclid",
    "__hsfp", "__hssc", "__hstc", "_hsenc", "_hsmi", "hsctatracking", "_kx", "mc_cid", "mc_eid", "mkt_tok",
    "ml_subscriber", "ml_subscriber_hash", "oly_anon_id", "oly_enc_id", "rb_clickid", "vero_conv", "vero_id",
    "wickedid", "pk_campaign", "pk_cid", "pk_content", "pk_keyword", "pk_kwd", "pk_medium", "pk_source",
    "piwik_campaign", "piwik_keyword", "piwik_kwd",
    "jsessionid", "phpsessid",
])  # fmt: skip
_TRACKING_PREFIXES = ("utm_", "mtm_", "hsa_")  # Google Analytics, Matomo, HubSpot Ads: more than can be listed
# SURT's patterns: `sid` may be a session or a section, so it must look like a session.
_SESSION = re.compile(r"sid=[0-9a-z]{32}|aspsessionid[a-z]{8}=[a-z]{24}", re.IGNORECASE)
_PATH_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
# RFC 3986's unreserved characters and those that RFC 2396, until 2005, called so: encoders differ in just these.
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!*'()")
_PATH_SAFE = "%/:@!$&'()*+,;=~"
_QUERY_SAFE = _PATH_SAFE + "?"

_LABEL = re.compile(r"[0-9a-z_-]{1,63}")
_WWW = re.compile(r"(?:www\.)+(?=[^.]+\.)")


def canonical(url: str | None) -> str | None:
    """The URL in ASCII that stands for all spellings of `url`; idempotent.

    None for what is no http(s) URL with a host as DNS allows it (RFC 1035) or an IPv6 address, and for what has
    `MAX_CHARS` characters or more.
    """
    if url is None or len(url) >= MAX_CHARS:
        return None
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        name = parts.hostname or ""
        host = f"[{IPv6Address(name.partition('%')[0])}]" if "[" in parts.netloc else _dns_name(name)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host is None:
        return None
    # 80 and 443 are the defaults of the two schemes, which are one here.
    found = f"https://{host}" + ("" if port in (None, 80, 443) else f":{port}") + _path(parts.path)
    if query := _query(parts.query):
        found += "?" + query
    if parts.fragment.startswith("!"):
        found += "#" + _escaped(parts.fragment, _QUERY_SAFE)
    return found if len(found) < MAX_CHARS else None


def url_hashes(urls: Sequence[str | None]) -> list[bytes]:
    """16 bytes for each URL, fit for `pa.binary(16)`: xxh3_128 with seed 0 of its canonical form in ASCII, big-endian.

    16 zero bytes for a URL without a canonical form: such a document joins no other, not even its like.
    """
    forms = map(canonical, urls)
    return [b"\0" * 16 if form is None else xxhash.xxh3_128_digest(form.encode("ascii")) for form in forms]


def _dns_name(name: str) -> str | None:
    """Raises ValueError for code points that no host may hold."""
    name = unquote(name)
    if len(name) > 253:
        return None
    # IDNA 2008's further tests are left out: there are hosts with _ and with emoji, and browsers go there.
    labels = idna.uts46_remap(name, std3_rules=False).removesuffix(".").split(".")
    labels = [label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels]
    host = ".".join(labels)
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return None
    return _WWW.sub("", host, count=1) if host.startswith("www.") else host


def _path(path: str) -> str:
    found: list[str] = []
    segments = _PATH_SESSION.sub("", _escaped(path, _PATH_SAFE)).split("/")[1:]
    for segment in segments:
        if segment == "..":
            del found[-1:]
        elif segment != ".":
            found.append(segment)
    if segments and segments[-1] in (".", ".."):
        found.append("")
    return "/" + "/".join(found)


def _query(query: str) -> str:
    parameters = [parameter for parameter in _escaped(query, _QUERY_SAFE).split("&") if not _says_nothing(parameter)]
    return "&".join(sorted(parameters, key=_name))


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _says_nothing(parameter: str) -> bool:
    name = _name(parameter).lower()
    return (
        not parameter
        or name in _TRACKING
        or name.startswith(_TRACKING_PREFIXES)
        or _SESSION.fullmatch(parameter) is not None
    )


def _escaped(part: str, safe: str) -> str:
    # surrogatepass: half a pair is an error in any encoding, but no reason to stop
    return quote(_ESCAPE.sub(_normal_escape, part), safe=safe, errors="surrogatepass")


def _normal_escape(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return "%25"
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()
