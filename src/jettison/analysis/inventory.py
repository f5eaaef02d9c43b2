"""The packages of one image, whatever kind they are: what scans, SBOMs and X-rays are made from.

These are the values; inventory_read makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from jettison.filetree import FileTree
from jettison.paths import ImagePath


class PackageType(StrEnum):
    """What kind of package it is, as documents name it; BINARY was installed by no manager."""

    DEB = "deb"
    APK = "apk"
    RPM = "rpm"
    PYTHON = "python"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distro:
    """Which distribution an image is of.

    Shape: `id` and `version_id` as in os-release (`debian`, `12`; `alpine`, `3.19.1`), empty where
    it does not say; `name` for people (`Debian GNU/Linux 12 (bookworm)`); `id_like` are the ids of
    those that it is made from, closest first.
    Source: os-release(5).
    """

    id: str
    version_id: str = ""
    codename: str = ""
    name: str = ""
    id_like: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package, as its records tell and as its files show.

    Shape: `name` as its ecosystem compares it (PEP 503 for Python), `title` as its record spells
    it; `source` and `source_version` are those of the source package, the same as the package's
    own where there is no other; `record` is what says that it is installed (dpkg's status, a
    `.dist-info` directory); `files` are real paths that exist, sorted; `missing` are paths that it
    lists and that are not in the image, as listed; `has_file_list` is off where no record lists
    its files; `requires` names what it depends on: for Python requirements as written, for OS
    packages names; `parent` names the distribution that a vendored one is a part of.
    Units: `size_bytes` sums its files, a hard-linked one once; `layer` counts from 0 and is the one
    that brought its record or, where many share a record, most of its files.
    """

    type: PackageType
    name: str
    title: str
    version: str
    source: str
    source_version: str
    record: ImagePath
    files: tuple[ImagePath, ...] = ()
    missing: tuple[str, ...] = ()
    size_bytes: int = 0
    layer: int = 0
    architecture: str = ""
    licenses: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    has_file_list: bool = True
    is_requested: bool = False
    parent: str = ""

    def __str__(self) -> str:
        return f"{self.type} {self.title} {self.version}"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every package of an image, sorted by type, name, version and record, and who owns what.

    Shape: `bundled` are what a package carries in itself with no more of a record than a line in a
    list of names, as pip does; they are no packages to any scanner, and their files are their
    parent's. Of packages that share a file the first counts as its owner: an OS package before a
    Python one, and a vendored one before the one that carries it.
    """

    packages: tuple[Package, ...]
    distro: Distro | None = None
    bundled: tuple[Package, ...] = ()
    _owners: dict[str, Package] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        owners: dict[str, Package] = {}
        for package in sorted(self.packages, key=_precedence):
            for path in package.files:
                owners.setdefault(path, package)
        object.__setattr__(self, "_owners", owners)

    def find_owner(self, path: str) -> Package | None:
        """Whose file the entry at this real path is; directories have no owner.

        Byte code that no list names, being made after the installation, is its source's owner's.
        """
        found = self._owners.get(path)
        if found is None and path.endswith(".pyc"):
            directory, _, name = path.rpartition("/")
            if directory.endswith("/__pycache__"):
                module = name.partition(".")[0]
                return self._owners.get(f"{directory.removesuffix('/__pycache__')}/{module}.py")
        return found


def sum_sizes(tree: FileTree, paths: Iterable[ImagePath]) -> int:
    """What these files take in bytes, those with several names counted once."""
    size = 0
    counted: set[tuple[int, ImagePath]] = set()
    for path in paths:
        entry = tree[path]
        if entry.hardlink is not None:
            if (entry.layer, entry.hardlink) in counted:
                continue
            counted.add((entry.layer, entry.hardlink))
        size += entry.size_bytes
    return size


def _precedence(package: Package) -> tuple[bool, bool]:
    is_system = package.type in (PackageType.DEB, PackageType.APK, PackageType.RPM)
    return (not is_system, not package.parent)
