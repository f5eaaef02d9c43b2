"""Turn the arguments of a system call into what it names: paths, programs, addresses.

Reading the task's memory and /proc is left to the view that is handed in, so that all of this
can be tested on literals. What a decoder raises as OSError is the view's.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from jettison.trace import Operation, SocketRole
from jettison.tracer.calls import (
    AT_EMPTY_PATH,
    AT_FDCWD,
    DESCRIPTOR_PATHS,
    OPENERS,
    PATHS,
    PathArgument,
    open_operation,
)

Arguments = tuple[int, int, int, int, int, int]

MAX_ARGV_COUNT: Final = 64
MAX_ARGV_BYTES: Final = 4096
_MAX_ADDRESS: Final = 128  # sizeof(struct sockaddr_storage)
_LOW: Final = 0xFFFFFFFF


class PathFact(NamedTuple):
    """A path that a call looks up; absolute, but with `.`, `..` and `//` as it was named."""

    operation: Operation
    path: bytes


class ProgramFact(NamedTuple):
    """A program that a call executes."""

    path: bytes
    argv: tuple[bytes, ...]


class SocketFact(NamedTuple):
    """An address that a call uses; LISTEN names none, it is asked from the socket itself."""

    role: SocketRole
    descriptor: int
    family: str = ""
    address: str = ""
    port: int = 0
    protocol: str = ""


Fact = PathFact | ProgramFact | SocketFact


class View(Protocol):
    """A look into the task that makes the call."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes of its memory."""

    def read_string(self, address: int, limit: int = 4096) -> bytes:
        """Its memory up to a NUL."""

    def directory(self, descriptor: int) -> bytes:
        """The path of its descriptor; AT_FDCWD is its working directory, ROOT its root."""


# Asks a view for the root directory of the task, which chroot(2) may have moved.
ROOT: Final = -1

# Takes the arguments, the view, and the size of a pointer in bytes.
Decoder = Callable[[Arguments, View, int], tuple[Fact, ...]]


def _join(view: View, path: bytes, descriptor: int) -> bytes:
    if path.startswith(b"/"):
        root = view.directory(ROOT)
        return path if root == b"/" else root + path
    return view.directory(descriptor) + b"/" + path


def _argument(
    item: PathArgument, operation: Operation, args: Arguments, view: View
) -> tuple[PathFact, ...]:
    descriptor = AT_FDCWD if item.directory is None else args[item.directory] & _LOW
    address = args[item.path]
    path = view.read_string(address) if address else b""
    if path:
        return (PathFact(operation, _join(view, path, descriptor)),)
    # An empty path is the descriptor's own file (AT_EMPTY_PATH, or NULL for utimensat). Looking
    # at it is nothing new, changing it is.
    if operation is Operation.WRITE and descriptor != AT_FDCWD:
        return _of_descriptor(operation, descriptor, view)
    return ()


def _of_descriptor(operation: Operation, descriptor: int, view: View) -> tuple[PathFact, ...]:
    path = view.directory(descriptor)
    return (PathFact(operation, path),) if path.startswith(b"/") else ()


def _paths(items: tuple[PathArgument, ...]) -> Decoder:
    def decode(args: Arguments, view: View, _pointer: int) -> tuple[Fact, ...]:
        if len(items) == 1:
            return _argument(items[0], items[0].operation, args, view)
        return tuple(fact for item in items for fact in _argument(item, item.operation, args, view))

    return decode


_OPEN: Final = PathArgument(Operation.OPEN, 0)
_OPENAT: Final = PathArgument(Operation.OPEN, 1, 0)


def _open(args: Arguments, view: View, _pointer: int) -> tuple[Fact, ...]:
    return _argument(_OPEN, open_operation(args[1]), args, view)


def _openat(args: Arguments, view: View, _pointer: int) -> tuple[Fact, ...]:
    return _argument(_OPENAT, open_operation(args[2]), args, view)


_RESOLVE_IN_ROOT: Final = 0x10


def _openat2(args: Arguments, view: View, _pointer: int) -> tuple[Fact, ...]:
    # struct open_how: flags, mode, resolve, each of 64 bits.
    flags, _, resolve = struct.unpack("=QQQ", view.read(args[2], 24))
    operation = open_operation(flags)
    if not resolve & _RESOLVE_IN_ROOT:
        return _argument(_OPENAT, operation, args, view)
    path = view.read_string(args[1])
    return (PathFact(operation, view.directory(args[0] & _LOW) + b"/" + path),) if path else ()


