"""The words of the command line: commands, options and what they take. `__main__.py` does what they ask."""

import argparse
import os
from pathlib import Path

COMMANDS = {
    "run": "build the corpus: every stage, then what came out and where",
    "extract": "archives → documents, each with its text or the reason it has none",
    "filter": "judge each document: language, length, script, repetition",
    "dedup": "find exact and near duplicates; name the document kept instead",
    "tokenize": "train or load the tokenizer, write token shards and the manifest",
    "plan": "show every stage with its fingerprint and its parts done and missing; runs nothing",
    "stats": "rows, reasons, languages, tokens, hosts, time and memory",
    "watch": "follow a run in OUT from another terminal: stages, rates, time to go",
    "verify": "recompute every digest; say which file is damaged",
    "show": "why is this page not in the corpus? what each stage says of it; or a sample by reason",
    "what-if": "which documents would return and go with other limits, from the scores on record",
    "trace": "from a training step to its documents: URLs, licences, offsets, and the text on request",
    "find": "from a URL or document to its shard and row, and to the training steps that saw it",
    "doctor": "look a machine or a cluster over: versions, listeners, tokens, memory, disk; say what to do",
    "export": "write the tokens as others read them, or what others need to check our decisions",
    "fetch": "files of a crawl into a folder; or single records, by language, domain and top-level domain",
    "train-quality": "train the classifier of the rule `quality` on good and bad texts; write it and its card",
    "train-tokenizer": "train a SentencePiece model on texts by a recipe's [tokenize]; write it and its card",
    "tokenizer-report": "tokenizers beside each other: text a token, bytes, what is lost, speed",
}

EXPORTS = {
    "signatures": "for datasketch, of every document compared",
    "megatron": "one .bin and .idx of all tokens",
    "megatron-view": "an .idx for every shard, into the .arrow as it is",
    "datatrove": "a .ds for every shard",
    "parquet": "tokens and provenance, a file for every shard",
}

TEXTS = "corpora (their OUT), Parquet, JSON Lines (.gz, .zst), text files, folders"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="minamoto", description="Raw Japanese and English documents in, Arrow token shards out."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        sub = commands.add_parser(name, help=words, description=words)
        if name == "train-quality":
            _training_options(sub)
            continue
        if name == "train-tokenizer":
            _tokenizer_options(sub)
            continue
        if name == "tokenizer-report":
            _report_options(sub)
            continue
        if name == "fetch":
            _fetch_options(sub)
            continue
        out = sub.add_argument("--out", required=name != "doctor", type=_place, metavar="DIR",
                               help="the corpus folder, or s3://bucket/prefix, gs://bucket/prefix")  # fmt: skip
        sub.add_argument(
            "--json", action="store_true", help="print one JSON object on standard output, and nothing else"
        )
        if name == "doctor":
            _ray_option(sub)
            continue
        if name == "export":
            words = "; ".join(f"{what}: {words}" for what, words in EXPORTS.items())
            sub.add_argument("what", choices=list(EXPORTS), help=words)
            sub.add_argument("--to", type=Path, metavar="DIR", help="where it goes (default: OUT/export/WHAT)")
        if name == "verify":
            sub.add_argument("--retokenize", type=_share, metavar="SHARE", help="also cut this share of the documents "
                             "again, from 0 to 1, and compare tokens")  # fmt: skip
            sub.add_argument("--seed", type=int, default=0, help="of that sample (default: %(default)s)")
        if name == "show":
            which = sub.add_mutually_exclusive_group(required=True)
            which.add_argument("--url", help="of a page")
            which.add_argument("--doc-id", metavar="HEX", help="of a document")
            which.add_argument("--reason", metavar="R", help="a sample of those that went for it")
        if name in ("show", "what-if"):
            sub.add_argument("-n", type=_workers, default=5, help="documents in a sample (default: %(default)s)")
            sub.add_argument("--seed", type=int, default=0, help="of the sample (default: %(default)s)")
        if name in ("trace", "find"):
            _trace_options(sub, name, out)
        if name in ("watch", "verify", "export", "show", "trace", "find"):
            continue
        sub.add_argument("--recipe", required=True, type=Path, metavar="R", help="what the corpus is made of (TOML)")
        if name == "what-if":
            sub.add_argument("--set", nargs="+", action="extend", required=True, metavar="KEY=VALUE", dest="settings",
                             help="filter.RULE.FIELD=VALUE, as filter.japanese.min_hiragana=0.15")  # fmt: skip
            continue
        sub.add_argument("--input", nargs="+", action="extend", default=[], metavar="GLOB",
                         help="archives: files, globs, folders, .paths lists; in place of the recipe's")  # fmt: skip
        sub.add_argument("--against", nargs="+", action="extend", default=[], metavar="DIR",
                         help="corpora deduplicated before; what they published stays")  # fmt: skip
        if name == "stats":
            sub.add_argument(
                "--audit", action="store_true", help="also what each rule removed, by language, host, year and length"
            )
        if name in ("plan", "stats"):
            continue
        if name == "dedup":
            out.required = False  # checked below: a curve needs none
            sub.add_argument(
                "--curve", action="store_true", help="print the chance of detection by similarity; runs nothing"
            )
        sub.add_argument(
            "--workers", type=_workers, metavar="N", help="parts at a time on this machine (default: all CPUs)"
        )
        where = sub.add_mutually_exclusive_group()
        where.add_argument("--inline", action="store_true", help="no Ray: one part after the other in this process")
        _ray_option(where)
        sub.add_argument(
            "--rebuild", action="store_true", help="make again what was made with other settings or from other input"
        )
    return top


