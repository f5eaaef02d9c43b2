"""Read every package of an image, of whatever kind, from the records and files that it has.

Reading each kind of record is the work of dpkg, apk, rpm and python_packages; python_vendored and
python_builds find what has no record of its own. This module makes one list of it all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from jettison.analysis.distro import read_distro
from jettison.analysis.inventory import Inventory, Package, PackageType, sum_sizes
from jettison.analysis.os_packages import OsPackage
from jettison.analysis.ownership import Ownership
from jettison.analysis.python_builds import find_python_builds
from jettison.analysis.python_packages import Distribution, read_distribution
from jettison.analysis.python_vendored import read_vendored
from jettison.filetree import FileTree, RootFS
from jettison.paths import ImagePath

_METADATA: Final = (".dist-info", ".egg-info", ".egg/EGG-INFO")
_VENDOR_LISTS: Final = ("/_vendor/vendor.txt", "/_vendor/vendored.txt")


def read_inventory(rootfs: RootFS, ownership: Ownership | None = None) -> Inventory:
    """Every package of the image; `ownership` where the OS packages were read already.

    Shape: a package of Python appears once for each place it is installed in, those that others
    carry in themselves included.
    """
    system = ownership if ownership is not None else Ownership.read(rootfs)
    found = [_of_system(rootfs.tree, item) for item in system.packages]
    python, bundled = _python(rootfs)
    found += python
    found += find_python_builds(rootfs, system)
    return Inventory(
        tuple(sorted(found, key=_order)), read_distro(rootfs), tuple(sorted(bundled, key=_order))
    )


def find_unowned(tree: FileTree, inventory: Inventory) -> Iterator[ImagePath]:
    """What is no directory and belongs to no package, in path order.

    The records of packages are among them, and so is what a package made when it was installed.
    """
    for path, entry in tree.items():
        if not entry.is_directory and inventory.find_owner(path) is None:
            yield path


def _of_system(tree: FileTree, item: OsPackage) -> Package:
    return Package(
        type=PackageType(item.kind),
        name=item.name,
        title=item.name,
        version=item.version,
        source=item.source,
        source_version=item.source_version,
        record=item.record,
        files=item.files,
        missing=item.missing or (),
        size_bytes=sum_sizes(tree, item.files),
        layer=_layer_of_system(tree, item),
        architecture=item.architecture,
        licenses=(item.license,) if item.license else (),
        requires=tuple(dict.fromkeys(name for names in item.depends for name in names)),
        has_file_list=item.missing is not None,
    )


def _layer_of_system(tree: FileTree, item: OsPackage) -> int:
    """A list of files is written when its package is installed; a status file by all of them."""
    if item.listing is not None:
        return tree[item.listing].layer
    layers = Counter(tree[path].layer for path in item.files)
    if layers:
        return min(layers, key=lambda layer: (-layers[layer], layer))
    return tree[item.record].layer if item.record in tree else 0


def _order(item: Package) -> tuple[str, ...]:
    return (item.type, item.name, item.version, item.record)


def _python(rootfs: RootFS) -> tuple[list[Package], list[Package]]:
    """Installed ones and bundled ones.

    They are wherever their metadata is: in site directories, in other packages, in somebody's
    sources.
    """
    tree = rootfs.tree
    places: list[ImagePath] = []
    lists: list[ImagePath] = []
    for path in tree:
        if path.endswith(_METADATA):
            places.append(path)
        elif path.endswith(_VENDOR_LISTS):
            lists.append(path)
    found = [item for place in places if (item := read_distribution(rootfs, place)) is not None]
    owners = _Owners(found)
    packages = [_of_python(tree, item, owners.parent(item)) for item in found if item.version]
    bundled: list[Package] = []
    for path in lists:
        known = {item.name for item in found if item.location == path.parent}
        parent = owners.of_file(path)
        name = parent.name if parent is not None else path.parent.parent.name
        bundled += (
            _of_python(tree, item, name)
            for item in read_vendored(rootfs, path)
            if item.name not in known
        )
    return packages, bundled


class _Owners:
    """Which distribution a file is a part of, and so which one carries another in itself."""

    def __init__(self, items: Sequence[Distribution]) -> None:
        self._owners: dict[str, list[Distribution]] = {}
        wanted = {item.anchor for item in items}
        for item in items:
            for path in item.files:
                if path in wanted or path.endswith(_VENDOR_LISTS):
                    self._owners.setdefault(path, []).append(item)

    def of_file(self, path: ImagePath) -> Distribution | None:
        """The first that has it in its list."""
        return next(iter(self._owners.get(path, ())), None)

    def parent(self, item: Distribution) -> str:
        """The name of the one that lists this one's metadata among its own files, if any does."""
        for other in self._owners.get(item.anchor, ()):
            if other.metadata != item.metadata and item.location.is_below(other.location):
                return other.name
        return ""


def _of_python(tree: FileTree, item: Distribution, parent: str) -> Package:
    record = tree.find(item.anchor)
    return Package(
        type=PackageType.PYTHON,
        name=item.name,
        title=item.title,
        version=item.version,
        source=item.name,
        source_version=item.version,
        record=item.metadata,
        files=item.files,
        missing=item.missing,
        size_bytes=sum_sizes(tree, item.files),
        layer=record.layer if record is not None else 0,
        licenses=item.licenses,
        requires=item.requires,
        has_file_list=item.has_record,
        is_requested=item.is_requested,
        parent=parent,
    )
