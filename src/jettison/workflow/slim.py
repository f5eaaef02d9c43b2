"""`jettison slim` and `jettison profile`: from an original to a proven image and its reports."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from jettison.edge.files import atomic_write
from jettison.errors import StoreError
from jettison.events import EventSink, Notice, stage
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.report.slim_document import Artifact, Output, SlimDocument
from jettison.report.units import count_of
from jettison.runtime.container import ContainerHost
from jettison.store.overlay_directory import RedirectedLayerError
from jettison.transport.schemes import Target
from jettison.transport.sinks import check_sink, write_sink
from jettison.transport.sources import Source
from jettison.workflow.artifacts import Artifacts
from jettison.workflow.hosts import host_for, isolation_options
from jettison.workflow.layers import find_layers
from jettison.workflow.naming import choose_outputs, plain_name, slimmed_name
from jettison.workflow.opening import may_read_in_place, opened
from jettison.workflow.requests import SlimRequest
from jettison.workflow.stages import StageTimes
from jettison.workflow.workshop import Made, Workshop

_REPORTS: Final = Path("jettison-report")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimResult:
    """What came of it; `passed` is whether the slimmed image behaves as the original does."""

    document: SlimDocument
    passed: bool


def slim(request: SlimRequest, *, events: EventSink) -> SlimResult:
    """Slim an image, prove it, and write it where it was asked for, if it passed.

    Raises: JettisonError; then no image and no report was written.
    """
    times = StageTimes(events)
    try:
        return _slim(request, times, in_place=may_read_in_place())
    except RedirectedLayerError as err:
        times.emit(Notice(message=f"the engine's own layers cannot be used: {err.message}"))
        return _slim(request, times, in_place=False)


def _slim(request: SlimRequest, times: StageTimes, *, in_place: bool) -> SlimResult:
    with work_directory() as workdir, host_for(request.watch, workdir) as host:
        with (
            stage("open", times),
            opened(request.source, workdir, in_place=in_place) as source,
        ):
            pass
        for notice in source.notices:
            times.emit(Notice(message=notice))
        outputs = _outputs(request, source.target)
        directory = request.report_dir or _REPORTS / plain_name(source.target)
        _check_directory(directory)
        made = run_isolated(
            lambda sink: _in_isolation(request, source, host, sink),
            events=times,
            workdir=workdir,
            options=isolation_options(host),
        )
        passed = made.document.verification.verdict != "failed"
        artifacts = _keep(made.artifacts, directory)
        written: tuple[Output, ...] = ()
        if outputs and passed:
            written = _write(made, outputs, request, times)
    document = msgspec.structs.replace(
        made.document,
        stages=tuple(times.stages),
        notices=tuple(times.notices),
        outputs=written,
        artifacts=artifacts,
    )
    return SlimResult(document=document, passed=passed)


def _outputs(request: SlimRequest, original: Target) -> tuple[Target, ...]:
    """Where the image will go; found out before the work, so that nothing is slimmed in vain."""
    if not request.write:
        return ()
    name = slimmed_name(original, request.tag)
    outputs = choose_outputs(request.outputs, original, name, insecure=request.source.insecure)
    for output in outputs:
        check_sink(output, overwrite=request.force)
    return outputs


def _in_isolation(
    request: SlimRequest, source: Source, host: ContainerHost, events: EventSink
) -> Made:
    # Threads that compute must not keep the one waiting that watches the app.
    sys.setswitchinterval(0.001)
    with stage("unpack", events) as outcome:
        layers = find_layers(source, request.source, events)
        outcome.detail = count_of(len(layers.directories), "layer")
    workshop = Workshop(
        request=request,
        image=source.image,
        digest=source.digest,
        layers=layers,
        host=host,
        events=events,
    )
    return workshop.work()


def _write(
    made: Made, outputs: tuple[Target, ...], request: SlimRequest, times: StageTimes
) -> tuple[Output, ...]:
    with stage("write", times) as outcome:
        written = tuple(
            write_sink(output, made.layout, plain=made.plain, overwrite=request.force)
            for output in outputs
        )
        outcome.detail = ", ".join(str(item.target) for item in written)
    return tuple(Output(reference=str(item.target), digest=str(item.digest)) for item in written)


def _check_directory(directory: Path) -> None:
    """Find out before the work whether reports can be written; make nothing yet.

    Raises: StoreError.
    """
    there = directory
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise StoreError(
            f"no report can be written to {directory}: {there} cannot be written to",
            hint="name another directory with --report-dir",
        )


def _keep(artifacts: Artifacts, directory: Path) -> tuple[Artifact, ...]:
    """Move the reports out of the work directory.

    Raises: StoreError.
    """
    kept: list[Artifact] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for kind, path in artifacts:
            target = directory / path.name
            # Another run may be writing to the same place.
            with path.open("rb") as made, atomic_write(target) as out:
                shutil.copyfileobj(made, out)
            kept.append(Artifact(kind=kind, path=str(target)))
    except OSError as err:
        raise StoreError(f"write the report to {directory}: {err.strerror}") from err
    return tuple(kept)
