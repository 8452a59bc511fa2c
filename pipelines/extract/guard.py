"""Extraction in a child process, so that a record that hangs, crashes or eats memory costs that record alone.

The child stays warm from record to record and is replaced when it dies. Parent and child speak over a socket pair in
frames of JSON and bytes, never pickle: a parser that a page has taken over can send lies but no objects. The child
inherits no secrets: it sees none of the parent's environment but what Python needs to start.

Start-up takes 0.2 s, a page of 60 KB 0.1 ms more than in the parent's own process (measured on 2 shared cores).
"""

import atexit
import ctypes
import importlib
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filters import language
from pipelines.extract import rights
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import HtmlSettings, check_size

#: A frame is the lengths of its two parts, a JSON object, and bytes.
_LENGTHS = struct.Struct(">II")
_MAX_HEADER = 1 << 22

#: What the JSON of an answer holds of a document as words; the bytes are its text and captions, one after the other.
_FIELDS = ("title", "part", "lang", "date", "container", "charset", "charset_source")

#: How long a child may take to import its libraries, on a busy machine with a cold disk.
START_SECONDS = 120.0


@dataclass(frozen=True)
class Limits:
    """What a page may cost. The limits of HtmlSettings come first, for these depend on the machine.

    `memory_bytes` is the address space of the child, of which its libraries take 0.3 GiB. `deadline_seconds` is a last
    resort: most pages take 15 ms, the worst that HtmlSettings is known to let through 40 s.
    """

    memory_bytes: int = 2 << 30
    deadline_seconds: float = 60.0


class Guard:
    """Runs `extract` of the module `extractor`, with the arguments of `records.extract`, in a child process.

    A context manager, for one thread at a time. The child starts with the first page.
    """

    def __init__(self, settings: HtmlSettings, limits: Limits, extractor: str = "pipelines.extract.records") -> None:
        self.settings = settings
        self.limits = limits
        self._extractor = extractor
        self._child: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._owner = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def child_pid(self) -> int | None:
        """The process that reads the pages, if it is running."""
        return self._child.pid if self._child else None

    def extract(
        self, raw: bytes, format: str = "html", name: str = "", http_charset: str = "",
        headers: Sequence[tuple[str, str]] = (), url: str = "",
    ) -> list[Document]:  # fmt: skip
        """The documents of a record; see `records.extract`.

        A page that finds its child dead, or without memory, is tried once more in a fresh one: the child may have been
        killed from outside, or filled by earlier pages. A page past its deadline is not, it took long enough.

        Raises:
            Unreadable: with a reason of the format, or timeout, memory (past the limits) or crashed.
            filters.language.ModelError: the language model cannot be used.
            RuntimeError: the child does not start; no fault of the page.
        """
        if format == "html":
            check_size(raw, self.settings)
        question = {"format": format, "name": name, "http_charset": http_charset, "headers": headers, "url": url}
        try:
            return self._ask(raw, question)
        except Unreadable as unreadable:
            if unreadable.reason not in ("crashed", "memory"):
                raise
            return self._ask(raw, question)

    def close(self) -> None:
        """End the child, which keeps nothing."""
        if self._socket:
            self._socket.close()
        if self._child and self._owner == os.getpid():
            self._child.kill()
            self._child.wait()
        self._child = self._socket = None

    def _ask(self, raw: bytes, question: dict[str, Any]) -> list[Document]:
        # A child may have died since the last page (it does when the thread that started it ends), or belong to the
        # process that forked this one: this page is not to blame.
        if self._child is None or self._socket is None or self._owner != os.getpid() or self._child.poll() is not None:
            self.close()
            self._start()
        assert self._socket
        until = time.monotonic() + self.limits.deadline_seconds
        try:
            _send(self._socket, question, raw, until)
            header, body = _receive(self._socket, _max_text(self.settings), until)
            if "documents" in header:
                return _documents(header["documents"], body)
        except TimeoutError:
            self.close()
            raise Unreadable("timeout", f"no answer in {self.limits.deadline_seconds:g} s") from None
        except (OSError, EOFError):
            raise Unreadable("crashed", self._how_it_ended()) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.close()
            raise Unreadable("crashed", "the process sent nonsense") from None
        except BaseException:
            self.close()  # or the next page would be given this one's answer
            raise
        unreadable = Unreadable(_plain(header.get("reason", "crashed")), _plain(header.get("detail", "")))
        if unreadable.reason in ("crashed", "memory"):
            self.close()
        raise unreadable

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as complaints:
            # No preexec_fn, which may deadlock in a process with threads: the child confines itself.
            arguments = [self._extractor, str(theirs.fileno()), str(os.getpid()), str(self.limits.memory_bytes)]
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "pipelines.extract.guard", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                start_new_session=True,
            )
            self._socket, self._owner = ours, os.getpid()
            theirs.close()
            until = time.monotonic() + START_SECONDS
            try:
                _send(ours, asdict(self.settings), b"", until)
                header, _ = _receive(ours, 0, until)
            except (OSError, EOFError, ValueError):
                how = self._how_it_ended()
                complaints.seek(0)
                last = complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
                raise RuntimeError(f"the process that reads pages did not start: {last or how}") from None
        if "model_error" in header:
            self.close()
            raise language.ModelError(str(header["model_error"]))

    def _how_it_ended(self) -> str:
        """What became of a child that hung up; it is gone afterwards."""
        assert self._child
        try:
            status = self._child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            status = 0
        self.close()
        return (
            f"the process died of {signal.Signals(-status).name}" if status < 0 else f"the process left with {status}"
        )


