"""Descriptors, manifests, indexes and images: views on bytes that are kept as received."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.image.config import ImageConfig
from jettison.image.documents import NO_STRINGS, parse_object, read_strings
from jettison.image.mediatypes import CONFIGS, layer_compression
from jettison.image.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What another document says of a blob.

    Units: `size_bytes` of the blob as stored, so packed for a packed layer.
    Source: OCI image-spec 1.1, "Content Descriptors".
    """

    media_type: str
    digest: Digest
    size_bytes: int
    annotations: Mapping[str, str] = field(default_factory=lambda: NO_STRINGS, hash=False)
    platform: Platform | None = None

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Descriptor:
        """Check one descriptor; `where` names it in the error.

        Raises: InvalidImageError.
        """
        if not isinstance(value, dict):
            raise InvalidImageError(f"{where}: descriptor is not an object")
        size = value.get("size")
        media_type = value.get("mediaType")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise InvalidImageError(f"{where}: size is {size!r}")
        if not isinstance(media_type, str):
            raise InvalidImageError(f"{where}: mediaType is {media_type!r}")
        return cls(
            media_type=media_type,
            digest=Digest.parse(str(value.get("digest"))),
            size_bytes=size,
            annotations=read_strings(value.get("annotations"), f"{where}: annotations"),
            platform=_platform(value.get("platform")),
        )

    def to_json(self) -> dict[str, object]:
        """The object that stands in a manifest or index."""
        value: dict[str, object] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size_bytes,
        }
        if self.platform is not None:
            value["platform"] = {
                "architecture": self.platform.architecture,
                "os": self.platform.os,
                **({"variant": self.platform.variant} if self.platform.variant else {}),
            }
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Which config and which layers, base first, make an image for one platform."""

    config: Descriptor
    layers: tuple[Descriptor, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Manifest:
        """Read an OCI or Docker (schema 2) manifest.

        Raises: InvalidImageError.
        """
        value = parse_object(raw, "manifest")
        layers = value.get("layers")
        if value.get("schemaVersion") != 2 or not isinstance(layers, list):
            raise InvalidImageError(
                f"manifest: schemaVersion is {value.get('schemaVersion')!r} and it "
                f"{'has' if isinstance(layers, list) else 'has no'} layers",
                hint="Docker's schema 1 is no longer in use; push the image again",
            )
        return cls(
            config=Descriptor.from_json(value.get("config"), where="manifest: config"),
            layers=tuple(
                Descriptor.from_json(layer, where=f"manifest: layer {number}")
                for number, layer in enumerate(layers)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The manifests of a multi-platform image, or of a layout."""

    manifests: tuple[Descriptor, ...]

    @classmethod
    def parse(cls, raw: bytes) -> Index:
        """Read an OCI index or Docker manifest list.

        Raises: InvalidImageError.
        """
        manifests = parse_object(raw, "index").get("manifests")
        if not isinstance(manifests, list):
            raise InvalidImageError("index: it has no manifests")
        return cls(
            manifests=tuple(
                Descriptor.from_json(item, where=f"index: manifest {number}")
                for number, item in enumerate(manifests)
            )
        )


class SourceCore(Protocol):
    """What a transport brings: the bytes of one image for one platform, unverified."""

    @property
    def raw_manifest(self) -> bytes:
        """The manifest as stored, or one made up for a medium that has none."""

    @property
    def raw_config(self) -> bytes:
        """The image config as stored."""

    def open_blob(self, descriptor: Descriptor) -> AbstractContextManager[BinaryIO]:
        """The blob's bytes as stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image for one platform, as its bytes and as values parsed from them.

    Shape: `reference` is what the user named it by.
    """

    reference: str
    raw_manifest: bytes
    raw_config: bytes
    manifest: Manifest
    config: ImageConfig

    @classmethod
    def parse(cls, reference: str, raw_manifest: bytes, raw_config: bytes) -> Image:
        """Parse both documents and check that they are about the same image.

        Raises: InvalidImageError.
        """
        manifest = Manifest.parse(raw_manifest)
        if manifest.config.media_type not in CONFIGS:
            raise InvalidImageError(
                f"manifest: its config is {manifest.config.media_type!r}, which is no image config",
                hint="is it an artifact, such as a chart or an SBOM?",
            )
        for layer in manifest.layers:
            layer_compression(layer.media_type)
        actual = Digest.of(raw_config, algorithm=manifest.config.digest.algorithm)
        if actual != manifest.config.digest:
            raise InvalidImageError(
                f"image config: digest is {actual}, manifest says {manifest.config.digest}",
                hint="the copy is damaged; pull the image again",
            )
        config = ImageConfig.parse(raw_config)
        if len(config.diff_ids) != len(manifest.layers):
            raise InvalidImageError(
                f"the manifest has {len(manifest.layers)} layers, "
                f"the config {len(config.diff_ids)} diff IDs"
            )
        return cls(
            reference=reference,
            raw_manifest=raw_manifest,
            raw_config=raw_config,
            manifest=manifest,
            config=config,
        )

    @property
    def digest(self) -> Digest:
        """Of the manifest's bytes."""
        return Digest.of(self.raw_manifest)

    @property
    def compressed_size_bytes(self) -> int:
        """The layers as stored, summed."""
        return sum(layer.size_bytes for layer in self.manifest.layers)


def _platform(value: object) -> Platform | None:
    if not isinstance(value, dict):
        return None
    return Platform(
        os=str(value.get("os") or ""),
        architecture=str(value.get("architecture") or ""),
        variant=str(value.get("variant") or ""),
    )
