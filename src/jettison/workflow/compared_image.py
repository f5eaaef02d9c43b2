"""Read one image as far as a comparison of vulnerabilities needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from jettison.analysis.inventory import Inventory, PackageType
from jettison.digest import Digest
from jettison.errors import StoreError
from jettison.events import EventSink, stage
from jettison.paths import ImagePath, printable
from jettison.report.facts import ImageFacts, PackageCounts, describe_image
from jettison.sbom.purls import image_url
from jettison.scan.component import Component
from jettison.scan.package_files import PackageFiles, Presence, files_of, find_presence
from jettison.store.rootfs import StackedRootFS
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.reading import ReadImage, read_image
from jettison.workflow.scan_image import Scanned, scan_image

_MAGIC_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSide:
    """One image; it is handed on by pickle.

    Shape: `files` are those of its packages that count, `presence` says which of the wanted files
    it has; `purl` is the image's own.
    """

    scanned: Scanned
    facts: ImageFacts
    files: Mapping[Component, PackageFiles]
    presence: Presence
    digest: Digest
    purl: str


def read_side(
    request: SourceRequest, wanted: Mapping[Component, PackageFiles], events: EventSink
) -> ReadSide:
    """Read an image; `wanted` are the files of another's packages, none for the first of the two.

    Raises: JettisonError for an image that cannot be read.
    """

    def work(read: ReadImage, sink: EventSink) -> ReadSide:
        scanned, inventory = scan_image(read, sink)
        with stage("files", sink):
            files = {} if wanted else _files(read.rootfs, inventory, scanned)
            presence = find_presence((item.sizes for item in wanted.values()), read.rootfs.tree)
        return ReadSide(
            scanned=scanned,
            facts=_facts(read, inventory),
            files=files,
            presence=presence,
            digest=read.digest,
            purl=image_url(
                str(read.target), read.digest, read.image.config.platform.architecture
            ).to_string(),
        )

    return read_image(request, work, events=events)


def _files(
    rootfs: StackedRootFS, inventory: Inventory, scanned: Scanned
) -> dict[Component, PackageFiles]:
    def read_start(path: ImagePath) -> bytes:
        try:
            with rootfs.open(path) as stream:
                return stream.read(_MAGIC_BYTES)
        except StoreError:
            return b""

    return {
        component: files_of(package, rootfs.tree, read_start)
        for component, package in zip(scanned.inputs.components, inventory.packages, strict=True)
    }


def _facts(read: ReadImage, inventory: Inventory) -> ImageFacts:
    kinds = [package.type for package in inventory.packages]
    python = sum(kind is PackageType.PYTHON for kind in kinds)
    others = sum(kind is PackageType.BINARY for kind in kinds)
    counts = PackageCounts(os=len(kinds) - python - others, python=python)
    facts = describe_image(read.image, read.rootfs.layers, read.rootfs.tree, counts)
    return msgspec.structs.replace(
        facts, reference=printable(str(read.target)), digest=str(read.digest)
    )
