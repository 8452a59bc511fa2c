"""Work functions that go wrong, in a module that Ray's workers can import."""

import os
import random
import signal
import time
from pathlib import Path

from pipelines.stage import Result, Task
from pipelines.store import Output


def fine(task: Task, output: Output) -> Result:
    with output.create(f"toy/{task.index}") as file:
        file.write(b"x" * task.index)
    return Result(1, 1)


def odd_parts_raise(task: Task, output: Output) -> Result:
    if task.index % 2:
        raise ValueError(f"cannot abide {task.index}")
    return fine(task, output)


def part_two_kills_its_worker(task: Task, output: Output) -> Result:
    if task.index == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return fine(task, output)


def part_two_kills_its_worker_once(task: Task, output: Output) -> Result:
    once = Path(str(task.given))
    if task.index == 2 and not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return fine(task, output)


def dies_before_its_commit_once(task: Task, output: Output) -> Result:
    """Its file is there under its name, its record is not."""
    once = Path(str(task.given))
    result = fine(task, output)
    if not once.exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def hungry(task: Task, output: Output) -> Result:
    """Takes more memory than there is, slowly enough to be watched."""
    if task.index == 2:
        held = []
        for _ in range(200):
            held.append(b"x" * (20 << 20))
            time.sleep(0.05)
    return fine(task, output)


def no_space(task: Task, output: Output) -> Result:
    raise OSError(28, "No space left on device", "toy/0")


def careless(task: Task, output: Output) -> Result:
    return Result(rows_in=3, kept=1, reasons={"short": 1})


def different_every_time(task: Task, output: Output) -> Result:
    with output.create("toy/0") as file:
        file.write(random.randbytes(8))
    return Result(1, 1)
