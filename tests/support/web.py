"""A web server on the loopback that answers what a test tells it to."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Web:
    """The server: where it is, and what it was asked so far."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.partition("://")[2]

    def paths(self) -> list[str]:
        """Method and path of each request."""
        return [f"{item.method} {item.path}" for item in self.asked]


class Handler(BaseHTTPRequestHandler):
    """One connection; `asked` is its latest request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    web: Web
    respond: Callable[[Handler], None]
    asked: Asked

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name above
        """Say nothing."""

    def _take(self) -> None:
        parts = urlsplit(self.path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.asked = Asked(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query),
            headers=headers,
            body=self.rfile.read(int(headers.get("content-length", "0"))),
        )
        self.web.asked.append(self.asked)
        type(self).respond(self)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _take

    def send(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with a whole body; a HEAD is told its length and given none of it."""
        self.send_response(status)
        given = {"Content-Length": str(len(body)), **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def break_off(self, body: bytes, *, promised: int, status: int = 200) -> None:
        """Promise more than is sent, and hang up."""
        self.send_response(status)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 32

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what a test is about."""


@contextmanager
def serve(
    respond: Callable[[Handler], None], *, tls: ssl.SSLContext | None = None
) -> Iterator[Web]:
    """Serve on a free port until the block ends."""
    web = Web(url="")
    handler = type("_Handler", (Handler,), {"web": web, "respond": staticmethod(respond)})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        web.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
