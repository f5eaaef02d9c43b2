"""What was found in an image, as rows of the X-ray's document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from jettison.analysis.inventory import Distro, Inventory
from jettison.analysis.python_interpreters import Interpreter
from jettison.digest import Digest
from jettison.filetree import Entry, FileTree
from jettison.image import Compression, Image, ImageConfig, layer_compression
from jettison.paths import ImagePath
from jettison.report.units import human_size
from jettison.report.xray_document import (
    Changes,
    ConfigRow,
    DirectoryRow,
    DistroRow,
    DuplicateRow,
    EnvRow,
    FileRow,
    GateRow,
    HealthcheckRow,
    ImageSummary,
    LayerRow,
    PackageRow,
    Place,
    PythonRow,
    Unowned,
    UserRow,
    WasteRow,
)
from jettison.xray.changes import stored_size_bytes
from jettison.xray.directories import DirectorySize
from jettison.xray.duplicates import DuplicateGroup
from jettison.xray.efficiency import WastedPath
from jettison.xray.gates import Gate, GateResult, Unit
from jettison.xray.layers import LayerSummary, Objects
from jettison.xray.users import ConfiguredUser

_PLACES: Final = 20
_UNOWNED: Final = 50

# What `Inventory.find_owner` says of a path, as text.
Owner = Callable[[str], str]


def image_summary(image: Image, digest: Digest, size_bytes: int, tree: FileTree) -> ImageSummary:
    """The image as a whole; `size_bytes` sums all its layers."""
    directories = sum(entry.is_directory for entry in tree.values())
    packed = any(
        layer_compression(layer.media_type) is not Compression.NONE
        for layer in image.manifest.layers
    )
    return ImageSummary(
        reference=image.reference,
        digest=str(digest),
        platform=str(image.config.platform),
        created=image.config.created,
        size_bytes=size_bytes,
        visible_size_bytes=sum(map(stored_size_bytes, tree.values())),
        compressed_size_bytes=image.compressed_size_bytes if packed else None,
        layer_count=len(image.manifest.layers),
        file_count=len(tree) - directories,
        directory_count=directories,
    )


def layer_row(
    image: Image, summary: LayerSummary, owner: Owner, *, instruction: str, is_base: bool
) -> LayerRow:
    """One layer."""
    descriptor = image.manifest.layers[summary.index]
    history = [item for item in image.config.history if not item.empty_layer]
    is_told = len(history) == len(image.config.diff_ids)
    packed = layer_compression(descriptor.media_type) is not Compression.NONE
    return LayerRow(
        index=summary.index,
        digest=str(descriptor.digest),
        diff_id=str(image.config.diff_ids[summary.index]),
        media_type=descriptor.media_type,
        instruction=instruction,
        created=history[summary.index].created if is_told else "",
        is_base=is_base,
        size_bytes=summary.size_bytes,
        compressed_size_bytes=descriptor.size_bytes if packed else None,
        added=_changes(summary.added),
        modified=_changes(summary.modified),
        deleted=_changes(summary.deleted),
        largest=file_rows(summary.largest, summary.index, owner),
    )


def file_rows(entries: Iterable[Entry], layer: int | None, owner: Owner) -> tuple[FileRow, ...]:
    """Files with their owners; a `layer` of None is each entry's own."""
    return tuple(
        FileRow(
            path=entry.path,
            size_bytes=entry.size_bytes,
            layer=entry.layer if layer is None else layer,
            owner=owner(entry.path),
        )
        for entry in entries
    )


def package_rows(inventory: Inventory) -> tuple[PackageRow, ...]:
    """Every package."""
    return tuple(
        PackageRow(
            type=package.type,
            name=package.name,
            title=package.title,
            version=package.version,
            size_bytes=package.size_bytes,
            file_count=len(package.files),
            missing_count=len(package.missing),
            layer=package.layer,
            source=package.source,
            source_version=package.source_version,
            architecture=package.architecture,
            location=package.record,
            licenses=package.licenses,
            is_requested=package.is_requested,
            parent=package.parent,
        )
        for package in inventory.packages
    )


