"""What Hugging Face needs beside the shards: a card, so that `load_dataset` reads the folder as it is meant, and two
small files, so that `load_from_disk` maps the shards without a copy. All of it follows from the manifest."""

import re
from typing import Any

#: Hugging Face's names for how many rows a data set has, by the limit below which they hold.
_SIZES = {
    1e3: "n<1K", 1e4: "1K<n<10K", 1e5: "10K<n<100K", 1e6: "100K<n<1M", 1e7: "1M<n<10M",
    1e8: "10M<n<100M", 1e9: "100M<n<1B", 1e10: "1B<n<10B", 1e11: "10B<n<100B", 1e12: "100B<n<1T",
}  # fmt: skip

#: An SPDX expression. Pages state URLs as well, and the words of a page do not belong on a card.
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+() -]{0,80}")


def card(manifest: dict[str, Any]) -> str:
    """README.md. Without its `configs`, `load_dataset` takes the format that most files have and reads other files."""
    name, tokenizer = manifest["corpus"], manifest["tokenizer"]
    documents, tokens, shards = f"{manifest['documents']:,}", f"{manifest['tokens']:,}", len(manifest["shards"])
    langs = [lang for lang in manifest["languages"] if re.fullmatch("[a-z]{2,3}", lang)]
    size = next((words for limit, words in _SIZES.items() if manifest["documents"] < limit), "n>1T")
    languages = "\n".join(
        f"| {lang} | {says['documents']:,} | {says['tokens']:,} | {says['chars'] / max(says['tokens'], 1):.2f} |"
        for lang, says in manifest["languages"].items()
    )
    licences = "\n".join(f"| {words} | {count:,} |" for words, count in _licences(manifest["licences"]).items())
    front = [
        "---",
        f'pretty_name: "{name}"',
        *(["language:", *(f'- "{lang}"' for lang in langs)] if langs else []),
        "license: other",
        "license_name: of-each-document",
        "license_link: README.md",
        f"size_categories:\n- {size}",
        "task_categories:\n- text-generation",
        "configs:",
        "- config_name: default\n  data_files:\n  - split: train\n    path: data/*.arrow",
        "---",
    ]
    body = f"""
# {name}

{documents} documents, {tokens} tokens, {shards} shards; made with Minamoto.
文書 {documents} 件、{tokens} トークン、シャード {shards} 個。Minamoto で作成。

- Digest of the content / 内容のダイジェスト: `{manifest["digest"]}`
- Tokenizer / トークナイザ: `{tokenizer["file"]}`, SHA-256 `{tokenizer["sha256"]}`, {tokenizer["vocab_size"]:,} pieces;
  id {tokenizer["eod_id"]} ends every document / 文書末の id は {tokenizer["eod_id"]}
- The files and their digests / 全ファイルとそのダイジェスト: `manifest.json`
- Where each document came from / 各文書の出所: `__meta__/`; row i speaks of row i of the shard of the same name

```python
datasets.load_from_disk(folder + "/data")    # maps the shards, copies nothing
datasets.load_dataset(folder)                # copies them to its cache
datasets.load_dataset("parquet", data_files=folder + "/__meta__/*.parquet")    # url, source, licence, scores
```

## Languages / 言語

| language | documents | tokens | characters per token |
|---|--:|--:|--:|
{languages}

## Licences that the documents state / 文書が示すライセンス

A licence that a page states may be for a part of it only; `licence_evidence` in the corpus folder has its words.
ページが示すライセンスは一部のみを対象とする場合がある。

| licence | documents |
|---|--:|
{licences}

## Not stated / 未記載

Intended use, known biases, sensitive personal information, contact: to be filled in by whoever publishes this.
想定用途、既知の偏り、機微な個人情報、連絡先は、公開者が記入すること。
"""
    return "\n".join(front) + body


def _licences(found: dict[str, int]) -> dict[str, int]:
    """The SPDX expressions, the most frequent first; then the rest by kind."""
    named = {words: count for words, count in found.items() if _SPDX.fullmatch(words)}
    rest = sum(found.values()) - sum(named.values()) - found.get("", 0)
    ordered = dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))
    return ordered | {words: count for words, count in (("by URL", rest), ("none", found.get("", 0))) if count}


def state(manifest: dict[str, Any]) -> dict[str, Any]:
    """state.json, as `Dataset.save_to_disk` would write it for the shards in the folder `data`."""
    return {
        "_data_files": [{"filename": shard["file"].removeprefix("data/")} for shard in manifest["shards"]],
        "_fingerprint": manifest["digest"][:16],  # of the content: what `datasets` caches hangs on it
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": "train",
    }


def info(manifest: dict[str, Any]) -> dict[str, Any]:
    """dataset_info.json, of the same."""
    return {
        "dataset_name": manifest["corpus"],
        "features": {
            "input_ids": {"feature": {"dtype": "int32", "_type": "Value"}, "_type": "LargeList"},
            "doc_id": {"dtype": "fixed_size_binary[16]", "_type": "Value"},
        },
        "splits": {
            "train": {
                "name": "train",
                "num_bytes": sum(shard["bytes"] for shard in manifest["shards"]),
                "num_examples": manifest["documents"],
                "dataset_name": manifest["corpus"],
            }
        },
    }
