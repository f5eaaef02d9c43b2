"""One entry of a file tree, and what a single layer says about the tree below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from jettison.paths import ImagePath

NO_XATTRS: Final[Mapping[str, bytes]] = MappingProxyType({})


class FileKind(StrEnum):
    """What an entry is; sockets cannot stand in a layer."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    CHARACTER = "character"
    BLOCK = "block"
    FIFO = "fifo"


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class Entry:
    """One path of an image and everything a layer stores of it except the bytes.

    Shape: `link_target` as written, for SYMLINK only; `hardlink` is the path that sorts first
    among those that share one file, on each of them, and None for a file with one name;
    `device` is (major, minor) for CHARACTER and BLOCK.
    Units: `mode` permission bits up to 0o7777; `mtime` whole seconds since 1970, UTC;
    `layer` counts from 0, the base.
    """

    path: ImagePath
    kind: FileKind
    mode: int
    uid: int = 0
    gid: int = 0
    size_bytes: int = 0
    mtime: int = 0
    link_target: str | None = None
    hardlink: ImagePath | None = None
    device: tuple[int, int] | None = None
    xattrs: Mapping[str, bytes] = field(default_factory=lambda: NO_XATTRS, hash=False)
    layer: int = 0

    def __init__(  # noqa: PLR0913  # one for each field
        self,
        *,
        path: ImagePath,
        kind: FileKind,
        mode: int,
        uid: int = 0,
        gid: int = 0,
        size_bytes: int = 0,
        mtime: int = 0,
        link_target: str | None = None,
        hardlink: ImagePath | None = None,
        device: tuple[int, int] | None = None,
        xattrs: Mapping[str, bytes] = NO_XATTRS,
        layer: int = 0,
    ) -> None:
        """Set every field.

        An image has tens of thousands of entries. What a frozen dataclass makes for itself looks
        each field up by its name, which takes more than twice as long.
        """
        _set_path(self, path)
        _set_kind(self, kind)
        _set_mode(self, mode)
        _set_uid(self, uid)
        _set_gid(self, gid)
        _set_size_bytes(self, size_bytes)
        _set_mtime(self, mtime)
        _set_link_target(self, link_target)
        _set_hardlink(self, hardlink)
        _set_device(self, device)
        _set_xattrs(self, xattrs)
        _set_layer(self, layer)

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory itself; a link to one is not."""
        return self.kind is FileKind.DIRECTORY

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file itself."""
        return self.kind is FileKind.FILE

    @property
    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return self.kind is FileKind.SYMLINK

    @property
    def is_executable(self) -> bool:
        """Whether it is a regular file that anyone may execute."""
        return self.kind is FileKind.FILE and bool(self.mode & 0o111)


_set_path, _set_kind, _set_mode, _set_uid, _set_gid, _set_size_bytes, *_set_others = (
    Entry.__dict__[item.name].__set__ for item in fields(Entry)
)
_set_mtime, _set_link_target, _set_hardlink, _set_device, _set_xattrs, _set_layer = _set_others


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTree:
    """What one layer adds, replaces and hides.

    Shape: `entries` sorted by path; `whiteouts` are the hidden paths themselves, without the
    `.wh.` prefix; `opaque` are directories whose content in lower layers is hidden.
    Source: OCI image-spec 1.1, "Whiteouts" and "Opaque Whiteout".
    """

    entries: tuple[Entry, ...]
    whiteouts: frozenset[ImagePath] = frozenset()
    opaque: frozenset[ImagePath] = frozenset()
