from __future__ import annotations

import errno
import socket
import struct

import pytest

from jettison.trace import Operation, SocketRole
from jettison.tracer.calls import AT_EMPTY_PATH, AT_FDCWD
from jettison.tracer.decode import (
    DECODERS,
    ROOT,
    Arguments,
    Fact,
    PathFact,
    ProgramFact,
    SocketFact,
    parse_address,
)

CWD = AT_FDCWD
# As a 64-bit register carries -100 in some programs.
CWD_SIGNED = 2**64 - 100


class FakeView:
    """A task with some memory, whose descriptors lead to fixed places."""

    def __init__(self, memory: dict[int, bytes], root: bytes = b"/") -> None:
        self._memory = memory
        self._places = {AT_FDCWD: b"/work", 3: b"/srv", 4: b"/srv/file", 5: b"pipe:[1]", ROOT: root}

    def read(self, address: int, size: int) -> bytes:
        for start, data in self._memory.items():
            if start <= address < start + len(data):
                found = data[address - start : address - start + size]
                if len(found) == size:
                    return found
        raise OSError(errno.EFAULT, "bad address")

    def read_string(self, address: int, limit: int = 4096) -> bytes:
        for start, data in self._memory.items():
            if start <= address < start + len(data):
                return data[address - start :].partition(b"\0")[0][:limit]
        raise OSError(errno.EFAULT, "bad address")

    def directory(self, descriptor: int) -> bytes:
        try:
            return self._places[descriptor]
        except KeyError:
            raise OSError(errno.ENOENT, "no such descriptor") from None


MEMORY = {0x1000: b"name\0", 0x2000: b"/abs/name\0", 0x3000: b"\0", 0x4000: b"other\0"}


def args(*values: int) -> Arguments:
    filled = [*values, *(0,) * 6][:6]
    return (filled[0], filled[1], filled[2], filled[3], filled[4], filled[5])


def decode(
    name: str, *values: int, memory: dict[int, bytes] | None = None, root: bytes = b"/"
) -> tuple[Fact, ...]:
    return DECODERS[name](args(*values), FakeView({**MEMORY, **(memory or {})}, root), 8)


@pytest.mark.parametrize(
    ("name", "values", "facts"),
    [
        ("open", (0x2000, 0), [(Operation.OPEN, b"/abs/name")]),
        ("open", (0x1000, 0o101), [(Operation.WRITE, b"/work/name")]),
        ("openat", (CWD, 0x1000, 0o2), [(Operation.WRITE, b"/work/name")]),
        ("openat", (CWD_SIGNED, 0x1000, 0), [(Operation.OPEN, b"/work/name")]),
        ("openat", (3, 0x1000, 0), [(Operation.OPEN, b"/srv/name")]),
        ("openat", (3, 0x2000, 0o10000000), [(Operation.STAT, b"/abs/name")]),
        ("openat", (3, 0x1000, 0o20200002), [(Operation.WRITE, b"/srv/name")]),
        ("newfstatat", (3, 0x1000, 0, 0), [(Operation.STAT, b"/srv/name")]),
        ("newfstatat", (4, 0x3000, 0, AT_EMPTY_PATH), []),
        ("statx", (4, 0, AT_EMPTY_PATH), []),
        ("readlinkat", (CWD, 0x1000), [(Operation.READLINK, b"/work/name")]),
        ("chdir", (0x1000,), [(Operation.CHDIR, b"/work/name")]),
        ("fchdir", (3,), [(Operation.CHDIR, b"/srv")]),
        ("symlink", (0x1000, 0x4000), [(Operation.WRITE, b"/work/other")]),
        ("utimensat", (4, 0, 0, 0), [(Operation.WRITE, b"/srv/file")]),
        ("fchownat", (4, 0x3000, 0, 0, AT_EMPTY_PATH), [(Operation.WRITE, b"/srv/file")]),
        ("fchmod", (4, 0), [(Operation.WRITE, b"/srv/file")]),
        ("fchmod", (5, 0), []),
        (
            "renameat2",
            (CWD, 0x1000, 3, 0x4000, 0),
            [(Operation.WRITE, b"/work/name"), (Operation.WRITE, b"/srv/other")],
        ),
        (
            "linkat",
            (3, 0x1000, CWD, 0x4000, 0),
            [(Operation.OPEN, b"/srv/name"), (Operation.WRITE, b"/work/other")],
        ),
    ],
)
def test_paths(name: str, values: tuple[int, ...], facts: list[tuple[Operation, bytes]]) -> None:
    assert decode(name, *values) == tuple(PathFact(*fact) for fact in facts)


def test_absolute_paths_start_at_the_tasks_own_root() -> None:
    assert decode("stat", 0x2000, root=b"/jail") == (PathFact(Operation.STAT, b"/jail/abs/name"),)
    # The working directory is told from the real root, so it has the jail already.
    assert decode("stat", 0x1000, root=b"/jail") == (PathFact(Operation.STAT, b"/work/name"),)


