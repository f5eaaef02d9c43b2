"""`jettison xray diff`: what differs from one image to another."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from jettison.events import EventSink, Notice, stage
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.report.xray_diff_document import (
    XrayDiffDocument,
    config_differences,
    directory_differences,
    file_differences,
    package_differences,
)
from jettison.store.overlay_directory import RedirectedLayerError
from jettison.transport.sources import Source
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.layers import stack_layers
from jettison.workflow.opening import may_read_in_place, opened
from jettison.workflow.reading import ReadImage
from jettison.workflow.stages import StageTimes
from jettison.workflow.xray_parts import ImageView, shown_setting, shown_text
from jettison.xray.compare import (
    ConfigChange,
    Side,
    compare_configs,
    compare_files,
    compare_packages,
    count_shared_layers,
)

_DIRECTORIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class XrayDiffRequest:
    """Which two images."""

    before: SourceRequest
    after: SourceRequest


def xray_diff(request: XrayDiffRequest, *, events: EventSink) -> XrayDiffDocument:
    """Compare two images.

    Raises: JettisonError for an image that cannot be read.
    """
    times = StageTimes(events)
    try:
        document = _diff(request, times, in_place=may_read_in_place())
    except RedirectedLayerError as err:
        times.emit(Notice(message=f"the engine's own layers cannot be used: {err.message}"))
        document = _diff(request, times, in_place=False)
    return msgspec.structs.replace(
        document, stages=tuple(times.stages), notices=tuple(times.notices)
    )


def _diff(request: XrayDiffRequest, times: StageTimes, *, in_place: bool) -> XrayDiffDocument:
    with ExitStack() as held:
        workdir = held.enter_context(work_directory())
        with stage("open", times):
            before, after = (
                held.enter_context(opened(item, workdir, in_place=in_place))
                for item in (request.before, request.after)
            )
        for notice in (*before.notices, *after.notices):
            times.emit(Notice(message=notice))
        if before.directories is not None and after.directories is not None:
            return _compare(request, (before, after), times)
        return run_isolated(
            lambda sink: _compare(request, (before, after), sink), events=times, workdir=workdir
        )


def _compare(
    request: XrayDiffRequest, sources: tuple[Source, Source], events: EventSink
) -> XrayDiffDocument:
    with stage("read", events) as outcome:
        before = _view(sources[0], request.before, events)
        after = _view(sources[1], request.after, events)
        outcome.detail = f"{len(before.tree)} and {len(after.tree)} paths"
    with stage("compare", events) as outcome:
        old, new = (Side(config=view.image.config, rootfs=view.rootfs) for view in (before, after))
        files = compare_files(old, new)
        outcome.detail = f"{len(files)} paths differ"
        return XrayDiffDocument(
            before=before.summary(),
            after=after.summary(),
            shared_layer_count=count_shared_layers(old.config, new.config),
            files=file_differences(files),
            directories=directory_differences(files, most=_DIRECTORIES),
            packages=package_differences(compare_packages(before.inventory, after.inventory)),
            config=config_differences(
                [_shown(item) for item in compare_configs(old.config, new.config)]
            ),
        )


def _view(source: Source, request: SourceRequest, events: EventSink) -> ImageView:
    read = ReadImage(
        image=source.image,
        digest=source.digest,
        target=source.target,
        source=source,
        rootfs=stack_layers(source, request, events),
        notices=source.notices,
    )
    return ImageView(read, events)


def _shown(change: ConfigChange) -> ConfigChange:
    """Without what a variable's name or form says is secret; that it differs is still told."""
    kind, _, name = change.name.partition(" ")
    show = partial(shown_setting, name) if kind in ("env", "label") else shown_text
    before, after = (
        value if value is None else show(value) for value in (change.before, change.after)
    )
    return replace(change, before=before, after=after)
