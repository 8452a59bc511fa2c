"""Objects of a store, from moto's server on loopback: found, read in spans, fetched; and what is refused."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import remote
from pipelines.errors import InputError, UsageError
from pipelines.fetch import Crawl, fetch
from pipelines.inputs import find_inputs, sha256_elsewhere, sha256_of
from pipelines.remote import clients, retry
from pipelines.sources import Damaged, Raw, Source, read, split
from warcs import page, zipped

boto3 = pytest.importorskip("boto3", reason="no client of S3 to fill a bucket with")
moto_server = pytest.importorskip("moto.server", reason="no server of S3 on this machine")

DATA = zipped([page(n, random.Random(n).randbytes(3000)) for n in range(300)])
KEYS = ("crawl/a.warc.gz", "crawl/2026/b.warc.gz", "crawl/2026/notes.txt", "crawl/.hidden/c.warc.gz")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in (("ENDPOINT_URL", server), ("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "word"),
                        ("DEFAULT_REGION", "us-east-1"), ("EC2_METADATA_DISABLED", "true")):  # fmt: skip
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0001)
    clients.client.cache_clear()
    client = boto3.client("s3")
    client.create_bucket(Bucket="papers")
    for key in KEYS:
        client.put_object(Bucket="papers", Key=key, Body=DATA + zipped([page(1000 + len(key))]))
    return client


def records(source: Source, part_bytes: int) -> list[list[Raw | Damaged]]:
    return [list(read(span, 1 << 20)) for span in split(source, part_bytes)]


def test_spans_of_an_object_yield_what_those_of_a_file_do(bucket: Any, tmp_path: Path) -> None:
    (source,) = find_inputs(["s3://papers/crawl/a.warc.gz"])
    data = bucket.get_object(Bucket="papers", Key=KEYS[0])["Body"].read()
    (tmp_path / "a.warc.gz").write_bytes(data)
    (local,) = find_inputs([str(tmp_path)])
    found = records(source, 100_000)
    assert found == records(local, 100_000)
    assert len(found) > 8
    assert source.sha256.startswith('etag:"')
    assert source.seen
    assert sha256_elsewhere(source.path, source.seen) == sha256_of(tmp_path / "a.warc.gz")
    assert (source.name, source.size) == (local.name, local.size)


def test_folders_globs_and_lists_of_objects(bucket: Any) -> None:
    def found(*patterns: str) -> list[str]:
        return [source.path.removeprefix("s3://papers/") for source in find_inputs(patterns)]

    assert found("s3://papers/crawl/") == [KEYS[0], KEYS[1]]
    assert found("s3://papers/crawl/*.warc.gz") == [KEYS[0]]
    assert found("s3://papers/*/20??/*.gz") == [KEYS[1]]
    assert found("s3://papers/crawl/**") == [KEYS[0], KEYS[1]]
    bucket.put_object(Bucket="papers", Key="lists/warc.paths", Body="\n".join(KEYS[:2]).encode())
    assert found("s3://papers/lists/warc.paths#lines=2-2") == [KEYS[1]]
    for pattern, words in (
        ("s3://papers/nowhere/", "nothing there in the formats"),
        ("s3://papers/crawl/*.arc", "nothing there in the formats"),
        ("s3://papers/crawl", r"not there; correct the address \(a folder's ends in /\)"),
        ("s3://no-such-bucket/a.warc.gz", "not there"),
    ):
        with pytest.raises(InputError, match=words):
            find_inputs([pattern])


def test_an_object_that_changes_stops_the_reading(bucket: Any) -> None:
    (source,) = find_inputs(["s3://papers/crawl/a.warc.gz"])
    spans = split(source, 100_000)
    bucket.put_object(Bucket="papers", Key=KEYS[0], Body=DATA)
    with pytest.raises(
        InputError, match=r"^s3://papers/crawl/a\.warc\.gz: has changed since it was found; start again$"
    ):
        list(read(spans[1], 1 << 20))
    bucket.delete_object(Bucket="papers", Key=KEYS[0])
    with pytest.raises(InputError, match="not there"):
        list(read(spans[1], 1 << 20))


def test_no_server_is_one_line_without_secrets(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    clients.client.cache_clear()
    with pytest.raises(InputError, match="8 times; run again when the server is well") as refusal:
        remote.look("s3://papers/crawl/a.warc.gz")
    assert "word" not in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    "url",
    ["s3://papers", "s3://papers/", "s3:///a", "s3://a b/c", "s3://papers/a//b", "s3://papers/../b", "gs://x/./y"],
)
def test_what_is_no_address_of_an_object_is_told_in_one_line(bucket: Any, url: str) -> None:
    with pytest.raises(InputError, match=r"correct"):
        remote.look(url)


def test_keys_of_any_script_are_read(bucket: Any) -> None:
    for name in ("日本 a#b%20+é.warc.gz", "a b~(1)*.warc.gz"):
        bucket.put_object(Bucket="papers", Key=f"names/{name}", Body=DATA)
        assert remote.whole(f"s3://papers/names/{name}", 1 << 20) == DATA
    assert [place for _, place in remote.listing("s3://papers/names/")] == ["a b~(1)*.warc.gz", "日本 a#b%20+é.warc.gz"]


def test_a_key_that_the_client_has_no_name_for_is_told(bucket: Any) -> None:
    bucket.put_object(Bucket="papers", Key="twice//x.warc.gz", Body=DATA)
    with pytest.raises(InputError, match=r"^s3://papers/twice/: the store refuses \(.*twice//x.warc.gz"):
        find_inputs(["s3://papers/twice/"])


def test_the_keys_of_a_profile_are_used_where_the_environment_has_none(
    bucket: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (tmp_path / "credentials").write_text("[hub]\naws_access_key_id = key\naws_secret_access_key = word\n")
    (tmp_path / "config").write_text("[profile hub]\nregion = us-east-1\n[profile sso]\nsso_session = hub\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "hub")
    clients.client.cache_clear()
    assert remote.look("s3://papers/crawl/a.warc.gz").size > len(DATA)
    monkeypatch.setenv("AWS_PROFILE", "sso")
    clients.client.cache_clear()
    with pytest.raises(UsageError, match=r"^AWS_PROFILE=sso: no keys in ~/.aws for it; `aws configure export-cred"):
        remote.look("s3://papers/crawl/a.warc.gz")
    (tmp_path / "credentials").write_text("no section\n")
    clients.client.cache_clear()
    with pytest.raises(UsageError, match=r"^~/.aws/credentials: cannot be read"):
        remote.look("s3://papers/crawl/a.warc.gz")


def test_a_bucket_is_asked_for_its_region_where_nothing_tells_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr("pyarrow.fs.resolve_s3_region", {"in-tokyo": "ap-northeast-1"}.__getitem__)
    clients.client.cache_clear()
    assert clients.client("s3://in-tokyo").config["region"] == "ap-northeast-1"

    def nowhere(bucket: str) -> str:
        raise OSError("Bucket 'x' not found")

    monkeypatch.setattr("pyarrow.fs.resolve_s3_region", nowhere)
    with pytest.raises(
        UsageError, match=r"^s3://nowhere: its region cannot be found \(Bucket 'x' not found\); set AWS"
    ):
        clients.client("s3://nowhere")
    clients.client.cache_clear()


def test_reading_asks_for_ranges_on_condition_that_nothing_changed(bucket: Any) -> None:
    """One request for each range, none to look before or after."""
    asked: list[dict[str, str]] = []
    url = "s3://papers/crawl/a.warc.gz"
    seen = remote.look(url)
    from moto.core.responses import BaseResponse

    with pytest.MonkeyPatch.context() as patch:
        before = BaseResponse.setup_class
        patch.setattr(BaseResponse, "setup_class", lambda self, request, *rest, **more: (
            asked.append(dict(request.headers)), before(self, request, *rest, **more))[1])  # fmt: skip
        with remote.RemoteFile(url, seen) as file:
            assert file.pread(10, 0) == DATA[:10]
    assert [(headers["Range"], headers["If-Match"]) for headers in asked] == [("bytes=0-262143", seen.etag)]


def test_a_crawl_comes_from_a_bucket(bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Bucket="papers", Key="crawl-data/CC-MAIN-2026-43/warc.paths.gz", Body=zipped([KEYS[0].encode()]))
    bucket.put_object(Bucket="papers", Key=KEYS[0], Body=DATA)
    fetch(Crawl("CC-MAIN-2026-43", "s3://papers/"), 1, None, tmp_path, quiet=True)
    assert (tmp_path / "a.warc.gz").read_bytes() == DATA


def test_single_records_come_from_a_bucket(bucket: Any) -> None:
    first = len(zipped([page(0, random.Random(0).randbytes(3000))]))
    reader = remote.Records("s3://papers/")
    assert reader.read("s3://papers/crawl/a.warc.gz", 0, first) == DATA[:first]
    with pytest.raises(InputError, match="the index speaks of another"):
        reader.read("s3://papers/crawl/a.warc.gz", 0, 1 << 24)
