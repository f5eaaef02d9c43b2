"""Read one image as something to build on: its packages, its Python, its size, its layers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from jettison.analysis.base_layers import find_last_base_layer
from jettison.analysis.installed_wheels import read_installed_wheels
from jettison.analysis.inventory import Inventory, PackageType
from jettison.analysis.inventory_read import read_inventory
from jettison.analysis.locked_files import LockedFiles
from jettison.digest import Digest
from jettison.errors import UsageError
from jettison.events import Event, EventSink, Notice, StageProgress, stage
from jettison.feed.database import AdvisoryDatabase
from jettison.image.reference import Reference
from jettison.report.facts import unpacked_size_bytes
from jettison.report.units import count_of
from jettison.scan.advise import BaseImage
from jettison.scan.component import Component
from jettison.scan.ecosystems import NoEcosystem
from jettison.scan.installed import installed_of
from jettison.scan.match import match
from jettison.scan.severity import Severity
from jettison.scan.tags import Tag, parse_tag
from jettison.scan.wheels import DEFAULT_GLIBC, PythonPlace, machine_of
from jettison.transport.schemes import Scheme, Target, parse_target
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.reading import ReadImage, read_image

BASE_NAME: Final = "org.opencontainers.image.base.name"
BASE_DIGEST: Final = "org.opencontainers.image.base.digest"

_PINNABLE: Final = frozenset({Scheme.OCI, Scheme.OCI_ARCHIVE, Scheme.REGISTRY})
_SYSTEM: Final = frozenset({PackageType.DEB, PackageType.APK, PackageType.RPM})
_PYTHON_PACKAGE: Final = re.compile(r"python(?:3(?:\.\d+)?)?(?:-minimal|-base)?")
_UPSTREAM: Final = re.compile(r"(?:\d+:)?(\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+)?)")
_GLIBC: Final = re.compile(r"(?:\d+:)?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A package as a base is judged by it; picklable, as it comes out of the isolated process."""

    component: Component
    kind: PackageType
    layer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRead:
    """What was read of an image.

    Shape: `layers` are diff IDs, `layer_sizes` what each unpacks to; `last_base_layer` is where the
    image's own history says that its base ends; `wheels` are the installed Python packages, each
    with its layer.
    """

    target: Target
    digest: Digest
    layers: tuple[Digest, ...]
    layer_sizes: tuple[int, ...]
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    architecture: str
    parts: tuple[_Part, ...]
    distro: str
    last_base_layer: int
    wheels: tuple[tuple[int, LockedFiles], ...]


def read_base(request: SourceRequest, *, events: EventSink) -> ImageRead:
    """Read an image.

    Raises: JettisonError where it cannot be opened or read.
    """
    title = f"read {request.target}"
    with stage(title, events) as outcome:
        read = read_image(request, _read, events=_OneStage(title, events))
        outcome.detail = count_of(len(read.parts), "package")
    return read


class _OneStage:
    """Passes on what happens while one of many images is read, as one stage."""

    def __init__(self, title: str, sink: EventSink) -> None:
        self._title = title
        self._sink = sink

    def emit(self, event: Event) -> None:
        """Stages within are not shown, their progress is."""
        if isinstance(event, StageProgress):
            self._sink.emit(replace(event, stage=self._title))
        elif isinstance(event, Notice):
            self._sink.emit(event)


def _read(read: ReadImage, _events: EventSink) -> ImageRead:
    inventory = read_inventory(read.rootfs)
    config = read.image.config
    return ImageRead(
        target=read.target,
        digest=read.digest,
        layers=config.diff_ids,
        layer_sizes=tuple(unpacked_size_bytes(layer) for layer in read.rootfs.layers),
        labels=dict(config.labels),
        environment=dict(config.env),
        architecture=config.platform.architecture,
        parts=tuple(_parts(inventory)),
        distro=_distro_name(inventory),
        last_base_layer=find_last_base_layer(read.rootfs.tree, config),
        wheels=tuple(read_installed_wheels(read.rootfs, inventory)),
    )


def _parts(inventory: Inventory) -> list[_Part]:
    components = installed_of(inventory).components
    return [
        _Part(component=component, kind=package.type, layer=package.layer)
        for package, component in zip(inventory.packages, components, strict=True)
    ]


