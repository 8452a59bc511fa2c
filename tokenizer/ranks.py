"""Byte-level BPE given by its ranks, as `.tiktoken` files hold them: a line for a piece, base64 and rank.

Such a file says neither where text is cut before pieces are merged nor what the special pieces are: a scheme does.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import tiktoken
from numpy.typing import NDArray

from tokenizer.model import UnreadableModel

LIBRARY = "tiktoken"

LINE = re.compile(rb"([A-Za-z0-9+/]+={0,2}) ([0-9]{1,9})\r?")

#: tiktoken gives up with a panic at a run of white space of a million, in which its regular expression would have to
#: go back a million times. Longer runs than this are cut behind so many characters; all other ids are the library's.
MAX_SPACES = 500_000
_SPACES = re.compile(rf"\s{{1,{MAX_SPACES}}}")


@dataclass(frozen=True)
class Scheme:
    """`pattern` matches what is merged on its own. Behind the `ranks` of the published file there are `reserved` ids,
    among them `specials`, by their place there."""

    pattern: str
    ranks: int
    reserved: int
    specials: Mapping[str, int]


#: By the names that recipes use. The patterns are data of the tokenizers: without the very same one ids differ.
SCHEMES: dict[str, Scheme] = {
    # https://github.com/openai/tiktoken, tiktoken_ext/openai_public.py: GPT-4
    "cl100k": Scheme(
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
        r"|\s+(?!\S)|\s",
        100_256,
        21,
        {"<|endoftext|>": 1, "<|fim_prefix|>": 2, "<|fim_middle|>": 3, "<|fim_suffix|>": 4, "<|endofprompt|>": 20},
    ),
    # https://github.com/QwenLM/Qwen, tokenization_note.md: Qwen 1 to 3; 205 extra places for the user's own
    "qwen": Scheme(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        r"|\s+(?!\S)|\s+",
        151_643,
        208,
        {"<|endoftext|>": 0, "<|im_start|>": 1, "<|im_end|>": 2},
    ),
}


@dataclass(frozen=True)
class Ranks:
    encoding: tiktoken.Encoding
    vocab_size: int
    specials: Mapping[str, int]
    unknown_id: None = None

    def piece_id(self, piece: str) -> int | None:
        return self.specials.get(piece)

    def encode(self, texts: Sequence[str], threads: int) -> list[NDArray[np.int32]]:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self._ids, texts))

    def _ids(self, text: str) -> NDArray[np.int32]:
        # The function for arrays is also 5% faster than the one for lists.
        found = [self.encoding.encode_to_numpy(piece, disallowed_special=()) for piece in _without_long_runs(text)]
        return np.concatenate(found).astype(np.int32) if found else np.empty(0, np.int32)

    def decode(self, ids: Sequence[int]) -> str:
        return self.encoding.decode([int(i) for i in ids])

    def byte_pieces(self) -> NDArray[np.bool_]:
        """What is no whole characters: part of one, or of two."""
        found = np.zeros(self.vocab_size, np.bool_)
        for rank in range(len(self.encoding.token_byte_values())):
            try:
                self.encoding.decode_single_token_bytes(rank).decode()
            except UnicodeDecodeError:
                found[rank] = True
        return found


def _without_long_runs(text: str) -> Iterator[str]:
    done = 0
    if len(text) > MAX_SPACES:
        for run in _SPACES.finditer(text):
            if run.end() - run.start() == MAX_SPACES:
                yield text[done : run.end()]
                done = run.end()
    if done < len(text):
        yield text[done:]


def load(data: bytes, pattern: str = "") -> Ranks:
    """Ranks from their file; `pattern` names a scheme, which the published files are known by even without.

    Raises:
        UnreadableModel: a line is damaged, a byte or a rank is missing, or the scheme is unknown.
    """
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        found = LINE.fullmatch(line)
        try:
            piece = base64.b64decode(found[1], validate=True) if found else b""
        except binascii.Error:
            piece = b""
        if not found or not piece or piece in ranks:
            raise UnreadableModel(f"line {number}: no base64 and rank, or one that was there before")
        ranks[piece] = int(found[2])
    # The library would give up with a panic where one of these is wrong.
    if sorted(ranks.values()) != list(range(len(ranks))) or any(bytes([byte]) not in ranks for byte in range(256)):
        raise UnreadableModel("the ranks are not 0, 1, 2 and so on, or a byte has none")
    scheme = SCHEMES.get(pattern) or next((s for s in SCHEMES.values() if not pattern and s.ranks == len(ranks)), None)
    if scheme is None:
        wanted = f"no pattern {pattern!r}" if pattern else f"{len(ranks):,} ranks need a pattern"
        raise UnreadableModel(f"{wanted}; known are {', '.join(SCHEMES)}")
    specials = {name: len(ranks) + place for name, place in scheme.specials.items()}
    encoding = tiktoken.Encoding("ranks", pat_str=scheme.pattern, mergeable_ranks=ranks, special_tokens=specials)
    return Ranks(encoding, len(ranks) + scheme.reserved, specials)
