"""Which arguments of which system call name paths, and what the call means to do with them.

Source: the man page of each call, section 2, and include/linux/syscalls.h of Linux 6.17.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from jettison.trace import Operation

AT_FDCWD: Final = 0xFFFFFF9C  # -100, in the low half of the register
AT_EMPTY_PATH: Final = 0x1000

_OPEN: Final = Operation.OPEN
_WRITE: Final = Operation.WRITE
_STAT: Final = Operation.STAT


class PathArgument(NamedTuple):
    """One path that a call takes.

    Shape: indexes of arguments; `directory` is the descriptor that a relative path starts at,
    None where that is the working directory.
    """

    operation: Operation
    path: int
    directory: int | None = None


def _at(operation: Operation, directory: int = 0) -> tuple[PathArgument, ...]:
    return (PathArgument(operation, directory + 1, directory),)


def _plain(operation: Operation, path: int = 0) -> tuple[PathArgument, ...]:
    return (PathArgument(operation, path),)


def _each(arguments: tuple[PathArgument, ...], names: str) -> dict[str, tuple[PathArgument, ...]]:
    return dict.fromkeys(names.split(), arguments)


# Paths whose operation does not depend on flags. open, openat and openat2 are in OPENERS.
PATHS: Final[Mapping[str, tuple[PathArgument, ...]]] = MappingProxyType(
    _each(
        _plain(_STAT),
        "stat lstat stat64 lstat64 oldstat oldlstat access statfs statfs64 "
        "getxattr lgetxattr listxattr llistxattr",
    )
    | _each(
        _at(_STAT),
        "newfstatat fstatat64 statx faccessat faccessat2 name_to_handle_at "
        "getxattrat listxattrat file_getattr open_tree open_tree_attr fspick mount_setattr",
    )
    | _each(_plain(Operation.READLINK), "readlink")
    | _each(_at(Operation.READLINK), "readlinkat")
    | _each(_plain(Operation.CHDIR), "chdir chroot")
    | _each(_plain(_OPEN), "uselib")
    | _each(
        _plain(_WRITE),
        "creat unlink rmdir mkdir mknod chmod chown lchown chown32 lchown32 utime utimes "
        "truncate truncate64 setxattr lsetxattr removexattr lremovexattr acct",
    )
    | _each(
        _at(_WRITE),
        "unlinkat mkdirat mknodat fchmodat fchmodat2 fchownat utimensat utimensat_time64 "
        "futimesat setxattrat removexattrat file_setattr",
    )
    | _each(_plain(_WRITE) + _plain(_WRITE, 1), "rename")
    | _each(_at(_WRITE) + _at(_WRITE, 2), "renameat renameat2")
    | _each(_plain(_OPEN) + _plain(_WRITE, 1), "link")
    | _each(_at(_OPEN) + _at(_WRITE, 2), "linkat")
    # The first argument of symlink is text, not a path that is looked up.
    | _each(_plain(_WRITE, 1), "symlink")
    | _each(_at(_WRITE, 1), "symlinkat")
    | _each(_plain(_STAT, 1), "inotify_add_watch mount quotactl")
    | _each(_plain(_STAT), "umount umount2 swapon swapoff")
    | _each(_plain(_STAT) + _plain(_STAT, 1), "pivot_root")
    | _each(_at(_STAT) + _at(_STAT, 2), "move_mount")
    | _each(_at(_STAT, 3), "fanotify_mark")
)

# Where the flags of an opening call are; openat2 has them in memory.
OPENERS: Final[Mapping[str, int]] = MappingProxyType({"open": 1, "openat": 2, "openat2": -1})

# Calls on a descriptor that change what the file's path leads to.
DESCRIPTOR_PATHS: Final[Mapping[str, Operation]] = MappingProxyType(
    {"fchdir": Operation.CHDIR}
    | dict.fromkeys(("fchmod", "fchown", "fchown32", "fsetxattr", "fremovexattr"), Operation.WRITE)
)

MAKES_DIRECTORY: Final = frozenset({"mkdir", "mkdirat"})

# After these a task's user, groups or capabilities may differ from what was read of it.
_IDENTITY: Final = (
    "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups "
    "setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setfsuid32 setfsgid32 "
    "setgroups32 capset prctl unshare setns execve execveat"
)
CHANGES_IDENTITY: Final = frozenset(_IDENTITY.split())

_O_ACCMODE: Final = 0o3
_O_CREAT: Final = 0o100
_O_TRUNC: Final = 0o1000
_TMPFILE: Final = 0o20000000
O_PATH: Final = 0o10000000


def open_operation(flags: int) -> Operation:
    """What an open with these flags is for. The bits are those of every Linux jettison runs on.

    O_TMPFILE names the directory that the nameless file is made in.
    """
    if flags & O_PATH:
        return Operation.STAT
    if flags & (_O_ACCMODE | _O_CREAT | _O_TRUNC | _TMPFILE):
        return Operation.WRITE
    return Operation.OPEN
