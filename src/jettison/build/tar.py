"""Write tar archives as layers hold them: POSIX pax format, the same bytes for the same entries.

Python's own writer cannot store attribute values that are not text (file capabilities), so the
headers are packed here. Which entries stand in a layer is `plan.py`'s work.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO, Final

from jettison.errors import StoreError
from jettison.filetree import Entry, FileKind

_BLOCK: Final = 512
_CHUNK: Final = 1 << 20

# Fields of a ustar header: POSIX.1-2017, pax, "ustar Interchange Format".
_HEADER: Final = struct.Struct("100s8s8s8s12s12s8s1s100s8s32s32s8s8s155s12x")
_NAME_BYTES: Final = 100
_PREFIX_BYTES: Final = 155
_MAX_ID: Final = 0o7777777
_MAX_SIZE: Final = 0o77777777777
_CHECKSUM_AT: Final = 148

_TYPES: Final = {
    FileKind.FILE: b"0",
    FileKind.SYMLINK: b"2",
    FileKind.CHARACTER: b"3",
    FileKind.BLOCK: b"4",
    FileKind.DIRECTORY: b"5",
    FileKind.FIFO: b"6",
}
_HARD_LINK: Final = b"1"
_PAX: Final = b"x"


class TarWriter:
    """Turns entries into the bytes of an archive, handed to `write` piece by piece."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def add(self, entry: Entry, content: BinaryIO | None = None) -> None:
        """Write one entry; a file with bytes brings them in `content`.

        Shape: a FILE whose `hardlink` names another path becomes a hard link to that path, which
        must have been added before.
        Raises: StoreError when `content` has not exactly `entry.size_bytes` bytes.
        """
        is_link = entry.hardlink is not None and entry.hardlink != entry.path
        self._write(_header(entry, is_link=is_link))
        if entry.kind is FileKind.FILE and not is_link and entry.size_bytes:
            self._copy(entry, content)

    def close(self) -> None:
        """Write the end of the archive."""
        self._write(bytes(2 * _BLOCK))

    def _copy(self, entry: Entry, content: BinaryIO | None) -> None:
        left = entry.size_bytes
        while left and content is not None and (chunk := content.read(min(left, _CHUNK))):
            left -= len(chunk)
            self._write(chunk)
        if left or (content is not None and content.read(1)):
            found = "more" if not left else f"{entry.size_bytes - left}"
            raise StoreError(
                f"{entry.path}: {entry.size_bytes} bytes expected, {found} found",
                hint="the local copy of a layer is damaged; remove it from the cache",
            )
        self._write(bytes(-entry.size_bytes % _BLOCK))


def _header(entry: Entry, *, is_link: bool) -> bytes:
    pax: dict[bytes, bytes] = {}
    prefix, name = _name(_archive_name(entry), pax)
    link = _link(entry, is_link=is_link, pax=pax)
    if entry.xattrs and not is_link:
        for key, value in entry.xattrs.items():
            pax[b"SCHILY.xattr." + _encode(key)] = value
    size = 0 if is_link or entry.kind is not FileKind.FILE else entry.size_bytes
    numbers = (
        _octal(entry.mode, 8),
        _number(entry.uid, 8, _MAX_ID, b"uid", pax),
        _number(entry.gid, 8, _MAX_ID, b"gid", pax),
        _number(size, 12, _MAX_SIZE, b"size", pax),
        _number(entry.mtime, 12, _MAX_SIZE, b"mtime", pax),
    )
    kind = _HARD_LINK if is_link else _TYPES[entry.kind]
    main = _pack(name, numbers, kind, (link, prefix), entry.device)
    return _pax_blocks(name, pax) + main if pax else main


def _pack(
    name: bytes,
    numbers: tuple[bytes, ...],
    kind: bytes,
    rest: tuple[bytes, bytes],
    device: tuple[int, int] | None = None,
) -> bytes:
    link, prefix = rest
    major, minor = device or (0, 0)
    raw = _HEADER.pack(
        name,
        *numbers,
        b" " * 8,
        kind,
        link,
        b"ustar\x0000",
        b"",
        b"",
        _octal(major, 8),
        _octal(minor, 8),
        prefix,
    )
    return b"%s%06o\0 %s" % (raw[:_CHECKSUM_AT], sum(raw), raw[_CHECKSUM_AT + 8 :])


def _archive_name(entry: Entry) -> bytes:
    if entry.path == "/":
        return b"./"
    return _encode(entry.path.relative) + (b"/" if entry.is_directory else b"")


def _name(name: bytes, pax: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """Where the name goes: (prefix field, name field), or an extended record."""
    if _is_plain(name):
        if len(name) <= _NAME_BYTES:
            return b"", name
        cut = name.find(b"/", max(0, len(name) - _NAME_BYTES - 1))
        if 0 < cut <= _PREFIX_BYTES and cut < len(name) - 1:
            return name[:cut], name[cut + 1 :]
    _record(b"path", name, pax)
    return b"", name[:_NAME_BYTES]


def _link(entry: Entry, *, is_link: bool, pax: dict[bytes, bytes]) -> bytes:
    if is_link and entry.hardlink is not None:
        target = _encode(entry.hardlink.relative)
    elif entry.kind is FileKind.SYMLINK:
        target = _encode(entry.link_target or "")
    else:
        return b""
    if len(target) > _NAME_BYTES or not _is_plain(target):
        _record(b"linkpath", target, pax)
    return target[:_NAME_BYTES]


def _is_plain(name: bytes) -> bool:
    """Whether a ustar field may hold it: ASCII, or bytes of no known encoding as they are."""
    return name.isascii() or (not _is_utf8(name) and len(name) <= _NAME_BYTES)


def _record(key: bytes, value: bytes, pax: dict[bytes, bytes]) -> None:
    if not _is_utf8(value):
        # Values of records are UTF-8 unless this one comes first: POSIX.1-2017, pax.
        pax[b"hdrcharset"] = b"BINARY"
    pax[key] = value


def _number(value: int, width: int, limit: int, key: bytes, pax: dict[bytes, bytes]) -> bytes:
    if 0 <= value <= limit:
        return _octal(value, width)
    pax[key] = b"%d" % value
    return _octal(0, width)


def _octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)


def _pax_blocks(name: bytes, pax: dict[bytes, bytes]) -> bytes:
    ordered = sorted(pax.items(), key=lambda item: (item[0] != b"hdrcharset", item[0]))
    body = b"".join(_pax_record(key, value) for key, value in ordered)
    last = name.rstrip(b"/").rpartition(b"/")[2]
    header = _pack(
        (b"PaxHeaders.0/" + last)[:_NAME_BYTES],
        (_octal(0o644, 8), _octal(0, 8), _octal(0, 8), _octal(len(body), 12), _octal(0, 12)),
        _PAX,
        (b"", b""),
    )
    return header + body + bytes(-len(body) % _BLOCK)


def _pax_record(key: bytes, value: bytes) -> bytes:
    """A line of LENGTH, KEY=VALUE; LENGTH counts its own digits too."""
    bare = len(key) + len(value) + 3
    length = bare + len(str(bare))
    if len(str(length)) != len(str(bare)):
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
