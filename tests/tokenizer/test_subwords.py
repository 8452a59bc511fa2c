from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import subwords

TEXT = [
    "吾輩は猫ではない。名前はもうある。どこで生れたかはよく知っている。",
    "The bridge over the river was built twice, and washed away three times.",
    "データを集め、文字を確かめ、重複を除き、１２３個の単語に分ける。\tタブと  空白も残る。",
] * 40


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> subwords.Subwords:
    path = tmp_path_factory.mktemp("model") / "tokenizer.model"
    path.write_bytes(subwords.train((s for t in TEXT for s in subwords.sentences(t)), 500))
    return subwords.load(path)


def test_training_twice_gives_the_same_bytes() -> None:
    def train() -> bytes:
        return subwords.train((s for t in TEXT for s in subwords.sentences(t)), 500)

    assert train() == train()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0▁"), max_size=200))
def test_text_survives_encoding(model: subwords.Subwords, text: str) -> None:
    """U+2581 stands for the space inside SentencePiece, and NUL ends its strings: `extract` lets no NUL through."""
    (ids,) = model.encode([text])
    assert ids[-1] == model.eod_id
    assert model.processor.decode(ids[:-1].tolist()) == text


def test_ids_are_int32_and_each_text_ends_with_eod(model: subwords.Subwords) -> None:
    encoded = list(model.encode(["猫", "", "bridge"]))
    assert all(ids.dtype == np.int32 and ids[-1] == model.eod_id for ids in encoded)
    assert encoded[1].tolist() == [model.eod_id]
    assert model.eod_piece == "<EOD>"


def test_special_pieces_in_a_text_are_text(model: subwords.Subwords) -> None:
    (ids,) = model.encode(["<EOD></s>"])
    assert ids.tolist().count(model.eod_id) == 1


def test_a_file_that_is_no_model_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.model").write_text("no model")
    for name in ("x.model", "absent.model"):
        with pytest.raises(subwords.UnreadableModel, match=name) as error:
            subwords.load(tmp_path / name)
        assert "\n" not in str(error.value)


def test_too_little_text_to_train_on_is_one_clear_line() -> None:
    with pytest.raises(subwords.UnreadableModel, match="no vocabulary could be trained") as error:
        subwords.train(iter([]), 500)
    assert "\n" not in str(error.value)


@given(st.text(max_size=400))
def test_sentences_lose_only_white_space(text: str) -> None:
    def solid(value: str) -> str:
        return "".join(value.split())

    assert solid("".join(subwords.sentences(text))) == solid(text)


def test_a_long_line_is_cut_by_bytes_and_kept_whole() -> None:
    text = "長" * 5000
    pieces = list(subwords.sentences(text))
    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces) <= subwords.MAX_SENTENCE_BYTES


DATA = Path(__file__).parent.parent.parent.parent / "shared/data/tokenizers"


@pytest.mark.skipif(not DATA.is_dir(), reason="the published tokenizers are not here")
@pytest.mark.parametrize(
    ("name", "eod_piece", "eod_id"),
    [
        ("llm-jp-code10K_en20K_ja30K.ver2.2.model", "<EOD>", 7),
        ("llm-jp-tokenizer-100k.ver3.1.model", "<EOD>", 7),
        ("mistral-tokenizer.model.v1", "</s>", 2),
    ],
)
def test_published_models_end_documents_with_their_own_piece(name: str, eod_piece: str, eod_id: int) -> None:
    model = subwords.load(DATA / name)
    assert (model.eod_piece, model.eod_id) == (eod_piece, eod_id)


def test_symbols_are_pieces_of_their_own() -> None:
    sentences = (s for t in TEXT for s in subwords.sentences(t))
    model = sentencepiece.SentencePieceProcessor(model_proto=subwords.train(sentences, 500, ["<|email|>"]))
    assert "<|email|>" in model.encode("連絡は<|email|>まで", out_type=str)
