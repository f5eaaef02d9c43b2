"""Look into another task: its memory, its descriptors, its place in the file system.

Everything here raises OSError as the kernel gave it; a task that is gone gives ESRCH or ENOENT.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from dataclasses import dataclass
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGESIZE")

# One number on every architecture: since Linux 5.1 new calls are numbered alike.
_NR_OPENAT2: Final = 437
_NR_PIDFD_GETFD: Final = 438
_RESOLVE_NO_MAGICLINKS: Final = 0x02
_RESOLVE_IN_ROOT: Final = 0x10

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


_readv: Final = _libc.process_vm_readv
_readv.restype = ctypes.c_ssize_t
_readv.argtypes = (
    ctypes.c_int,
    ctypes.POINTER(_IoVec),
    ctypes.c_ulong,
    ctypes.POINTER(_IoVec),
    ctypes.c_ulong,
    ctypes.c_ulong,
)
_syscall: Final = _libc.syscall
_syscall.restype = ctypes.c_long


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """Who a thread is and what it may do.

    Shape: `uid`, `gid` are those of file accesses; `uids`, `gids` real, effective, saved;
    `capabilities` is the effective set as a bit mask; `inner_pid` is what its own pid namespace
    calls the process.
    """

    pid: int
    inner_pid: int
    parent: int
    uids: tuple[int, int, int]
    gids: tuple[int, int, int]
    uid: int
    gid: int
    groups: frozenset[int]
    capabilities: int


def _last_error(what: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, f"{what}: {os.strerror(code)}")


class Memory:
    """Reads other tasks' memory through one buffer of its own; for a single thread."""

    def __init__(self) -> None:
        self._buffer = bytearray(_PAGE)
        self._pinned = (ctypes.c_char * _PAGE).from_buffer(self._buffer)
        self._local = _IoVec(ctypes.addressof(self._pinned), _PAGE)
        self._remote = _IoVec(0, 0)

    def _fill(self, tid: int, address: int, size: int) -> int:
        self._local.size = size
        self._remote.base = address
        self._remote.size = size
        count: int = _readv(tid, self._local, 1, self._remote, 1, 0)
        if count >= 0:
            return count
        code = ctypes.get_errno()
        if code != errno.EFAULT:
            raise OSError(code, f"memory of task {tid}: {os.strerror(code)}")
        # Memory that the task itself cannot read (PROT_NONE, or only executable) can be read
        # through its file, as debuggers do.
        descriptor = os.open(f"/proc/{tid}/mem", os.O_RDONLY)
        try:
            data = os.pread(descriptor, size, address)
        except (OSError, OverflowError):
            raise OSError(errno.EFAULT, f"memory of task {tid}: bad address") from None
        finally:
            os.close(descriptor)
        self._buffer[: len(data)] = data
        return len(data)

    def read(self, tid: int, address: int, size: int) -> bytes:
        """Exactly `size` bytes.

        Raises: OSError: EFAULT if not all of it is mapped, ESRCH if the task is gone.
        """
        found = bytearray()
        while len(found) < size:
            here = address + len(found)
            count = self._fill(tid, here, min(size - len(found), _PAGE - here % _PAGE))
            if count == 0:
                raise OSError(errno.EFAULT, f"memory of task {tid}: bad address")
            found += self._buffer[:count]
        return bytes(found)

    def read_string(self, tid: int, address: int, limit: int = 4096) -> bytes:
        """The bytes up to a NUL, or `limit` bytes if there is none among them.

        Never reads past the page in which the NUL is, as the next may not be mapped.
        Raises: OSError, as `read`.
        """
        found = b""
        while len(found) < limit:
            here = address + len(found)
            count = self._fill(tid, here, min(limit - len(found), _PAGE - here % _PAGE))
            end = self._buffer.find(0, 0, count)
            if end >= 0:
                return found + bytes(self._buffer[:end])
            if count == 0:
                raise OSError(errno.EFAULT, f"memory of task {tid}: bad address")
            found += bytes(self._buffer[:count])
        return found


