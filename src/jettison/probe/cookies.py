"""The cookies of one probing session.

Looser than a browser on purpose: all ports of the container share one jar, `Domain` is ignored
(the app may think that it is called something else) and `Secure` cookies are sent over plain HTTP
as well, as browsers do for localhost.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

# RFC 6265, section 6.1 asks user agents for at least 50 cookies of 4096 bytes.
_MOST: Final = 200
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie that an app set; `is_expired` means that it is to be forgotten."""

    name: str
    value: str
    path: str
    is_expired: bool = False


class CookieJar:
    """What the app set, sent back where the path fits."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str], str] = {}

    def __bool__(self) -> bool:
        return bool(self._cookies)

    def take(self, headers: Iterable[tuple[str, str]], request_path: str) -> None:
        """Keep what an answer to `request_path` sets and forget what it expires."""
        for name, value in headers:
            if name.lower() != "set-cookie":
                continue
            cookie = parse_set_cookie(value, request_path, now_s=time.time())
            if cookie is None:
                continue
            key = (cookie.name, cookie.path)
            if cookie.is_expired:
                self._cookies.pop(key, None)
            elif key in self._cookies or len(self._cookies) < _MOST:
                self._cookies[key] = cookie.value

    def header(self, path: str) -> str:
        """The value of the Cookie header for a path; empty where none fits."""
        fitting = [
            (cookie_path, name, value)
            for (name, cookie_path), value in self._cookies.items()
            if _covers(cookie_path, path.partition("?")[0])
        ]
        # Longer paths come first: RFC 6265, section 5.4.
        fitting.sort(key=lambda item: -len(item[0]))
        return "; ".join(f"{name}={value}" for _, name, value in fitting)

    def find(self, name: str) -> str | None:
        """The value of a cookie of that name, whatever its path."""
        return next((value for (key, _), value in self._cookies.items() if key == name), None)


def parse_set_cookie(text: str, request_path: str, *, now_s: float) -> Cookie | None:
    """Read one Set-Cookie header; None where there is no cookie in it.

    Units: `now_s` in seconds since 1970.
    Source: RFC 6265, section 5.2.
    """
    if len(text) > _LONGEST:
        return None
    pair, *attributes = text.split(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name:
        return None
    path = request_path.partition("?")[0].rpartition("/")[0] or "/"
    is_expired = False
    max_age: int | None = None
    for attribute in attributes:
        key, _, setting = attribute.partition("=")
        key, setting = key.strip().lower(), setting.strip()
        if key == "path" and setting.startswith("/"):
            path = setting
        elif key == "max-age":
            max_age = _integer(setting)
        elif key == "expires":
            is_expired = _is_past(setting, now_s)
    if max_age is not None:
        is_expired = max_age <= 0
    return Cookie(name=name, value=value, path=path, is_expired=is_expired)


def _integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:
        return None
    return int(text)


def _is_past(text: str, now_s: float) -> bool:
    try:
        return parsedate_to_datetime(text.replace("-", " ")).timestamp() <= now_s
    except (ValueError, OverflowError, TypeError):
        return False


def _covers(cookie_path: str, path: str) -> bool:
    # RFC 6265, section 5.1.4.
    return path == cookie_path or path.startswith(cookie_path.rstrip("/") + "/")
