"""The command line: `python -m pipelines COMMAND`, installed as `minamoto`. See `--help` and the README."""

import argparse
import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from pipelines.errors import Stop, UsageError
from pipelines.options import parser

# The rest is imported where it is needed: `--help` and a mistyped option should not wait two seconds for libraries.
if TYPE_CHECKING:
    from pipelines.run import Runner
    from pipelines.tasks import Corpus


def main(words: list[str] | None = None) -> int:
    """Run one command. Exit status: 0 well, 1 failed parts or damage, 2 the user's words, 3 drift, 130/143 stopped."""
    arguments = parser()
    args = arguments.parse_args(words)
    if args.out is None and args.command == "dedup" and not args.curve:
        arguments.error("the following arguments are required: --out")
    from pipelines.run import Terminated, stoppable
    from pipelines.store import located

    try:
        if isinstance(args.out, str):
            args.out = located(args.out)
        with stoppable():
            return DO[args.command](args)
    except Stop as stop:
        print(f"minamoto: {stop}", file=sys.stderr)
        return stop.status
    except (KeyboardInterrupt, Terminated) as stop:
        print("\nminamoto: stopped; what is committed is kept, run the same command to go on", file=sys.stderr)
        return 130 if isinstance(stop, KeyboardInterrupt) else 143
    except ModuleNotFoundError as lacking:
        if (lacking.name or "").split(".")[0] in ("pipelines", "filters", "dedup", "tokenizer"):
            raise
        print(
            f"minamoto: {sys.executable} has no {lacking.name}; install requirements.txt there. On a cluster, start "
            "Ray with the environment's bin first in PATH",
            file=sys.stderr,
        )
        return 1
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        full = "the disk is full; make room and run again, what is done is kept"
        problem = full if error.errno == errno.ENOSPC else error.strerror or error
        print(f"minamoto: {error.filename or args.out}: {problem}", file=sys.stderr)
        return 1


def _open(args: argparse.Namespace) -> "Corpus":
    from pipelines import corpus, recipe

    chosen = recipe.load(args.recipe)
    patterns = args.input or list(chosen.input.paths)
    if not patterns:
        raise UsageError(f"{args.recipe}: no input; give --input, or `paths` under [input]")
    return corpus.open_corpus(chosen, patterns, args.out, args.against or chosen.dedup.against)


def _passed_over(args: argparse.Namespace, opened: "Corpus") -> Iterator[str]:
    """A line about the files that lie in the folders of the input and are not read, where there are any."""
    from pipelines import inputs

    asked = opened.recipe.input
    if left := inputs.passed_over(args.input or asked.paths, asked.formats):
        most = sorted(left, key=lambda end: (-left[end], end))
        named = ", ".join(f"{left[end]:,} {_one_line(end)}" for end in most[:6]) + (" …" if len(most) > 6 else "")
        yield (f"passed over in the input's folders: {sum(left.values()):,} ({named}), in none of the formats this "
               f"recipe reads ({', '.join(asked.formats)})")  # fmt: skip


def _elsewhere(args: argparse.Namespace) -> int | None:
    """The exit status of a command that is a job of a cluster, None where it is ours to run."""
    from pipelines import recipe
    from pipelines.cluster import submit

    if args.inline or args.ray == "local":
        return None
    if args.workers:
        raise UsageError("--workers: of this machine's own Ray; a cluster is used as far as it has CPUs")
    if not submit.is_jobs_address(args.ray):
        return None
    recipe.load(args.recipe)  # a wrong word is told here, before anything travels
    return submit.submit(args.ray, args)


def _build(args: argparse.Namespace, until: str) -> "Corpus":
    from pipelines import corpus, progress

    opened = _open(args)
    with opened.store.locked(), progress.shown(opened.store, quiet=args.json) as announce:
        corpus.build(opened, until, _runner(args), announce, args.rebuild)
    return opened


def _runner(args: argparse.Namespace) -> AbstractContextManager["Runner"]:
    from pipelines import run

    if args.inline:
        return contextlib.nullcontext(run.inline)
    return run.on_ray(args.workers or os.cpu_count() or 1, args.ray)


