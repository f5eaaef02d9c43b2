"""Find out what a port speaks, without waiting for one port while another could be asked.

An attempt is a plain `GET /` on a socket that never blocks. A server that wants TLS refuses or
answers 400 at once, and only then a handshake is tried; so no port costs a timeout.
"""

from __future__ import annotations

import errno
import re
import selectors
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from jettison.probe.wire import lenient_tls

T = TypeVar("T")

LOOPBACKS: Final = ("127.0.0.1", "::1")
# Enough to let the app finish a usual page, so that it does not log a broken pipe.
_MOST_BYTES: Final = 1 << 20
_DRAIN_SECONDS: Final = 1.0
_TLS_SECONDS: Final = 1.0
_TLS_ANSWER_SECONDS: Final = 10.0
_BACKLOG_SECONDS: Final = 0.2
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)")
# A record of type alert (21) of TLS 1.x: RFC 8446, section 5.1.
_TLS_ALERT: Final = b"\x15\x03"


class Speech(StrEnum):
    """What is known of a port after an attempt."""

    CLOSED = "closed"  # nothing listens
    PENDING = "pending"  # connected, and no answer so far
    DROPPED = "dropped"  # it took the connection and closed it without an answer
    HTTP = "http"
    HTTPS = "https"
    OTHER = "other"  # it answered, and not in HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one attempt found; `status` is that of the answer to `GET /`, 0 where there was none."""

    port: int
    host: str
    speech: Speech
    status: int = 0


class Attempt:
    """One `GET /` under way; close it unless `step` said that it is over."""

    def __init__(self, port: int, host: str, authority: str) -> None:
        self.port = port
        self.host = host
        self.started_at = 0.0
        self._authority = authority
        self._received = bytearray()
        self._unsent = (
            f"GET / HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: jettison\r\nAccept: */*\r\n"
            "Connection: close\r\n\r\n"
        ).encode("latin-1", "replace")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.socket.setblocking(False)

    def connect(self) -> int:
        """Connect; 0 or what went wrong, as an errno.

        Over loopback the kernel answers at once, or not at all while the backlog is full.
        """
        code = self.socket.connect_ex((self.host, self.port))
        if code != errno.EINPROGRESS:
            return code
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_WRITE)
            if not selector.select(_BACKLOG_SECONDS):
                return errno.ETIMEDOUT
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    @property
    def events(self) -> int:
        """What a selector must wait for."""
        return selectors.EVENT_WRITE if self._unsent else selectors.EVENT_READ

    @property
    def has_answer(self) -> bool:
        """Whether a status line came, so that what follows matters to nobody."""
        return _STATUS_LINE.match(self._received) is not None

    def step(self) -> bool:
        """Send or receive once; True when the attempt is over."""
        try:
            if self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
                return False
            chunk = self.socket.recv(64 << 10)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self._received += chunk
        if chunk and _may_be_http(self._received):
            return len(self._received) >= _MOST_BYTES
        return True

    def is_drained(self, now: float) -> bool:
        """Whether the rest of an answer is no longer worth waiting for."""
        return self.has_answer and now - self.started_at > _DRAIN_SECONDS

    def close(self) -> None:
        """Let go of the socket."""
        self.socket.close()

    def finding(self) -> Finding:
        """What the attempt, now over, says of the port; tries TLS where that is likely."""
        match = _STATUS_LINE.match(self._received)
        status = int(match[1]) if match is not None else 0
        if status and status != 400:
            return self._found(Speech.HTTP, status)
        wants_tls = status == 400 or not self._received or self._received.startswith(_TLS_ALERT)
        if wants_tls:
            secure = _ask_over_tls(self.host, self.port, self._authority)
            if secure is not None:
                return self._found(Speech.HTTPS if secure else Speech.OTHER, secure)
        if status:
            return self._found(Speech.HTTP, status)
        return self._found(Speech.OTHER if self._received else Speech.DROPPED)

    def _found(self, speech: Speech, status: int = 0) -> Finding:
        return Finding(port=self.port, host=self.host, speech=speech, status=status)


def start_attempt(port: int, authority: str) -> Attempt | Finding:
    """Connect to a port of either loopback address, or say why there is no connection."""
    speech = Speech.CLOSED
    for host in LOOPBACKS:
        try:
            attempt = Attempt(port, host, authority)
        except OSError:
            # A kernel without IPv6.
            continue
        code = attempt.connect()
        if code == 0:
            return attempt
        attempt.close()
        if code in (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT):
            speech = Speech.DROPPED
            break
    return Finding(port=port, host="", speech=speech)


def _may_be_http(received: bytearray) -> bool:
    return b"HTTP/1.".startswith(received[:7])


def _ask_over_tls(host: str, port: int, authority: str) -> int | None:
    """The status of `GET /` over TLS, 0 if TLS carries something else; None without TLS."""
    request = f"GET / HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), timeout=_TLS_SECONDS) as plain:
            secure = _Tls(plain, server_name=authority.rpartition(":")[0] or authority)
            secure.handshake()
            # The handshake proved that the port speaks TLS; the app itself may be slow.
            plain.settimeout(_TLS_ANSWER_SECONDS)
            received = secure.ask(request.encode("latin-1", "replace"), at_least=12)
    except OSError:
        return None
    match = _STATUS_LINE.match(received)
    return int(match[1]) if match is not None else 0


class _Tls:
    """TLS over a connected socket, by hand.

    `SSLContext.wrap_socket` of Python 3.11 loses the socket, unclosed, when the peer resets the
    connection before the wrapping; a port that does so is no rarity here.
    """

    def __init__(self, plain: socket.socket, *, server_name: str) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = lenient_tls().wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name
        )

    def handshake(self) -> None:
        self._pump(self._tls.do_handshake)

    def ask(self, request: bytes, *, at_least: int) -> bytes:
        """Send, and return what comes back: `at_least` bytes, or all before the end."""
        self._pump(lambda: self._tls.write(request))
        received = b""
        while len(received) < at_least:
            try:
                chunk = self._pump(lambda: self._tls.read(4096))
            except ssl.SSLError:
                # The end without a closing alert, which many servers leave out.
                break
            if not chunk:
                break
            received += chunk
        return received

    def _pump(self, operation: Callable[[], T]) -> T:
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                self._plain.sendall(self._outgoing.read())
                chunk = self._plain.recv(64 << 10)
                if chunk:
                    self._incoming.write(chunk)
                else:
                    self._incoming.write_eof()
            else:
                self._plain.sendall(self._outgoing.read())
                return result
