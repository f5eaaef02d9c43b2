"""Descriptors, manifests, indexes and image configs: views on bytes that are kept as received."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, BinaryIO, Final, Protocol

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.image.mediatypes import CONFIGS, layer_compression
from jettison.image.platform import Platform

_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})

# Manifests above 4 MiB are refused by registries: OCI distribution-spec 1.1, "Pushing Manifests".
MAX_DOCUMENT_BYTES: Final = 4 << 20
# An escaped NUL, as opposed to an escaped backslash before the letters u0000.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What another document says of a blob.

    Units: `size_bytes` of the blob as stored, so packed for a packed layer.
    Source: OCI image-spec 1.1, "Content Descriptors".
    """

    media_type: str
    digest: Digest
    size_bytes: int
    annotations: Mapping[str, str] = field(default_factory=lambda: _EMPTY, hash=False)
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
            annotations=_strings(value.get("annotations"), f"{where}: annotations"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """The image's HEALTHCHECK.

    Shape: `test` is ("CMD", argument, …) or ("CMD-SHELL", line); ("NONE",) disables it.
    Units: seconds; 0 stands for the engine's default.
    """

    test: tuple[str, ...]
    interval_s: float = 0.0
    timeout_s: float = 0.0
    start_period_s: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One instruction that made the image; `empty_layer` ones changed only the config."""

    created_by: str = ""
    created: str = ""
    comment: str = ""
    empty_layer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """The parts of an image config that jettison acts on; the bytes keep all the others.

    Shape: `env` in order, as (name, value); `entrypoint` and `cmd` empty where not set.
    Source: OCI image-spec 1.1, "Image Configuration", and Docker's image specification 1.2.
    """

    platform: Platform
    diff_ids: tuple[Digest, ...]
    history: tuple[History, ...] = ()
    user: str = ""
    env: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: _EMPTY, hash=False)
    stop_signal: str = ""
    stop_timeout_s: int | None = None
    healthcheck: HealthCheck | None = None
    shell: tuple[str, ...] = ()
    created: str = ""

    @property
    def argv(self) -> tuple[str, ...]:
        """What the container starts: entrypoint and then cmd."""
        return self.entrypoint + self.cmd

    @classmethod
    def parse(cls, raw: bytes) -> ImageConfig:
        """Read an image config.

        Raises: InvalidImageError.
        """
        value = parse_object(raw, "image config")
        rootfs = value.get("rootfs")
        diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        if not isinstance(diff_ids, list):
            raise InvalidImageError("image config: rootfs.diff_ids is missing")
        config = value.get("config") or {}
        if not isinstance(config, dict):
            raise InvalidImageError("image config: config is not an object")
        return cls(
            platform=Platform(
                os=str(value.get("os") or "linux"),
                architecture=str(value.get("architecture") or ""),
                variant=str(value.get("variant") or ""),
            ),
            diff_ids=tuple(Digest.parse(str(item)) for item in diff_ids),
            history=_history(value.get("history")),
            user=str(config.get("User") or ""),
            env=tuple(_env(item) for item in _list(config.get("Env"), "Env")),
            entrypoint=_list(config.get("Entrypoint"), "Entrypoint"),
            cmd=_list(config.get("Cmd"), "Cmd"),
            working_dir=str(config.get("WorkingDir") or ""),
            exposed_ports=_keys(config.get("ExposedPorts"), "ExposedPorts"),
            volumes=_keys(config.get("Volumes"), "Volumes"),
            labels=_strings(config.get("Labels"), "image config: Labels"),
            stop_signal=str(config.get("StopSignal") or ""),
            stop_timeout_s=_whole(config.get("StopTimeout"), "StopTimeout"),
            healthcheck=_healthcheck(config.get("Healthcheck")),
            shell=_list(config.get("Shell"), "Shell"),
            created=str(value.get("created") or ""),
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


def parse_object(raw: bytes, what: str) -> dict[str, Any]:
    """One JSON object, bounded in size.

    Raises: InvalidImageError.
    """
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise InvalidImageError(f"{what}: {len(raw)} bytes is over {MAX_DOCUMENT_BYTES}")
    value = parse_json(raw, what)
    if not isinstance(value, dict):
        raise InvalidImageError(f"{what}: not a JSON object")
    return value


def parse_json(raw: bytes, what: str) -> Any:
    """Any JSON in UTF-8 whose strings a kernel and a file can take: no NUL, no lone surrogate.

    Raises: InvalidImageError.
    """
    try:
        value = json.loads(raw.decode())
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as err:
        raise InvalidImageError(f"{what}: not JSON: {err}") from err
    if _NUL.search(text):
        raise InvalidImageError(f"{what}: a string in it holds a NUL byte")
    return value


def _strings(value: object, what: str) -> Mapping[str, str]:
    if value is None:
        return _EMPTY
    if not isinstance(value, dict):
        raise InvalidImageError(f"{what}: not an object")
    return MappingProxyType({str(key): str(item) for key, item in value.items()})


def _list(value: object, what: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidImageError(f"image config: {what} is not a list")
    return tuple(str(item) for item in value)


def _keys(value: object, what: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise InvalidImageError(f"image config: {what} is not an object")
    return tuple(sorted(value))


def _whole(value: object, what: str) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value.bit_length() > 63:
        raise InvalidImageError(f"image config: {what} is not a whole number of 64 bits")
    return value


def _seconds(value: object, what: str) -> float:
    # Written by Go as a Duration, in nanoseconds.
    return (_whole(value, what) or 0) / 1e9


def _env(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name, value


def _platform(value: object) -> Platform | None:
    if not isinstance(value, dict):
        return None
    return Platform(
        os=str(value.get("os") or ""),
        architecture=str(value.get("architecture") or ""),
        variant=str(value.get("variant") or ""),
    )


def _history(value: object) -> tuple[History, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        History(
            created_by=str(item.get("created_by") or ""),
            created=str(item.get("created") or ""),
            comment=str(item.get("comment") or ""),
            empty_layer=bool(item.get("empty_layer")),
        )
        for item in value
        if isinstance(item, dict)
    )


def _healthcheck(value: object) -> HealthCheck | None:
    if not isinstance(value, dict) or not value.get("Test"):
        return None
    return HealthCheck(
        test=_list(value["Test"], "Healthcheck.Test"),
        interval_s=_seconds(value.get("Interval"), "Healthcheck.Interval"),
        timeout_s=_seconds(value.get("Timeout"), "Healthcheck.Timeout"),
        start_period_s=_seconds(value.get("StartPeriod"), "Healthcheck.StartPeriod"),
        retries=_whole(value.get("Retries"), "Healthcheck.Retries") or 0,
    )
