"""The floors of the house: who may import whom, and that ray, trafilatura and friends stay in their one file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "pipelines": {"pipelines", "filters", "dedup", "tokenizer"},
    "filters": {"filters", "tokenizer"},
    "dedup": {"dedup", "tokenizer"},
    "tokenizer": {"tokenizer"},
}
ONLY_IN = {
    "ray": {"pipelines/run.py", "pipelines/cluster/__init__.py", "pipelines/cluster/submit.py"},
    "trafilatura": {"pipelines/extract/html.py"},
    "fastwarc": {"pipelines/sources/payload.py", "pipelines/sources/containers.py"},
    "fasttext": {"filters/language.py", "filters/supervised.py"},
    "sentencepiece": {"tokenizer/sentencepiece_model.py", "tokenizer/train.py"},
    "tokenizers": {"tokenizer/tokenizer_json.py"},
    "tiktoken": {"tokenizer/ranks.py"},
    "datasketch": {"dedup/minhash.py"},
    "obstore": {"pipelines/store/bucket.py", "pipelines/remote/clients.py", "pipelines/remote/objects.py"},
    "pickle": set(),
}


def imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which floor is meant"
            yield node.module or ""


def offences(root: Path) -> Iterator[str]:
    for floor, allowed in MAY_IMPORT.items():
        for path in sorted((root / floor).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            for module in imports(path.read_text(encoding="utf-8")):
                top = module.split(".")[0]
                if top in MAY_IMPORT and top not in allowed:
                    yield f"{name} imports {module}"
                if name not in ONLY_IN.get(top, {name}):
                    yield f"{name} imports {module}"


def test_no_floor_imports_one_above_it() -> None:
    assert list(offences(ROOT)) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("tokenizer/x.py", "from filters import length"),
        ("filters/x.py", "import ray"),
        ("dedup/x.py", "import filters"),
    ],
)
def test_an_offence_is_seen(tmp_path: Path, path: str, line: str) -> None:
    (tmp_path / path).parent.mkdir()
    (tmp_path / path).write_text(line)
    assert len(list(offences(tmp_path))) == 1


def test_the_packages_are_those_of_this_checkout() -> None:
    for name in MAY_IMPORT:
        module = __import__(name)
        assert module.__file__ is not None
        assert Path(module.__file__).is_relative_to(ROOT), f"another distribution shadows {name}: {module.__file__}"
