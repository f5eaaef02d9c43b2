"""What a bill of materials says, whatever the format: components, and how they hang together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from packageurl import PackageURL
from packaging.requirements import InvalidRequirement, Requirement

from jettison.analysis.inventory import Distro, Inventory, Package, PackageType
from jettison.analysis.python_packages import normalize
from jettison.digest import Digest
from jettison.image import Image
from jettison.paths import ImagePath
from jettison.sbom.purls import image_url, package_url

_NO_HASHES: Final[Mapping[ImagePath, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One package in a bill.

    Shape: `ref` names it within the bill; `layer` is the diff ID of the one that brought it, if
    the image says; `depends` are refs of those that it needs, as far as they are installed;
    `bundled` are parts of it that no package manager knows; these have no purl, since they are no
    packages of the image to those who look purls up.
    """

    package: Package
    ref: str
    purl: PackageURL | None
    layer: Digest | None
    depends: tuple[str, ...] = ()
    bundled: tuple[Component, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The bill of one image.

    Shape: `digest` is what the place that it came from knows it by; `hashes` are the SHA-1 of
    regular files, where they were wanted; `tool_version` is ours.
    """

    reference: str
    digest: Digest
    purl: PackageURL
    created: datetime
    tool_version: str
    components: tuple[Component, ...]
    distro: Distro | None
    hashes: Mapping[ImagePath, str] = field(default_factory=lambda: _NO_HASHES)

    @property
    def seed(self) -> bytes:
        """16 bytes that are the same for the same image described by the same version."""
        text = f"{self.digest}\0{self.tool_version}\0{self.created.isoformat()}"
        return hashlib.sha256(text.encode()).digest()[:16]


def describe(
    image: Image,
    digest: Digest,
    inventory: Inventory,
    *,
    created: datetime | None = None,
    tool_version: str,
) -> Bill:
    """The bill of an image; `created` is the image's own date unless another one is given."""
    made = [_component(item, inventory, image) for item in inventory.packages]
    bundled: dict[str, list[Component]] = {}
    for item in inventory.bundled:
        part = replace(_component(item, inventory, image), purl=None)
        bundled.setdefault(item.record, []).append(part)
    related = _Related(made)
    components = tuple(
        Component(
            package=item.package,
            ref=item.ref,
            purl=item.purl,
            layer=item.layer,
            depends=related.needed_by(item),
            bundled=tuple(
                part
                for record, parts in bundled.items()
                if record in item.package.files
                for part in parts
                if part.package.parent == item.package.name
            ),
        )
        for item in made
    )
    return Bill(
        reference=image.reference,
        digest=digest,
        purl=image_url(image.reference, digest, image.config.platform.architecture),
        created=created or parse_date(image.config.created),
        tool_version=tool_version,
        components=components,
        distro=inventory.distro,
    )


def parse_date(text: str) -> datetime:
    """An image's date in UTC and whole seconds; the epoch where it has none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return (
        (found if found.tzinfo else found.replace(tzinfo=UTC))
        .astimezone(UTC)
        .replace(microsecond=0)
    )


def _component(package: Package, inventory: Inventory, image: Image) -> Component:
    purl = package_url(package, inventory.distro)
    key = "\0".join((package.record, package.name, package.version, package.architecture))
    identity = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    layers = image.config.diff_ids
    return Component(
        package=package,
        ref=f"{purl}{'&' if purl.qualifiers else '?'}package-id={identity}",
        purl=purl,
        layer=layers[package.layer] if package.layer < len(layers) else None,
    )


class _Related:
    """Which components need which."""

    def __init__(self, components: Iterable[Component]) -> None:
        self._system: dict[str, str] = {}
        self._python: dict[tuple[str, str], str] = {}
        self._carried: dict[str, list[tuple[str, Component]]] = {}
        for item in components:
            package = item.package
            if package.type is PackageType.PYTHON:
                self._python.setdefault((package.name, package.record.parent), item.ref)
                if package.parent:
                    self._carried.setdefault(package.parent, []).append((item.ref, item))
            else:
                self._system.setdefault(package.name, item.ref)

    def needed_by(self, item: Component) -> tuple[str, ...]:
        package = item.package
        found = set(self._required(package))
        for ref, other in self._carried.get(package.name, ()):
            if other.package.record.is_below(package.record.parent):
                found.add(ref)
        found.discard(item.ref)
        return tuple(sorted(found))

    def _required(self, package: Package) -> Iterator[str]:
        for text in package.requires:
            if package.type is PackageType.PYTHON:
                name = _required_name(text)
                ref = self._python.get((name, package.record.parent))
            else:
                ref = self._system.get(text)
            if ref is not None:
                yield ref


def _required_name(text: str) -> str:
    """The name of a requirement that holds without any extra; empty for others."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return ""
    if requirement.marker is not None and "extra" in str(requirement.marker):
        return ""
    return normalize(requirement.name)
