"""Turn the members of a layer into its LayerTree, refusing what could leave the root."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jettison.errors import InvalidImageError
from jettison.filetree.entries import Entry, FileKind, LayerTree
from jettison.filetree.tarstream import TarMember, UnpackLimits
from jettison.paths import ROOT, ImagePath

_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
# AUFS kept its own book-keeping under this prefix; it says nothing about the image.
_AUFS: Final = ".wh..wh."
# What Linux takes as a path and as one name in it: limits.h, PATH_MAX (with the NUL) and NAME_MAX.
_MAX_PATH_BYTES: Final = 4095
_MAX_NAME_BYTES: Final = 255
# Names, links and attributes stay in memory, and are not counted as what a layer unpacks to. A
# layer of a million entries has less than this.
_MAX_DESCRIPTION_BYTES: Final = 128 << 20


class ChangesetBuilder:
    """Collect the members of one layer.

    `add` returns the entry to be written to disk, or None where there is nothing to write (a
    whiteout). Every parent of a returned entry is a directory that was returned before, or one
    that no member of this layer names.
    """

    def __init__(self, *, where: str, limits: UnpackLimits) -> None:
        self._where = where
        self._limits = limits
        self._entries: dict[str, Entry] = {}
        self._linked: dict[str, list[ImagePath]] = {}
        self._whiteouts: set[ImagePath] = set()
        self._opaque: set[ImagePath] = set()
        # Directories that stand only in the paths of entries.
        self._unnamed: set[str] = {ROOT}
        self._bytes = 0
        self._description_bytes = 0
        self._members = 0

    def add(self, member: TarMember) -> Entry | None:
        """Check one member and take it in.

        Raises: InvalidImageError if it climbs out of the root, stands below a link or a file,
        links to what is not there, or if the layer exceeds a limit.
        """
        self._count(member)
        path = self._path(member.name)
        if path.name.startswith(_WHITEOUT):
            self._whiteout(path)
            return None
        self._check_parents(path)
        if member.hardlink:
            return self._hardlink(path, member)
        if len(member.link) > _MAX_PATH_BYTES:
            raise InvalidImageError(
                f"{self._where}: {path} is a link to a path of {len(member.link)} characters; "
                f"Linux takes {_MAX_PATH_BYTES} bytes"
            )
        entry = Entry(
            path=path,
            kind=member.kind,
            # Linux gives every link this mode, whatever an archive says: symlink(7).
            mode=0o777 if member.kind is FileKind.SYMLINK else member.mode,
            uid=member.uid,
            gid=member.gid,
            size_bytes=member.size_bytes,
            mtime=member.mtime,
            link_target=member.link if member.kind is FileKind.SYMLINK else None,
            device=member.device if member.kind in (FileKind.CHARACTER, FileKind.BLOCK) else None,
            xattrs=member.xattrs,
        )
        if not entry.is_directory:
            self._check_no_directory(path)
        former = self._entries.get(path)
        if former is not None and former.hardlink is not None:
            self._linked[former.hardlink].remove(path)
        self._entries[path] = entry
        return entry

    def finish(self) -> LayerTree:
        """The whole layer, hard-link groups named.

        Raises: InvalidImageError if something is hidden below a link or a file of this layer.
        """
        # Only now, since the link may come after the whiteout. A store makes each of these on
        # disk, and would make it wherever the link leads.
        self._whiteouts = {path for path in self._whiteouts if not self._is_hidden(path)}
        for path in self._whiteouts:
            self._check_parents(path)
        for path in self._opaque:
            self._check_parents(path / _OPAQUE)
        entries = dict(self._entries)
        for group in self._linked.values():
            first = min(group) if len(group) > 1 else None
            for name in group:
                entries[name] = replace(entries[name], hardlink=first)
        return LayerTree(
            entries=tuple(entries[path] for path in sorted(entries)),
            whiteouts=frozenset(self._whiteouts),
            opaque=frozenset(self._opaque),
        )

    def _count(self, member: TarMember) -> None:
        self._members += 1
        self._bytes += member.size_bytes
        self._description_bytes += len(member.name) + len(member.link)
        self._description_bytes += sum(map(len, member.xattrs.values()))
        if self._members > self._limits.max_entries:
            raise InvalidImageError(
                f"{self._where}: more than {self._limits.max_entries} entries",
                hint="raise the bound with --max-entries if the image is really that large",
            )
        if self._bytes > self._limits.max_bytes:
            raise InvalidImageError(
                f"{self._where}: unpacks to more than {self._limits.max_bytes} bytes",
                hint="raise the bound with --max-unpacked-size if the image is really that large",
            )
        if self._description_bytes > _MAX_DESCRIPTION_BYTES:
            raise InvalidImageError(
                f"{self._where}: names, links and attributes of more than "
                f"{_MAX_DESCRIPTION_BYTES} bytes",
                hint="no builder makes such layers; do not trust this image",
            )

    def _path(self, name: str) -> ImagePath:
        if not name or "\0" in name:
            raise InvalidImageError(f"{self._where}: an entry without a usable name: {name!r}")
        parts = name.split("/")
        size = _bytes_in(name)
        if size > _MAX_NAME_BYTES:
            longest = max(map(_bytes_in, parts))
            if longest > _MAX_NAME_BYTES or size > _MAX_PATH_BYTES:
                raise InvalidImageError(
                    f"{self._where}: a path of {size} bytes with a name of {longest}; Linux takes "
                    f"{_MAX_PATH_BYTES} and {_MAX_NAME_BYTES}"
                )
        if ".." in parts:
            raise InvalidImageError(
                f"{self._where}: entry {name!r} climbs out of the image",
                hint="no builder makes such layers; do not trust this image",
            )
        return ImagePath.parse(name)

    def _check_parents(self, path: ImagePath) -> None:
        unnamed: list[str] = []
        parent = path.parent
        while parent != ROOT:
            entry = self._entries.get(parent)
            if entry is not None:
                if not entry.is_directory:
                    raise InvalidImageError(
                        f"{self._where}: entry {path} stands below {parent}, a {entry.kind}",
                        hint="no builder makes such layers; do not trust this image",
                    )
                return
            if parent in self._unnamed:
                return
            unnamed.append(parent)
            parent = parent.parent
        self._unnamed.update(unnamed)

    def _check_no_directory(self, path: ImagePath) -> None:
        former = self._entries.get(path)
        if path in self._unnamed if former is None else former.is_directory:
            raise InvalidImageError(f"{self._where}: {path} is a directory and something else")

    def _is_hidden(self, path: ImagePath) -> bool:
        """Whether one of its directories is hidden and does not come again in this layer."""
        return any(
            parent in self._whiteouts
            and parent not in self._entries
            and parent not in self._unnamed
            for parent in path.parents
        )

    def _whiteout(self, path: ImagePath) -> None:
        if path.name == _OPAQUE:
            self._opaque.add(path.parent)
        elif not path.name.startswith(_AUFS):
            name = path.name.removeprefix(_WHITEOUT)
            if name in ("", ".", ".."):
                raise InvalidImageError(f"{self._where}: whiteout {path} hides nothing nameable")
            self._whiteouts.add(path.parent / name)

    def _hardlink(self, path: ImagePath, member: TarMember) -> Entry:
        target = self._path(member.link)
        entry = self._entries.get(target)
        if entry is None or entry.is_directory:
            found = "not in this layer" if entry is None else "a directory"
            raise InvalidImageError(
                f"{self._where}: {path} is a hard link to {target}, which is {found}",
                hint="a layer must hold what its hard links name; build the image anew",
            )
        self._check_no_directory(path)
        if target == path:
            raise InvalidImageError(f"{self._where}: {path} is a hard link to itself")
        source = entry.hardlink or target
        self._linked.setdefault(source, [source]).append(path)
        linked = replace(entry, path=path, hardlink=source)
        self._entries[source] = replace(self._entries[source], hardlink=source)
        self._entries[path] = linked
        return linked


def _bytes_in(name: str) -> int:
    return len(name) if name.isascii() else len(name.encode("utf-8", "surrogateescape"))
