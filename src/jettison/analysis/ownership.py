"""Which OS package owns each path. Python distributions' files are python_packages' matter."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from jettison.analysis.apk import read_apk
from jettison.analysis.dpkg import read_dpkg
from jettison.analysis.os_packages import OsPackage
from jettison.analysis.rpm import read_rpm
from jettison.filetree import RootFS
from jettison.paths import ImagePath

# A line of RECORD whose path climbs out of site-packages: console scripts, data files.
_OUTSIDE: Final = re.compile(rb"^\"?(\.\./[^,\"\r\n]+)", re.MULTILINE)
_MAX_RECORD_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Ownership:
    """The OS packages of one image, in the order of their records, and who owns what.

    Shape: of packages that share a file (multi-arch ones do) the first counts as its owner.
    """

    packages: tuple[OsPackage, ...]
    _owners: dict[str, OsPackage] = field(init=False, repr=False)
    _names: dict[str, OsPackage] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        owners: dict[str, OsPackage] = {}
        names: dict[str, OsPackage] = {}
        for package in self.packages:
            names.setdefault(package.name, package)
            for path in package.files:
                owners.setdefault(path, package)
        for package in self.packages:
            for name in package.provides:
                names.setdefault(name, package)
        object.__setattr__(self, "_owners", owners)
        object.__setattr__(self, "_names", names)

    @classmethod
    def read(cls, rootfs: RootFS) -> Ownership:
        """Read whatever package records the image has; each kind may be absent."""
        return cls((*read_dpkg(rootfs), *read_apk(rootfs), *read_rpm(rootfs)))

    def find_owner(self, path: str) -> OsPackage | None:
        """The package that owns the entry at this real path; directories have no owner."""
        return self._owners.get(path)

    def find_package(self, name: str) -> OsPackage | None:
        """The package of this name, or the first that provides it."""
        return self._names.get(name)

    def dependencies(self, packages: Iterable[OsPackage]) -> tuple[OsPackage, ...]:
        """What these need, as far as it is installed, transitively; themselves not included."""
        given = {package.name for package in packages}
        found: dict[str, OsPackage] = {}
        pending = [self._names[name] for name in sorted(given) if name in self._names]
        while pending:
            for alternatives in pending.pop().depends:
                for name in alternatives:
                    package = self._names.get(name)
                    if package is not None and package.name not in given | found.keys():
                        found[package.name] = package
                        pending.append(package)
        return tuple(found[name] for name in sorted(found))


def find_installed_outside(rootfs: RootFS) -> frozenset[ImagePath]:
    """Files that Python distributions put outside of their site-packages, by RECORD.

    Shape: real paths that exist: `/usr/local/bin/gunicorn`, `/usr/local/etc/jupyter/…`.
    """
    found: set[ImagePath] = set()
    for path, entry in rootfs.tree.items():
        if not path.endswith(".dist-info/RECORD") or not entry.is_file:
            continue
        site = path.parent.parent
        with rootfs.open(path) as stream:
            data = stream.read(_MAX_RECORD_BYTES)
        for match in _OUTSIDE.finditer(data):
            listed = posixpath.join(site, match[1].decode("utf-8", "surrogateescape"))
            real = rootfs.tree.resolve(listed, follow_last=False)
            if real.entry is not None and not real.entry.is_directory:
                found.add(real.path)
    return frozenset(found)
