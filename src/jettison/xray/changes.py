"""Apply layers one after the other and say what each of them adds, changes and hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jettison.filetree import Entry, LayerTree
from jettison.paths import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChanges:
    """What one layer does to those below it.

    Shape: all sorted by path. `modified` are the layer's own entries where lower layers have the
    path, `deleted` the entries of lower layers that it hides and does not bring again: what is
    named by a whiteout, all that is in it, and what an opaque directory or a file in a
    directory's place hides. A directory that only stands there again unchanged is neither.
    `whiteout_sizes` has the files' sizes below each path that a whiteout names; the path itself
    counts only as a directory.
    """

    index: int
    layer: LayerTree
    added: tuple[Entry, ...]
    modified: tuple[Entry, ...]
    deleted: tuple[Entry, ...]
    whiteout_sizes: tuple[tuple[str, int], ...]


def stack(layers: Iterable[LayerTree]) -> Iterator[LayerChanges]:
    """The changes of each layer, base first."""
    merged: dict[str, Entry] = {}
    for index, layer in enumerate(layers):
        hidden = _hidden(merged, layer)
        sizes: dict[str, int] = dict.fromkeys(layer.whiteouts, 0)
        deleted: list[Entry] = []
        own = {entry.path for entry in layer.entries}
        for path, top in hidden.items():
            entry = merged[path]
            if path != top and top in sizes:
                sizes[top] += stored_size_bytes(entry)
            if path not in own:
                deleted.append(entry)
        added: list[Entry] = []
        modified: list[Entry] = []
        for entry in layer.entries:
            if entry.path == ROOT:
                continue
            below = merged.get(entry.path)
            if below is None:
                added.append(entry)
            elif not _is_same_directory(below, entry) or entry.path in hidden:
                modified.append(entry)
        for path in hidden:
            del merged[path]
        merged.update((entry.path, entry) for entry in layer.entries)
        yield LayerChanges(
            index=index,
            layer=layer,
            added=tuple(added),
            modified=tuple(modified),
            deleted=tuple(sorted(deleted, key=lambda entry: entry.path)),
            whiteout_sizes=tuple(sorted(sizes.items())),
        )


def stored_size_bytes(entry: Entry) -> int:
    """What a layer stores of an entry: the bytes of a file, at the first of its names only."""
    if not entry.is_file or entry.hardlink not in (None, entry.path):
        return 0
    return entry.size_bytes


def _hidden(merged: dict[str, Entry], layer: LayerTree) -> dict[str, str]:
    """The paths of lower layers that a layer hides, each with the topmost path that hides it."""
    tops: dict[str, str] = {path: path for path in layer.whiteouts}
    emptied = {path: path for path in layer.opaque}
    for entry in layer.entries:
        below = merged.get(entry.path)
        if below is not None and below.is_directory and not entry.is_directory:
            emptied[entry.path] = entry.path
    if not tops and not emptied:
        return {}
    known: dict[str, str] = {path.rstrip("/"): path for path in (*tops, *emptied)}
    known.setdefault("", "")
    found: dict[str, str] = {}
    for path in merged:
        top = tops.get(path) or _above(path.rpartition("/")[0], known)
        if top and path != ROOT:
            found[path] = top
    return found


def _above(directory: str, known: dict[str, str]) -> str:
    """Which of the known paths a directory is or is below; each directory is looked at once."""
    passed: list[str] = []
    while (top := known.get(directory)) is None:
        passed.append(directory)
        directory = directory.rpartition("/")[0]
    for path in passed:
        known[path] = top
    return top


def _is_same_directory(below: Entry, entry: Entry) -> bool:
    return (
        below.is_directory
        and entry.is_directory
        and (below.mode, below.uid, below.gid, below.xattrs)
        == (entry.mode, entry.uid, entry.gid, entry.xattrs)
    )
