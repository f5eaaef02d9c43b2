"""`jettison inspect`: what an image's documents say, without reading a layer."""

from __future__ import annotations

from pathlib import Path

from jettison.digest import Digest
from jettison.edge.redact import redact
from jettison.events import EventSink, Notice
from jettison.image import Image, ImageConfig, Manifest
from jettison.image.documents import parse_object
from jettison.image.mediatypes import INDEXES, OCI_MANIFEST
from jettison.linux.workdir import work_directory
from jettison.report.inspect_document import (
    ImageConfigRow,
    IndexRow,
    InspectDocument,
    PlatformRow,
    StoredLayer,
)
from jettison.report.xray_document import EnvRow, HealthcheckRow
from jettison.transport.originals import KEEPING, Holder, open_holder
from jettison.transport.schemes import Target, parse_target
from jettison.workflow.choosing import choose_one, list_images
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.opening import may_read_in_place, opened
from jettison.workflow.stages import StageTimes


def inspect(request: SourceRequest, *, events: EventSink) -> InspectDocument:
    """Describe the image that is meant.

    Raises: JettisonError for an image that is not there or whose documents are damaged.
    """
    times = StageTimes(events)
    target = parse_target(request.target, insecure=request.insecure)
    with work_directory() as workdir:
        if target.scheme in KEEPING:
            return _inspect_kept(request, target, workdir, times)
        with opened(request, workdir, in_place=may_read_in_place()) as source:
            pass
        for notice in source.notices:
            times.emit(Notice(message=notice))
        return _describe(str(source.target), source.image, source.digest, None, times)


def _inspect_kept(
    request: SourceRequest, target: Target, workdir: Path, times: StageTimes
) -> InspectDocument:
    with open_holder(target, workdir, request.limits) as holder:
        chosen = choose_one(holder, target, request)
        raw_manifest = holder.read(chosen)
        raw_config = holder.read(Manifest.parse(raw_manifest).config)
        image = Image.parse(str(target), raw_manifest, raw_config)
        if not request.platform.accepts(image.config.platform):
            own, wanted = image.config.platform, request.platform
            times.emit(Notice(message=f"{target} is an image for {own}, not for {wanted}"))
        return _describe(str(target), image, chosen.digest, _index(holder), times)


def _index(holder: Holder) -> IndexRow | None:
    root = holder.roots[0]
    if len(holder.roots) > 1 or root.media_type not in INDEXES:
        return None
    return IndexRow(
        digest=root.digest,
        media_type=root.media_type,
        images=tuple(
            PlatformRow(platform=str(platform), digest=item.digest)
            for platform, item in list_images(holder, root)
        ),
    )


def _describe(
    reference: str, image: Image, digest: Digest, index: IndexRow | None, times: StageTimes
) -> InspectDocument:
    stated = parse_object(image.raw_manifest, "manifest").get("mediaType")
    return InspectDocument(
        reference=reference,
        digest=digest,
        config_digest=image.manifest.config.digest,
        media_type=str(stated or OCI_MANIFEST),
        platform=str(image.config.platform),
        created=image.config.created,
        size_bytes=image.compressed_size_bytes,
        index=index,
        config=_config(image.config),
        layers=_layers(image),
        notices=tuple(times.notices),
    )


def _layers(image: Image) -> tuple[StoredLayer, ...]:
    history = [item for item in image.config.history if not item.empty_layer]
    is_told = len(history) == len(image.config.diff_ids)
    return tuple(
        StoredLayer(
            digest=layer.digest,
            diff_id=diff_id,
            media_type=layer.media_type,
            size_bytes=layer.size_bytes,
            instruction=redact(history[number].created_by) if is_told else "",
        )
        for number, (layer, diff_id) in enumerate(
            zip(image.manifest.layers, image.config.diff_ids, strict=True)
        )
    )


def _config(config: ImageConfig) -> ImageConfigRow:
    health = config.healthcheck
    return ImageConfigRow(
        user=config.user,
        env=tuple(EnvRow(name=name, value=_shown(name, value)) for name, value in config.env),
        entrypoint=tuple(map(redact, config.entrypoint)),
        cmd=tuple(map(redact, config.cmd)),
        working_dir=config.working_dir,
        exposed_ports=config.exposed_ports,
        volumes=config.volumes,
        labels={name: _shown(name, value) for name, value in sorted(config.labels.items())},
        healthcheck=None
        if health is None
        else HealthcheckRow(
            test=tuple(map(redact, health.test)),
            interval_s=health.interval_s,
            timeout_s=health.timeout_s,
            start_period_s=health.start_period_s,
            start_interval_s=health.start_interval_s,
            retries=health.retries,
        ),
        stop_signal=config.stop_signal,
        stop_timeout_s=config.stop_timeout_s,
        shell=config.shell,
    )


def _shown(name: str, value: str) -> str:
    """A value, unless its name says that it is secret."""
    return redact(f"{name}={value}").removeprefix(f"{name}=")
