"""Control groups: which hierarchy the host has, what may be limited, and removing ours."""

from __future__ import annotations

import os
import time
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

CGROUP_ROOT: Final = Path("/sys/fs/cgroup")
_LIMITS: Final = ("memory", "pids")
_EMPTY_AFTER_S: Final = 2.0


class CgroupMode(StrEnum):
    """How the hierarchies are mounted. Source: cgroups(7)."""

    NONE = "none"
    LEGACY = "legacy"  # version 1 alone
    HYBRID = "hybrid"  # version 1, and version 2 beside it without controllers
    UNIFIED = "unified"  # version 2 alone


def parse_mode(mountinfo: str) -> CgroupMode:
    """The mode, by a mountinfo file. Source: proc_pid_mountinfo(5)."""
    found: dict[str, str] = {}
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        if separator:
            found[before.split()[4]] = after.split()[0]
    root = str(CGROUP_ROOT)
    if found.get(root) == "cgroup2":
        return CgroupMode.UNIFIED
    below = {kind for target, kind in found.items() if target.startswith(root + "/")}
    if "cgroup" not in below:
        return CgroupMode.NONE
    return CgroupMode.HYBRID if "cgroup2" in below else CgroupMode.LEGACY


def detect_mode() -> CgroupMode:
    """The mode of this host."""
    try:
        return parse_mode(Path("/proc/self/mountinfo").read_text())
    except OSError:
        return CgroupMode.NONE


def can_make_groups(mode: CgroupMode) -> bool:
    """Whether a runtime could make a group in every hierarchy, as it will."""
    match mode:
        case CgroupMode.NONE:
            return False
        case CgroupMode.UNIFIED:
            return os.access(CGROUP_ROOT, os.W_OK)
        case CgroupMode.LEGACY | CgroupMode.HYBRID:
            hierarchies = [path for path in CGROUP_ROOT.iterdir() if path.is_dir()]
            return all(os.access(path, os.W_OK) for path in hierarchies)
        case _:
            assert_never(mode)


def find_limits(mode: CgroupMode) -> frozenset[str]:
    """Which of `memory` and `pids` a new group of ours could limit."""
    if mode is CgroupMode.NONE:
        return frozenset()
    if mode is not CgroupMode.UNIFIED:
        return frozenset(name for name in _LIMITS if os.access(CGROUP_ROOT / name, os.W_OK))
    if not os.access(CGROUP_ROOT, os.W_OK):
        return frozenset()
    try:
        passed_down = (CGROUP_ROOT / "cgroup.subtree_control").read_text().split()
    except OSError:
        return frozenset()
    return frozenset(passed_down).intersection(_LIMITS)


def find_cgroups(prefix: str) -> tuple[Path, ...]:
    """Groups at the top of any hierarchy whose name starts with `prefix`."""
    return tuple(sorted((*CGROUP_ROOT.glob(f"{prefix}*/"), *CGROUP_ROOT.glob(f"*/{prefix}*/"))))


def remove_cgroups(prefix: str) -> None:
    """Remove them, once their processes have gone.

    Raises: OSError if one still has a process after a while.
    """
    deadline = time.monotonic() + _EMPTY_AFTER_S
    for group in find_cgroups(prefix):
        directories = sorted((group, *(item.parent for item in group.rglob("cgroup.procs"))))
        for directory in reversed(dict.fromkeys(directories)):
            _remove(directory, deadline)


def _remove(directory: Path, deadline: float) -> None:
    while True:
        try:
            directory.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            # The kernel empties the group a moment after its last process was waited for.
            time.sleep(0.005)
        else:
            return
