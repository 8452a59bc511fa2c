"""Clients of the stores behind s3:// and gs://, and what their errors mean.

Another server than AWS, keys and region are taken from the environment as the stores' own tools take them
(AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_REGION, GOOGLE_APPLICATION_CREDENTIALS; AWS_SKIP_SIGNATURE=true for public
buckets); else from the profile AWS_PROFILE of ~/.aws, else from the machine's role; the region at last from the bucket.
They are never written anywhere.
"""

import configparser
import functools
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import GCSStore, S3Store
from pyarrow import fs

from pipelines.errors import UsageError

#: The client tries a request this often by itself; what is left is tried again by `retry`, where Ctrl-C is heard.
_TRIES = 2

_STATUS = re.compile(r"status code: (\d{3})")
_SAYS = re.compile(r"<Code>([^<]*)</Code>(?:\s*<Message>([^<]*)</Message>)?")
_LOGIN = re.compile(r"//[^/\s]*@")
_DENIES = {"401", "403"}
_PASSES = {408, 409, 425, 429}

#: Where a machine is asked for its role: only who has no keys does.
_ROLE = re.compile(r"/latest/(api|meta-data)/|169\.254\.169\.254|metadata\.google\.internal")

Meaning = Literal["no bucket", "absent", "denied", "refused", "passes"]


@functools.cache
def client(url: str) -> Any:
    """Of a bucket, or of what lies below a prefix in it.

    Raises `UsageError` for a profile that is not there or has no keys.
    """
    scheme, _, place = url.partition("://")
    bucket, _, prefix = place.partition("/")
    common: dict[str, Any] = {
        "prefix": prefix or None,
        "client_options": {"connect_timeout": "10s", "timeout": "120s"},
        "retry_config": {"max_retries": _TRIES, "retry_timeout": timedelta(seconds=60)},
    }
    if scheme == "gs":
        return GCSStore(bucket, **common)
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    common["client_options"]["allow_http"] = endpoint.startswith("http://")
    config: Any = _profile() | ({"endpoint": endpoint} if endpoint else {})
    if not (endpoint or "region" in config or _told_region()):
        config["region"] = _region(bucket)
    return S3Store(bucket, config=config, **common)


def _told_region() -> bool:
    return bool(os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))


def _region(bucket: str) -> str:
    """Anyone may ask S3 for the region of a bucket."""
    try:
        return str(fs.resolve_s3_region(bucket))
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise UsageError(f"s3://{bucket}: its region cannot be found ({said}); set AWS_REGION") from None


def _profile() -> dict[str, Any]:
    """Keys and region of a profile of ~/.aws, where the environment has none."""
    name = os.environ.get("AWS_PROFILE", "default")
    found: dict[str, str] = {}
    for variable, file, section in (
        ("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", name),
    ):
        parsed = configparser.RawConfigParser()
        try:
            parsed.read(Path(os.environ.get(variable) or f"~/.aws/{file}").expanduser(), encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            raise UsageError(
                f"~/.aws/{file}: cannot be read; correct it, or give the keys in the environment"
            ) from None
        found |= dict(parsed[section]) if parsed.has_section(section) else {}
    config: dict[str, Any] = {}
    if "region" in found and not _told_region():
        config["region"] = found["region"]
    if "AWS_ACCESS_KEY_ID" in os.environ or os.environ.get("AWS_SKIP_SIGNATURE"):
        return config
    if "aws_access_key_id" in found:
        keys = {"access_key_id": "aws_access_key_id", "secret_access_key": "aws_secret_access_key",
                "session_token": "aws_session_token"}  # fmt: skip
        return config | {key: found[word] for key, word in keys.items() if word in found}
    if "AWS_PROFILE" in os.environ:
        raise UsageError(f"AWS_PROFILE={name}: no keys in ~/.aws for it; `aws configure export-credentials --format "
                         "env` prints those of single sign-on and roles")  # fmt: skip
    return config


def meaning(error: Exception) -> Meaning:
    """What an error of a client is: there is no such bucket or object, we may not, it never will, or it may pass."""
    words = str(error)
    if "NoSuchBucket" in words:
        return "no bucket"
    if isinstance(error, FileNotFoundError):
        return "absent"
    status = _STATUS.search(words)
    denied = isinstance(error, PermissionDeniedError | UnauthenticatedError) or (status and status[1] in _DENIES)
    if denied or _ROLE.search(words):
        return "denied"
    if "invalid path" in words:  # a key as a//b, which the client knows no name for
        return "refused"
    return "refused" if status and int(status[1]) < 500 and int(status[1]) not in _PASSES else "passes"


def why(error: Exception) -> str:
    """What a store said, in a line; never its whole answer, which can hold the request that was signed."""
    words = str(error).partition("\n\nDebug source")[0]
    if _ROLE.search(words):
        return "no credentials: none in the environment or in ~/.aws, and this machine has no role"
    said, status = _SAYS.search(words), _STATUS.search(words)
    if said:
        return ": ".join(filter(None, said.groups()))
    return f"HTTP {status[1]}" if status else _LOGIN.sub("//", " ".join(words.split()))[-200:]


#: What clients raise.
ERRORS = (FileNotFoundError, BaseError)
