"""HTTP/1.1 over TCP and TLS with every bound that a hostile server calls for.

The one deadline of a request covers connecting, a trickled header and a body without an end;
bodies are decoded here, so that a packed bomb is bounded as well. Retries are session.py's work.
"""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpcore

from jettison.errors import ContainerError
from jettison.probe.model import Cut, Endpoint

_CHUNK: Final = 64 << 10
# Types whose bodies go on for ever; this much of them shows that they work.
_STREAMS: Final = ("text/event-stream", "multipart/x-mixed-replace")
_STREAM_SECONDS: Final = 1.0
ACCEPT_ENCODING: Final = "gzip, deflate"


class UnansweredError(ContainerError):
    """A request without an answer; `may_repeat` where asking again may help and do no harm."""

    def __init__(self, message: str, *, may_repeat: bool) -> None:
        super().__init__(message)
        self.may_repeat = may_repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request with everything filled in; `target` is the path and query as sent."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long one request may take in all and how much of its answer is read."""

    timeout_s: float
    body_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An answer with its content encoding undone, as far as it was read."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: Cut


class Wire:
    """One keep-alive client; use it as a context manager."""

    def __init__(self, *, server_name: str) -> None:
        self._server_name = server_name
        self._clock = _Clock()
        # One connection at a time: an app that serves one client at a time must not be kept
        # from the next request by an idle connection of ours.
        self._pool = httpcore.ConnectionPool(
            ssl_context=lenient_tls(),
            max_connections=1,
            network_backend=_Backend(self._clock),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.close()

    def send(self, endpoint: Endpoint, outgoing: Outgoing, bounds: Bounds) -> Incoming:
        """Send one request and read its answer.

        Raises: UnansweredError.
        """
        self._clock.start(bounds.timeout_s)
        url = httpcore.URL(
            scheme=endpoint.scheme.encode(),
            host=endpoint.host.encode(),
            port=endpoint.port,
            target=outgoing.target.encode("latin-1", "replace"),
        )
        headers = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in outgoing.headers
        ]
        try:
            with self._pool.stream(
                outgoing.method.encode("latin-1", "replace"),
                url,
                headers=headers,
                content=outgoing.body or None,
                extensions={"sni_hostname": self._server_name},
            ) as response:
                return self._read(response, bounds.body_bytes)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as err:
            raise UnansweredError(_phrase(err, bounds), may_repeat=True) from err
        except (httpcore.TimeoutException, httpcore.LocalProtocolError) as err:
            raise UnansweredError(_phrase(err, bounds), may_repeat=False) from err
        except (httpcore.NetworkError, httpcore.ProtocolError) as err:
            is_harmless = outgoing.method.upper() in ("GET", "HEAD", "OPTIONS")
            raise UnansweredError(_phrase(err, bounds), may_repeat=is_harmless) from err

    def _read(self, response: httpcore.Response, limit: int) -> Incoming:
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
        )
        fields = {name.lower(): value for name, value in headers}
        decoder = _Decoder(fields.get("content-encoding", ""))
        cut = Cut.NOT
        if fields.get("content-type", "").partition(";")[0].strip().lower() in _STREAMS:
            cut, limit = Cut.STREAM, min(limit, _CHUNK)
            self._clock.start(min(self._clock.left(), _STREAM_SECONDS))
        body = bytearray()
        try:
            for chunk in response.iter_stream():
                body += decoder.feed(chunk, limit + 1 - len(body))
                if len(body) > limit:
                    del body[limit:]
                    return Incoming(
                        status=response.status, headers=headers, body=bytes(body), cut=Cut.SIZE
                    )
        except httpcore.ReadTimeout:
            cut = cut or Cut.TIME
        return Incoming(status=response.status, headers=headers, body=bytes(body), cut=cut)


def lenient_tls() -> ssl.SSLContext:
    """Any certificate and any cipher: the question is whether the app answers, not who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


class _Clock:
    """The deadline of the request that is under way."""

    def __init__(self) -> None:
        self._end = 0.0

    def start(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        # A socket timeout of 0 would mean "do not block", so the least is a millisecond.
        return max(self._end - time.monotonic(), 0.001)


class _Backend(httpcore.NetworkBackend):
    """Sockets whose every operation ends by the clock."""

    def __init__(self, clock: _Clock) -> None:
        self._inner = httpcore.SyncBackend()
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._inner.connect_tcp(
            host, port, self._clock.left(), local_address, socket_options
        )
        return _Stream(stream, self._clock)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, clock: _Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._socket: socket.socket | None = inner.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        # Servers that send header and body in two writes wait for our acknowledgement between
        # them, and the kernel would hold it back for 40 ms: tcp(7), TCP_QUICKACK is not lasting.
        if self._socket is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return self._inner.read(max_bytes, self._clock.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, self._clock.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._clock.left())
        return _Stream(inner, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Decoder:
    """Undoes gzip and deflate; hands on what it does not know or what is not what it claims."""

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        self._plain = name not in ("gzip", "x-gzip", "deflate")
        # 32 lets zlib see for itself whether it is gzip or zlib; deflate without the zlib
        # wrapper, which some servers send, is tried when that fails.
        self._state = zlib.decompressobj(32 + zlib.MAX_WBITS)
        self._may_be_raw = name == "deflate"

    def feed(self, chunk: bytes, room: int) -> bytes:
        if self._plain:
            return chunk
        try:
            return b"".join(self._inflate(chunk, room))
        except zlib.error:
            if self._may_be_raw:
                self._may_be_raw = False
                self._state = zlib.decompressobj(-zlib.MAX_WBITS)
                return self.feed(chunk, room)
            self._plain = True
            return chunk

    def _inflate(self, chunk: bytes, room: int) -> Iterator[bytes]:
        while chunk and room > 0:
            out = self._state.decompress(chunk, min(room, _CHUNK))
            room -= len(out)
            yield out
            chunk = self._state.unconsumed_tail
        self._may_be_raw = False


def _phrase(err: Exception, bounds: Bounds) -> str:
    if isinstance(err, httpcore.TimeoutException):
        return f"no answer within {bounds.timeout_s:g} s"
    text = str(err) or type(err).__name__
    if isinstance(err, httpcore.ConnectError):
        return f"could not connect: {text}"
    if isinstance(err, httpcore.LocalProtocolError):
        return f"the request cannot be sent: {text}"
    return f"no HTTP answer: {text}"
