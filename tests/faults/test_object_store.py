"""A corpus in an object store: the same files as in a folder, whatever the store does meanwhile (fault test 22: S3
throttling and unknown outcomes; no half objects); and every command that reads it says the same."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import buckets
from buckets import KEYS, Server, always, at_random
from conftest import ROOT, Ran, command
from pipelines.__main__ import main
from pipelines.remote import retry
from pipelines.store import lease
from pipelines.store.bucket import Bucket
from tokenizer.loader import TokenShards

RECIPE = "recipes/demo.toml"
OUT = "s3://corpora/demo"
COMMIT = re.compile(r"^commits/.*/\d{5}\.json$")
COSTS = {"seconds", "peak_bytes", "started", "updated", "silent_seconds", "pid"}
Run = Callable[..., Ran]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Run:
    """The program in this process, which has loaded its libraries already."""

    def run(*words: object) -> Ran:
        capsys.readouterr()
        status = main(list(map(str, words)))
        return Ran(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with buckets.served() as server, buckets.named(server, tmp_path_factory.mktemp("cache")):
        yield server


@pytest.fixture
def s3(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0001)
    server.requests.clear()
    yield server
    server.fault = always("")


@pytest.fixture(scope="module")
def built(server: Server, demo_crawl: Path, minamoto: Run) -> str:
    """The demo corpus at OUT, as it is built by who sits in a shell; what was said. Read it, do not change it."""
    run = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", OUT, "--inline")
    assert run.status == 0, run.err
    return run.out


@pytest.fixture
def out(s3: Server, tmp_path: Path) -> str:
    """A place in the bucket that nothing is at."""
    return f"s3://corpora/{tmp_path.name}"


def in_the_bucket(s3: Server, out: str) -> dict[str, str]:
    """SHA-256 of every object of a corpus; the log and the lock are no part of it."""
    found = s3.objects("corpora", out.removeprefix("s3://corpora/") + "/")
    return {
        path: hashlib.sha256(found[path]).hexdigest() for path in found if path.split("/")[0] not in ("log", ".lock")
    }


def in_the_folder(out: Path) -> dict[str, str]:
    files = [p for p in out.rglob("*") if p.is_file() and p.relative_to(out).parts[0] not in ("log", ".lock")]
    return {p.relative_to(out).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def timeless(said: str, out: str = "OUT") -> Any:
    """What a command said, without the name of OUT and what a run took; as JSON where it is."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: without(inner) for name, inner in value.items() if name not in COSTS}
        return list(map(without, value)) if isinstance(value, list) else value

    try:
        return without(json.loads(said))
    except ValueError:
        return re.sub(
            r"\d+\.\d s|[\d,]+ rows/s|│ +[\d,.]+ │ +[\d,]+ │$|process \d+", "", said.replace(out, "OUT"), flags=re.M
        )


def one_line(ran: Ran, status: int, *words: str) -> None:
    assert ran.status == status, ran.err
    (line,) = ran.err.strip().splitlines()
    for word in words:
        assert word in line
    for secret in (*KEYS.values(), "AWS4-HMAC-SHA256", "Signature="):
        assert secret not in ran.err + ran.out


def test_a_corpus_in_an_object_store_has_the_same_files_as_in_a_folder(built: str, s3: Server, demo_out: Path) -> None:
    assert in_the_bucket(s3, OUT) == in_the_folder(demo_out)
    assert f"{OUT}/tokenize/shards/manifest.json" in built
    beside = s3.objects("corpora", "demo/")
    assert json.loads(beside[".lock"])["free"]
    events = [json.loads(line) for line in beside["log/events.jsonl"].splitlines()]
    there = [json.loads(line) for line in (demo_out / "log/events.jsonl").read_text().splitlines()]
    assert [(e["stage"], e["part"], e["ok"]) for e in events] == [(e["stage"], e["part"], e["ok"]) for e in there]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_store_that_fails_at_random_changes_nothing_and_keeps_no_half_objects(
    seed: int, s3: Server, out: str, demo_crawl: Path, demo_out: Path, here: Run
) -> None:
    """22: one request of twenty is throttled, refused, cut off, or done without an answer."""
    s3.fault = at_random(seed, 0.05, ("slow down", "error", "reset", "lost", "cut"))
    ran = here("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline")
    assert ran.status == 0, ran.err
    s3.fault = always("")
    assert in_the_bucket(s3, out) == in_the_folder(demo_out)
    assert not s3.client().list_multipart_uploads(Bucket="corpora").get("Uploads")


@pytest.mark.slow
def test_workers_on_ray_write_the_same(s3: Server, out: str, demo_crawl: Path, demo_out: Path, minamoto: Run) -> None:
    ran = minamoto("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--workers", 2)
    assert ran.status == 0, ran.err
    assert in_the_bucket(s3, out) == in_the_folder(demo_out)


