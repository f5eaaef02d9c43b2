"""Which files of a distribution nobody imports or reads at run time."""

from __future__ import annotations

import re
from typing import Final

# (pattern over the path relative to the site directory, why it goes), the first match counts.
_TESTS: Final = re.compile(
    r"(?:.*/)?(?:tests?|_tests?|testsuite|unittests?)/.*|(?:.*/)?(?:test_[^/]*|conftest)\.py"
)
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


def is_document(relative: str) -> bool:
    """Whether it stands in a directory for documentation directly in its package."""
    return _DOCUMENTS.fullmatch(relative) is not None


def ballast(relative: str, distribution: str) -> str:
    """Why a server does without this file of a distribution; empty if it may need it."""
    if is_test(relative):
        return "a test"
    match = _DEVELOPMENT_PATTERN.fullmatch(relative)
    if match is not None and not _RUNTIME_COMPILERS.fullmatch(distribution):
        return _DEVELOPMENT[(match.lastindex or 1) - 1][1]
    return ""


def outside_ballast(path: str) -> str:
    """The same for what a distribution installed outside of its site directory."""
    return "documentation or a header" if _OUTSIDE.fullmatch(path) else ""
