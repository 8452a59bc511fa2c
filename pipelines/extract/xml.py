"""The one way in for XML of every kind: strictly read, nothing fetched, nothing expanded, bounded.

A document type declaration is looked at by expat, which opens nothing, and never reaches libxml2, which opens external
parameter entities even where it is told to load no DTD (lxml 6.1, libxml2 2.14). So there are no entities but the five
of XML and, where a DTD is named, the characters that HTML gives a name: those of the ISO sets that the DTDs of JATS and
TEI bring along (&nbsp;, &alpha;).
"""

import html.entities
import re
from typing import Any
from xml.parsers import expat

from lxml import etree

from pipelines.extract import charset
from pipelines.extract.document import Unreadable

#: Some 60 times the largest of 212 real articles (0.5 MB, 12,334 elements, 30 deep). The worst tree of that many bytes
#: (6 million attributes) takes 1.3 GB; libxml2 itself stops at 256 nested elements.
MAX_BYTES = 32_000_000
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 200

_REFERENCE = re.compile(rb"&([A-Za-z][A-Za-z0-9]{0,31});")


def parse(raw: bytes) -> Any:
    """The root element of a document, without comments and processing instructions.

    Bytes that are not what they declare (or UTF-8 or UTF-16, where they declare nothing) are not guessed at, and
    nothing malformed is repaired.

    Raises:
        Unreadable: too_large, undecodable, malformed, entities (declares an entity or names an unknown one), too_deep
            or too_many_elements.
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable("too_large", f"{len(raw)} bytes, limit {MAX_BYTES}")
    document = _without_doctype(_utf8(raw))
    # Before a tree of them is built: each element has one "<" or two, and little else has any.
    if (marks := document.count(b"<")) > 2 * MAX_ELEMENTS:
        raise Unreadable("too_many_elements", f"{marks} tags, limit {2 * MAX_ELEMENTS}")
    parser = etree.XMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, collect_ids=False, huge_tree=False
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(_reason(error), str(error)[:200]) from None
    if _TOO_DEEP(root):
        raise Unreadable("too_deep", f"more than {MAX_DEPTH} nested elements")
    if (elements := int(_COUNT(root))) > MAX_ELEMENTS:
        raise Unreadable("too_many_elements", f"{elements} elements, limit {MAX_ELEMENTS}")
    return root


_COUNT = etree.XPath("count(//*)")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")


def _utf8(raw: bytes) -> bytes:
    """The document in UTF-8, for Python's and libxml2's Shift_JIS and EUC-JP refuse what real files hold (①㈱髙)."""
    label = charset.codec(charset.meta_label(raw))
    if label in ("", "utf-8"):
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return raw
    try:
        decoded = charset.decode(raw)
    except charset.Undecodable as error:
        raise Unreadable("undecodable", str(error)) from None
    if decoded.repaired or (decoded.how == "detector" and not decoded.charset.startswith("utf-")):
        raise Unreadable("undecodable", f"not valid {label or 'utf-8'}, nor does it declare another encoding")
    return decoded.text.encode()


class _Root(Exception):
    """The root element begins."""


def _without_doctype(document: bytes) -> bytes:
    """The same from its root element on, with no declarations but those of the named characters in it."""
    if b"<!DOCTYPE" not in document:
        return document
    parser = expat.ParserCreate("utf-8")
    start = 0
    doctype = False

    def entity(
        name: str, parameter: bool, value: str | None, base: Any, system: Any, public: Any, notation: Any
    ) -> None:
        # Unparsed ones name pictures and parameters with a value switch parts of a DTD: neither stands in a text.
        if notation is None and not (parameter and value is not None):
            raise Unreadable("entities", f"declares the entity {name[:100]}")

    def begin(name: str, attributes: Any) -> None:
        nonlocal start
        start = parser.CurrentByteIndex
        raise _Root

    def declaration(name: str, system: Any, public: Any, internal: Any) -> None:
        nonlocal doctype
        doctype = True

    parser.EntityDeclHandler = entity
    parser.StartDoctypeDeclHandler = declaration
    parser.StartElementHandler = begin
    try:
        parser.Parse(document, True)
    except _Root:
        pass
    except expat.ExpatError as error:
        raise Unreadable("malformed", str(error)) from None
    if not doctype:
        return document
    names = {match[1].decode() for match in _REFERENCE.finditer(document, start)}
    characters = {name: html.entities.html5[f"{name};"] for name in names if f"{name};" in html.entities.html5}
    declared = "".join(
        f'<!ENTITY {name} "{"".join(f"&#{ord(character)};" for character in characters[name])}">'
        for name in sorted(characters)
        if not {"<", "&"} & set(characters[name])
    )
    return f"<!DOCTYPE any [{declared}]>".encode() + document[start:]


def _reason(error: etree.XMLSyntaxError) -> str:
    match error.code:
        case etree.ErrorTypes.ERR_UNDECLARED_ENTITY | etree.ErrorTypes.ERR_ENTITY_LOOP:
            return "entities"
        case etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            message = str(error)
            return "too_deep" if "depth" in message else "entities" if "entity" in message else "too_large"
    return "malformed"