def _run(args: argparse.Namespace) -> int:
    from pipelines.work.tokenize import SHARDS

    if (status := _elsewhere(args)) is not None:
        return status
    opened = _build(args, "tokenize")
    _report(args, opened)
    if not args.json:
        folder = f"{args.out}/{SHARDS}"
        print(
            f"\nshards    {folder}/data/*.arrow\nmanifest  {folder}/manifest.json\n"
            f"verdicts  {args.out}/filter/*.parquet, {args.out}/dedup/decide/*.parquet"
        )
    return 0


def _stage(args: argparse.Namespace) -> int:
    if (status := _elsewhere(args)) is not None:
        return status
    _report(args, _build(args, args.command))
    return 0


def _dedup(args: argparse.Namespace) -> int:
    return _curve(args) if args.curve else _stage(args)


def _curve(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from dedup import minhash
    from pipelines import recipe

    lsh = recipe.load(args.recipe).dedup.lsh()
    steps = [step / 20 for step in range(6, 21)]
    found = {s: minhash.detection_probability(s, lsh.bands, lsh.rows) for s in steps}
    even = minhash.even_odds(lsh.bands, lsh.rows)
    if args.json:
        print(json.dumps({"bands": lsh.bands, "rows": lsh.rows, "even_odds": even, "curve": list(found.items())}))
        return 0
    table = Table(
        "similarity", "chance of detection", "", title=f"{lsh.bands} bands of {lsh.rows} rows", title_justify="left"
    )
    for similarity, chance in found.items():
        table.add_row(f"{similarity:.2f}", f"{chance:.4f}", "█" * round(40 * chance))
    Console().print(table)
    print(f"Half of the pairs of similarity {even:.3f} share a band.")
    return 0


def _report(args: argparse.Namespace, opened: "Corpus") -> None:
    from rich.console import Console

    from pipelines.inspect import audit, stats

    found = stats.collect(opened)
    audited = audit.collect(args.out) if getattr(args, "audit", False) else {}
    if args.json:
        print(json.dumps(found | ({"audit": audited} if audited else {}), ensure_ascii=False))
    else:
        stats.show(found, Console())
        audit.show(audited, Console())
        for line in _passed_over(args, opened):
            print(line)


def _stats(args: argparse.Namespace) -> int:
    _report(args, _open(args))
    return 0


def _plan(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from pipelines import corpus

    opened = _open(args)
    wanted, marks, _ = corpus.state(opened)
    table = Table("stage", "fingerprint", "done", "parts", "missing")
    found = {}
    for name, stage in wanted.items():
        parts = marks[name]
        missing = [index for index, done in enumerate(parts or []) if not done]
        found[name] = {
            "fingerprint": stage.fingerprint(),
            "done": sum(parts or []),
            "parts": None if parts is None else len(parts),
            "missing": missing,
        }
        shown = ", ".join(map(str, missing[:8])) + (" …" if len(missing) > 8 else "")
        table.add_row(
            name, stage.fingerprint()[:12], str(sum(parts or [])), "?" if parts is None else str(len(parts)),
            "after the stage before" if parts is None else shown,
        )  # fmt: skip
    if args.json:
        print(json.dumps({"stages": found, "inputs": len(opened.sources)}))
    else:
        Console().print(table)
        for line in _passed_over(args, opened):
            print(line)
    return 0


def _watch(args: argparse.Namespace) -> int:
    from rich.console import Console

    from pipelines.inspect import watch

    if args.json:
        print(json.dumps(watch.read(args.out), ensure_ascii=False))
        return 0
    return watch.watch(args.out, Console())


def _doctor(args: argparse.Namespace) -> int:
    from rich.console import Console

    from pipelines.cluster import doctor, submit

    if submit.is_jobs_address(args.ray):
        return submit.submit(args.ray, args)
    found = doctor.examine(args.ray, args.out)
    if args.json:
        print(json.dumps(doctor.record(found), ensure_ascii=False))
    else:
        doctor.show(found, Console())
    return doctor.status(found)


def _verify(args: argparse.Namespace) -> int:
    from pipelines.inspect import reading, retokenize, verify

    if args.retokenize and isinstance(args.out, str):
        raise UsageError(f"--retokenize: of folders only, and {args.out} is none")
    with reading.shown("verify", verify.size(args.out), args.json) as report:
        found = verify.verify(args.out, report)
    if args.retokenize:
        with reading.shown("retokenize", retokenize.size(args.out), args.json) as report:
            again = retokenize.retokenize(args.out, args.retokenize, args.seed, report)
        found["damaged"] += [bad for bad in again.pop("damaged") if bad not in found["damaged"]]
        found["retokenized"] = again
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for bad in found["damaged"]:
            print(f"damaged: {bad['file']}: {bad['problem']}")
        if cut := found.get("retokenized"):
            print(f"{cut['documents']:,} documents cut again, {cut['equal']:,} equal")
        print(f"{found['files']} files checked, {len(found['damaged'])} damaged; digest {found['digest']}")
    return 1 if found["damaged"] else 0


def _show(args: argparse.Namespace) -> int:
    from pipelines.inspect import show

    if args.reason:
        found: Any = show.by_reason(args.out, args.reason, args.n, args.seed)
    else:
        found = show.fate(args.out, args.url, args.doc_id)
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    elif args.reason:
        print(f"{found['documents']:,} documents went for {found['reason']}; {len(found['sample'])} of them:")
        _print_documents(found["sample"])
    else:
        for document in found:
            print(f"part {document['part']}, row {document['row']}: {document['reason'] or 'kept'}")
            for stage, says in document["stages"].items():
                print(f"  {stage}")
                for name, value in says.items():
                    print(f"    {name}: {_one_line(value)}")
    return 0


def _what_if(args: argparse.Namespace) -> int:
    from pipelines import recipe
    from pipelines.inspect import what_if

    before = recipe.load(args.recipe)
    after = what_if.changed_recipe(args.recipe, before, args.settings)
    found = what_if.what_if(args.out, before, after, args.n, args.seed)
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    print(f"{found['kept']:,} of {found['documents']:,} documents kept; then {found['kept_then']:,}")
    for way in ("return", "go", "other"):
        moved = found[way]
        if not moved["documents"]:
            continue
        unseen = f", {moved['unmeasured']:,} of them unless a later rule objects" if moved["unmeasured"] else ""
        print(f"\n{way}: {moved['documents']:,} documents{unseen}")
        for change, count in moved["by_reason"].items():
            print(f"  {count:8,}  {change}")
        _print_documents(moved["sample"])
    return 0


def _print_documents(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        measured = " ".join(f"{name}={document[name]}" for name in ("value", "limit", "lang") if document.get(name))
        print(f"\n  {_one_line(document['url'])}  {measured}\n    {_one_line(document['text'])}")


def _one_line(value: object) -> str:
    """Crawled words on a terminal: no controls, one line."""
    return "".join(c if c.isprintable() else " " for c in str(value))


def _trace(args: argparse.Namespace) -> int:
    from pipelines.inspect import trace

    if isinstance(args.out, str):
        raise UsageError(f"--out {args.out}: steps are traced in folders; export the shards to one, or copy them")
    found = trace.trace(args.out, args.plan, args.step, args.batch, args.text)
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        trace.show_trace(found)
    return 0


def _find(args: argparse.Namespace) -> int:
    from pipelines.inspect import trace
    from pipelines.store import Store

    with Store(args.out).laid_out("tokenize/shards", "tokenize/manifest") as out:
        found = trace.find(out, args.url, args.doc_id, args.plan, args.batch)
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        trace.show_found(found)
    return 0


def _export(args: argparse.Namespace) -> int:
    return _export_signatures(args) if args.what == "signatures" else _export_shards(args)


def _export_shards(args: argparse.Namespace) -> int:
    from pipelines.export import shards as export_shards
    from pipelines.inspect import reading
    from pipelines.store import Store

    if isinstance(args.out, str) and not args.to:
        raise UsageError(f"--to: must be given, a folder, where OUT is {args.out}")
    if isinstance(args.out, str) and args.what == "megatron-view":
        raise UsageError(f"megatron-view: links to shards in a folder, and {args.out} is none; export megatron")
    folder = args.to or args.out / "export" / args.what
    with (
        Store(args.out).laid_out("tokenize/shards", "tokenize/manifest") as out,
        reading.shown(args.what, export_shards.size(out), args.json) as report,
    ):
        says = export_shards.export(args.what, out, folder, report)
    if args.json:
        print(json.dumps(says))
        return 0
    written = sum(file["bytes"] for file in says["files"].values() if "link" not in file)
    print(
        f"{says['documents']:,} documents, {says['tokens']:,} tokens: "
        f"{len(says['files'])} files, {written:,} bytes in {folder}\ndigest {says['digest']}"
    )
    if "data_path.txt" in says["files"]:
        print(f"Megatron, started in {folder}: --data-args-path data_path.txt")
    return 0


def _export_signatures(args: argparse.Namespace) -> int:
    from pipelines.export import signatures as export

    if args.to:
        raise UsageError("--to: signatures go to OUT/export")
    says = export.signatures(args.out)
    if args.json:
        print(json.dumps(says))
    else:
        print(f"{says['documents']:,} signatures in {args.out}/export/signatures.parquet, settings beside them")
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from pipelines import fetch
    from pipelines.fetch import index, records

    crawl = fetch.Crawl(args.crawl, args.base)
    wanted = index.Wanted(tuple(args.languages), tuple(args.tlds), tuple(args.domains))
    if wanted == index.Wanted() and not args.limit and not args.index:
        found = fetch.fetch(crawl, args.n, args.seed, args.out, args.jobs, args.json)
    else:
        found = records.fetch_records(
            crawl, wanted, args.out, args.limit, args.seed or 0, args.index, args.jobs, args.json
        )
    words = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.items())
    print(json.dumps(found) if args.json else f"{args.out}: {words}")
    return 0


def _train_quality(args: argparse.Namespace) -> int:
    from rich.console import Console

    from filters.quality import card_path
    from pipelines.train import quality as train_quality

    with train_quality.shown(quiet=args.json) as report:
        card = train_quality.train(
            args.positive, args.negative, args.out, args.languages, args.epochs, args.documents, args.seed, report
        )
    if args.json:
        print(json.dumps(card))
    else:
        train_quality.show(card, Console())
        print(f"model  {args.out}\ncard   {card_path(args.out)}")
    return 0


def _train_tokenizer(args: argparse.Namespace) -> int:
    from rich.console import Console

    from pipelines import recipe
    from pipelines.train import quality as train_quality
    from pipelines.train import tokenizer as train_tokenizer
    from pipelines.train import vocabulary

    chosen = recipe.load(args.recipe) if args.recipe else recipe.Recipe(name="tokenizer")
    with train_quality.shown(quiet=args.json) as report:
        card = train_tokenizer.train(args.input, args.out, chosen, report or (lambda what, share: None))
    if args.json:
        print(json.dumps(card, ensure_ascii=False))
    else:
        train_tokenizer.show(card, Console())
        print(f"model  {args.out}\ncard   {vocabulary.card_path(args.out)}")
    return 0


def _tokenizer_report(args: argparse.Namespace) -> int:
    from rich.console import Console

    from pipelines.train import quality as train_quality
    from pipelines.train import report as tokenizer_report

    with train_quality.shown(quiet=args.json) as report:
        found = tokenizer_report.measure(
            args.models, args.input, args.languages, args.held_out, args.threads,
            report or (lambda what, share: None), args.parallel, args.pattern,
        )  # fmt: skip
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        tokenizer_report.show(found, Console())
    return 0


DO = {
    "run": _run, "extract": _stage, "filter": _stage, "dedup": _dedup, "tokenize": _stage,
    "plan": _plan, "stats": _stats, "watch": _watch, "doctor": _doctor, "verify": _verify, "export": _export,
    "show": _show, "what-if": _what_if, "fetch": _fetch, "train-quality": _train_quality,
    "train-tokenizer": _train_tokenizer, "tokenizer-report": _tokenizer_report, "trace": _trace,
    "find": _find,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
