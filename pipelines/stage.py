"""A stage is a value and its work is a function: what it is called, what it does to a part, and with which settings.

The fingerprint of a stage covers its name, version, settings, library versions and the fingerprints upstream; the
fingerprint of a task adds the content it reads. Paths, machines, worker counts and times are never part of either.
"""

import functools
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.store import Commit, Output, Store, digest

#: Every fingerprint asks, for every task and every stage upstream; each answer is a walk through a folder of metadata.
_installed = functools.cache(importlib.metadata.version)


@dataclass(frozen=True)
class Result:
    """What a work function says of the part it made; see `Commit` for the fields."""

    rows_in: int
    kept: int
    reasons: dict[str, int] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """`work(task, output)` makes one part. `settings` is plain JSON data: it is hashed, compared and shown.

    `libraries` are the distributions whose version can change the bytes this stage writes.
    """

    name: str
    work: Callable[["Task", Output], Result]
    settings: Mapping[str, Any]
    version: int = 1
    after: tuple["Stage", ...] = ()
    libraries: tuple[str, ...] = ()

    def description(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "settings": dict(self.settings),
            "libraries": {name: _installed(name) for name in self.libraries},
            "after": {stage.name: stage.fingerprint() for stage in self.after},
        }

    def fingerprint(self) -> str:
        return digest(self.description())


@dataclass(frozen=True)
class Task:
    """One part of one stage, small enough to send to any worker.

    `given` is what the work needs beyond the stage's settings; `reads` is a digest of the content behind it, so that a
    task is done again when what it read has changed. `memory`, in bytes, is what a node must have to spare for it.
    """

    stage: Stage
    index: int
    given: Any
    reads: str
    memory: int = 0

    def fingerprint(self) -> str:
        return digest([self.stage.fingerprint(), self.index, self.reads])


class Unaccounted(Exception):
    """A part whose rows do not add up, or which came out different from the bytes committed before."""


def run_task(task: Task, store: Store) -> Commit:
    """Make one part and commit it; the same function inline, in a Ray task, on any machine.

    Raises `Unaccounted` where rows in differ from rows kept plus rows dropped for a reason, and where the part was made
    before with the same settings from the same content, but of other bytes.
    """
    before = store.record(task.stage.name, task.index)
    with store.output() as output:
        commit = _made(task, output)
        if before and before.fingerprint == commit.fingerprint and (other := drift(before.files, commit.files)):
            raise Unaccounted(f"{task.stage.name} part {task.index} came out otherwise than before: {other[0]}")
        store.publish(output, commit, before)
    return commit


def _made(task: Task, output: Output) -> Commit:
    result = task.stage.work(task, output)
    if result.rows_in != result.kept + sum(result.reasons.values()):
        raise Unaccounted(
            f"{task.stage.name} part {task.index}: {result.rows_in} rows in, {result.kept} kept and "
            f"{sum(result.reasons.values())} dropped do not add up"
        )
    reasons = dict(sorted(result.reasons.items()))
    return Commit(
        task.stage.name, task.index, task.fingerprint(), result.rows_in, result.kept, reasons,
        dict(sorted(output.files.items())), result.totals, result.detail,
    )  # fmt: skip


def fresh(task: Task, store: Store) -> Commit | None:
    """The commit of a task where it is there and was made with these settings from this content."""
    commit = store.read_commit(task.stage.name, task.index)
    return commit if commit and commit.fingerprint == task.fingerprint() else None


def drift(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """The fields in which two stage descriptions differ, as `settings.max_bytes: was 5, is 6`."""
    lines: list[str] = []
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        name = f"{path}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines += drift(old, new, f"{name}.")
        elif old != new:
            lines.append(f"{name}: was {old!r}, is {new!r}")
    return lines
