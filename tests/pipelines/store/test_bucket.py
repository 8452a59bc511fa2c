"""Objects below a URL, from an S3 server on loopback that is told to misbehave: whole or absent, put once, tried again
within bounds, and refused in one line that holds no secret."""

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckets import KEYS, Server, always, first
from pipelines.errors import Denied, Stop, UsageError
from pipelines.remote import clients, retry
from pipelines.store import bucket as objects
from pipelines.store.bucket import Bucket
from pipelines.store.folder import HashingFile

URL = "s3://corpora/ja/web"
SMALLEST = 5 << 20  # S3 takes no smaller parts, but for the last


@pytest.fixture
def bucket(s3: Server) -> Bucket:
    return Bucket(URL)


def asks(bucket: Bucket, tmp_path: Path) -> dict[str, Callable[[], Any]]:
    """Every request there is, by name."""
    (tmp_path / "file").write_bytes(b"content")
    return {
        "read": lambda: bucket.read("a"),
        "write": lambda: bucket.write("a", b"content"),
        "create": lambda: bucket.create("new", b"content"),
        "replace": lambda: bucket.replace("a", b"content", {"e_tag": '"0"'}),
        "size": lambda: bucket.size("a"),
        "remove": lambda: bucket.remove("a"),
        "names": lambda: bucket.names("commits"),
        "folders": lambda: bucket.folders("commits"),
        "upload": lambda: bucket.upload("a", tmp_path / "file"),
        "download": lambda: bucket.download("a", 7, HashingFile(io.BytesIO())),
    }


def refusal(ask: Callable[[], Any]) -> str:
    """The one line that a request ends in, which holds no secret."""
    with pytest.raises(Stop) as stop:
        ask()
    line = str(stop.value)
    assert len(line.splitlines()) == 1
    assert len(line) < 500
    for secret in (*KEYS.values(), "AWS4-HMAC-SHA256", "Signature=", "Credential="):
        assert secret not in line
    return line


def downloaded(bucket: Bucket, path: str, size: int) -> bytes:
    into = io.BytesIO()
    file = HashingFile(into)
    bucket.download(path, size, file)
    assert file.sha256.hexdigest() == hashlib.sha256(into.getvalue()).hexdigest()
    return into.getvalue()


def test_what_is_written_is_read_listed_and_removed(bucket: Bucket, s3: Server) -> None:
    assert bucket.read("commits/a/0.json") is None
    assert bucket.size("commits/a/0.json") is None
    assert (bucket.names("commits"), bucket.folders("commits")) == ([], [])
    for path in ("commits/a/1.json", "commits/a/0.json", "commits/b/c/0.json", "commits/inputs.json"):
        bucket.write(path, path.encode())
    assert bucket.read("commits/a/0.json") == b"commits/a/0.json"
    assert bucket.size("commits/a/0.json") == 16
    assert bucket.names("commits") == ["inputs.json"]
    assert bucket.names("commits/a") == ["0.json", "1.json"]
    assert bucket.folders("commits") == ["a", "b"]
    assert bucket.folders("commits/b") == ["c"]
    bucket.remove("commits/a/0.json")
    bucket.remove("commits/a/0.json")
    assert bucket.names("commits/a") == ["1.json"]
    assert set(s3.objects("corpora")) == {
        f"ja/web/commits/{path}" for path in ("a/1.json", "b/c/0.json", "inputs.json")
    }


def test_a_prefix_does_not_see_its_neighbours(bucket: Bucket) -> None:
    Bucket("s3://corpora/ja/web2").write("commits/a", b"")
    Bucket("s3://corpora/ja").write("commits/a", b"")
    assert bucket.names("commits") == []
    assert Bucket("s3://corpora").folders("ja") == ["commits", "web2"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=3000), name=st.text("abcZ019 -_.,~+=源バス", min_size=1).filter(lambda n: n.strip("."))
)
def test_any_bytes_under_any_name_come_back(content: bytes, name: str, bucket: Bucket) -> None:
    bucket.write(name, content)
    assert bucket.read(name) == content
    assert bucket.size(name) == len(content)
    assert downloaded(bucket, name, len(content)) == content
    assert name in Bucket("s3://corpora/ja").names("web")


