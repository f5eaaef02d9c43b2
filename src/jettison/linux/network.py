"""Network namespaces: making one with its loopback up, and doing something inside one."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from jettison.linux import libc
from jettison.linux.libc import Namespace
from jettison.linux.threads import run_in_thread

T = TypeVar("T")

# netdevice(7): struct ifreq with the flags in it.
_IFREQ: Final = struct.Struct("16sh22x")
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 0x1

# What Docker sets in a container's network: any user may listen on port 80 and send pings.
_SETTINGS: Final = (
    ("ip_unprivileged_port_start", ("0",)),
    ("ping_group_range", ("0 2147483647", "0 65535", "0 0")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkNamespace:
    """A network namespace, kept alive by an open descriptor."""

    descriptor: int

    @property
    def path(self) -> str:
        """Names it for other processes of our pid namespace, while we keep it open."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def run(self, function: Callable[[], T]) -> T:
        """Call `function` in a thread inside the namespace; sockets made there stay in it.

        Raises: OSError if it cannot be entered, and whatever `function` raises.
        """

        def inside() -> T:
            # In a user namespace even staying where one is would need a privilege.
            if not os.path.sameopenfile(self.descriptor, ours):
                libc.setns(self.descriptor, Namespace.NETWORK)
            return function()

        ours = _open("/proc/thread-self/ns/net")
        try:
            return run_in_thread(inside)
        finally:
            os.close(ours)

    def close(self) -> None:
        """Let go of it; the kernel removes it once no process is left in it."""
        os.close(self.descriptor)


def create_network_namespace() -> NetworkNamespace:
    """A new one that has nothing but a loopback device, which is up.

    Raises: OSError.
    """

    def inside() -> int:
        libc.unshare(Namespace.NETWORK)
        _bring_up("lo")
        for name, values in _SETTINGS:
            _set_first(Path("/proc/sys/net/ipv4") / name, values)
        return _open("/proc/thread-self/ns/net")

    return NetworkNamespace(descriptor=run_in_thread(inside))


def current_network_namespace() -> NetworkNamespace:
    """The one we are in.

    Raises: OSError.
    """
    return NetworkNamespace(descriptor=_open("/proc/thread-self/ns/net"))


def network_namespace_of(pid: int) -> NetworkNamespace:
    """The one that a process is in.

    Raises: OSError: ENOENT if there is no such process, EACCES if we may not look into it.
    """
    return NetworkNamespace(descriptor=_open(f"/proc/{pid}/ns/net"))


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _bring_up(device: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, _SIOCGIFFLAGS, _IFREQ.pack(device.encode(), 0))
        _, flags = _IFREQ.unpack(request)
        fcntl.ioctl(control, _SIOCSIFFLAGS, _IFREQ.pack(device.encode(), flags | _IFF_UP))


def _set_first(path: Path, values: tuple[str, ...]) -> None:
    """Write the first value that the kernel takes; a kernel without the setting needs none."""
    for value in values:
        with suppress(OSError):
            path.write_text(value)
            return
