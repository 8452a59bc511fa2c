"""SentencePiece models, Unigram and BPE."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from tokenizer.model import UnreadableModel, first_line

LIBRARY = "sentencepiece"


@dataclass(frozen=True)
class SentencePiece:
    processor: Any
    vocab_size: int
    unknown_id: int

    def piece_id(self, piece: str) -> int | None:
        found = int(self.processor.piece_to_id(piece))
        return None if found == self.unknown_id else found

    def encode(self, texts: Sequence[str], threads: int) -> list[NDArray[np.int32]]:
        # As arrays: lists of Python integers take a third of the time again.
        found: list[NDArray[np.int32]] = self.processor.encode(list(texts), out_type="numpy", num_threads=threads)
        return found

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.processor.decode([int(i) for i in ids])
        return text

    def byte_pieces(self) -> NDArray[np.bool_]:
        return np.array([self.processor.is_byte(i) for i in range(self.vocab_size)], np.bool_)


def load(data: bytes) -> SentencePiece:
    """A model from its file. Raises `UnreadableModel`."""
    if not data:
        raise UnreadableModel("an empty file")  # to the library a model without pieces
    try:
        processor = sentencepiece.SentencePieceProcessor(model_proto=data)
        return SentencePiece(processor, processor.get_piece_size(), processor.unk_id())
    except RuntimeError as error:
        raise UnreadableModel(f"not a SentencePiece model ({first_line(error)})") from None