def read_status(tid: int) -> TaskStatus:
    """Parse /proc/TID/status. Source: proc_pid_status(5)."""
    with open(f"/proc/{tid}/status", "rb", buffering=0) as file:  # noqa: PTH123  # hot path
        return parse_status(file.read(8192))


def parse_status(raw: bytes) -> TaskStatus:
    """The fields of a status file."""
    fields = dict(line.split(b":", 1) for line in raw.splitlines() if b":" in line)
    uids = [int(item) for item in fields[b"Uid"].split()]
    gids = [int(item) for item in fields[b"Gid"].split()]
    return TaskStatus(
        pid=int(fields[b"Tgid"]),
        inner_pid=int(fields.get(b"NStgid", fields[b"Tgid"]).split()[-1]),
        parent=int(fields[b"PPid"]),
        uids=(uids[0], uids[1], uids[2]),
        gids=(gids[0], gids[1], gids[2]),
        uid=uids[3],
        gid=gids[3],
        groups=frozenset(int(item) for item in fields.get(b"Groups", b"").split()),
        capabilities=int(fields[b"CapEff"], 16),
    )


def read_start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot: tells it from a later one of its number.

    Source: proc_pid_stat(5), field 22. The name in field 2 may hold spaces and parentheses.
    """
    with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123  # hot path
        return int(file.read(4096).rpartition(b")")[2].split()[19])


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123  # hot path
            return file.read(4096).rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def read_directory(tid: int, descriptor: int | None) -> bytes:
    """The path of a task's descriptor, or of its working directory for None.

    Shape: as seen from the root of the task's mount namespace, since that namespace is not
    ours; what is no file reads as `pipe:[1]` and the like.
    """
    name = "cwd" if descriptor is None else f"fd/{descriptor}"
    link = f"/proc/{tid}/{name}"
    path = os.readlink(os.fsencode(link))  # noqa: PTH115  # bytes, and a hot path
    if path.endswith(b" (deleted)"):
        try:
            deleted = os.stat(link).st_nlink == 0  # noqa: PTH116  # hot path
        except OSError:
            deleted = True
        if deleted:
            return path.removesuffix(b" (deleted)")
    return path


def read_root(tid: int) -> bytes:
    """The root directory of a task, as `read_directory` shows paths."""
    return os.readlink(f"/proc/{tid}/root".encode())  # noqa: PTH115  # bytes


@dataclass(frozen=True, slots=True)
class Found:
    """Where a look-up inside a task's root ended, and the mode and owner of what is there."""

    path: bytes
    mode: int
    uid: int


def find_real_path(tid: int, path: bytes) -> Found | None:
    """Follow `path` as the task would from its root, which it cannot leave; None: not there.

    Magic links are not followed. Nothing is opened but for its path.
    """
    root = os.open(f"/proc/{tid}/root", os.O_PATH | os.O_DIRECTORY)
    try:
        how = ctypes.create_string_buffer(
            struct.pack("=QQQ", os.O_PATH, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
        )
        descriptor: int = _syscall(
            ctypes.c_long(_NR_OPENAT2),
            ctypes.c_long(root),
            ctypes.c_char_p(path),
            how,
            ctypes.c_size_t(24),
        )
        if descriptor < 0:
            return None
    finally:
        os.close(root)
    try:
        status = os.stat(descriptor)
        return Found(
            os.readlink(f"/proc/self/fd/{descriptor}".encode()),  # noqa: PTH115  # bytes
            status.st_mode,
            status.st_uid,
        )
    finally:
        os.close(descriptor)


def borrow_socket(pid: int, descriptor: int) -> socket.socket:
    """A copy of another process's socket; closing it leaves the original open.

    Raises: OSError: also if the descriptor is no socket.
    Source: pidfd_getfd(2), Linux 5.6; it asks for the same right as ptrace(2).
    """
    process = os.pidfd_open(pid)
    try:
        copy: int = _syscall(
            ctypes.c_long(_NR_PIDFD_GETFD),
            ctypes.c_long(process),
            ctypes.c_long(descriptor),
            ctypes.c_long(0),
        )
        if copy < 0:
            raise _last_error(f"descriptor {descriptor} of process {pid}")
    finally:
        os.close(process)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
