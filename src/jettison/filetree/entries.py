"""One entry of a file tree, and what a single layer says about the tree below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True, kw_only=True)
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