def test_openat2_flags_are_in_memory() -> None:
    how = struct.pack("=QQQ", 0o1, 0, 0)
    inside = struct.pack("=QQQ", 0, 0, 0x10)
    memory = {0x5000: how, 0x6000: inside}
    assert decode("openat2", 3, 0x1000, 0x5000, 24, memory=memory) == (
        PathFact(Operation.WRITE, b"/srv/name"),
    )
    # RESOLVE_IN_ROOT makes the descriptor the root of absolute paths.
    assert decode("openat2", 3, 0x2000, 0x6000, 24, memory=memory) == (
        PathFact(Operation.OPEN, b"/srv//abs/name"),
    )


def pointers(*addresses: int, size: int = 8) -> bytes:
    return b"".join(address.to_bytes(size, "little") for address in (*addresses, 0))


def test_execve_reads_its_arguments() -> None:
    memory = {0x5000: pointers(0x1000, 0x4000)}
    assert decode("execve", 0x2000, 0x5000, 0, memory=memory) == (
        PathFact(Operation.EXEC, b"/abs/name"),
        ProgramFact(b"/abs/name", (b"name", b"other")),
    )


def test_execve_of_a_32_bit_program_has_small_pointers() -> None:
    view = FakeView({**MEMORY, 0x5000: pointers(0x1000, 0x4000, size=4)})
    found = DECODERS["execve"](args(0x2000, 0x5000), view, 4)
    assert found[1] == ProgramFact(b"/abs/name", (b"name", b"other"))


def test_arguments_are_bounded_in_number_and_size() -> None:
    memory = {0x5000: pointers(*[0x1000] * 100), 0x7000: b"x" * 5000 + b"\0"}
    program = decode("execve", 0x2000, 0x5000, memory=memory)[1]
    assert isinstance(program, ProgramFact)
    assert len(program.argv) == 64
    memory[0x6000] = pointers(0x7000, 0x7000)
    program = decode("execve", 0x2000, 0x6000, memory=memory)[1]
    assert isinstance(program, ProgramFact)
    assert [len(item) for item in program.argv] == [4096]


def test_execve_without_arguments() -> None:
    assert decode("execve", 0x2000, 0)[1] == ProgramFact(b"/abs/name", ())


def test_execveat_of_a_descriptor() -> None:
    assert decode("execveat", 4, 0x3000, 0, 0, AT_EMPTY_PATH) == (
        PathFact(Operation.EXEC, b"/srv/file"),
        ProgramFact(b"/srv/file", ()),
    )
    assert decode("execveat", 4, 0x3000, 0, 0, 0) == ()


INET = struct.pack("=H", socket.AF_INET) + b"\x1f\x90" + bytes([127, 0, 0, 1]) + bytes(8)
INET6 = struct.pack("=H", socket.AF_INET6) + b"\x00\x50" + bytes(4) + bytes(15) + b"\x01" + bytes(4)


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        (INET, ("inet", "127.0.0.1", 8080)),
        (INET6, ("inet6", "::1", 80)),
        (b"\x01\x00/run/x.sock\0rest", ("unix", "/run/x.sock", 0)),
        (b"\x01\x00\0name", ("unix", "@name", 0)),
        (b"\x01\x00", None),
        (b"\x10\x00" + bytes(10), None),
        (INET[:7], None),
        (b"", None),
    ],
)
def test_addresses(raw: bytes, parsed: tuple[str, str, int] | None) -> None:
    assert parse_address(raw) == parsed


def test_sockets() -> None:
    memory = {0x5000: INET, 0x6000: b"\x01\x00app.sock\0"}
    assert decode("bind", 7, 0x5000, len(INET), memory=memory) == (
        SocketFact(SocketRole.BIND, 7, "inet", "127.0.0.1", 8080),
    )
    assert decode("sendto", 7, 0, 0, 0, 0x5000, len(INET), memory=memory) == (
        SocketFact(SocketRole.CONNECT, 7, "inet", "127.0.0.1", 8080),
    )
    assert decode("sendto", 7, 0, 0, 0, 0, 0) == ()
    assert decode("listen", 7, 128) == (SocketFact(SocketRole.LISTEN, 7),)
    assert decode("bind", 7, 0x6000, 11, memory=memory) == (
        SocketFact(SocketRole.BIND, 7, "unix", "/work/app.sock", 0),
        PathFact(Operation.WRITE, b"/work/app.sock"),
    )


def test_what_the_view_cannot_read_is_an_error_of_the_view() -> None:
    with pytest.raises(OSError, match="bad address"):
        decode("open", 0x9999, 0)
    with pytest.raises(OSError, match="no such descriptor"):
        decode("openat", 99, 0x1000, 0)
