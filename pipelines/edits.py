"""Texts as the filter stage left them: `extract` wrote them once, the edits of its rules lie beside the verdicts."""

import pyarrow as pa

#: Applied in order: code points `start` to `end` of the text, as the rules before `by` left it, become `put`. All spans
#: of one rule count in the text that it found.
EDITS = pa.list_(pa.struct([("by", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("put", pa.string())]))

Spans = list[tuple[int, int, str]]


def replaced(text: str, spans: Spans) -> str:
    """The text with other words in place of some spans (start, end, words), in order, none over another."""
    pieces, place = [], 0
    for start, end, put in spans:
        pieces += [text[place:start], put]
        place = end
    return "".join(pieces) + text[place:]


def edited(texts: pa.Array, edits: pa.Array) -> list[str]:
    """The texts with their edits (EDITS, null where there are none)."""
    found = texts.to_pylist()
    if edits.null_count == len(edits):
        return list(found)
    for row, of_one in enumerate(edits.to_pylist()):
        by_rule: dict[str, Spans] = {}
        for edit in of_one or ():
            by_rule.setdefault(edit["by"], []).append((edit["start"], edit["end"], edit["put"]))
        for spans in by_rule.values():
            found[row] = replaced(found[row], spans)
    return list(found)
