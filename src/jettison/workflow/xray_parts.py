"""The parts of an X-ray of one image, each from what finds it, for one document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache, cached_property
from typing import Any, Final

from jettison.analysis.base_layers import find_last_base_layer
from jettison.analysis.inventory import Inventory
from jettison.analysis.inventory_read import read_inventory
from jettison.analysis.ownership import Ownership
from jettison.analysis.python_interpreters import find_interpreters
from jettison.analysis.secrets import SecretScanner, scan_assignment
from jettison.edge.redact import redact
from jettison.events import EventSink, Notice, stage
from jettison.report import xray_rows
from jettison.report.dockerfile_row import dockerfile_row, layer_instructions
from jettison.report.risk_rows import risk_rows
from jettison.report.units import count_of
from jettison.report.xray_document import ImageSummary, Part, XrayDocument
from jettison.report.xray_masked import mask_document
from jettison.workflow.aside import Aside
from jettison.workflow.reading import ReadImage
from jettison.xray.changes import LayerChanges, stack, stored_size_bytes
from jettison.xray.directories import find_largest, measure_directories
from jettison.xray.duplicates import find_duplicates
from jettison.xray.efficiency import measure_efficiency
from jettison.xray.instructions import Reconstruction, reconstruct
from jettison.xray.layers import history_fault, summarize_layer
from jettison.xray.risk_model import Subject
from jettison.xray.users import find_user

_LARGEST_OF_LAYER: Final = 10
_FILES: Final = 500
_WASTE: Final = 500
_DUPLICATES: Final = 500
_DIRECTORIES: Final = 2000
_LEAST_DIRECTORY: Final = 0.0005
_ACCOUNT_BYTES: Final = 1 << 20

# Fields of the document by name; it is made from all of them at once.
Fields = dict[str, Any]


def look(read: ReadImage, parts: frozenset[Part], events: EventSink) -> XrayDocument:
    """A document of the parts that are asked for.

    Raises: StoreError for files that cannot be read.
    """
    view = ImageView(read, events)
    with ExitStack() as held:
        # What takes longest is done beside the rest: one process has but one interpreter.
        asides: list[Aside[Fields]] = []
        if Part.DUPLICATES in parts:
            asides.append(held.enter_context(Aside("duplicates", view.duplicates)))
        if Part.ESTIMATE in parts:
            view.read_packages()
            asides.append(held.enter_context(Aside("estimate", view.estimate)))
        fields: Fields = {"image": view.summary()}
        for part, find in _PARTS.items():
            if part in parts:
                fields |= find(view)
        for aside in asides:
            fields |= aside.result(events, _describe)
    return mask_document(XrayDocument(**fields), shown_text)


def _describe(fields: Fields) -> str:
    """What is said of a part that was made aside."""
    if "duplicate_count" in fields:
        return f"{fields['duplicate_count']} contents are stored more than once"
    return "" if fields["estimate"] is not None else "nothing that the image starts is in it"


class ImageView:
    """One image and what several parts need of it, found once."""

    def __init__(self, read: ReadImage, events: EventSink) -> None:
        self.image = read.image
        self.rootfs = read.rootfs
        self.tree = read.rootfs.tree
        self._digest = read.digest
        self._events = events

    @cached_property
    def changes(self) -> tuple[LayerChanges, ...]:
        """What each layer does to those below it."""
        return tuple(stack(self.rootfs.layers))

    def summary(self) -> ImageSummary:
        """The image as a whole."""
        size = sum(
            stored_size_bytes(entry) for layer in self.rootfs.layers for entry in layer.entries
        )
        return xray_rows.image_summary(self.image, self._digest, size, self.tree)

    def layers(self) -> Fields:
        """Each layer with its instruction, where the history fits the layers."""
        config = self.image.config
        fault = history_fault(config)
        if fault:
            self._events.emit(Notice(message=fault))
        told = layer_instructions(self._dockerfile, config)
        rows = tuple(
            xray_rows.layer_row(
                self.image,
                summarize_layer(changes, largest=_LARGEST_OF_LAYER),
                self.owner,
                instruction=told[changes.index],
                is_base=changes.index <= self._last_base_layer,
            )
            for changes in self.changes
        )
        return {"layers": rows}

    def dockerfile(self) -> Fields:
        """The Dockerfile that the history tells."""
        return {"dockerfile": dockerfile_row(self._dockerfile)}

    def waste(self) -> Fields:
        """What is stored several times or deleted, by dive's formula."""
        found = measure_efficiency(self.changes)
        share = found.user_wasted_share
        return {
            "efficiency": found.score,
            "wasted_bytes": found.wasted_bytes,
            "user_wasted_percent": share,
            "waste": xray_rows.waste_rows(found.wasted[:_WASTE]),
        }

    def packages(self) -> Fields:
        """Every package, and what belongs to none."""
        return {
            "packages": xray_rows.package_rows(self.inventory),
            "unowned": xray_rows.unowned_row(self.tree, self.inventory),
        }

    def files(self) -> Fields:
        """The largest files, and how much is in each directory."""
        largest = find_largest(self.tree, most=_FILES)
        sizes = measure_directories(self.tree, least_share=_LEAST_DIRECTORY, most=_DIRECTORIES)
        return {
            "files": xray_rows.file_rows(largest, None, self.owner),
            "directories": xray_rows.directory_rows(sizes),
        }

    def duplicates(self) -> Fields:
        """Equal contents; emits nothing."""
        groups = find_duplicates(self.rootfs, self.tree)
        return {
            "duplicates": xray_rows.duplicate_rows(groups[:_DUPLICATES]),
            "duplicate_count": len(groups),
            "duplicate_bytes": sum(group.wasted_bytes for group in groups),
        }

    def config(self) -> Fields:
        """What the image says of itself, and whom that makes it run as."""
        config = self.image.config
        user = find_user(config.user, self._read("/etc/passwd"), self._read("/etc/group"))
        row = xray_rows.config_row(
            config, user, find_interpreters(self.tree), self.inventory.distro, shown_setting
        )
        return {"config": row}

    def risks(self) -> Fields:
        """What could be used against whoever runs the image, and what it gives away."""
        # What it needs to search text takes a while to import.
        from jettison.xray.risks import find_risks  # noqa: PLC0415  # as said above

        with stage("risks", self._events) as outcome:
            found = find_risks(
                Subject(
                    config=self.image.config,
                    rootfs=self.rootfs,
                    files=self.rootfs,
                    inventory=self.inventory,
                )
            )
            outcome.detail = f"{len(found.found)} found"
        for notice in found.notices:
            self._events.emit(Notice(message=notice))
        return {"risks": risk_rows(found.found)}

    def estimate(self) -> Fields:
        """What slimming would save, where the image says what it runs; emits nothing."""
        # The rules that slim decides by take a while to import, and few parts need them.
        from jettison.report.estimate_row import estimate_row  # noqa: PLC0415  # as said above
        from jettison.selection.facts import Facts  # noqa: PLC0415  # likewise
        from jettison.xray.estimate import estimate_saving  # noqa: PLC0415  # likewise

        facts = Facts(self.rootfs, self._ownership)
        found = estimate_saving(self.image, self.rootfs.layers, facts, self.inventory)
        return {"estimate": estimate_row(found) if found is not None else None}

    def read_packages(self) -> None:
        """Read them now, so that processes that are forked have them."""
        _ = self.inventory

    @cached_property
    def _last_base_layer(self) -> int:
        return find_last_base_layer(self.tree, self.image.config)

    @cached_property
    def _dockerfile(self) -> Reconstruction:
        return reconstruct(self.image.config, self._last_base_layer)

    @cached_property
    def _ownership(self) -> Ownership:
        return Ownership.read(self.rootfs)

    @cached_property
    def inventory(self) -> Inventory:
        """Every package."""
        with stage("packages", self._events) as outcome:
            found = read_inventory(self.rootfs, self._ownership)
            outcome.detail = count_of(len(found.packages), "package")
        return found

    def owner(self, path: str) -> str:
        """The package that a path belongs to, as text; empty for nobody's."""
        package = self.inventory.find_owner(path)
        return str(package) if package is not None else ""

    def _read(self, path: str) -> str:
        """A small text file; empty where there is none, or what is there is no file."""
        entry = self.tree.resolve(path).entry
        if entry is None or not entry.is_file:
            return ""
        with self.rootfs.open(entry.path) as file:
            return file.read(_ACCOUNT_BYTES).decode("utf-8", "replace")


_PARTS: Final[Mapping[Part, Callable[[ImageView], Fields]]] = {
    Part.PACKAGES: ImageView.packages,
    Part.LAYERS: ImageView.layers,
    Part.WASTE: ImageView.waste,
    Part.FILES: ImageView.files,
    Part.CONFIG: ImageView.config,
    Part.RISKS: ImageView.risks,
    Part.DOCKERFILE: ImageView.dockerfile,
}


def shown_setting(name: str, value: str) -> str:
    """A variable's or label's value without what its name or form says is secret."""
    if scan_assignment(name, value) is not None:
        return "***"
    return shown_text(f"{name}={value}").partition("=")[2]


def shown_text(text: str) -> str:
    """An instruction or a word of a command without what its form says is secret."""
    return redact(_scanner().mask(text))


@cache
def _scanner() -> SecretScanner:
    return SecretScanner()
