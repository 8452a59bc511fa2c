"""Objects behind s3:// and gs://, through Arrow's clients: they find credentials as the vendors' own tools do, in the
environment, in ~/.aws and ~/.config/gcloud, and from the machine's role."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import fs

from pipelines.errors import InputError
from pipelines.remote.retry import Transient
from pipelines.remote.seen import Changed, Seen, shown

_DENIED = ("ACCESS_DENIED", "FORBIDDEN", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "HTTP status 403",
           "EXPIRED_TOKEN", "INVALID_CLIENT_TOKEN_ID", "MISSING_AUTHENTICATION_TOKEN", "PERMISSION_DENIED",
           "UNAUTHENTICATED", "HTTP status 401")  # fmt: skip
_STEP = 1 << 20


@dataclass(frozen=True)
class ObjectFile:
    """One object: its bucket's client, and bucket and key."""

    url: str
    client: Any
    key: str

    def look(self) -> Seen:
        with self._faults(), self.client.open_input_file(self.key) as file:
            return self._seen(file)

    def pieces(self, start: int, stop: int, seen: Seen | None) -> Iterator[bytes]:
        """The bytes [start, stop). The client cannot ask for them on condition, so it is asked before and after whether
        the object is still the same; without `seen` it is not."""
        with self._faults(), self.client.open_input_file(self.key) as file:
            if file.size() < stop or (seen and self._seen(file) != seen):
                raise Changed
            while start < stop and (piece := file.read_at(min(_STEP, stop - start), start)):
                yield piece
                start += len(piece)
        if seen and self.look() != seen:
            raise Changed

    def close(self) -> None:
        """The client is Arrow's to close."""

    def listing(self) -> list[tuple[str, str]]:
        """The addresses of the objects below this one as of a folder, sorted, each with its key below the folder."""
        scheme = self.url.partition("://")[0]
        with self._faults():
            found = self.client.get_file_info(fs.FileSelector(self.key, allow_not_found=True, recursive=True))
        keys = sorted(info.path for info in found if info.type == fs.FileType.File)
        return [(f"{scheme}://{key}", key.removeprefix(self.key.rstrip("/") + "/")) for key in keys]

    def _seen(self, file: Any) -> Seen:
        said = {name: value.decode("utf-8", "replace") for name, value in file.metadata().items()}
        # Arrow's client of Google's store gives no metadata with a file.
        modified = said.get("Last-Modified") or str(self.client.get_file_info(self.key).mtime_ns or "")
        return Seen(file.size(), said.get("ETag", ""), modified)

    def _faults(self) -> "_Faults":
        return _Faults(self.url)


@dataclass(frozen=True)
class _Faults:
    """Tells errors of Arrow's clients that pass from those that do not."""

    url: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, OSError | pa.ArrowException):
            return
        said = " ".join(str(error).split())[:200]
        if isinstance(error, FileNotFoundError):
            raise InputError(f"{shown(self.url)}: not there; correct the address (a folder's ends in /)") from None
        if isinstance(error, PermissionError) or any(word in said for word in _DENIED):
            raise InputError(f"{shown(self.url)}: not allowed; see to the credentials ({said})") from None
        if isinstance(error, pa.ArrowInvalid):
            raise InputError(f"{shown(self.url)}: no address of an object ({said})") from None
        raise Transient(said) from None


def open_file(url: str, client: Any = None) -> ObjectFile:
    """Raises `InputError` for an address with credentials or settings in it: they would end in logs."""
    scheme, _, key = url.partition("://")
    if "@" in key.partition("/")[0] or "?" in key:
        raise InputError(f"{shown(url)}: has credentials or settings in it; give them in the environment")
    with _Faults(url):
        if client is None:
            client = _s3(key.partition("/")[0]) if scheme == "s3" else fs.GcsFileSystem()
        return ObjectFile(url, client, key)


def _s3(bucket: str) -> Any:
    """Arrow's constructor does not look for another server or the bucket's region, as the tools of AWS do."""
    server = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    told = server or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    # `retried` tries again: what may be tried how often is said in one place.
    return fs.S3FileSystem(
        endpoint_override=server, region=None if told else fs.resolve_s3_region(bucket),
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
        connect_timeout=10, request_timeout=60,
    )  # fmt: skip
