"""An S3 server on loopback (moto's) that can be told to misbehave, and what an institute's environment says of it."""

import contextlib
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a secret that nobody may read"}

#: What to do to a request: None for nothing; `slow down`, `error`, `denied`; `forged`, as S3 answers a wrong signature,
#: with what was signed; `reset` before it is done, `lost` after it, `cut` in the middle of the answer; `unconditional`,
#: as a store does that knows no conditions, or `no if-match`.
Fault = str | None


@dataclass
class Server:
    """`fault` is asked about every request, by its method and path."""

    url: str = ""
    fault: Callable[[str, str], Fault] = lambda method, path: None
    requests: list[tuple[str, str]] = field(default_factory=list)
    app: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append((method, path))
        match self.fault(method, path):
            case "slow down":
                return answer(start_response, "503 Slow Down", "SlowDown", "Please reduce your request rate.")
            case "error":
                return answer(start_response, "500 Internal Server Error", "InternalError", "We had a bad day.")
            case "denied":
                return answer(start_response, "403 Forbidden", "AccessDenied", "Access Denied")
            case "forged":
                signed = f"{environ['HTTP_AUTHORIZATION']}</StringToSign>"
                return answer(start_response, "403 Forbidden", "SignatureDoesNotMatch", "Check your key.", signed)
            case "reset":
                hang_up(environ)
            case "lost":
                b"".join(self.app(environ, lambda *_: None))
                hang_up(environ)
            case "cut":
                whole = b"".join(self.app(environ, start_response))
                return cut(environ, whole)
            case "unconditional" | "no if-match" as what:
                environ.pop("HTTP_IF_MATCH", None)
                if what == "unconditional":
                    environ.pop("HTTP_IF_NONE_MATCH", None)
        return self.app(environ, start_response)

    def environment(self) -> dict[str, str]:
        return {**KEYS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": self.url}

    def client(self) -> Any:
        import boto3

        return boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Every object below a prefix, by its path there."""
        client = self.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {
            key.removeprefix(prefix).lstrip("/"): client.get_object(Bucket=bucket, Key=key)["Body"].read()
            for key in keys
        }


class HungUp(Exception):
    """The connection is gone, and with it whoever would be told."""


def answer(start_response: Callable[..., Any], status: str, code: str, message: str, more: str = "") -> list[bytes]:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>".encode()
    start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def hang_up(environ: dict[str, Any]) -> None:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise HungUp


def cut(environ: dict[str, Any], whole: bytes) -> Iterator[bytes]:
    yield whole[: len(whole) // 2]
    hang_up(environ)


def always(fault: str, *methods: str) -> Callable[[str, str], Fault]:
    """A fault of every request, or of those of some methods."""
    return lambda method, path: fault if not methods or method in methods else None


def first(count: int, fault: str, *methods: str) -> Callable[[str, str], Fault]:
    """A fault of the first requests of some methods."""
    left = [fault] * count

    def of(method: str, path: str) -> Fault:
        return left.pop() if left and (not methods or method in methods) else None

    return of


def at_random(seed: int, share: float, faults: Sequence[str]) -> Callable[[str, str], Fault]:
    """Faults of a share of all requests, drawn."""
    drawn, lock = random.Random(seed), threading.Lock()

    def of(method: str, path: str) -> Fault:
        with lock:
            return drawn.choice(faults) if drawn.random() < share else None

    return of


@contextlib.contextmanager
def served() -> Iterator[Server]:
    """A server with an empty bucket `corpora`."""
    import moto.server
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            """Nothing: a test is not a server."""

        def run_wsgi(self) -> None:
            with contextlib.suppress(HungUp):
                super().run_wsgi()

    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].reset()  # the servers of a process share what they keep
    server = Server(app=moto.server.DomainDispatcherApplication(moto.server.create_backend_app))
    made = make_server("127.0.0.1", 0, server, threaded=True, request_handler=Handler)
    server.url = f"http://127.0.0.1:{made.port}"
    thread = threading.Thread(target=made.serve_forever, args=[0.02], daemon=True)  # seconds to hear of its end
    thread.start()
    try:
        server.client().create_bucket(Bucket="corpora")
        server.requests.clear()
        yield server
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


@contextlib.contextmanager
def named(server: Server, cache: Path) -> Iterator[None]:
    """The environment names this server, and a folder for the cache."""
    from pipelines.remote import clients
    from pipelines.store import cache as caches

    def forget() -> None:
        caches.of_this_machine.cache_clear()
        clients.client.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in server.environment().items():
            patch.setenv(name, value)
        patch.setenv("MINAMOTO_CACHE", str(cache))
        forget()
        yield
        forget()


@pytest.fixture
def s3(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, named by the environment; a cache of its own; and a client that does not wait long to try again."""
    from pipelines.remote import retry

    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0001)
    with served() as server, named(server, tmp_path_factory.mktemp("cache")):
        yield server
