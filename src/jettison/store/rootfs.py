"""A root file system stacked from unpacked layers: the one RootFS that touches disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from jettison.errors import StoreError
from jettison.filetree import Entry, FileTree, LayerTree, merge_layers
from jettison.paths import ImagePath
from jettison.store.layers import UnpackedLayer


class StackedRootFS:
    """Layers from the base up, read through their merged tree.

    A path is opened in the layer that provided its entry, or in the layer that is named. The tree
    has made sure that every directory on the way is a directory of that layer, so no link can lead
    out of it.
    """

    def __init__(self, layers: Sequence[UnpackedLayer]) -> None:
        self._directories = tuple(layer.directory for layer in layers)
        self._layers = tuple(layer.tree for layer in layers)
        self._tree = merge_layers(self._layers)
        self._entries: dict[int, dict[ImagePath, Entry]] = {}

    @classmethod
    def of_unpacked(cls, layers: Sequence[UnpackedLayer]) -> StackedRootFS:
        """Stack layers of the store, whose directories may still be given attributes.

        A layer may put a file into a directory that only lower layers name. On disk that directory
        had to be made anew, and an overlay mount shows the upper one's mode and owner, so these are
        set to what the lower layer says: /tmp stays 0o1777.
        """
        rootfs = cls(layers)
        for layer in layers:
            named = {entry.path for entry in layer.tree.entries}
            unnamed = {
                parent
                for entry in layer.tree.entries
                if entry.path.parent not in named
                for parent in entry.path.parents
                if parent not in named
            }
            # What a later layer hides with all its content is not in the tree.
            for path in sorted(unnamed.intersection(rootfs.tree)):
                _set_attributes(f"{layer.directory}{path}", rootfs.tree[path])
        return rootfs

    @property
    def tree(self) -> FileTree:
        """Every entry, as an overlay mount of the layers shows it."""
        return self._tree

    @property
    def layers(self) -> tuple[LayerTree, ...]:
        """What each layer adds and hides, base first."""
        return self._layers

    @property
    def directories(self) -> tuple[Path, ...]:
        """The layers' directories, base first, fit to be overlayfs's lower directories."""
        return self._directories

    def open(self, path: ImagePath) -> BinaryIO:
        """The bytes of the regular file at exactly this real path.

        Raises: StoreError if it is not there or is no regular file.
        """
        entry = self._tree.get(path)
        if entry is None or not entry.is_file:
            raise StoreError(f"{path} is {'no regular file' if entry else 'not there'}")
        return self._open(entry.layer, path)

    def open_in(self, layer: int, path: ImagePath) -> BinaryIO:
        """The bytes of the regular file that this layer has at this path, hidden or not.

        Raises: StoreError if it is not there or is no regular file.
        """
        entry = self._by_path(layer).get(path)
        if entry is None or not entry.is_file:
            what = "no regular file" if entry else "not there"
            raise StoreError(f"{path} is {what} in layer {layer}")
        return self._open(layer, path)

    def _by_path(self, layer: int) -> dict[ImagePath, Entry]:
        found = self._entries.get(layer)
        if found is None:
            found = {entry.path: entry for entry in self._layers[layer].entries}
            self._entries[layer] = found
        return found

    def _open(self, layer: int, path: ImagePath) -> BinaryIO:
        # Each directory on the way is an entry of the layer, or was made for one, so that none
        # of them is a link.
        try:
            descriptor = os.open(
                f"{self._directories[layer]}{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            )
        except OSError as err:
            raise StoreError(f"open {path}: {err.strerror}") from err
        return os.fdopen(descriptor, "rb")


def _set_attributes(host_path: str, entry: Entry) -> None:
    status = os.lstat(host_path)
    with suppress(PermissionError):  # without sub-ids there is one owner for everything
        if (status.st_uid, status.st_gid) != (entry.uid, entry.gid):
            os.chown(host_path, entry.uid, entry.gid, follow_symlinks=False)
    if stat.S_IMODE(status.st_mode) != entry.mode:
        os.chmod(host_path, entry.mode)  # noqa: PTH101  # a str, since names need not be UTF-8
