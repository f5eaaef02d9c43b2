"""The only place that opens a URL: a request with its redirects, its proxy and its retries.

What a status means, and how a broken download goes on, is the caller's to know.
"""

from __future__ import annotations

import contextlib
import email.utils
import logging
import os
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import unquote, urljoin, urlsplit

import certifi
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InsecureRequestWarning,
    LocationValueError,
    NewConnectionError,
    SSLError,
)

from jettison import __version__
from jettison.edge.urls import is_loopback, is_same_origin, shown_url
from jettison.errors import JettisonError

_log = logging.getLogger(__name__)

Body = bytes | Callable[[], Iterable[bytes]]
"""What is sent: bytes, or a function that gives them in pieces, anew for each attempt."""

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 8
_MOST_KNOCKS: Final = 2
_TEMPORARY: Final = frozenset({408, 429, 500, 502, 503, 504})
# What tells who we are, and is nobody's business but that host's.
_PRIVATE: Final = frozenset({"authorization", "cookie"})
# Reading so much takes less time than a new connection.
_MOST_LEFT: Final = 64 << 10
_AGENT: Final = f"jettison/{__version__}"


class HttpError(JettisonError):
    """No answer, or one that broke off.

    Shape: `is_temporary` if it may work another time; `is_tls` if the two sides did not agree on
    TLS, `is_untrusted` if it is the certificate that was not believed, `is_unreachable` if there
    was no connection at all.
    """

    exit_code = 4
    is_temporary = False
    is_tls = False
    is_untrusted = False
    is_unreachable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """How patient a client is, and whom it trusts.

    Shape: `insecure` allows plain HTTP to other hosts than this one, and any certificate.
    Units: a server that asks for a longer pause than the longest is not waited for.
    """

    insecure: bool = False
    connect_timeout_s: float = 15.0
    read_timeout_s: float = 60.0
    attempts: int = 5
    first_pause_s: float = 0.4
    longest_pause_s: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `size_bytes` is that of a body in pieces. `retry` off makes one attempt."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    body: Body | None = None
    size_bytes: int = 0
    retry: bool = True


