"""Do tasks: on Ray, or inline in this process with the same function. See `cluster/` for Ray itself.

Ray Core tasks over files: a task gets a few kilobytes and returns a commit; the data stays in files. Retries are ours,
because Ray's defaults would hide a document that kills its worker behind retries without an end.
"""

import contextlib
import functools
import resource
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines import cluster
from pipelines.errors import PartsFailed, Stop
from pipelines.stage import Task, fresh, run_task
from pipelines.store import Commit, Store

#: How often a part may kill its worker before it is given up. A worker that dies for another's sins (the kernel's
#: out-of-memory killer) deserves a second and a third try; a part that kills three workers would kill a fourth.
WORKER_DEATHS = 3

#: A lost node is no fault of the part: its own budget, bounded all the same, since a part can kill a node too.
NODE_LOSSES = 20

#: Tasks in flight for every CPU: one that runs and one that is ready when it ends.
WINDOW = 2


@dataclass(frozen=True)
class Done:
    """What became of a task: its commit, or why there is none; and what it cost.

    `worked` is False where the part was there already.
    """

    task: Task
    commit: Commit | None
    error: str = ""
    worked: bool = True
    seconds: float = 0.0
    peak_bytes: int = 0
    attempts: int = 1


Runner = Callable[[Sequence[Task], Store], Iterator[Done]]


def attempt(task: Task, store: Store) -> dict[str, Any]:
    """One try at a task, wherever it runs. Plain data, so that nothing but counters travels through Ray."""
    start = time.monotonic()
    commit, error, worked = None, "", False
    try:
        commit = fresh(task, store)
        worked = commit is None
        commit = commit or run_task(task, store)
    except Exception as failure:  # every failure becomes a reported part; the caller raises
        error = explain(failure)
    # Linux counts kilobytes. A worker serves many tasks, so this is the highest so far, not this task's own.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "commit": commit, "error": error, "worked": worked, "seconds": time.monotonic() - start, "peak_bytes": peak,
    }  # fmt: skip


def attempt_on_node(task: Task, store: Store) -> dict[str, Any]:
    """`attempt`, where the driver's folder is: on a node that lacks it, a part would be made where nobody looks."""
    if not store.files.is_locked():
        error = f"{store.root} on {socket.gethostname()} is not the driver's: OUT must be one folder on all nodes"
        return {"commit": None, "error": error}
    return attempt(task, store)


def explain(failure: BaseException) -> str:
    """One line for a person: the error as it says itself, and for a bug the place it came from."""
    message = " ".join(str(failure).split()) or type(failure).__name__
    if isinstance(failure, Stop):
        return message
    if isinstance(failure, OSError):
        named = f"{failure.filename}: " if failure.filename and str(failure.filename) not in message else ""
        return named + message
    last = failure.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    where = f" (at {last.tb_frame.f_globals.get('__name__')}:{last.tb_lineno})" if last else ""
    return f"{type(failure).__name__}: {message}{where}"


def already(commits: Sequence[Commit | None]) -> Runner:
    """A runner of tasks that are all done: these are their commits."""
    return lambda tasks, store: (Done(task, commit, worked=False) for task, commit in zip(tasks, commits, strict=True))


def inline(tasks: Sequence[Task], store: Store) -> Iterator[Done]:
    """The tasks one after the other in this process."""
    for task in tasks:
        yield Done(task, **attempt(task, store))


@contextlib.contextmanager
def on_ray(workers: int | None, address: str = cluster.LOCAL) -> Iterator[Runner]:
    """A runner on Ray: a private local one with `workers` CPUs unless an address is given."""
    with cluster.connected(address, workers), stoppable():  # again: Ray has put its own handler in the place of ours
        yield ray_map if address == cluster.LOCAL else functools.partial(_on_cluster, cluster.counters())


def _on_cluster(count: cluster.Count, tasks: Sequence[Task], store: Store) -> Iterator[Done]:
    """Tasks on nodes of others: see that they have our folder, and let their Prometheus know what is done."""
    for done in ray_map(tasks, store, attempt_on_node):
        commit = done.commit
        count(done.task.stage.name, {
            "parts": commit is not None, "parts_failed": commit is None, "retries": done.attempts - 1,
            "rows": commit.rows_in if commit else 0,
            "bytes": sum(entry["bytes"] for entry in commit.files.values()) if commit else 0,
            "seconds": done.seconds,
        })  # fmt: skip
        yield done