def _fetch_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--crawl", required=True, metavar="NAME", help="as CC-MAIN-2026-43")
    sub.add_argument("--to", required=True, type=Path, metavar="DIR", dest="out", help="the folder they go to")
    sub.add_argument(
        "-n", type=_count, default=1, help="whole files (default: %(default)s): the first, or with --seed drawn"
    )
    for name, words in (
        ("languages", "records in one of these, in place of whole files; ISO 639-3, as jpn"),
        ("tlds", "records below these top-level domains, as jp"),
        ("domains", "records of these registered domains, as example.co.jp"),
    ):
        sub.add_argument(f"--{name}", nargs="+", action="extend", default=[], metavar="WORD", help=words)
    sub.add_argument("--limit", type=_count, metavar="N", help="no more records than these, drawn (default: all)")
    sub.add_argument("--index", nargs="+", action="extend", default=[], metavar="FILE",
                     help="files of the columnar index to select by (default: all of the crawl's)")  # fmt: skip
    sub.add_argument("--seed", type=int, help="of what is drawn (default: 0 for records; whole files are the first)")
    sub.add_argument("--base", default="https://data.commoncrawl.org/", metavar="URL",
                     help="s3://commoncrawl/, or a mirror (default: %(default)s)")  # fmt: skip
    sub.add_argument("--jobs", type=_workers, default=4, metavar="N", help="transfers at a time (default: %(default)s)")
    sub.add_argument("--json", action="store_true", help="print what was done as one JSON object, and nothing else")


def _ray_option(options: argparse._ActionsContainer) -> None:
    options.add_argument("--ray", default="local", metavar="WHERE",
                         help="local: a Ray of its own; auto, host:6379: one to join; http://head:8265: to submit "
                         "the command; see docs/cluster.md (default: local)")  # fmt: skip


def _tokenizer_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--input", nargs="+", action="extend", required=True, type=Path, metavar="TEXTS", help=TEXTS)
    sub.add_argument("--model", required=True, type=Path, metavar="FILE", dest="out",
                     help="where the model goes, as tokenizer.model; its card goes beside it")  # fmt: skip
    sub.add_argument("--recipe", type=Path, metavar="R", help="its [tokenize] counts (default: every default)")
    sub.add_argument("--json", action="store_true", help="print the card on standard output, and nothing else")


def _report_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("models", nargs="+", type=Path, metavar="MODEL",
                     help="SentencePiece models, tokenizer.json, ranks (.tiktoken)")  # fmt: skip
    sub.add_argument("--input", nargs="+", action="extend", required=True, type=Path, metavar="TEXTS", help=TEXTS)
    sub.add_argument("--held-out", action="store_true", help="only texts that no tokenizer of ours was trained on")
    sub.add_argument("--parallel", nargs=2, type=Path, metavar=("JA", "EN"), help="two texts that say the same")
    sub.add_argument("--languages", nargs="+", default=["ja", "en"], metavar="LANG", help="(default: ja en)")
    sub.add_argument("--pattern", default="", help="of ranks that are not a published file: cl100k or qwen")
    sub.add_argument("--threads", type=_workers, default=os.cpu_count() or 1, metavar="N", help="(default: all CPUs)")
    sub.add_argument("--json", action="store_true", help="print one JSON object on standard output, and nothing else")
    sub.set_defaults(out=Path())


def _training_options(sub: argparse.ArgumentParser) -> None:
    for kind in ("positive", "negative"):
        sub.add_argument(f"--{kind}", nargs="+", action="extend", required=True, type=Path, metavar="TEXTS", help=TEXTS)
    sub.add_argument("--model", required=True, type=Path, metavar="FILE", dest="out",
                     help="where the model goes, as quality.bin; its card goes beside it, as quality.json")  # fmt: skip
    sub.add_argument("--languages", nargs="+", default=["ja", "en"], metavar="LANG", help="(default: ja en)")
    sub.add_argument("--epochs", type=_count, default=10, help="of training (default: %(default)s)")
    sub.add_argument("--documents", type=_count, default=200_000, metavar="N",
                     help="most texts of a kind and language (default: %(default)s, as DCLM's)")  # fmt: skip
    sub.add_argument("--seed", type=int, default=0, help="of what is drawn and held out (default: %(default)s)")
    sub.add_argument("--json", action="store_true", help="print the card on standard output, and nothing else")


def _trace_options(sub: argparse.ArgumentParser, name: str, out: argparse.Action) -> None:
    sub.add_argument("--plan", required=name == "trace", type=Path, metavar="P", help="the job's plan (TOML or JSON)")
    sub.add_argument("--batch", type=_count, default=1, metavar="B", help="samples in a step, of all ranks together "
                     "(default: %(default)s)")  # fmt: skip
    if name == "trace":
        out.required = False
        out.help = "the corpus of the plan's sources that name no path"
        sub.add_argument("--step", required=True, type=int, metavar="N", help="counted from 0")
        sub.add_argument("--text", action="store_true", help="also the text of the tokens")
    else:
        which = sub.add_mutually_exclusive_group(required=True)
        which.add_argument("--url", help="of a page")
        which.add_argument("--doc-id", metavar="HEX", help="of a document")


def _place(word: str) -> Path | str:
    return word if "://" in word else Path(word)


def _workers(word: str) -> int:
    if not word.isdigit() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of workers: 1 or more")
    return int(word)


def _share(word: str) -> float:
    try:
        share = float(word)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a share: above 0, up to 1")
    return share


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number from 1 on")
    return int(word)
