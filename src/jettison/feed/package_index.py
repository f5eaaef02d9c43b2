"""Which versions of a distribution an index has, and the files of each.

What an index answers is read by `pypi-simple`: HTML and JSON, old and new.
"""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from pypi_simple import PYPI_SIMPLE_ENDPOINT, ProjectPage, UnsupportedRepoVersionError

from jettison.edge.http import HttpClient, HttpError, Request
from jettison.errors import TransportError

_ACCEPT: Final = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
_LARGEST_BYTES: Final = 64 << 20
_VARIABLES: Final = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file of a distribution.

    Shape: `hashes` as `sha256:…`; `requires_python` as the index says, empty for any.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    requires_python: str = ""
    is_yanked: bool = False

    @property
    def is_wheel(self) -> bool:
        """Whether nothing has to be built."""
        return self.name.endswith(".whl")

    def allows(self, python: str) -> bool:
        """Whether it is for this version of Python; an odd condition excludes nobody."""
        try:
            return SpecifierSet(self.requires_python).contains(python, prereleases=True)
        except InvalidSpecifier:
            return True


class PackageIndex:
    """One index; each distribution is asked for once."""

    def __init__(self, url: str, client: HttpClient) -> None:
        self.url = url.rstrip("/")
        self._client = client
        self.files = cache(self._files)

    def versions(self, name: str, *, python: str) -> tuple[str, ...]:
        """Versions that this Python can install, yanked ones left out, in the index's order.

        Raises: TransportError.
        """
        return tuple(
            dict.fromkeys(
                file.version
                for file in self.files(name)
                if not file.is_yanked and file.allows(python)
            )
        )

    def hashes(self, name: str, version: str) -> tuple[str, ...]:
        """The SHA-256 of every file of a version, sorted.

        Raises: TransportError.
        """
        return tuple(
            sorted(
                {
                    digest
                    for file in self.files(name)
                    if file.version == version
                    for digest in file.hashes
                }
            )
        )

    def _files(self, name: str) -> tuple[IndexFile, ...]:
        url = f"{self.url}/{canonicalize_name(name)}/"
        request = Request(method="GET", url=url, headers={"Accept": _ACCEPT})
        try:
            with self._client.open(request) as answer:
                if answer.status != 200:
                    raise TransportError(
                        f"{name}: the index answers {answer.status}",
                        hint="name another one with --index-url",
                    )
                raw = answer.read_all(_LARGEST_BYTES)
                is_json = "json" in answer.headers.get("Content-Type", "")
        except HttpError as err:
            raise TransportError(f"{name}: {err.message}", hint=err.hint) from err
        try:
            page = (
                ProjectPage.from_json_data(json.loads(raw), url)
                if is_json
                else ProjectPage.from_html(name, raw, url)
            )
        except (ValueError, UnsupportedRepoVersionError) as err:
            raise TransportError(f"{name}: the index's answer is no list of files: {err}") from err
        return tuple(
            IndexFile(
                name=package.filename,
                version=package.version,
                hashes=tuple(
                    f"sha256:{digest}"
                    for kind, digest in package.digests.items()
                    if kind == "sha256"
                ),
                requires_python=package.requires_python or "",
                is_yanked=package.is_yanked,
            )
            for package in page.packages
            if package.version and package.package_type in ("wheel", "sdist")
        )


def find_index_url(environ: Mapping[str, str], home: Path) -> str:
    """The index that pip or uv was told to use, or the public one.

    Source: pip's user guide, "Configuration".
    """
    for variable in _VARIABLES:
        if environ.get(variable):
            return environ[variable]
    config_home = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = (
        *([Path(environ["PIP_CONFIG_FILE"])] if environ.get("PIP_CONFIG_FILE") else []),
        config_home / "pip/pip.conf",
        home / ".pip/pip.conf",
        Path("/etc/pip.conf"),
    )
    for place in places:
        if found := _configured(place):
            return found
    return PYPI_SIMPLE_ENDPOINT


def _configured(place: Path) -> str:
    parser = configparser.RawConfigParser()
    try:
        parser.read(place, encoding="utf-8")
        return parser.get("global", "index-url", fallback="")
    except (configparser.Error, UnicodeDecodeError, OSError):
        return ""