@dataclass(frozen=True)
class _Try:
    """A task on its way, and what has become of its tries before."""

    task: Task
    number: int = 1
    deaths: int = 0
    losses: int = 0


def ray_map(
    tasks: Sequence[Task], store: Store, work: Callable[[Task, Store], dict[str, Any]] = attempt
) -> Iterator[Done]:
    """A sliding window of Ray tasks over the live CPUs, with our own retry budgets. Yields in order of completion."""
    import ray
    from ray import exceptions

    lost = (
        exceptions.NodeDiedError, exceptions.ObjectLostError,
        exceptions.RuntimeEnvSetupError,  # a node that could not fetch our code: it was never the part's turn
    )  # fmt: skip
    remote = ray.remote(num_cpus=1, max_retries=0, retry_exceptions=False)(work)
    waiting = deque(_Try(task) for task in tasks)
    flying: dict[Any, _Try] = {}
    while waiting or flying:
        cpus, memory = _capacity()  # asked anew: a cluster grows and shrinks
        while waiting and len(flying) < WINDOW * cpus:
            now = waiting.popleft()
            # What no node has, Ray would wait for without a word and without an end.
            flying[remote.options(memory=min(now.task.memory, memory)).remote(now.task, store)] = now
        for ref in ray.wait(list(flying), timeout=1.0)[0]:
            now = flying.pop(ref)
            deaths, losses = now.deaths, now.losses
            try:
                yield Done(now.task, attempts=now.number, **ray.get(ref))
                continue
            except exceptions.LocalRayletDiedError:
                raise Stop(
                    "Ray has died on the driver's machine; what is committed is kept, run again to go on"
                ) from None
            except lost:
                losses += 1
            except (exceptions.WorkerCrashedError, exceptions.OutOfMemoryError):
                deaths += 1
            except exceptions.RayError as error:  # the task never ran: a worker that lacks our code, say
                yield Done(now.task, None, explain(error), attempts=now.number)
                continue
            if deaths >= WORKER_DEATHS:
                yield Done(now.task, None, f"killed its worker {deaths} times", attempts=now.number)
            elif losses >= NODE_LOSSES:
                yield Done(now.task, None, f"lost its node {losses} times", attempts=now.number)
            else:
                waiting.append(_Try(now.task, now.number + 1, deaths, losses))


def _capacity() -> tuple[int, int]:
    """CPUs of the live nodes, at least one so that an autoscaler hears of work; memory of the largest of them."""
    found = [node["Resources"] for node in cluster.nodes()]
    working = [resources for resources in found if resources.get("CPU")] or found
    memory = max((int(resources.get("memory", 0)) for resources in working), default=0)
    return max(1, sum(int(resources.get("CPU", 0)) for resources in found)), memory


def run_stage(tasks: Sequence[Task], store: Store, runner: Runner, report: Callable[[Done], None]) -> list[Commit]:
    """Do a stage's tasks and return its commits in the order of the parts.

    `report` is told of each part as it is done. A part that fails does not stop the others; when all are through,
    raises `PartsFailed` naming each. A full disk stops at once, for it would fail them all.
    """
    commits: dict[int, Commit] = {}
    failed: list[Done] = []
    for done in runner(tasks, store):
        report(done)
        if done.commit:
            commits[done.commit.index] = done.commit
        else:
            failed.append(done)
            if "No space left on device" in done.error:
                raise Stop(
                    f"{store.root}: the disk is full ({done.error}); make room and run again, what is done is kept"
                )
    if failed:
        names = "; ".join(
            f"part {done.task.index}: {done.error}" for done in sorted(failed, key=lambda d: d.task.index)[:5]
        )
        more = f" (and {len(failed) - 5} more)" if len(failed) > 5 else ""
        raise PartsFailed(f"{tasks[0].stage.name}: {len(failed)} of {len(tasks)} parts failed: {names}{more}")
    return [commits[index] for index in sorted(commits)]


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: committed parts stay, the next run goes on from there."""

    def terminate(signum: int, frame: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Terminated(BaseException):
    """SIGTERM came."""
