import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from filters.language import ModelError
from pipelines.extract import html
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.guard import Guard, Limits, warm
from pipelines.extract.html import HtmlSettings

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = HtmlSettings(prescreen=False)
LIMITS = Limits(memory_bytes=1 << 30, deadline_seconds=20.0)
JA = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
PAGE = f"<html><head><title>猫</title></head><body><p>{JA * 9}</p></body></html>".encode("cp932")

# An extractor that does what its page says: the only way to make a child misbehave, and none that a page could take.
OBEDIENT = """
import ctypes, os, resource, signal, sys, time
from pathlib import Path
from pipelines.extract.document import Document, Unreadable

def recurse():
    return recurse() + 1

def extract(raw, settings, format, name, http_charset, headers, url):
    word, _, argument = raw.decode().partition(" ")
    if word == "hang":
        while True:
            time.sleep(1)
    if word == "exit":
        os._exit(3)
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "kill-once" and not Path(argument).exists():
        Path(argument).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "segfault":
        ctypes.string_at(0)
    if word == "memory":
        bytearray(int(argument))
    if word == "memory-once" and not Path(argument).exists():
        Path(argument).touch()
        raise MemoryError
    if word == "recurse":
        recurse()
    if word == "raise":
        raise ZeroDivisionError("by zero")
    if word == "refuse":
        raise Unreadable("empty", argument)
    if word == "nonsense":
        os.write(int(sys.argv[2]), bytes(range(200)) * 9)
    if word == "boast":
        os.write(int(sys.argv[2]), b"\\x00\\x00\\x00\\x02\\xff\\xff\\xff\\xff{}")
    if word == "nest":
        os.write(int(sys.argv[2]), b"\\x00\\x00\\xc3\\x50\\x00\\x00\\x00\\x00" + b"[" * 50_000)
    if word == "lie":
        rights = b'{"robots": [], "tdm_reservation": null, "tdm_policy": null, "licences": []}'
        header = (b'{"documents": [{"sizes": [2], "title": "\\\\udc00", "part": "", "lang": "", "ids": ["\\\\ud800"],'
                  b'"date": "", "container": "", "charset": "x", "charset_source": "", "counts": {"a": 1},'
                  b'"rights": ' + rights + b'}]}')
        os.write(int(sys.argv[2]), len(header).to_bytes(4, "big") + (2).to_bytes(4, "big") + header + b"ok")
    if word == "lie-type":
        header = b'{"documents": [{"sizes": [-2]}]}'
        os.write(int(sys.argv[2]), len(header).to_bytes(4, "big") + (2).to_bytes(4, "big") + header + b"ok")
    if word == "shout":
        for _ in range(200):
            print("x" * 100_000, file=sys.stderr)
            print("x" * 100_000)
    if word == "long":
        return [Document("x" * int(argument))]
    if word == "sleep":
        time.sleep(float(argument))
    if word == "where":
        limits = (resource.RLIMIT_AS, resource.RLIMIT_CORE)
        facts = {"environment": sorted(os.environ), "limits": [resource.getrlimit(limit)[0] for limit in limits]}
        return [Document(repr(facts), str(hash("a")))]
    return [Document(word, argument, charset=http_charset, charset_source=repr(settings))]
"""


@pytest.fixture
def obedient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Guard]]:
    (tmp_path / "obedient_extractor.py").write_text(OBEDIENT)
    monkeypatch.syspath_prepend(tmp_path)
    opened = []

    def open_guard(limits: Limits = LIMITS, settings: HtmlSettings = SETTINGS) -> Guard:
        opened.append(Guard(settings, limits, extractor="obedient_extractor"))
        return opened[-1]

    yield open_guard
    for guard in opened:
        guard.close()


def refused(guard: Guard, page: str) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        guard.extract(page.encode())
    return caught.value.reason, caught.value.detail


def one(guard: Guard, page: str, charset: str = "") -> Document:
    (document,) = guard.extract(page.encode(), http_charset=charset)
    return document


def fine(guard: Guard) -> bool:
    return one(guard, "fine title", "euc-jp").title == "title"


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_the_child_reads_what_the_parent_would() -> None:
    with Guard(HtmlSettings(), LIMITS) as guard:
        assert guard.extract(PAGE, http_charset="shift_jis") == [html.extract(PAGE, "shift_jis", HtmlSettings())]
        german = "<p>" + "Alle glücklichen Familien gleichen einander, jede unglückliche ist es anders. " * 9
        for page in (b"", b"\x89PNG" + bytes(range(256)) * 9, b"<div>" * 9_000, german.encode(), b"<html></html>"):
            with pytest.raises(Unreadable) as here:
                html.extract(page, "", HtmlSettings())
            with pytest.raises(Unreadable) as there:
                guard.extract(page)
            assert (there.value.reason, there.value.detail) == (here.value.reason, here.value.detail)
        assert guard.extract(PAGE)[0].text == JA * 9


def test_settings_and_charset_arrive(obedient: Callable[..., Guard]) -> None:
    settings = HtmlSettings(languages=("ja",), prescreen=False, max_depth=99)
    page = one(obedient(settings=settings), "語 題", "x-sjis")
    assert (page.text, page.title, page.charset, page.charset_source) == ("語", "題", "x-sjis", repr(settings))


