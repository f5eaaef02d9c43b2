"""Which package each path of an image belongs to, and how many packages there are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from jettison.analysis.inventory import Inventory, Package, PackageType
from jettison.analysis.inventory_read import read_inventory
from jettison.filetree import RootFS
from jettison.paths import ImagePath
from jettison.report.facts import PackageCounts
from jettison.selection.facts import Facts

_SYSTEM = frozenset({PackageType.DEB, PackageType.APK, PackageType.RPM})


class Packages:
    """The packages of one image, read when they are first asked for."""

    def __init__(self, rootfs: RootFS) -> None:
        self.facts = Facts(rootfs)
        self._rootfs = rootfs

    @cached_property
    def inventory(self) -> Inventory:
        """Every package."""
        return read_inventory(self._rootfs, self.facts.ownership)

    @cached_property
    def _distributions(self) -> dict[str, Package]:
        """Python's, even where their files are an OS package's too; the carrying one of two."""
        found: dict[str, Package] = {}
        for package in sorted(self.inventory.packages, key=lambda item: bool(item.parent)):
            if package.type is PackageType.PYTHON:
                for path in package.files:
                    found.setdefault(path, package)
        return found

    @property
    def counts(self) -> PackageCounts:
        """How many of each kind."""
        kinds = [package.type for package in self.inventory.packages]
        return PackageCounts(
            os=sum(kind in _SYSTEM for kind in kinds), python=kinds.count(PackageType.PYTHON)
        )

    def owner(self, path: ImagePath) -> str:
        """Such as `deb perl-base 5.36.0-7` or `python Flask 2.3.3`; empty for nobody's."""
        package = self.inventory.find_owner(path)
        return str(package) if package is not None else ""

    def distribution_files(self, path: ImagePath) -> Sequence[ImagePath]:
        """All paths of the Python distribution that a path belongs to, none if it has none."""
        package = self._distributions.get(path)
        return package.files if package is not None else ()
