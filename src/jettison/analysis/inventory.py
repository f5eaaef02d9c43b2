"""The packages of one image, whatever kind they are: what scans, SBOMs and X-rays are made from.

Reading the records of each kind is the work of dpkg, apk, rpm and python_packages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from jettison.paths import ImagePath


class PackageType(StrEnum):
    """What kind of package it is, as documents name it."""

    DEB = "deb"
    APK = "apk"
    RPM = "rpm"
    PYTHON = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distro:
    """Which distribution an image is of.

    Shape: `id` and `version_id` as in os-release (`debian`, `12`; `alpine`, `3.19.1`), empty where
    it does not say; `name` for people (`Debian GNU/Linux 12 (bookworm)`).
    Source: os-release(5).
    """

    id: str
    version_id: str = ""
    codename: str = ""
    name: str = ""


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

    Shape: of packages that share a file the first counts as its owner, an OS package before a
    Python one.
    """

    packages: tuple[Package, ...]
    distro: Distro | None = None
    _owners: dict[str, Package] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        owners: dict[str, Package] = {}
        for package in sorted(self.packages, key=lambda item: item.type is PackageType.PYTHON):
            for path in package.files:
                owners.setdefault(path, package)
        object.__setattr__(self, "_owners", owners)

    def find_owner(self, path: str) -> Package | None:
        """Whose file the entry at this real path is; directories have no owner."""
        return self._owners.get(path)
