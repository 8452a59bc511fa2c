"""Does a document hold items of a benchmark? Training on the questions of a test makes its results worthless.

An item counts as far as its n-grams are in the document. Both are compared as tokens: words, and single characters of
scripts without spaces. Width, case, accents, punctuation, white space and numbers are no difference. The language of
the document plays no part, so English items are found in Japanese pages.
"""

import functools
import gzip
import hashlib
import json
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound, scores

#: A text of fewer tokens is not looked for: of 123 such questions (国は？, 顔を洗うのは？) eleven stand in clean pages
#: or novels, of 264 with 7 or 8 tokens none.
SHORTEST = 7


class BenchmarkError(Exception):
    """A benchmark file is missing, or is not one. The message is for the user."""


#: Fields by which benchmarks number their items.
_IDS = ("id", "task_id", "question_id", "q_id")

#: Items that a verdict names; a copy of a whole benchmark holds thousands.
_NAMED = 8


class Hit(NamedTuple):
    """An item found in a document."""

    item: str
    """The file's name and the line, from 1, and what the item calls itself, if it does: "gsm8k-test.jsonl:17",
    "HumanEval.jsonl.gz:3 HumanEval/2"."""
    field: str
    overlap: float
    """Share of the item's n-grams that the document holds."""
    passages: tuple[str, ...]
    """Where it first holds them, n-grams that touch as one."""


def digests(benchmarks: Sequence[str]) -> dict[str, str]:
    """SHA-256 of each file by its name, in hexadecimal: part of the fingerprint of all that was judged with them.

    Raises:
        BenchmarkError: not readable.
    """
    return {Path(file).name: hashlib.sha256(_read(Path(file))).hexdigest() for file in benchmarks}