def unowned_row(tree: FileTree, inventory: Inventory) -> Unowned:
    """What no package owns: files and links, a hard-linked file by any of its names."""
    owned = {
        entry.hardlink
        for package in inventory.packages
        for path in package.files
        if (entry := tree.find(path)) is not None and entry.hardlink is not None
    }
    found = [
        entry
        for entry in tree.values()
        if not entry.is_directory
        and inventory.find_owner(entry.path) is None
        and (entry.hardlink is None or entry.hardlink not in owned)
    ]
    found.sort(key=lambda entry: (-stored_size_bytes(entry), entry.path))
    return Unowned(
        file_count=len(found),
        size_bytes=sum(map(stored_size_bytes, found)),
        largest=file_rows(found[:_UNOWNED], None, lambda _: ""),
    )


def directory_rows(sizes: Iterable[DirectorySize]) -> tuple[DirectoryRow, ...]:
    """Directories by path."""
    return tuple(
        DirectoryRow(path=item.path, size_bytes=item.size_bytes, file_count=item.file_count)
        for item in sizes
    )


def waste_rows(wasted: Iterable[WastedPath]) -> tuple[WasteRow, ...]:
    """Paths that are stored several times or deleted."""
    return tuple(
        WasteRow(path=item.path, size_bytes=item.size_bytes, layers=item.layers) for item in wasted
    )


def duplicate_rows(groups: Iterable[DuplicateGroup]) -> tuple[DuplicateRow, ...]:
    """Equal contents, each with the first of its places."""
    return tuple(
        DuplicateRow(
            digest=str(group.digest),
            size_bytes=group.size_bytes,
            count=len(group.copies),
            wasted_bytes=group.wasted_bytes,
            places=tuple(
                Place(path=copy.path, layer=copy.layer, is_visible=copy.is_visible)
                for copy in group.copies[:_PLACES]
            ),
        )
        for group in groups
    )


def config_row(
    config: ImageConfig,
    user: ConfiguredUser,
    pythons: Sequence[Interpreter],
    distro: Distro | None,
    hide: Callable[[str, str], str],
) -> ConfigRow:
    """The config; `hide` gives what may be shown of a variable's or a label's value."""
    health = config.healthcheck
    return ConfigRow(
        user=UserRow(
            configured=user.configured,
            name=user.name,
            uid=user.uid,
            gid=user.gid,
            is_root=user.is_root,
            problem=user.problem,
        ),
        exposed_ports=config.exposed_ports,
        env=tuple(EnvRow(name=name, value=hide(name, value)) for name, value in config.env),
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        shell=config.shell,
        working_dir=config.working_dir,
        healthcheck=None
        if health is None
        else HealthcheckRow(
            test=health.test,
            interval_s=health.interval_s,
            timeout_s=health.timeout_s,
            start_period_s=health.start_period_s,
            start_interval_s=health.start_interval_s,
            retries=health.retries,
        ),
        stop_signal=config.stop_signal,
        stop_timeout_s=config.stop_timeout_s,
        labels={name: hide(name, value) for name, value in sorted(config.labels.items())},
        volumes=config.volumes,
        onbuild=config.onbuild,
        distro=None
        if distro is None
        else DistroRow(
            id=distro.id,
            version_id=distro.version_id,
            codename=distro.codename,
            name=distro.name,
        ),
        pythons=tuple(map(_python_row, pythons)),
    )


def gate_rows(results: Iterable[GateResult]) -> tuple[GateRow, ...]:
    """Each gate, its numbers as people write them."""
    return tuple(
        GateRow(
            name=result.gate.kind.name,
            found=_measure(result.found, result.gate),
            allowed=_measure(result.gate.allowed, result.gate),
            passed=result.passed,
        )
        for result in results
    )


def _changes(objects: Objects) -> Changes:
    return Changes(count=objects.count, size_bytes=objects.size_bytes)


def _python_row(interpreter: Interpreter) -> PythonRow:
    path: ImagePath = (interpreter.programs or (interpreter.stdlib,))[0]
    name = "" if interpreter.implementation == "cpython" else f"{interpreter.implementation} "
    return PythonRow(version=name + ".".join(map(str, interpreter.version)), path=path)


def _measure(value: float, gate: Gate) -> str:
    match gate.unit:
        case Unit.BYTES:
            return human_size(int(value))
        case Unit.SHARE:
            # A share of the image's size was asked for in percent, others are numbers up to 1.
            return f"{value:.4g}" if gate.kind.unit is Unit.SHARE else f"{value * 100:.3g}%"
        case Unit.COUNT:
            return f"{int(value):,}"
