"""Layers in memory, read as the store's would be: merged, and each by itself."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO

from jettison.errors import StoreError
from jettison.filetree import FileTree, LayerTree, merge_layers
from jettison.filetree.changeset import ChangesetBuilder
from jettison.filetree.tarstream import TarReader, UnpackLimits
from jettison.paths import ImagePath
from support.layers import Content, make_tar


class MemoryLayers:
    """A root file system and its layers; `opened` tells which files were read."""

    def __init__(self, contents: Sequence[Content]) -> None:
        self._contents: list[dict[str, bytes]] = []
        trees = []
        for content in contents:
            tree, data = _read(content)
            trees.append(tree)
            self._contents.append(data)
        self._layers = tuple(trees)
        self._tree = merge_layers(trees)
        self.opened: list[tuple[int, str]] = []

    @property
    def tree(self) -> FileTree:
        """What a container sees."""
        return self._tree

    @property
    def layers(self) -> tuple[LayerTree, ...]:
        """What each layer adds and hides, base first."""
        return self._layers

    def open(self, path: ImagePath) -> BinaryIO:
        """The bytes of a file that a container sees."""
        return self.open_in(self._tree[path].layer, path)

    def open_in(self, layer: int, path: ImagePath) -> BinaryIO:
        """The bytes that a layer has there."""
        try:
            data = self._contents[layer][path]
        except KeyError:
            raise StoreError(f"{path} is not there in layer {layer}") from None
        self.opened.append((layer, str(path)))
        return io.BytesIO(data)


def layer_tree(content: Content) -> LayerTree:
    """The tree of one literal layer."""
    return _read(content)[0]


def _read(content: Content) -> tuple[LayerTree, dict[str, bytes]]:
    builder = ChangesetBuilder(where="layer", limits=UnpackLimits())
    reader = TarReader(io.BytesIO(make_tar(content)), where="layer")
    data: dict[str, bytes] = {}
    for member in reader:
        entry = builder.add(member)
        if entry is not None and entry.is_file:
            read = bytearray()
            while chunk := reader.read():
                read += chunk
            source = ImagePath.parse(member.link) if member.hardlink else entry.path
            data[entry.path] = data[source] if member.hardlink else bytes(read)
    return builder.finish(), data
