"""A web server on loopback that stands in for Common Crawl's: ranges, ETags, and faults on demand."""

import contextlib
import functools
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: What a fault does with one request; True where it has answered it.
Fault = Callable[["Handler"], bool]


@dataclass
class Site:
    """Files by path. Each of `faults` is asked for one request for a file whose path holds its key, in order."""

    files: dict[str, bytes]
    url: str = ""
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and Range
    agents: set[str] = field(default_factory=set)
    etags: bool = True
    dates: bool = True
    ranges: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bytes_asked(self) -> int:
        spans = [re.fullmatch(r"bytes=(\d+)-(\d+)", asked) for _, asked in self.asked]
        return sum(int(span[2]) - int(span[1]) + 1 for span in spans if span)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        site = self.server.site
        path = self.path.partition("?")[0].lstrip("/")
        with site.lock:
            site.asked.append((path, self.headers.get("Range", "")))
            site.agents.add(self.headers.get("User-Agent", ""))
            fault = next((at for at, (part, _) in enumerate(site.faults) if part in path), None)
            act = site.faults.pop(fault)[1] if fault is not None else None
        if act and act(self):
            return
        if path not in site.files:
            self.answer(404, b"")
            return
        self.give(site.files[path])

    def give(self, data: bytes) -> None:
        site = self.server.site
        etag = etag_of(data)
        told = ({"ETag": etag} if site.etags else {}) | (
            {"Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"} if site.dates else {}
        )
        if site.etags and self.headers.get("If-Match", etag) != etag:
            self.answer(412, b"")
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not span or not site.ranges:
            self.answer(200, data, told)
        elif int(span[1]) >= len(data):
            self.answer(416, b"", told | {"Content-Range": f"bytes */{len(data)}"})
        else:
            piece = data[int(span[1]) : int(span[2]) + 1]
            last = int(span[1]) + len(piece) - 1
            self.answer(206, piece, told | {"Content-Range": f"bytes {span[1]}-{last}/{len(data)}"})

    def answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests count what was asked themselves."""


@functools.lru_cache(maxsize=64)
def etag_of(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


class Server(ThreadingHTTPServer):
    site: Site
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has enough closes the connection."""


@contextlib.contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Site]:
    server = Server(("127.0.0.1", 0), Handler)
    server.site = Site(files, f"http://127.0.0.1:{server.server_address[1]}/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ---- faults ----------------------------------------------------------------------------------------------------------


def status(code: int, **headers: str) -> Fault:
    def act(handler: Handler) -> bool:
        handler.answer(code, b"", {name.replace("_", "-"): value for name, value in headers.items()})
        return True

    return act


def reset(handler: Handler) -> bool:
    """The connection breaks before an answer."""
    handler.close_connection = True
    handler.connection.close()
    return True


def slow(handler: Handler) -> bool:
    """Half a second passes before the answer."""
    time.sleep(0.5)
    return False


def cut(handler: Handler) -> bool:
    """The connection breaks in the middle of the body."""
    data = handler.server.site.files[handler.path.partition("?")[0].lstrip("/")]
    span = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range", ""))
    start, stop = (int(span[1]), int(span[2]) + 1) if span else (0, len(data))
    piece = data[start:stop]
    told = {
        "ETag": etag_of(data), "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT",
        "Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(data)}",
    }  # fmt: skip
    handler.answer(206, piece[: len(piece) // 2], told, length=len(piece))
    handler.close_connection = True
    handler.connection.close()
    return True


def another_range(handler: Handler) -> bool:
    """The server gives the beginning, whatever was asked for."""
    data = handler.server.site.files[handler.path.partition("?")[0].lstrip("/")]
    told = {
        "ETag": etag_of(data), "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT",
        "Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}",
    }  # fmt: skip
    handler.answer(206, data, told)
    return True
