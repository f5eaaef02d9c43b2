"""Media types that images are made of, and what their layers are packed with."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from jettison.errors import InvalidImageError

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP: Final = OCI_LAYER + "+gzip"
OCI_LAYER_ZSTD: Final = OCI_LAYER + "+zstd"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP: Final = DOCKER_LAYER + ".gzip"
DOCKER_LAYER_ZSTD: Final = DOCKER_LAYER + ".zstd"

INDEXES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIGS: Final = frozenset({OCI_CONFIG, DOCKER_CONFIG})


class Compression(StrEnum):
    """How a layer blob is packed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


_LAYERS: Final = {
    OCI_LAYER: Compression.NONE,
    OCI_LAYER_GZIP: Compression.GZIP,
    OCI_LAYER_ZSTD: Compression.ZSTD,
    DOCKER_LAYER: Compression.NONE,
    DOCKER_LAYER_GZIP: Compression.GZIP,
    DOCKER_LAYER_ZSTD: Compression.ZSTD,
}


def is_foreign(media_type: str) -> bool:
    """Whether a layer's bytes are somewhere else, by the will of who owns them."""
    return "foreign" in media_type or "nondistributable" in media_type


def layer_compression(media_type: str) -> Compression:
    """What a layer of this media type is packed with.

    Raises: InvalidImageError for foreign (non-distributable) layers and unknown media types.
    """
    if is_foreign(media_type):
        raise InvalidImageError(
            f"layer of media type {media_type!r}: its bytes are not part of the image",
            hint="foreign layers belong to Windows base images, which jettison does not handle",
        )
    try:
        return _LAYERS[media_type]
    except KeyError:
        raise InvalidImageError(f"unknown layer media type {media_type!r}") from None
