"""Look a machine or a cluster over before it is trusted with a corpus: every line ok, warn or fail, and what to do."""

import hashlib
import importlib.metadata
import os
import platform
import resource
import secrets
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines import cluster
from pipelines.cluster import listeners
from pipelines.cluster.listeners import Listener
from pipelines.cluster.submit import PACKAGES
from pipelines.errors import Stop
from pipelines.store import Store

#: Distributions without which nodes do not even speak to each other, or write other bytes at once.
FIRST = ("ray", "pyarrow", "numpy")

#: Bytes of memory for each CPU: what the hungriest stage with a task for every CPU asks (memory.py), and Ray's own.
MEMORY_A_CPU = 1 << 30

#: Bytes free where OUT is: below the first nothing is worth starting, below the second an archive or two fit.
DISK_FAIL, DISK_WARN = 1 << 30, 20 << 30

#: Open files: a task of dedup opens a file for every part of the corpus, Ray some hundreds for itself.
FILES_FAIL, FILES_WARN = 1024, 65536


@dataclass(frozen=True)
class Finding:
    level: str
    """`ok`, `warn` or `fail`."""
    what: str
    says: str
    do: str = ""


def examine(address: str, out: Path | str | None) -> list[Finding]:
    """Everything that can be told of the Ray at an address (`local`: one started for it) and of OUT."""
    with cluster.connected(address, 1):
        mark = Probe(out, secrets.token_hex(8)) if out else None
        if mark:
            mark.write("driver")
        nodes = cluster.everywhere(facts, mark)
        wrote = mark.seen() if mark else []
        if mark:
            mark.clear()
    return list(findings(nodes, mark, wrote))


def findings(nodes: dict[str, Any], mark: "Probe | None", wrote: list[str]) -> Iterator[Finding]:
    """What the facts of the nodes amount to. A node whose facts are a text could not be asked; it is the reason."""
    for name, found in nodes.items():
        if isinstance(found, str):
            yield Finding("fail", f"node {name}", found, "see its logs in /tmp/ray/session_latest/logs")
    answered = {name: found for name, found in nodes.items() if isinstance(found, dict)}
    if not answered:
        return
    yield from _versions(answered)
    for name, found in answered.items():
        yield from _security(name, found)
        yield from _room(name, found)
    if mark:
        yield from _out(mark, answered, wrote)


def _versions(nodes: dict[str, Any]) -> Iterator[Finding]:
    def compare(what: str, of: Callable[[dict[str, Any]], str], level: str, do: str) -> Finding:
        there: dict[str, list[str]] = {}
        for name, found in nodes.items():
            there.setdefault(of(found), []).append(name)
        if len(there) == 1:
            return Finding("ok", what, f"{next(iter(there))} on all of {len(nodes)} nodes")
        return Finding(level, what, "; ".join(f"{value} on {', '.join(names)}" for value, names in there.items()), do)

    lock = "install the same requirements.txt on every node"
    yield compare("python", lambda found: str(found["python"]), "fail", "use one Python, to the patch, on every node")
    for library in FIRST:
        yield compare(library, lambda found, library=library: found["libraries"].get(library, "none"), "fail", lock)  # type: ignore[misc]
    yield compare("our code", lambda found: str(found["code"])[:12], "fail",
                  "the same checkout on every node, or `minamoto run --ray http://…`, which sends it")  # fmt: skip
    others = sorted({
        library
        for found in nodes.values()
        for library in found["libraries"]
        if library not in FIRST and len({other["libraries"].get(library) for other in nodes.values()}) > 1
    })  # fmt: skip
    if others:
        yield Finding("warn", "libraries", f"{len(others)} differ: {', '.join(others[:8])}", lock)
    else:
        yield Finding("ok", "libraries", f"the same {len(next(iter(nodes.values()))['libraries'])} on all nodes")


def _security(name: str, found: dict[str, Any]) -> Iterator[Finding]:
    what = f"{name} listeners"
    heard = [Listener(**one) for one in found["listeners"]]
    beyond = [one for one in heard if not one.loopback]
    for one in heard:
        if one.answers == "open":
            yield Finding("warn" if one.loopback else "fail", what,
                          f"{one.process} {one.address}:{one.port} runs jobs for anyone who reaches it",
                          "RAY_AUTH_MODE=token before `ray start`, on every node")  # fmt: skip
    places = ", ".join(f"{one.process} {one.address}:{one.port} ({one.answers})" for one in beyond) or "none"
    if found["auth"] == "token":
        yield Finding("ok", what, f"beyond loopback, behind the token but for metrics: {places}")
    else:
        yield Finding("fail" if beyond else "warn", what, f"beyond loopback, without a token: {places}",
                      "RAY_AUTH_MODE=token before `ray start`, on every node; the ports in a private net")  # fmt: skip
    if mode := found["token_file_mode"]:
        private = not int(mode, 8) & 0o077
        yield Finding("ok" if private else "fail", f"{name} token file", f"{found['token_file']} has mode {mode}",
                      "" if private else f"chmod 600 {found['token_file']}")  # fmt: skip
    if found["usage_stats"] == "0":
        yield Finding("ok", f"{name} telemetry", "off")
    else:
        yield Finding("warn", f"{name} telemetry", "Ray may report its use to its makers",
                      "RAY_USAGE_STATS_ENABLED=0 before `ray start`")  # fmt: skip


