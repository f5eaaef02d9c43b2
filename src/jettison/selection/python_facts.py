"""What is true of an image's Pythons whatever was observed: read once, used in every round."""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple

from jettison.analysis.python_bytecode import names_in
from jettison.analysis.python_conditions import Target
from jettison.analysis.python_imports import Import, SourceScan, scan_source
from jettison.analysis.python_interpreters import (
    Environment,
    Interpreter,
    find_environments,
    find_interpreters,
)
from jettison.analysis.python_modules import ModuleFinder
from jettison.analysis.python_packages import Distributions, read_distributions
from jettison.filetree import RootFS
from jettison.paths import ImagePath
from jettison.selection.python_named import find_names

_MAX_SOURCE_BYTES: Final = 16 << 20


class ScanOptions(NamedTuple):
    """What a scan is for: `groups` are entry point groups to look for in the source's bytes."""

    target: Target
    groups: frozenset[bytes] = frozenset()
    strings: bool = False


class Scanned(NamedTuple):
    """What a module names, which of the entry point groups, and which of `python_named.NAMES`."""

    source: SourceScan
    groups: tuple[bytes, ...] = ()
    named: tuple[str, ...] = ()


class PythonFacts:
    """Interpreters, environments, distributions, module look-ups and scans of one image."""

    def __init__(self, rootfs: RootFS) -> None:
        self._rootfs = rootfs
        self._environments: dict[tuple[str, ...], tuple[Environment, ...]] = {}
        self._distributions: dict[tuple[ImagePath, ...], Distributions] = {}
        self._finders: dict[tuple[tuple[ImagePath, ...], tuple[int, int]], ModuleFinder] = {}
        self._scans: dict[tuple[ImagePath, str, ScanOptions], Scanned | None] = {}

    @cached_property
    def interpreters(self) -> tuple[Interpreter, ...]:
        """Every installation of Python."""
        return find_interpreters(self._rootfs.tree)

    def environments(self, python_path: tuple[str, ...] = ()) -> tuple[Environment, ...]:
        """Every installation and virtual environment, with these directories of PYTHONPATH."""
        if python_path not in self._environments:
            self._environments[python_path] = find_environments(
                self._rootfs, self.interpreters, python_path
            )
        return self._environments[python_path]

    def distributions(self, sites: tuple[ImagePath, ...]) -> Distributions:
        """What is installed into these directories."""
        if sites not in self._distributions:
            self._distributions[sites] = read_distributions(self._rootfs, sites)
        return self._distributions[sites]

    def finder(self, path: tuple[ImagePath, ...], version: tuple[int, int]) -> ModuleFinder:
        """Look-ups of modules on this search path."""
        if (path, version) not in self._finders:
            self._finders[path, version] = ModuleFinder(self._rootfs, path, version)
        return self._finders[path, version]

    def source(self, path: ImagePath) -> bytes | None:
        """The bytes of a module's file, links followed; None if it is not there."""
        entry = self._rootfs.tree.find(path)
        if entry is None or not entry.is_file:
            entry = self._rootfs.tree.resolve(path).entry
        if entry is None or not entry.is_file:
            return None
        with self._rootfs.open(entry.path) as stream:
            return stream.read(_MAX_SOURCE_BYTES)

    def scan(self, path: ImagePath, options: ScanOptions, *, member: str = "") -> Scanned | None:
        """What a source, byte code or member of an archive names; None if it cannot be read."""
        key = (path, member, options)
        if key not in self._scans:
            self._scans[key] = self._scan(path, options, member)
        return self._scans[key]

    def _scan(self, path: ImagePath, options: ScanOptions, member: str) -> Scanned | None:
        if member:
            data = self.finder((path,), options.target.version).read_member(path, member)
        else:
            data = self.source(path)
        if data is None:
            return None
        if (member or path).endswith(".pyc"):
            names = sorted(set(names_in(data)))
            imports = tuple(Import(name) for name in names)
            return Scanned(SourceScan(imports), named=find_names(data))
        found = tuple(sorted(group for group in options.groups if group in data))
        source = scan_source(data, options.target, strings=options.strings)
        return Scanned(source, found, find_names(data))
