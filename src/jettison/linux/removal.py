"""Remove directories that a container or an image filled, however deep they are."""

from __future__ import annotations

import os
import secrets
from itertools import count
from pathlib import Path


def remove_directory(directory: Path) -> None:
    """Remove a directory with all that is in it, also where its modes forbid that to its owner.

    `shutil.rmtree` calls itself and holds a descriptor for each level, so an app that makes a few
    thousand directories inside each other would have its files stay for ever. Here each directory
    is first moved up to the top, and so no path is ever long.
    Raises: OSError.
    """
    top = str(directory)
    token = secrets.token_hex(4)
    numbers = count()
    pending = [top]
    while pending:
        here = pending.pop()
        os.chmod(here, 0o700)  # noqa: PTH101  # hot path
        with os.scandir(here) as found:
            items = list(found)
        for item in items:
            if not item.is_dir(follow_symlinks=False):
                os.unlink(item.path)  # noqa: PTH108  # hot path
                continue
            path = item.path
            if here != top:
                path = f"{top}/{token}-{next(numbers)}"
                # Moving a directory changes its "..", for which it must be writable.
                os.chmod(item.path, 0o700)  # noqa: PTH101  # hot path
                os.rename(item.path, path)  # noqa: PTH104  # hot path
            pending.append(path)
        if here != top:
            os.rmdir(here)  # noqa: PTH106  # hot path
    directory.rmdir()
