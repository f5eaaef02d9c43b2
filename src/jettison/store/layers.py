"""Unpacked layers on disk, each in a directory of its own that appears whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from jettison.digest import Digest
from jettison.errors import StoreError
from jettison.filetree import Entry, FileKind, LayerTree
from jettison.filetree.changeset import ChangesetBuilder
from jettison.filetree.tarstream import TarMember, TarReader, UnpackLimits
from jettison.linux.removal import remove_directory
from jettison.paths import ImagePath
from jettison.store import treefile

_log = logging.getLogger(__name__)

_FILES: Final = "files"
_TREE: Final = "tree.msgpack"
_PARTIAL: Final = ".partial-"
_LOCK: Final = ".lock-"
# What an overlay mount takes as its own book-keeping. An image's own would hide or move files.
_OVERLAYS_OWN: Final = ("trusted.overlay.", "user.overlay.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackedLayer:
    """One layer on disk, in overlayfs's own format, and its tree.

    Shape: `directory` has whiteouts as character devices 0:0 and opaque directories marked by an
    extended attribute; `tree` is authoritative where the disk cannot hold an owner or a device.
    """

    directory: Path
    tree: LayerTree


class LayerStore:
    """Layers by diff ID below one directory; several processes may use it at once."""

    def __init__(self, root: Path, *, in_user_namespace: bool = False) -> None:
        self._root = root
        self._opaque = "user.overlay.opaque" if in_user_namespace else "trusted.overlay.opaque"
        # Owners and overlay's marks differ between root and a user namespace, so they do not
        # share unpacked layers even if they share the directory.
        self._layers = root / ("layers-user" if in_user_namespace else "layers")

    def locate(self, diff_id: Digest) -> Path | None:
        """Where the layer's files are if it was unpacked before, without reading its tree."""
        directory = self._layers / diff_id.hex
        try:
            with (directory / _TREE).open("rb") as file:
                is_ours = treefile.is_readable(file.read(treefile.HEAD_BYTES))
        except FileNotFoundError:
            return None
        except OSError as err:
            raise StoreError(f"read {directory}: {err.strerror}") from err
        return directory / _FILES if is_ours else None

    def find(self, diff_id: Digest, *, layer: int = 0) -> UnpackedLayer | None:
        """The layer if it was unpacked before; its entries say that they are of `layer`."""
        directory = self._layers / diff_id.hex
        try:
            raw = (directory / _TREE).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as err:
            raise StoreError(f"read {directory}: {err.strerror}") from err
        tree = treefile.decode(raw, layer=layer)
        if tree is None:
            # Written by another version: unpack anew.
            _remove(directory)
            return None
        with suppress(OSError):
            os.utime(directory)
        return UnpackedLayer(directory=directory / _FILES, tree=tree)

    def unpack(
        self, stream: BinaryIO, diff_id: Digest, *, layer: int, limits: UnpackLimits
    ) -> UnpackedLayer:
        """Unpack a tar stream whose digest the caller's stream checks when it is read to its end.

        Raises: InvalidImageError for entries that no honest layer has; StoreError when the disk
        does not take it.
        """
        target = self._layers / diff_id.hex
        try:
            self._layers.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._locked(diff_id.hex):
                found = self.find(diff_id, layer=layer)
                if found is not None:
                    return found
                partial = self._layers / f"{_PARTIAL}{diff_id.hex}"
                _remove(partial)
                try:
                    writer = _LayerWriter(partial / _FILES, self._opaque)
                    tree = writer.write(TarReader(stream, where=f"layer {layer}"), layer, limits)
                    (partial / _TREE).write_bytes(treefile.encode(tree))
                    partial.rename(target)
                except BaseException:
                    _remove(partial)
                    raise
        except OSError as err:
            raise StoreError(
                f"unpack layer {layer} to {err.filename or self._layers}: {err.strerror}",
                hint=f"{_ask(err)}XDG_CACHE_HOME names another place",
            ) from err
        unpacked = self.find(diff_id, layer=layer)
        if unpacked is None:
            raise StoreError(f"layer {diff_id} vanished from {self._layers} just after unpacking")
        return unpacked

    def prune(self, *, max_bytes: int) -> int:
        """Remove the layers unused for longest until the rest fit; return the bytes freed."""
        if not self._layers.is_dir():
            return 0
        known = sorted(
            (item.stat().st_mtime, _size_bytes(item), item)
            for item in self._layers.iterdir()
            if not item.name.startswith(".")
        )
        excess = sum(size for _, size, _ in known) - max_bytes
        freed = self._remove_partial()
        for _, size, item in known:
            if freed >= excess:
                break
            _remove(item)
            freed += size
        return freed

    def _remove_partial(self) -> int:
        """Remove what processes left that were killed while they unpacked; return the bytes."""
        freed = 0
        for partial in self._layers.glob(f"{_PARTIAL}*"):
            with (
                suppress(BlockingIOError),
                self._locked(partial.name.removeprefix(_PARTIAL), fcntl.LOCK_NB),
            ):
                freed += _size_bytes(partial)
                _remove(partial)
        return freed

    @contextmanager
    def _locked(self, name: str, extra: int = 0) -> Iterator[None]:
        lock = self._layers / f"{_LOCK}{name}"
        while True:
            with lock.open("wb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | extra)
                # Whoever had it before has removed the file, and another may have made a new one.
                if not _is_at(lock, os.fstat(held.fileno())):
                    continue
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
                return


class _LayerWriter:
    """Write entries below a fresh directory that nobody else writes to.

    ChangesetBuilder has made sure that each parent is a directory of this layer, so plain paths
    are safe here: there is no link on the way that the layer did not make.
    """

    def __init__(self, root: Path, opaque: str) -> None:
        self._root = root
        self._opaque = opaque
        self._directories: set[str] = {"/"}
        self._may_chown = True

    def write(self, reader: TarReader, layer: int, limits: UnpackLimits) -> LayerTree:
        self._root.mkdir(parents=True)
        builder = ChangesetBuilder(where=f"layer {layer}", limits=limits)
        for member in reader:
            entry = builder.add(member)
            if entry is not None:
                self._write_entry(entry, member, reader)
        tree = builder.finish()
        for hidden in sorted(tree.whiteouts):
            self._whiteout(hidden)
        for entry in reversed(tree.entries):
            if entry.is_directory:
                self._attributes(entry, self._path(entry))
        for directory in tree.opaque:
            self._parents(str(directory) + "/x")
            os.setxattr(f"{self._root}{directory}", self._opaque, b"y")
        return tree

    def _path(self, entry: Entry) -> str:
        return f"{self._root}{entry.path}"

    def _parents(self, path: str) -> None:
        missing: list[str] = []
        parent = path.rpartition("/")[0] or "/"
        while parent not in self._directories:
            missing.append(parent)
            parent = parent.rpartition("/")[0] or "/"
        for parent in reversed(missing):
            made = f"{self._root}{parent}"
            os.mkdir(made)  # noqa: PTH102  # hot path
            # Whoever started us may let nobody else into what he makes.
            os.chmod(made, 0o755)  # noqa: PTH101, S103  # hot path, as engines do
            self._directories.add(parent)

    def _write_entry(self, entry: Entry, member: TarMember, reader: TarReader) -> None:
        path = self._path(entry)
        self._parents(entry.path)
        if entry.is_directory:
            if not os.path.isdir(path) or os.path.islink(path):  # noqa: PTH112, PTH114  # hot path
                self._clear(path)
                Path(path).mkdir(mode=0o700, exist_ok=True)
            self._directories.add(entry.path)
            return
        self._clear(path)
        match entry.kind:
            case FileKind.FILE if member.hardlink:
                source = ImagePath.parse(member.link)
                os.link(f"{self._root}{source}", path, follow_symlinks=False)
                return
            case FileKind.FILE:
                with open(path, "xb") as out:  # noqa: PTH123  # hot path
                    while data := reader.read():
                        out.write(data)
            case FileKind.SYMLINK:
                os.symlink(entry.link_target or "", path)  # noqa: PTH211  # may be no valid Path
            case FileKind.FIFO:
                os.mkfifo(path, entry.mode)
            case _:
                if not self._device(entry, path):
                    return
        self._attributes(entry, path)

    def _clear(self, path: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108  # hot path

    def _device(self, entry: Entry, path: str) -> bool:
        kind = stat.S_IFCHR if entry.kind is FileKind.CHARACTER else stat.S_IFBLK
        try:
            os.mknod(path, kind | entry.mode, os.makedev(*(entry.device or (0, 0))))
        except PermissionError:
            # A user namespace may not make devices. The tree still has the entry, and a
            # container gets its /dev from the runtime, not from the image.
            return False
        return True

    def _whiteout(self, path: str) -> None:
        self._parents(path)
        target = f"{self._root}{path}"
        if not os.path.lexists(target):
            os.mknod(target, stat.S_IFCHR, os.makedev(0, 0))
        elif os.path.isdir(target) and not os.path.islink(target):  # noqa: PTH112, PTH114  # as above
            # What the layer itself has there stays, and hides what lower layers have.
            os.setxattr(target, self._opaque, b"y")

    def _attributes(self, entry: Entry, path: str) -> None:
        if self._may_chown:
            try:
                os.lchown(path, entry.uid, entry.gid)
            except OSError as err:
                _log.debug("owners are kept in the tree only: %s", err)
                self._may_chown = False
        for name, value in entry.xattrs.items():
            if name.startswith(_OVERLAYS_OWN):
                continue
            try:
                os.setxattr(path, name, value, follow_symlinks=False)
            except OSError as err:
                _log.debug("%s: attribute %s is kept in the tree only: %s", entry.path, name, err)
        if not entry.is_symlink:
            os.chmod(path, entry.mode)  # noqa: PTH101  # hot path
        os.utime(path, (entry.mtime, entry.mtime), follow_symlinks=False)


def _ask(err: OSError) -> str:
    if err.errno == errno.EMLINK:
        return "one file has more names than this file system can hold (ext4: 65,000); "
    return "is there space left? " if err.errno in (errno.ENOSPC, errno.EDQUOT) else ""


def _size_bytes(directory: Path) -> int:
    size = 0
    pending = [str(directory)]
    while pending:
        with os.scandir(pending.pop()) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    pending.append(item.path)
                else:
                    size += item.stat(follow_symlinks=False).st_size
    return size


def _is_at(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), status)
    except FileNotFoundError:
        return False


def _remove(directory: Path) -> None:
    # Another process may be removing it as well.
    with suppress(OSError):
        remove_directory(directory)
