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
    head, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{head}{slashes}{host.rpartition('@')[2]}{slash}{path.partition('?')[0].partition('#')[0]}"


def base_name(url: str) -> str:
    """The name of a file by its address or path."""
    return urllib.parse.unquote(shown(url)).rsplit("/", 1)[-1] if "://" in url else url.rsplit("/", 1)[-1]
