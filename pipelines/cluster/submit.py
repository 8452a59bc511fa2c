"""A command of ours as a job of a Ray cluster: code and small files go there, the log comes back, so does its status.

What travels is our packages, the recipe, and the files that the recipe names by relative paths. Input and output do
not: their paths must mean the same on every node. Credentials do not either: nodes have their own.
"""

import argparse
import asyncio
import logging
import os
import shlex
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.errors import Stop, UsageError

PACKAGES = ("pipelines", "filters", "dedup", "tokenizer")

#: The most that travels. Ray keeps it in the memory of the head node; its own limit is 512 MiB.
MOST_BYTES = 200 << 20

#: How often a job whose driver was killed is submitted again; what is committed is not done again.
RESUBMISSIONS = 3

#: The statuses that `minamoto` ends with itself. Any other, or none, means that something ended it.
OURS = (0, 1, 2, 3, 130, 143)


def is_jobs_address(address: str) -> bool:
    """Whether it is that of a cluster's jobs, `http://head:8265`, and not one to join."""
    return address.startswith(("http://", "https://"))


def submit(address: str, args: argparse.Namespace) -> int:
    """Run a command that builds there and follow it to its end. Returns its exit status.

    Raises `UsageError` for what cannot go there, `Stop` where the cluster cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="minamoto-") as folder:
        recipe: Path | None = getattr(args, "recipe", None)
        stage_files(recipe, Path(folder))
        words = command(args)
        client = _client(address)
        for submission in range(RESUBMISSIONS + 1):
            job = _answer(address, lambda: client.submit_job(
                entrypoint=shlex.join(["python", "-u", "-m", "pipelines", *words]),
                runtime_env={"working_dir": folder},
                metadata={"minamoto": f"{args.command} {recipe.stem if recipe else ''}"},
            ))  # fmt: skip
            print(f"minamoto: job {job} on {address}; --input and --out are read and written there", file=sys.stderr)
            status = _follow(client, address, job)
            if status is not None:
                return status
            again = "submitted again, it goes on" if submission < RESUBMISSIONS else "given up"
            print(f"minamoto: the driver of {job} was killed; {again}", file=sys.stderr)
    return 1


def command(args: argparse.Namespace) -> list[str]:
    """The words of the command as the job runs it, with absolute paths: its working directory is another."""
    words = [args.command, "--ray", "auto"]
    given = vars(args)
    if given.get("recipe"):
        words += ["--recipe", args.recipe.name]
    if given.get("out"):
        words += ["--out", _there(str(args.out))]
    for option in ("input", "against"):
        if given.get(option):
            words += [f"--{option}", *map(_there, given[option])]
    return words + [f"--{flag}" for flag in ("rebuild", "json") if given.get(flag)]


def _there(path: str) -> str:
    if "://" not in path:
        return str(Path.cwd() / path)
    if "@" in urlsplit(path).netloc:
        raise UsageError(
            f"{urlsplit(path).scheme}://…@…: credentials in a path would be in the job's record; give them to the "
            "nodes (environment, instance role) and leave them out"
        )
    return path


def stage_files(recipe: Path | None, folder: Path) -> None:
    """Lay out what travels: only what is named here, so that nothing else of a checkout ever does.

    Raises `UsageError` where it is more than `MOST_BYTES`.
    """
    root = Path(__file__).parent.parent.parent
    for package in PACKAGES:
        shutil.copytree(root / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    if recipe:
        shutil.copy(recipe, folder / recipe.name)
        for name in _named_files(recipe):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        raise UsageError(
            f"{recipe}: it and the files it names are {size >> 20} MB, {MOST_BYTES >> 20} may travel; put the large "
            "ones where every node has them and name them by absolute paths"
        )


def _named_files(recipe: Path) -> Iterator[str]:
    """The files a recipe names by paths relative to the working directory and below it."""
    for value in _strings(tomllib.loads(recipe.read_text("utf-8"))):
        inside = not Path(value).is_absolute() and ".." not in Path(value).parts
        if inside and len(value) < 4096 and "\0" not in value and Path(value).is_file():
            yield value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _client(address: str) -> Any:
    from pipelines.cluster import environment

    environment(address)
    os.environ.pop("RAY_ADDRESS", None)  # it would win over the address given
    from ray.job_submission import JobSubmissionClient

    for name in ("dashboard.modules.dashboard_sdk", "dashboard.modules.job.sdk", "_private.runtime_env.packaging"):
        logging.getLogger(f"ray.{name}").setLevel(logging.WARNING)  # each says what it uploads and closes
    return _answer(address, lambda: JobSubmissionClient(address))


def _answer(address: str, ask: Callable[[], Any]) -> Any:
    """What the cluster answers, or one clear line."""
    try:
        return ask()
    except Exception as error:  # of requests, aiohttp, Ray: all say that we cannot talk
        raise Stop(f"{address}: {' '.join(str(error).split())[:300]}") from None


def _follow(client: Any, address: str, job: str) -> int | None:
    """Print the log of a job as it grows. Its exit status; None where it was killed."""
    shown = 0
    try:
        while True:
            shown = asyncio.run(_print_log(client, job, shown))
            info = _answer(address, lambda: client.get_job_info(job))
            if info.status.is_terminal():
                break
            time.sleep(1)  # the line was cut, not the job
    except KeyboardInterrupt:
        print(f"\nminamoto: {job} goes on; `ray job logs -f {job}` shows it, `ray job stop {job}` ends it",
              file=sys.stderr)  # fmt: skip
        raise
    if info.status == "SUCCEEDED":
        return 0
    if info.status == "STOPPED":
        return 143
    if info.driver_exit_code is None and info.error_type == "RUNTIME_ENV_SETUP":
        raise Stop(f"{job}: {info.message}")
    return info.driver_exit_code if info.driver_exit_code in OURS else None


async def _print_log(client: Any, job: str, shown: int) -> int:
    """Print what comes after the first `shown` characters. Returns how many there were; a broken line is no error."""
    seen = 0
    try:
        async for piece in client.tail_job_logs(job):
            new = piece[max(shown - seen, 0) :]
            seen += len(piece)
            print(new, end="", flush=True)
    except (RuntimeError, OSError):
        pass
    return max(seen, shown)
