"""What an ELF file needs to run, read from its program headers. Nothing in it is executed.

Where the needed names are found is `library_path`'s matter.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

# Bounds on hostile input; real files stay far below.
_MAX_HEADERS: Final = 512
_MAX_OFFSET: Final = 1 << 48
_MAX_DYNAMIC_BYTES: Final = 1 << 20
_MAX_STRINGS_BYTES: Final = 32 << 20
_MAX_NAME_BYTES: Final = 4096
_MAX_SCAN_BYTES: Final = 256 << 20
_SCAN_CHUNK: Final = 4 << 20

# elf(5) and the generic ABI.
_PT_LOAD: Final = 1
_PT_DYNAMIC: Final = 2
_PT_INTERP: Final = 3
_PF_EXECUTE: Final = 1
_PF_WRITE: Final = 2
_DT_NEEDED: Final = 1
_DT_STRTAB: Final = 5
_DT_STRSZ: Final = 10
_DT_SONAME: Final = 14
_DT_RPATH: Final = 15
_DT_RUNPATH: Final = 29
_DT_AUXILIARY: Final = 0x7FFFFFFD
_DT_FILTER: Final = 0x7FFFFFFF

# Symbols through which a program opens libraries that it does not list as needed.
_OPENERS: Final = re.compile(
    rb"dlm?open|[mM]odule_?[oO]pen|[lL]oad_?[lL]ibrary|LoadObject|QLibrary|DSO_"
)
_PROVIDER_LOADERS: Final = re.compile(rb"\0OSSL_PROVIDER_(?:try_)?load(?:_ex)?\0")
_LIBRARY_NAME: Final = re.compile(rb"lib[\w.+-]{1,100}?\.so(?:\.\d{1,6}){0,4}(?![\w.+-])")
# The start of the name that runs up to where the search ends.
_NAME_HEAD: Final = re.compile(rb"lib[\w.+-]*\Z")
_DIRECTORY: Final = re.compile(rb"/[\w.+@/-]{4,200}(?=\0)")
_MAX_TEXT_BYTES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A PT_LOAD: where its bytes are in the file and in memory."""

    offset: int
    address: int
    size: int
    flags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFile:
    """The part of an ELF file that says what else it needs.

    Shape: `needed` in file order, filters included; `rpath` and `runpath` as written, with
    `$ORIGIN`; `opens_libraries` tells that it knows a function such as dlopen, `uses_iconv` that it
    knows iconv_open, `loads_providers` that it has OpenSSL load one.
    Units: `bits` 32 or 64; `machine` as e_machine, 62 for x86-64.
    """

    bits: int
    machine: int
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    soname: str = ""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    opens_libraries: bool = False
    uses_iconv: bool = False
    loads_providers: bool = False
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesInElf:
    """Text found in an ELF file: `libssl.so.3`, `/usr/lib/x86_64-linux-gnu/engines-3`; sorted."""

    libraries: tuple[str, ...]
    directories: tuple[str, ...]


def read_identity(stream: BinaryIO) -> tuple[int, int] | None:
    """(bits, machine) of an ELF file, or None for any other; reads 20 bytes."""
    head = stream.read(20)
    if len(head) < 20 or head[:4] != b"\x7fELF" or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    machine = struct.unpack_from("<H" if head[5] == 1 else ">H", head, 18)[0]
    return (32 if head[4] == 1 else 64, machine)


def read_elf(stream: BinaryIO) -> ElfFile | None:
    """Read headers, dynamic section and its strings; None for what is no (whole) ELF file."""
    try:
        return _Reader(stream).read()
    except (struct.error, ValueError, OverflowError):
        # A damaged file cannot be loaded by the kernel either, so it has no needs.
        return None


def find_names(stream: BinaryIO, elf: ElfFile) -> NamesInElf:
    """Names of libraries and directories that stand in its constant or initialized data.

    They are candidates for dlopen; most of what is found this way is not in the image at all.
    """
    data = tuple(item for item in elf.segments if not item.flags & _PF_EXECUTE)
    # Old linkers put constants into the executable segment, beside one that is writable.
    if all(item.flags & _PF_WRITE for item in data):
        data = elf.segments
    libraries: set[bytes] = set()
    directories: set[bytes] = set()
    budget = _MAX_SCAN_BYTES
    for segment in data:
        stream.seek(segment.offset)
        left = min(segment.size, budget)
        budget -= left
        carry = b""
        while left > 0 and (chunk := stream.read(min(_SCAN_CHUNK, left))):
            left -= len(chunk)
            block = carry + chunk
            libraries.update(_libraries_in(block))
            directories.update(_directories_in(block))
            carry = block[-_MAX_TEXT_BYTES:]
    return NamesInElf(
        libraries=tuple(sorted(name.decode("ascii") for name in libraries)),
        directories=tuple(sorted(name.decode("ascii") for name in directories)),
    )


