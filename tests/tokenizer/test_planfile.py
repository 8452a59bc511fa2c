import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer import planfile
from tokenizer.loader import Damaged, ForeignTokenizer, TokenShards
from tokenizer.plan import BadPlan, Plan, Settings, Source, Stage, StalePlan


@pytest.mark.parametrize("name", ["plan.toml", "plan.json"])
def test_what_is_saved_is_loaded(corpus: Path, name: str) -> None:
    shards = TokenShards(corpus)
    settings = Settings(64, "best_fit", False, 5, 0.125, "train")
    for plan in [
        Plan({"a b.\"'": Source(shards, epochs=3)}, settings),
        Plan({"a": Source(shards, 0.3), "b": Source(shards, 0.7, 4)}, settings),
        Plan({"a": Source(shards, epochs=3), "ろ": Source(shards)}, settings, [Stage(640, {"a": 1.5, "ろ": 1e-05})]),
    ]:
        for path in (corpus / name, corpus.parent / name):
            planfile.save(plan, path)
            assert planfile.load(path).digest == plan.digest


def test_a_plan_saved_beside_its_corpus_moves_with_it(corpus: Path, tmp_path: Path) -> None:
    plan = Plan({"a": Source(TokenShards(corpus))}, Settings(64))
    planfile.save(plan, corpus / "plan.toml")
    corpus.rename(tmp_path / "elsewhere")
    assert planfile.load(tmp_path / "elsewhere/plan.toml").digest == plan.digest


def test_a_stale_plan_is_named(corpus: Path, tmp_path: Path, write: Callable[..., Path]) -> None:
    path = tmp_path / "plan.json"
    planfile.save(Plan({"a": Source(TokenShards(corpus))}, Settings(64)), path)
    says = json.loads(path.read_text())
    path.write_text(json.dumps(says | {"seed": 1}))
    with pytest.raises(StalePlan, match=r"plan\.json: its digest is"):
        planfile.load(path)
    path.write_text(json.dumps(says))
    corpus.rename(tmp_path / "old")
    write(corpus, [50] * 100)
    with pytest.raises(StalePlan, match=r"plan\.json: sources\.a at .* the plan was saved for other tokens"):
        planfile.load(path)
    corpus.rename(tmp_path / "older")
    write(corpus, [50] * 100, tokenizer="b" * 64)
    with pytest.raises(ForeignTokenizer, match=r"sources\.a at .* is of tokenizer bbbbbbbbbbbb, not aaaaaaaaaaaa"):
        planfile.load(path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seq_len = ", "not readable as TOML"),
        ("", "seq_len: must be given"),
        ("seq_len = 1.5", "seq_len: must be a number, not 1.5"),
        ("seq_len = true", "seq_len: must be a number, not True"),
        ("seq_len = 64\nseqlen = 3", "seqlen: no such setting; did you mean seq_len?"),
        ("seq_len = 64\nmask_documents = 1", "mask_documents: must be true or false, not 1"),
        ("seq_len = 64\npacking = 'first'", "packing: must be concat or best_fit, not 'first'"),
        ("seq_len = 64", "sources: there are none"),
        ("seq_len = 64\nsources = 3", "sources: must be a table, not 3"),
        ("seq_len = 64\nsources.a = 3", "sources.a: must be a table, not 3"),
        ("seq_len = 64\n[sources.a]\nwait = 1", "sources.a.wait: no such setting; did you mean weight?"),
        ("seq_len = 64\n[sources.a]\nweight = '1'", "sources.a.weight: must be a number, not '1'"),
        ("seq_len = 64\n[sources.a]\n[[stages]]\ntokens = 640", "stages.0.weights: must be given"),
        ("seq_len = 64\nstages = [3]\n[sources.a]", "stages.0: must be a table, not 3"),
        ("seq_len = 64\n[sources.a]\n[[stages]]\ntokens = 640\nweights = {b = 1}", "stages.0.weights.b: no such"),
    ],
)
def test_a_plan_that_cannot_be_is_one_line(corpus: Path, tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(BadPlan) as raised:
        planfile.load(path, corpus)
    assert str(raised.value).startswith(f"{path}: {line}")
    assert "\n" not in str(raised.value)


@given(table=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["seq_len", "seed", "sources", "stages", "weight", "tokens", "weights", "epochs", "a"]), inner,
    )), max_leaves=8))  # fmt: skip
def test_no_table_is_worse_than_a_line(tmp_path_factory: pytest.TempPathFactory, table: object) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(table))
    with pytest.raises((BadPlan, Damaged)):
        planfile.load(path, path.parent / "none")


def test_sources_without_a_path_are_the_corpus_given(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text("seq_len = 64\n[sources.a]\n")
    assert len(planfile.load(path, corpus)) == TokenShards(corpus).tokens // 64
    with pytest.raises(BadPlan, match=r"sources\.a\.path: must be given"):
        planfile.load(path)
