"""Which OS packages an image records, and which of its files each owns.

One module per package manager reads its records; this one has what they share.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from jettison.filetree import FileTree
from jettison.paths import ImagePath


class PackageKind(StrEnum):
    """The package manager; the values are those of package URLs."""

    DEB = "deb"
    APK = "apk"
    RPM = "rpm"


@dataclass(frozen=True, slots=True, kw_only=True)
class OsPackage:
    """One installed package.

    Shape: `files` are the real paths of what it owns, is in the image and is no directory, sorted;
    `depends` has one tuple of alternatives per dependency, versions left out; `provides` includes
    libraries and virtual packages; `record` is the file that says it is installed and `stanza` its
    part of that file (empty for rpm); `listing` is where its files are listed, if apart; `is_base`
    tells that every system of its kind has it.
    """

    kind: PackageKind
    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    record: ImagePath
    files: tuple[ImagePath, ...] = ()
    depends: tuple[tuple[str, ...], ...] = ()
    provides: tuple[str, ...] = ()
    stanza: bytes = b""
    listing: ImagePath | None = None
    is_base: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.version}"


class RealPaths:
    """Turns paths as package records name them (`/bin/ls`) into real ones (`/usr/bin/ls`)."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._directories: dict[str, str] = {}

    def of(self, listed: Iterable[str]) -> list[ImagePath]:
        """Those that are in the image and no directories. Only links of parents are followed."""
        entries = (self._tree.find(self.real(path)) for path in listed)
        return [entry.path for entry in entries if entry is not None and not entry.is_directory]

    def real(self, path: str) -> str:
        """The path with the links of its parents followed, whether or not anything is there."""
        directory, _, name = path.rpartition("/")
        real = self._directories.get(directory)
        if real is None:
            real = self._directories[directory] = self._real_directory(directory)
        return f"{real}/{name}"

    def _real_directory(self, directory: str) -> str:
        resolved = self._tree.resolve(posixpath.join("/", directory))
        if resolved.entry is None:
            return directory
        return "" if resolved.path == "/" else str(resolved.path)
