"""Which files of a distribution nobody imports or reads at run time."""

from __future__ import annotations

import re
from typing import Final

from jettison.analysis.python_packages import Distribution
from jettison.filetree import FileTree
from jettison.paths import ImagePath
from jettison.selection.model import Policy

_TESTS: Final = re.compile(
    r"(?:.*/)?(?:tests?|_tests?|testsuite|unittests?)/.*|(?:.*/)?(?:test_[^/]*|conftest)\.py"
)
# (pattern over the path relative to the site directory, why it goes); the first match counts.
_DEVELOPMENT: Final = (
    (r".*\.pyi", "types for checkers"),
    (r".*\.(?:h|hh|hpp|hxx|inl|cuh)", "a header"),
    (r".*\.(?:a|la|o|lib)", "for linking"),
    (r".*\.(?:c|cc|cpp|cxx|cu|f|f90|m|rs|pyx|pxd|pxi|pyx\.tp|pxd\.tp|pxi\.in|pyx\.in)", "a source"),
    (
        r"(?:.*/)?(?:meson\.build|CMakeLists\.txt|Makefile(?:\.\w+)?|Cargo\.(?:toml|lock))",
        "for building",
    ),
)
_DEVELOPMENT_PATTERN: Final = re.compile("|".join(f"({pattern})" for pattern, _ in _DEVELOPMENT))
# Compilers that read headers and sources while the program runs.
_RUNTIME_COMPILERS: Final = re.compile(
    r"triton.*|cupy.*|pyopencl|pycuda|numba.*|nvidia-.*|torch|jax.*|taichi|halide|cppyy.*|pybind11"
    r"|cython|weave|pythran|xformers|flash-attn"
)
_DOCUMENTS: Final = re.compile(r"[^/]+/(?:docs?|documentation)/.*")
_OUTSIDE: Final = re.compile(
    r".*/(?:share/(?:man|doc|info|applications|bash-completion|zsh|fish|icons)|include)/.*"
)


def is_test(relative: str) -> bool:
    """Whether the path, relative to the site directory, names a test."""
    return _TESTS.fullmatch(relative) is not None


class DistributionFiles:
    """Says of each file of a distribution why it goes; `roots` were asked for by name."""

    def __init__(
        self, tree: FileTree, policy: Policy, roots: frozenset[tuple[str, ImagePath]]
    ) -> None:
        self._tree = tree
        self._policy = policy
        self._roots = roots

    def why_not(self, item: Distribution, path: ImagePath) -> str:
        """Why a server does without this file; empty if it may need it."""
        if self._policy is Policy.PACKAGE or path.is_below(item.metadata):
            return ""
        if not path.is_below(item.location):
            if path.parent.name in ("bin", "sbin") and item.key not in self._roots:
                return "a command"
            return "documentation or a header" if _OUTSIDE.fullmatch(path) else ""
        relative = path[len(item.location) + 1 :]
        if is_test(relative):
            return "a test"
        if self._is_document(item, relative):
            return "documentation"
        if path.suffix in (".po", ".pot") and f"{path[: -len(path.suffix)]}.mo" in self._tree:
            return "the source of a message catalogue"
        match = _DEVELOPMENT_PATTERN.fullmatch(relative)
        if match is not None and not _RUNTIME_COMPILERS.fullmatch(item.name):
            return _DEVELOPMENT[(match.lastindex or 1) - 1][1]
        return ""

    def _is_document(self, item: Distribution, relative: str) -> bool:
        """Whether it is in a directory for documentation that is no package itself."""
        if not _DOCUMENTS.fullmatch(relative):
            return False
        directory = item.location / "/".join(relative.split("/")[:2])
        return not {"__init__.py", "__init__.pyc"} & set(self._tree.children(directory))
