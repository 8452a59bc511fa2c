"""Tokenizers beside each other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

import judged
from pipelines.errors import UsageError
from pipelines.train import report as tokenizer_report
from pipelines.train import vocabulary
from tokenizer import train

Run = Callable[..., Any]
TEXTS = [text for lang in ("ja", "en") for text in judged.good(lang, 60)]


def silent(what: str, share: float) -> None:
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of ours, one that lower-cases, and texts: with lines of Japanese and English."""
    folder = tmp_path_factory.mktemp("report")
    for size in (400, 1000):
        sentences = (sentence for text in TEXTS for sentence in train.sentences(text))
        (folder / f"{size}.model").write_bytes(train.train(sentences, train.Options(size)))
    lossy = tokenizers.Tokenizer(models.BPE(unk_token="<unk>"))
    lossy.normalizer = tokenizers.normalizers.Lowercase()
    lossy.pre_tokenizer = pre_tokenizers.Metaspace()
    lossy.decoder = decoders.Metaspace()
    special = ["<unk>", "</s>"]
    lossy.train_from_iterator(
        judged.good("en", 60), trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    )
    lossy.save(str(folder / "lossy.json"))
    judged.lines(folder / "texts.jsonl", TEXTS)
    (folder / "ja.txt").write_text(TEXTS[0])
    (folder / "en.txt").write_text(TEXTS[-1])
    return folder


def measured(folder: Path, **how: Any) -> dict[str, Any]:
    paths = [folder / name for name in ("400.model", "1000.model", "lossy.json")]
    options: dict[str, Any] = {"languages": ["ja", "en"], "held_out": False, "threads": 2} | how
    return tokenizer_report.measure(paths, [folder / "texts.jsonl"], report=silent, **options)


def test_what_is_measured(folder: Path) -> None:
    found = measured(folder, parallel=(folder / "ja.txt", folder / "en.txt"))
    assert {lang: of["documents"] for lang, of in found["texts"].items()} == {"ja": 60, "en": 60}
    small, large, lossy = found["models"]
    for lang in ("ja", "en"):
        assert large["languages"][lang]["chars_per_token"] > small["languages"][lang]["chars_per_token"] > 1
        assert large["languages"][lang]["lost"] == small["languages"][lang]["lost"] == 0
        size, of = found["texts"][lang], large["languages"][lang]
        assert of["chars_per_token"] == pytest.approx(size["chars"] / of["tokens"], abs=1e-4)
        assert of["bytes_per_token"] == pytest.approx(size["bytes"] / of["tokens"], abs=1e-4)
    assert lossy["languages"]["ja"]["unknown_share"] > 0.5
    assert lossy["languages"]["en"]["lost"] > 50
    assert large["languages"]["ja"]["unknown_share"] == 0
    assert large["mb_per_s"] > 0
    assert large["parallel"]["ratio"] == pytest.approx(large["parallel"]["ja"] / large["parallel"]["en"], abs=1e-4)


def test_bytes_of_characters_without_a_piece_are_counted(folder: Path, tmp_path: Path) -> None:
    rare = judged.lines(tmp_path / "rare.jsonl", ["龘靐齉の字は、どれも辞書にしか出て来ない。" * 9])
    found = tokenizer_report.measure([folder / "400.model"], [rare], ["ja"], False, 1, silent)
    assert 0.2 < found["models"][0]["languages"]["ja"]["byte_share"] < 1


def test_held_out_documents_alone(folder: Path) -> None:
    found = measured(folder, held_out=True)
    for lang in ("ja", "en"):
        wanted = [text for text in judged.good(lang, 60) if vocabulary.is_held_out(text, lang)]
        assert found["texts"][lang]["documents"] == len(wanted)


def test_threads_change_nothing_but_the_time(folder: Path) -> None:
    def ids(threads: int) -> list[Any]:
        return [model["languages"] for model in measured(folder, threads=threads)["models"]]

    assert ids(1) == ids(3)


def test_the_command(minamoto: Run, folder: Path) -> None:
    options = ("tokenizer-report", folder / "400.model", folder / "lossy.json", "--input", folder / "texts.jsonl")
    found = minamoto(*options, "--json").json
    assert [model["name"] for model in found["models"]] == ["400.model", "lossy.json"]
    assert str(folder) not in json.dumps(found)
    shown = minamoto(*options, "--parallel", folder / "ja.txt", folder / "en.txt").out
    assert "lossy.json" in shown


def test_what_cannot_be_read_is_one_clear_line(minamoto: Run, folder: Path) -> None:
    ran = minamoto("tokenizer-report", folder / "texts.jsonl", "--input", folder / "texts.jsonl")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    with pytest.raises(UsageError, match="no text in de"):
        measured(folder, languages=["de"])