def _distro_name(inventory: Inventory) -> str:
    distro = inventory.distro
    return "" if distro is None else f"{distro.id} {distro.version_id}".strip()


def describe_base(
    read: ImageRead, database: AdvisoryDatabase, *, layer_count: int | None = None, name: str = ""
) -> BaseImage:
    """The image, or the base of it that its first layers are, with its vulnerabilities.

    `name` is what the base goes by where that is not the place that was read.
    """
    count = len(read.layers) if layer_count is None else layer_count
    parts = [part for part in read.parts if part.layer < count]
    counts, reason = _count(parts, database)
    python = _find_python(parts, read.environment)
    is_whole = count == len(read.layers)
    reference = _reference_of(name) if name else reference_of(read.target)
    return BaseImage(
        name=name or str(read.target),
        reference=reference,
        digest=read.digest if is_whole and read.target.scheme in _PINNABLE else None,
        tag=tag_of(name) if name else tag_of_target(read.target),
        python=python,
        distro=read.distro,
        counts=counts,
        size_bytes=sum(read.layer_sizes[:count]),
        os_packages=sum(part.kind in _SYSTEM for part in parts),
        layers=read.layers[:count],
        place=_place(parts, python, read.architecture) if python else None,
        unknown_reason=reason,
    )


def reference_of(target: Target) -> str:
    """What a FROM could name an image by; empty for files whose tag is no whole name."""
    if not target.is_file:
        return _reference_of(target.location)
    return _reference_of(target.tag) if _is_whole(target.tag) else ""


def _is_whole(tag: str) -> bool:
    return "/" in tag or ":" in tag


def _reference_of(name: str) -> str:
    try:
        return Reference.parse(name.partition("@")[0]).short
    except UsageError:
        return ""


def tag_of(name: str) -> Tag:
    """The tag of an image's name; a name that is none has the tag that it looks like."""
    try:
        return parse_tag(Reference.parse(name).tag)
    except UsageError:
        return parse_tag(name.rpartition(":")[2])


def tag_of_target(target: Target) -> Tag:
    """The tag of an image at some place."""
    if not target.is_file:
        return tag_of(target.location)
    if _is_whole(target.tag):
        return tag_of(target.tag)
    return parse_tag(target.tag)


def tag_of_text(text: str) -> Tag:
    """The tag of an image as it is written on the command line, before anything is opened."""
    return tag_of_target(parse_target(text))


def _count(
    parts: list[_Part], database: AdvisoryDatabase
) -> tuple[Mapping[Severity, int] | None, str]:
    components = [part.component for part in parts if part.kind is not PackageType.BINARY]
    for part in parts:
        ecosystem = part.component.ecosystem
        if part.kind not in _SYSTEM:
            continue
        if isinstance(ecosystem, NoEcosystem):
            return None, ecosystem.reason
        if not database.has_release(ecosystem.name, ecosystem.release):
            return None, f"the database has no advisories for {ecosystem}"
    counts = dict.fromkeys(Severity, 0)
    for finding in match(components, database.find).findings:
        counts[finding.rating.severity] += 1
    return counts, ""


def _find_python(parts: list[_Part], environment: Mapping[str, str]) -> str:
    """The version of the Python that an app would get: one built from source before a package."""
    built = [
        part.component.version
        for part in parts
        if part.kind is PackageType.BINARY and part.component.name == "python"
    ]
    said = environment.get("PYTHON_VERSION", "")
    if said in built:
        return said
    if built:
        return max(built, key=_numbers)
    packaged = [
        fits[1]
        for part in parts
        if part.kind in _SYSTEM
        and _PYTHON_PACKAGE.fullmatch(part.component.name)
        and (fits := _UPSTREAM.match(part.component.version))
    ]
    return max(packaged, key=_numbers, default="")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _place(parts: list[_Part], python: str, architecture: str) -> PythonPlace:
    glibc: tuple[int, int] | None = DEFAULT_GLIBC
    for part in parts:
        name = part.component.name
        if part.kind is PackageType.APK and name == "musl":
            glibc = None
        elif name in ("libc6", "glibc") and (fits := _GLIBC.match(part.component.version)):
            glibc = (int(fits[1]), int(fits[2]))
    version = _UPSTREAM.match(python)
    return PythonPlace(
        version=version[1] if version else python,
        machine=machine_of(architecture),
        glibc=glibc,
    )
