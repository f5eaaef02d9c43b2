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
    `missing` what it lists and is not in the image, as listed, or None where no record lists its
    files; `depends` has one tuple of alternatives per dependency, versions left out; `provides`
    includes libraries and virtual packages; `record` is the file that says it is installed and
    `stanza` its part of that file (empty for rpm); `listing` is where its files are listed, if
    apart; `is_base` tells that every system of its kind has it; `license` is as its record has it.
    """

    kind: PackageKind
    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    record: ImagePath
    files: tuple[ImagePath, ...] = ()
    missing: tuple[str, ...] | None = ()
    license: str = ""
    depends: tuple[tuple[str, ...], ...] = ()
    provides: tuple[str, ...] = ()
    stanza: bytes = b""
    listing: ImagePath | None = None
    is_base: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.version}"


def find_record(tree: FileTree, places: Iterable[str]) -> ImagePath | None:
    """The real path of the first of these places that is a file, links followed."""
    for place in places:
        found = tree.resolve(place)
        if found.entry is not None and found.entry.is_file:
            return found.path
    return None


class RealPaths:
    """Turns paths as package records name them (`/bin/ls`) into real ones (`/usr/bin/ls`)."""

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._directories: dict[str, str] = {}

    def divide(self, listed: Iterable[str]) -> tuple[tuple[ImagePath, ...], tuple[str, ...]]:
        """Those that are in the image and no directories, and as listed those that are not there.

        Shape: both sorted, each path once. Only links of parents are followed.
        """
        found: set[ImagePath] = set()
        missing: set[str] = set()
        for path in listed:
            entry = self._tree.find(self.real(path))
            if entry is None:
                missing.add(path)
            elif not entry.is_directory:
                found.add(entry.path)
        return tuple(sorted(found)), tuple(sorted(missing))

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
