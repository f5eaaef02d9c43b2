"""A LayerTree as bytes. Columns of plain values, because building 30,000 objects twice is slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from jettison.filetree import NO_XATTRS, Entry, FileKind, LayerTree
from jettison.paths import ImagePath

_SCHEMA_VERSION: Final = 1
_KINDS: Final = tuple(FileKind)


# An array of four, and the version as the first of them: msgpack's specification, "Formats".
_HEAD: Final = bytes((0x94, _SCHEMA_VERSION))
HEAD_BYTES: Final = len(_HEAD)


def is_readable(head: bytes) -> bool:
    """Whether what begins so was written by this version."""
    return head == _HEAD


def encode(tree: LayerTree) -> bytes:
    """Everything but the entries' layer numbers, which depend on the image."""
    rows = [
        (
            entry.path.encode("utf-8", "surrogateescape"),
            _KINDS.index(entry.kind),
            entry.mode,
            entry.uid,
            entry.gid,
            entry.size_bytes,
            entry.mtime,
            _encode(entry.link_target),
            _encode(entry.hardlink),
            entry.device,
            dict(entry.xattrs) or None,
        )
        for entry in tree.entries
    ]
    hidden = [_encode(path) for path in sorted(tree.whiteouts)]
    opaque = [_encode(path) for path in sorted(tree.opaque)]
    return msgspec.msgpack.encode((_SCHEMA_VERSION, rows, hidden, opaque))


def decode(raw: bytes, *, layer: int) -> LayerTree | None:
    """The tree, its entries marked as of `layer`; None if another version wrote it."""
    try:
        version, *parts = msgspec.msgpack.decode(raw)
    except (msgspec.DecodeError, ValueError, TypeError):
        return None
    if version != _SCHEMA_VERSION:
        return None
    rows, hidden, opaque = parts
    return LayerTree(
        entries=tuple(_entry(row, layer) for row in rows),
        whiteouts=frozenset(ImagePath(_decode(path)) for path in hidden),
        opaque=frozenset(ImagePath(_decode(path)) for path in opaque),
    )


def _entry(row: Sequence[Any], layer: int) -> Entry:
    path, kind, mode, uid, gid, size, mtime, link, hardlink, device, xattrs = row
    return Entry(
        path=ImagePath(_decode(path)),
        kind=_KINDS[kind],
        mode=mode,
        uid=uid,
        gid=gid,
        size_bytes=size,
        mtime=mtime,
        link_target=None if link is None else _decode(link),
        hardlink=None if hardlink is None else ImagePath(_decode(hardlink)),
        device=None if device is None else (device[0], device[1]),
        xattrs=xattrs or NO_XATTRS,
        layer=layer,
    )


def _encode(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
