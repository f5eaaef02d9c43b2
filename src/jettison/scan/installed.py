"""What an image's inventory gives to test, and what of it cannot be relied on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jettison.analysis.inventory import Inventory, Package, PackageType
from jettison.filetree import FileTree
from jettison.paths import ImagePath
from jettison.scan.chains import find_chains
from jettison.scan.component import Chain, Component, component_of
from jettison.scan.markers import applies

_SITES: Final = ("/site-packages/", "/dist-packages/")
_MODULES: Final = (".py", ".so")
_LIBRARY: Final = re.compile(r"\.so(\.\d+)*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The packages of an image to test.

    Shape: `bundled` are those that others carry in themselves without a record, as pip does;
    `without_files` are packages that list files of which none is there; such a record may be a
    left-over, so its findings may be none.
    """

    components: tuple[Component, ...]
    bundled: tuple[Component, ...]
    without_files: tuple[str, ...]


def installed_of(inventory: Inventory) -> Installed:
    """Everything of the inventory, Python packages with the chains by which they came in."""
    packages = (*inventory.packages, *inventory.bundled)
    chains = _python_chains([package for package in packages if package.type is PackageType.PYTHON])

    def made(package: Package) -> Component:
        through = chains.get(_key(package), ())
        component = component_of(package, inventory.distro, introduced_through=through)
        return replace(component, owner=_owner(package, inventory))

    return Installed(
        components=tuple(map(made, inventory.packages)),
        bundled=tuple(map(made, inventory.bundled)),
        without_files=tuple(
            str(package)
            for package in inventory.packages
            if package.missing and not any(path != package.record for path in package.files)
        ),
    )


def _owner(package: Package, inventory: Inventory) -> str:
    """The OS package that installed a Python one, if one did."""
    if package.type is not PackageType.PYTHON:
        return ""
    for path in (*(package.record / name for name in ("METADATA", "PKG-INFO")), package.record):
        owner = inventory.find_owner(path)
        if owner is not None and owner.type is not PackageType.PYTHON:
            return str(owner)
    return ""


def _key(package: Package) -> str:
    return f"{package.record}\n{package.name}"


def _python_chains(packages: Sequence[Package]) -> Mapping[str, tuple[Chain, ...]]:
    """By what `Requires-Dist` says, for each site directory by itself; vendored ones by who has
    them.
    """
    places: dict[ImagePath, list[Package]] = {}
    found: dict[str, tuple[Chain, ...]] = {}
    vendored: list[Package] = []
    for package in packages:
        if package.parent:
            vendored.append(package)
        else:
            places.setdefault(package.record.parent, []).append(package)
    titles: dict[str, tuple[Chain, ...]] = {}
    for members in places.values():
        chains = _chains_of_place(members)
        found |= {_key(package): chains[package.name] for package in members}
        titles |= {package.name: chains[package.name] for package in members}
    for package in vendored:
        own = f"{package.title} {package.version}"
        parents = titles.get(canonicalize_name(package.parent), ()) or ((package.parent,),)
        found[_key(package)] = tuple((*chain, own) for chain in parents)
    return found


def _chains_of_place(packages: Sequence[Package]) -> Mapping[str, tuple[Chain, ...]]:
    by_name = {package.name: package for package in packages}
    extras = _extras_asked(packages)
    needs = {
        package.name: [
            canonicalize_name(requirement.name)
            for requirement in _requirements(package.requires)
            if canonicalize_name(requirement.name) in by_name
            and applies(requirement.marker, extras=extras.get(package.name, frozenset()))
        ]
        for package in packages
    }
    asked = [package.name for package in packages if package.is_requested]
    needed = {other for others in needs.values() for other in others}
    # Where the marker was not written (Debian's own, conda), what nothing needs was asked for.
    tops = [name for name in by_name if name in asked or name not in needed]
    chains = find_chains(needs, tops if asked else None)
    return {
        name: tuple(
            tuple(f"{by_name[item].title} {by_name[item].version}" for item in chain)
            for chain in found
        )
        for name, found in chains.items()
    }


def _extras_asked(packages: Iterable[Package]) -> Mapping[str, frozenset[str]]:
    asked: dict[str, set[str]] = {}
    for package in packages:
        for requirement in _requirements(package.requires):
            asked.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    return {name: frozenset(extras) for name, extras in asked.items()}


def _requirements(texts: Iterable[str]) -> Iterable[Requirement]:
    for text in texts:
        try:
            yield Requirement(text)
        except InvalidRequirement:
            continue


def find_code_without_record(tree: FileTree, unowned: Iterable[ImagePath]) -> Iterable[ImagePath]:
    """Of what no package owns: what may be executed, shared libraries, modules beside packages.

    An app's own modules are not among them: nobody expects a record of those.
    """
    for path in unowned:
        entry = tree[path]
        if not entry.is_file or not entry.size_bytes:
            continue
        is_library = _LIBRARY.search(path) is not None
        is_module = path.endswith(_MODULES) and any(site in path for site in _SITES)
        if is_library or is_module or (entry.mode & 0o111 and _in_search_path(path)):
            yield path


def _in_search_path(path: ImagePath) -> bool:
    return path.parent.name in ("bin", "sbin", "libexec")
