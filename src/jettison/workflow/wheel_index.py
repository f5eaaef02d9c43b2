"""Ask a package index which files there are of a version: the simple API, JSON or HTML.

Source: PEP 503, PEP 691; "pip configuration" for where the index is named.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from jettison.analysis.locked_files import LockedFiles
from jettison.edge.http import HttpClient, HttpError, Request

_ACCEPT: Final = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
_LARGEST: Final = 64 << 20
_AT_ONCE: Final = 8
_VARIABLES: Final = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


class _File(msgspec.Struct, frozen=True):
    filename: str


class _Page(msgspec.Struct, frozen=True):
    files: tuple[_File, ...] = ()


class WheelIndex:
    """One index; `failures` are what it could not be asked, in sentences."""

    def __init__(self, url: str, client: HttpClient) -> None:
        self._url = url.rstrip("/")
        self._client = client
        self.failures: list[str] = []

    def list_files(self, packages: Iterable[LockedFiles]) -> tuple[LockedFiles, ...]:
        """The same packages, with their files where the index has them."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return tuple(pool.map(self._list, packages))

    def _list(self, package: LockedFiles) -> LockedFiles:
        if package.is_listed or not package.version:
            return package
        url = f"{self._url}/{canonicalize_name(package.name)}/"
        try:
            with self._client.open(
                Request(method="GET", url=url, headers={"Accept": _ACCEPT})
            ) as response:
                if response.status != 200:
                    self.failures.append(f"{package.name}: the index answers {response.status}")
                    return package
                raw = response.read_all(_LARGEST)
                is_json = "json" in response.headers.get("Content-Type", "")
        except HttpError as err:
            self.failures.append(f"{package.name}: {err.message}")
            return package
        try:
            names = _json_names(raw) if is_json else _html_names(raw)
        except msgspec.DecodeError as err:
            self.failures.append(f"{package.name}: the index's answer is no list of files: {err}")
            return package
        version = _version(package.version)
        own = [name for name in names if version is not None and _version_of(name) == version]
        if not own:
            self.failures.append(f"{package.name}: the index has no file of {package.version}")
            return package
        return replace(
            package,
            wheels=tuple(sorted(name for name in own if name.endswith(".whl"))),
            has_source=any(not name.endswith(".whl") for name in own),
            is_listed=True,
        )


def find_index_url(environ: Mapping[str, str], home: Path) -> str:
    """The index that pip or uv was told to use; empty where neither was."""
    for variable in _VARIABLES:
        if environ.get(variable):
            return environ[variable]
    config_home = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = (
        environ.get("PIP_CONFIG_FILE", ""),
        str(config_home / "pip/pip.conf"),
        str(home / ".pip/pip.conf"),
        "/etc/pip.conf",
    )
    for place in places:
        found = _configured(place) if place else ""
        if found:
            return found
    return ""


def _configured(place: str) -> str:
    parser = configparser.RawConfigParser()
    try:
        parser.read(place, encoding="utf-8")
        return parser.get("global", "index-url", fallback="")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return ""


def _json_names(raw: bytes) -> list[str]:
    return [file.filename for file in msgspec.json.decode(raw, type=_Page).files]


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the name of the file that a link leads to."""
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.names.append(unquote(urlsplit(href).path.rpartition("/")[2]))


def _html_names(raw: bytes) -> list[str]:
    anchors = _Anchors()
    anchors.feed(raw.decode("utf-8", "replace"))
    return anchors.names


def _version_of(name: str) -> Version | None:
    try:
        if name.endswith(".whl"):
            return parse_wheel_filename(name)[1]
        return parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
