"""Read exported tokens with the libraries they are for. Needs nothing of ours: they may be beside another interpreter.

    python readers.py megatron PREFIX | datatrove FOLDER TOKEN_SIZE

Prints JSON: for Megatron the SHA-256 of each document's tokens (int32), mapped and unmapped; for datatrove the
samples of 64 tokens that its dataset gives.
"""

import hashlib
import importlib.metadata
import json
import sys
from typing import Any


def megatron(prefix: str) -> dict[str, Any]:
    from megatron.core.datasets.indexed_dataset import IndexedDataset

    found: dict[str, Any] = {"version": importlib.metadata.version("megatron-core")}
    for mmap in (True, False):
        documents = IndexedDataset(prefix, multimodal=False, mmap=mmap)
        found["mapped" if mmap else "read"] = [
            hashlib.sha256(documents[i].astype("<i4").tobytes()).hexdigest() for i in range(len(documents))
        ]
        found["document_indices"] = documents.document_indices.tolist()
    return found


def datatrove(folder: str, token_size: str) -> dict[str, Any]:
    from datatrove.utils.dataset import DatatroveFolderDataset

    samples = DatatroveFolderDataset(folder, 63, filename_pattern="*.ds", token_size=int(token_size))
    return {
        "version": importlib.metadata.version("datatrove"),
        "samples": [{name: values.tolist() for name, values in samples[i].items()} for i in range(len(samples))],
    }


if __name__ == "__main__":
    print(json.dumps({"megatron": megatron, "datatrove": datatrove}[sys.argv[1]](*sys.argv[2:])))
