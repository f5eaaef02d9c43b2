"""Stack layers into one tree, as an overlay mount would show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jettison.filetree.entries import Entry, FileKind, LayerTree
from jettison.filetree.tree import FileTree
from jettison.paths import ImagePath


def merge_layers(layers: Iterable[LayerTree]) -> FileTree:
    """The tree that a container sees, from the base layer up.

    An entry's `layer` is set to the layer that last provided it. A directory keeps what lower
    layers put into it; anything else replaces what stood there, with all that was below.
    Source: OCI image-spec 1.1, "Applying Changesets".
    """
    merged: dict[str, Entry] = {}
    for index, layer in enumerate(layers):
        hidden = _hidden(layer)
        if hidden and merged:
            merged = _without(merged, hidden, layer.opaque)
        replaced = {
            entry.path
            for entry in layer.entries
            if not entry.is_directory
            and (below := merged.get(entry.path)) is not None
            and below.is_directory
        }
        if replaced:
            merged = _without(merged, frozenset(replaced), frozenset())
        for entry in layer.entries:
            merged[entry.path] = entry if entry.layer == index else replace(entry, layer=index)
    return FileTree(_regroup(merged))


def _hidden(layer: LayerTree) -> frozenset[ImagePath]:
    return layer.whiteouts | layer.opaque


def _without(
    merged: dict[str, Entry], hidden: frozenset[ImagePath], opaque: frozenset[ImagePath]
) -> dict[str, Entry]:
    """Drop each hidden path and everything below; an opaque directory itself stays."""
    kept: dict[str, Entry] = {}
    gone: set[str] = set()
    for path in sorted(merged):
        parent = path.rpartition("/")[0] or "/"
        # Sorting puts a directory before its content, so one look at the parent is enough.
        below_hidden = parent in gone or (parent in opaque and path != "/")
        if below_hidden or (path in hidden and path not in opaque):
            gone.add(path)
        else:
            kept[path] = merged[path]
    return kept


def _regroup(merged: dict[str, Entry]) -> Iterable[Entry]:
    """Name hard-link groups anew, after layers above removed or replaced some of the names."""
    groups: dict[tuple[int, ImagePath], list[ImagePath]] = {}
    for entry in merged.values():
        if entry.hardlink is not None and entry.kind is FileKind.FILE:
            groups.setdefault((entry.layer, entry.hardlink), []).append(entry.path)
    for entry in merged.values():
        if entry.hardlink is None or entry.kind is not FileKind.FILE:
            yield entry
            continue
        names = groups[entry.layer, entry.hardlink]
        first = min(names) if len(names) > 1 else None
        yield entry if entry.hardlink == first else replace(entry, hardlink=first)
