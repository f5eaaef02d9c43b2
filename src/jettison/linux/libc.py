"""System calls that the standard library lacks, raising OSError with errno and what it was about.

Source: the man page of each call; constants from include/uapi/linux of Linux 6.1.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from enum import IntFlag
from pathlib import Path
from typing import Final

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)

# Since Linux 5.1 new calls have one number on every architecture.
_NR_OPENAT2: Final = 437
_NR_SECCOMP: Final = {"x86_64": 317, "aarch64": 277, "riscv64": 277}

_PR_SET_PDEATHSIG: Final = 1
_SECCOMP_GET_NOTIF_SIZES: Final = 3


class Namespace(IntFlag):
    """CLONE_* flags of unshare(2) and setns(2)."""

    FILES_OF_THREAD = 0x00000200  # CLONE_FS: working directory, root, umask
    MOUNT = 0x00020000
    CGROUP = 0x02000000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NETWORK = 0x40000000


class MountFlag(IntFlag):
    """MS_* flags of mount(2)."""

    NONE = 0
    RDONLY = 0x1
    NOSUID = 0x2
    NODEV = 0x4
    NOEXEC = 0x8
    REMOUNT = 0x20
    BIND = 0x1000
    RECURSIVE = 0x4000
    PRIVATE = 0x40000


class Resolve(IntFlag):
    """RESOLVE_* flags of openat2(2)."""

    NO_MAGICLINKS = 0x02
    BENEATH = 0x08
    IN_ROOT = 0x10


MNT_DETACH: Final = 2


def _failed(what: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), what)


def unshare(namespaces: Namespace) -> None:
    """Leave these namespaces for new ones; the calling thread alone where the kernel allows."""
    if _libc.unshare(ctypes.c_int(namespaces)) != 0:
        raise _failed(f"unshare {namespaces.name}")


def setns(descriptor: int, namespaces: Namespace) -> None:
    """Enter the namespace behind `descriptor`; only the calling thread does."""
    if _libc.setns(ctypes.c_int(descriptor), ctypes.c_int(namespaces)) != 0:
        raise _failed(f"setns {namespaces.name}")


def mount(
    source: str,
    target: str | Path,
    kind: str = "",
    flags: MountFlag = MountFlag.NONE,
    data: str = "",
) -> None:
    """Attach a file system, with NULL for an empty `kind` or `data`."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        int(flags),
        os.fsencode(data) or None,
    )
    if result != 0:
        raise _failed(f"mount {kind or source} on {target}")


def umount(target: str | Path, *, lazily: bool = False) -> None:
    """Unmount. Source: umount2(2)."""
    if _libc.umount2(os.fsencode(target), ctypes.c_int(MNT_DETACH if lazily else 0)) != 0:
        raise _failed(f"umount {target}")


def set_parent_death_signal(signal_number: int) -> None:
    """Have the kernel send us this signal when the thread that forked us ends; prctl(2)."""
    if _libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal_number), 0, 0, 0) != 0:
        raise _failed("prctl PR_SET_PDEATHSIG")


def open_in_root(root: int, path: str, flags: int) -> int:
    """Open `path` as if the directory `root` were the root directory; the caller closes it.

    No link, `..` or absolute path leads out of it.
    Source: openat2(2), Linux 5.6.
    """
    how = ctypes.create_string_buffer(
        struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, Resolve.IN_ROOT | Resolve.NO_MAGICLINKS)
    )
    name = ctypes.c_char_p(os.fsencode(path))
    descriptor: int = _libc.syscall(_NR_OPENAT2, root, name, how, ctypes.c_size_t(24))
    if descriptor < 0:
        raise _failed(path)
    return descriptor


def seccomp_notify_sizes() -> bytes:
    """`struct seccomp_notif_sizes`: three unsigned shorts.

    Raises: OSError: ENOSYS or EINVAL where the kernel knows no user notification.
    """
    number = _NR_SECCOMP.get(platform.machine())
    sizes = ctypes.create_string_buffer(6)
    if number is None or _libc.syscall(number, _SECCOMP_GET_NOTIF_SIZES, 0, sizes) != 0:
        raise _failed("seccomp SECCOMP_GET_NOTIF_SIZES")
    return sizes.raw
