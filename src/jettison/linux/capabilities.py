"""Capabilities by name and number, and which of them we have. Source: capabilities(7)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# In the order of their numbers, from 0; include/uapi/linux/capability.h of Linux 6.1.
_IN_ORDER: Final = """
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
PERFMON BPF CHECKPOINT_RESTORE
"""
NAMES: Final = tuple(f"CAP_{name}" for name in _IN_ORDER.split())


def parse_mask(mask: int) -> frozenset[str]:
    """The names of the set bits; unknown ones are left out."""
    return frozenset(name for number, name in enumerate(NAMES) if mask >> number & 1)


def _own_set(field: str) -> frozenset[str]:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return parse_mask(int(value, 16))
    return frozenset()


def effective() -> frozenset[str]:
    """Those we can use now."""
    return _own_set("CapEff")


def bounding() -> frozenset[str]:
    """Those a program that we start can ever have."""
    return _own_set("CapBnd")
