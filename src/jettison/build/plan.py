"""Decide what stands in each layer of a slimmed image, entry by entry, without touching bytes.

Which paths are kept is `selection`'s decision; here they become entries with their final
metadata, sorted into layers. Writing them is `image.py`'s work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from jettison.errors import JettisonError
from jettison.filetree import NO_XATTRS, Entry, FileKind, FileTree
from jettison.paths import ROOT, ImagePath
from jettison.selection import Bytecode, LayerRole, Selection

_ORDER: Final = {role: number for number, role in enumerate(LayerRole)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEntry:
    """One entry of a layer as it will be written.

    Shape: the bytes of a regular file are `content`, or else what the original has at `origin`;
    a name of a hard-linked file that is not its first has neither.
    """

    entry: Entry
    content: bytes | None = None
    origin: ImagePath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLayer:
    """A layer's entries, sorted by path, so that a directory stands before what is in it."""

    role: LayerRole
    items: tuple[PlannedEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPlan:
    """The layers of a slimmed image, base first; `notices` are for the user."""

    layers: tuple[PlannedLayer, ...]
    notices: tuple[str, ...] = ()


def plan_layers(
    tree: FileTree, selection: Selection, compiled: Mapping[ImagePath, bytes]
) -> LayerPlan:
    """Sort what a selection keeps into layers.

    Shape: `compiled` has the byte code, by source, of what the selection says must be compiled.
    A source whose byte code is not there is kept itself, so that its module can be imported.
    """
    items: dict[ImagePath, PlannedEntry] = {}
    for path in selection.kept:
        if path not in selection.rewritten:
            items[path] = _kept(tree, path)
    for path, content in selection.rewritten.items():
        items[path] = _rewritten(tree, path, content)
    roles = dict(selection.roles)
    notices: list[str] = []
    for code in selection.bytecode:
        item = _bytecode(tree, code, compiled)
        if item is None and code.source in items:
            continue
        if item is None:
            notices.append(f"{code.source}: it has no byte code, so its source is kept")
            item = _kept(tree, code.source)
        path = item.entry.path
        items[path] = item
        if code.source in roles:
            roles.setdefault(path, roles[code.source])
    _link_names(items, roles)
    return LayerPlan(layers=_layers(tree, items, roles), notices=tuple(notices))


def _kept(tree: FileTree, path: ImagePath) -> PlannedEntry:
    entry = tree.get(path)
    if entry is None:
        raise JettisonError(f"{path} is selected, but the image does not have it")
    return PlannedEntry(entry=entry, origin=path if entry.is_file else None)


def _rewritten(tree: FileTree, path: ImagePath, content: bytes) -> PlannedEntry:
    entry = tree.get(path)
    if entry is None or not entry.is_file:
        above = _nearest(tree, path)
        entry = Entry(path=path, kind=FileKind.FILE, mode=0o644, mtime=above.mtime)
    return PlannedEntry(
        entry=replace(entry, size_bytes=len(content), hardlink=None), content=content
    )


def _bytecode(
    tree: FileTree, code: Bytecode, compiled: Mapping[ImagePath, bytes]
) -> PlannedEntry | None:
    source = tree[code.source]
    content = compiled.get(code.source) if code.stored is None else None
    if code.stored is not None:
        size = tree[code.stored].size_bytes
    elif content is not None:
        size = len(content)
    else:
        return None
    entry = Entry(
        path=code.target,
        kind=FileKind.FILE,
        # As the interpreter itself does: readable by whoever may read the source.
        mode=(source.mode | 0o200) & 0o666,
        uid=source.uid,
        gid=source.gid,
        size_bytes=size,
        mtime=source.mtime,
    )
    return PlannedEntry(entry=entry, content=content, origin=code.stored)


def _link_names(items: dict[ImagePath, PlannedEntry], roles: dict[ImagePath, LayerRole]) -> None:
    """Cut hard-link groups to the kept names and put all names of a file into one layer."""
    groups: dict[ImagePath, list[ImagePath]] = {}
    for path, item in items.items():
        if item.entry.hardlink is not None:
            groups.setdefault(item.entry.hardlink, []).append(path)
    for names in groups.values():
        names.sort()
        first = names[0]
        role = min((roles.get(name, LayerRole.RUNTIME) for name in names), key=_ORDER.__getitem__)
        for name in names:
            entry = replace(items[name].entry, hardlink=first if len(names) > 1 else None)
            items[name] = PlannedEntry(entry=entry, origin=name if name == first else None)
            roles[name] = role


def _layers(
    tree: FileTree, items: Mapping[ImagePath, PlannedEntry], roles: Mapping[ImagePath, LayerRole]
) -> tuple[PlannedLayer, ...]:
    sorted_in: dict[LayerRole, dict[ImagePath, PlannedEntry]] = {role: {} for role in LayerRole}
    directories = {path: item for path, item in items.items() if item.entry.is_directory}
    for path, item in items.items():
        sorted_in[roles.get(path, LayerRole.RUNTIME)][path] = item
    found: list[PlannedLayer] = []
    for role, inside in sorted_in.items():
        if not inside:
            continue
        for parent in _parents(inside):
            if parent not in inside:
                inside[parent] = directories.get(parent) or _directory(tree, parent)
        number = len(found)
        found.append(
            PlannedLayer(
                role=role,
                items=tuple(
                    replace(inside[path], entry=replace(inside[path].entry, layer=number))
                    for path in sorted(inside)
                ),
            )
        )
    return tuple(found)


def _parents(paths: Iterable[ImagePath]) -> set[ImagePath]:
    found: set[ImagePath] = set()
    for path in paths:
        here = path
        while here != ROOT and (here := here.parent) not in found:
            found.add(here)
    return found


def _directory(tree: FileTree, path: ImagePath) -> PlannedEntry:
    """A directory that something stands in; a new one is like the one it is in."""
    entry = tree.get(path)
    if entry is None or not entry.is_directory:
        entry = replace(_nearest(tree, path), path=path, xattrs=NO_XATTRS)
        entry = replace(entry, mode=entry.mode & 0o777)
    return PlannedEntry(entry=entry)


def _nearest(tree: FileTree, path: ImagePath) -> Entry:
    return next(tree[above] for above in path.parents if above in tree and tree[above].is_directory)
