"""Train a SentencePiece model, Unigram or BPE, on a sample of a corpus."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sentencepiece

from tokenizer.model import UnreadableModel, first_line
from tokenizer.words import words

#: SentencePiece's threads split the sums of the EM steps, so their number is part of the result. One was also the
#: fastest: 10 million characters to 32,000 pieces took 33 s of CPU with one and 52 s with two.
THREADS = 1

#: Longer lines are cut, not passed over: SentencePiece skips what is longer than `max_sentence_length`.
MAX_SENTENCE_BYTES = 4096

#: What is the same in every model of ours, by the names of SentencePiece: text survives it unchanged, as with LLM-jp
#: v2, and the vocabulary comes out smaller where the text has not enough different pieces.
FIXED: dict[str, Any] = {
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
    "add_dummy_prefix": False,
    "byte_fallback": True,
    "split_digits": True,
    "allow_whitespace_only_pieces": True,
    "control_symbols": ["<EOD>"],
    "hard_vocab_limit": False,
    "max_sentence_length": MAX_SENTENCE_BYTES + 4,
    "shuffle_input_sentence": False,
    "num_threads": THREADS,
}


@dataclass(frozen=True)
class Options:
    """What a model is trained with beside the sample. `symbols` (placeholders, say) are always pieces of their own."""

    vocab_size: int
    algorithm: Literal["unigram", "bpe"] = "unigram"
    max_piece_chars: int = 16
    character_coverage: float = 0.9995
    symbols: Sequence[str] = ()


def train(sentences: Iterable[str], options: Options) -> bytes:
    """Train a model and return its file. The same sentences in the same order give the same bytes.

    Raises:
        UnreadableModel: there is too little text.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            model_type=options.algorithm,
            vocab_size=options.vocab_size,
            max_sentencepiece_length=options.max_piece_chars,
            character_coverage=options.character_coverage,
            user_defined_symbols=["\n", *options.symbols],
            minloglevel=2,
            **FIXED,
        )
    except RuntimeError as error:
        raise UnreadableModel(
            f"no vocabulary could be trained: {first_line(error)}; give more text or name a model"
        ) from None
    return model.getvalue()


def sentences(text: str, japanese_words: str = "") -> Iterator[str]:
    """What a trainer can hold: lines cut after 。！？, and by bytes where there is no end of sentence.

    With a mode of SudachiPy ("A", "B", "C") each word, with the white space before it, is a sentence of its own: then
    no piece reaches over the end of a word. What SentencePiece has for this, `pretokenization_delimiter`, leaves its
    Unigram models poorer in both languages: English had 3.26 characters a token in place of 3.61.
    """
    for line in text.split("\n"):
        for sentence in re.findall(r"[^。！？]*[。！？]+|[^。！？]+", line):
            for piece in _pieces(sentence):
                yield from _words(piece, japanese_words) if japanese_words else (piece,)


def _words(sentence: str, mode: str) -> Iterator[str]:
    done = 0
    for word in words(sentence, mode):
        end = sentence.index(word, done) + len(word)
        yield sentence[done:end]
        done = end


def _pieces(sentence: str) -> Iterator[str]:
    while len(sentence.encode()) > MAX_SENTENCE_BYTES:
        head = sentence.encode()[:MAX_SENTENCE_BYTES].decode(errors="ignore")
        yield head
        sentence = sentence[len(head) :]
    if sentence.strip():
        yield sentence