@pytest.mark.parametrize(
    "stage", ["dedup/group", *(pytest.param(name, marks=pytest.mark.slow) for name in ("extract", "tokenize/encode"))]
)
def test_a_killed_driver_is_resumed_without_making_a_committed_part_again(
    stage: str, s3: Server, out: str, demo_crawl: Path, demo_out: Path, here: Run
) -> None:
    words = ["run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline"]
    driver = subprocess.Popen(command(*words), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while ("PUT", f"/{out[5:]}/commits/{stage}/00000.json") not in s3.requests:
        assert driver.poll() is None, "the run ended before"
        time.sleep(0.005)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    committed = {f"/{out[5:]}/{path}" for path in in_the_bucket(s3, out) if COMMIT.search(path)}
    s3.requests.clear()
    ran = here(*words)
    assert ran.status == 0, ran.err
    assert committed
    assert committed.isdisjoint(path for method, path in s3.requests if method == "PUT")
    assert in_the_bucket(s3, out) == in_the_folder(demo_out)


def test_a_run_that_is_stopped_leaves_the_lock_free(s3: Server, out: str, demo_crawl: Path) -> None:
    words = command("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline", "--json")
    driver = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while ("PUT", f"/{out[5:]}/commits/extract/00001.json") not in s3.requests:
        assert driver.poll() is None, "the run ended before"
        time.sleep(0.005)
    driver.terminate()
    _, said = driver.communicate()
    assert driver.returncode == 143
    assert "stopped; what is committed is kept" in said
    assert "Traceback" not in said
    left = s3.objects("corpora", out.removeprefix("s3://corpora/") + "/")
    assert json.loads(left[".lock"])["free"]
    assert json.loads(left["log/status.json"])["state"] == "stopped"
    assert json.loads(left["log/events.jsonl"].splitlines()[0])["stage"] == "extract"


def test_a_second_driver_is_refused(s3: Server, out: str, demo_crawl: Path, here: Run) -> None:
    with lease.held(Bucket(out)):
        ran = here("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline")
    one_line(ran, 1, f"{out}: in use by process {os.getpid()} on ")


READERS = {
    "stats": ("--recipe", RECIPE, "--input", "CRAWL"),
    "plan": ("--recipe", RECIPE, "--input", "CRAWL"),
    "what-if": ("--recipe", RECIPE, "--set", "filter.length.min_chars=1"),
    "verify": (),
    "watch": (),
    "show": ("--reason", "near"),
    "find": ("--url", "https://example.jp/"),
    "export": ("signatures",),
}


@pytest.mark.parametrize("command_", [*READERS, "run"])
def test_a_wrong_bucket_and_no_permission_are_a_line_each(
    command_: str, s3: Server, demo_crawl: Path, here: Run
) -> None:
    words = READERS.get(command_, ("--recipe", RECIPE, "--input", "CRAWL", "--inline"))
    given = [str(demo_crawl) if word == "CRAWL" else word for word in words]
    one_line(
        here(command_, *given, "--out", "s3://corpsora/demo"), 2, "s3://corpsora: no such bucket; make it, or give"
    )
    s3.fault = always("denied")
    one_line(here(command_, *given, "--out", OUT), 1, f"{OUT}: not allowed to work with ", "AccessDenied")
    s3.fault = always("forged")
    one_line(here(command_, *given, "--out", OUT), 1, f"{OUT}: not allowed to work with ", "SignatureDoesNotMatch")
    one_line(here(command_, *given, "--out", "s3://AKIAEXAMPLE:word@corpora/demo"), 2, "not of the form s3://bucket/")


def test_a_permission_that_ends_in_the_middle_is_a_failed_part(
    s3: Server, out: str, demo_crawl: Path, here: Run
) -> None:
    s3.fault = lambda method, path: "denied" if method == "PUT" and path.startswith(f"/{out[5:]}/dedup/sign/") else None
    ran = here("run", "--recipe", RECIPE, "--input", demo_crawl, "--out", out, "--inline")
    assert ran.status == 1
    assert f"parts failed: part 0: {out}: not allowed to work with dedup/sign/" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("stats", "--recipe", RECIPE, "--input", "CRAWL", "--audit"),
        ("plan", "--recipe", RECIPE, "--input", "CRAWL"),
        ("what-if", "--recipe", RECIPE, "--set", "filter.length.min_chars=1000"),
        ("verify",),
        ("watch",),
        ("show", "--reason", "near", "-n", "3"),
        ("show", "--url", "URL"),
        ("find", "--url", "URL"),
        ("find", "--url", "URL", "--plan", "examples/train/plan.toml", "--batch", "4"),
    ],
    ids=" ".join,
)
def test_whoever_reads_is_told_the_same_as_of_a_folder(
    words: tuple[str, ...], built: str, s3: Server, demo_crawl: Path, demo_out: Path, here: Run
) -> None:
    url = TokenShards(demo_out).provenance(7)["url"]
    given = [{"CRAWL": str(demo_crawl), "URL": url}.get(word, word) for word in words]
    for out in ((), ("--json",)):
        of_bucket = here(*given, "--out", OUT, *out)
        of_folder = here(*given, "--out", demo_out, *out)
        assert (of_bucket.status, of_folder.status) == (0, 0), of_bucket.err + of_folder.err
        assert timeless(of_bucket.out, OUT) == timeless(of_folder.out, str(demo_out))