@pytest.mark.parametrize(
    ("page", "reason", "detail"),
    [
        ("exit", "crashed", "the process left with 3"),
        ("kill", "crashed", "the process died of SIGKILL"),
        ("segfault", "crashed", "the process died of SIGSEGV"),
        ("nonsense", "crashed", "the process sent nonsense"),
        ("boast", "crashed", "the process sent nonsense"),
        ("nest", "crashed", "the process sent nonsense"),
        ("lie-type", "crashed", "the process sent nonsense"),
        ("raise", "crashed", "ZeroDivisionError: by zero"),
        ("memory 9000000000", "memory", f"more than {1 << 30} bytes of address space"),
        ("recurse", "too_deep", "out of stack"),
        ("refuse 何もない", "empty", "何もない"),
    ],
)
def test_a_bad_page_costs_that_page_alone(obedient: Callable[..., Guard], page: str, reason: str, detail: str) -> None:
    guard = obedient()
    assert fine(guard)
    assert refused(guard, page) == (reason, detail)
    assert fine(guard)


def test_a_page_that_hangs_is_ended(obedient: Callable[..., Guard]) -> None:
    guard = obedient(Limits(deadline_seconds=1.0))
    guard.extract(b"fine")
    before = guard.child_pid
    assert before
    assert refused(guard, "hang") == ("timeout", "no answer in 1 s")
    assert gone(before)
    assert fine(guard)
    assert guard.child_pid != before


def test_a_child_killed_from_outside_is_nobodys_fault(obedient: Callable[..., Guard], tmp_path: Path) -> None:
    guard = obedient()
    assert fine(guard)
    assert guard.child_pid
    os.kill(guard.child_pid, signal.SIGKILL)  # between pages
    assert fine(guard)
    assert one(guard, f"kill-once {tmp_path / 'killed'}").text == "kill-once"  # during a page
    assert one(guard, f"memory-once {tmp_path / 'filled'}").text == "memory-once"  # filled by others


def test_what_a_child_says_is_made_plain(obedient: Callable[..., Guard]) -> None:
    (page,) = obedient().extract(b"lie")
    assert (page.text, page.title, page.ids, page.counts) == ("ok", "?", ("?",), {"a": 1})


def test_one_child_reads_many_pages(obedient: Callable[..., Guard]) -> None:
    guard = obedient()
    guard.extract(b"first")
    pid = guard.child_pid
    for size in (0, 1, 70_000, 3_000_000):
        assert len(one(guard, f"long {size}").text) == size
        assert one(guard, "x" * size + " title").title == "title"
        refused(guard, "refuse")
        refused(guard, "recurse")
    assert guard.child_pid == pid


def test_limits_on_size(obedient: Callable[..., Guard]) -> None:
    guard = obedient(settings=HtmlSettings(prescreen=False, max_bytes=1_000))
    assert refused(guard, "long 4001") == ("too_large", "4001 bytes of text")
    assert refused(guard, "x" * 1_001) == ("too_large", "1001 bytes, limit 1000")


def test_what_libraries_print_blocks_nothing(obedient: Callable[..., Guard]) -> None:
    assert one(obedient(), "shout").text == "shout"


def test_the_child_is_confined(obedient: Callable[..., Guard], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    first, second = (one(obedient(Limits(memory_bytes=700 << 20)), "where") for _ in range(2))
    facts = eval(first.text)
    assert facts["limits"] == [700 << 20, 0]
    assert "AWS_SECRET_ACCESS_KEY" not in facts["environment"]
    assert first.title == second.title  # hashes of strings, and so the order of sets


def test_an_interrupted_page_does_not_answer_for_the_next(obedient: Callable[..., Guard]) -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    guard = obedient()
    assert fine(guard)
    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            guard.extract(b"sleep 5")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert fine(guard)


def test_the_child_dies_with_its_parent() -> None:
    code = (
        "import os, signal; from pipelines.extract.guard import *\n"
        "guard = Guard(HtmlSettings(prescreen=False), Limits())\n"
        "try: guard.extract(b'')\n"
        "except Unreadable: print(guard.child_pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    parent = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    child = int(parent.stdout)
    until = time.monotonic() + 20
    while not gone(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert gone(child)


def test_close_ends_the_child(obedient: Callable[..., Guard]) -> None:
    with obedient() as guard:
        assert fine(guard)
        child = guard.child_pid
    assert child
    assert gone(child)
    assert guard.child_pid is None
    guard.close()


def test_warm_is_one_for_equal_settings() -> None:
    first = warm(HtmlSettings(max_depth=77, prescreen=False), LIMITS)
    assert warm(HtmlSettings(max_depth=77, prescreen=False), Limits(LIMITS.memory_bytes, 20.0)) is first
    assert warm(HtmlSettings(max_depth=78, prescreen=False), LIMITS) is not first


class TestStart:
    """What keeps the child from starting is no page's fault, and must stop the run."""

    def test_no_such_extractor(self) -> None:
        with (
            Guard(SETTINGS, LIMITS, extractor="no_such_extractor") as guard,
            pytest.raises(
                RuntimeError, match="did not start: ModuleNotFoundError: No module named 'no_such_extractor'"
            ),
        ):
            guard.extract(b"x")

    def test_no_model(self, tmp_path: Path) -> None:
        with (
            Guard(HtmlSettings(model=str(tmp_path / "absent.bin")), LIMITS) as guard,
            pytest.raises(ModelError, match=r"absent\.bin: no such file"),
        ):
            guard.extract(b"x")
