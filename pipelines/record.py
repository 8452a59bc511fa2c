"""The Arrow schemas of what the stages write, and what makes a document's identity. See docs/data-format.md."""

import hashlib

import pyarrow as pa

from pipelines.edits import EDITS

#: The reason a row bears in every stage after the one that dropped it. It is not counted again there.
UPSTREAM = "upstream"

#: `extract`: a row for each document of the records of the input, for each record without one, and for each damaged
#: span, in the order of the file.
DOCUMENT = pa.schema(
    [
        pa.field("doc_id", pa.binary(16), nullable=False),
        pa.field("reason", pa.string()),  # null: the page has a text
        pa.field("detail", pa.string()),  # what exactly was wrong, for people
        pa.field("text", pa.string()),  # null where there is a reason
        pa.field("title", pa.string()),
        pa.field("format", pa.string()),  # html, jats, latex, pdf …; text where the source gave a text as it is
        pa.field("ids", pa.list_(pa.string())),  # what the work is called: doi:10.…, pmcid:…, page:…; the best first
        pa.field("declared_lang", pa.string()),  # what the source says, ISO 639; the language is judged by `filter`
        pa.field("container", pa.string()),  # the journal, book or series
        pa.field("captions", pa.list_(pa.string())),  # of figures and tables, set apart from the text
        # what was left out or not understood on the way to the text, by name
        pa.field("counts", pa.list_(pa.struct([("name", pa.string()), ("count", pa.int64())]))),
        pa.field("url", pa.string()),
        pa.field("record_id", pa.string()),
        pa.field("date", pa.timestamp("us", "UTC")),
        pa.field("status", pa.int32()),
        pa.field("content_type", pa.string()),
        pa.field("http_charset", pa.string()),
        pa.field("charset", pa.string()),  # the one that decoded
        pa.field("charset_source", pa.string()),  # bom, meta, header or detector
        # what the page and its header say of rights; null where there is no text
        pa.field("robots", pa.list_(pa.string())),  # restrictions: noai, googlebot:noindex
        pa.field("tdm_reservation", pa.bool_()),  # null: nothing is said
        pa.field("tdm_policy", pa.string()),
        pa.field("licences", pa.list_(pa.string())),  # SPDX expressions, or else URLs
        pa.field("licence_evidence", pa.list_(pa.struct([(n, pa.string()) for n in ("stated", "spdx", "where")]))),
        pa.field("source", pa.string(), nullable=False),  # the input file's name
        pa.field("offset", pa.int64(), nullable=False),  # of the gzip member, or of the record in a plain file
        pa.field("inner", pa.int64(), nullable=False),  # of the record inside its gzip member
        pa.field("member", pa.string()),  # the name in an archive, and the part of a record that holds several texts
    ]
)

#: `filter`: same part, same rows, same order as `extract`. The scores that the rules measured come after these.
VERDICT = pa.schema(
    [
        pa.field("doc_id", pa.binary(16), nullable=False),
        pa.field("reason", pa.string()),  # null keeps
        pa.field("value", pa.float64()),  # what was measured
        pa.field("limit", pa.float64()),  # what it was held against
        pa.field("detail", pa.string()),  # what exactly was found, of rules that find words, entries or items
        pa.field("lang", pa.string()),
        pa.field("lang_score", pa.float32()),
        pa.field("edits", EDITS),  # null where no rule changed the text
    ]
)

#: `dedup/decide`: same part, same rows, same order as `extract`.
DUPLICATE = pa.schema(
    [
        pa.field("doc_id", pa.binary(16), nullable=False),
        pa.field("reason", pa.string()),  # null keeps; exact, near, url, repeated_lines
        pa.field("value", pa.float64()),  # similarity to the representative
        pa.field("limit", pa.float64()),
        pa.field("representative", pa.binary(16)),  # the document kept instead
        pa.field("bands_shared", pa.int32()),
        pa.field("cluster_size", pa.int32()),  # of the cluster this document is in, itself included
    ]
)

#: `dedup/sign`, where the recipe cuts repeated lines: same part, same rows, same order as `extract`.
CUT = pa.schema(
    [
        pa.field("doc_id", pa.binary(16), nullable=False),
        # code points of the text, start and end; null where the document had gone before
        pa.field("cuts", pa.list_(pa.struct([pa.field("start", pa.int64()), pa.field("end", pa.int64())]))),
    ]
)

#: `dedup/cluster`, where there are earlier corpora: clusters that were apart in them and are one now.
BRIDGE = pa.schema(
    [
        pa.field("bridged_by", pa.binary(16), nullable=False),  # the document that came last of those that join them
        pa.field("cluster", pa.binary(16), nullable=False),  # the first document of each of the two
        pa.field("joined", pa.binary(16), nullable=False),
    ]
)

#: `tokenize/shards/__meta__`: row i tells where row i of the shard of the same name came from. The scores that the
#: recipe asks for come after these, under the names they have in `filter`.
PROVENANCE = pa.schema(
    [
        pa.field("doc_id", pa.binary(16), nullable=False),
        pa.field("url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("date", pa.timestamp("us", "UTC")),
        pa.field("format", pa.string()),
        pa.field("ids", pa.list_(pa.string())),
        pa.field("container", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("inner", pa.int64(), nullable=False),
        pa.field("member", pa.string()),
        pa.field("record_id", pa.string()),
        pa.field("charset", pa.string()),
        pa.field("licences", pa.list_(pa.string())),
        pa.field("robots", pa.list_(pa.string())),
        pa.field("tdm_reservation", pa.bool_()),
        pa.field("tdm_policy", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("lang_score", pa.float32()),
        pa.field("cluster_size", pa.int32()),
        pa.field("chars", pa.int64(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
    ]
)


def doc_id(source: str, record_id: str) -> bytes:
    """128 bits of SHA-256 over where a document comes from, never over its text, so that a new version keeps its id.

    `source` is the kind of world the record id is unique in (`warc`), the record id is the world's own.
    """
    return hashlib.sha256(f"{source}\0{record_id}".encode()).digest()[:16]