class Response:
    """An answer whose body is read by the caller, who closes it with a `with` block.

    Shape: `headers` by name in any case; `url` is where it came from after all redirects.
    """

    def __init__(self, raw: urllib3.BaseHTTPResponse, url: str) -> None:
        self.status: int = raw.status
        self.headers: Mapping[str, str] = raw.headers
        self.url = url
        self._raw = raw

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes as they were sent; empty at the end of a whole body.

        Raises: HttpError if the connection broke or the body was cut off.
        """
        try:
            return self._raw.read(size, decode_content=False)
        except (HTTPError, OSError) as err:
            raise _translated(self.url, err) from err

    def read_all(self, max_bytes: int) -> bytes:
        """The whole body, as text formats need it: unpacked if it was sent packed.

        Raises: HttpError, also for a body over `max_bytes`.
        """
        try:
            data = self._raw.read(max_bytes + 1, decode_content=True)
        except (HTTPError, OSError) as err:
            raise _translated(self.url, err) from err
        if len(data) > max_bytes:
            raise HttpError(f"{shown_url(self.url)}: the answer is over {max_bytes} bytes")
        # Read to its very end, so that the connection can be used again.
        with contextlib.suppress(HTTPError, OSError):
            self._raw.read(1)
        return data

    def close(self) -> None:
        """Give the connection back, or end it if much is left in it."""
        left = self._raw.length_remaining
        if left is not None and left <= _MOST_LEFT:
            self._raw.drain_conn()
        else:
            self._raw.close()


class HttpClient:
    """Sends requests; may be used by several threads. Must not be open during a fork."""

    def __init__(self, options: HttpOptions | None = None) -> None:
        self.options = options or HttpOptions()
        self._managers: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()
            self._managers.clear()

    def open(self, request: Request) -> Response:
        """The answer, whatever its status; a temporary failure is tried again after a pause.

        Redirects of questions are followed. Credentials stay with the host they were meant for,
        and nobody is led from HTTPS to plain HTTP.
        Raises: HttpError.
        """
        options = self.options
        last = options.attempts if request.retry else 1
        for attempt in range(1, last + 1):
            try:
                response = self._follow(request)
            except HttpError as err:
                # A name that nobody knows and a host that is silent seldom change so soon.
                most = min(last, _MOST_KNOCKS) if err.is_unreachable else last
                if attempt >= most or not err.is_temporary:
                    raise
                _log.debug("attempt %d: %s", attempt, err)
                pause_s = self._pause_s(attempt, "")
            else:
                asked = response.headers.get("Retry-After", "")
                pause_s = self._pause_s(attempt, asked)
                is_over = attempt == last or response.status not in _TEMPORARY
                if is_over or pause_s > options.longest_pause_s:
                    return response
                _log.debug("attempt %d: %s: %d", attempt, shown_url(request.url), response.status)
                response.close()
            pause(pause_s)
        raise AssertionError("the last attempt returns or raises")

    def _pause_s(self, attempt: int, asked: str) -> float:
        own: float = self.options.first_pause_s * 2 ** (attempt - 1)
        return max(own, retry_after_s(asked))

    def _follow(self, request: Request) -> Response:
        self._check(request.url)
        for _ in range(_MOST_REDIRECTS):
            response = self._send(request)
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or not target or not _may_follow(request):
                return response
            response.close()
            request = self._redirected(request, target)
        raise HttpError(f"{shown_url(request.url)}: over {_MOST_REDIRECTS} redirects")

    def _redirected(self, request: Request, target: str) -> Request:
        url = joined(request.url, target)
        is_downgrade = request.url.startswith("https:") and not url.startswith("https:")
        if is_downgrade and not self.options.insecure:
            raise HttpError(f"{shown_url(request.url)}: it redirects to plain {shown_url(url)}")
        self._check(url)
        headers = request.headers
        if not is_same_origin(url, request.url):
            headers = {key: headers[key] for key in headers if key.lower() not in _PRIVATE}
        return replace(request, url=url, headers=headers)

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port  # reading a port checks it
        except ValueError as err:
            raise HttpError(f"{shown_url(url)!r} is no URL: {err}") from err
        if parts.scheme not in ("http", "https") or not host:
            raise HttpError(f"{shown_url(url)!r} is not an http or https URL")
        if parts.scheme == "http" and not self.options.insecure and not is_loopback(host):
            raise HttpError(
                f"{shown_url(url)}: plain HTTP is for this host alone",
                hint="use HTTPS, or allow it with --insecure",
            )

    def _send(self, request: Request) -> Response:
        headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity", **request.headers}
        body = request.body
        if body is not None and not isinstance(body, bytes):
            headers["Content-Length"] = str(request.size_bytes)
        options = self.options
        try:
            raw = self._manager(request.url).request(
                request.method,
                request.url,
                headers=headers,
                body=body() if callable(body) else body,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(
                    connect=options.connect_timeout_s, read=options.read_timeout_s
                ),
            )
        except (HTTPError, OSError) as err:
            raise _translated(request.url, err) from err
        return Response(raw, request.url)

    def _manager(self, url: str) -> urllib3.PoolManager:
        proxy = _proxy_for(url)
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = self._make_manager(proxy)
            return self._managers[proxy]

    def _make_manager(self, proxy: str) -> urllib3.PoolManager:
        named = (os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))
        context = _ssl_context(named, insecure=self.options.insecure)
        if self.options.insecure:
            # The user has asked for it, and is not to be told with each request.
            urllib3.disable_warnings(InsecureRequestWarning)
        if not proxy:
            return urllib3.PoolManager(num_pools=8, maxsize=8, ssl_context=context)
        parts = urlsplit(proxy)
        headers = None
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers = urllib3.make_headers(proxy_basic_auth=login)
        return urllib3.ProxyManager(
            proxy, num_pools=8, maxsize=8, ssl_context=context, proxy_headers=headers
        )


def joined(url: str, target: str) -> str:
    """The URL that a server at `url` means by what it calls a place.

    Raises: HttpError for what is none.
    """
    try:
        return urljoin(url, target)
    except ValueError as err:
        raise HttpError(f"{shown_url(url)}: it leads to what is no URL: {err}") from err


def pause(seconds: float) -> None:
    """Wait before the next attempt."""
    time.sleep(seconds)


def retry_after_s(header: str) -> float:
    """How long a server asks to be left alone; 0 where it does not say.

    Source: RFC 9110, "Retry-After": seconds, or a date.
    """
    # A header may hold any character of Latin-1, and some of these are digits to Python.
    if header.isascii() and header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


def _may_follow(request: Request) -> bool:
    return request.method in ("GET", "HEAD")


def _proxy_for(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    if proxy and urlsplit(proxy).scheme not in ("http", "https"):
        raise HttpError(
            f"{parts.scheme}_proxy is {shown_url(proxy)}: only HTTP proxies are spoken to",
            hint="name an HTTP proxy, or except the host with no_proxy",
        )
    return proxy


@cache
def _ssl_context(named: tuple[str, str], *, insecure: bool) -> ssl.SSLContext:
    """The trust of this host, and Mozilla's where Python was built to find none.

    Reading all those certificates takes 30 ms, so it is done once for what the environment
    `named`, which OpenSSL looks at by itself.
    """
    del named
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and paths.capath is None:
        context.load_verify_locations(cafile=certifi.where())
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _translated(url: str, err: Exception) -> HttpError:
    reason = _innermost(err)
    translated = HttpError(f"{shown_url(url)}: {_told(reason)}")
    translated.is_tls = isinstance(err, SSLError) or isinstance(reason, ssl.SSLError)
    translated.is_temporary = not (translated.is_tls or isinstance(err, LocationValueError))
    translated.is_unreachable = isinstance(err, NewConnectionError | ConnectTimeoutError)
    if isinstance(reason, ssl.SSLCertVerificationError):
        translated.is_untrusted = True
        translated.hint = "trust its authority with SSL_CERT_FILE, or allow it with --insecure"
    elif isinstance(err, LocationValueError):
        translated.hint = "is the address written right?"
    return translated


def _innermost(err: BaseException) -> BaseException:
    """What really went wrong, below what wraps it."""
    for _ in range(8):
        below = err.__cause__ or err.__context__
        inside = [item for item in err.args if isinstance(item, Exception)]
        if isinstance(err, OSError) or not (inside or below):
            break
        err = inside[-1] if inside else (below or err)
    return err


def _told(err: BaseException) -> str:
    if isinstance(err, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {err.verify_message}"
    if isinstance(err, OSError) and err.strerror:
        return err.strerror
    if isinstance(err, LocationValueError):
        # Its own words quote the URL, with all that is not to be shown.
        return "it is no address"
    text = str(err).rpartition(">: ")[2]
    return text[:300] or type(err).__name__
