"""Files behind http:// and https://: what the server says of them, and their bytes by range (RFC 9110, 14)."""

import re
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
import urllib3

from pipelines.errors import InputError
from pipelines.remote.retry import Transient
from pipelines.remote.seen import Changed, Seen, shown

AGENT = "minamoto (builds text corpora for research; reads by range, backs off)"

_CONNECT, _READ = 10.0, 60.0  # seconds until a connection stands, and between two pieces of a body
#: A body that comes slower than this after a minute is asked for again; a modem of 1998 was faster.
_SLOWEST = 4096
_STEP = 1 << 18
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})")
_PASSES = {408, 425, 429, 500, 502, 503, 504}
_WHY = {
    401: "the server wants to know who asks (401); such files are to be fetched first",
    403: "not allowed (403); Common Crawl answers so too when it is asked too often: wait an hour, with fewer workers",
    404: "not there (404); correct the address",
    410: "no longer there (410); take it off the inputs",
}


@dataclass(frozen=True)
class HttpFile:
    """One file and the connection to its server."""

    url: str
    session: requests.Session

    def look(self) -> Seen:
        """Size and identity, from a request for one byte: where a signed address allows no HEAD it allows this."""
        with self._get({"Range": "bytes=0-0"}) as response:
            seen = self._seen(response)
            _keep(response)
            return seen

    def pieces(self, start: int, stop: int, seen: Seen | None) -> Iterator[bytes]:
        """The bytes [start, stop), or those up to where the connection fails. Without `seen`, of whatever is there."""
        begun = time.monotonic()
        given = 0
        conditions = {"Range": f"bytes={start}-{stop - 1}"}
        if seen and seen.etag.startswith('"'):
            conditions["If-Match"] = seen.etag  # weak ones are not to be compared so (RFC 9110, 13.1.1)
        with self._get(conditions) as response:
            now = self._seen(response)
            if now != (seen or now) or now.size < stop:
                raise Changed
            if response.status_code == 206:
                found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if not found or (found[1], found[2]) != (str(start), str(stop - 1)):
                    raise Transient("the server gave another range than asked for")
            elif start:
                raise InputError(f"{shown(self.url)}: the server gives no ranges; fetch the file, give the copy")
            try:
                while given < stop - start:
                    seconds = time.monotonic() - begun
                    if seconds > _READ and given < _SLOWEST * seconds:
                        raise Transient(f"{given:,} bytes in {seconds:.0f} seconds")
                    piece = response.raw.read(min(_STEP, stop - start - given), decode_content=False)
                    if not piece:
                        return
                    yield piece
                    given += len(piece)
                _keep(response)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise Transient(f"the connection broke ({error})") from None

    def close(self) -> None:
        self.session.close()

    def _get(self, headers: dict[str, str]) -> requests.Response:
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"} | headers
        try:
            response = self.session.get(self.url, headers=headers, stream=True, timeout=(_CONNECT, _READ))
        except requests.exceptions.SSLError as error:
            raise InputError(f"{shown(self.url)}: no safe connection ({_inmost(error)})") from None
        except (requests.exceptions.Timeout, requests.exceptions.ConnectionError) as error:
            raise Transient(f"no answer ({_inmost(error)})") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise InputError(f"{shown(self.url)}: cannot be asked for ({type(error).__name__})") from None
        status = response.status_code
        if status in (200, 206, 416):
            return response
        response.close()
        if status == 412:
            raise Changed
        if status in _PASSES:
            raise Transient(f"the server answers {status}", _asked_pause(response.headers))
        raise InputError(f"{shown(self.url)}: {_WHY.get(status, f'the server answers {status}; correct the address')}")

    def _seen(self, response: requests.Response) -> Seen:
        headers = response.headers
        length = headers.get("Content-Length", "")
        if response.status_code == 200:
            if not length.isdecimal():
                raise InputError(f"{shown(self.url)}: the server does not tell its size; fetch it, give the copy")
            size = int(length)
        else:
            found = _RANGE.fullmatch(headers.get("Content-Range", ""))
            if not found:
                raise Transient("the server gave a range of unknown size")
            size = int(found[3])
            if response.status_code == 416 and size:
                raise Changed
        return Seen(size, _plain(headers.get("ETag", "")), _plain(headers.get("Last-Modified", "")))


def open_file(url: str, session: requests.Session | None = None) -> HttpFile:
    """Raises `InputError` for an address with a password in it: it would end in logs."""
    try:
        parts = urllib.parse.urlsplit(url)
        named = bool(parts.hostname)
    except ValueError:
        named = False
    if not named:
        raise InputError(f"{shown(url)}: no address of a file; correct it")
    if parts.username or parts.password:
        raise InputError(f"{shown(url)}: has a password in it; use ~/.netrc")
    return HttpFile(url, session or requests.Session())


def _keep(response: requests.Response) -> None:
    """Leave the connection open for the next request; only a range has an end near enough to be read up to."""
    if response.status_code == 206:
        response.raw.drain_conn()


def _plain(value: str) -> str:
    """A header as it may stand in a manifest."""
    return urllib.parse.quote(value[:256], safe="\"' ,;:/+=-_.!*()")


def _asked_pause(headers: Mapping[str, str]) -> float:
    """Seconds of a Retry-After, which is a number or a date."""
    value = headers.get("Retry-After", "").strip()[:64]
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _inmost(error: BaseException) -> str:
    """The words of the error behind those of the layers above it, which name objects in memory and signed addresses."""
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return str(reason).rsplit("object at 0x", 1)[-1].partition(">: ")[2] or type(reason).__name__
