"""The addresses that an answer names: HTML, CSS, sitemaps, robots.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

from jettison.probe.capture import text_of
from jettison.probe.html import Tag, find_tags
from jettison.probe.model import Answer, Endpoint

_CSS_URL: Final = re.compile(r"""url\(\s*+(?:"([^"\n]*+)"|'([^'\n]*+)'|([^\s"'()]++))\s*+\)""")
_CSS_IMPORT: Final = re.compile(r"""@import\s++(?:"([^"\n]*+)"|'([^'\n]*+)')""")
_LOCATION: Final = re.compile(r"<loc>\s*+([^<\s]++)\s*+</loc>", re.IGNORECASE)
_REFRESH: Final = re.compile(r"\s*+[\d.]*+\s*+[;,]\s*+url\s*+=\s*+(.*)", re.IGNORECASE)
_LONGEST_URL: Final = 2048
_MOST_TAGS: Final = 20_000
# An absolute path in normal form, as most links are; others take four times as long to resolve.
_PLAIN: Final = re.compile(
    r"/(?!/)(?:[A-Za-z0-9_~-]++|/(?![/.])|(?<!\.)\.(?!\.))*(?:\?[A-Za-z0-9_=&.-]++)?"
)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_ATTRIBUTES: Final = {
    "a": ("href",),
    "area": ("href",),
    "audio": ("src",),
    "embed": ("src",),
    "frame": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href", "imagesrcset"),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "video": ("src", "poster"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An origin by all names that the app may call it; other origins are never asked.

    Shape: requests need not name the port of the app's first endpoint, which `is_first` says.
    """

    endpoint: Endpoint
    host: str
    is_first: bool = True

    def find_path(self, reference: str, base: str) -> str | None:
        """The path and query of a reference found at `base`; None if it leads elsewhere.

        Shape: `base` is a path, or an absolute URL that a `<base>` element gave.
        """
        reference = reference.strip()
        if not reference or len(reference) > _LONGEST_URL:
            return None
        if base.startswith("/") and _PLAIN.fullmatch(reference):
            return reference
        try:
            parts = urlsplit(urljoin(urljoin(self._root, base), reference))
            port = parts.port
        except ValueError:
            return None
        if parts.scheme != self.endpoint.scheme:
            return None
        if (parts.hostname or "") not in self._names:
            return None
        if (port or _DEFAULT_PORTS[parts.scheme]) not in self._ports:
            return None
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
        target = f"{path}?{query}" if query else path
        return target if len(target) <= _LONGEST_URL else None

    @property
    def port(self) -> int | None:
        """What requests give as their port."""
        return None if self.is_first else self.endpoint.port

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        if self.endpoint.port == _DEFAULT_PORTS[self.endpoint.scheme]:
            return self.host
        return f"{self.host}:{self.endpoint.port}"

    @property
    def _root(self) -> str:
        return f"{self.endpoint.scheme}://{self.authority}/"

    @property
    def _names(self) -> frozenset[str]:
        unspecified = "0.0.0.0"  # noqa: S104  # apps that listen there link to it
        return frozenset({self.host.lower(), "localhost", "127.0.0.1", "::1", unspecified})

    @property
    def _ports(self) -> frozenset[int]:
        return frozenset({self.endpoint.port})


def find_links(answer: Answer, path: str, site: Site) -> tuple[str, ...]:
    """The paths on the same site that an answer names, in its order, each once."""
    found = (
        site.find_path(reference, base or path) for base, reference in _references(answer, path)
    )
    return tuple(dict.fromkeys(target for target in found if target is not None))


def _references(answer: Answer, path: str) -> Iterator[tuple[str, str]]:
    kind = answer.media_type
    if kind in ("text/html", "application/xhtml+xml"):
        yield from _in_html(text_of(answer))
    elif kind == "text/css":
        yield from (("", item) for item in _in_css(text_of(answer)))
    elif kind.endswith("xml") and "sitemap" in path:
        yield from (("", unescape(match[1])) for match in _LOCATION.finditer(text_of(answer)))
    elif path == "/robots.txt" and kind == "text/plain":
        yield from (("", item) for item in _in_robots(text_of(answer)))


def _in_html(document: str) -> Iterator[tuple[str, str]]:
    base = ""
    form: _Form | None = None
    for tag in islice(find_tags(document), _MOST_TAGS):
        if tag.name == "base" and not base:
            base = tag.get("href")
        elif tag.name == "form":
            if form is not None:
                yield base, form.target
            # Any other method than GET may change something.
            is_get = tag.get("method").lower() in ("", "get")
            form = _Form(tag.get("action")) if is_get else None
        else:
            if form is not None and tag.name == "input":
                form.add(tag)
            yield from ((base, item) for item in _in_tag(tag))
    if form is not None:
        yield base, form.target


class _Form:
    """A GET form as a browser would send it untouched."""

    def __init__(self, action: str) -> None:
        self._action = action.partition("#")[0].partition("?")[0].strip()
        self._fields: list[tuple[str, str]] = []

    def add(self, tag: Tag) -> None:
        kind = tag.get("type").lower()
        is_sent = kind not in ("submit", "button", "image", "reset", "file", "password") and (
            kind not in ("checkbox", "radio") or tag.has("checked")
        )
        if tag.get("name") and is_sent and not tag.has("disabled") and len(self._fields) < 50:
            self._fields.append((tag.get("name"), tag.get("value")))

    @property
    def target(self) -> str:
        return f"{self._action}?{urlencode(self._fields)}"


def _in_tag(tag: Tag) -> Iterator[str]:
    if tag.name == "link" and {"preconnect", "dns-prefetch"} & set(tag.get("rel").split()):
        return
    for name in _ATTRIBUTES.get(tag.name, ()):
        value = tag.get(name)
        if name.endswith("srcset"):
            yield from (item.split()[0] for item in value.split(",") if item.strip())
        elif value:
            yield value
    if tag.name == "meta" and tag.get("http-equiv").lower() == "refresh":
        match = _REFRESH.match(tag.get("content"))
        if match is not None:
            yield match[1].strip("\"' ")
    yield from _in_css(tag.get("style"))
    yield from _in_css(tag.text)


def _in_css(text: str) -> Iterator[str]:
    for expression in (_CSS_IMPORT, _CSS_URL):
        for match in expression.finditer(text):
            value = next((group for group in match.groups() if group), "")
            if not value.startswith("data:"):
                yield value


def _in_robots(text: str) -> Iterator[str]:
    for line in text.splitlines()[:500]:
        key, _, value = line.partition("#")[0].partition(":")
        value = value.strip()
        is_path = value.startswith("/") and "*" not in value and "$" not in value
        if key.strip().lower() == "sitemap" or (
            key.strip().lower() in ("allow", "disallow") and is_path
        ):
            yield value
