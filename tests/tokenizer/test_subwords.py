"""The three kinds of tokenizers through one seam; their models are made here."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import tiktoken
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, trainers

from tokenizer import ranks, subwords, train
from tokenizer.model import UnreadableModel

TEXT = [
    "吾輩は猫ではない。名前はもうある。どこで生れたかはよく知っている。",
    "The bridge over the river was built twice, and washed away three times.",
    "データを集め、文字を確かめ、重複を除き、１２３個の単語に分ける。\tタブと  空白も残る。",
] * 40
KINDS = {"sentencepiece": "tokenizer.model", "huggingface": "tokenizer.json", "tiktoken": "tokenizer.tiktoken"}


def tokenizer_json() -> tokenizers.Tokenizer:
    """Byte-level BPE, with the truncation and padding that published files often ask for."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        TEXT,
        trainers.BpeTrainer(
            vocab_size=500, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False
        ),
    )
    made.enable_truncation(8)
    made.enable_padding(length=8)
    return made


def rank_lines() -> bytes:
    """A rank for each byte, and some for pairs of them."""
    pieces = [bytes([byte]) for byte in range(256)] + [b"th", b"the", "猫".encode()[:2], "猫".encode(), b"14"]
    return b"".join(base64.b64encode(piece) + b" %d\n" % rank for rank, piece in enumerate(pieces))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    sentences = (s for t in TEXT for s in train.sentences(t))
    (folder / "tokenizer.model").write_bytes(train.train(sentences, train.Options(500)))
    tokenizer_json().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer.tiktoken").write_bytes(rank_lines())
    return folder


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, folder: Path) -> subwords.Subwords:
    loaded = subwords.load(folder / KINDS[request.param], "qwen" if request.param == "tiktoken" else "")
    assert loaded.kind == request.param
    return loaded


@pytest.fixture(scope="module")
def one_by_one(model: subwords.Subwords, folder: Path):  # type: ignore[no-untyped-def]
    """The library itself, a document at a time."""
    if model.kind == "sentencepiece":
        return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model")).encode
    if model.kind == "huggingface":
        library = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        library.no_truncation()
        library.no_padding()
        library.encode_special_tokens = True
        return lambda text: library.encode(text, add_special_tokens=False).ids
    table = {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in rank_lines().splitlines()}
    return tiktoken.Encoding(
        "x", pat_str=ranks.SCHEMES["qwen"].pattern, mergeable_ranks=table, special_tokens={}
    ).encode_ordinary


# U+2581 stands for the space inside SentencePiece, and NUL ends its strings: `extract` lets no NUL through.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0▁"), max_size=200)


@given(text=texts)
def test_text_survives_encoding(model: subwords.Subwords, text: str) -> None:
    (ids,) = model.encode([text])
    assert ids[-1] == model.eod_id
    assert model.decode(ids[:-1]) == text


@given(batch=st.lists(texts, max_size=8), threads=st.integers(1, 3))
def test_ids_are_those_of_the_library_document_by_document(model, one_by_one, batch, threads) -> None:  # type: ignore[no-untyped-def]
    flat, offsets = model.encode_flat(batch, threads)
    assert flat.dtype == np.int32
    assert offsets.dtype == np.int64
    assert offsets.tolist() == [0, *np.cumsum([len(one_by_one(text)) + 1 for text in batch])]
    assert flat.tolist() == [i for text in batch for i in (*one_by_one(text), model.eod_id)]
    assert [ids.tolist() for ids in model.encode(batch)] == [[*one_by_one(text), model.eod_id] for text in batch]


def test_ids_are_int32_and_each_text_ends_with_eod(model: subwords.Subwords) -> None:
    encoded = list(model.encode(["猫", "", "bridge"]))
    assert all(ids.dtype == np.int32 and ids[-1] == model.eod_id for ids in encoded)
    assert encoded[1].tolist() == [model.eod_id]
    assert all(ids.max() < model.vocab_size for ids in encoded)


def test_special_pieces_in_a_text_are_text(model: subwords.Subwords) -> None:
    text = f"a{model.eod_piece}b"
    (ids,) = model.encode([text])
    assert ids.tolist().count(model.eod_id) == 1
    assert model.decode(ids[:-1]) == text


def test_bytes_of_characters_are_told_apart(model: subwords.Subwords) -> None:
    is_byte = model.model.byte_pieces()
    assert is_byte.shape == (model.vocab_size,)
    for text, expected in (("the", False), ("鿿", True)):
        (ids,) = model.encode([text])
        assert bool(is_byte[ids[:-1]].all()) is expected


