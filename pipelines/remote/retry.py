"""Try again what a network lets fail for a while: a bounded number of times, with pauses that grow and never agree."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from pipelines.errors import InputError

T = TypeVar("T")

#: Seven pauses of about 0.5, 1, 2 … 32 seconds bridge a minute: longer than a server takes to start again.
ATTEMPTS = 8
FIRST_PAUSE = 0.5

#: A server that asks for a longer pause than this is to be asked another day.
LONGEST_PAUSE = 600.0


class Transient(Exception):
    """A fault that may pass: what happened, and how many seconds the server asked to be left alone."""

    def __init__(self, detail: str, pause: float = 0.0) -> None:
        super().__init__(" ".join(detail.split())[:300])
        self.pause = pause


def retried(name: str, attempt: Callable[[], T]) -> T:
    """What `attempt` returns at last. `name` is what messages call the file.

    Raises `InputError` when the fault did not pass.
    """
    for failures in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except Transient as fault:
            if failures == ATTEMPTS or fault.pause > LONGEST_PAUSE:
                raise InputError(f"{name}: {fault}, {failures} times; run again when the server is well") from None
            time.sleep(_pause(failures, fault.pause))
    raise AssertionError("the last failure raises")


def _pause(failures: int, asked: float) -> float:
    """Seconds to wait. The jitter keeps workers that failed together from coming back together."""
    return asked + FIRST_PAUSE * 2.0 ** (failures - 1) * random.uniform(0.5, 1)  # noqa: S311