@pytest.mark.parametrize("command_", ["stats", "plan"])
def test_who_may_only_read_is_told_too(
    command_: str, built: str, s3: Server, demo_crawl: Path, here: Run, tmp_path: Path
) -> None:
    """Also from a machine where the input lies elsewhere, so that its digests cannot be remembered."""
    shutil.copytree(demo_crawl, tmp_path / "elsewhere")
    s3.fault = always("denied", "PUT", "POST")
    ran = here(command_, "--recipe", RECIPE, "--input", tmp_path / "elsewhere", "--out", OUT, "--json")
    assert ran.json["stages"]


@pytest.mark.parametrize("what", ["megatron", "datatrove", "parquet"])
def test_exports_are_the_same_as_of_a_folder(
    what: str, built: str, s3: Server, demo_out: Path, here: Run, tmp_path: Path
) -> None:
    says = [
        here("export", what, "--out", out, "--to", tmp_path / name, "--json").json
        for out, name in ((OUT, "of bucket"), (demo_out, "of folder"))
    ]
    assert says[0]["digest"] == says[1]["digest"]
    assert in_the_folder(tmp_path / "of bucket") == in_the_folder(tmp_path / "of folder")


def test_signatures_are_the_same_as_of_a_folder(
    built: str, s3: Server, demo_out: Path, here: Run, tmp_path: Path
) -> None:
    shutil.copytree(demo_out, tmp_path / "out")
    assert here("export", "signatures", "--out", OUT, "--json").json["documents"]
    assert here("export", "signatures", "--out", tmp_path / "out", "--json").status == 0
    found = in_the_bucket(s3, f"{OUT}/export")
    assert found == in_the_folder(tmp_path / "out/export")
    for path in found:
        Bucket(OUT).remove(f"export/{path}")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("trace", "--plan", "examples/train/plan.toml", "--step", "0"), "steps are traced in folders"),
        (("verify", "--retokenize", "0.5"), "--retokenize: of folders only"),
        (("export", "parquet"), "--to: must be given, a folder"),
        (("export", "megatron-view", "--to", "x"), "megatron-view: links to shards in a folder"),
    ],
)  # fmt: skip
def test_what_takes_a_folder_says_so(words: tuple[str, ...], says: str, built: str, s3: Server, here: Run) -> None:
    one_line(here(*words, "--out", OUT), 2, OUT, says)


def test_texts_are_read_from_disk(here: Run, tmp_path: Path) -> None:
    ran = here("train-tokenizer", "--input", OUT, "--model", tmp_path / "tokenizer.model")
    one_line(ran, 2, "no such file or folder; texts are read from this machine's disk")


@pytest.mark.parametrize("file", ["tokenize/shards/data/train-00000.arrow", "extract/part-00000.parquet"])
def test_verify_names_what_was_damaged_in_the_bucket(
    file: str, built: str, s3: Server, demo_out: Path, here: Run, tmp_path: Path
) -> None:
    shutil.copytree(demo_out, tmp_path / "out")
    sound = (demo_out / file).read_bytes()
    damaged = bytearray(sound)
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "out" / file).write_bytes(damaged)
    Bucket(OUT).write(file, bytes(damaged))
    try:
        of_bucket, of_folder = here("verify", "--out", OUT), here("verify", "--out", tmp_path / "out")
        assert (of_bucket.status, of_bucket.out) == (1, of_folder.out)
        assert f"damaged: {file}: sha256 is" in of_bucket.out
        Bucket(OUT).remove(file)
        assert f"damaged: {file}: No such file" in here("verify", "--out", OUT).out
    finally:
        Bucket(OUT).write(file, sound)


@pytest.mark.slow
def test_doctor_tries_the_bucket_out(built: str, s3: Server, here: Run) -> None:
    found = {one["what"]: one for one in here("doctor", "--out", OUT, "--json").json["findings"]}
    (out,) = (one for what, one in found.items() if what.endswith("--out"))
    assert out["level"] in ("ok", "warn")
    assert not [path for path in s3.objects("corpora", "demo/log") if "doctor" in path]


@pytest.mark.parametrize("where", ["bucket", "folder"])
def test_a_second_crawl_is_deduplicated_against_a_corpus_in_a_bucket(
    where: str, built: str, s3: Server, out: str, demo_out: Path, demo_crawl: Path, here: Run, tmp_path: Path
) -> None:
    words = ("dedup", "--recipe", RECIPE, "--input", demo_crawl / "demo-00001.warc.gz", "--inline", "--json")
    of_folders = here(*words, "--out", tmp_path / "as in folders", "--against", demo_out)
    place = out if where == "bucket" else tmp_path / "second"
    of_bucket = here(*words, "--out", place, "--against", OUT)
    assert of_bucket.status == 0, of_bucket.err
    assert timeless(of_bucket.out) == timeless(of_folders.out)
    found = in_the_bucket(s3, out) if where == "bucket" else in_the_folder(tmp_path / "second")
    assert found == in_the_folder(tmp_path / "as in folders")
    assert of_folders.json["stages"]["dedup"]["reasons"]
