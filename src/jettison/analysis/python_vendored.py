"""Distributions that others carry in themselves with no more of a record than a list of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.analysis.python_packages import Distribution, normalize
from jettison.filetree import FileTree, RootFS
from jettison.paths import ImagePath

_MAX_BYTES: Final = 1 << 20
_PINNED: Final = re.compile(r"\s*([A-Za-z0-9][\w.-]*?)(?:\[[\w, -]*\])?\s*==\s*([\w.!+-]+)")
# Of which pip takes one module only, as its vendoring rules say.
_MODULES: Final = {"setuptools": "pkg_resources"}


def read_vendored(rootfs: RootFS, vendor_list: ImagePath) -> Iterator[Distribution]:
    """Those that a `vendor.txt` pins, as far as their modules stand beside it."""
    entry = rootfs.tree.resolve(vendor_list).entry
    if entry is None or not entry.is_file:
        return
    with rootfs.open(entry.path) as stream:
        text = stream.read(_MAX_BYTES).decode("utf-8", "replace")
    for line in text.splitlines():
        match = _PINNED.match(line)
        if match is None:
            continue
        name = normalize(match[1])
        files = tuple(sorted(_files(rootfs.tree, vendor_list.parent, name)))
        if files:
            yield Distribution(
                name=name,
                title=match[1],
                version=match[2],
                location=vendor_list.parent,
                metadata=vendor_list,
                files=files,
                has_record=False,
            )


def _files(tree: FileTree, directory: ImagePath, name: str) -> Iterator[ImagePath]:
    module = _MODULES.get(name, name.replace("-", "_"))
    for child in tree.children(directory):
        if child.lower() in (module, f"{module}.py"):
            yield from (
                entry.path for entry in tree.walk(directory / child) if not entry.is_directory
            )
