"""The kernel's side of seccomp user notification: its structures, its ioctls, the hand-over.

Source: seccomp_unotify(2), include/uapi/linux/seccomp.h, and the OCI runtime-spec 1.1,
"Seccomp", listenerPath and "The Container Process State".
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

# struct seccomp_notif: id, pid, flags, then struct seccomp_data: nr, arch, instruction
# pointer, six arguments.
_NOTIF: Final = struct.Struct("=QIIiIQ6Q")
_RESPONSE: Final = struct.Struct("=QqiI")
# The kernel refuses a receive buffer that is not zeroed.
_EMPTY: Final = bytes(_NOTIF.size)

_RECV: Final = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV
_SEND: Final = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND
_SET_FLAGS: Final = 0x40082104  # SECCOMP_IOCTL_NOTIF_SET_FLAGS, Linux 6.6
_CONTINUE: Final = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE, Linux 5.5
_SYNC_WAKE_UP: Final = 1  # SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, Linux 6.6

_MAX_STATE_BYTES: Final = 1 << 20
_HAND_OVER_TIMEOUT_S: Final = 10.0


class Notification(NamedTuple):
    """One system call that waits for its answer.

    Shape: `tid` names the calling thread in the pid namespace of whoever received it.
    """

    id: int
    tid: int
    flags: int
    number: int
    arch: int
    instruction_pointer: int
    args: tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A notify descriptor, which the receiver now owns, and whose it is.

    Shape: `pid` is the process that installed the filter, 0 if the runtime did not say.
    """

    descriptor: int
    pid: int
    container_id: str


def parse_notification(raw: bytes) -> Notification:
    """Decode one `struct seccomp_notif`."""
    ident, tid, flags, number, arch, pointer, *args = _NOTIF.unpack(raw)
    first, second, third, fourth, fifth, sixth = args
    return Notification(
        ident, tid, flags, number, arch, pointer, (first, second, third, fourth, fifth, sixth)
    )


def receive(descriptor: int) -> Notification:
    """Take the next notification; blocks unless poll(2) said that there is one.

    Raises: OSError: ENOENT if the task was killed or interrupted meanwhile.
    """
    return parse_notification(fcntl.ioctl(descriptor, _RECV, _EMPTY))


def answer_continue(descriptor: int, notification: Notification) -> None:
    """Let the system call run as it was made.

    Raises: OSError: ENOENT if the task no longer waits for this answer; it then was blocked
        in this call for none or only a part of the time since `receive`.
    """
    fcntl.ioctl(descriptor, _SEND, _RESPONSE.pack(notification.id, 0, 0, _CONTINUE))


def prefer_fast_wake_up(descriptor: int) -> None:
    """Ask the kernel to switch straight between task and receiver; older ones do not know it."""
    with suppress(OSError):
        fcntl.ioctl(descriptor, _SET_FLAGS, _SYNC_WAKE_UP)


def close(descriptor: int) -> None:
    """Give a notify descriptor back."""
    os.close(descriptor)


def receive_listener(connection: socket.socket) -> Handover:
    """Take the notify descriptor and the container process state from a runtime.

    Raises: OSError if the connection fails or carries no descriptor; ValueError if the state
        is not JSON or too large.
    """
    connection.settimeout(_HAND_OVER_TIMEOUT_S)
    raw = bytearray()
    descriptors: list[int] = []
    try:
        state = None
        while state is None:
            data, received, _, _ = socket.recv_fds(connection, 64 << 10, 8)
            descriptors.extend(received)
            raw += data
            # runc 1.1 leaves its end open, so the state ends where its JSON does.
            state = _parse_state(bytes(raw), complete=not data or len(raw) > _MAX_STATE_BYTES)
        names, pid, container_id = state
        if not descriptors:
            raise OSError("the runtime sent no seccomp descriptor")
        chosen = names.index("seccompFd") if "seccompFd" in names else 0
        descriptor = descriptors.pop(min(chosen, len(descriptors) - 1))
        os.set_inheritable(descriptor, False)
    finally:
        for unused in descriptors:
            os.close(unused)
    return Handover(descriptor=descriptor, pid=pid, container_id=container_id)


def _parse_state(raw: bytes, *, complete: bool) -> tuple[list[str], int, str] | None:
    try:
        value: Any = json.loads(raw)
    except ValueError:
        if complete:
            raise
        return None
    if not isinstance(value, dict):
        raise ValueError("the container process state is not an object")
    state = value.get("state")
    container_id = str(state.get("id", "")) if isinstance(state, dict) else ""
    names = value.get("fds")
    pid = value.get("pid")
    return (
        [str(name) for name in names] if isinstance(names, list) else [],
        pid if isinstance(pid, int) else 0,
        container_id,
    )
