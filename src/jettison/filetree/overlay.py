"""Stack layers into one tree, as an overlay mount would show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from jettison.filetree.entries import Entry, FileKind, LayerTree
from jettison.filetree.tree import FileTree
from jettison.paths import ImagePath

# Up to so many paths are looked for in each path one by one.
_FEW: Final = 32


def merge_layers(layers: Iterable[LayerTree]) -> FileTree:
    """The tree that a container sees, from the base layer up.

    An entry's `layer` is set to the layer that last provided it. A directory keeps what lower
    layers put into it; anything else replaces what stood there, with all that was below.
    Source: OCI image-spec 1.1, "Applying Changesets".
    """
    merged: dict[str, Entry] = {}
    unnamed: set[str] = set()  # directories that stand only in the paths of others
    for index, layer in enumerate(layers):
        if (layer.whiteouts or layer.opaque) and merged:
            merged = _without(merged, layer.whiteouts - layer.opaque, layer.opaque)
        replaced = frozenset(
            entry.path
            for entry in layer.entries
            if not entry.is_directory
            and (
                below.is_directory
                if (below := merged.get(entry.path)) is not None
                else entry.path in unnamed
            )
        )
        if replaced:
            merged = _without(merged, replaced, ())
        heads: set[str] = set()
        for entry in layer.entries:
            merged[entry.path] = entry if entry.layer == index else replace(entry, layer=index)
            heads.add(entry.path.rpartition("/")[0])
        for head in heads - merged.keys():
            parent = ImagePath(head or "/")
            unnamed.update((parent, *parent.parents))
    return FileTree(_regroup(merged))


def _without(
    merged: dict[str, Entry], removed: Iterable[str], emptied: Iterable[str]
) -> dict[str, Entry]:
    """Drop the paths in `removed`, and all that is below those and below `emptied`."""
    tops: set[str] = set(emptied)
    for path in removed:
        entry = merged.pop(path, None)
        if entry is None or entry.is_directory:
            tops.add(path)
    if not tops:
        return merged
    if len(tops) <= _FEW:
        below = tuple(f"{path.rstrip('/')}/" for path in tops)
        return {
            path: entry
            for path, entry in merged.items()
            if path == "/" or not path.startswith(below)
        }
    is_below = _Below(tops)
    return {
        path: entry
        for path, entry in merged.items()
        if path == "/" or not is_below(path.rpartition("/")[0])
    }


class _Below:
    """Whether a directory is one of some, or below one; each directory is looked at once."""

    def __init__(self, tops: set[str]) -> None:
        self._known = {path.rstrip("/"): True for path in tops}
        self._known.setdefault("", False)

    def __call__(self, directory: str) -> bool:
        above: list[str] = []
        while (found := self._known.get(directory)) is None:
            above.append(directory)
            directory = directory.rpartition("/")[0]
        for path in above:
            self._known[path] = found
        return found


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
