"""From which wheels the Python packages of an image were installed, as their records tell.

Source: PyPA, "Recording installed projects" and "Binary distribution format", the file WHEEL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.analysis.inventory import Inventory, Package, PackageType
from jettison.analysis.locked_files import LockedFiles
from jettison.filetree import RootFS
from jettison.paths import ImagePath

_LARGEST: Final = 1 << 20
_TAG: Final = re.compile(rb"^Tag:[ \t]*([A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+)\s*$", re.M)
_PYTHON: Final = re.compile(rb"^Requires-Python:[ \t]*([^\r\n]{1,200}?)\s*$", re.M)


def read_installed_wheels(
    rootfs: RootFS, inventory: Inventory
) -> Iterator[tuple[int, LockedFiles]]:
    """Each installed distribution with the layer that brought it.

    Shape: `wheels` is the one it was installed from; others that its index has are not known, so
    `is_listed` is off.
    """
    for package in inventory.packages:
        if package.type is PackageType.PYTHON and not package.parent:
            yield package.layer, _files_of(rootfs, package)


def _files_of(rootfs: RootFS, package: Package) -> LockedFiles:
    project = package.name.replace("-", "_")
    # Dashes part the name of a wheel; a version cannot have one there.
    version = package.version.replace("-", "_")
    tags = _TAG.findall(_read(rootfs, package.record / "WHEEL"))
    metadata = _read(rootfs, package.record / "METADATA").partition(b"\n\n")[0]
    wanted = _PYTHON.search(metadata)
    return LockedFiles(
        name=package.name,
        version=package.version,
        wheels=tuple(sorted(f"{project}-{version}-{tag.decode()}.whl" for tag in tags)),
        is_listed=False,
        requires_python=wanted[1].decode("ascii", "replace") if wanted is not None else "",
    )


def _read(rootfs: RootFS, path: ImagePath) -> bytes:
    entry = rootfs.tree.get(path)
    if entry is None or not entry.is_file:
        return b""
    with rootfs.open(path) as file:
        return file.read(_LARGEST)
