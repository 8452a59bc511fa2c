"""A real Ray cluster on this machine: `ray start` for the head and for every node, as on machines of their own."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from conftest import ROOT

#: What the dashboard and jobs need, installed beside the environment: see the Makefile.
EXTRAS = ROOT / ".venv/cluster"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Cluster:
    """`folder` holds Ray's files, the token and the logs; its name must be short, for Ray puts sockets there."""

    folder: Path
    gcs: int = field(default_factory=free_port)
    jobs: int = field(default_factory=free_port)
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.jobs}"

    def environment(self) -> dict[str, str]:
        token = self.folder / "token"
        if not token.exists():
            token.touch(mode=0o600)
            token.write_text(secrets.token_hex(32))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        return clean | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(EXTRAS),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }

    def start(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"node-{len(self.nodes)}.log").open("wb") as log:
            node = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--object-store-memory=100000000",
                 "--disable-usage-stats", f"--dashboard-agent-listen-port={free_port()}",
                 # Each its own, as on machines of their own: a node that joins clears out what it finds there.
                 f"--temp-dir={self.folder}/{len(self.nodes)}", *options],
                env=self.environment() | {"MINAMOTO_CACHE": f"{self.folder}/cache-{len(self.nodes)}"} | environment,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.nodes.append(node)
        deadline = time.monotonic() + 90
        while "Ray runtime started" not in (said := Path(log.name).read_text()):
            assert node.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.2)
        return node

    def start_head(self, **environment: str) -> subprocess.Popen[bytes]:
        """Without CPUs: the driver runs there, and no part of the corpus."""
        return self.start("--head", "--num-cpus=0", f"--port={self.gcs}", "--dashboard-host=127.0.0.1",
                          f"--dashboard-port={self.jobs}", f"--ray-client-server-port={free_port()}",
                          **environment)  # fmt: skip

    def start_node(self) -> subprocess.Popen[bytes]:
        host = socket.gethostbyname(socket.gethostname())
        return self.start(f"--address={host}:{self.gcs}", "--num-cpus=1")


def raylet(node: subprocess.Popen[bytes]) -> psutil.Process | None:
    """The process whose end is the end of a node."""
    with contextlib.suppress(psutil.Error):
        return next((p for p in psutil.Process(node.pid).children(recursive=True) if p.name() == "raylet"), None)
    return None


def working(node: subprocess.Popen[bytes]) -> bool:
    """Whether one of a node's workers is at a part."""
    with contextlib.suppress(psutil.Error):
        return any(p.name().startswith("ray::attempt") for p in psutil.Process(node.pid).children(recursive=True))
    return False


def kill(node: subprocess.Popen[bytes]) -> None:
    """As when the power goes: everything of a node at once."""
    with contextlib.suppress(psutil.Error):
        for process in [*psutil.Process(node.pid).children(recursive=True), psutil.Process(node.pid)]:
            with contextlib.suppress(psutil.Error):
                process.kill()
    node.wait()


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="mc", dir="/tmp"))
    made = Cluster(folder)
    try:
        yield made
    finally:
        for node in reversed(made.nodes):
            kill(node)
        shutil.rmtree(folder, ignore_errors=True)
