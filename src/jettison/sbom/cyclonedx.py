"""A bill in CycloneDX 1.6, JSON; the format itself is the library's matter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as CdxComponent
from cyclonedx.model.component import ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_supported_id

from jettison.analysis.inventory import PackageType
from jettison.paths import printable
from jettison.sbom.components import Bill, Component
from jettison.sbom.licenses import short_name, spdx_expression


def render_cyclonedx(bill: Bill) -> bytes:
    """The bill as JSON, ending with a line break."""
    document = json.loads(JsonV1Dot6(make_bom(bill)).output_as_string())
    # The library sorts the places of a component by the address of an object of its own, so they
    # would stand in another order each time.
    files = {item.ref: item.package.files for item in _all(bill.components)}
    for component in _below(document):
        paths = files.get(component["bom-ref"], ())
        if paths:
            places = [{"location": printable(path)} for path in paths]
            component["evidence"] = {"occurrences": places}
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def make_bom(bill: Bill) -> Bom:
    """The library's model of the bill, without the places of files."""
    image = CdxComponent(
        type=ComponentType.CONTAINER,
        name=bill.reference,
        version=str(bill.digest),
        bom_ref=str(bill.purl),
        purl=bill.purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=bill.digest.hex)]
        if bill.digest.algorithm == "sha256"
        else [],
    )
    bom = Bom(serial_number=UUID(bytes=bill.seed, version=5))
    bom.metadata.timestamp = bill.created
    bom.metadata.component = image
    bom.metadata.tools.components.add(
        CdxComponent(
            type=ComponentType.APPLICATION,
            name="jettison",
            version=bill.tool_version,
            bom_ref="jettison",
        )
    )
    made = {item.ref: _component(item) for item in bill.components}
    bom.components.update(made.values())
    if bill.distro is not None:
        bom.components.add(
            CdxComponent(
                type=ComponentType.OPERATING_SYSTEM,
                name=bill.distro.id,
                version=bill.distro.version_id or bill.distro.codename or None,
                description=bill.distro.name or None,
                bom_ref=f"os:{bill.distro.id}",
            )
        )
    for item in bill.components:
        needed = [Dependency(ref=made[ref].bom_ref) for ref in item.depends]
        bom.dependencies.add(Dependency(ref=made[item.ref].bom_ref, dependencies=needed))
    roots = [Dependency(ref=component.bom_ref) for component in bom.components]
    bom.dependencies.add(Dependency(ref=image.bom_ref, dependencies=roots))
    return bom


def _component(item: Component) -> CdxComponent:
    package = item.package
    is_application = package.type is PackageType.BINARY
    return CdxComponent(
        type=ComponentType.APPLICATION if is_application else ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=item.ref,
        purl=item.purl,
        licenses=list(_licenses(package.licenses)),
        properties=[Property(name=name, value=value) for name, value in _properties(item)],
        components=[_component(part) for part in item.bundled],
    )


def _licenses(names: tuple[str, ...]) -> Iterator[DisjunctiveLicense | LicenseExpression]:
    """One expression stands alone; several licences are listed by id or by name."""
    expressions = {name: spdx_expression(name) for name in names}
    if len(names) == 1 and (sole := expressions[names[0]]) and not is_supported_id(sole):
        yield LicenseExpression(sole)
        return
    for name, expression in expressions.items():
        if is_supported_id(expression):
            yield DisjunctiveLicense(id=expression)
        else:
            yield DisjunctiveLicense(name=printable(short_name(name)))


def _properties(item: Component) -> Iterator[tuple[str, str]]:
    package = item.package
    yield "jettison:package:type", package.type.value
    yield "jettison:package:record", printable(package.record)
    yield "jettison:layer:index", str(package.layer)
    if item.layer is not None:
        yield "jettison:layer:diff_id", str(item.layer)
    yield "jettison:size_bytes", str(package.size_bytes)
    if package.missing:
        yield "jettison:files:missing", str(len(package.missing))
    if not package.has_file_list:
        yield "jettison:files:listed", "false"
    if package.parent:
        yield "jettison:package:part_of", package.parent


def _all(components: tuple[Component, ...]) -> Iterator[Component]:
    for item in components:
        yield item
        yield from item.bundled


def _below(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for component in document.get("components", ()):
        yield component
        yield from _below(component)
