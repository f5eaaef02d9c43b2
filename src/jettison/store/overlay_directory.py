"""Read a layer that an engine's overlay graph driver keeps as a directory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from jettison.errors import StoreError
from jettison.filetree import NO_XATTRS, Entry, FileKind, LayerTree
from jettison.paths import ROOT, ImagePath

_OPAQUE: Final = frozenset({"trusted.overlay.opaque", "user.overlay.opaque"})
_UNREADABLE: Final = frozenset(
    {
        "trusted.overlay.redirect",
        "trusted.overlay.metacopy",
        "user.overlay.redirect",
        "user.overlay.metacopy",
    }
)
_KINDS: Final = {
    stat.S_IFREG: FileKind.FILE,
    stat.S_IFDIR: FileKind.DIRECTORY,
    stat.S_IFLNK: FileKind.SYMLINK,
    stat.S_IFCHR: FileKind.CHARACTER,
    stat.S_IFBLK: FileKind.BLOCK,
    stat.S_IFIFO: FileKind.FIFO,
}


class RedirectedLayerError(StoreError):
    """The layer's own directory does not have all of its files; export the image instead."""


def read_layer(directory: Path, *, layer: int = 0) -> LayerTree:
    """What one upper directory of overlayfs adds and hides.

    Its root has no entry, as in a layer's archive: the engine made it when it unpacked the layer.

    Raises: StoreError if it cannot be read; RedirectedLayerError if it uses redirects or
    metadata-only copies.
    Source: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
    """
    entries: list[Entry] = []
    whiteouts: set[ImagePath] = set()
    opaque: set[ImagePath] = set()
    linked: dict[tuple[int, int], list[int]] = {}
    try:
        for path, host_path, status in _walk(directory):
            kind = _KINDS.get(stat.S_IFMT(status.st_mode))
            if kind is None:
                continue  # a socket, which no archive of the layer would hold either
            if kind is FileKind.CHARACTER and status.st_rdev == 0:
                whiteouts.add(path)
                continue
            names = () if kind is FileKind.SYMLINK else os.listxattr(host_path)
            if _UNREADABLE.intersection(names):
                raise RedirectedLayerError(
                    f"{host_path}: the overlay redirects to another layer",
                    hint="export the image to an archive instead",
                )
            if _OPAQUE.intersection(names):
                opaque.add(path)
            if path == ROOT:
                continue
            if kind is FileKind.FILE and status.st_nlink > 1:
                linked.setdefault((status.st_dev, status.st_ino), []).append(len(entries))
            entries.append(_entry(path, host_path, status, (kind, names, layer)))
    except OSError as err:
        raise StoreError(f"read layer {directory}: {err.strerror} ({err.filename})") from err
    for indexes in linked.values():
        # Names outside this layer (the graph driver's own links) do not count.
        if len(indexes) > 1:
            first = min(entries[index].path for index in indexes)
            for index in indexes:
                entries[index] = replace(entries[index], hardlink=first)
    entries.sort(key=lambda entry: entry.path)
    return LayerTree(
        entries=tuple(entries), whiteouts=frozenset(whiteouts), opaque=frozenset(opaque)
    )


def _walk(directory: Path) -> Iterator[tuple[ImagePath, str, os.stat_result]]:
    top = str(directory)
    cut = len(top)
    yield ROOT, top, os.lstat(top)
    pending = [top]
    while pending:
        here = pending.pop()
        with os.scandir(here) as items:
            for item in items:
                status = item.stat(follow_symlinks=False)
                yield ImagePath(item.path[cut:]), item.path, status
                if stat.S_ISDIR(status.st_mode):
                    pending.append(item.path)


def _entry(
    path: ImagePath,
    host_path: str,
    status: os.stat_result,
    found: tuple[FileKind, object, int],
) -> Entry:
    kind, names, layer = found
    xattrs = {
        name: os.getxattr(host_path, name, follow_symlinks=False)
        for name in (names if isinstance(names, list) else ())
        if not name.startswith(("trusted.overlay.", "user.overlay.", "security.selinux"))
    }
    is_device = kind in (FileKind.CHARACTER, FileKind.BLOCK)
    return Entry(
        path=path,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        size_bytes=status.st_size if kind is FileKind.FILE else 0,
        mtime=int(status.st_mtime),
        link_target=os.readlink(host_path)  # noqa: PTH115  # may be no valid Path
        if kind is FileKind.SYMLINK
        else None,
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else None,
        xattrs=xattrs or NO_XATTRS,
        layer=layer,
    )
