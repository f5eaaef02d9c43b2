"""A server of exports: tags, dates, conditional and range requests, and lines that break."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from support.web import Handler, Web, serve


@dataclass(slots=True, kw_only=True)
class OsvServer:
    """What it serves and how it fails; `breaks` are bytes after which the line breaks, by turn."""

    base: Path
    web: Web
    breaks: list[int] = field(default_factory=list)
    has_etag: bool = True
    has_ranges: bool = True
    status: int = 0

    @property
    def url(self) -> str:
        return f"{self.web.url}/osv"

    def ranges(self) -> list[str]:
        """The range that each request asked for."""
        return [asked.headers.get("range", "") for asked in self.web.asked]

    def answer(self, handler: Handler) -> None:
        path = self.base / unquote(handler.asked.path.removeprefix("/osv/"))
        if self.status:
            handler.send(self.status)
        elif not path.is_file():
            handler.send(404, b"no such object")
        else:
            self._send(handler, path.read_bytes())

    def _send(self, handler: Handler, data: bytes) -> None:
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        asked = handler.asked.headers
        headers = {"ETag": tag} if self.has_etag else {}
        if self.has_etag and asked.get("if-none-match") == tag:
            handler.send(304, headers={**headers, "Content-Length": "0"})
            return
        status, start = 200, 0
        fits = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        if self.has_ranges and fits and asked.get("if-range", tag) == tag:
            status, start = 206, int(fits[1])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = data[start:]
        cut = self.breaks.pop(0) if self.breaks else len(body)
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body[:cut])
        if cut < len(body):
            handler.close_connection = True


@contextmanager
def osv_server(base: Path) -> Iterator[OsvServer]:
    """Serve a directory of exports until the block ends."""
    made: list[OsvServer] = []
    with serve(lambda handler: made[0].answer(handler)) as web:  # noqa: PLW0108  # made later
        made.append(OsvServer(base=base, web=web))
        yield made[0]