@dataclass(frozen=True)
class Decontamination:
    """No document may hold an item of `benchmarks`: files of JSON Lines (.gz if compressed), one record for each item.

    Each of the `fields` that a record has, a string or a list of strings, is a text to look for; there must be one.
    They are what stands in benchmarks alone. Answers are often single words, and passages are often from Wikipedia:
    add "context" to drop whatever quotes those.

    Measured with 12,270 texts (GSM8K, MGSM, HumanEval, MT-Bench, JMMLU, JSQuAD, JCommonsenseQA, JaNLI) and 5,415 pages
    of documentation in Japanese and English, 24 million characters, that hold none of them.
    """

    benchmarks: tuple[str, ...]
    fields: tuple[str, ...] = ("question", "prompt", "turns", "text", "instruction", "problem")
    # For texts that are mostly words. PaLM (arXiv:2204.02311), Llama 3 (arXiv:2407.21783) and Tülu 3 (arXiv:2411.15124)
    # have 8, GPT-3 (arXiv:2005.14165) 13: with these 69 % of the items cut to two thirds are found, with 8 97 %.
    ngram_words: int = 8
    # For texts that are mostly characters of Japanese, Chinese, Thai …: of items cut to two thirds 60 % are found, with
    # 10 characters 45 %, with 13 31 %. Of the clean pages 2 are dropped, with 6 characters 44.
    ngram_chars: int = 8
    # Tülu 3; PaLM's 0.7 misses nearly all items cut to two thirds. With 0.4 10 clean pages are dropped, with 0.3 98.
    min_overlap: float = 0.5
    # N-grams that more texts share are phrases of examiners (以下の記述のうち、正しいものは) and count for nothing. Of
    # pages with one question from the half of JMMLU that is not looked for, 5 % are dropped; 10 % if all counted.
    max_items: int = 5

    name: ClassVar[str] = "decontamination"
    version: ClassVar[int] = 2

    def __post_init__(self) -> None:
        for field in ("benchmarks", "fields"):
            if not getattr(self, field):
                raise ValueError(f"{field}: name at least one")
        if len({Path(file).name for file in self.benchmarks}) < len(self.benchmarks):
            raise ValueError("benchmarks: two files have the same name, by which items are named")
        for field in ("ngram_words", "ngram_chars"):
            if not SHORTEST <= getattr(self, field) <= 100:
                raise ValueError(f"{field}: from {SHORTEST} to 100, not {getattr(self, field)}")
        if not 0 < self.min_overlap <= 1:
            raise ValueError(f"min_overlap: a share above 0, up to 1, not {self.min_overlap}")
        if self.max_items < 1:
            raise ValueError(f"max_items: at least 1, not {self.max_items}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`decontamination.overlap`: the largest share of an item's n-grams that the document holds.

        Raises:
            BenchmarkError: a file is not readable or no JSON Lines, or a record has none of the fields.
        """
        index = self._index()
        texts = batch.column("text").to_pylist()
        return scores(self.name, ("overlap",), [None if text is None else (_overlap(text, index),) for text in texts])

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`decontamination_overlap`, where the overlap is `min_overlap` or more."""
        most = float(np.nextafter(self.min_overlap, 0))
        return (Bound("decontamination_overlap", "decontamination.overlap", most=most),)

    def digests(self) -> dict[str, str]:
        """As the function of that name."""
        return digests(self.benchmarks)

    def details(self, batch: pa.RecordBatch) -> list[str]:
        """The items in each document, the first _NAMED of them."""
        found = [list(dict.fromkeys(hit.item for hit in self.hits(text))) for text in batch.column("text").to_pylist()]
        return [
            ", ".join(items[:_NAMED]) + (f" and {len(items) - _NAMED} more" if len(items) > _NAMED else "")
            for items in found
        ]

    def hits(self, text: str) -> list[Hit]:
        """The items of which `text` holds `min_overlap` or more, in the order of the files and their lines.

        Raises:
            BenchmarkError: as `measure`.
        """
        index = self._index()
        found = _search(text, index)
        if found is None:
            return []
        hits = []
        for number, overlap in zip(found.texts.tolist(), found.overlaps.tolist()):
            if overlap >= self.min_overlap:
                mine = found.owners == number
                passages = _passages(text, found.starts[mine], found.ends[mine])
                hits += [(place, Hit(item, field, overlap, passages)) for place, item, field in index.names[number]]
        return [hit for _, hit in sorted(hits)]

    def left_out(self) -> list[str]:
        """The items, named as in `Hit`, that are not looked for: too short, or made of common n-grams.

        Raises:
            BenchmarkError: as `measure`.
        """
        index = self._index()
        return [item for item, searched in index.items.items() if not searched]

    def _index(self) -> "_Index":
        return _index(self.benchmarks, self.fields, self.ngram_words, self.ngram_chars, self.max_items)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BenchmarkError(f"{path}: not readable ({error.strerror})") from None


def _texts(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Item, field and text of each record, in order; BenchmarkError if there is anything else in the file."""
    data = _read(path)
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise BenchmarkError(f"{path}: no gzip ({error})") from None
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not any(map(bytes.strip, lines)):
        raise BenchmarkError(f"{path}: no records")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BenchmarkError(f"{path}:{number}: no JSON ({error})") from None
        if not isinstance(record, dict):
            raise BenchmarkError(f"{path}:{number}: not an object, with fields")
        found = [(field, text) for field in fields if (text := _text(record.get(field))) is not None]
        if not found:
            raise BenchmarkError(f"{path}:{number}: no text in {', '.join(fields)}; it has {', '.join(record)}")
        own = [str(record[name]) for name in _IDS if isinstance(record.get(name), str | int)][:1]
        for field, text in found:
            yield " ".join([f"{path.name}:{number}", *own]), field, text


def _text(value: Any) -> str | None:
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    return value if isinstance(value, str) else None


class _Index(NamedTuple):
    """The texts of the benchmarks, each with a number, by their n-grams."""

    widths: NDArray[np.int64]
    """How many tokens there are in the n-grams."""
    grams: NDArray[np.uint64]
    """Their hashes, sorted."""
    bits: int
    buckets: NDArray[np.int32]
    """Where in `grams` those begin that share their highest `bits`; for the last ones also where they end."""
    sieve: NDArray[np.uint8]
    """A byte for each bucket; in it the bits are set to which the next three bits of its n-grams point."""
    offsets: NDArray[np.int64]
    """The texts of n-gram i are owners[offsets[i] : offsets[i + 1]]."""
    owners: NDArray[np.int64]
    totals: NDArray[np.int64]
    """The n-grams of each text."""
    names: list[list[tuple[int, str, str]]]
    """Of each text: its place in the files, item and field. Several if there are equal texts."""
    items: dict[str, bool]
    """Is any text of the item looked for?"""


@functools.lru_cache(maxsize=4)
def _index(
    benchmarks: tuple[str, ...], fields: tuple[str, ...], ngram_words: int, ngram_chars: int, max_items: int
) -> _Index:
    numbers: dict[bytes, int] = {}
    names: list[list[tuple[int, str, str]]] = []
    grams: list[NDArray[np.uint64]] = []
    widths: set[int] = set()
    items: dict[str, bool] = {}
    every = (text for file in benchmarks for text in _texts(Path(file), fields))
    for place, (item, field, text) in enumerate(every):
        items.setdefault(item, False)
        tokens, _, characters = _tokens(text)
        if len(tokens) < SHORTEST:
            continue
        number = numbers.setdefault(tokens.tobytes(), len(numbers))
        if number == len(names):
            width = min(len(tokens), ngram_chars if 2 * characters >= len(tokens) else ngram_words)
            widths.add(width)
            grams.append(np.unique(_grams(tokens, width)))
            names.append([])
        names[number].append((place, item, field))

    hashes = np.concatenate([np.empty(0, np.uint64), *grams])
    owners = np.repeat(np.arange(len(grams)), [len(some) for some in grams])
    order = np.argsort(hashes, kind="stable")
    hashes, owners = hashes[order], owners[order]
    distinct, counts = np.unique(hashes, return_counts=True)
    telling = counts <= max_items
    owners = owners[np.repeat(telling, counts)]
    distinct, counts = distinct[telling], counts[telling]
    totals = np.bincount(owners, minlength=len(names))
    for number in np.flatnonzero(totals).tolist():
        items.update((item, True) for _, item, _ in names[number])

    bits = len(distinct).bit_length()  # one to two buckets for each n-gram
    high = distinct >> np.uint64(61 - bits)
    bucket, bit = high >> np.uint64(3), np.uint8(1) << (high & np.uint64(7)).astype(np.uint8)
    buckets = np.searchsorted(bucket, np.arange((1 << bits) + 1, dtype=np.uint64)).astype(np.int32)
    sieve = np.zeros(1 << bits, np.uint8)
    np.bitwise_or.at(sieve, bucket, bit)
    offsets = np.append(0, np.cumsum(counts))
    in_order = np.array(sorted(widths), np.int64)
    return _Index(in_order, distinct, bits, buckets, sieve, offsets, owners, totals, names, items)


def _overlap(text: str, index: _Index) -> float:
    found = _search(text, index)
    return float(found.overlaps.max()) if found else 0.0


class _Found(NamedTuple):
    texts: NDArray[np.int64]
    """(texts,) numbers of the texts with an n-gram in the document, ascending."""
    overlaps: NDArray[np.float64]
    """(texts,)"""
    owners: NDArray[np.int64]
    """(n-grams found,) the text of each."""
    starts: NDArray[np.int32]
    """(n-grams found,) where in the document it is first, in code points."""
    ends: NDArray[np.int32]


def _search(text: str, index: _Index) -> _Found | None:
    """None if there is nothing to be found."""
    tokens, spans, _ = _tokens(text)
    grams, starts, ends = _find(tokens, spans, index.widths, index.grams, index.bits, index.buckets, index.sieve)
    if not len(grams):
        return None
    grams, first = np.unique(grams, return_index=True)
    counts = index.offsets[grams + 1] - index.offsets[grams]
    which = np.repeat(np.arange(len(grams)), counts)
    owners = index.owners[np.arange(len(which)) + (index.offsets[grams] - np.cumsum(counts) + counts)[which]]
    texts, shared = np.unique(owners, return_counts=True)
    first = first[which]
    return _Found(texts, shared / index.totals[texts], owners, starts[first], ends[first])


def _passages(text: str, starts: NDArray[np.int32], ends: NDArray[np.int32]) -> tuple[str, ...]:
    """What stands at some places of a text, in order, where those that overlap or touch are one."""
    passages: list[tuple[int, int]] = []
    for start, end in sorted(zip(starts.tolist(), ends.tolist())):
        if passages and start <= passages[-1][1]:
            start, end = passages[-1][0], max(end, passages.pop()[1])
        passages.append((start, end))
    return tuple(text[start:end] for start, end in passages)


# What becomes of a code point, in the high bits of a table entry. The low ones hold the code point it is folded to, or
# where there are several entries for it, behind their number.
_POINT = (1 << 21) - 1
_KIND = 7 << 21
_SEPARATOR, _IGNORED, _LETTER, _DIGIT, _CHARACTER, _VOICE_MARK, _SEVERAL = (kind << 21 for kind in range(7))

# The scripts without spaces between words, of tokenizer.words.UNSPACED: Thai to Burmese, Khmer, kana, kanji; what
# follows the table up to _KANJI_END, the planes 2 and 3, is kept for kanji.
_UNSPACED = ((0x0E00, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3031, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x9FFF))
_TABLE_SIZE = 0x20000
_KANJI_END = 0x40000
_ZERO = np.uint32(ord("0"))

# The voice marks of kana, ゙ and ゚, and where kana end.
_MARKS = (0x3099, 0x309A)
_KANA_END = 0x3100


class _Table(NamedTuple):
    entries: NDArray[np.uint32]
    """(_TABLE_SIZE,)"""
    several: NDArray[np.uint32]
    voiced: NDArray[np.uint32]
    """(2, _KANA_END): a code point with either mark, 0 where there is no such letter."""


@functools.cache
def _table() -> _Table:
    entries: list[int] = []
    several: list[int] = []
    for character in map(chr, range(_TABLE_SIZE)):
        folded = [_entry(part) for part in _folded(character)]
        if len(folded) > 1:
            entries.append(_SEVERAL | len(several))
            several += [len(folded), *folded]
        else:
            entries.append(folded[0] if folded else _IGNORED)
    voiced = [[unicodedata.normalize("NFC", chr(point) + chr(mark)) for point in range(_KANA_END)] for mark in _MARKS]
    return _Table(
        np.array(entries, np.uint32),
        np.array(several, np.uint32),
        np.array([[ord(pair) if len(pair) == 1 else 0 for pair in row] for row in voiced], np.uint32),
    )


def _folded(character: str) -> str:
    """Without its accents, and compatibility forms and capitals as NFKC and `str.lower` have them."""
    if character in "゛゜":
        return chr(_MARKS["゛゜".index(character)])  # else there would be a space before it
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).lower())
    unseen = ("Mn", "Me", "Cf")
    kept = [part for part in parts if ord(part) in _MARKS or unicodedata.category(part) not in unseen]
    return unicodedata.normalize("NFC", "".join(kept))


def _entry(folded: str) -> int:
    point = ord(folded)
    if point in _MARKS:
        return point | _VOICE_MARK
    if folded.isdecimal():
        return int(_ZERO) | _DIGIT
    if not folded.isalnum():
        return _SEPARATOR
    return point | (_CHARACTER if any(first <= point <= last for first, last in _UNSPACED) else _LETTER)


def _tokens(text: str) -> tuple[NDArray[np.uint64], NDArray[np.int32], int]:
    """The tokens of a text, hashed (n,); where each stands in it, (n, 2) code points; how many are characters."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    tokens, spans, characters = _split(points, *_table())
    return tokens, spans, characters


_MIX = np.uint64(0xFF51AFD7ED558CCD)  # of MurmurHash3's finalizer
_BASE = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio (Knuth, TAOCP 6.4)


@numba.njit(cache=True, nogil=True)
def _mixed(token: np.uint64, point: np.uint32) -> np.uint64:
    token = (token ^ np.uint64(point)) * _MIX
    return token ^ token >> np.uint64(32)


@numba.njit(cache=True, nogil=True)
def _split(
    points: NDArray[np.uint32], entries: NDArray[np.uint32], several: NDArray[np.uint32], voiced: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], NDArray[np.int32], int]:
    """A word is hashed letter by letter. Numbers in a row are one token, whatever their digits and what parts them."""
    most = len(points)
    for point in points:
        if point < _TABLE_SIZE and entries[point] & _KIND == _SEVERAL:
            most += several[entries[point] & _POINT]
    tokens = np.empty(most, np.uint64)
    spans = np.empty((most, 2), np.int32)
    number = _mixed(_BASE, _ZERO)
    count = characters = 0
    word, start, end = _BASE, 0, 0
    in_word = in_digits = False
    kana = np.uint32(0)  # the last token, if it is a character that nothing came after
    for at in range(len(points) + 1):
        entry = np.uint32(_SEPARATOR)
        if at < len(points) and points[at] < _TABLE_SIZE:
            entry = entries[points[at]]
        elif at < len(points) and points[at] < _KANJI_END:
            entry = points[at] | np.uint32(_CHARACTER)
        first, stop = 0, 1
        if entry & _KIND == _SEVERAL:
            first = int(entry & _POINT) + 1
            stop = first + int(several[first - 1])
        for place in range(first, stop):
            if first:
                entry = several[place]
            kind, point = entry & _KIND, entry & _POINT
            if kind in (_LETTER, _DIGIT):
                if not in_word:
                    word, start, in_word = _BASE, at, True
                if kind == _LETTER or not in_digits:
                    word = _mixed(word, point)
                in_digits = kind == _DIGIT
                end = at + 1
            elif kind == _VOICE_MARK:
                if kana < _KANA_END and voiced[point - _MARKS[0], kana]:
                    tokens[count - 1] = _mixed(_BASE, voiced[point - _MARKS[0], kana])
                    spans[count - 1, 1] = at + 1
            elif kind != _IGNORED:
                if in_word:
                    if not (count and word == number and tokens[count - 1] == number):
                        tokens[count] = word
                        spans[count, 0] = start
                        count += 1
                    spans[count - 1, 1] = end
                    in_word = in_digits = False
                kana = np.uint32(0)
                if kind == _CHARACTER:
                    tokens[count] = _mixed(_BASE, point)
                    spans[count, 0] = at
                    spans[count, 1] = at + 1
                    count += 1
                    characters += 1
                    kana = point
    return tokens[:count], spans[:count], characters


@numba.njit(cache=True, nogil=True)
def _grams(tokens: NDArray[np.uint64], width: int) -> NDArray[np.uint64]:
    """The hashes of all n-grams of `width` tokens, by a rolling polynomial (Rabin-Karp, modulo 2**64)."""
    last = np.uint64(1)
    for _ in range(width):
        last *= _BASE
    grams = np.empty(max(len(tokens) - width + 1, 0), np.uint64)
    value = np.uint64(0)
    for at in range(len(tokens)):
        value = value * _BASE + tokens[at]
        if at >= width:
            value -= tokens[at - width] * last
        if at >= width - 1:
            grams[at - width + 1] = _mixed(value, np.uint32(0))
    return grams


@numba.njit(cache=True, nogil=True)
def _find(
    tokens: NDArray[np.uint64],
    spans: NDArray[np.int32],
    widths: NDArray[np.int64],
    grams: NDArray[np.uint64],
    bits: int,
    buckets: NDArray[np.int32],
    sieve: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """The n-grams of a document that are among `grams`: where there, and where they start and end in the text."""
    shift = np.uint64(61 - bits)
    found = np.empty(len(tokens) * len(widths), np.int64)
    starts = np.empty(len(found), np.int32)
    ends = np.empty(len(found), np.int32)
    count = 0
    for width in widths:
        keys = _grams(tokens, width)
        for place in range(len(keys)):
            high = np.int64(keys[place] >> shift)
            if not sieve[high >> 3] >> (high & 7) & 1:
                continue
            for at in range(buckets[high >> 3], buckets[(high >> 3) + 1]):
                if grams[at] == keys[place]:
                    found[count] = at
                    starts[count] = spans[place, 0]
                    ends[count] = spans[place + width - 1, 1]
                    count += 1
    return found[:count], starts[:count], ends[:count]
