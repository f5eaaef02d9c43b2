from __future__ import annotations

import struct

import pytest

from jettison.analysis.file_capabilities import parse_file_capabilities


def test_each_revision() -> None:
    # As `setcap cap_net_bind_service,cap_bpf=ep` writes them, cap_bpf being number 39.
    low, high = 1 << 10, 1 << 7
    second = struct.pack("<5I", 0x02000001, low, 0, high, 0)
    assert parse_file_capabilities(second) == ("cap_net_bind_service", "cap_bpf")
    third = struct.pack("<6I", 0x03000001, low, 0, high, 0, 1000)
    assert parse_file_capabilities(third) == ("cap_net_bind_service", "cap_bpf")
    assert parse_file_capabilities(struct.pack("<3I", 0x01000000, low, 0)) == (
        "cap_net_bind_service",
    )


def test_numbers_that_have_no_name_yet() -> None:
    assert parse_file_capabilities(struct.pack("<5I", 0x02000000, 1, 0, 1 << 31, 0)) == (
        "cap_chown",
        "cap_63",
    )


@pytest.mark.parametrize("raw", [b"", b"\x00", struct.pack("<3I", 0x09000000, 1, 1), b"\x01\0\0\2"])
def test_damaged_values(raw: bytes) -> None:
    assert parse_file_capabilities(raw) == ()