def _descriptor(operation: Operation) -> Decoder:
    def decode(args: Arguments, view: View, _pointer: int) -> tuple[Fact, ...]:
        return _of_descriptor(operation, args[0] & _LOW, view)

    return decode


def _read_argv(address: int, view: View, pointer: int) -> tuple[bytes, ...]:
    # NULL stands for an empty list: execve(2), "On Linux, argv and envp can be NULL".
    found: list[bytes] = []
    left = MAX_ARGV_BYTES
    while address and len(found) < MAX_ARGV_COUNT and left > 0:
        item = int.from_bytes(view.read(address, pointer), "little")
        if item == 0:
            break
        text = view.read_string(item, left)
        found.append(text)
        left -= len(text) + 1
        address += pointer
    return tuple(found)


def _execve(args: Arguments, view: View, pointer: int) -> tuple[Fact, ...]:
    path = view.read_string(args[0])
    if not path:
        return ()
    full = _join(view, path, AT_FDCWD)
    return (PathFact(Operation.EXEC, full), ProgramFact(full, _read_argv(args[1], view, pointer)))


def _execveat(args: Arguments, view: View, pointer: int) -> tuple[Fact, ...]:
    path = view.read_string(args[1]) if args[1] else b""
    descriptor = args[0] & _LOW
    if path:
        full = _join(view, path, descriptor)
    elif args[4] & AT_EMPTY_PATH:
        full = view.directory(descriptor)
    else:
        return ()
    return (PathFact(Operation.EXEC, full), ProgramFact(full, _read_argv(args[2], view, pointer)))


def parse_address(raw: bytes) -> tuple[str, str, int] | None:
    """Family, address and port of a `struct sockaddr`; None for families without paths or ports.

    Shape: as `SocketUse`; a socket in the file system has its path as it was named.
    """
    if len(raw) < 2:
        return None
    family = int.from_bytes(raw[:2], "little")
    if family == socket.AF_INET and len(raw) >= 8:
        return "inet", socket.inet_ntop(socket.AF_INET, raw[4:8]), int.from_bytes(raw[2:4], "big")
    if family == socket.AF_INET6 and len(raw) >= 24:
        text = socket.inet_ntop(socket.AF_INET6, raw[8:24])
        return "inet6", text, int.from_bytes(raw[2:4], "big")
    if family == socket.AF_UNIX and len(raw) > 2:
        name = raw[2:]
        if name.startswith(b"\0"):
            return "unix", "@" + name[1:].decode("utf-8", "surrogateescape"), 0
        return "unix", name.partition(b"\0")[0].decode("utf-8", "surrogateescape"), 0
    return None


def _socket_address(role: SocketRole, descriptor: int, raw: bytes, view: View) -> tuple[Fact, ...]:
    parsed = parse_address(raw)
    if parsed is None:
        return ()
    family, address, port = parsed
    if family != "unix" or address.startswith("@"):
        return (SocketFact(role, descriptor, family, address, port),)
    path = _join(view, address.encode("utf-8", "surrogateescape"), AT_FDCWD)
    operation = Operation.WRITE if role is SocketRole.BIND else Operation.OPEN
    return (
        SocketFact(role, descriptor, family, path.decode("utf-8", "surrogateescape"), 0),
        PathFact(operation, path),
    )


def _addressed(role: SocketRole, address: int) -> Decoder:
    def decode(args: Arguments, view: View, _pointer: int) -> tuple[Fact, ...]:
        size = min(args[address + 1] & _LOW, _MAX_ADDRESS)
        if not args[address] or not size:
            return ()
        raw = view.read(args[address], size)
        return _socket_address(role, args[0] & _LOW, raw, view)

    return decode


def _listen(args: Arguments, _view: View, _pointer: int) -> tuple[Fact, ...]:
    return (SocketFact(SocketRole.LISTEN, args[0] & _LOW),)


_OPEN_DECODERS: Final[Mapping[str, Decoder]] = MappingProxyType(
    {"open": _open, "openat": _openat, "openat2": _openat2}
)

DECODERS: Final[Mapping[str, Decoder]] = MappingProxyType(
    {name: _paths(items) for name, items in PATHS.items()}
    | {name: _descriptor(operation) for name, operation in DESCRIPTOR_PATHS.items()}
    | {name: _OPEN_DECODERS[name] for name in OPENERS}
    | {
        "execve": _execve,
        "execveat": _execveat,
        "bind": _addressed(SocketRole.BIND, 1),
        "connect": _addressed(SocketRole.CONNECT, 1),
        "sendto": _addressed(SocketRole.CONNECT, 4),
        "listen": _listen,
    }
)
