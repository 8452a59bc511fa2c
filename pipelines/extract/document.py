"""What every format makes of the bytes of one record: texts, each with its language, its identity and its rights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.extract.rights import Rights

NOTHING_SAID = Rights()


@dataclass(frozen=True)
class Document:
    """One text of a record. A record may hold several, as a Japanese and an English one; they are never mixed.

    `text` and `title` are normalized (tokenizer/normalize.py): NFC, no control characters. Paragraphs and headings are
    lines, a heading begins with as many # as its depth; an empty line parts paragraphs where the format has any.
    """

    text: str
    title: str = ""
    part: str = ""
    """Tells the texts of one record apart, and is in their identity: "" where the format has one text a record, else a
    name as "ja", which a JATS article has for its only text too."""
    lang: str = ""
    """ISO 639 code of the language that the source itself declares; "" where it declares none."""
    ids: tuple[str, ...] = ()
    """What the work is called, the best name first: "doi:10.1371/journal.pone.0146913" (DOIs in lower case),
    "pmcid:PMC4728187", "arxiv:1706.03762", "page:12" with "revision:345". A DOI is the same in every form of a work."""
    date: str = ""
    """Of publication, as ISO 8601 to the day, month or year: "2016-01-19", "2016"."""
    container: str = ""
    """The journal, book or series it stood in."""
    captions: tuple[str, ...] = ()
    """Of figures and tables, in order, set apart from the text."""
    charset: str = ""
    """The one that decoded, and who named it: bom, declaration, header or detector. "" where the format fixes it."""
    charset_source: str = ""
    rights: Rights = NOTHING_SAID
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was left out or not understood: {"references": 31, "unknown_macros": 2}. Nothing goes in silence."""


class Unreadable(Exception):
    """A record without a text.

    `reason` is a name of the format's docstring (too_large, undecodable, too_deep, empty …); guard adds timeout, memory
    and crashed. `detail` is for people.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
