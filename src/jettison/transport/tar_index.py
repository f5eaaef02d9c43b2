"""Random access to the members of a plain tar, such as the outer tar of an image archive.

Nothing is extracted: a member is a region of the file, opened anew each time it is asked for.
Layers are tars too, but those are streams; reading them is `filetree.tarstream`'s work.
"""

from __future__ import annotations

import io
import os
import posixpath
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from jettison.errors import ImageNotFoundError, InvalidImageError, TransportError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

# An archive has a few members per layer, and an image at most some hundred layers.
_MAX_MEMBERS: Final = 100_000
# A pax header or GNU long name is read whole. Names in image archives are short.
_MAX_HEADER_BYTES: Final = 1 << 20
_MAX_LINKS: Final = 8
_BUFFER_BYTES: Final = 1 << 18


class TarIndex:
    """Where each file of a plain tar begins and how long it is."""

    def __init__(self, path: Path) -> None:
        """Read all headers of the archive.

        Raises: ImageNotFoundError, TransportError, InvalidImageError (no tar, or cut off).
        """
        self.path = path
        self._regions: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        with _BoundedReads(open_regular(path).detach()) as file:
            file_size = os.fstat(file.fileno()).st_size
            try:
                self._scan(file, file_size)
            except (tarfile.TarError, EOFError, ValueError, OverflowError) as err:
                raise InvalidImageError(
                    f"{path}: no whole tar archive: {err}",
                    hint="the copy is damaged or cut off; fetch it again",
                ) from err

    @property
    def names(self) -> frozenset[str]:
        """Every file and link, normalized, without a leading `./`."""
        return frozenset(self._regions) | frozenset(self._links)

    def size_bytes(self, name: str) -> int:
        """How long a file is.

        Raises: InvalidImageError if it is not in the archive.
        """
        return self._find(name)[1]

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """The bytes of a file in the archive, links within it followed.

        Raises: InvalidImageError if it is not in the archive.
        """
        offset, size = self._find(name)
        with open_regular(self.path) as file:
            yield io.BufferedReader(_Region(file, offset, size), _BUFFER_BYTES)

    def _scan(self, file: _BoundedReads, file_size: int) -> None:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= _MAX_MEMBERS:
                    raise InvalidImageError(f"{self.path}: over {_MAX_MEMBERS} members")
                name = _normalized(member.name)
                self._regions.pop(name, None)
                self._links.pop(name, None)
                if member.issym():
                    self._links[name] = posixpath.join(posixpath.dirname(name), member.linkname)
                elif member.islnk():
                    self._links[name] = member.linkname
                elif member.isreg() and not member.issparse():
                    if member.offset_data + member.size > file_size:
                        raise InvalidImageError(
                            f"{self.path}: cut off inside {name}: it has {member.size} bytes, "
                            f"of which {max(0, file_size - member.offset_data)} are there",
                            hint="fetch the archive again",
                        )
                    self._regions[name] = (member.offset_data, member.size)

    def _find(self, name: str) -> tuple[int, int]:
        here = _normalized(name)
        for _ in range(_MAX_LINKS):
            if here in self._regions:
                return self._regions[here]
            if here not in self._links:
                break
            here = _normalized(self._links[here])
        raise InvalidImageError(
            f"{self.path}: {name[:300]!r} is not in the archive",
            hint="the archive is incomplete; save the image again",
        )


def open_regular(path: Path) -> io.BufferedReader:
    """Open a regular file for reading; never waits, as a FIFO would make one.

    Raises: ImageNotFoundError if it is not there; TransportError for anything unreadable.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as err:
        raise ImageNotFoundError(f"{path}: no such file") from err
    except (OSError, ValueError) as err:
        raise TransportError(f"read {path}: {getattr(err, 'strerror', err)}") from err
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TransportError(f"{path} is no regular file")
    return os.fdopen(descriptor, "rb")


def _normalized(name: str) -> str:
    """As a path below the archive's root: what climbs above it stays at it."""
    return posixpath.normpath("/" + name).lstrip("/")


class _BoundedReads(io.BufferedReader):
    """A file for tarfile, which reads as many bytes at once as a hostile header says."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"an extended header of {size} bytes")
        return super().read(size)


class _Region(io.RawIOBase):
    """A part of a file, as a file of its own."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._left = size
        file.seek(offset)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self._file.read(min(len(view), self._left))
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)
