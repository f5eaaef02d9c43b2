"""Images in what `docker save` and `podman save` write: a tar with `manifest.json`.

Three shapes are in use: directories with `layer.tar`, some of them links to another (Docker
before 25), an OCI layout that also has `manifest.json` (Docker since 25), and layers beside
`manifest.json` (Podman, skopeo).
Source: Docker image specification 1.2, "Combined Image JSON + Filesystem Changeset Format".
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError, InvalidImageError, UsageError
from jettison.image import Compression, Descriptor, ImageConfig
from jettison.image.documents import parse_json
from jettison.image.mediatypes import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_LAYER_GZIP,
    DOCKER_LAYER_ZSTD,
    DOCKER_MANIFEST,
)
from jettison.image.reference import Reference
from jettison.transport.found import DocumentCore, FoundImage, read_document
from jettison.transport.layer_stream import sniff
from jettison.transport.schemes import Target
from jettison.transport.tar_index import TarIndex

MANIFEST_FILE: Final = "manifest.json"

_MEDIA_TYPES: Final = {
    Compression.NONE: DOCKER_LAYER,
    Compression.GZIP: DOCKER_LAYER_GZIP,
    Compression.ZSTD: DOCKER_LAYER_ZSTD,
}
_BLOB: Final = re.compile(r"blobs/(sha256|sha512)/([0-9a-f]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedImage:
    """One entry of `manifest.json`: names inside the archive."""

    config: str
    layers: tuple[str, ...]
    tags: tuple[str, ...]


def find_in_archive(archive: TarIndex, target: Target) -> FoundImage:
    """Find the image that `target` names.

    The archive has no manifest that a registry would know, so one is made up of what is there;
    the image goes by the digest of its config, as it does in an engine.
    Raises: UsageError if there are several and none is named; ImageNotFoundError;
    InvalidImageError.
    """
    chosen = _choose(read_images(archive), target)
    raw_config = read_document(archive, chosen.config, "image config")
    config = ImageConfig.parse(raw_config)
    digest = Digest.of(raw_config)
    _check_name(chosen.config, digest)
    if len(config.diff_ids) != len(chosen.layers):
        raise InvalidImageError(
            f"{target}: {MANIFEST_FILE} lists {len(chosen.layers)} layers, "
            f"the image config {len(config.diff_ids)}"
        )
    layers = tuple(
        _describe(archive, name, diff_id)
        for name, diff_id in zip(chosen.layers, config.diff_ids, strict=True)
    )
    # Two layers may be the same blob, so a name is as good as any other of the same digest.
    names = {layer.digest: name for layer, name in zip(layers, chosen.layers, strict=True)}
    return FoundImage(
        target=target,
        core=DocumentCore(
            raw_manifest=make_manifest(raw_config, layers),
            raw_config=raw_config,
            opener=lambda descriptor: archive.open(names[descriptor.digest]),
        ),
        digest=digest,
    )


def make_manifest(raw_config: bytes, layers: tuple[Descriptor, ...]) -> bytes:
    """A manifest for an image that came without one; the same image gives the same bytes."""
    config = Descriptor(
        media_type=DOCKER_CONFIG, digest=Digest.of(raw_config), size_bytes=len(raw_config)
    )
    value = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": config.to_json(),
        "layers": [layer.to_json() for layer in layers],
    }
    return json.dumps(value, separators=(",", ":")).encode()


def read_images(archive: TarIndex) -> tuple[ArchivedImage, ...]:
    """All images of an archive.

    Raises: InvalidImageError.
    """
    if MANIFEST_FILE not in archive.names:
        is_oci = "index.json" in archive.names
        raise InvalidImageError(
            f"{archive.path}: not a docker archive: it has no {MANIFEST_FILE}",
            hint=f"write oci-archive:{archive.path}" if is_oci else "is it cut off? save it again",
        )
    value = parse_json(read_document(archive, MANIFEST_FILE, MANIFEST_FILE), MANIFEST_FILE)
    if not isinstance(value, list):
        raise InvalidImageError(f"{archive.path}: {MANIFEST_FILE} is not a list")
    return tuple(_image(item, number) for number, item in enumerate(value))


def _image(item: Any, number: int) -> ArchivedImage:
    where = f"{MANIFEST_FILE}: image {number}"
    if not isinstance(item, dict):
        raise InvalidImageError(f"{where} is not an object")
    return ArchivedImage(
        config=_inside(item.get("Config"), f"{where}: Config"),
        layers=tuple(
            _inside(name, f"{where}: layer {index}")
            for index, name in enumerate(_list(item.get("Layers"), f"{where}: Layers"))
        ),
        tags=tuple(str(tag) for tag in _list(item.get("RepoTags"), f"{where}: RepoTags")),
    )


def _list(value: object, where: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidImageError(f"{where} is not a list")
    return value


def _inside(value: object, where: str) -> str:
    """A name in the archive; one that climbs out of it is refused although nothing would."""
    if not isinstance(value, str) or not value:
        raise InvalidImageError(f"{where} names no file")
    if value.startswith("/") or posixpath.normpath(value).startswith(".."):
        raise InvalidImageError(f"{where}: {value[:300]!r} leads out of the archive")
    return value


def _choose(images: tuple[ArchivedImage, ...], target: Target) -> ArchivedImage:
    if not images:
        raise ImageNotFoundError(f"{target}: it holds no image")
    known = sorted({tag for image in images for tag in image.tags})
    if not target.tag:
        if len({image.config for image in images}) > 1:
            raise UsageError(
                f"{target}: there are several images in it: {', '.join(known) or 'all unnamed'}",
                hint=f"choose one: {replace(target, tag='NAME:TAG')}",
            )
        return images[0]
    wanted = Reference.parse(target.tag)
    fitting = [image for image in images if any(_names(wanted, tag) for tag in image.tags)]
    if not fitting:
        raise ImageNotFoundError(
            f"{target}: no image of that name in it",
            hint=f"it has {', '.join(known[:20])}" if known else "its images have no names",
        )
    return fitting[0]


def _names(wanted: Reference, tag: str) -> bool:
    try:
        return wanted.names(Reference.parse(tag))
    except UsageError:
        return False


def _check_name(name: str, actual: Digest) -> None:
    """The config is named by its digest in all three shapes; any other name says nothing."""
    stem = name.rpartition("/")[2].removesuffix(".json")
    if re.fullmatch("[0-9a-f]{64}", stem) and stem != actual.hex:
        raise InvalidImageError(
            f"image config: digest is {actual}, its name says {stem}",
            hint="the copy is damaged; save the image again",
        )


def _describe(archive: TarIndex, name: str, diff_id: Digest) -> Descriptor:
    with archive.open(name) as blob:
        kind = sniff(blob.read(4))
    if kind is Compression.NONE:
        digest = diff_id
    elif match := _BLOB.fullmatch(name):
        digest = Digest.parse(f"{match[1]}:{match[2]}")
    else:
        # A packed layer that nothing tells the digest of; its diff ID still vouches for it.
        with archive.open(name) as blob:
            digest = Digest.of_stream(blob)
    return Descriptor(
        media_type=_MEDIA_TYPES[kind], digest=digest, size_bytes=archive.size_bytes(name)
    )
