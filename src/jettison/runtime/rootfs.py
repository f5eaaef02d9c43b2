"""The root file system a container gets: a private overlay, and careful steps inside it."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from jettison.errors import ContainerError, HostError, InvalidImageError
from jettison.linux import libc
from jettison.linux.overlay import mount_overlay
from jettison.paths import ImagePath

# An image's passwd file is a few kilobytes; a hostile one must not fill memory.
_MAX_TEXT_BYTES: Final = 16 << 20


class PrivateRootFS:
    """Layers mounted such that writing does not touch them; unmounted by `close`.

    Everything inside is reached through the kernel's own look-up from the root, so that no link
    of the image leads out of it.
    """

    def __init__(
        self, directories: Sequence[Path], scratch: Path, *, user_attributes: bool
    ) -> None:
        self.path = scratch / "rootfs"
        self._tmpfs: Path | None = None
        self.path.mkdir(parents=True)
        lowers = list(directories)
        if not lowers:
            empty = scratch / "empty"
            empty.mkdir(mode=0o755)
            lowers = [empty]
        self.upper = self._mount(lowers, scratch, user_attributes=user_attributes)
        self._root = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def _mount(self, lowers: Sequence[Path], scratch: Path, *, user_attributes: bool) -> Path:
        overlay = scratch / "overlay"
        overlay.mkdir()
        try:
            return mount_overlay(lowers, overlay, self.path, user_attributes=user_attributes)
        except OSError as err:
            if err.errno != errno.EINVAL:
                raise self._failed(err) from err
        # Most likely the work directory is itself on an overlay or a network file system, which
        # cannot take the written layer. Memory can.
        memory = scratch / "memory"
        memory.mkdir()
        try:
            libc.mount("tmpfs", memory, "tmpfs", data="mode=755")
            self._tmpfs = memory
            return mount_overlay(lowers, memory, self.path, user_attributes=user_attributes)
        except OSError as err:
            self._unmount(memory)
            raise self._failed(err) from err

    def _failed(self, err: OSError) -> HostError:
        return HostError(
            f"the image's layers cannot be mounted: {err.strerror}",
            hint="the kernel log has the reason; overlayfs is needed, in a user namespace since "
            "Linux 5.11",
        )

    def read_text(self, path: str) -> str:
        """A file's text as the container would find it, links followed; empty if there is none."""
        try:
            descriptor = libc.open_in_root(self._root, path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return ""
        with os.fdopen(descriptor, "rb") as file, suppress(OSError):
            return file.read(_MAX_TEXT_BYTES).decode("utf-8", "surrogateescape")
        return ""

    def make_directory(self, path: ImagePath) -> Path:
        """Make sure that a directory is there, owned by root, and where it is on the host.

        Raises: InvalidImageError if something else stands there; ContainerError.
        """
        for step in (*reversed(path.parents), path):
            try:
                os.close(self._open_directory(step))
            except FileNotFoundError:
                self._make_one(step)
            except OSError as err:
                raise InvalidImageError(
                    f"{path} cannot be a directory in this image: {err.strerror}"
                ) from err
        descriptor = self._open_directory(path)
        try:
            return Path(f"/proc/self/fd/{descriptor}").readlink()
        finally:
            os.close(descriptor)

    def _open_directory(self, path: ImagePath) -> int:
        return libc.open_in_root(self._root, path, os.O_PATH | os.O_DIRECTORY)

    def _make_one(self, path: ImagePath) -> None:
        parent = self._open_directory(path.parent)
        try:
            os.mkdir(path.name, dir_fd=parent)
            # Not by mkdir, which takes our umask from it.
            os.chmod(path.name, 0o755, dir_fd=parent)  # noqa: S103  # as engines do
        except OSError as err:
            # FileExistsError too: a link that leads nowhere.
            raise ContainerError(f"{path} cannot be made in the image: {err.strerror}") from err
        finally:
            os.close(parent)

    def close(self) -> None:
        """Unmount; what was written stays in `upper` while that is no memory."""
        os.close(self._root)
        self._unmount(self.path)
        if self._tmpfs is not None:
            self._unmount(self._tmpfs)

    @staticmethod
    def _unmount(target: Path) -> None:
        # Lazily if need be: the mount namespace is ours alone and ends soon.
        with suppress(OSError):
            try:
                libc.umount(target)
            except OSError:
                libc.umount(target, lazily=True)
