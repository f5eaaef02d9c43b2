"""A package as scanning sees it, wherever it was found: in an image, a lock file, an SBOM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from packaging.utils import canonicalize_name

from jettison.analysis.inventory import Distro, Package, PackageType
from jettison.scan.ecosystems import PYPI, Ecosystem, NoEcosystem, ecosystem_of

Chain: TypeAlias = tuple[str, ...]
"""How a package came in: `celery 5.1.2`, `kombu 5.1.0`, `vine 5.0.0`, itself last."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """The name and version that advisories know a package by."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One package to test.

    Shape: `type` is a `PackageType`, or what a package URL calls others (`npm`); `title` is as its
    record spells it; `record` is where it was found, a path of the image or a file's name and
    line; `layer` is the number of the image's layer that brought it, None outside of images;
    `introduced_through` are the chains by which it came in, the shortest first, none where it was
    asked for itself or nothing tells; `owner` is the OS package that installed a Python one, which
    may have the fix under the old version; `architecture` as an OS package's record has it.
    """

    type: str
    name: str
    title: str
    version: str
    source: str
    source_version: str
    ecosystem: Ecosystem | NoEcosystem
    record: str = ""
    layer: int | None = None
    introduced_through: tuple[Chain, ...] = ()
    owner: str = ""
    architecture: str = ""

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """What to look up: sources for Debian and Alpine, itself for Python, either for rpm."""
        own = Lookup(self.name, self.version)
        source = Lookup(self.source, self.source_version)
        if self.type == PackageType.RPM:
            return tuple(dict.fromkeys((own, source)))
        return (source,) if self.type in (PackageType.DEB, PackageType.APK) else (own,)

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


def plain_component(
    kind: str, title: str, version: str, ecosystem: Ecosystem | NoEcosystem, *, record: str
) -> Component:
    """A package that is its own source; names of Python distributions are made comparable."""
    name = canonicalize_name(title) if ecosystem == PYPI else title
    return Component(
        type=kind,
        name=name,
        title=title,
        version=version,
        source=name,
        source_version=version,
        ecosystem=ecosystem,
        record=record,
    )


def component_of(
    package: Package, distro: Distro | None, *, introduced_through: tuple[Chain, ...] = ()
) -> Component:
    """What scanning needs of an image's package."""
    return Component(
        type=package.type.value,
        name=package.name,
        title=package.title,
        version=package.version,
        source=package.source,
        source_version=package.source_version,
        ecosystem=ecosystem_of(package.type, distro),
        record=str(package.record),
        layer=package.layer,
        introduced_through=introduced_through,
        architecture=package.architecture,
    )
