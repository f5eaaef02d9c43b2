"""A built image as rules look at it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from functools import cached_property

from jettison.analysis.programs import SearchPath
from jettison.filetree import FileTree
from jettison.image import ImageConfig
from jettison.lint.model import Place, Problem, Severity
from jettison.paths import ROOT, ImagePath


class ImageView:
    """An image's config and files; `read` gives a file's bytes, bounded."""

    def __init__(
        self, name: str, config: ImageConfig, tree: FileTree, read: Callable[[str], bytes]
    ) -> None:
        self.name = name
        self.config = config
        self.tree = tree
        self._read = read

    def problem(self, message: str, *, severity: Severity | None = None) -> Problem:
        """A problem of the image."""
        return Problem(place=Place(file=self.name), message=message, severity=severity)

    @cached_property
    def _search(self) -> SearchPath:
        directory = ImagePath.parse(self.config.working_dir or ROOT)
        return SearchPath.of(dict(self.config.env), directory)

    def find_program(self, name: str) -> str:
        """Where a program is found, empty where it is not there."""
        return self._search.find(name, self.tree) or ""

    def is_directory(self, path: str) -> bool:
        """Whether there is such a directory."""
        entry = self.tree.resolve(path).entry
        return entry is not None and not entry.is_file

    def text(self, path: str) -> bytes:
        """The bytes of a file, empty where there is none."""
        found = self.tree.resolve(posixpath.join(self.config.working_dir or ROOT, path))
        if found.entry is None or not found.entry.is_file:
            return b""
        return self._read(found.path)
