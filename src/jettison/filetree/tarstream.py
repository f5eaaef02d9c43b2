"""Read a layer's tar stream, member by member, without trusting it.

Only what layers are made of is understood: ustar, pax and GNU long names. Writing tar is the
build's work; turning members into files on disk is the store's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from jettison.errors import InvalidImageError
from jettison.filetree.entries import NO_XATTRS, FileKind

_BLOCK: Final = 512
_ZERO_BLOCK: Final = bytes(_BLOCK)
_CHUNK: Final = 1 << 20
# A pax header or GNU long name is read into memory whole, so what stands before one member has a
# bound of its own; xattrs are at most 64 KiB each on Linux: xattr(7).
_MAX_EXTENSION_BYTES: Final = 1 << 20

# What a kernel takes. (uid_t) -1 is nobody's, it means "leave as it is": chown(2). Of a device
# number, 12 bits are the major and 20 the minor one: linux/kdev_t.h.
_IDS: Final = range((1 << 32) - 1)
_RANGES: Final[Mapping[str, range]] = {
    "size": range(1 << 63),
    "checksum": range(1 << 63),
    "mode": range(1 << 63),
    "uid": _IDS,
    "gid": _IDS,
    "mtime": range(-1 << 63, 1 << 63),
    "device major": range(1 << 12),
    "device minor": range(1 << 20),
}

_KINDS: Final[Mapping[bytes, FileKind]] = {
    b"0": FileKind.FILE,
    b"\0": FileKind.FILE,
    b"7": FileKind.FILE,
    b"1": FileKind.FILE,  # a hard link
    b"2": FileKind.SYMLINK,
    b"3": FileKind.CHARACTER,
    b"4": FileKind.BLOCK,
    b"5": FileKind.DIRECTORY,
    b"6": FileKind.FIFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackLimits:
    """Bounds on what one image may unpack to."""

    max_bytes: int = 32 << 30
    max_entries: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """One member as its headers describe it.

    Shape: `name` and `link` as written; `hardlink` tells that `link` names an earlier member.
    """

    name: str
    kind: FileKind
    mode: int
    uid: int
    gid: int
    size_bytes: int
    mtime: int
    link: str = ""
    hardlink: bool = False
    device: tuple[int, int] = (0, 0)
    xattrs: Mapping[str, bytes] = field(default_factory=lambda: NO_XATTRS, hash=False)


class TarReader:
    """Iterate over the members of a stream; read each one's bytes before asking for the next.

    Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual,
    "Basic Tar Format".
    """

    def __init__(self, stream: BinaryIO, *, where: str) -> None:
        self._stream = stream
        self._where = where
        self._remaining = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarMember]:
        """Yield members until the end marker.

        Raises: InvalidImageError for headers that make no sense and streams that end early.
        """
        extensions: dict[str, bytes] = {}
        extended_bytes = 0
        while True:
            self._skip()
            header = self._stream.read(_BLOCK)
            if not header or header == _ZERO_BLOCK:
                # One zero block is taken as the end, as other readers do; an absent end marker
                # is tolerated, because the digest has vouched for the bytes.
                self._drain(header)
                return
            if len(header) != _BLOCK:
                raise InvalidImageError(f"{self._where}: the archive ends inside a header")
            self._check(header)
            flag = header[156:157]
            size = _number(header[124:136], self._where, what="size")
            if flag in b"xgLK":
                extended_bytes += size
                if extended_bytes > _MAX_EXTENSION_BYTES:
                    raise InvalidImageError(
                        f"{self._where}: an extended header of {extended_bytes} bytes"
                    )
                self._extension(flag, size, extensions)
                continue
            yield self._member(header, flag, size, extensions)
            extensions, extended_bytes = {}, 0

    def read(self, size: int = _CHUNK) -> bytes:
        """Bytes of the current member; empty at its end."""
        if self._remaining == 0:
            return b""
        data = self._stream.read(min(size, self._remaining))
        if not data:
            raise InvalidImageError(f"{self._where}: the archive ends inside a file")
        self._remaining -= len(data)
        return data

    def _skip(self) -> None:
        left = self._remaining + self._padding
        self._remaining = self._padding = 0
        while left:
            data = self._stream.read(min(left, _CHUNK))
            if not data:
                raise InvalidImageError(f"{self._where}: the archive ends inside a file")
            left -= len(data)

    def _drain(self, header: bytes) -> None:
        while header:
            header = self._stream.read(_CHUNK)

    def _check(self, header: bytes) -> None:
        expected = _number(header[148:156], self._where, what="checksum")
        # The checksum field counts as eight spaces.
        if sum(header) - sum(header[148:156]) + 8 * 32 != expected:
            raise InvalidImageError(
                f"{self._where}: a header's checksum is wrong", hint="is it a tar archive?"
            )

    def _begin(self, size: int) -> None:
        self._remaining = size
        self._padding = -size % _BLOCK

    def _extension(self, flag: bytes, size: int, extensions: dict[str, bytes]) -> None:
        self._begin(size)
        parts = []
        while data := self.read():
            parts.append(data)
        body = b"".join(parts)
        match flag:
            case b"x":
                extensions.update(_pax_records(body, self._where))
            case b"g":
                # Records for all members that follow. The engines' reader takes no notice, so no
                # image relies on them: Go's archive/tar, TypeXGlobalHeader.
                pass
            case b"L":
                extensions["path"] = body.rstrip(b"\0")
            case _:
                extensions["linkpath"] = body.rstrip(b"\0")

    def _member(self, header: bytes, flag: bytes, size: int, pax: dict[str, bytes]) -> TarMember:
        kind = _KINDS.get(flag)
        if kind is None:
            raise InvalidImageError(f"{self._where}: member type {flag!r} is not known in layers")
        if any(key.startswith("GNU.sparse.") for key in pax):
            raise InvalidImageError(f"{self._where}: sparse members are not known in layers")
        where = self._where
        name = header[:100].split(b"\0", 1)[0]
        if header[257:263] == b"ustar\0" and header[345] != 0:
            name = header[345:500].split(b"\0", 1)[0] + b"/" + name
        name = pax.get("path", name)
        link = pax.get("linkpath", header[157:257].split(b"\0", 1)[0])
        size = _pax_int(pax, "size", size, where)
        if kind is not FileKind.FILE or flag == b"1":
            size = 0
        elif name.endswith(b"/"):
            # Old archives mark a directory by its name alone.
            kind, size = FileKind.DIRECTORY, 0
        if b"\0" in link or (not link and kind is FileKind.SYMLINK):
            raise InvalidImageError(f"{where}: a link to {link[:100]!r}, which is no path")
        self._begin(size)
        return TarMember(
            name=name.decode("utf-8", "surrogateescape"),
            kind=kind,
            mode=_number(header[100:108], where, what="mode") & 0o7777,
            uid=_pax_int(pax, "uid", _number(header[108:116], where, what="uid"), where),
            gid=_pax_int(pax, "gid", _number(header[116:124], where, what="gid"), where),
            size_bytes=size,
            mtime=_pax_int(pax, "mtime", _number(header[136:148], where, what="mtime"), where),
            link=link.decode("utf-8", "surrogateescape"),
            hardlink=flag == b"1",
            device=(
                _number(header[329:337], where, what="device major"),
                _number(header[337:345], where, what="device minor"),
            )
            if kind in (FileKind.CHARACTER, FileKind.BLOCK)
            else (0, 0),
            xattrs=_xattrs(pax, where),
        )


def _number(field_bytes: bytes, where: str, *, what: str) -> int:
    """An octal number, or a GNU base-256 one where the first bit is set."""
    if field_bytes[0] & 0x80:
        value = int.from_bytes(field_bytes, "big", signed=False)
        bits = 8 * len(field_bytes)
        value &= (1 << (bits - 1)) - 1
        # Negative numbers (times before 1970) have the next bit set too.
        number = value - (1 << (bits - 1)) if field_bytes[0] & 0x40 else value
        return _checked(number, where, what=what)
    text = field_bytes.strip(b"\0 ")
    try:
        number = int(text.split(b"\0", 1)[0] or b"0", 8)
    except ValueError:
        raise InvalidImageError(f"{where}: {field_bytes!r} is not a number") from None
    return _checked(number, where, what=what)


def _pax_int(pax: Mapping[str, bytes], key: str, fallback: int, where: str) -> int:
    value = pax.get(key)
    if value is None:
        return fallback
    try:
        number = int(value.partition(b".")[0])
    except ValueError:
        raise InvalidImageError(f"{where}: pax {key} is {value[:40]!r}") from None
    return _checked(number, where, what=key)


def _checked(number: int, where: str, *, what: str) -> int:
    if number not in _RANGES[what]:
        raise InvalidImageError(
            f"{where}: a member's {what} is {number}, which no kernel takes",
            hint="no builder makes such layers; do not trust this image",
        )
    return number


def _pax_records(body: bytes, where: str) -> dict[str, bytes]:
    records: dict[str, bytes] = {}
    at = 0
    while at < len(body):
        space = body.find(b" ", at, at + 20)
        if space < 0 or not body[at:space].isdigit():
            raise InvalidImageError(f"{where}: a pax header is damaged")
        end = at + int(body[at:space])
        record = body[space + 1 : end]
        key, equals, value = record.partition(b"=")
        if end <= space or end > len(body) or not equals or not value.endswith(b"\n"):
            raise InvalidImageError(f"{where}: a pax header is damaged")
        records[key.decode("utf-8", "replace")] = value[:-1]
        at = end
    return records


def _xattrs(pax: Mapping[str, bytes], where: str) -> Mapping[str, bytes]:
    prefix = "SCHILY.xattr."
    found = {key[len(prefix) :]: value for key, value in pax.items() if key.startswith(prefix)}
    if any("\0" in name for name in found):
        raise InvalidImageError(f"{where}: an extended attribute's name holds a NUL byte")
    return found or NO_XATTRS
