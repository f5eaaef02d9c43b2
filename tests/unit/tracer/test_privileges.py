from __future__ import annotations

import dataclasses
import socket
import struct

import pytest

from jettison.linux.tasks import TaskStatus
from jettison.tracer.decode import Arguments
from jettison.tracer.privileges import CAPABILITY_BITS, Caller, infer, infer_owner

ALL = (1 << len(CAPABILITY_BITS)) - 1
ROOT = TaskStatus(
    pid=1,
    inner_pid=1,
    parent=0,
    uids=(0, 0, 0),
    gids=(0, 0, 0),
    uid=0,
    gid=0,
    groups=frozenset({0}),
    capabilities=ALL,
)
OTHER = dataclasses.replace(ROOT, pid=2, inner_pid=2, uids=(33, 33, 33), uid=33, capabilities=0)
MINUS_ONE = 0xFFFFFFFFFFFFFFFF


class FakeView:
    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    def read(self, address: int, size: int) -> bytes:
        return self._data[address - 0x1000 : address - 0x1000 + size]

    def read_string(self, address: int, limit: int = 4096) -> bytes:
        return self._data[:limit].partition(b"\0")[0]

    def directory(self, descriptor: int) -> bytes:
        raise AssertionError(descriptor)


def args(*values: int) -> Arguments:
    filled = [*values, *(0,) * 6][:6]
    return (filled[0], filled[1], filled[2], filled[3], filled[4], filled[5])


def need(name: str, *values: int, status: TaskStatus = ROOT, data: bytes = b"") -> str | None:
    found = infer(name, args(*values), Caller(status, {1: ROOT, 2: OTHER}), FakeView(data))
    return found[0] if found is not None else None


def address(port: int, family: int = socket.AF_INET) -> bytes:
    return struct.pack("=H", family) + port.to_bytes(2, "big") + bytes(12)


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("setuid", (33,), "SETUID"),
        ("setuid", (0,), None),
        ("setresuid", (MINUS_ONE, 33, MINUS_ONE), "SETUID"),
        ("setresuid", (MINUS_ONE, MINUS_ONE, MINUS_ONE), None),
        ("setgid", (33,), "SETGID"),
        ("setgroups", (0, 0), "SETGID"),
        ("chown", (0, 33, MINUS_ONE), "CHOWN"),
        ("chown", (0, MINUS_ONE, 0), None),
        ("fchownat", (0, 0, 0, 33, 0), "CHOWN"),
        ("chroot", (0,), "SYS_CHROOT"),
        ("kill", (2, 15), "KILL"),
        ("kill", (2, 0), None),
        ("kill", (1, 15), None),
        ("kill", (MINUS_ONE, 15), None),
        ("kill", (99, 15), None),
        ("socket", (socket.AF_INET, socket.SOCK_RAW, 1), "NET_RAW"),
        ("socket", (17, socket.SOCK_DGRAM, 0), "NET_RAW"),
        ("socket", (16, socket.SOCK_RAW, 9), "AUDIT_WRITE"),
        ("socket", (16, socket.SOCK_RAW, 0), None),
        ("socket", (socket.AF_INET, socket.SOCK_STREAM | 0o2000000, 0), None),
        ("mknod", (0, 0o020644, 0), "MKNOD"),
        ("mknod", (0, 0o010644, 0), None),
        ("setpriority", (0, 0, MINUS_ONE), "SYS_NICE"),
        ("setpriority", (0, 0, 5), None),
        ("sched_setscheduler", (0, 1), "SYS_NICE"),
        ("read", (0,), None),
    ],
)
def test_needs(name: str, values: tuple[int, ...], wanted: str | None) -> None:
    assert need(name, *values) == wanted
    # Who does not hold it gets a refusal, here as in the slimmed image.
    assert need(name, *values, status=dataclasses.replace(ROOT, capabilities=0)) is None


def test_low_ports() -> None:
    assert need("bind", 3, 0x1000, 16, data=address(80)) == "NET_BIND_SERVICE"
    assert need("bind", 3, 0x1000, 28, data=address(443, socket.AF_INET6)) == "NET_BIND_SERVICE"
    assert need("bind", 3, 0x1000, 16, data=address(8080)) is None
    assert need("bind", 3, 0x1000, 16, data=address(0)) is None
    assert need("bind", 3, 0x1000, 16, data=address(80, socket.AF_UNIX)) is None


def test_file_capabilities_and_limits() -> None:
    assert need("setxattr", 0, 0x1000, 0, data=b"security.capability\0") == "SETFCAP"
    assert need("setxattr", 0, 0x1000, 0, data=b"user.note\0") is None
    assert need("prlimit64", 0, 7, 0x1000, data=bytes(8) + b"\xff" * 8) == "SYS_RESOURCE"
    assert need("prlimit64", 0, 7, 0x1000, data=bytes(16)) is None


def test_files_of_others() -> None:
    caller = Caller(ROOT, {})
    assert infer_owner("chmod", args(), caller, 33) == (
        "FOWNER",
        "chmod of a file of user 33 as 0",
    )
    assert infer_owner("chmod", args(), caller, 0) is None
    assert infer_owner("chmod", args(), caller, None) is None
    # Setting the times to now needs no more than the right to write.
    assert infer_owner("utimensat", args(3, 4, 0), caller, 33) is None
    assert infer_owner("utimensat", args(3, 4, 5), caller, 33) is not None
