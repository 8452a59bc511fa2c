"""Files of object stores on this machine: fetched once, sound, within bounds; and nothing left of who was killed."""

import hashlib
import multiprocessing
import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import Stop, UsageError
from pipelines.store import cache
from pipelines.store.cache import LOOK_AFTER, Cache, Damaged
from pipelines.store.folder import HashingFile

SPAWN = multiprocessing.get_context("spawn")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def provide(kept: Cache, data: bytes, link: Path, says: str = "") -> int:
    """Provide a file; returns how often it was fetched."""
    fetched = 0

    def download(into: HashingFile) -> None:
        nonlocal fetched
        fetched += 1
        into.write(data[:10])
        into.write(data[10:])

    kept.provide(says or sha256(data), len(data), link, download)
    assert link.read_bytes() == data
    return fetched


def files(kept: Cache) -> list[Path]:
    return sorted((kept.root / "files").glob("*/*"))


@pytest.fixture
def kept(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", 1 << 20)


def test_a_file_is_fetched_once_and_at_hand_under_many_names(kept: Cache, tmp_path: Path) -> None:
    with kept.work_folder() as one, kept.work_folder() as two:
        assert provide(kept, b"content", one / "fetched/a.parquet") == 1
        assert provide(kept, b"content", two / "fetched/b.parquet") == 0
        assert (one / "fetched/a.parquet").stat().st_ino == (two / "fetched/b.parquet").stat().st_ino
    assert [path.name for path in files(kept)] == [sha256(b"content")]
    assert stat.S_IMODE(files(kept)[0].stat().st_mode) == 0o444
    assert list((kept.root / "work").iterdir()) == []


def test_a_file_that_was_made_here_is_not_fetched(kept: Cache) -> None:
    with kept.work_folder() as folder:
        (folder / "a").write_bytes(b"made here")
        kept.keep(sha256(b"made here"), folder / "a")
        kept.keep(sha256(b"made here"), folder / "a")
    with kept.work_folder() as folder:
        assert provide(kept, b"made here", folder / "a") == 0


@pytest.mark.parametrize("damage", [b"cantent", b"", b"content and more"])
@pytest.mark.parametrize("unseen", [True, False])
def test_a_kept_file_that_was_damaged_is_fetched_again(damage: bytes, unseen: bool, kept: Cache) -> None:
    """By another process too, and where the time of the change was set back."""
    with kept.work_folder() as folder:
        provide(kept, b"content", folder / "a")
        (path,) = files(kept)
        before = path.stat()
        path.chmod(0o600)
        path.write_bytes(damage)
        if unseen:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            cache._digest.cache_clear()
        assert provide(kept, b"content", folder / "b") == 1
        assert files(kept) == [path]


def test_a_download_of_another_content_is_refused_and_not_kept(kept: Cache) -> None:
    with kept.work_folder() as folder:
        with pytest.raises(Damaged, match=f"sha256 is {sha256(b'other')}, should be {sha256(b'this')}"):
            provide(kept, b"other", folder / "a", says=sha256(b"this"))
        assert not (folder / "a").exists()
        assert files(kept) == []
        assert provide(kept, b"this", folder / "a") == 1


def test_a_download_that_fails_leaves_nothing(kept: Cache) -> None:
    def fail(into: HashingFile) -> None:
        into.write(b"half")
        raise Stop("out of reach")

    with kept.work_folder() as folder:
        with pytest.raises(Stop, match="out of reach"):
            kept.provide(sha256(b"content"), 7, folder / "a", fail)
        assert files(kept) == []
        assert provide(kept, b"content", folder / "a") == 1


def test_what_was_longest_not_used_goes_first(tmp_path: Path) -> None:
    kept = Cache(tmp_path, 300)
    old, used, new = (bytes([n]) * 100 for n in range(3))
    for data in (old, used, new, used):
        with kept.work_folder() as folder:
            provide(kept, data, folder / "a")
        time.sleep(0.01)
    with kept.work_folder() as folder:
        provide(kept, b"x" * 150, folder / "a")
    assert {path.name for path in files(kept)} == {sha256(used), sha256(b"x" * 150)}


def test_what_is_in_use_stays_even_beyond_the_limit(tmp_path: Path) -> None:
    kept = Cache(tmp_path, 250)
    with kept.work_folder() as folder:
        for n in range(5):
            provide(kept, bytes([n]) * 100, folder / str(n))
        assert len(files(kept)) == 5
    with kept.work_folder() as folder:
        assert provide(kept, bytes([9]) * 100, folder / "a") == 1
    assert len(files(kept)) == 2
    with kept.work_folder() as folder:
        assert provide(kept, b"x" * 1000, folder / "larger than all") == 1


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=25), limit=st.integers(0, 500))
def test_whatever_is_asked_for_is_right_and_no_more_is_kept_than_may_be(
    asked: list[tuple[int, bool]], limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = Cache(tmp_path_factory.mktemp("cache"), limit)
    with kept.work_folder() as folder:
        links: list[tuple[int, Path]] = []
        for number, (size, release) in enumerate(asked):
            if release and links:
                links.pop(0)[1].unlink()
            links.append((size, folder / str(number)))
            if provide(kept, bytes([size]) * size * 20, links[-1][1]) and 20 * size >= limit * LOOK_AFTER:
                in_use = sum(20 * size for size in {size for size, _ in links})
                assert sum(path.stat().st_size for path in files(kept)) <= max(limit, in_use)


def fetch_slowly(root: Path, told: Path, start: str) -> None:
    """Wait until a file appears, then fetch; says each fetch in a file."""
    kept = Cache(root, 1 << 20)
    while not Path(start).exists():
        time.sleep(0.001)

    def download(into: HashingFile) -> None:
        with told.open("a") as file:
            file.write("fetched\n")
        time.sleep(0.3)
        into.write(b"content")

    with kept.work_folder() as folder:
        kept.provide(sha256(b"content"), 7, folder / "a", download)
        assert (folder / "a").read_bytes() == b"content"


def test_processes_that_want_the_same_file_fetch_it_once(kept: Cache, tmp_path: Path) -> None:
    arguments = (kept.root, tmp_path / "told", str(tmp_path / "start"))
    children = [SPAWN.Process(target=fetch_slowly, args=arguments) for _ in range(3)]
    for child in children:
        child.start()
    (tmp_path / "start").touch()
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert (tmp_path / "told").read_text() == "fetched\n"


def die(root: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_work(root: Path) -> None:
    with Cache(root, 1 << 20).work_folder() as folder:
        (folder / "half").write_bytes(b"x")
        die(root)


def die_fetching(root: Path) -> None:
    def download(into: HashingFile) -> None:
        into.write(b"half")
        into.flush()
        die(root)

    with Cache(root, 1 << 20).work_folder() as folder:
        Cache(root, 1 << 20).provide(sha256(b"content"), 7, folder / "a", download)


def killed(work: Callable[[Path], None], kept: Cache) -> None:
    child = SPAWN.Process(target=work, args=(kept.root,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def test_the_folder_of_a_task_that_was_killed_is_swept_away_by_the_next(kept: Cache) -> None:
    with kept.work_folder() as alive:
        killed(die_at_work, kept)
        assert len(list((kept.root / "work").iterdir())) == 2
        with kept.work_folder() as folder:
            assert set((kept.root / "work").iterdir()) == {alive, folder}


def test_what_was_half_fetched_by_who_was_killed_is_fetched_anew(kept: Cache) -> None:
    killed(die_fetching, kept)
    assert [path.suffix for path in files(kept)] == [".part"]
    with kept.work_folder() as folder:
        assert provide(kept, b"content", folder / "a") == 1
    assert [path.suffix for path in files(kept)] == [""]


def test_what_was_half_fetched_by_who_was_killed_makes_room(kept: Cache) -> None:
    killed(die_fetching, kept)
    with kept.work_folder() as folder:
        provide(Cache(kept.root, 10), b"of another", folder / "a")
    assert [path.name for path in files(kept)] == [sha256(b"of another")]


def test_what_is_being_fetched_makes_no_room(kept: Cache) -> None:
    def download(into: HashingFile) -> None:
        into.write(b"con")
        into.flush()
        Cache(kept.root, 0).make_room(1)
        into.write(b"tent")

    with kept.work_folder() as folder:
        kept.provide(sha256(b"content"), 7, folder / "a", download)
        assert (folder / "a").read_bytes() == b"content"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in ("MINAMOTO_CACHE", "MINAMOTO_CACHE_BYTES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    cache.of_this_machine.cache_clear()
    return monkeypatch


def test_the_environment_says_where_it_is_and_how_large(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = cache.of_this_machine()
    assert found.root == tmp_path / "xdg/minamoto"
    assert stat.S_IMODE(found.root.stat().st_mode) == 0o700
    assert found.limit > 0
    environment.setenv("MINAMOTO_CACHE", str(tmp_path / "there"))
    environment.setenv("MINAMOTO_CACHE_BYTES", "1000")
    cache.of_this_machine.cache_clear()
    assert cache.of_this_machine() == Cache(tmp_path / "there", 1000)
    cache.of_this_machine.cache_clear()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("MINAMOTO_CACHE", "/dev/null/cache", "/dev/null/cache: Not a directory"),
     ("MINAMOTO_CACHE_BYTES", "10 GB", "MINAMOTO_CACHE_BYTES=10 GB: not a number of bytes")],
)  # fmt: skip
def test_a_wrong_word_in_the_environment_is_named(
    name: str, value: str, words: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    with pytest.raises(UsageError, match=words):
        cache.of_this_machine()
    cache.of_this_machine.cache_clear()
