"""Subwords: cut text with a SentencePiece model, a Hugging Face `tokenizer.json` or tiktoken's ranks, in one way."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tokenizer import ranks, sentencepiece_model, tokenizer_json
from tokenizer.model import Model, UnreadableModel

__all__ = ["FILES", "LIBRARIES", "Subwords", "UnreadableModel", "load", "loads"]

Kind = Literal["sentencepiece", "huggingface", "tiktoken"]

#: What a file of each kind is called where others look for it, and the distribution that cuts with it.
FILES: dict[Kind, str] = {
    "sentencepiece": "tokenizer.model", "huggingface": "tokenizer.json", "tiktoken": "tokenizer.tiktoken",
}  # fmt: skip
LIBRARIES: dict[Kind, str] = {
    "sentencepiece": sentencepiece_model.LIBRARY,
    "huggingface": tokenizer_json.LIBRARY,
    "tiktoken": ranks.LIBRARY,
}

#: How the tokenizers we know call the piece that ends a document, best name first: `<|end_of_text|>` is Llama 3's,
#: `<eos>` Gemma's, and `</s>` is in most SentencePiece models.
EOD_PIECES = (
    "<EOD|LLM-jp>", "<EOD>", "<|eod|>", "<|endoftext|>", "<|end_of_text|>", "<eod>", "<eos>", "</s>",
)  # fmt: skip

#: A few sentences whose ids tell two tokenizers apart even where their files differ only in name.
PROBE = (
    "源氏物語は、紫式部が書いた。ｶﾞﾗｽの瓶が１２本あります。\n\tThe quick brown fox: 3.14 ≈ π, naïve café 𠮷野家 👩‍👩‍👧\n"
)


@dataclass(frozen=True)
class Subwords:
    """A loaded tokenizer and what it is known by. `eod_id` ends every document in a shard."""

    model: Model
    kind: Kind
    sha256: str
    eod_id: int
    eod_piece: str

    @property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return self.model.vocab_size

    def encode_flat(self, texts: Sequence[str], threads: int = 1) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The ids of all texts in one array, (n,) int32, and where each begins, (texts + 1,) int64.

        The last id of each text is its end of document. Threads change nothing but the time.
        """
        found = self.model.encode(texts, threads)
        offsets = np.zeros(len(found) + 1, np.int64)
        np.cumsum([len(ids) + 1 for ids in found], out=offsets[1:])
        flat = np.full(offsets[-1], self.eod_id, np.int32)
        for ids, start in zip(found, offsets.tolist()):
            flat[start : start + len(ids)] = ids
        return flat, offsets

    def encode(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        """The ids of each text, its end-of-document id last."""
        flat, offsets = self.encode_flat(texts)
        yield from np.split(flat, offsets[1:-1]) if len(texts) else ()

    def decode(self, ids: Sequence[int] | NDArray[np.int32]) -> str:
        """The text of ids, with the names of special pieces among it."""
        return self.model.decode([int(i) for i in ids])

    def probe_sha256(self) -> str:
        """SHA-256 of the ids (int32, little-endian) of a fixed Japanese and English probe: equal ids, equal cuts."""
        (ids,) = self.model.encode([PROBE], 1)
        return hashlib.sha256(ids.astype("<i4").tobytes()).hexdigest()

    def identity(self) -> dict[str, Any]:
        """What tells it from others, as cards and manifests record it; plain JSON data."""
        return {
            "kind": self.kind,
            "sha256": self.sha256,
            "probe_sha256": self.probe_sha256(),
            "vocab_size": self.vocab_size,
            "eod_id": self.eod_id,
            "eod_piece": self.eod_piece,
        }


def load(path: Path, pattern: str = "") -> Subwords:
    """A tokenizer from its file. Raises `UnreadableModel`: in one line the path, what is wrong and what to do."""
    try:
        return loads(path.read_bytes(), pattern)
    except (OSError, UnreadableModel) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UnreadableModel(f"{path}: {why}; name another model, or none") from None


def loads(data: bytes, pattern: str = "") -> Subwords:
    """A tokenizer of the kind that its first bytes tell. `pattern` is for ranks, see `ranks.SCHEMES`.

    Raises:
        UnreadableModel: the file is damaged, or nothing in it ends a document.
    """
    kind, model = _model(data, pattern)
    for piece in EOD_PIECES:
        eod = model.piece_id(piece)
        if eod is not None:
            return Subwords(model, kind, hashlib.sha256(data).hexdigest(), eod, piece)
    raise UnreadableModel(f"none of the end-of-document pieces {', '.join(EOD_PIECES)}")


def _model(data: bytes, pattern: str) -> tuple[Kind, Model]:
    if data[:64].lstrip().startswith(b"{"):
        return "huggingface", tokenizer_json.load(data)
    if ranks.LINE.fullmatch(data[: data.find(b"\n")]):
        return "tiktoken", ranks.load(data, pattern)
    return "sentencepiece", sentencepiece_model.load(data)
