"""Originals and selections made in code, for tests of what comes after a selection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from jettison.digest import Digest
from jettison.filetree import Entry, FileKind, FileTree, MemoryRootFS
from jettison.image import Image
from jettison.image.mediatypes import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST
from jettison.paths import ImagePath
from jettison.selection import (
    Bytecode,
    LayerRole,
    Policy,
    Reason,
    Rule,
    Selection,
)

OBSERVED = (Reason(rule=Rule.OBSERVED),)


def file(path: str, content: bytes = b"", **fields: object) -> tuple[Entry, bytes]:
    """A regular file with its bytes."""
    given: dict[str, object] = {"mode": 0o644, **fields}
    entry = Entry(
        path=ImagePath(path),
        kind=FileKind.FILE,
        size_bytes=len(content),
        **given,  # type: ignore[arg-type]  # any field of Entry
    )
    return entry, content


def other(path: str, kind: FileKind, **fields: object) -> tuple[Entry, bytes]:
    """Anything that has no bytes."""
    given: dict[str, object] = {"mode": 0o755, **fields}
    return Entry(path=ImagePath(path), kind=kind, **given), b""  # type: ignore[arg-type]  # as above


def rootfs(*items: tuple[Entry, bytes]) -> MemoryRootFS:
    """A root file system of these."""
    return MemoryRootFS(
        FileTree(entry for entry, _ in items), {entry.path: content for entry, content in items}
    )


def original(
    config: Mapping[str, object] | None = None, annotations: Mapping[str, str] | None = None
) -> Image:
    """An image of one (unread) layer with this config document."""
    raw_config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [Digest.of(b"layer")]},
            **(config or {}),
        }
    ).encode()
    raw_manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": OCI_CONFIG,
                "digest": Digest.of(raw_config),
                "size": len(raw_config),
            },
            "layers": [{"mediaType": OCI_LAYER_GZIP, "digest": Digest.of(b"blob"), "size": 4}],
            **({"annotations": dict(annotations)} if annotations else {}),
        }
    ).encode()
    return Image.parse("sample", raw_manifest, raw_config)


def selection(
    tree: FileTree,
    paths: Iterable[str],
    *,
    bytecode: Iterable[Bytecode] = (),
    rewritten: Mapping[str, bytes] | None = None,
    roles: Mapping[str, LayerRole] | None = None,
) -> Selection:
    """Keep these paths and the directories they are in."""
    wanted = {ImagePath(path) for path in paths}
    wanted |= {above for path in wanted for above in path.parents if above in tree}
    return Selection(
        policy=Policy.CLOSURE,
        kept=dict.fromkeys(sorted(wanted), OBSERVED),
        bytecode=tuple(bytecode),
        rewritten={ImagePath(path): content for path, content in (rewritten or {}).items()},
        roles={ImagePath(path): role for path, role in (roles or {}).items()},
    )
