"""What the three kinds of tokenizers have in common: what a loaded model can do, and how a bad file is refused."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class UnreadableModel(Exception):
    """The file is no tokenizer that we can read, or none can be trained; the text is one line for the user."""


class Model(Protocol):
    """A tokenizer, ready to cut. Any thread may call it; the same texts give the same ids whatever the threads."""

    @property
    def vocab_size(self) -> int:
        """One more than the largest id, whether or not each id below it has a piece: rows of an embedding."""

    @property
    def unknown_id(self) -> int | None:
        """The id of what no piece covers; None where there is always one."""

    def piece_id(self, piece: str) -> int | None:
        """The id of a piece by its name; None where there is none."""

    def encode(self, texts: Sequence[str], threads: int) -> list[NDArray[np.int32]]:
        """The ids of each text, (n,) int32. Names of special pieces in a text are text."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids that are in the vocabulary."""

    def byte_pieces(self) -> NDArray[np.bool_]:
        """(vocab_size,): which ids stand for bytes of a character, because it has no piece of its own."""


def first_line(error: BaseException) -> str:
    """What a library says, short enough for one line of ours."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