def test_a_small_file_is_one_put(bucket: Bucket, s3: Server, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"x" * 1000)
    bucket.upload("extract/part-00000.parquet", tmp_path / "small")
    assert s3.requests == [("PUT", "/corpora/ja/web/extract/part-00000.parquet")]


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two parts and a bit."""
    monkeypatch.setattr(objects, "PIECE", SMALLEST)
    path = tmp_path / "large"
    path.write_bytes(b"".join(bytes([n]) * SMALLEST for n in range(2)) + b"end")
    return path


def test_a_large_file_goes_in_parts_and_comes_in_parts(bucket: Bucket, s3: Server, large: Path) -> None:
    bucket.upload("a", large)
    assert [method for method, _ in s3.requests].count("PUT") == 3
    assert s3.objects("corpora", "ja/web/") == {"a": large.read_bytes()}
    s3.requests.clear()
    assert downloaded(bucket, "a", large.stat().st_size) == large.read_bytes()
    assert len(s3.requests) == 3


def test_a_multipart_upload_that_is_cut_off_leaves_no_object(bucket: Bucket, s3: Server, large: Path) -> None:
    puts = iter(range(1000))

    def all_but_the_first(method: str, path: str) -> str | None:
        return "reset" if method == "PUT" and next(puts) else None

    s3.fault = all_but_the_first
    assert "8 times" in refusal(lambda: bucket.upload("a", large))
    s3.fault = always("error", "POST")
    refusal(lambda: bucket.upload("a", large))
    s3.fault = always("")
    assert bucket.size("a") is None
    assert bucket.names("") == []


@pytest.mark.parametrize("request_", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("fault", ["lost", "reset", "slow down"])
def test_a_multipart_upload_gets_over_a_fault_of_any_of_its_requests(
    request_: int, fault: str, bucket: Bucket, s3: Server, large: Path
) -> None:
    """The answer that it is complete too: S3 knows no such upload any more then, which is no success by itself."""
    count = iter(range(1000))
    s3.fault = lambda method, path: fault if next(count) == request_ else None
    bucket.upload("a", large)
    assert s3.objects("corpora", "ja/web/") == {"a": large.read_bytes()}


def test_an_upload_that_somebody_clears_away_is_begun_again(bucket: Bucket, s3: Server, large: Path) -> None:
    cleared: list[str] = []

    def clear(method: str, path: str) -> None:
        if method == "PUT" and not cleared:
            cleared.append(path)
            client = s3.client()
            for upload in client.list_multipart_uploads(Bucket="corpora").get("Uploads", []):
                client.abort_multipart_upload(Bucket="corpora", Key=upload["Key"], UploadId=upload["UploadId"])

    s3.fault = clear
    bucket.upload("a", large)
    assert cleared
    assert s3.objects("corpora", "ja/web/") == {"a": large.read_bytes()}


def test_create_puts_once(bucket: Bucket) -> None:
    assert bucket.create("a", b"first") is None
    assert bucket.create("a", b"second") == b"first"
    assert bucket.create("a", b"first") is None
    assert bucket.read("a") == b"first"


def test_replace_puts_in_the_place_of_the_version_that_was_read(bucket: Bucket) -> None:
    bucket.write("a", b"one")
    content, version = bucket.read_version("a") or (b"", {})
    assert content == b"one"
    assert bucket.replace("a", b"two", version) is None
    assert bucket.replace("a", b"three", version) == b"two"
    assert bucket.read("a") == b"two"
    bucket.remove("a")
    assert bucket.replace("a", b"four", version) == b""
    assert bucket.read("a") is None


@pytest.mark.parametrize("tries", [1, 5, 23])
def test_an_answer_that_got_lost_after_the_put_counts_as_done(tries: int, bucket: Bucket, s3: Server) -> None:
    s3.fault = first(tries, "lost", "PUT")
    assert bucket.create("a", b"mine") is None
    assert bucket.read("a") == b"mine"
    _, version = bucket.read_version("a") or (b"", {})
    s3.fault = first(tries, "lost", "PUT")
    assert bucket.replace("a", b"next", version) is None
    assert bucket.read("a") == b"next"
    s3.fault = first(tries, "lost", "PUT")
    bucket.write("b", b"plain")
    assert bucket.read("b") == b"plain"


def test_an_answer_that_got_lost_after_anothers_put_is_no_success(bucket: Bucket, s3: Server) -> None:
    bucket.write("a", b"of another")
    s3.fault = first(2, "lost", "PUT")
    assert bucket.create("a", b"mine") == b"of another"


@pytest.mark.parametrize("fault", ["slow down", "error", "reset", "lost"])
def test_every_request_gets_over_a_fault_that_passes(fault: str, bucket: Bucket, s3: Server, tmp_path: Path) -> None:
    bucket.write("a", b"content")
    for ask in asks(bucket, tmp_path).values():
        before = len(s3.requests)
        s3.fault = first(2, fault)
        ask()
        assert len(s3.requests) >= before + 3
        s3.fault = always("")
        bucket.write("a", b"content")


@pytest.mark.parametrize("ask", ["read", "create", "size", "names", "upload"])
def test_a_fault_that_does_not_pass_ends_in_one_line(ask: str, bucket: Bucket, s3: Server, tmp_path: Path) -> None:
    s3.fault = always("slow down")
    line = refusal(asks(bucket, tmp_path)[ask])
    assert line.startswith(URL)
    assert re.search(r"(SlowDown: Please reduce your request rate\.|HTTP 503), 8 times; run again", line)
    assert len(s3.requests) <= retry.ATTEMPTS * (clients._TRIES + 2)


def test_the_pauses_between_tries_grow(bucket: Bucket, s3: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.5)
    monkeypatch.setattr(retry.time, "sleep", slept.append)
    s3.fault = always("error")
    assert "InternalError: We had a bad day., 8 times" in refusal(lambda: bucket.read("a"))
    assert len(slept) == retry.ATTEMPTS - 1
    assert all(0.25 * 2**n <= pause <= 0.5 * 2**n for n, pause in enumerate(slept))


def test_an_answer_cut_off_is_read_again(bucket: Bucket, s3: Server) -> None:
    bucket.write("a", b"x" * 100_000)
    for ask in (lambda: bucket.read("a"), lambda: downloaded(bucket, "a", 100_000)):
        s3.fault = first(4, "cut", "GET")
        assert ask() == b"x" * 100_000


def test_no_server_is_one_line(bucket: Bucket, s3: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:open-sesame@127.0.0.1:1")
    clients.client.cache_clear()
    line = refusal(lambda: bucket.read("a"))
    assert "8 times; run again when the server is well" in line
    assert "sesame" not in line


@pytest.mark.parametrize("fault", ["denied", "forged"])
def test_who_may_not_is_told_at_once(fault: str, bucket: Bucket, s3: Server, tmp_path: Path) -> None:
    s3.fault = always(fault)
    for name, ask in asks(bucket, tmp_path).items():
        s3.requests.clear()
        with pytest.raises(Denied):
            ask()
        assert len(s3.requests) <= 2
        line = refusal(ask)
        assert line.startswith(f"{URL}: not allowed to work with ")
        assert "see to the keys in the environment" in line
        assert name == "size" or {"denied": "AccessDenied", "forged": "SignatureDoesNotMatch"}[fault] in line


def test_no_keys_at_all_are_told_without_waiting(bucket: Bucket, s3: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    clients.client.cache_clear()
    assert "no credentials: none in the environment or in ~/.aws, and this machine has no role" in refusal(
        lambda: bucket.read("a")
    )


def test_no_such_bucket_is_told_at_once(s3: Server, tmp_path: Path) -> None:
    requests = asks(Bucket("s3://corpsora/ja"), tmp_path)
    assert requests.pop("size")() is None  # a HEAD has no words for it
    for ask in requests.values():
        with pytest.raises(UsageError, match="s3://corpsora: no such bucket; make it, or give another OUT"):
            ask()


def test_a_download_of_another_length_is_refused(bucket: Bucket) -> None:
    bucket.write("a", b"short")
    assert "too short, against its commit" in refusal(lambda: downloaded(bucket, "a", 6))
    assert "gone, against its commit" in refusal(lambda: downloaded(bucket, "b", 6))


def test_the_log_goes_on_where_it_ended_whoever_wrote_it(bucket: Bucket, s3: Server) -> None:
    with bucket.appending("log/events.jsonl"):
        bucket.append("log/events.jsonl", b"1\n")
        bucket.append("log/events.jsonl", b"2\n")
    assert bucket.read("log/events.jsonl") == b"1\n2\n"
    bucket.append("log/events.jsonl", b"of a driver killed before it was uploaded\n")
    with bucket.appending("log/events.jsonl"):
        bucket.append("log/events.jsonl", b"3\n")
    assert bucket.read("log/events.jsonl") == b"1\n2\nof a driver killed before it was uploaded\n3\n"
    bucket.write("log/events.jsonl", b"of another machine\n")
    with bucket.appending("log/events.jsonl"):
        bucket.append("log/events.jsonl", b"4\n")
    assert bucket.read("log/events.jsonl") == b"of another machine\n4\n"