def _room(name: str, found: dict[str, Any]) -> Iterator[Finding]:
    a_cpu = found["memory"] // max(found["cpus"], 1)
    yield Finding("ok" if a_cpu >= MEMORY_A_CPU else "warn", f"{name} memory",
                  f"{_gb(found['memory'])} available, {_gb(a_cpu)} for each of {found['cpus']} CPUs",
                  "" if a_cpu >= MEMORY_A_CPU else "fewer --num-cpus or --workers: 1 GB each")  # fmt: skip
    roomy = found["shm"] >= 2 * cluster.STORE_BYTES
    yield Finding("ok" if roomy else "warn", f"{name} /dev/shm", _gb(found["shm"]),
                  "" if roomy else "docker run --shm-size=1g, or an emptyDir of medium Memory there")  # fmt: skip
    files = found["files"]
    level = "fail" if files < FILES_FAIL else "warn" if files < FILES_WARN else "ok"
    yield Finding(level, f"{name} ulimit -n", f"{files:,}", "" if level == "ok" else f"ulimit -n {FILES_WARN}")


def _out(mark: "Probe", nodes: dict[str, Any], wrote: list[str]) -> Iterator[Finding]:
    for name, found in nodes.items():
        probe = found["out"]
        if probe["error"]:
            yield Finding("fail", f"{name} --out", probe["error"], f"let its user write to {mark.out}")
            continue
        if not probe["sees"] or probe["wrote"] not in wrote:
            yield Finding("fail", f"{name} --out", f"{mark.out} there is another folder than the driver's",
                          "mount one file system at one place on every node, or give an object store")  # fmt: skip
            continue
        free = probe["free"]
        level = "fail" if free < DISK_FAIL else "warn" if free < DISK_WARN else "ok"
        how = "written, synced, renamed, read" if isinstance(mark.out, Path) else "written, read; of the cache's disk"
        yield Finding(level, f"{name} --out", f"{how}; {_gb(free)} free",
                      "" if level == "ok" else "make room: a corpus takes about as much as its archives")  # fmt: skip


def _gb(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


@dataclass(frozen=True)
class Probe:
    """Small files in OUT by which the nodes and the driver see whether they look at the same folder."""

    out: Path | str
    name: str

    def _path(self, who: str) -> str:
        return f"log/doctor-{self.name}-{who}.json"

    def write(self, who: str) -> None:
        try:
            Store(self.out).write_json(self._path(who), who)
        except OSError as error:
            raise Stop(f"{self.out}: cannot be written to ({error.strerror or error})") from None

    def sees(self, who: str) -> bool:
        return bool(Store(self.out).read_json(self._path(who)) == who)

    def seen(self) -> list[str]:
        """Who has written here."""
        names = Store(self.out).files.names("log")
        return [name[:-5].rsplit("-", 1)[1] for name in names if name.startswith(f"doctor-{self.name}-")]

    def clear(self) -> None:
        for who in self.seen():
            Store(self.out).files.remove(self._path(who))


def facts(mark: Probe | None) -> dict[str, Any]:
    """What a node says of itself. Plain data; runs there, so nothing here may raise."""
    token = cluster.token_file()
    mode = stat.S_IMODE(token.stat().st_mode) if token.exists() else None
    shm = Path("/dev/shm")  # noqa: S108  looked at, not written to
    return {
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "libraries": {
            found.name.lower().replace("_", "-"): found.version for found in importlib.metadata.distributions()
        },
        "code": code_digest(),
        "listeners": listeners.of_ray(),
        "auth": os.environ.get("RAY_AUTH_MODE", "disabled"),
        "token_file": str(token),
        "token_file_mode": None if mode is None or "RAY_AUTH_TOKEN" in os.environ else f"{mode:04o}",
        "usage_stats": os.environ.get("RAY_USAGE_STATS_ENABLED", ""),
        "cpus": os.cpu_count() or 1,
        "memory": _available(),
        "shm": shutil.disk_usage(shm).total if shm.exists() else 0,
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "out": _try(mark) if mark else None,
    }


def _try(mark: Probe) -> dict[str, Any]:
    who = secrets.token_hex(8)
    try:
        sees = mark.sees("driver")
        mark.write(who)
        return {"error": "", "sees": sees, "wrote": who, "free": Store(mark.out).free()}
    except (OSError, Stop) as error:
        return {"error": str(error), "sees": False, "wrote": "", "free": 0}


def _available() -> int:
    """Bytes of memory that can be had: the least of what the machine has free and the container may take."""
    found = {line.split(":")[0]: line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines()}
    free = int(found["MemAvailable"]) << 10
    group = Path("/sys/fs/cgroup")
    try:
        most, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no limit, or another kind of container
        return free
    return min(free, most - used)


def code_digest() -> str:
    """Of all that is in our packages, by name and content."""
    root = Path(__file__).parent.parent.parent
    total = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".txt", ".json"):
                total.update(f"{path.relative_to(root)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def show(found: list[Finding], console: Console) -> None:
    colour = {"ok": "green", "warn": "yellow", "fail": "red"}
    for one in found:
        do = f"\n       → {one.do}" if one.do else ""
        console.print(f"[{colour[one.level]}]{one.level:5}[/]", end=" ")
        console.print(f"{one.what}: {one.says}{do}", markup=False, highlight=False, soft_wrap=True)


def record(found: list[Finding]) -> dict[str, Any]:
    return {"well": status(found) == 0, "findings": [asdict(one) for one in found]}


def status(found: list[Finding]) -> int:
    return int(any(one.level == "fail" for one in found))
