"""What listens is found where the kernel lists it, and asked whether it lets strangers in."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cluster import listeners
from pipelines.cluster.listeners import Listener


def test_addresses_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    table = tmp_path / "tcp6"
    table.write_text(
        "  sl  local_address remote_address st tx rx tr tm retr uid timeout inode\n"
        "   0: 0100007F:2063 00000000:0000 0A 0:0 0:0 0 0 0 41 1\n"
        "   1: 00000000000000000000000000000000:18F7 0:0 0A 0:0 0:0 0 0 0 42 1\n"
        "   2: 0000000000000000FFFF00000100007F:2711 0:0 0A 0:0 0:0 0 0 0 43 1\n"
        "   3: 0100007F:1234 0100007F:9999 01 0:0 0:0 0 0 0 44 1\n"
    )
    assert dict(listeners._listening(table)) == {
        "41": ("127.0.0.1", 8291),
        "42": ("::", 6391),
        "43": ("127.0.0.1", 10001),
    }
    assert list(listeners._listening(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/x/ray/core/src/ray/gcs/gcs_server", "--log_dir"], "gcs_server"),
        (["ray::DashboardAgent"], "ray::DashboardAgent"),
        (["ray::JobSupervisor.run", ""], "ray::JobSupervisor"),
        (["/usr/bin/python", "/x/site-packages/ray/dashboard/dashboard.py", "--host"], "ray/dashboard"),
        (["/usr/bin/python", "-m", "ray.util.client.server", "--port"], "ray client server"),
        (["/usr/bin/python", "/home/x/array.py"], ""),
        (["vim", "notes-on-ray.txt"], ""),
        ([""], ""),
    ],
)
def test_processes_of_ray_are_known_by_their_words(words: list[str], name: str) -> None:
    assert listeners._name(words) == name


class Answer(http.server.BaseHTTPRequestHandler):
    status, body = 200, b"[]"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(params=[(200, b"[]", "open"), (401, b"", "token"), (200, b"# HELP x", "metrics"), (404, b"", "grpc")])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    status, body, expected = request.param
    handler = type("Handler", (Answer,), {"status": status, "body": body})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running.server_port, expected
        running.shutdown()
        thread.join()


def test_what_answers_without_a_token_is_told_from_what_asks(server: tuple[int, str]) -> None:
    port, expected = server
    assert listeners._answers("0.0.0.0", port) == expected


def test_what_answers_nothing_is_not_waited_for() -> None:
    assert listeners._answers("127.0.0.1", 9) == "grpc"


def test_loopback() -> None:
    assert Listener("x", "::1", 1, "grpc").loopback
    assert not Listener("x", "::", 1, "grpc").loopback
    assert not Listener("x", "192.0.2.2", 1, "grpc").loopback
