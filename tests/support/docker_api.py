"""A Docker Engine that answers what a test tells it to, on a Unix socket."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

API_VERSION = "1.41"


@dataclass(slots=True)
class FakeEngine:
    """Answers by method and path (without the version); `loaded` is what was sent to it.

    Shape: an answer is a JSON value, raw bytes, or a function of the handler that answers itself.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    loaded: bytes = b""


class Handler(BaseHTTPRequestHandler):
    """One request; an unknown path is not found, as in the engine."""

    engine: FakeEngine

    def address_string(self) -> str:
        """A Unix socket has no address."""
        return "unix"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name above
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Take the body and answer."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.engine.loaded = body
        self._answer("POST")

    def _answer(self, method: str) -> None:
        path = self.path.removeprefix(f"/v{API_VERSION}").partition("?")[0]
        self.engine.requests.append(f"{method} {path}")
        missing = {"message": "No such image: it"}
        answer = self.engine.answers.get(f"{method} {path}", missing)
        if isinstance(answer, Callable):  # type: ignore[arg-type]  # typing takes it for no class
            answer(self)
            return
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(404 if answer is missing else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextmanager
def fake_engine(socket: Path) -> Iterator[FakeEngine]:
    """Serve on `socket` until the block ends."""
    engine = FakeEngine()
    engine.answers["GET /version"] = {"ApiVersion": API_VERSION, "Version": "20.10.24"}
    handler = type("_Handler", (Handler,), {"engine": engine})
    with _Server(str(socket), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield engine
        finally:
            server.shutdown()
            thread.join()
