"""The peers as they are called here. Needs nothing of ours, for they may be installed beside another interpreter."""

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any


@functools.cache
def datatrove_signature(lang: str, tokenizer: Callable[[str], Any]) -> Any:
    """datatrove's first step (`get_shingles`, `get_signature`) in its default configuration, its words cut by
    `tokenizer(lang).word_tokenize`.

    Its file by itself: its package imports every kind of dedup and with them libraries we do without.
    """
    package: Any = importlib.util.find_spec("datatrove")
    file = Path(package.origin).parent / "pipeline/dedup/minhash.py"
    spec: Any = importlib.util.spec_from_file_location("datatrove_minhash", file)
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.load_word_tokenizer = tokenizer
    step = module.MinhashDedupSignature("/dev/null", language=lang)
    xxhash: Any = importlib.import_module("xxhash")
    step._hash_func = lambda text: xxhash.xxh64_intdigest(text.encode())  # its own gives xxhash a str; 4.0 refuses that
    return step


class FreeWords:
    """A tokenizer for datatrove that costs nothing: Japanese is cut into characters, all else at spaces."""

    def __init__(self, lang: str) -> None:
        self.word_tokenize: Callable[[str], list[str]] = list if lang in ("ja", "jpn") else str.split


def datatrove_dedup(documents: str, folder: str, lang: str, workers: int, own_words: bool) -> None:
    """datatrove's four stages, as its example chains them: JSONL in, the documents that stay in `folder`/kept.

    A task for each file of documents, and for each bucket, in turn on so many workers. `lang` is datatrove's own code.
    """
    from datatrove.executor.local import LocalPipelineExecutor  # type: ignore[import-untyped]
    from datatrove.pipeline.dedup import minhash  # type: ignore[import-untyped]
    from datatrove.pipeline.readers import JsonlReader  # type: ignore[import-untyped]
    from datatrove.pipeline.writers import JsonlWriter  # type: ignore[import-untyped]

    if not own_words:
        minhash.load_word_tokenizer = FreeWords
    config = minhash.MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    files = len(list(Path(documents).iterdir()))
    signatures, matches, clusters = (f"{folder}/{name}" for name in ("signatures", "matches", "clusters"))
    reader = JsonlReader(documents)
    kept = JsonlWriter(f"{folder}/kept", compression=None)  # its default is gzip
    stages = (
        ([reader, minhash.MinhashDedupSignature(signatures, config=config, language=lang)], files),
        ([minhash.MinhashDedupBuckets(signatures, matches, config=config)], config.num_buckets),
        ([minhash.MinhashDedupCluster(matches, clusters, config=config)], 1),
        ([reader, minhash.MinhashDedupFilter(clusters), kept], files),
    )
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks, min(workers, tasks), f"{folder}/log/{number}").run()
