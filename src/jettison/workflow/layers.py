"""From a source to a root file system: layers unpacked into the store, or read in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jettison.errors import InvalidImageError, StoreError
from jettison.events import EventSink, StageProgress
from jettison.filetree.tarstream import UnpackLimits
from jettison.linux.abilities import detect
from jettison.store.layers import LayerStore, UnpackedLayer
from jettison.store.overlay_directory import read_layer
from jettison.store.rootfs import StackedRootFS
from jettison.transport.sources import Source
from jettison.workflow.image_request import SourceRequest
from jettison.xray.changes import stored_size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """An image's layers on disk, base first, ready to be mounted.

    Shape: `stack` reads what is in them, which takes a while that need not be waited for.
    """

    directories: tuple[Path, ...]
    stack: Callable[[], StackedRootFS]


def find_layers(source: Source, request: SourceRequest, events: EventSink) -> Layers:
    """Unpack what is not unpacked yet. For the isolated process, where owners can be set.

    Raises: InvalidImageError for layers that are not what the image says; StoreError. So may
    `stack`.
    """
    if source.directories is not None:
        directories = source.directories
        return Layers(
            directories=directories, stack=lambda: _read_in_place(directories, request.limits)
        )
    store = LayerStore(request.store, in_user_namespace=detect().in_user_namespace)
    diff_ids = source.image.config.diff_ids
    missing = [number for number, item in enumerate(diff_ids) if store.locate(item) is None]
    count = _Count(request.limits)
    with source.fetching(missing, events):
        for done, number in enumerate(missing, start=1):
            with source.open_layer(number) as stream:
                count.checked(
                    store.unpack(stream, diff_ids[number], layer=number, limits=request.limits)
                )
            events.emit(StageProgress(stage="unpack", done=done, total=len(missing), unit="layers"))

    def stack() -> StackedRootFS:
        count = _Count(request.limits)
        found: list[UnpackedLayer] = []
        for number, item in enumerate(diff_ids):
            layer = store.find(item, layer=number)
            if layer is None:
                raise StoreError(
                    "the store of layers was pruned while it was in use", hint="run it again"
                )
            found.append(count.checked(layer))
        _check_bytes(found, request.limits)
        return StackedRootFS.of_unpacked(found)

    if not missing:
        located = (store.locate(item) for item in diff_ids)
        return Layers(directories=tuple(item for item in located if item), stack=stack)
    # Stacking new layers may still change the modes of directories in them.
    rootfs = stack()
    return Layers(directories=rootfs.directories, stack=lambda: rootfs)


def stack_layers(source: Source, request: SourceRequest, events: EventSink) -> StackedRootFS:
    """The image's files, read at once.

    Raises: what `find_layers` raises.
    """
    return find_layers(source, request, events).stack()


def _read_in_place(directories: tuple[Path, ...], limits: UnpackLimits) -> StackedRootFS:
    count = _Count(limits)
    found = [
        count.checked(UnpackedLayer(directory=directory, tree=read_layer(directory, layer=number)))
        for number, directory in enumerate(directories)
    ]
    _check_bytes(found, limits)
    return StackedRootFS(found)


class _Count:
    """How many entries the layers had so far; an image may name one layer a thousand times."""

    def __init__(self, limits: UnpackLimits) -> None:
        self._limits = limits
        self._entries = 0

    def checked(self, layer: UnpackedLayer) -> UnpackedLayer:
        """The layer, if the image has no more entries than allowed with it.

        Raises: InvalidImageError.
        """
        self._entries += len(layer.tree.entries)
        if self._entries > self._limits.max_entries:
            raise InvalidImageError(
                f"the image has more than {self._limits.max_entries} entries",
                hint="raise the bound with --max-entries if the image is really that large",
            )
        return layer


def _check_bytes(layers: Sequence[UnpackedLayer], limits: UnpackLimits) -> None:
    # What was unpacked before, or is read in place, was not counted on its way.
    size_bytes = sum(stored_size_bytes(entry) for layer in layers for entry in layer.tree.entries)
    if size_bytes > limits.max_bytes:
        raise InvalidImageError(
            f"the image's files have {size_bytes} bytes, more than {limits.max_bytes}",
            hint="if the image is honest, raise --max-unpacked-size",
        )
