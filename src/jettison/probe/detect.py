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
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.probe.wire import lenient_tls

LOOPBACKS: Final = ("127.0.0.1", "::1")
# Enough to let the app finish a usual page, so that it does not log a broken pipe.
_MOST_BYTES: Final = 1 << 20
_DRAIN_SECONDS: Final = 1.0
_TLS_SECONDS: Final = 1.0
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

    def connect(self) -> bool:
        """Start connecting; False if nothing listens."""
        code = self.socket.connect_ex((self.host, self.port))
        return code in (0, errno.EINPROGRESS)

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


def start_attempt(port: int, authority: str) -> Attempt | None:
    """Connect to a port of either loopback address; None if nothing listens there."""
    for host in LOOPBACKS:
        attempt = None
        try:
            attempt = Attempt(port, host, authority)
            if attempt.connect() and _is_connected(attempt.socket):
                return attempt
        except OSError:
            # A kernel without IPv6 has no ::1.
            pass
        if attempt is not None:
            attempt.close()
    return None


def _is_connected(connection: socket.socket) -> bool:
    """Wait for the handshake; over loopback the kernel answers for a full backlog only."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_WRITE)
        if not selector.select(0.2):
            return False
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


def _may_be_http(received: bytearray) -> bool:
    return b"HTTP/1.".startswith(received[:7])


def _ask_over_tls(host: str, port: int, authority: str) -> int | None:
    """The status of `GET /` over TLS, 0 if TLS carries something else; None without TLS."""
    name = authority.rpartition(":")[0] or authority
    try:
        with (
            socket.create_connection((host, port), timeout=_TLS_SECONDS) as plain,
            lenient_tls().wrap_socket(plain, server_hostname=name) as secure,
        ):
            request = f"GET / HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
            # The handshake proved that the port speaks TLS; the app itself may be slow.
            secure.settimeout(10.0)
            secure.sendall(request.encode("latin-1", "replace"))
            received = b""
            while len(received) < 12 and (chunk := secure.recv(4096)):
                received += chunk
            match = _STATUS_LINE.match(received)
            return int(match[1]) if match is not None else 0
    except (OSError, ssl.SSLError):
        return None
