"""Make whole images in code and write them as OCI layout, OCI archive or docker archive."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jettison.digest import Digest
from jettison.image.mediatypes import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Compression,
)
from support.layers import (
    Content,
    Device,
    Directory,
    Fifo,
    File,
    HardLink,
    Layer,
    Node,
    Symlink,
    layer_from_tar,
    make_layer,
    make_tar,
)

__all__ = [
    "BuiltImage",
    "BuiltIndex",
    "Content",
    "Device",
    "Directory",
    "Fifo",
    "File",
    "HardLink",
    "Layer",
    "Node",
    "Symlink",
    "layer_from_tar",
    "make_image",
    "make_index",
    "make_layer",
    "make_tar",
    "write_tar_of",
]

_CREATED: Final = "2024-01-02T03:04:05Z"
_LAYOUT_MARK: Final = b'{"imageLayoutVersion":"1.0.0"}'
_REF_NAME: Final = "org.opencontainers.image.ref.name"


class _Writable:
    """Writing to the media that hold images; the subclasses bring blobs and a root document."""

    @property
    def blobs(self) -> dict[Digest, bytes]:
        """Every blob by digest, the root document among them."""
        raise NotImplementedError

    def root_descriptor(self) -> dict[str, Any]:
        """What `index.json` lists."""
        raise NotImplementedError

    def index_json(self, tag: str | None) -> bytes:
        """The `index.json` of a layout, the image named `tag` if one is given."""
        descriptor = self.root_descriptor()
        if tag is not None:
            descriptor["annotations"] = {_REF_NAME: tag}
        return _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor]})

    def files(self, tag: str | None) -> dict[str, bytes]:
        """A layout's files by their relative names, for tests that damage one of them."""
        found = {"oci-layout": _LAYOUT_MARK, "index.json": self.index_json(tag)}
        for digest, blob in self.blobs.items():
            found[f"blobs/{digest.algorithm}/{digest.hex}"] = blob
        return found

    def write_layout(self, directory: Path, tag: str | None = None) -> Path:
        """Write an OCI layout into `directory`, which may be there already."""
        for name, data in self.files(tag).items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return directory

    def write_archive(self, path: Path, tag: str | None = None) -> Path:
        """Write an OCI archive: the layout as one tar."""
        path.write_bytes(write_tar_of(self.files(tag)))
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage(_Writable):
    """An image for one platform, whole, in memory."""

    layers: tuple[Layer, ...]
    raw_config: bytes
    raw_manifest: bytes
    manifest_type: str = OCI_MANIFEST

    @property
    def digest(self) -> Digest:
        """Of the manifest."""
        return Digest.of(self.raw_manifest)

    @property
    def config(self) -> dict[str, Any]:
        """The whole image config, decoded."""
        return dict(json.loads(self.raw_config))

    @property
    def blobs(self) -> dict[Digest, bytes]:
        """Manifest, config and layers by digest."""
        found = {Digest.of(self.raw_manifest): self.raw_manifest}
        found[Digest.of(self.raw_config)] = self.raw_config
        found.update((layer.digest, layer.blob) for layer in self.layers)
        return found

    def root_descriptor(self) -> dict[str, Any]:
        """What an index lists, platform included."""
        config = self.config
        platform = {key: config[key] for key in ("architecture", "os", "variant") if key in config}
        return {
            "mediaType": self.manifest_type,
            "digest": str(self.digest),
            "size": len(self.raw_manifest),
            "platform": platform,
        }

    def write_docker_archive(self, path: Path, tags: Sequence[str] = ("test:latest",)) -> Path:
        """Write what `docker save` of engines before 25 writes: plain layers, `manifest.json`."""
        config_name = f"{Digest.of(self.raw_config).hex}.json"
        files = {config_name: self.raw_config}
        names = []
        for layer in self.layers:
            names.append(f"{layer.diff_id.hex}/layer.tar")
            files[names[-1]] = layer.tar
        entry = {"Config": config_name, "RepoTags": list(tags) or None, "Layers": names}
        files["manifest.json"] = _json([entry])
        repositories = {}
        for tag in tags:
            name, _, version = tag.rpartition(":")
            repositories[name] = {version: self.layers[-1].diff_id.hex if self.layers else ""}
        files["repositories"] = _json(repositories)
        path.write_bytes(write_tar_of(files))
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIndex(_Writable):
    """A multi-platform image."""

    images: tuple[BuiltImage, ...]
    raw_index: bytes
    media_type: str = field(default=OCI_INDEX)

    @property
    def digest(self) -> Digest:
        """Of the index."""
        return Digest.of(self.raw_index)

    @property
    def blobs(self) -> dict[Digest, bytes]:
        """The index and all blobs of all its images."""
        found = {self.digest: self.raw_index}
        for image in self.images:
            found.update(image.blobs)
        return found

    def root_descriptor(self) -> dict[str, Any]:
        """What `index.json` lists: the nested index."""
        return {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": len(self.raw_index),
        }


def make_image(
    layers: Sequence[Content | Layer] = ({"/app/main.py": b"print(1)\n"},),
    config: Mapping[str, object] | None = None,
    *,
    compression: Compression | str = Compression.GZIP,
    platform: str = "linux/amd64",
    docker_types: bool = False,
    extra: Mapping[str, object] | None = None,
) -> BuiltImage:
    """An image of these layers, base first.

    Shape: `config` is the inner object (`Env`, `Cmd`, …); `extra` adds or replaces members of
    the outer one (`history`, `created`, unknown fields; None removes a member).
    """
    built = tuple(
        layer
        if isinstance(layer, Layer)
        else make_layer(layer, compression=compression, docker_types=docker_types)
        for layer in layers
    )
    system, architecture, *variant = platform.split("/")
    document: dict[str, object] = {
        "created": _CREATED,
        "architecture": architecture,
        "os": system,
        **({"variant": variant[0]} if variant else {}),
        "config": dict({"Cmd": ["/bin/true"]} if config is None else config),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in built]},
        "history": [
            {"created": _CREATED, "created_by": f"layer {number}"} for number in range(len(built))
        ],
        **(extra or {}),
    }
    raw_config = _json({key: value for key, value in document.items() if value is not None})
    manifest_type = DOCKER_MANIFEST if docker_types else OCI_MANIFEST
    raw_manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": {
                "mediaType": DOCKER_CONFIG if docker_types else OCI_CONFIG,
                "digest": Digest.of(raw_config),
                "size": len(raw_config),
            },
            "layers": [layer.descriptor for layer in built],
        }
    )
    return BuiltImage(
        layers=built,
        raw_config=raw_config,
        raw_manifest=raw_manifest,
        manifest_type=manifest_type,
    )


def make_index(images: Sequence[BuiltImage], *, docker_types: bool = False) -> BuiltIndex:
    """One multi-platform image of several, each listed with the platform of its config."""
    media_type = DOCKER_INDEX if docker_types else OCI_INDEX
    raw = _json(
        {
            "schemaVersion": 2,
            "mediaType": media_type,
            "manifests": [image.root_descriptor() for image in images],
        }
    )
    return BuiltIndex(images=tuple(images), raw_index=raw, media_type=media_type)


def write_tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar of plain files, in this order, such as the outer tar of an archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
