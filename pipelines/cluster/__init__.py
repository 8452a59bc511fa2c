"""Ray as we start or join it, and what its nodes are. `run.py` gives it tasks, `submit.py` whole commands."""

import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipelines.errors import Stop

#: A private Ray of this process, gone with it.
LOCAL = "local"

#: Our data never travels through Ray's store; Ray takes no less than 75 MiB.
STORE_BYTES = 128 << 20


@contextlib.contextmanager
def connected(address: str, workers: int | None = None) -> Iterator[None]:
    """Joined to the Ray of an address (`auto`: that of this machine, or of the job we are), or to a private one.

    Raises `Stop` where there is none or it does not let us in.
    """
    environment(address)
    import ray

    own: dict[str, Any] = {}
    if address == LOCAL:
        own = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise Stop(f"--ray {address}: {' '.join(str(error).split())[:300]}; is it up, and its token ours?") from None
    try:
        yield
    finally:
        ray.shutdown()


def environment(address: str) -> None:
    """What Ray reads from the environment when it is imported or started; what the user has set stays."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # Our tasks ask for no GPU; without this, Ray warns that it will one day stop hiding GPUs from such tasks.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address == LOCAL:
        # Its control service does not come back when it has died; Ray would wait a minute for it.
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "20")
    if address == LOCAL and "RAY_AUTH_MODE" not in os.environ:
        # Ray listens on all interfaces even for itself. It would make a token of its own, but in a file that others may
        # read (mode 0644 in 2.60); this one is in no file and ends with the process.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        return
    # A token file is there to be used: Ray turns to it by itself only for clusters on this machine.
    if "RAY_AUTH_MODE" not in os.environ and ("RAY_AUTH_TOKEN" in os.environ or token_file().exists()):
        os.environ["RAY_AUTH_MODE"] = "token"


def token_file() -> Path:
    """Where Ray looks for the token of a cluster."""
    return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")


#: Adds to what was counted of a stage.
Count = Callable[[str, dict[str, float]], None]

COUNTERS = {
    "parts": "parts made or found made", "parts_failed": "parts given up", "retries": "parts tried again",
    "rows": "rows read", "bytes": "bytes written", "seconds": "seconds of work in tasks",
}  # fmt: skip


def counters() -> Count:
    """Counters `minamoto_…` with the label `stage`, where the cluster's nodes show theirs to Prometheus."""
    from ray.util.metrics import Counter

    found = {name: Counter(f"minamoto_{name}", words, tag_keys=("stage",)) for name, words in COUNTERS.items()}

    def count(stage: str, values: dict[str, float]) -> None:
        for name, value in values.items():
            if value:
                found[name].inc(value, {"stage": stage})

    return count


def nodes() -> list[dict[str, Any]]:
    """The live nodes: Ray's description of each, with `NodeID`, `NodeManagerAddress` and `Resources`."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def everywhere(function: Callable[..., Any], *given: Any, seconds: float = 60) -> dict[str, Any]:
    """What a function returns on each live node, by the node's name; the error as text where it cannot be had."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    remote = ray.remote(function)
    calls = {}
    for node in nodes():
        there = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
        # Two nodes on one machine have one address, in tests at least.
        name = f"{node['NodeManagerAddress']}/{node['NodeID'][:6]}"
        calls[name] = remote.options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(*given)
    found: dict[str, Any] = {}
    for name, call in calls.items():
        try:
            found[name] = ray.get(call, timeout=seconds)
        except ray.exceptions.RayError as error:
            found[name] = " ".join(str(error).split())[:300]
    return found
