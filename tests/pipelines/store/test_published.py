"""Parts in an object store: files first, their record last and on condition; the record is the only truth."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import toys
from buckets import Server, always, at_random, named
from pipelines.errors import Stop, UsageError
from pipelines.run import inline, run_stage
from pipelines.stage import Result, Stage, Task, Unaccounted, fresh, run_task
from pipelines.store import Commit, Output, Store, beyond, located

URL = "s3://corpora/web"


@pytest.fixture
def store(s3: Server) -> Store:
    return Store(URL)


def task(work: Any = toys.fine, index: int = 3, reads: str = "") -> Task:
    return Task(Stage("toy", work, {}), index, None, reads)


def made_of(content: bytes) -> Any:
    def work(task: Task, output: Output) -> Result:
        with output.create(f"toy/part-{task.index:05d}") as file:
            file.write(content)
        return Result(1, 1, detail={"rows": 1})

    return work


def fetched(store: Store, path: str) -> bytes:
    with store.fetched(path) as file:
        return file.read_bytes()


def test_a_part_is_its_files_and_then_its_record(store: Store, s3: Server) -> None:
    run_task(task(made_of(b"content")), store)
    puts = [path for method, path in s3.requests if method == "PUT"]
    assert puts == ["/corpora/web/toy/part-00003", "/corpora/web/commits/toy/00003.json"]
    assert s3.objects("corpora", "web/")["toy/part-00003"] == b"content"
    commit = store.record("toy", 3)
    assert commit
    assert commit.files == {"toy/part-00003": {"bytes": 7, "sha256": hashlib.sha256(b"content").hexdigest()}}
    assert fresh(task(made_of(b"content")), store) == commit
    assert fetched(store, "toy/part-00003") == b"content"


def test_what_was_made_here_is_not_fetched(store: Store, s3: Server) -> None:
    run_task(task(made_of(b"content")), store)
    s3.requests.clear()
    assert fetched(store, "toy/part-00003") == b"content"
    assert s3.requests == [("GET", "/corpora/web/commits/toy/00003.json")]


def test_many_files_are_fetched_at_a_time_each_content_once(
    store: Store, s3: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also where files of two corpora have one name and one content, as empty ones do."""
    contents = [b"", b"one", b"", b"two", b"one"]
    for corpus in (store, Store("s3://corpora/earlier")):
        for index, content in enumerate(contents):
            run_task(task(made_of(content), index), corpus)
    paths = [f"toy/part-{index:05d}" for index in range(len(contents))]
    paths += [beyond("s3://corpora/earlier", path) for path in paths]
    with named(s3, tmp_path_factory.mktemp("elsewhere")), store.output() as output:
        s3.requests.clear()
        assert [file.read_bytes() for file in output.fetch_all(paths * 3)] == contents * 6
        gets = [path for method, path in s3.requests if method == "GET" and "/commits/" not in path]
        assert len(gets) == 2  # nothing is asked for where there is nothing


def test_a_part_that_another_run_has_committed_equally_is_fine(store: Store, s3: Server) -> None:
    first = run_task(task(made_of(b"content")), store)

    def meanwhile(method: str, path: str) -> None:
        if path.endswith("00004.json") and method == "PUT":
            s3.fault = always("")
            run_task(task(made_of(b"content"), 4), store)

    s3.fault = meanwhile
    assert run_task(task(made_of(b"content"), 4), store) == store.record("toy", 4)
    s3.fault = always("")
    (name,) = first.files
    store.files.remove(name)
    assert fresh(task(made_of(b"content")), store) is None
    assert run_task(task(made_of(b"content")), store) == first
    assert fetched(store, name) == b"content"


def test_a_part_that_another_run_has_committed_otherwise_stops_this_one(store: Store, s3: Server) -> None:
    def meanwhile(method: str, path: str) -> None:
        if path.endswith("00003.json") and method == "PUT":
            s3.fault = always("")
            run_task(task(made_of(b"theirs"), reads="other content"), store)

    s3.fault = meanwhile
    with pytest.raises(Stop, match=r"commits/toy/00003\.json: committed otherwise by another run meanwhile; run again"):
        run_task(task(made_of(b"ours")), store)
    assert fresh(task(made_of(b"theirs"), reads="other content"), store)


def test_a_part_that_comes_out_otherwise_is_refused_and_nothing_of_it_is_brought(store: Store, s3: Server) -> None:
    run_task(task(made_of(b"first")), store)
    before = s3.objects("corpora")
    with pytest.raises(Unaccounted, match="toy part 3 came out otherwise than before"):
        run_task(task(made_of(b"second")), store)
    assert s3.objects("corpora") == before


