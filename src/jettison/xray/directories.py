"""How much is in each directory of an image, and which files are the largest."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from jettison.filetree import Entry, FileTree
from jettison.paths import ROOT, ImagePath
from jettison.xray.changes import stored_size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySize:
    """A directory with all that is below it; a file with several names is where its first is."""

    path: ImagePath
    size_bytes: int
    file_count: int


def measure_directories(
    tree: FileTree, *, least_share: float, most: int
) -> tuple[DirectorySize, ...]:
    """The directories that hold at least such a share of all bytes, by path; the root always.

    Where these are more than `most`, the smallest are left out.
    """
    sizes: dict[str, int] = {}
    counts: dict[str, int] = {}
    # A directory comes before what is in it, so from the end everything below is summed already.
    for entry in reversed(tuple(tree.values())):
        path = entry.path
        if entry.is_directory:
            size, count = sizes.get(path, 0), counts.get(path, 0)
        else:
            size, count = stored_size_bytes(entry), 1
        if path != ROOT:
            above = path.rpartition("/")[0] or "/"
            sizes[above] = sizes.get(above, 0) + size
            counts[above] = counts.get(above, 0) + count
    return _noteworthy(sizes, counts, least_share * sizes.get(ROOT, 0), most)


def find_largest(tree: FileTree, *, most: int) -> tuple[Entry, ...]:
    """The largest files, largest first, each by the first of its names."""
    sizes = ((stored_size_bytes(entry), entry) for entry in tree.values())
    top = heapq.nsmallest(most, ((-size, entry.path, entry) for size, entry in sizes if size))
    return tuple(entry for _, _, entry in top)


def _noteworthy(
    sizes: Mapping[str, int], counts: Mapping[str, int], least: float, most: int
) -> tuple[DirectorySize, ...]:
    chosen = heapq.nsmallest(
        most, ((-size, path) for path, size in sizes.items() if size >= least and size > 0)
    )
    paths = sorted({"/", *(path for _, path in chosen)})
    return tuple(
        DirectorySize(
            path=ImagePath(path), size_bytes=sizes.get(path, 0), file_count=counts.get(path, 0)
        )
        for path in paths
    )
