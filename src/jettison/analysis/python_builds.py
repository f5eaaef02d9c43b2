"""Pythons that no package manager installed: built from source, or unpacked from an archive.

The official Python images have theirs under /usr/local; so have uv, pyenv and conda elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.analysis.inventory import Package, PackageType, sum_sizes
from jettison.analysis.ownership import Ownership
from jettison.analysis.python_interpreters import Interpreter, find_interpreters
from jettison.filetree import FileTree, RootFS
from jettison.paths import ImagePath

_MAX_BYTES: Final = 64 << 20
_HEADER_VERSIONS: Final = {
    "cpython": re.compile(rb'^#define\s+PY_VERSION\s+"([^"\n]{1,40})"', re.MULTILINE),
    "pypy": re.compile(rb'^#define\s+PYPY_VERSION\s+"([^"\n]{1,40})"', re.MULTILINE),
}
_NAMES: Final = {"cpython": "python"}
# What is below the standard library and belongs to others.
_SITES: Final = frozenset({"site-packages", "dist-packages"})


def find_python_builds(rootfs: RootFS, system: Ownership) -> Iterator[Package]:
    """Each interpreter whose standard library no OS package owns and whose version is found.

    Shape: its files are found by looking around, since nothing lists them; installers are not of
    it, being distributions of their own.
    """
    tree = rootfs.tree
    for interpreter in find_interpreters(tree):
        stdlib = interpreter.stdlib
        if any(system.find_owner(stdlib / name) for name in ("os.py", "os.pyc")):
            continue
        found = _find_version(rootfs, interpreter)
        if found is None:
            continue
        version, record = found
        files = tuple(sorted(set(_files(tree, interpreter))))
        name = _NAMES.get(interpreter.implementation, interpreter.implementation)
        yield Package(
            type=PackageType.BINARY,
            name=name,
            title=name,
            version=version,
            source=name,
            source_version=version,
            record=record,
            files=files,
            size_bytes=sum_sizes(tree, files),
            layer=tree[record].layer,
            has_file_list=False,
        )


def _find_version(rootfs: RootFS, interpreter: Interpreter) -> tuple[str, ImagePath] | None:
    """The whole version, and the file that tells it: the header, or else the code itself."""
    tree = rootfs.tree
    for directory in _directories(interpreter, "include"):
        path = tree.resolve(f"{directory}/patchlevel.h").path
        match = _HEADER_VERSIONS[interpreter.implementation].search(_read(rootfs, path))
        if match is not None:
            return match[1].decode("ascii", "replace"), path
    major, minor = interpreter.version
    # CPython has its PY_VERSION as a string of its own: Python/getversion.c, Py_GetVersion.
    pattern = re.compile(rb"\0(%d\.%d\.\d{1,3}(?:(?:a|b|rc)\d+)?\+?)[\0 ]" % (major, minor))
    if interpreter.implementation == "cpython":
        for path in (*_libraries(tree, interpreter), *interpreter.programs):
            match = pattern.search(_read(rootfs, path))
            if match is not None:
                return match[1].decode("ascii"), path
    return None


def _files(tree: FileTree, interpreter: Interpreter) -> Iterator[ImagePath]:
    for name in tree.children(interpreter.stdlib):
        if name not in _SITES:
            yield from _below(tree, interpreter.stdlib / name)
    for directory in _directories(interpreter, "include"):
        yield from _below(tree, directory)
    yield from _libraries(tree, interpreter)
    yield from interpreter.programs
    major, minor = interpreter.version
    scripts = re.compile(rf"(?:python|pypy|pydoc|idle|2to3-?){major}?(?:\.{minor}t?)?(?:-config)?")
    for directory in (interpreter.prefix / "bin", interpreter.prefix / "share/man/man1"):
        for name in tree.children(directory):
            if scripts.fullmatch(name.removesuffix(".1")) and _is_of(tree, directory / name, minor):
                yield directory / name


def _is_of(tree: FileTree, path: ImagePath, minor: int) -> bool:
    """Whether a name without the version leads to a file with this one, or is a file itself."""
    found = tree.resolve(path)
    if found.entry is None or found.entry.is_directory:
        return False
    number = re.search(r"\d\.(\d+)", found.path.name)
    return number is None or int(number[1]) == minor


def _directories(interpreter: Interpreter, kind: str) -> tuple[str, ...]:
    """Where this version has its own below the prefix, with the suffix of its ABI if any."""
    name = interpreter.stdlib.name
    base = f"{str(interpreter.prefix).rstrip('/')}/{kind}"
    return tuple(f"{base}/{name}{suffix}" for suffix in ("", "t", "m", "d"))


def _libraries(tree: FileTree, interpreter: Interpreter) -> Iterator[ImagePath]:
    major, minor = interpreter.version
    pattern = re.compile(rf"lib(?:python|pypy){major}(?:\.{minor}[a-z]*)?-?c?\.so(?:\.[\d.]+)?")
    for name in tree.children(interpreter.stdlib.parent):
        path = interpreter.stdlib.parent / name
        if pattern.fullmatch(name) and not tree[path].is_directory:
            yield path


def _below(tree: FileTree, path: str) -> Iterator[ImagePath]:
    return (entry.path for entry in tree.walk(path) if not entry.is_directory)


def _read(rootfs: RootFS, path: ImagePath) -> bytes:
    entry = rootfs.tree.find(path)
    if entry is None or not entry.is_file:
        return b""
    with rootfs.open(path) as stream:
        return stream.read(_MAX_BYTES)
