"""Which texts are held out of training, so that what is measured on them was not learned."""

import hashlib

from dedup import shingles
from tokenizer.words import UNSPACED

#: One text in so many.
HELD_OUT = 10
#: The smallest hash of so many words, or characters of scripts without spaces, decides. Shorter ones are in too many
#: texts: whole corpora would go to one side. No more than these characters of a text are looked at.
_WORDS, _CHARACTERS, _MOST_CHARS, _MOST_SHINGLES = 8, 20, 100_000, 1 << 17


def holds_out(text: str, lang: str, purpose: str) -> bool:
    """By the smallest hash of its shingles, which two texts share with a chance of their Jaccard similarity (Broder
    1997): copies with small changes are on the same side. Pages of one site are not kept apart. Every `purpose` holds
    out others."""
    length = _CHARACTERS if lang in UNSPACED else _WORDS
    values, _ = shingles.hashes([shingles.key(text[:_MOST_CHARS])], [lang], length, _MOST_SHINGLES)
    smallest = int(values.min()) if len(values) else 0
    return hashlib.sha256(f"{purpose} {smallest}".encode()).digest()[0] * HELD_OUT < 256
