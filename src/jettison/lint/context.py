"""The files beside a Dockerfile, as values and a reader that was handed in."""

from __future__ import annotations

import ast
import posixpath
import warnings
from collections.abc import Callable, Iterator, Set
from functools import cached_property

from jettison.dockerfile import DockerfileError
from jettison.dockerfile.ignore import IgnoreRules


class Context:
    """A build context.

    Shape: `paths` are files relative to it; `prefix` is put before them to show them; `read`
    gives the text of one of them, None where it is no text or too long; `dockerfile` is the path
    of the Dockerfile in it.
    """

    def __init__(
        self,
        paths: Set[str],
        read: Callable[[str], str | None],
        *,
        prefix: str = "",
        dockerfile: str = "Dockerfile",
    ) -> None:
        self.paths = paths
        self._read = read
        self._texts: dict[str, str | None] = {}
        self._trees: dict[str, ast.Module | None] = {}
        self.prefix = prefix
        self._dockerfile = dockerfile

    def shown(self, path: str) -> str:
        """The path as the user knows it."""
        return posixpath.normpath(f"{self.prefix}{path}")

    def text(self, path: str) -> str | None:
        """The text of a file."""
        path = posixpath.normpath(path)
        if path not in self._texts:
            self._texts[path] = self._read(path) if path in self.paths else None
        return self._texts[path]

    def is_directory(self, path: str) -> bool:
        """Whether there are files below a path."""
        path = posixpath.normpath(path)
        return path == "." or path in self._directories

    @cached_property
    def _directories(self) -> frozenset[str]:
        found = set()
        for path in self.paths:
            parent = posixpath.dirname(path)
            while parent and parent not in found:
                found.add(parent)
                parent = posixpath.dirname(parent)
        return frozenset(found)

    @cached_property
    def ignore_file(self) -> str:
        """The name of the ignore file, empty where there is none.

        BuildKit prefers one that stands beside the Dockerfile and has its name; Podman and
        Buildah know theirs.
        """
        names = (f"{self._dockerfile}.dockerignore", ".dockerignore", ".containerignore")
        return next((name for name in names if name in self.paths), "")

    @cached_property
    def ignore_rules(self) -> IgnoreRules:
        """What stays out of a build; nothing, where the file cannot be understood."""
        try:
            return IgnoreRules(self.text(self.ignore_file) or "" if self.ignore_file else "")
        except DockerfileError:
            return IgnoreRules()

    def tree(self, path: str) -> ast.Module | None:
        """The syntax tree of a Python source; None where it does not parse."""
        if path not in self._trees:
            self._trees[path] = _parsed(self.text(path))
        return self._trees[path]

    def sources(self) -> Iterator[str]:
        """The Python sources that a build would be sent, tests left out."""
        for path in sorted(self.paths):
            if not path.endswith(".py") or self.ignore_rules.ignores(path):
                continue
            parts = path.split("/")
            is_test = parts[-1].startswith("test_") or parts[-1] == "conftest.py"
            if not is_test and not any(part in ("tests", "test") for part in parts[:-1]):
                yield path


def _parsed(text: str | None) -> ast.Module | None:
    if text is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