def _libraries_in(block: bytes) -> Iterator[bytes]:
    # Searching for the rare ".so" first is several times faster than a pattern alone.
    position = block.find(b".so")
    while position >= 0:
        head = _NAME_HEAD.search(block, max(0, position - _MAX_TEXT_BYTES), position)
        if head is not None and (match := _LIBRARY_NAME.match(block, head.start())) is not None:
            yield match[0]
        position = block.find(b".so", position + 3)


def _directories_in(block: bytes) -> Iterator[bytes]:
    position = block.find(b"/lib")
    while position >= 0:
        start = block.rfind(b"\0", max(0, position - _MAX_TEXT_BYTES), position) + 1
        if (match := _DIRECTORY.match(block, start)) is not None:
            yield match[0]
        position = block.find(b"/lib", position + 4)


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._order = "<"
        self._bits = 64

    def read(self) -> ElfFile | None:
        identity = read_identity(self._stream)
        if identity is None:
            return None
        self._bits, machine = identity
        self._stream.seek(0)
        head = self._stream.read(64)
        self._order = "<" if head[5] == 1 else ">"
        segments, dynamic, interpreter = self._program_headers(head)
        if dynamic is None:
            return ElfFile(
                bits=self._bits, machine=machine, interpreter=interpreter, segments=segments
            )
        tags = self._dynamic(*dynamic)
        strings = self._strings(tags, segments)

        def names(tag: int) -> tuple[str, ...]:
            return tuple(_string(strings, value) for key, value in tags if key == tag)

        def directories(tag: int) -> tuple[str, ...]:
            return tuple(part for name in names(tag) for part in name.split(":") if part)

        return ElfFile(
            bits=self._bits,
            machine=machine,
            interpreter=interpreter,
            needed=tuple(
                name
                for tag in (_DT_NEEDED, _DT_FILTER, _DT_AUXILIARY)
                for name in names(tag)
                if name
            ),
            soname=next(iter(names(_DT_SONAME)), ""),
            rpath=directories(_DT_RPATH),
            runpath=directories(_DT_RUNPATH),
            opens_libraries=_OPENERS.search(strings) is not None,
            uses_iconv=b"\0iconv_open\0" in strings,
            loads_providers=_PROVIDER_LOADERS.search(strings) is not None,
            segments=segments,
        )

    def _program_headers(
        self, head: bytes
    ) -> tuple[tuple[Segment, ...], tuple[int, int] | None, str]:
        if self._bits == 64:
            table, size, count = (
                struct.unpack_from(self._order + "Q", head, 32)[0],
                *struct.unpack_from(self._order + "HH", head, 54),
            )
            layout = struct.Struct(self._order + "IIQQQQQQ")
        else:
            table, size, count = (
                struct.unpack_from(self._order + "I", head, 28)[0],
                *struct.unpack_from(self._order + "HH", head, 42),
            )
            layout = struct.Struct(self._order + "IIIIIIII")
        raw = self._at(table, min(count, _MAX_HEADERS) * size)
        segments: list[Segment] = []
        dynamic: tuple[int, int] | None = None
        interpreter = ""
        for index in range(min(count, _MAX_HEADERS)):
            fields = layout.unpack_from(raw, index * size)
            if self._bits == 64:
                kind, flags, offset, address, _, in_file, _, _ = fields
            else:
                kind, offset, address, _, in_file, _, flags, _ = fields
            if offset > _MAX_OFFSET:
                raise ValueError(f"a segment at {offset}")
            if kind == _PT_LOAD:
                segments.append(Segment(offset=offset, address=address, size=in_file, flags=flags))
            elif kind == _PT_DYNAMIC:
                dynamic = (offset, in_file)
            elif kind == _PT_INTERP:
                raw_name = self._at(offset, min(in_file, _MAX_NAME_BYTES))
                interpreter = raw_name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        return tuple(segments), dynamic, interpreter

    def _dynamic(self, offset: int, size: int) -> list[tuple[int, int]]:
        layout = struct.Struct(self._order + ("QQ" if self._bits == 64 else "II"))
        raw = self._at(offset, min(size, _MAX_DYNAMIC_BYTES))
        tags: list[tuple[int, int]] = []
        for tag, value in layout.iter_unpack(raw[: len(raw) - len(raw) % layout.size]):
            if tag == 0:
                break
            tags.append((tag, value))
        return tags

    def _strings(self, tags: list[tuple[int, int]], segments: tuple[Segment, ...]) -> bytes:
        values = dict(tags)
        address = values.get(_DT_STRTAB)
        if address is None:
            return b""
        size = min(values.get(_DT_STRSZ, 0), _MAX_STRINGS_BYTES)
        for item in segments:
            if item.address <= address < item.address + item.size:
                return self._at(item.offset + address - item.address, size)
        return b""

    def _at(self, offset: int, size: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(size)


def _string(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset, offset + _MAX_NAME_BYTES)
    return strings[offset:end].decode("utf-8", "surrogateescape") if end >= 0 else ""
