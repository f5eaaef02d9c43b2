"""Write ELF files with just what says what they need: headers, dynamic section, strings, data."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

X86_64: Final = 62
AARCH64: Final = 183
I386: Final = 3

_BASE: Final = 0x400000


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """What to put into one file; `symbols` stand in the string table as imports do."""

    needed: Sequence[str] = ()
    soname: str = ""
    rpath: str = ""
    runpath: str = ""
    interpreter: str = ""
    symbols: Sequence[str] = ()
    constants: Sequence[str] = ()
    bits: int = 64
    machine: int = X86_64
    big_endian: bool = False


def make_elf(elf: Elf | None = None, /, **fields: object) -> bytes:
    """A file that readers of headers take for real; it has no code and cannot run."""
    return _Writer(elf or Elf(**fields)).write()  # type: ignore[arg-type]  # checked by Elf itself


class _Writer:
    def __init__(self, elf: Elf) -> None:
        self._elf = elf
        self._order = ">" if elf.big_endian else "<"
        self._strings = bytearray(b"\0")

    def write(self) -> bytes:
        elf = self._elf
        wide = elf.bits == 64
        tags = [(1, self._string(name)) for name in elf.needed]
        tags += [
            (tag, self._string(text))
            for tag, text in ((14, elf.soname), (15, elf.rpath), (29, elf.runpath))
            if text
        ]
        for symbol in elf.symbols:
            self._string(symbol)
        interpreter = elf.interpreter.encode() + b"\0" if elf.interpreter else b""
        constants = b"\0" + b"".join(item.encode() + b"\0" for item in elf.constants)
        count = 3 + bool(interpreter)
        start = (64 if wide else 52) + count * (56 if wide else 32)
        at_interpreter = start
        at_strings = at_interpreter + len(interpreter)
        at_constants = at_strings + len(self._strings)
        at_dynamic = at_constants + len(constants)
        tags += [(5, _BASE + at_strings), (10, len(self._strings)), (0, 0)]
        dynamic = b"".join(
            struct.pack(self._order + ("QQ" if wide else "II"), *tag) for tag in tags
        )
        end = at_dynamic + len(dynamic)
        headers = [
            self._segment(1, 4, 0, at_dynamic),  # read-only: headers, strings, constants
            self._segment(1, 6, at_dynamic, end - at_dynamic),
            self._segment(2, 6, at_dynamic, len(dynamic)),
        ]
        if interpreter:
            headers.append(self._segment(3, 4, at_interpreter, len(interpreter)))
        return (
            self._header(count)
            + b"".join(headers)
            + interpreter
            + bytes(self._strings)
            + constants
            + dynamic
        )

    def _string(self, text: str) -> int:
        offset = len(self._strings)
        self._strings += text.encode() + b"\0"
        return offset

    def _header(self, count: int) -> bytes:
        elf, wide = self._elf, self._elf.bits == 64
        identity = b"\x7fELF" + bytes([2 if wide else 1, 2 if elf.big_endian else 1, 1] + [0] * 9)
        table = 64 if wide else 52
        layout = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
        fields = (3, elf.machine, 1, 0, table, 0, 0, table, 56 if wide else 32, count, 0, 0, 0)
        return identity + struct.pack(self._order + layout, *fields)

    def _segment(self, kind: int, flags: int, offset: int, size: int) -> bytes:
        address = _BASE + offset
        if self._elf.bits == 64:
            fields = (kind, flags, offset, address, address, size, size, 4096)
            return struct.pack(self._order + "IIQQQQQQ", *fields)
        fields = (kind, offset, address, address, size, size, flags, 4096)
        return struct.pack(self._order + "IIIIIIII", *fields)
