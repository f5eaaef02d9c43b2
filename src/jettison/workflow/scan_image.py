"""What there is to test in an image."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from jettison.analysis.base_layers import find_last_base_layer
from jettison.analysis.inventory import Inventory
from jettison.analysis.inventory_read import find_unowned, read_inventory
from jettison.events import EventSink, stage
from jettison.paths import printable
from jettison.report.dockerfile_row import layer_instructions
from jettison.report.scan_document import LayerOrigin, ScanTarget, TargetKind, WithoutRecord
from jettison.report.scan_rows import layer_origins
from jettison.report.units import count_of
from jettison.scan.inputs import Inputs
from jettison.scan.installed import find_code_without_record, installed_of
from jettison.workflow.reading import ReadImage
from jettison.xray.instructions import reconstruct

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What there is to test, and what is said of the thing it was found in.

    It is handed on by pickle where an image is read in a process of its own.
    """

    target: ScanTarget
    inputs: Inputs
    layers: tuple[LayerOrigin, ...] = ()
    without_files: tuple[str, ...] = ()
    without_record: WithoutRecord | None = None


def scan_image(read: ReadImage, events: EventSink) -> tuple[Scanned, Inventory]:
    """What there is to test in an image, components in the order of the inventory's packages."""
    with stage("packages", events) as outcome:
        inventory = read_inventory(read.rootfs)
        installed = installed_of(inventory)
        tree = read.rootfs.tree
        unowned = list(find_code_without_record(tree, find_unowned(tree, inventory)))
        outcome.detail = count_of(len(installed.components), "package")
    config = read.image.config
    last_of_base = find_last_base_layer(tree, config)
    instructions = layer_instructions(reconstruct(config, last_of_base), config)
    distro = inventory.distro
    scanned = Scanned(
        target=ScanTarget(
            kind=TargetKind.IMAGE,
            reference=printable(str(read.target)),
            digest=read.digest,
            platform=str(config.platform),
            distribution=printable(distro.name or distro.id) if distro is not None else "",
        ),
        inputs=Inputs(components=installed.components, bundled=installed.bundled),
        layers=layer_origins(read.image, instructions, last_of_base=last_of_base),
        without_files=tuple(map(printable, installed.without_files)),
        without_record=WithoutRecord(
            file_count=len(unowned), examples=tuple(map(printable, islice(unowned, _EXAMPLES)))
        )
        if unowned
        else None,
    )
    return scanned, inventory
