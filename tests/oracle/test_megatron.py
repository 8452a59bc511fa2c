"""What is exported, read back by those it is for. Their libraries want torch, a gigabyte that nothing else here needs:

python3 -m venv /tmp/peers && /tmp/peers/bin/pip install torch==2.13.0 megatron-core==0.16.1 datatrove==0.10.1
PEERS_PYTHON=/tmp/peers/bin/python make test ARGS=tests/oracle/test_megatron.py
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tokenizer.loader import TokenShards

PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)

pytestmark = pytest.mark.slow


def read(module: str, *words: object) -> Any:
    has = subprocess.run([PYTHON, "-c", f"import torch, {module}"], capture_output=True, check=False, timeout=300)
    if has.returncode:
        pytest.skip(f"{PYTHON} has no torch and {module}; see the head of this file")
    script = Path(__file__).with_name("readers.py")
    ran = subprocess.run([PYTHON, script, *map(str, words)], capture_output=True, check=False, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def digests(corpus: TokenShards, documents: range) -> list[str]:
    return [hashlib.sha256(corpus.doc(i).tobytes()).hexdigest() for i in documents]


def test_megatron_reads_the_merged_export_document_by_document(
    demo_out: Path, minamoto: Callable[..., Any], tmp_path: Path
) -> None:
    assert minamoto("export", "megatron", "--out", demo_out, "--to", tmp_path).status == 0
    found = read("megatron.core", "megatron", tmp_path / "demo_text_document")
    corpus = TokenShards(demo_out)
    assert found["mapped"] == found["read"] == digests(corpus, range(len(corpus)))
    assert found["document_indices"] == list(range(len(corpus) + 1))


def test_megatron_reads_the_shards_as_they_are(demo_out: Path, minamoto: Callable[..., Any], tmp_path: Path) -> None:
    assert minamoto("export", "megatron-view", "--out", demo_out, "--to", tmp_path).status == 0
    corpus = TokenShards(demo_out)
    for index, entry in enumerate(corpus.entries):
        found = read("megatron.core", "megatron", tmp_path / f"{Path(entry.file).stem}_text_document")
        documents = range(corpus.document_starts[index], corpus.document_starts[index + 1])
        assert found["mapped"] == found["read"] == digests(corpus, documents)


def test_datatrove_reads_its_files(demo_out: Path, minamoto: Callable[..., Any], tmp_path: Path) -> None:
    assert minamoto("export", "datatrove", "--out", demo_out, "--to", tmp_path).status == 0
    samples = iter(read("datatrove.utils.dataset", "datatrove", tmp_path, 2)["samples"])
    corpus = TokenShards(demo_out)
    for index, entry in enumerate(corpus.entries):
        documents = [corpus.doc(i) for i in range(*corpus.document_starts[index : index + 2])]
        tokens = np.concatenate(documents)
        for start in range(0, entry.tokens // 64 * 64, 64):
            assert next(samples)["input_ids"] == tokens[start : start + 64].tolist()
    assert next(samples, None) is None
