from __future__ import annotations

from io import BytesIO

import pytest

from jettison.analysis.elf import ElfFile, find_names, read_elf, read_identity
from support.elf import AARCH64, I386, X86_64, make_elf


def _read(data: bytes) -> ElfFile:
    elf = read_elf(BytesIO(data))
    assert elf is not None
    return elf


def test_what_a_program_needs() -> None:
    data = make_elf(
        needed=("libssl.so.3", "libc.so.6"),
        interpreter="/lib64/ld-linux-x86-64.so.2",
        runpath="$ORIGIN/../lib:/opt/lib",
    )
    elf = _read(data)
    assert elf.needed == ("libssl.so.3", "libc.so.6")
    assert elf.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert elf.runpath == ("$ORIGIN/../lib", "/opt/lib")
    assert elf.rpath == ()
    assert (elf.bits, elf.machine) == (64, X86_64)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize(("bits", "machine"), [(32, I386), (64, AARCH64)])
def test_both_classes_and_byte_orders(bits: int, machine: int, big_endian: bool) -> None:
    data = make_elf(
        bits=bits,
        machine=machine,
        big_endian=big_endian,
        needed=("libz.so.1",),
        soname="libx.so",
        rpath="/a:/b",
    )
    elf = _read(data)
    assert (elf.bits, elf.machine, elf.soname) == (bits, machine, "libx.so")
    assert elf.needed == ("libz.so.1",)
    assert elf.rpath == ("/a", "/b")
    assert read_identity(BytesIO(data)) == (bits, machine)


def test_who_opens_libraries_and_who_converts() -> None:
    assert _read(make_elf(symbols=("dlopen",))).opens_libraries
    assert _read(make_elf(symbols=("g_module_open",))).opens_libraries
    assert not _read(make_elf(symbols=("open",))).opens_libraries
    assert _read(make_elf(symbols=("iconv_open",))).uses_iconv
    assert not _read(make_elf(symbols=("xiconv_open",))).uses_iconv
    assert _read(make_elf(symbols=("OSSL_PROVIDER_load",))).loads_providers
    assert _read(make_elf(symbols=("OSSL_PROVIDER_load_ex",))).loads_providers
    assert not _read(make_elf(symbols=("OSSL_PROVIDER_unload",))).loads_providers


def test_names_that_stand_in_constants() -> None:
    data = make_elf(
        constants=(
            "cannot load libssl.so.3 or libcrypto.so",
            "/usr/lib/x86_64-linux-gnu/engines-3",
            "lib.so",
            "libnothing.source",
            "glib-libfoo-2.0.so.0.7200.4",
        )
    )
    names = find_names(BytesIO(data), _read(data))
    assert {"libssl.so.3", "libcrypto.so"} <= set(names.libraries)
    assert "libfoo-2.0.so.0.7200.4" in " ".join(names.libraries)
    assert not any("nothing" in name or name == "lib.so" for name in names.libraries)
    assert names.directories == ("/usr/lib/x86_64-linux-gnu/engines-3",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        b"\x7fELF",
        make_elf()[:40],
        make_elf(needed=("libc.so.6",))[:100],
        b"\x7fELF\x02\x01" + b"\xff" * 200,
        b"\x7fELF\x01\x02" + b"\xff" * 200,
    ],
)
def test_what_is_no_whole_elf_file_needs_nothing(data: bytes) -> None:
    elf = read_elf(BytesIO(data))
    assert elf is None or elf.needed == ()


def test_any_damage_is_survived() -> None:
    data = make_elf(needed=("libc.so.6",), interpreter="/lib/ld.so", constants=("libz.so.1",))
    for position in range(len(data)):
        damaged = data[:position] + b"\xff" + data[position + 1 :]
        elf = read_elf(BytesIO(damaged))
        if elf is not None:
            find_names(BytesIO(damaged), elf)
