"""The documents of a slimmed image: the original's config with new layers, and its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jettison.digest import Digest
from jettison.image import Descriptor, Image
from jettison.image.documents import parse_object
from jettison.image.mediatypes import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from jettison.selection import LayerRole

CREATED_BY: Final = "jettison slim: "


def render_config(raw: bytes, layers: Sequence[tuple[LayerRole, Digest]]) -> bytes:
    """The original's config with `layers` (role, diff ID) in place of its own, base first.

    Shape: every field but `rootfs.diff_ids` and `history` stays as it was, known or not. Each
    instruction of the original stays in the history, as one that made no layer.
    """
    value = parse_object(raw, "image config")
    value["rootfs"] = {
        **value.get("rootfs", {}),
        "type": "layers",
        "diff_ids": [str(diff_id) for _, diff_id in layers],
    }
    # Whatever the original's clock said: nothing may depend on ours.
    created = {"created": value["created"]} if value.get("created") else {}
    value["history"] = [
        *_instructions(value.get("history")),
        *({**created, "created_by": f"{CREATED_BY}{role} layer"} for role, _ in layers),
    ]
    return _dump(value)


def render_manifest(
    config: Descriptor, layers: Sequence[Descriptor], annotations: Mapping[str, str]
) -> bytes:
    """An OCI image manifest."""
    return _dump(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.to_json(),
            "layers": [layer.to_json() for layer in layers],
            "annotations": dict(sorted(annotations.items())),
        }
    )


def render_index(manifest: Descriptor) -> bytes:
    """The index of an OCI layout that holds one image."""
    return _dump({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [manifest.to_json()]})


def original_annotations(image: Image) -> dict[str, str]:
    """What the original's manifest says of itself; it is as true of the slimmed image."""
    found = parse_object(image.raw_manifest, "manifest").get("annotations") or {}
    return {str(key): str(value) for key, value in found.items()}


def config_descriptor(raw: bytes) -> Descriptor:
    """What a manifest says of this config."""
    return Descriptor(media_type=OCI_CONFIG, digest=Digest.of(raw), size_bytes=len(raw))


def _instructions(history: object) -> list[dict[str, Any]]:
    found = (
        [item for item in history if isinstance(item, dict)] if isinstance(history, list) else []
    )
    return [
        {**item, "empty_layer": True}
        for item in found
        # Layers that an earlier slimming made are no instruction of the image's author.
        if not str(item.get("created_by", "")).startswith(CREATED_BY)
    ]


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
