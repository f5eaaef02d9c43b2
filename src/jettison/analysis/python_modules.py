"""Find modules by name in an environment's search path, and the names of files in it."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from jettison.filetree import RootFS
from jettison.paths import ImagePath

_TAG: Final = re.compile(r"(cpython|pypy)-?(\d)(\d+)t?d?(?:-.*)?")
_CACHED: Final = re.compile(r"(.+)\.(?:cpython|pypy)-?\d+t?(?:\.opt-[12])?\.pyc")
_MAX_ARCHIVE_BYTES: Final = 256 << 20
_MAX_MEMBER_BYTES: Final = 16 << 20


class ModuleKind(StrEnum):
    """How a module is stored."""

    SOURCE = "source"
    BYTECODE = "bytecode"  # without a source
    EXTENSION = "extension"
    NAMESPACE = "namespace"  # a directory without `__init__`


class Module(NamedTuple):
    """One module that can be imported.

    Shape: `path` is the file's real path, or the directory of a namespace package, or the archive
    in which `member` stands; `source` is the `.py` beside an extension of the same name.
    """

    name: str
    kind: ModuleKind
    path: ImagePath
    is_package: bool
    source: ImagePath | None = None
    member: str = ""


class _Listing(NamedTuple):
    """What one directory offers: files by module name, and sub-directories."""

    modules: dict[str, tuple[ModuleKind, str, str | None]]
    directories: dict[str, ImagePath]
    archive: ImagePath | None = None
    inner: str = ""


_NOTHING: Final = _Listing({}, {})


class ModuleFinder:
    """Modules on one search path, looked up as importlib does; links are followed.

    The portions of a package that `pkgutil.extend_path` or a `-nspkg.pth` file joins at run time
    are searched as well, after the package's own directory.
    """

    def __init__(
        self, rootfs: RootFS, search_path: Sequence[ImagePath], version: tuple[int, int]
    ) -> None:
        self._rootfs = rootfs
        self._tree = rootfs.tree
        self._roots = tuple(str(path) for path in search_path)
        self._by_length = sorted(search_path, key=len, reverse=True)
        self._version = version
        self._found: dict[str, Module | None] = {}
        self._listings: dict[str, _Listing] = {}
        self._packages: dict[str, tuple[str, ...]] = {}

    def find(self, name: str) -> Module | None:
        """The module of this absolute dotted name, or None."""
        if name not in self._found:
            self._found[name] = self._look_up(name)
        return self._found[name]

    def find_longest(self, dotted: str) -> Module | None:
        """The module that `dotted` is, or in which it names something; None if there is none."""
        while dotted:
            found = self.find(dotted)
            if found is not None:
                return found
            dotted = dotted.rpartition(".")[0]
        return None

    def name_of(self, path: ImagePath) -> str | None:
        """The dotted name under which this file can be imported; byte code counts as its module."""
        root = next((root for root in self._by_length if path.is_below(root)), None)
        if root is None or path == root:
            return None
        parts = path[len(root) :].strip("/").split("/")
        last = parts.pop()
        if parts and parts[-1] == "__pycache__":
            parts.pop()
            cached = _CACHED.fullmatch(last)
            last = f"{cached[1]}.py" if cached else ""
        kind = self._kind(last)
        if kind is None:
            return None
        stem = last.partition(".")[0]
        if stem != "__init__":
            parts.append(stem)
        if not parts or not all(part.isidentifier() for part in parts):
            return None
        return ".".join(parts)

    def read_member(self, archive: ImagePath, member: str) -> bytes | None:
        """A module's bytes out of an archive on the path; None if the archive is damaged."""
        try:
            with (
                self._rootfs.open(archive) as stream,
                zipfile.ZipFile(stream) as opened,
                opened.open(member) as module,
            ):
                return module.read(_MAX_MEMBER_BYTES)
        except (zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError, RuntimeError):
            return None

    def submodules(self, package: Module) -> Iterator[Module]:
        """What stands directly in a package."""
        for directory in self._directories(package):
            listing = self._list(directory)
            for stem in sorted({*listing.modules, *listing.directories}):
                if stem.isidentifier() and stem not in ("__init__", "__pycache__"):
                    found = self.find(f"{package.name}.{stem}")
                    if found is not None:
                        yield found

    def _look_up(self, name: str) -> Module | None:
        parent, _, last = name.rpartition(".")
        if parent:
            package = self.find(parent)
            if package is None or not package.is_package:
                return None
            directories = self._directories(package)
        else:
            directories = self._roots
        portion: str | None = None
        for directory in directories:
            listing = self._list(directory)
            below = listing.directories.get(last)
            if below is not None:
                inside = self._list(below)
                if "__init__" in inside.modules:
                    return self._module(name, inside, "__init__", below)
                portion = portion or below
            if last in listing.modules:
                return self._module(name, listing, last, directory)
        if portion is None:
            return None
        listing = self._list(portion)
        path = listing.archive or ImagePath(portion)
        return Module(name, ModuleKind.NAMESPACE, path, is_package=True)

    def _module(self, name: str, listing: _Listing, stem: str, directory: str) -> Module:
        kind, file, source = listing.modules[stem]
        is_package = stem == "__init__"
        if listing.archive is not None:
            return Module(name, kind, listing.archive, is_package, member=listing.inner + file)
        return Module(
            name,
            kind,
            ImagePath(f"{directory.rstrip('/')}/{file}"),
            is_package,
            ImagePath(f"{directory.rstrip('/')}/{source}") if source else None,
        )

    def _directories(self, package: Module) -> tuple[str, ...]:
        """A package's own directory, then those of the same name elsewhere on the path."""
        found = self._packages.get(package.name)
        if found is None:
            parent, _, last = package.name.rpartition(".")
            above = self.find(parent) if parent else None
            directories = self._directories(above) if above else self._roots
            below = (self._list(item).directories.get(last) for item in directories)
            own = [str(package.path.parent)] if not package.member else []
            if package.kind is ModuleKind.NAMESPACE:
                own = []
            found = tuple(dict.fromkeys([*own, *(str(item) for item in below if item)]))
            self._packages[package.name] = found
        return found

    def _list(self, directory: str) -> _Listing:
        found = self._listings.get(directory)
        if found is None:
            entry = self._tree.find(directory)
            if entry is None:
                found = _NOTHING
            elif entry.is_file:
                self._list_archive(entry.path)
                found = self._listings.setdefault(directory, _NOTHING)
            else:
                found = self._list_directory(entry.path)
            self._listings[directory] = found
        return found

    def _list_directory(self, directory: ImagePath) -> _Listing:
        modules: dict[str, tuple[ModuleKind, str, str | None]] = {}
        directories: dict[str, ImagePath] = {}
        for name in self._tree.children(directory):
            path = ImagePath(f"{directory.rstrip('/')}/{name}")
            entry = self._tree[path]
            if entry.is_symlink:
                found = self._tree.resolve(path)
                if found.entry is None:
                    continue
                entry = found.entry
            if entry.is_directory:
                directories[name] = entry.path
            else:
                self._offer(modules, name)
        return _Listing(modules, directories)

    def _list_archive(self, path: ImagePath) -> None:
        """Enter an archive on the path as if it were a directory tree."""
        if self._tree[path].size_bytes > _MAX_ARCHIVE_BYTES:
            return
        try:
            with self._rootfs.open(path) as stream, zipfile.ZipFile(stream) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return
        for name in names:
            directory, _, file = name.rpartition("/")
            here = self._enter(path, directory)
            if file:
                self._offer(here.modules, file)

    def _enter(self, archive: ImagePath, directory: str) -> _Listing:
        key = f"{archive}/{directory}" if directory else str(archive)
        if key not in self._listings:
            inner = f"{directory}/" if directory else ""
            self._listings[key] = _Listing({}, {}, archive, inner)
            if directory:
                parent, _, name = directory.rpartition("/")
                self._enter(archive, parent).directories[name] = ImagePath(key)
        return self._listings[key]

    def _offer(self, modules: dict[str, tuple[ModuleKind, str, str | None]], name: str) -> None:
        kind = self._kind(name)
        if kind is None:
            return
        stem = name.partition(".")[0]
        known = modules.get(stem)
        # Extensions come before sources, sources before byte code: importlib.machinery.
        if known is None:
            modules[stem] = (kind, name, None)
        elif kind is ModuleKind.EXTENSION and known[0] is not ModuleKind.EXTENSION:
            source = known[1] if known[0] is ModuleKind.SOURCE else None
            modules[stem] = (kind, name, source)
        elif kind is ModuleKind.SOURCE and known[0] is ModuleKind.EXTENSION:
            modules[stem] = (known[0], known[1], name)
        elif kind is ModuleKind.SOURCE:
            modules[stem] = (kind, name, None)

    def _kind(self, name: str) -> ModuleKind | None:
        """What importlib would take a file of this name for, on this version."""
        stem, _, rest = name.partition(".")
        if not stem:
            return None
        if rest == "py":
            return ModuleKind.SOURCE
        if rest == "pyc":
            return ModuleKind.BYTECODE
        if rest == "so" or (rest.endswith(".so") and self._is_for_us(rest[:-3])):
            return ModuleKind.EXTENSION
        return None

    def _is_for_us(self, tag: str) -> bool:
        match = _TAG.fullmatch(tag)
        return match is None or (int(match[2]), int(match[3])) == self._version
