import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import train
from tokenizer.model import UnreadableModel

TEXT = [
    "吾輩は猫ではない。名前はもうある。どこで生れたかはよく知っている。",
    "The bridge over the river was built twice, and washed away three times.",
    "データを集め、文字を確かめ、重複を除き、１２３個や4321個の単語に分ける。\tタブと  空白も残る。",
] * 40


def trained(japanese_words: str = "", **options: object) -> bytes:
    sentences = (s for t in TEXT for s in train.sentences(t, japanese_words))
    return train.train(sentences, train.Options(500, **options))  # type: ignore[arg-type]


def pieces(model: bytes) -> list[str]:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
def test_training_twice_gives_the_same_bytes(algorithm: str) -> None:
    assert trained(algorithm=algorithm) == trained(algorithm=algorithm)


def test_no_piece_reaches_over_a_word() -> None:
    free, cut = (pieces(trained(mode, algorithm="bpe")) for mode in ("", "C"))
    longest = [max((piece for piece in found if "猫" in piece), key=len) for found in (free, cut)]
    assert len(longest[0]) > 1
    assert longest[1] == "猫"


def test_pieces_are_no_longer_than_asked() -> None:
    learned = [piece for piece in pieces(trained(max_piece_chars=3)) if not piece.startswith("<")]
    assert max(map(len, learned)) == 3


def test_symbols_are_pieces_of_their_own() -> None:
    model = sentencepiece.SentencePieceProcessor(model_proto=trained(symbols=["<|email|>"]))
    assert "<|email|>" in model.encode("連絡は<|email|>まで", out_type=str)


def test_digits_stand_alone_and_white_space_is_kept() -> None:
    model = sentencepiece.SentencePieceProcessor(model_proto=trained())
    text = "  1234 １２\t\n\n　x  "
    cut = model.encode(text, out_type=str)
    assert [piece for piece in cut if piece.isdigit()] == ["1", "2", "3", "4", "１", "２"]
    assert model.decode(model.encode(text)) == text


def test_too_little_text_to_train_on_is_one_clear_line() -> None:
    with pytest.raises(UnreadableModel, match="no vocabulary could be trained") as error:
        train.train(iter([]), train.Options(500))
    assert "\n" not in str(error.value)


@given(st.text(max_size=400), st.sampled_from(["", "A", "C"]))
def test_sentences_lose_only_white_space(text: str, mode: str) -> None:
    def solid(value: str) -> str:
        return "".join(value.split())

    assert solid("".join(train.sentences(text, mode))) == solid(text)


def test_words_keep_the_white_space_before_them() -> None:
    assert list(train.sentences("東京　タワー and 猫。", "C")) == ["東京", "　タワー", " and", " 猫", "。"]


def test_a_long_line_is_cut_by_bytes_and_kept_whole() -> None:
    text = "長" * 5000
    found = list(train.sentences(text))
    assert "".join(found) == text
    assert max(len(piece.encode()) for piece in found) <= train.MAX_SENTENCE_BYTES


def test_the_longest_sentences_are_learned_from() -> None:
    sentence = "鷲" * (train.MAX_SENTENCE_BYTES // 3)
    assert "鷲" in pieces(train.train([sentence, *TEXT], train.Options(500)))
