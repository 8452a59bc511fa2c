"""What listens on this machine for Ray, read from /proc: who, where, and whether it answers those without a token."""

import contextlib
import http.client
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")

#: Seconds a listener is given to answer.
PATIENCE = 2.0


@dataclass(frozen=True)
class Listener:
    process: str
    address: str
    port: int
    answers: str
    """`token`: it asks for one; `metrics`: numbers for Prometheus, to anyone; `open`: it lists its jobs to anyone;
    `grpc`: not HTTP, but Ray's own tongue, which asks for a token where that is switched on."""

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback


def of_ray() -> list[dict[str, Any]]:
    """Every `Listener` of Ray's processes, as plain data for the wire."""
    sockets = {inode: place for table in ("tcp", "tcp6") for inode, place in _listening(PROC / "net" / table)}
    found = set()
    for process, inode in _ray_sockets():
        if inode in sockets:
            address, port = sockets[inode]
            found.add(Listener(process, address, port, _answers(address, port)))
    return [asdict(one) for one in sorted(found, key=lambda one: (one.process, one.port, one.address))]


def _listening(table: Path) -> Iterator[tuple[str, tuple[str, int]]]:
    """Sockets that listen: inode, and address and port. In words of 4 bytes, as this machine stores them."""
    with contextlib.suppress(OSError):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                host, port = fields[1].split(":")
                words = [struct.pack("=I", int(host[at : at + 8], 16)) for at in range(0, len(host), 8)]
                found = ipaddress.ip_address(b"".join(words))
                yield fields[9], (str(getattr(found, "ipv4_mapped", None) or found), int(port, 16))


def _ray_sockets() -> Iterator[tuple[str, str]]:
    """The sockets of each process of Ray: its name and an inode. Those of other users stay unseen."""
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if not (name := _name(words)):
                continue
            for link in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):
                    target = str(link.readlink())
                    if target.startswith("socket:["):
                        yield name, target[8:-1]


def _name(words: list[str]) -> str:
    if words[0].startswith("ray::"):
        return words[0].split()[0].split(".")[0]
    for word in words[:4]:
        path = Path(word)
        if path.name in ("gcs_server", "raylet"):
            return path.name
        if "ray" in path.parts and path.suffix == ".py":
            return f"ray/{path.stem}"
        if word.startswith("ray.util.client.server"):
            return "ray client server"
    return ""


def _answers(address: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104  compared, not bound
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/jobs/")
        answer = connection.getresponse()
        if answer.status in (401, 403):
            return "token"
        return "metrics" if answer.read(6) == b"# HELP" else "open" if answer.status == 200 else "grpc"
    except (http.client.HTTPException, OSError):
        return "grpc"
    finally:
        connection.close()
