"""From a source to a root file system: layers unpacked into the store, or read in place."""

from __future__ import annotations

from jettison.errors import InvalidImageError
from jettison.events import EventSink, StageProgress
from jettison.linux.abilities import detect
from jettison.store.layers import LayerStore, UnpackedLayer
from jettison.store.overlay_directory import read_layer
from jettison.store.rootfs import StackedRootFS
from jettison.transport.sources import Source
from jettison.workflow.requests import SourceRequest


def stack_layers(
    source: Source, request: SourceRequest, events: EventSink, *, stage: str
) -> StackedRootFS:
    """The image's files. For use in the isolated process, where owners can be set.

    Raises: InvalidImageError for layers that are not what the image says; StoreError.
    """
    if source.directories is not None:
        return StackedRootFS(
            [
                UnpackedLayer(directory=directory, tree=read_layer(directory, layer=number))
                for number, directory in enumerate(source.directories)
            ]
        )
    store = LayerStore(request.store, in_user_namespace=detect().in_user_namespace)
    layers: list[UnpackedLayer] = []
    total = len(source.image.config.diff_ids)
    for number, diff_id in enumerate(source.image.config.diff_ids):
        layer = store.find(diff_id, layer=number)
        if layer is None:
            with source.open_layer(number) as stream:
                layer = store.unpack(stream, diff_id, layer=number, limits=request.limits)
        layers.append(layer)
        events.emit(StageProgress(stage=stage, done=number + 1, total=total, unit="layers"))
    entries = sum(len(layer.tree.entries) for layer in layers)
    if entries > request.limits.max_entries:
        raise InvalidImageError(
            f"the image has {entries} entries, more than {request.limits.max_entries}",
            hint="raise the bound with --max-entries if the image is really that large",
        )
    return StackedRootFS.of_unpacked(layers)
