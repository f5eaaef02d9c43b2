"""Read the records of an export's zip one after the other, in bounded memory.

The standard library's reader keeps an object for each member, which for half a million records
is more memory than everything else together; this one keeps none. What a record says is not
known here.

Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 and 4.5.3.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

# A record of the schema is a few kilobytes; the largest that are published have a few megabytes.
LARGEST_RECORD: Final = 64 << 20
_MOST_MEMBERS: Final = 20_000_000
_BUFFER: Final = 1 << 20

_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT: Final = 0xFFFF
_IN_EXTRA: Final = 0xFFFFFFFF
_ENCRYPTED: Final = 1
_STORED, _DEFLATED = 0, 8


class DamagedArchiveError(ValueError):
    """The list of members cannot be read, so nothing can be said of what the archive holds."""


class _DamagedMemberError(ValueError):
    """One member cannot be read; the others may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """A member that could not be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    name: bytes
    flags: int
    method: int
    crc: int
    stored_bytes: int
    size_bytes: int
    offset: int


def read_records(path: Path) -> Iterator[tuple[str, bytes] | Damaged]:
    """Name and bytes of each `.json` member, in the order of the archive's own list.

    Raises: DamagedArchiveError where that list is no such thing; OSError.
    """
    with path.open("rb", buffering=_BUFFER) as directory, path.open("rb", buffering=0) as data:
        size = os.fstat(data.fileno()).st_size
        for member in _read_directory(directory, size):
            if not member.name.endswith(b".json"):
                continue
            name = member.name.decode("utf-8", "backslashreplace")
            try:
                yield name, _read_member(data.fileno(), member)
            except _DamagedMemberError as err:
                yield Damaged(name=name, reason=str(err))


def count_members(path: Path) -> int:
    """How many members the archive has, having read its whole list.

    Raises: DamagedArchiveError where that list is no such thing; OSError.
    """
    with path.open("rb", buffering=_BUFFER) as directory:
        return sum(1 for _ in _read_directory(directory, os.fstat(directory.fileno()).st_size))


def _find_directory(file: BinaryIO, size: int) -> tuple[int, int]:
    """Where the list of members starts, and how many it says it has."""
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise DamagedArchiveError("no zip archive, or its end is missing")
    end = _END.unpack_from(tail, at)
    count, offset = end[4], end[6]
    if count == 0xFFFF or offset == _IN_EXTRA or end[5] == _IN_EXTRA:
        where = start + at - _LOCATOR_64.size
        if where >= 0:
            file.seek(where)
            signature, _, end_64_at, _ = _LOCATOR_64.unpack(file.read(_LOCATOR_64.size))
            if signature == b"PK\x06\x07":
                offset, count = _read_end_64(file, end_64_at)
    if offset > size or count > _MOST_MEMBERS:
        raise DamagedArchiveError("the list of members lies outside of the file")
    return offset, count


def _read_end_64(file: BinaryIO, at: int) -> tuple[int, int]:
    file.seek(at)
    raw = file.read(_END_64.size)
    if len(raw) < _END_64.size or not raw.startswith(b"PK\x06\x06"):
        raise DamagedArchiveError("the zip64 end record is missing")
    end = _END_64.unpack(raw)
    return end[9], end[7]


def _read_directory(file: BinaryIO, size: int) -> Iterator[_Member]:
    offset, count = _find_directory(file, size)
    file.seek(offset)
    for number in range(count):
        raw = file.read(_CENTRAL.size)
        if len(raw) < _CENTRAL.size or not raw.startswith(b"PK\x01\x02"):
            raise DamagedArchiveError(f"the list of members ends after {number} of {count}")
        fields = _CENTRAL.unpack(raw)
        name_length, extra_length, comment_length = fields[10:13]
        rest = file.read(name_length + extra_length + comment_length)
        sizes = _wide(
            (fields[9], fields[8], fields[16]), rest[name_length : name_length + extra_length]
        )
        yield _Member(
            name=rest[:name_length],
            flags=fields[3],
            method=fields[4],
            crc=fields[7],
            size_bytes=sizes[0],
            stored_bytes=sizes[1],
            offset=sizes[2],
        )


def _wide(sizes: tuple[int, int, int], extra: bytes) -> tuple[int, ...]:
    """Size, stored size and offset, the ones that do not fit 32 bits from the zip64 field."""
    if _IN_EXTRA not in sizes:
        return sizes
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            values = iter(
                struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4)
            )
            return tuple(next(values, size) if size == _IN_EXTRA else size for size in sizes)
        at += 4 + length
    return sizes


def _read_member(descriptor: int, member: _Member) -> bytes:
    if member.flags & _ENCRYPTED:
        raise _DamagedMemberError("encrypted")
    if max(member.size_bytes, member.stored_bytes) > LARGEST_RECORD:
        raise _DamagedMemberError(f"{member.size_bytes} bytes are too many for a record")
    stored = _read_stored(descriptor, member)
    if member.method == _STORED:
        content = stored
    elif member.method == _DEFLATED:
        content = _inflate(stored, member.size_bytes)
    else:
        raise _DamagedMemberError(f"compression method {member.method} is not supported")
    if len(content) != member.size_bytes or zlib.crc32(content) != member.crc:
        raise _DamagedMemberError("its checksum differs from the one in the archive's list")
    return content


def _read_stored(descriptor: int, member: _Member) -> bytes:
    """The member's compressed bytes; one read in nearly all cases."""
    start = _LOCAL.size + len(member.name)
    raw = os.pread(descriptor, start + member.stored_bytes, member.offset)
    if len(raw) < _LOCAL.size or not raw.startswith(b"PK\x03\x04"):
        raise _DamagedMemberError("no member where the archive's list says")
    name_length, extra_length = _LOCAL.unpack_from(raw)[9:11]
    start = _LOCAL.size + name_length + extra_length
    stored = raw[start : start + member.stored_bytes]
    missing = member.stored_bytes - len(stored)
    if missing:
        stored += os.pread(descriptor, missing, member.offset + start + len(stored))
    if len(stored) != member.stored_bytes:
        raise _DamagedMemberError("the archive ends within it")
    return stored


def _inflate(stored: bytes, size: int) -> bytes:
    state = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # One more than it says, so that a longer one is noticed and not unpacked.
        content = state.decompress(stored, size + 1)
    except zlib.error as err:
        raise _DamagedMemberError(str(err)) from err
    return content
