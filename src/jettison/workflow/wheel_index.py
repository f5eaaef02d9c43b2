"""Which wheels there are of what is locked, as a package index tells."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from packaging.version import InvalidVersion, Version

from jettison.analysis.locked_files import LockedFiles
from jettison.edge.http import HttpClient
from jettison.errors import TransportError
from jettison.feed.package_index import PackageIndex

_AT_ONCE: Final = 8


class WheelIndex:
    """One index; `failures` are what it could not be asked, in sentences."""

    def __init__(self, url: str, client: HttpClient) -> None:
        self._index = PackageIndex(url, client)
        self.failures: list[str] = []

    def list_files(self, packages: Iterable[LockedFiles]) -> tuple[LockedFiles, ...]:
        """The same packages, with their files where the index has them."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return tuple(pool.map(self._list, packages))

    def _list(self, package: LockedFiles) -> LockedFiles:
        if package.is_listed or not package.version:
            return package
        try:
            files = self._index.files(package.name)
        except TransportError as err:
            self.failures.append(err.message)
            return package
        wanted = _version(package.version)
        own = [file for file in files if _version(file.version) == wanted]
        if not own:
            self.failures.append(f"{package.name}: the index has no file of {package.version}")
            return package
        return replace(
            package,
            wheels=tuple(sorted(file.name for file in own if file.is_wheel)),
            is_listed=True,
        )


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
