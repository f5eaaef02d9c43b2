"""An image out of an engine, made into what registries take: layers packed, and a manifest."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from jettison.build.compress import BlobWriter
from jettison.digest import Digest
from jettison.edge.files import atomic_write
from jettison.errors import HostError
from jettison.events import EventSink, StageProgress, stage
from jettison.image import Compression, Descriptor
from jettison.image.documents import parse_object
from jettison.image.mediatypes import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_LAYER_ZSTD,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
    OCI_MANIFEST,
)
from jettison.report.units import count_of
from jettison.transport.layer_stream import sniff
from jettison.transport.layout_image import RAW_LAYOUT, render_index
from jettison.transport.oci_layout import INDEX_FILE, LAYOUT_FILE, blob_name
from jettison.transport.originals import Original, collect
from jettison.transport.schemes import Scheme, Target
from jettison.transport.sources import Source

_STAGE: Final = "pack"
# Less than half of the time that 6 takes, and four hundredths larger: still smaller than what
# skopeo makes of the same layers.
_LEVEL: Final = 4
_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Whose media types an image is written in."""

    manifest: str
    config: str
    layers: Mapping[Compression, str]


OCI: Final = Form(
    manifest=OCI_MANIFEST,
    config=OCI_CONFIG,
    layers={Compression.GZIP: OCI_LAYER_GZIP, Compression.ZSTD: OCI_LAYER_ZSTD},
)
DOCKER: Final = Form(
    manifest=DOCKER_MANIFEST,
    config=DOCKER_CONFIG,
    layers={Compression.GZIP: DOCKER_LAYER_GZIP, Compression.ZSTD: DOCKER_LAYER_ZSTD},
)


def form_for(source: Source, target: Target) -> Form:
    """OCI's, but for an image in Docker's form that goes to a registry.

    Podman heeds a HEALTHCHECK in Docker's form alone; in a layout it finds only OCI's by a tag.
    """
    is_docker = _manifest_type(source.image.raw_manifest) == DOCKER_MANIFEST
    return DOCKER if is_docker and target.scheme is Scheme.REGISTRY else OCI


def original_of(source: Source) -> Original:
    """A source as an original, its manifest made up where its place has none.

    Raises: InvalidImageError for layers that are not part of the image.
    """
    image = source.image
    config = image.manifest.config.digest

    def opener(descriptor: Descriptor) -> AbstractContextManager[BinaryIO]:
        if descriptor.digest == config:
            return nullcontext(io.BytesIO(image.raw_config))
        return source.open_stored(descriptor)

    root = Descriptor(
        media_type=_manifest_type(image.raw_manifest),
        digest=image.digest,
        size_bytes=len(image.raw_manifest),
    )
    return collect(str(source.target), root, lambda _: image.raw_manifest, opener)


def pack(source: Source, directory: Path, form: Form, *, events: EventSink) -> Target:
    """Write a source into a layout of its own, plain layers packed with gzip.

    The config stays as it is, and with it the image's ID; the same layers give the same bytes.
    Raises: InvalidImageError; TransportError; HostError when the disk does not take it.
    """
    original = original_of(source)
    image = source.image
    try:
        (directory / "blobs" / "sha256").mkdir(parents=True)
        layers = []
        with stage(_STAGE, events) as outcome:
            for number in range(len(image.manifest.layers)):
                layers.append(_pack_layer(source, number, original, directory, form))
                done = StageProgress(
                    stage=_STAGE, done=number + 1, total=len(image.manifest.layers), unit="layers"
                )
                events.emit(done)
            size = sum(layer.size_bytes for layer in layers)
            outcome.detail = f"{count_of(len(layers), 'layer')}, {size / 1e6:.1f} MB"
        raw = _manifest(image.raw_manifest, layers, form)
        root = Descriptor(media_type=form.manifest, digest=Digest.of(raw), size_bytes=len(raw))
        _write(directory / blob_name(image.manifest.config.digest), image.raw_config)
        _write(directory / blob_name(root.digest), raw)
        _write(directory / INDEX_FILE, render_index([root.to_json()]))
        _write(directory / LAYOUT_FILE, RAW_LAYOUT)
    except OSError as err:
        raise HostError(
            f"pack {source.target} in {directory}: {err.strerror}",
            hint="is there space left? TMPDIR names another place",
        ) from err
    return Target(scheme=Scheme.OCI, location=str(directory))


def _pack_layer(
    source: Source, number: int, original: Original, directory: Path, form: Form
) -> Descriptor:
    image = source.image
    layer = image.manifest.layers[number]
    with source.open_stored(layer) as blob:
        kind = sniff(blob.read(4))
    if kind is not Compression.NONE:
        path = directory / blob_name(layer.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as out:
            for chunk in original.read_blob(layer):
                out.write(chunk)
        return Descriptor(
            media_type=form.layers[kind], digest=layer.digest, size_bytes=layer.size_bytes
        )
    threads = len(os.sched_getaffinity(0))
    partial = directory / f"layer-{number}"
    with (
        partial.open("wb") as out,
        source.open_layer(number) as stream,
        BlobWriter(out, Compression.GZIP, level=_LEVEL, threads=threads) as writer,
    ):
        while chunk := stream.read(_CHUNK):
            writer.write(chunk)
    partial.rename(directory / blob_name(writer.digest))
    return Descriptor(
        media_type=form.layers[Compression.GZIP],
        digest=writer.digest,
        size_bytes=writer.packed.size_bytes,
    )


def _manifest_type(raw_manifest: bytes) -> str:
    stated = parse_object(raw_manifest, "manifest").get("mediaType")
    return DOCKER_MANIFEST if stated == DOCKER_MANIFEST else OCI_MANIFEST


def _manifest(raw: bytes, layers: list[Descriptor], form: Form) -> bytes:
    value = parse_object(raw, "manifest")
    packed = {
        **value,
        "mediaType": form.manifest,
        "config": {**value["config"], "mediaType": form.config},
        "layers": [layer.to_json() for layer in layers],
    }
    return json.dumps(packed, separators=(",", ":")).encode()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
