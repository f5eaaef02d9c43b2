"""File trees of images: entries, layers, and the merged tree with its links."""

from jettison.filetree.entries import NO_XATTRS, Entry, FileKind, LayerTree
from jettison.filetree.overlay import merge_layers
from jettison.filetree.tree import FileTree, LayerFiles, MemoryRootFS, Resolution, RootFS

__all__ = [
    "NO_XATTRS",
    "Entry",
    "FileKind",
    "FileTree",
    "LayerFiles",
    "LayerTree",
    "MemoryRootFS",
    "Resolution",
    "RootFS",
    "merge_layers",
]
