"""Which addresses are listened on, from the kernel's tables. Source: proc_pid_net(5)."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LISTEN: Final = "0A"  # TCP_LISTEN, include/net/tcp_states.h


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Listening:
    """A TCP address that something accepts connections on; `inode` names the socket."""

    address: str
    port: int
    inode: int


def parse_listening(table: str) -> Iterator[Listening]:
    """The listening sockets in a `tcp` or `tcp6` file."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            address, _, port = fields[1].partition(":")
            yield Listening(
                address=_parse_address(address), port=int(port, 16), inode=int(fields[9])
            )


def _parse_address(text: str) -> str:
    """Addresses are printed as 32-bit words in the machine's byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    raw = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def find_socket_inodes(pid: int) -> frozenset[int]:
    """The sockets that the processes in the pid namespace of `pid` have open."""
    found: set[int] = set()
    with suppress(OSError):
        namespace = Path(f"/proc/{pid}/ns/pid").readlink()
        for process in Path("/proc").glob("[0-9]*"):
            # A process may end, or be none of ours, at any moment.
            with suppress(OSError):
                if (process / "ns/pid").readlink() == namespace:
                    found.update(_open_sockets(process / "fd"))
    return frozenset(found)


def _open_sockets(descriptors: Path) -> Iterator[int]:
    for descriptor in descriptors.iterdir():
        with suppress(OSError):
            kind, _, inode = str(descriptor.readlink()).partition(":[")
            if kind == "socket":
                yield int(inode.removesuffix("]"))
