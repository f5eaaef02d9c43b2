"""What each layer adds, changes and deletes, and which instruction made it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from jettison.filetree import Entry
from jettison.image import History, ImageConfig
from jettison.xray.changes import LayerChanges, stored_size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """A number of objects (files, links, directories, devices), and what they store."""

    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSummary:
    """One layer in numbers.

    Shape: `largest` are its largest files, largest first.
    Units: `size_bytes` sums its files, unpacked, a hard-linked one once.
    """

    index: int
    size_bytes: int
    added: Objects
    modified: Objects
    deleted: Objects
    largest: tuple[Entry, ...]


def summarize_layer(changes: LayerChanges, *, largest: int) -> LayerSummary:
    """One layer in numbers, with so many of its `largest` files."""
    files = ((stored_size_bytes(entry), entry) for entry in changes.layer.entries)
    top = heapq.nsmallest(
        largest, ((-size, entry.path, entry) for size, entry in files if size > 0)
    )
    return LayerSummary(
        index=changes.index,
        size_bytes=sum(map(stored_size_bytes, changes.layer.entries)),
        added=_count(changes.added),
        modified=_count(changes.modified),
        deleted=_count(changes.deleted),
        largest=tuple(entry for _, _, entry in top),
    )


def layer_history(config: ImageConfig) -> tuple[History | None, ...]:
    """The instruction that made each layer; None for all where the history does not fit.

    Source: OCI image-spec 1.1, "history": entries that are not `empty_layer` are the layers.
    """
    made = tuple(item for item in config.history if not item.empty_layer)
    return made if len(made) == len(config.diff_ids) else (None,) * len(config.diff_ids)


def history_fault(config: ImageConfig) -> str:
    """What is wrong with a history that does not fit the layers, or nothing."""
    made = sum(not item.empty_layer for item in config.history)
    layers = len(config.diff_ids)
    if not config.history:
        return "the image has no history, so that nobody knows which instruction made a layer"
    if made != layers:
        return f"the history tells of {made} layers and the image has {layers}: it is not used"
    return ""


def _count(entries: Sequence[Entry]) -> Objects:
    return Objects(count=len(entries), size_bytes=sum(map(stored_size_bytes, entries)))
