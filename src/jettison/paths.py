"""Paths inside an image. `pathlib.Path` is for the host alone."""

from __future__ import annotations

import posixpath
from typing import Final


def printable(text: str) -> str:
    r"""Text of an image as documents can hold it: a byte that is not UTF-8 is written `\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class ImagePath(str):
    """An absolute, normalized POSIX path inside an image; sorts and hashes as str.

    Bytes that are not UTF-8 are carried as surrogate escapes, as `os.fsdecode` does.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str | bytes) -> ImagePath:
        """Normalize, without looking at any link; `..` never climbs above the root.

        Shape: `usr/lib/../bin/env` gives `/usr/bin/env`; `.` and `` give `/`.
        Raises: ValueError for a NUL byte.
        """
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")
        if "\0" in text:
            raise ValueError("a path cannot contain a NUL byte")
        # normpath keeps two leading slashes, which POSIX leaves to the implementation.
        return cls(posixpath.normpath("/" + text.lstrip("/")))

    @property
    def parent(self) -> ImagePath:
        """The directory it is in; the root is its own parent."""
        head = self.rpartition("/")[0]
        return ImagePath(head) if head else ROOT

    @property
    def name(self) -> str:
        """The last component; empty for the root."""
        return self.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The last extension with its dot, or an empty string."""
        return posixpath.splitext(self)[1]

    @property
    def relative(self) -> str:
        """Without the leading slash, as tar archives name it; empty for the root."""
        return self[1:]

    @property
    def parents(self) -> tuple[ImagePath, ...]:
        """Its directories, nearest first, the root last; empty for the root."""
        found: list[ImagePath] = []
        here = self
        while here != ROOT:
            here = here.parent
            found.append(here)
        return tuple(found)

    def __truediv__(self, name: str) -> ImagePath:
        """Join and normalize; an absolute `name` replaces what stands before it."""
        return ImagePath.parse(posixpath.join(self, name))

    def is_below(self, directory: str) -> bool:
        """Whether it is `directory` or anything in it."""
        return directory in ("/", self) or self.startswith(directory + "/")


ROOT: Final = ImagePath("/")
