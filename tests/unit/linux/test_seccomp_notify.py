from __future__ import annotations

import json
import os
import socket
import struct
from pathlib import Path

import pytest

from jettison.linux.seccomp_notify import parse_notification, receive_listener
from jettison.linux.syscalls import ARCH_AARCH64, ARCH_I386, ARCH_X86_64, X32_BIT, find_name

# As received on x86_64 from /bin/true: openat(AT_FDCWD, 0x7fb36a5d21e0, O_RDONLY|O_CLOEXEC).
RECORDED = bytes.fromhex(
    "cfe8cdb3bde72e8d" "fc58000000000000" "010100003e0000c0" "1dcb5f6ab37f0000" "9cffffff00000000"
    "e0215d6ab37f0000" "0000080000000000" "0000000000000000" "c789d4d7fc7f0000" "0000000000000000"
)  # fmt: skip


def test_a_recorded_notification() -> None:
    found = parse_notification(RECORDED)
    assert (found.tid, found.flags, found.number, found.arch) == (22780, 0, 257, ARCH_X86_64)
    assert found.id == 0x8D2EE7BDB3CDE8CF
    assert found.args[:3] == (0xFFFFFF9C, 0x7FB36A5D21E0, 0o2000000)
    assert find_name(found.arch, found.number) == "openat"


def send(state: bytes, *, descriptors: int = 1, parts: int = 1) -> socket.socket:
    """What a runtime sends; its end stays open, as runc's does."""
    ours, theirs = socket.socketpair()
    sent = [os.open("/dev/null", os.O_RDONLY) for _ in range(descriptors)]
    step = max(1, len(state) // parts)
    socket.send_fds(theirs, [state[:step]], sent)
    for start in range(step, len(state), step):
        theirs.send(state[start : start + step])
    for item in sent:
        os.close(item)
    KEPT.append(theirs)
    return ours


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


KEPT: list[socket.socket] = []


@pytest.fixture(autouse=True)
def _close_kept() -> object:
    yield
    while KEPT:
        KEPT.pop().close()


STATE = {"ociVersion": "1.0.2", "fds": ["seccompFd"], "pid": 42, "state": {"id": "box"}}


@pytest.mark.parametrize("parts", [1, 3])
def test_a_hand_over(parts: int) -> None:
    with send(json.dumps(STATE).encode(), parts=parts) as connection:
        found = receive_listener(connection)
    assert (found.pid, found.container_id) == (42, "box")
    assert not os.get_inheritable(found.descriptor)
    os.close(found.descriptor)


def test_the_seccomp_descriptor_is_chosen_by_name() -> None:
    before = open_files()
    state = {**STATE, "fds": ["otherFd", "seccompFd"]}
    with send(json.dumps(state).encode(), descriptors=2) as connection:
        found = receive_listener(connection)
    os.close(found.descriptor)
    KEPT.pop().close()
    assert open_files() == before


def test_a_hand_over_without_descriptor_or_state_is_an_error() -> None:
    with (
        send(json.dumps(STATE).encode(), descriptors=0) as connection,
        pytest.raises(OSError, match="no seccomp descriptor"),
    ):
        receive_listener(connection)
    with send(b'{"fds": [') as connection:
        KEPT.pop().close()
        with pytest.raises(ValueError, match="Expecting"):
            receive_listener(connection)
    with (
        send(b"[]") as connection,
        pytest.raises(ValueError, match="not an object"),
    ):
        receive_listener(connection)


def test_names_of_three_machines() -> None:
    assert find_name(ARCH_X86_64, 0) == "read"
    assert find_name(ARCH_X86_64, 2) == "open"
    assert find_name(ARCH_AARCH64, 56) == "openat"
    assert find_name(ARCH_AARCH64, 221) == "execve"
    assert find_name(ARCH_I386, 5) == "open"
    assert find_name(ARCH_I386, 102) == "socketcall"
    for arch in (ARCH_X86_64, ARCH_AARCH64, ARCH_I386):
        assert find_name(arch, 435) == "clone3"
        assert find_name(arch, 452) == "fchmodat2"
    assert find_name(ARCH_X86_64, X32_BIT | 1) == "write"
    assert find_name(ARCH_X86_64, 9999) is None
    assert find_name(0, 0) is None


def test_the_structures_have_the_kernels_sizes() -> None:
    assert len(RECORDED) == struct.calcsize("=QIIiIQ6Q") == 80
