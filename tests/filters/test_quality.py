import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import filters
import judged
from filters.quality import MAX_CHARS, ModelError, Quality, features


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged.small_model(tmp_path_factory.mktemp("quality"))


def batch(*rows: tuple[str | None, str | None]) -> pa.RecordBatch:
    return pa.record_batch({"text": pa.array([r[0] for r in rows], pa.string()),
                            "lang": pa.array([r[1] for r in rows], pa.string())})  # fmt: skip


def measured(rule: Quality, *rows: tuple[str | None, str | None]) -> list[Any]:
    (found,) = rule.measure(batch(*rows)).values()
    assert found.type == pa.float64()
    return list(found.to_pylist())


def test_new_texts_of_either_kind_and_language(model: Path) -> None:
    rule = Quality(str(model))
    rows = [
        (text, lang) for lang in ("ja", "en") for make in (judged.good, judged.bad) for text in make(lang, 5, seed=1)
    ]
    verdicts = filters.judge(rule, batch(*rows))
    assert verdicts.reason.to_pylist() == ([None] * 5 + ["quality"] * 5) * 2
    assert all(value < 0.5 and limit == 0.5 for value, limit in zip(
        verdicts.value.drop_null().to_pylist(), verdicts.limit.drop_null().to_pylist()))  # fmt: skip


def test_scores_are_probabilities_and_a_batch_changes_none(model: Path) -> None:
    rule = Quality(str(model))
    rows = [(text, "ja") for text in judged.good("ja", 3, seed=2) + judged.bad("ja", 3, seed=2)]
    found = measured(rule, *rows)
    assert found == [score for row in rows for score in measured(rule, row)]
    assert all(0 <= score <= 1 and score == round(score, 4) for score in found)


def test_what_is_not_measured(model: Path) -> None:
    (text,) = judged.good("ja", 1)
    rows = ((None, "ja"), ("", "ja"), ("短い。", "ja"), (text, None), (text, "de"))
    assert measured(Quality(str(model)), *rows) == [None] * 5
    assert measured(Quality(str(model), languages=("en",)), (text, "ja")) == [None]
    assert measured(Quality(str(model))) == []
    assert measured(Quality("none.bin")) == []  # columns are asked for before there is any row
    assert filters.judge(Quality(str(model)), batch(*rows)).reason.null_count == 5


def test_a_limit_for_each_language() -> None:
    rule = Quality("x.bin", min_score_ja=0.2, min_score=0.9)
    scores = {"quality.score": pa.array([0.5, 0.5, 0.1, 0.95, None], pa.float64())}
    found = filters.decide(rule, scores, pa.array(["ja", "en", "ja", "en", "en"]))
    assert found.reason.to_pylist() == [None, "quality", "quality", None, None]
    assert found.limit.to_pylist() == [None, 0.9, 0.2, None, None]
    assert rule.bounds("ja")[0].least == 0.2


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("今日は、晴れ。", "今 日 は 、 晴 れ 。"),
        ("Ｈｅｌｌｏ, don't  PANIC!", "hello , don ' t panic !"),
        ("2024年11月", "0 年 0 月"),
        ("一行目\n\n  二行目\r\n", "一 行 目 二 行 目"),
        ("ﾊﾟｿｺﾝ パソコン", "パ ソ コ ン パ ソ コ ン"),
        ("GPT_4 __label__negative </s>", "gpt 0 label negative < / s >"),
        ("\ud800 \x00　", "\ufffd"),
        ("", ""),
    ],
)
def test_features(text: str, seen: str) -> None:
    assert " ".join(features(text)) == seen


@given(st.text(st.characters(exclude_categories=())))
def test_features_of_any_text_are_words_to_fasttext(text: str) -> None:
    found = features(text)
    line = " ".join(found)
    assert line.encode().decode().split() == found  # nothing that fastText would cut, or could not be written
    assert not any(word.startswith("__label__") for word in found)
    assert features(line) == found


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_has_a_probability_or_none(model: Path, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()  # what Arrow can hold
    (score,) = measured(Quality(str(model)), (text * 9, "en"))
    assert score is None or 0 <= score <= 1


@pytest.mark.parametrize("piece", ["あ", "a", "\n", "\u0301", "\u3099", "ﷺ", "1 ", "\x00", "_", "😀"])
def test_endless_texts(model: Path, piece: str) -> None:
    assert len(features(piece * 3_000_000)) <= 18 * MAX_CHARS
    measured(Quality(str(model)), (piece * 3_000_000, "ja"))


def test_digests(model: Path) -> None:
    expected = {
        name: hashlib.sha256((model.parent / name).read_bytes()).hexdigest() for name in ("quality.bin", "quality.json")
    }
    assert Quality(str(model)).digests() == expected


def copied(model: Path, folder: Path, **changed: Any) -> Path:
    card = json.loads(model.with_suffix(".json").read_bytes()) | changed
    shutil.copy(model, folder / "quality.bin")
    (folder / "quality.json").write_text(json.dumps(card))
    return folder / "quality.bin"


def test_what_does_not_fit(model: Path, tmp_path: Path) -> None:
    def refused(path: Path, message: str, **settings: Any) -> None:
        for ask in (lambda rule: rule.digests(), lambda rule: rule.measure(batch(("あ" * 99, "ja")))):
            with pytest.raises(ModelError, match=message) as raised:
                ask(Quality(str(path), **settings))
            assert "\n" not in str(raised.value)

    refused(tmp_path / "none.bin", r"none\.bin: not readable .*train-quality")
    refused(model, "was trained on en, ja, not on de", languages=("ja", "de"))
    for name in "abcdef":
        (tmp_path / name).mkdir()
    refused(copied(model, tmp_path / "a", features="bytes 7"), "trained with other features .bytes 7;")
    refused(copied(model, tmp_path / "b", model_sha256="0" * 64), "not the model its card")
    damaged = copied(model, tmp_path / "c")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    refused(damaged, "not the model its card")
    for folder, card in (("d", b"[]"), ("e", b"\xff"), ("f", b"[" * 100_000)):
        path = copied(model, tmp_path / folder)
        path.with_suffix(".json").write_bytes(card)
        refused(path, r"quality\.json: not the card of a quality model")
    path.with_suffix(".json").unlink()
    refused(path, r"quality\.json: not readable")


def test_what_is_no_fasttext_model(tmp_path: Path) -> None:
    rule = Quality(str(tmp_path / "quality.bin"))
    (tmp_path / "quality.bin").write_bytes(b"no model")
    card = {
        "model_sha256": hashlib.sha256(b"no model").hexdigest(),
        "features": filters.quality.FEATURES,
        "languages": ["ja"],
    }
    (tmp_path / "quality.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="not a fastText model"):
        rule.measure(batch(("あ" * 99, "ja")))


@pytest.mark.parametrize(("field", "value"), [("model", ""), ("min_score", -0.1), ("min_score_ja", 1.1)])
def test_impossible_settings_name_their_field(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Quality(**{"model": "x.bin", field: value})
