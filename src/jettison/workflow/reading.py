"""Look into an image without running it, wherever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from jettison.digest import Digest
from jettison.events import EventSink, Notice, stage
from jettison.image import Image
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.report.units import count_of
from jettison.store.overlay_directory import RedirectedLayerError
from jettison.store.rootfs import StackedRootFS
from jettison.transport.schemes import Target
from jettison.transport.sources import Source
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.layers import stack_layers
from jettison.workflow.opening import may_read_in_place, opened

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadImage:
    """An image and its files, open for as long as the work on it lasts.

    Shape: `digest` is what the place that it came from knows it by; `source` opens the layers as
    they are stored; `rootfs` is both the merged tree and each layer by itself.
    """

    image: Image
    digest: Digest
    target: Target
    source: Source
    rootfs: StackedRootFS
    notices: tuple[str, ...] = ()


def read_image(
    request: SourceRequest, work: Callable[[ReadImage, EventSink], T], *, events: EventSink
) -> T:
    """What `work` makes of the image of the request.

    Where the layers are unpacked into the store first, it is called in the isolated process, with
    the rights that reading them takes, so what it returns is handed on by pickle; where an
    engine's own directories are read in place it is called in this one.
    Raises: what `work` raises; JettisonError where the image cannot be opened or read.
    """
    try:
        return _read(request, work, events, in_place=may_read_in_place())
    except RedirectedLayerError as err:
        events.emit(Notice(message=f"the engine's own layers cannot be used: {err.message}"))
        return _read(request, work, events, in_place=False)


def _read(
    request: SourceRequest,
    work: Callable[[ReadImage, EventSink], T],
    events: EventSink,
    *,
    in_place: bool,
) -> T:
    with work_directory() as workdir:
        with stage("open", events), opened(request, workdir, in_place=in_place) as source:
            pass
        for notice in source.notices:
            events.emit(Notice(message=notice))
        if source.directories is not None:
            return work(_stacked(source, request, events), events)
        return _in_isolation(source, request, work, (workdir, events))


def _in_isolation(
    source: Source,
    request: SourceRequest,
    work: Callable[[ReadImage, EventSink], T],
    around: tuple[Path, EventSink],
) -> T:
    workdir, events = around
    return run_isolated(
        lambda sink: work(_stacked(source, request, sink), sink), events=events, workdir=workdir
    )


def _stacked(source: Source, request: SourceRequest, events: EventSink) -> ReadImage:
    with stage("read", events) as outcome:
        rootfs = stack_layers(source, request, events)
        outcome.detail = (
            f"{count_of(len(rootfs.layers), 'layer')}, {count_of(len(rootfs.tree), 'path')}"
        )
    return ReadImage(
        image=source.image,
        digest=source.digest,
        target=source.target,
        source=source,
        rootfs=rootfs,
        notices=source.notices,
    )
