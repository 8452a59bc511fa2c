"""Subwords: train a SentencePiece model on a sample of a corpus, and cut text with any SentencePiece model."""

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sentencepiece
from numpy.typing import NDArray

#: How the tokenizers we know call the piece that ends a document, best name first; `</s>` is in all of them.
EOD_PIECES = ("<EOD|LLM-jp>", "<EOD>", "<|endoftext|>", "<eod>", "</s>")

#: A few sentences whose ids tell two tokenizers apart even where their files differ only in name.
PROBE = (
    "源氏物語は、紫式部が書いた。ｶﾞﾗｽの瓶が１２本あります。\n\tThe quick brown fox: 3.14 ≈ π, naïve café 𠮷野家 👩‍👩‍👧\n"
)

#: SentencePiece's threads split the sums of the EM steps, so their number is part of the result. One was also the
#: fastest: 10 million characters to 32,000 pieces took 33 s of CPU with one and 52 s with two.
THREADS = 1

#: Longer lines are cut, not passed over: SentencePiece skips what is longer than `max_sentence_length`.
MAX_SENTENCE_BYTES = 4096


class UnreadableModel(Exception):
    """The file is not a SentencePiece model."""


@dataclass(frozen=True)
class Subwords:
    """A loaded model. `eod_id` ends every document in a shard."""

    processor: sentencepiece.SentencePieceProcessor
    sha256: str
    vocab_size: int
    eod_id: int
    eod_piece: str

    def encode(self, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
        """The ids of each text, its end-of-document id last."""
        for ids in self.processor.encode(list(texts), out_type=int, num_threads=1):
            yield np.array([*ids, self.eod_id], dtype=np.int32)

    def probe_sha256(self) -> str:
        """SHA-256 of the ids (int32, little-endian) of a fixed Japanese and English probe: equal ids, equal cuts."""
        ids = np.array(self.processor.encode(PROBE, out_type=int), dtype="<i4")
        return hashlib.sha256(ids.tobytes()).hexdigest()


def load(path: Path) -> Subwords:
    """Raises `UnreadableModel` with the path and what to do."""
    try:
        model = path.read_bytes()
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        size = processor.get_piece_size()
    except (OSError, RuntimeError) as error:
        raise UnreadableModel(
            f"{path}: not a SentencePiece model ({_first_line(error)}); name another, or none"
        ) from None
    for piece in EOD_PIECES:
        eod = processor.piece_to_id(piece)
        if eod != processor.unk_id():
            return Subwords(processor, hashlib.sha256(model).hexdigest(), size, eod, piece)
    raise UnreadableModel(f"{path}: has none of the end-of-document pieces {', '.join(EOD_PIECES)}")


def train(sentences: Iterable[str], vocab_size: int, symbols: Sequence[str] = ()) -> bytes:
    """Train a Unigram model and return its file. Each of `symbols` (placeholders, say) is always a piece of its own.

    The options are LLM-jp v2's where they make text survive unchanged: identity normalisation, byte fallback, split
    digits, white space kept, newline a piece of its own. The vocabulary comes out smaller where the text has not enough
    different pieces. The same sentences in the same order give the same bytes.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            model_type="unigram",
            vocab_size=vocab_size,
            hard_vocab_limit=False,
            character_coverage=0.9995,  # SentencePiece's advice for Japanese; the rest falls back to bytes
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            byte_fallback=True,
            split_digits=True,
            allow_whitespace_only_pieces=True,
            user_defined_symbols=["\n", *symbols],
            control_symbols=["<EOD>"],
            max_sentence_length=MAX_SENTENCE_BYTES + 4,
            shuffle_input_sentence=False,
            num_threads=THREADS,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise UnreadableModel(
            f"no vocabulary could be trained: {_first_line(error)}; give more text or name a model"
        ) from None
    return model.getvalue()


def sentences(text: str) -> Iterator[str]:
    """Lines cut after 。！？, and by bytes where there is no end of sentence: what a trainer can hold."""
    for line in text.split("\n"):
        for sentence in re.findall(r"[^。！？]*[。！？]+|[^。！？]+", line):
            yield from _pieces(sentence)


def _pieces(sentence: str) -> Iterator[str]:
    while len(sentence.encode()) > MAX_SENTENCE_BYTES:
        head = sentence.encode()[:MAX_SENTENCE_BYTES].decode(errors="ignore")
        yield head
        sentence = sentence[len(head) :]
    if sentence.strip():
        yield sentence


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
