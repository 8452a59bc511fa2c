"""What a server says of a file, and how files elsewhere are named in words for people."""

import urllib.parse
from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """Size, and the marks that change when the content does; "" where the server gives none."""

    size: int
    etag: str
    modified: str

    @property
    def identity(self) -> str:
        """As it stands where local files have a SHA-256: `etag:"5d41…-8";1073741824;Wed, 21 Oct 2026 07:28:00 GMT`."""
        return f"etag:{self.etag};{self.size};{self.modified}"


class Changed(Exception):
    """The file is not the one that was seen before."""


def shown(url: str) -> str:
    """An address without what may be secret in it: names and passwords, and the signature of a signed one."""
    scheme, slashes, rest = url.partition("://")
    if not slashes:
        return url
    host, slash, path = rest.partition("/")
    path = path.partition("?")[0]
    if scheme.startswith("http"):
        path = path.partition("#")[0]
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def parts(url: str) -> tuple[str, ...]:
    """Host or bucket, folders and name of a file, as they would be were it on this machine."""
    scheme, _, rest = shown(url).partition("://")
    found = rest.split("/")
    if scheme.startswith("http"):
        decoded = [urllib.parse.unquote(part) for part in found]
        found = [clear if clear.isprintable() and "/" not in clear else part for part, clear in zip(found, decoded)]
    return tuple(filter(None, found))


def base_name(path: str) -> str:
    """The name of a file by its address, or its path on this machine."""
    return parts(path)[-1] if "://" in path else path.rsplit("/", 1)[-1]
