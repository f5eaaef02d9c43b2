"""Tiny apps on loopback ports for tests of the probes; each runs in threads of the test."""

from __future__ import annotations

import http.cookies
import secrets
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs


@dataclass
class Call:
    """One request as an app saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Reply:
    """What an app sends back; `raw` sends these bytes and nothing else."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    raw: bytes | None = None


App = Callable[[Call], Reply]


@dataclass
class Running:
    """A running app, as the probes watch one."""

    port: int
    calls: list[Call] = field(default_factory=list)
    status: int | None = None
    log: str = "the app's log"

    def ports(self) -> tuple[int, ...]:
        return (self.port,)

    def exit_status(self) -> int | None:
        return self.status

    def log_tail(self) -> str:
        return self.log

    @property
    def asked(self) -> list[str]:
        return [call.target for call in self.calls]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        connection.settimeout(5.0)
        if self.tls is not None:
            # The handshake takes place in the handler's thread, with its first read.
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are part of the tests."""


@contextmanager
def serve(app: App, *, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Running]:
    """Run an app until the block ends."""
    running = Running(port=0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5.0

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, self.path, headers, self.rfile.read(length))
            running.calls.append(call)
            reply = app(call)
            if reply.raw is not None:
                self.wfile.write(reply.raw)
                self.close_connection = True
                return
            self.send_response(reply.status)
            if not any(name.lower() == "content-type" for name, _ in reply.headers):
                self.send_header("Content-Type", "text/html; charset=utf-8")
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # inherited
            """Say nothing."""

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        setattr(Handler, f"do_{method}", Handler.answer)
    with _Server(("127.0.0.1", port), Handler) as server:
        server.tls = tls
        running.port = server.server_address[1]
        thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def listen(handle: Callable[[socket.socket], None]) -> Iterator[Running]:
    """A server that hands each connection to `handle`, for ports that do not speak HTTP."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.02)
        running = Running(port=server.getsockname()[1])

        def loop() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=_guarded, args=(handle, connection), daemon=True).start()

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            stop.set()
            thread.join()


def _guarded(handle: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        connection.settimeout(5.0)
        try:
            handle(connection)
        except OSError:
            return


def free_port() -> int:
    """A port that nothing listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def pages(content: dict[str, str | bytes | Reply]) -> App:
    """An app that answers some targets and 404 to all others."""

    def app(call: Call) -> Reply:
        found = content.get(call.target, content.get(call.path))
        if found is None:
            return Reply(404, b"not found")
        if isinstance(found, Reply):
            return found
        body = found.encode() if isinstance(found, str) else found
        kinds = {".css": "text/css", ".json": "application/json", ".xml": "application/xml"}
        kinds |= {".txt": "text/plain", ".js": "text/javascript"}
        kind = kinds.get(Path(call.path).suffix, "text/html; charset=utf-8")
        return Reply(200, body, [("Content-Type", kind)])

    return app


class LoginApp:
    """Users log in with a token from the form and a cookie, as with Django."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.sessions: set[str] = set()

    def __call__(self, call: Call) -> Reply:
        cookies = http.cookies.SimpleCookie(call.headers.get("cookie", ""))
        session = cookies["session"].value if "session" in cookies else ""
        is_known = session in self.sessions
        match call.method, call.path:
            case "GET", "/":
                links = '<a href="/private">private</a><a href="/accounts/logout/">out</a>'
                return Reply(200, links.encode())
            case "GET", "/login":
                token = secrets.token_urlsafe(32)
                self.tokens.add(token)
                form = f"<form method=post><input type='hidden' name='csrf' value='{token}'></form>"
                return Reply(200, form.encode(), [("Set-Cookie", f"csrf={token}; Path=/; Secure")])
            case "POST", "/login":
                fields = parse_qs(call.body.decode())
                token = fields.get("csrf", [""])[0]
                cookie = cookies["csrf"].value if "csrf" in cookies else ""
                if token not in self.tokens or cookie != token or fields.get("user") != ["ann"]:
                    return Reply(403, b"wrong token")
                session = secrets.token_hex(16)
                self.sessions.add(session)
                headers = [("Set-Cookie", f"session={session}; Path=/; HttpOnly")]
                return Reply(302, b"", [*headers, ("Location", "/private")])
            case "GET", "/private":
                if not is_known:
                    return Reply(302, b"", [("Location", "/login")])
                return Reply(200, b"<p>secret</p>")
            case "GET", "/accounts/logout/":
                self.sessions.discard(session)
                return Reply(200, b"bye")
            case _:
                return Reply(404, b"not found")


def make_certificate(directory: Path) -> ssl.SSLContext:
    """A server's TLS context with a certificate that nobody signed."""
    key, certificate = directory / "key.pem", directory / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=app", "-keyout", str(key)]
    subprocess.run([*command, "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
