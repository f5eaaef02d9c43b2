"""What this host sets for every container, whatever the image says."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

from jettison.errors import UsageError
from jettison.runtime.options import VolumeMount

# The share of the host's memory that a container may take where nothing else is said.
_MEMORY_SHARE: Final = 0.75

_FLAGS: Final = ((os.ST_NOSUID, "nosuid"), (os.ST_NODEV, "nodev"), (os.ST_NOEXEC, "noexec"))


def default_memory_limit() -> int:
    """A bound that no app should need, in bytes."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    return int(total * _MEMORY_SHARE)


def with_locked_flags(volume: VolumeMount) -> VolumeMount:
    """With the flags of the host's own mount, which a user namespace may not take away.

    Raises: UsageError if there is nothing at its source.
    Source: mount_namespaces(7), "Restrictions on mount namespaces".
    """
    try:
        found = os.statvfs(volume.source)
    except OSError as err:
        raise UsageError(
            f"--volume: {volume.source}: {err.strerror}", hint="name something that exists"
        ) from err
    return replace(volume, flags=tuple(name for bit, name in _FLAGS if found.f_flag & bit))
