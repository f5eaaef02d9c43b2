"""Mount an overlay of any number of layers."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from jettison.linux import libc
from jettison.linux.libc import Namespace
from jettison.linux.threads import run_in_thread


def mount_overlay(
    lowers: Sequence[Path], scratch: Path, target: Path, *, user_attributes: bool
) -> Path:
    """Mount `lowers` (base first) at `target`, and return the directory that gets what is written.

    Shape: `scratch` is an empty directory for the overlay's own use; `user_attributes` where the
    layers mark opaque directories by `user.overlay.*`, as they must in a user namespace.
    Raises: OSError: EINVAL also where the file system of `scratch` cannot take writes.
    Source: Documentation/filesystems/overlayfs.rst.
    """
    upper, work = scratch / "upper", scratch / "work"
    for directory in (upper, work):
        directory.mkdir()
        # The mounted root gets the upper one's mode, and whoever is in there has to pass it,
        # whatever the umask we were started with.
        directory.chmod(0o755)
    # mount(2) takes one page of options, which 128 layers by their full paths exceed, and has
    # no way to name a path with a comma: hence short links, and a thread that stands beside them.
    for index, lower in enumerate(lowers):
        (scratch / f"{index}").symlink_to(lower.absolute())
    names = ":".join(str(index) for index in reversed(range(len(lowers))))
    options = f"lowerdir={names},upperdir=upper,workdir=work"
    if user_attributes:
        options += ",userxattr"
    run_in_thread(lambda: _mount(scratch, target.absolute(), options))
    return upper


def _mount(directory: Path, target: Path, options: str) -> None:
    libc.unshare(Namespace.FILES_OF_THREAD)
    os.chdir(directory)
    try:
        # What is written will be thrown away, so nothing needs to reach the disk (Linux 5.10).
        libc.mount("overlay", target, "overlay", data=f"{options},volatile")
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
        libc.mount("overlay", target, "overlay", data=options)
