"""`jettison sbom`: the bill of materials of one image."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from jettison import __version__
from jettison.analysis.debian_licenses import read_debian_licenses
from jettison.analysis.inventory import Inventory, PackageType
from jettison.analysis.inventory_read import read_inventory
from jettison.edge.files import atomic_write
from jettison.errors import StoreError
from jettison.events import EventSink, stage
from jettison.filetree import RootFS
from jettison.paths import ImagePath
from jettison.report.units import count_of
from jettison.sbom.components import describe
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.reading import ReadImage, read_image

_CHUNK = 1 << 20


class BillFormat(StrEnum):
    """What a bill is written in."""

    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomRequest:
    """Which image, in which format, and the date to write in place of the image's own."""

    source: SourceRequest
    format: BillFormat
    output: Path | None = None
    created: datetime | None = None


def sbom(request: SbomRequest, *, events: EventSink) -> bytes:
    """The bill as it is written; it is in `output` already where the request names one.

    Raises: JettisonError for an image that cannot be read, and an output that takes nothing.
    """
    text = read_image(request.source, lambda read, sink: _make(request, read, sink), events=events)
    if request.output is not None:
        try:
            with atomic_write(request.output) as out:
                out.write(text)
        except OSError as err:
            raise StoreError(f"write {request.output}: {err.strerror}") from err
    return text


def _make(request: SbomRequest, read: ReadImage, events: EventSink) -> bytes:
    with stage("packages", events) as outcome:
        inventory = _with_licenses(read.rootfs, read_inventory(read.rootfs))
        outcome.detail = count_of(len(inventory.packages), "package")
    bill = describe(
        read.image, read.digest, inventory, created=request.created, tool_version=__version__
    )
    match request.format:
        case BillFormat.CYCLONEDX:
            from jettison.sbom.cyclonedx import render_cyclonedx  # noqa: PLC0415  # slow to import

            return render_cyclonedx(bill)
        case BillFormat.SPDX:
            from jettison.sbom.spdx import render_spdx  # noqa: PLC0415  # it needs licences' names

            with stage("hash", events) as outcome:
                paths = {path for package in inventory.packages for path in package.files}
                hashes = hash_files(read.rootfs, sorted(paths))
                outcome.detail = count_of(len(hashes), "file")
            return render_spdx(replace(bill, hashes=hashes))
        case _:
            assert_never(request.format)


def hash_files(rootfs: RootFS, paths: Iterable[ImagePath]) -> dict[ImagePath, str]:
    """The SHA-1 of each regular file, which SPDX asks for; one with several names is read once."""
    found: dict[ImagePath, str] = {}
    linked: dict[tuple[int, ImagePath], str] = {}
    for path in paths:
        entry = rootfs.tree[path]
        if not entry.is_file:
            continue
        key = (entry.layer, entry.hardlink or path)
        if key not in linked:
            state = hashlib.sha1(usedforsecurity=False)
            with rootfs.open(path) as stream:
                while chunk := stream.read(_CHUNK):
                    state.update(chunk)
            linked[key] = state.hexdigest()
        found[path] = linked[key]
    return found


def _with_licenses(rootfs: RootFS, inventory: Inventory) -> Inventory:
    """Debian keeps licences apart from its records, and only a bill asks for them."""
    packages = tuple(
        replace(item, licenses=read_debian_licenses(rootfs, item.name))
        if item.type is PackageType.DEB
        else item
        for item in inventory.packages
    )
    return Inventory(packages, inventory.distro, inventory.bundled)
