"""Directories in memory, for small files that are read again soon and then thrown away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from jettison.linux import libc
from jettison.linux.libc import MountFlag

_MEMINFO: Final = Path("/proc/meminfo")
_AVAILABLE: Final = re.compile(r"(?m)^MemAvailable:\s*(\d+) kB$")
# What is this small gains by it; what is larger could not be spared.
_MAX_BYTES: Final = 96 << 20
_SHARE: Final = 8
# Room for inodes and for what does not fill its last page, beside the bytes themselves.
_EXTRA_BYTES: Final = 32 << 20


def mount_in_memory(directory: Path, *, size_bytes: int) -> bool:
    """Put an empty directory's content into memory if so much can be spared; whether it was done.

    For a process with mounts of its own, which take it along when they go.
    Source: Documentation/filesystems/tmpfs.rst; proc_meminfo(5), MemAvailable.
    """
    if size_bytes > min(_MAX_BYTES, _available_bytes() // _SHARE):
        return False
    options = f"mode=0700,size={size_bytes * 2 + _EXTRA_BYTES}"
    try:
        libc.mount("tmpfs", directory, "tmpfs", MountFlag.NOSUID | MountFlag.NODEV, options)
    except OSError:
        return False  # some user namespaces may not; a disk does it too
    return True


def _available_bytes() -> int:
    try:
        found = _AVAILABLE.search(_MEMINFO.read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found is not None else 0