@cache
def warm(settings: HtmlSettings, limits: Limits) -> Guard:
    """One Guard per process and settings, so that the parts a worker reads share a child. Closed at exit."""
    guard = Guard(settings, limits)
    atexit.register(guard.close)
    return guard


def _plain(value: object) -> str:
    """JSON may hold lone surrogates, which Arrow refuses."""
    return str(value).encode(errors="replace").decode()


def _documents(described: list[dict[str, Any]], body: bytes) -> list[Document]:
    """What a child says. ValueError and the like where that is none."""
    found, place = [], 0
    for fields in described:
        texts = []
        for size in fields["sizes"]:
            if not 0 <= size <= len(body) - place:
                raise ValueError("sizes that are none")
            texts.append(body[place : place + size].decode())
            place += size
        text, *captions = texts
        words = {name: _plain(fields[name]) for name in _FIELDS}
        counts = {_plain(name): int(count) for name, count in fields["counts"].items()}
        ids = tuple(_plain(name) for name in fields["ids"])
        said = rights.from_json(fields["rights"])
        found.append(Document(text, ids=ids, captions=tuple(captions), rights=said, counts=counts, **words))
    return found


def _described(documents: Sequence[Document]) -> tuple[list[dict[str, Any]], bytes]:
    """The documents as `_documents` takes them."""
    described, pieces = [], []
    for document in documents:
        texts = [text.encode() for text in (document.text, *document.captions)]
        pieces += texts
        described.append(
            {name: getattr(document, name) for name in _FIELDS}
            | {"sizes": [len(text) for text in texts], "ids": document.ids, "counts": dict(document.counts)}
            | {"rights": asdict(document.rights)}
        )
    return described, b"".join(pieces)


def _max_text(settings: HtmlSettings) -> int:
    # One byte of half-width kana is three in UTF-8.
    return 4 * settings.max_bytes


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "LANG", "TZ") if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
        # Iterating over a set of strings is the same in every child.
        "PYTHONHASHSEED": "0",
        # On a machine with many cores their thread pools alone would take the address space.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _send(to: socket.socket, header: dict[str, Any], body: bytes, until: float | None = None) -> None:
    encoded = json.dumps(header).encode()
    for part in (_LENGTHS.pack(len(encoded), len(body)) + encoded, body):
        to.settimeout(_remaining(until))
        to.sendall(part)


def _receive(of: socket.socket, max_body: int, until: float | None = None) -> tuple[dict[str, Any], bytes]:
    header_size, body_size = _LENGTHS.unpack(_read(of, _LENGTHS.size, until))
    if header_size > _MAX_HEADER or body_size > max_body:
        raise ValueError("frame too large")
    header = json.loads(_read(of, header_size, until))
    if not isinstance(header, dict):
        raise ValueError("no JSON object")
    return header, bytes(_read(of, body_size, until))


def _read(of: socket.socket, size: int, until: float | None) -> bytearray:
    buffer = bytearray(size)
    rest = memoryview(buffer)
    while rest:
        of.settimeout(_remaining(until))
        received = of.recv_into(rest)
        if not received:
            raise EOFError
        rest = rest[received:]
    return buffer


def _remaining(until: float | None) -> float | None:
    return None if until is None else max(until - time.monotonic(), 0.001)


def _confine(parent: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        sys.exit("the parent process is gone")


def main(extractor: str, descriptor: str, parent: str, memory_bytes: str) -> None:
    """The child: answers pages until the parent hangs up."""
    _confine(int(parent), int(memory_bytes))
    with socket.socket(fileno=int(descriptor)) as parent_socket:
        fields, _ = _receive(parent_socket, 0)
        settings = HtmlSettings(**fields | {"languages": tuple(fields["languages"])})
        extract = importlib.import_module(extractor).extract
        try:
            # Now, so that no page can be in the way of it, or be blamed for it.
            if settings.prescreen:
                language.load(language.model_path(settings.model))
        except language.ModelError as error:
            return _send(parent_socket, {"model_error": str(error)}, b"")
        _send(parent_socket, {}, b"")
        # What libraries have to say about pages would fill a disk.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        while True:
            try:
                header, raw = _receive(parent_socket, 1 << 32)
            except EOFError:
                return None
            body = b""
            answer: dict[str, Any]
            try:
                described, body = _described(extract(raw, settings, **header))
                answer = {"documents": described}
                if len(body) > _max_text(settings):
                    raise Unreadable("too_large", f"{len(body)} bytes of text")
            except Unreadable as unreadable:
                body, answer = b"", {"reason": unreadable.reason, "detail": unreadable.detail}
            except RecursionError:
                body, answer = b"", {"reason": "too_deep", "detail": "out of stack"}
            except MemoryError:
                body, answer = b"", {"reason": "memory", "detail": f"more than {memory_bytes} bytes of address space"}
            except Exception as error:
                body, answer = b"", {"reason": "crashed", "detail": f"{type(error).__name__}: {error}"[:200]}
            _send(parent_socket, answer, body)


if __name__ == "__main__":
    main(*sys.argv[1:])
