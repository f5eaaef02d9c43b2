from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from jettison.runtime.sockets import Listening, find_socket_inodes, parse_listening

_HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


@pytest.mark.skipif(sys.byteorder != "little", reason="the lines are from a little-endian machine")
def test_listening_sockets_are_told_from_others() -> None:
    table = (
        _HEADER
        + "   0: 0100007F:0514 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 42 1\n"
        + "   1: 0100007F:0514 0100007F:D431 01 00000000:00000000 00:00000000 00000000  0  0 43 1\n"
        + "   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 44 1\n"
    )
    assert list(parse_listening(table)) == [
        Listening(address="127.0.0.1", port=1300, inode=42),
        Listening(address="0.0.0.0", port=80, inode=44),
    ]
    six = _HEADER + (
        "   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000  0  0 45 1\n"
    )
    assert list(parse_listening(six)) == [Listening(address="::1", port=8080, inode=45)]
    assert list(parse_listening(_HEADER)) == []


def test_own_sockets_are_found_in_the_kernel_s_tables() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = {
            item.port: item for item in parse_listening(Path("/proc/self/net/tcp").read_text())
        }
        assert found[port].address == "127.0.0.1"
        assert found[port].inode in find_socket_inodes(os.getpid())
    assert found[port].inode not in find_socket_inodes(os.getpid())
    assert find_socket_inodes(-1) == frozenset()