def test_a_part_made_again_of_other_content_has_no_record_while_its_files_are_replaced(
    store: Store, s3: Server
) -> None:
    run_task(task(made_of(b"first")), store)
    seen: list[bool] = []

    def look(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("part-00003"):
            seen.append(any(key.endswith("00003.json") for key in s3.objects("corpora")))

    s3.fault = look
    second = run_task(task(made_of(b"second"), reads="other"), store)
    assert seen == [False]
    assert store.record("toy", 3) == second
    assert fetched(store, "toy/part-00003") == b"second"


def test_a_run_cut_off_between_files_and_record_is_no_part(store: Store, s3: Server) -> None:
    s3.fault = lambda method, path: "denied" if method == "PUT" and "/commits/" in path else None
    with pytest.raises(Stop, match="not allowed to work with commits/toy/00003"):
        run_task(task(made_of(b"content")), store)
    s3.fault = always("")
    assert list(s3.objects("corpora", "web/")) == ["toy/part-00003"]
    assert store.read_commit("toy", 3) is None
    assert list(store.records("toy")) == []
    with pytest.raises(Stop, match=f"{URL}/toy/part-00003: no commit record names such a file"):
        fetched(store, "toy/part-00003")


def test_what_is_listed_without_a_record_is_ignored_and_a_record_without_its_file_counts_as_absent(
    store: Store, s3: Server
) -> None:
    run_stage([task(index=index) for index in range(3)], store, inline, lambda done: None)
    store.files.write("toy/9", b"of nobody")
    store.files.remove("toy/1")
    assert store.indices("toy") == [0, 1, 2]
    assert [store.read_commit("toy", index) is not None for index in range(3)] == [True, False, True]
    store.files.write("toy/2", b"of another size")
    assert store.read_commit("toy", 2) is None
    again = [done for done in inline([task(index=index) for index in range(3)], store) if done.worked]
    assert [done.task.index for done in again] == [1, 2]
    assert s3.objects("corpora", "web/toy") == {"0": b"", "1": b"x", "2": b"xx", "9": b"of nobody"}


def test_a_file_that_was_damaged_in_the_store_is_noticed_by_its_digest(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pipelines.store import cache

    run_task(task(made_of(b"content")), store)
    store.files.write("toy/part-00003", b"cantent")
    assert fetched(store, "toy/part-00003") == b"content"
    monkeypatch.setenv("MINAMOTO_CACHE", str(tmp_path / "of another machine"))
    cache.of_this_machine.cache_clear()
    with pytest.raises(Stop, match=r"^s3://corpora/web/toy/part-00003: sha256 is .*, should be .*; delete its commit"):
        fetched(store, "toy/part-00003")
    with store.current("toy/part-00003") as path:
        assert path.read_bytes() == b"cantent"
    with store.current("toy/none") as path:
        assert not path.exists()


def test_what_is_taken_back_has_no_record_and_no_file(store: Store, s3: Server) -> None:
    run_stage([task(index=index) for index in range(3)], store, inline, lambda done: None)
    store.sweep("toy", 1)
    assert set(s3.objects("corpora", "web/")) == {"toy/0", "commits/toy/00000.json"}
    store.discard("toy", 7)


@pytest.mark.parametrize("damage", [b"", b"{", b'{"stage": "toy"}', b"[]", b"\xff"])
def test_a_damaged_record_is_named(damage: bytes, store: Store) -> None:
    store.files.write("commits/toy/00003.json", damage)
    with pytest.raises(Stop, match=r"s3://corpora/web/commits/toy/00003\.json: not a commit record"):
        store.read_commit("toy", 3)


@pytest.mark.parametrize("seed", range(3))
def test_a_stage_gets_over_a_store_that_fails_now_and_then(seed: int, store: Store, s3: Server) -> None:
    s3.fault = at_random(seed, 0.2, ("slow down", "error", "reset", "lost", "cut"))
    run_stage([task(index=index) for index in range(12)], store, inline, lambda done: None)
    s3.fault = always("")
    found = s3.objects("corpora", "web/")
    assert {path: found[path] for path in found if path.startswith("toy/")} == {f"toy/{n}": b"x" * n for n in range(12)}
    assert [Commit(**json.loads(found[f"commits/toy/{n:05d}.json"])).index for n in range(12)] == list(range(12))


def test_files_are_laid_out_as_in_a_folder(store: Store, tmp_path: Path) -> None:
    run_stage([task(index=index) for index in range(3)], store, inline, lambda done: None)
    run_stage([task(index=index) for index in range(3)], Store(tmp_path), inline, lambda done: None)
    with store.laid_out("toy") as root:
        found = {path.name: path.read_bytes() for path in (root / "toy").iterdir()}
    assert found == {path.name: path.read_bytes() for path in (tmp_path / "toy").iterdir()}


def test_the_log_is_the_same_as_in_a_folder(store: Store, tmp_path: Path) -> None:
    for of in (store, Store(tmp_path)):
        with of.locked():
            for number in range(3):
                of.log({"part": number})
        assert list(of.events()) == [{"part": number} for number in range(3)]


@pytest.mark.parametrize(
    ("url", "same"),
    [("s3://corpora", "s3://corpora"), ("s3://corpora/a/b//", "s3://corpora/a/b"), ("gs://b-1.x/源", "gs://b-1.x/源")],
)
def test_a_url_of_an_object_store_is_a_place(url: str, same: str) -> None:
    assert located(url) == same


@pytest.mark.parametrize(
    "url",
    ["s3://", "s3:///a", "s3://key:word@corpora/a", "s3://corpora/a?word=x", "s3://corpora/a#b", "s3://corpora//a",
     "s3://corpora/../a", "s3://corpora/a b", "https://word@corpora/a", "ftp://word", "file:///word", "S3://word/a"],
)  # fmt: skip
def test_any_other_url_is_none_and_what_is_secret_in_it_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="not of the form s3://bucket/prefix or gs://bucket/prefix") as wrong:
        located(url)
    assert "word" not in str(wrong.value)
