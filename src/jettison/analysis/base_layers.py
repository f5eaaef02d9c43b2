"""Where the base image ends and the author's own layers begin, as far as an image tells."""

from __future__ import annotations

import re
from typing import Final

from jettison.filetree import FileTree
from jettison.image import ImageConfig

# "CMD" as BuildKit writes it, and as the classic builder did: `/bin/sh -c #(nop)  CMD [...]`.
_COMMAND: Final = re.compile(r"^(?:/bin/sh -c #\(nop\)\s+)?(?:CMD|ENTRYPOINT)\b")
_STANDARD_LIBRARY: Final = re.compile(r"/(?:lib|lib64)/python3\.\d+/os\.pyc?\Z")


def find_last_base_layer(tree: FileTree, config: ImageConfig) -> int:
    """The number of the last layer that belongs to the base image.

    Shape: the greatest of these: the layer that brought the distribution's os-release, the one
    that brought Python's standard library, and the last layer before a CMD that another layer
    follows, or that is itself followed by the final CMD. Layer 0 always belongs to the base.
    Single-layer images therefore have no layers of the author's.
    """
    found = _from_history(config)
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        entry = tree.resolve(path).entry
        if entry is not None:
            found = max(found, entry.layer)
    for path in tree:
        if path.endswith(("/os.py", "/os.pyc")) and _STANDARD_LIBRARY.search(path):
            found = max(found, tree[path].layer)
    return found


def _from_history(config: ImageConfig) -> int:
    """The base ends where a CMD stands that is not the author's own, which comes last."""
    layer = -1
    commands: list[int] = []  # layers that were there before each group of CMD and ENTRYPOINT
    in_group = False
    for item in config.history:
        is_command = _COMMAND.match(item.created_by) is not None
        if is_command and not in_group:
            commands.append(layer)
        in_group = is_command or (in_group and item.empty_layer)
        if not item.empty_layer:
            layer += 1
            in_group = False
    # A history that does not fit the layers says nothing.
    if layer + 1 != len(config.diff_ids):
        return 0
    before_the_end = [count for count in commands if count < layer]
    return max(before_the_end, default=0)