def test_the_end_of_a_document(folder: Path) -> None:
    ends = {kind: subwords.load(folder / name, "cl100k" if kind == "tiktoken" else "") for kind, name in KINDS.items()}
    assert {kind: model.eod_piece for kind, model in ends.items()} == {
        "sentencepiece": "<EOD>", "huggingface": "<|endoftext|>", "tiktoken": "<|endoftext|>",
    }  # fmt: skip
    assert (ends["huggingface"].eod_id, ends["tiktoken"].eod_id, ends["tiktoken"].vocab_size) == (0, 262, 282)


def test_two_patterns_are_two_probes(folder: Path) -> None:
    found = {subwords.load(folder / "tokenizer.tiktoken", pattern).probe_sha256() for pattern in ("qwen", "cl100k")}
    assert len(found) == 2


@pytest.mark.parametrize("spaces", [" ", "\n", " \n", "\u3000"])
def test_white_space_without_end_is_no_panic(folder: Path, spaces: str) -> None:
    """tiktoken itself gives up at a million."""
    model = subwords.load(folder / "tokenizer.tiktoken", "qwen")
    text = "x" + spaces * (1_200_000 // len(spaces)) + "y"
    (ids,) = model.encode([text])
    assert model.decode(ids[:-1]) == text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no model", "not a SentencePiece model"),
        (b"", "an empty file"),
        (b"{}", "not a tokenizer.json"),
        (b"{" * 100_000, "not a tokenizer.json"),
        (json.dumps({"model": {"type": "BPE", "vocab": {}, "merges": []}}).encode(), "without a vocabulary"),
        (b"AA== 0\nAQ== 1\n", "or a byte has none"),
        (b"AA== 0\nAA== 1\n", "line 2"),
        (b"AA== 0\n<html>\n", "line 2"),
        (b"A 0\n", "line 1"),
        (rank_lines().replace(b" 7\n", b" 7000\n"), "not 0, 1, 2"),
        (rank_lines(), "261 ranks need a pattern"),
    ],
)
def test_a_file_that_is_no_model_is_one_clear_line(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "x.model").write_bytes(data)
    with pytest.raises(UnreadableModel, match=r"x\.model.*" + why) as error:
        subwords.load(tmp_path / "x.model")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableModel, match=r"absent\.model: No such file"):
        subwords.load(tmp_path / "absent.model")


def test_a_pattern_that_nobody_knows(folder: Path) -> None:
    with pytest.raises(UnreadableModel, match=r"no pattern 'p50k'; known are cl100k, qwen"):
        subwords.load(folder / "tokenizer.tiktoken", "p50k")


def test_a_model_without_an_end_of_document(tmp_path: Path) -> None:
    made = tokenizer_json().to_str().replace("<|endoftext|>", "<|nothing|>")
    (tmp_path / "tokenizer.json").write_text(made)
    with pytest.raises(UnreadableModel, match="none of the end-of-document pieces"):
        subwords.load(tmp_path / "tokenizer.json")


@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"{", b"AA== 0\n", b"\n"]))
def test_any_bytes_are_a_model_or_unreadable(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.model"
    path.write_bytes(start + data)
    with pytest.raises(UnreadableModel):
        subwords.load(path)


DATA = Path(__file__).parent.parent.parent.parent / "shared/data/tokenizers"


@pytest.mark.skipif(not DATA.is_dir(), reason="the published tokenizers are not here")
@pytest.mark.parametrize(
    ("name", "eod_piece", "eod_id", "vocab_size"),
    [
        ("llm-jp-code10K_en20K_ja30K.ver2.2.model", "<EOD>", 7, 48_586),
        ("llm-jp-tokenizer-100k.ver3.1.model", "<EOD>", 7, 98_452),
        ("mistral-tokenizer.model.v1", "</s>", 2, 32_000),
        ("cl100k_base.tiktoken", "<|endoftext|>", 100_257, 100_277),
        ("qwen.tiktoken", "<|endoftext|>", 151_643, 151_851),
    ],
)
def test_published_models_end_documents_with_their_own_piece(
    name: str, eod_piece: str, eod_id: int, vocab_size: int
) -> None:
    model = subwords.load(DATA / name)
    assert (model.eod_piece, model.eod_id, model.vocab_size) == (eod_piece, eod_id, vocab_size)
