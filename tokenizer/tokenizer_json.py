"""Tokenizers of Hugging Face: a `tokenizer.json`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tokenizers
from numpy.typing import NDArray

from tokenizer.model import UnreadableModel, first_line

LIBRARY = "tokenizers"

_BYTE = re.compile("<0x[0-9A-F]{2}>")


@dataclass(frozen=True)
class TokenizerJson:
    tokenizer: tokenizers.Tokenizer
    vocab_size: int
    unknown_id: int | None

    def piece_id(self, piece: str) -> int | None:
        return self.tokenizer.token_to_id(piece)

    def encode(self, texts: Sequence[str], threads: int) -> list[NDArray[np.int32]]:
        """`threads` has no say: the library has one pool for the process (RAYON_NUM_THREADS) and takes all of it.

        Without the offsets that nobody here asks for, and in the pool: three times as fast on two cores.
        """
        found = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array(encoding.ids, np.int32) for encoding in found]

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode([int(i) for i in ids], skip_special_tokens=False)

    def byte_pieces(self) -> NDArray[np.bool_]:
        """`<0x41>` of models that fall back to bytes; in byte-level ones what does not decode to characters."""
        pieces = self.tokenizer.get_vocab(with_added_tokens=True)
        found = np.zeros(self.vocab_size, np.bool_)
        for piece, i in pieces.items():
            found[i] = bool(_BYTE.fullmatch(piece)) or ("�" in self.decode([i]) and "�" not in piece)
        return found


def load(data: bytes) -> TokenizerJson:
    """A tokenizer from its file, without truncation and padding, which such files often ask for.

    Raises:
        UnreadableModel: the file is damaged, or asks for what the library does not have.
    """
    try:
        tokenizer = tokenizers.Tokenizer.from_buffer(data)
    except Exception as error:  # the library raises no other, and none of its own
        raise UnreadableModel(f"not a tokenizer.json ({first_line(error)})") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    pieces = tokenizer.get_vocab(with_added_tokens=True)
    if not pieces:
        raise UnreadableModel("a tokenizer.json without a vocabulary")
    unknown = getattr(tokenizer.model, "unk_token", None)
    return TokenizerJson(tokenizer, max(pieces.values()) + 1, None if unknown is None else pieces.get(unknown))
