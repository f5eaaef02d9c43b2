"""Steps as written on the command line: `--probe "METHOD PATH [STATUS]"`."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from jettison.errors import UsageError
from jettison.probe.model import Expectation, Request

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_STATUS: Final = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?")
_PORT_PREFIX: Final = re.compile(r":(\d{1,5})(/.*)?")
_PATH_SAFE: Final = "/%:@!$&'()*+,;=~-._?{}"
_HINT: Final = "write it as 'GET /path', 'POST :8080/path 201' or 'GET https://localhost:8443/ 2xx'"


def parse_probe(text: str, *, where: str = "--probe") -> Request:
    """Parse `[METHOD] PATH [STATUS]`; PATH may be `:PORT/path` or a URL of localhost.

    Raises: UsageError.
    """
    words = text.split()
    method = "GET"
    if words and words[0].upper() in METHODS:
        method = words.pop(0).upper()
    if not words or len(words) > 2:
        raise UsageError(f"{where}: {text!r} is not understood", hint=_HINT)
    scheme, port, path = parse_address(words[0], where=where)
    statuses = parse_statuses(words[1], where=where) if len(words) == 2 else ()
    return Request(
        method=method,
        path=path,
        port=port,
        scheme=scheme,
        expect=Expectation(statuses=statuses),
        where=where,
    )


def parse_address(text: str, *, where: str) -> tuple[str | None, int | None, str]:
    """Split a path, `:PORT/path` or URL into scheme, port and path.

    Shape: the path has its query and is percent-encoded where it must be; `{{name}}` stays.
    Raises: UsageError.
    """
    prefix = _PORT_PREFIX.fullmatch(text)
    if prefix is not None:
        return None, parse_port(prefix[1], where=where), encode_path(prefix[2] or "/")
    if text.startswith(("http://", "https://")):
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as err:
            raise UsageError(f"{where}: {text!r}: {err}", hint=_HINT) from err
        if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise UsageError(
                f"{where}: {text!r} leads out of the container",
                hint="probes go to the app itself; name it localhost, or give the path alone",
            )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        default = 443 if parts.scheme == "https" else 80
        return parts.scheme, port or default, encode_path(target)
    if text.startswith("/") or re.fullmatch(r"\{\{\s*\w+\s*\}\}", text):
        return None, None, encode_path(text)
    raise UsageError(f"{where}: the path {text!r} does not start with /", hint=_HINT)


def encode_path(path: str) -> str:
    """Percent-encode what may not stand in a path and query."""
    return quote(path.partition("#")[0], safe=_PATH_SAFE)


def parse_port(text: str, *, where: str) -> int:
    """A TCP port.

    Raises: UsageError.
    """
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:6]) < 65536:
        raise UsageError(f"{where}: {text!r} is not a port", hint="ports go from 1 to 65535")
    return int(text)


def parse_statuses(text: str, *, where: str) -> tuple[tuple[int, int], ...]:
    """Parse `200`, `2xx`, `200-204` or several with commas.

    Raises: UsageError.
    """
    ranges: list[tuple[int, int]] = []
    for item in text.split(","):
        match = _STATUS.fullmatch(item.strip().lower())
        if match is None:
            raise UsageError(
                f"{where}: {item.strip()!r} is not a status",
                hint="write 200, 2xx, 200-204 or several of them with commas",
            )
        if match[1]:
            ranges.append((int(match[1]) * 100, int(match[1]) * 100 + 99))
        else:
            ranges.append((int(match[2]), int(match[3] or match[2])))
    return tuple(ranges)
