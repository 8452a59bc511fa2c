"""The lock of a corpus in an object store: one driver at a time, and none that is dead keeps the living out."""

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from buckets import Server, always, first
from pipelines.errors import Stop
from pipelines.run import Terminated, stoppable
from pipelines.store import lease
from pipelines.store.bucket import Bucket

URL = "s3://corpora/web"


@pytest.fixture
def bucket(s3: Server, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setattr(lease, "LEASE", 0.6)
    monkeypatch.setattr(lease, "_POLL", 0.02)
    return Bucket(URL)


def record(bucket: Bucket) -> dict[str, Any]:
    return dict(json.loads(bucket.read(".lock") or b"{}"))


def elsewhere(**changes: object) -> bytes:
    """The record of a driver on another machine."""
    says = {"process": 7, "started": 1, "host": "node-3", "machine": "another", "nonce": "n", "beat": 0}
    return json.dumps(says | changes).encode()


def refused(bucket: Bucket) -> str:
    with pytest.raises(Stop) as stop, lease.held(bucket):
        pass
    assert len(str(stop.value).splitlines()) == 1
    return str(stop.value)


def wait_for(found: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_a_second_driver_is_turned_away_in_one_line(bucket: Bucket) -> None:
    with lease.held(bucket):
        assert refused(bucket).startswith(f"{URL}: in use by process {os.getpid()} on ")
    with lease.held(bucket):
        pass


def test_it_is_free_when_the_driver_has_ended_however_it_did(bucket: Bucket) -> None:
    with pytest.raises(ZeroDivisionError), lease.held(bucket):
        raise ZeroDivisionError
    assert record(bucket)["free"]
    start = time.monotonic()
    with lease.held(bucket):
        assert record(bucket)["process"] == os.getpid()
    assert time.monotonic() - start < lease.LEASE


def test_a_driver_says_that_it_is_alive_as_long_as_it_is(bucket: Bucket) -> None:
    with lease.held(bucket):
        mine = record(bucket)
        wait_for(lambda: record(bucket)["beat"] >= mine["beat"] + 3)
        assert record(bucket)["nonce"] == mine["nonce"]


def hold_and_die() -> None:
    with lease.held(Bucket(URL)):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("buried", [True, False])
def test_a_driver_that_was_killed_on_this_machine_is_followed_at_once(
    buried: bool, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody has asked how it ended: in a container often nobody does."""
    monkeypatch.setattr(lease, "LEASE", 1000.0)
    child = multiprocessing.get_context("spawn").Process(target=hold_and_die)
    child.start()
    if buried:
        child.join()
    else:
        wait_for(lambda: record(bucket) and lease._started(child.pid or 0) is None)
    assert record(bucket)["process"] == child.pid
    with lease.held(bucket):
        assert record(bucket)["process"] == os.getpid()
    child.join()


def test_a_process_that_has_the_number_of_a_dead_driver_is_not_taken_for_it(bucket: Bucket) -> None:
    bucket.write(".lock", elsewhere(process=os.getpid(), machine=lease._machine(), started=1))
    with lease.held(bucket):
        pass


@pytest.mark.parametrize("there", [elsewhere(), b"\xff", b"", b"[]"])
def test_a_driver_elsewhere_that_is_silent_is_followed_after_the_lease(there: bytes, bucket: Bucket) -> None:
    bucket.write(".lock", there)
    start = time.monotonic()
    with lease.held(bucket):
        assert time.monotonic() - start > lease.LEASE
        assert record(bucket)["process"] == os.getpid()


def test_a_driver_elsewhere_that_is_alive_is_not(bucket: Bucket) -> None:
    over = threading.Event()

    def renew() -> None:
        for beat in range(1000):
            bucket.write(".lock", elsewhere(beat=beat))
            if over.wait(lease.LEASE / 3):
                return

    bucket.write(".lock", elsewhere(beat=-1))
    other = threading.Thread(target=renew)
    other.start()
    try:
        assert refused(bucket) == f"{URL}: in use by process 7 on node-3; wait for it or give another OUT"
    finally:
        over.set()
        other.join()


@pytest.mark.parametrize("there", [None, elsewhere(process=1 << 30, machine=lease._machine()), elsewhere(free=True)])
def test_of_many_drivers_that_start_together_one_gets_it(there: bytes | None, bucket: Bucket) -> None:
    if there:
        bucket.write(".lock", there)
    together, over = threading.Barrier(8), threading.Event()

    def start(_: int) -> bool:
        together.wait()
        try:
            with lease.held(bucket):
                over.wait(30)
                return True
        except Stop:
            if next(refusals) == 6:
                over.set()
            return False

    refusals = iter(range(8))
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(8))) == 1


def drive(bucket: Bucket, meanwhile: Callable[[], Any]) -> None:
    with stoppable(), lease.held(bucket):
        meanwhile()
        time.sleep(20)


def test_a_driver_that_was_taken_for_dead_stops(bucket: Bucket) -> None:
    """Suspended for an hour, say: the first that it hears after that is that another one is at work."""
    with pytest.raises(Stop, match="another driver has taken over, as this one was silent"):
        drive(bucket, lambda: bucket.write(".lock", elsewhere()))
    assert record(bucket)["host"] == "node-3"


def test_a_run_that_its_user_stops_has_not_lost_its_lease(bucket: Bucket) -> None:
    with pytest.raises(Terminated):
        drive(bucket, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert record(bucket)["free"]


def test_a_store_that_is_away_for_a_while_costs_no_lease(bucket: Bucket, s3: Server) -> None:
    with lease.held(bucket):
        before, sofar = record(bucket)["beat"], len(s3.requests)
        s3.fault = first(30, "error")
        wait_for(lambda: len(s3.requests) > sofar + 30)
        wait_for(lambda: record(bucket)["beat"] > before)


def test_a_renewal_that_was_done_without_our_knowledge_is_ours(bucket: Bucket, s3: Server) -> None:
    """The answer gets lost, and the store is out of reach when we look whether it was done."""
    with lease.held(bucket):
        before = record(bucket)["beat"]
        done: list[str] = []

        def fault(method: str, path: str) -> str | None:
            done.append(method)
            return None if len(done) == 1 or len(done) > 60 else "lost" if method == "PUT" else "error"

        s3.fault = fault
        wait_for(lambda: len(done) > 60)
        wait_for(lambda: record(bucket)["beat"] > before + 1)


def test_what_ended_the_run_is_told_though_the_lease_cannot_be_freed(bucket: Bucket, s3: Server) -> None:
    def fail() -> None:
        s3.fault = always("denied")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(bucket, fail)


@pytest.mark.parametrize(("fault", "condition"), [("unconditional", "If-None-Match"), ("no if-match", "If-Match")])
def test_a_store_that_ignores_conditions_is_refused(fault: str, condition: str, bucket: Bucket, s3: Server) -> None:
    s3.fault = always(fault)
    assert f"this store ignores conditions ({condition})" in refused(bucket)


@pytest.mark.parametrize("count", [1, 4, 23])
def test_a_lock_whose_answer_got_lost_is_held(count: int, bucket: Bucket, s3: Server) -> None:
    s3.fault = first(count, "lost", "PUT")
    with lease.held(bucket):
        assert record(bucket)["process"] == os.getpid()
