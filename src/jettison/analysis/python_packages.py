"""Installed distributions as their records tell: files, requirements, entry points.

Read from `.dist-info` and `.egg-info`, in whatever state they are: Debian removes RECORD, old
installers never wrote one.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from jettison.analysis.python_conditions import Target
from jettison.filetree import FileTree, RootFS
from jettison.paths import ImagePath

_MAX_RECORD_BYTES: Final = 32 << 20
_SEPARATORS: Final = re.compile(r"[-_.]+")
_DIRECTORY: Final = re.compile(
    r"(?P<name>.+?)(?:-(?P<version>[^-]+)(?:-py[\d.]+)?(?:-.+)?)?\.(?:dist|egg)-info"
)
# Extras for those who work on the package; that their requirements are installed says nothing.
_DEVELOPER_EXTRAS: Final = re.compile(
    r".*(?:test|dev|doc|lint|typ|mypy|check|cover|build|ci\b|bench|release|example|style|format).*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """One line of entry_points.txt; `module` is the part of the value before the colon."""

    group: str
    name: str
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One installed distribution.

    Shape: `name` normalized by PEP 503, `title` as its metadata spells it; `location` is the real
    site directory; `metadata` the `.dist-info` or EGG-INFO directory, or the `.egg-info` directory
    or file;
    `files` real paths of files and links that exist, metadata included, in path order; `requires`
    as in METADATA; `is_requested` where pip was given its name, `is_local` where it was given a
    directory; `has_record` whether `files` come from a record or from looking around; `missing`
    what the record lists and is not in the image, as listed; `licenses` as License-Expression has
    it, or else the field License, or else what the classifiers say.
    """

    name: str
    title: str
    version: str
    location: ImagePath
    metadata: ImagePath
    files: tuple[ImagePath, ...]
    requires: tuple[str, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    installer: str = ""
    is_requested: bool = False
    is_local: bool = False
    has_record: bool = True
    missing: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()

    @property
    def anchor(self) -> ImagePath:
        """The file that stands for it in a chain of reasons."""
        for name in ("METADATA", "PKG-INFO"):
            if self.metadata / name in self.files:
                return self.metadata / name
        return self.metadata

    @property
    def key(self) -> tuple[str, ImagePath]:
        """What tells it from others in one image."""
        return (self.name, self.location)


@dataclass(frozen=True, slots=True)
class Distributions:
    """What is installed into the site directories of one environment."""

    items: tuple[Distribution, ...]
    _by_name: dict[str, Distribution] = field(init=False, repr=False)
    _owners: dict[str, Distribution] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names: dict[str, Distribution] = {}
        owners: dict[str, Distribution] = {}
        for item in self.items:
            names.setdefault(item.name, item)
            for path in item.files:
                # What a record lists is better evidence than what was found by looking around.
                if item.has_record or path not in owners:
                    owners[path] = item
        object.__setattr__(self, "_by_name", names)
        object.__setattr__(self, "_owners", owners)

    def find(self, name: str) -> Distribution | None:
        """By name, in any spelling."""
        return self._by_name.get(normalize(name))

    def owner(self, path: str) -> Distribution | None:
        """Whose file it is."""
        return self._owners.get(path)

    def groups(self, *, without: Container[str] = ()) -> dict[bytes, list[Distribution]]:
        """Who provides entry points of each group."""
        found: dict[bytes, list[Distribution]] = {}
        for item in self.items:
            for group in dict.fromkeys(point.group for point in item.entry_points):
                if group not in without:
                    found.setdefault(group.encode("utf-8", "surrogateescape"), []).append(item)
        return found

    def required_by(self, item: Distribution, target: Target) -> tuple[Distribution, ...]:
        """What an installed distribution requires, extras included that seem to be wanted.

        An extra seems to be wanted if it is not for developers and all that it adds is installed.
        """
        found: dict[str, Distribution] = {}
        extras: dict[str, list[str]] = {}
        for text in item.requires:
            requirement = _parse(text)
            if requirement is None:
                continue
            names = _extras_of(requirement)
            required = self.find(requirement.name)
            if not names and required is not None and _holds(requirement, target, ""):
                found[required.name] = required
            for extra in names:
                if _holds(requirement, target, extra):
                    extras.setdefault(extra, []).append(requirement.name)
        for extra, wanted in sorted(extras.items()):
            present = [one for name in wanted if (one := self.find(name)) is not None]
            if len(present) == len(wanted) and not _DEVELOPER_EXTRAS.fullmatch(extra):
                found.update((one.name, one) for one in present)
        found.pop(item.name, None)
        return tuple(found[name] for name in sorted(found))

    def roots(self) -> tuple[Distribution, ...]:
        """What the image's author asked for by name.

        Where an installer other than pip left no REQUESTED marker in a site directory, these are
        the distributions there that no other one requires. Those that came with OS packages are
        never meant: many of them are there for the sake of a program.
        """
        marked = {item.location for item in self.items if item.is_requested}
        needed = {
            normalize(requirement.name)
            for item in self.items
            for text in item.requires
            if (requirement := _parse(text)) is not None and not _extras_of(requirement)
        }
        found: list[Distribution] = []
        for item in self.items:
            is_left_over = item.installer not in ("", "pip") and item.name not in needed
            if item.is_requested or item.is_local or (item.location not in marked and is_left_over):
                found.append(item)
        return tuple(found)


def normalize(name: str) -> str:
    """Source: PEP 503, "Normalized Names"."""
    return _SEPARATORS.sub("-", name).lower()


def read_distributions(rootfs: RootFS, site_dirs: Sequence[ImagePath]) -> Distributions:
    """Everything installed into these real directories, in their order."""
    found: list[Distribution] = []
    for site in site_dirs:
        for name in rootfs.tree.children(site):
            item = read_distribution(rootfs, site / name)
            if item is not None:
                found.append(item)
    return Distributions(tuple(found))


def read_distribution(rootfs: RootFS, metadata: ImagePath) -> Distribution | None:
    """The one whose `.dist-info`, `.egg-info` or egg's EGG-INFO this is; None for other names."""
    # An unpacked egg is a site directory of its own and bears the name.
    name = f"{metadata.parent.name}-info" if metadata.name == "EGG-INFO" else metadata.name
    match = _DIRECTORY.fullmatch(name)
    return None if match is None else _Reader(rootfs, metadata).read(match)


def _parse(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _extras_of(requirement: Requirement) -> frozenset[str]:
    if requirement.marker is None:
        return frozenset()
    return frozenset(re.findall(r"extra == ['\"]([^'\"]+)['\"]", str(requirement.marker)))


def _holds(requirement: Requirement, target: Target, extra: str) -> bool:
    """Whether the marker holds; with either bound of the micro version, which is not known."""
    if requirement.marker is None:
        return True
    major, minor = target.version
    for micro in (0, 99):
        environment = {
            "implementation_name": target.implementation,
            "implementation_version": f"{major}.{minor}.{micro}",
            "os_name": "posix",
            "platform_machine": target.machine,
            "platform_python_implementation": {"pypy": "PyPy"}.get(
                target.implementation, "CPython"
            ),
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{major}.{minor}.{micro}",
            "python_version": f"{major}.{minor}",
            "sys_platform": "linux",
            "extra": extra,
        }
        try:
            if requirement.marker.evaluate(environment):
                return True
        except (UndefinedComparison, UndefinedEnvironmentName):
            return True
    return False


class _Reader:
    """Reads one metadata directory or file."""

    def __init__(self, rootfs: RootFS, metadata: ImagePath) -> None:
        self._rootfs = rootfs
        self._tree = rootfs.tree
        self._site = metadata.parent
        self._missing: set[str] = set()
        self._metadata = self._tree.resolve(metadata).path
        self._named = metadata

    def read(self, match: re.Match[str]) -> Distribution:
        headers = self._headers()
        title = headers.get("name", [match["name"]])[0]
        files = self._recorded()
        found = tuple(sorted(files if files is not None else self._guessed(title)))
        return Distribution(
            name=normalize(title),
            title=title,
            version=headers.get("version", [match["version"] or ""])[0],
            location=self._site,
            metadata=self._metadata,
            files=found,
            requires=(*headers.get("requires-dist", ()), *self._egg_requires()),
            entry_points=tuple(_entry_points(self._text("entry_points.txt"))),
            installer=self._text("INSTALLER").strip(),
            is_requested=(self._metadata / "REQUESTED") in self._tree,
            is_local='"dir_info"' in self._text("direct_url.json"),
            has_record=files is not None,
            missing=tuple(sorted(self._missing)),
            licenses=_licenses(headers),
        )

    def _headers(self) -> Mapping[str, list[str]]:
        """The fields of METADATA or PKG-INFO that stand before the description, lower case."""
        text = self._text("METADATA") or self._text("PKG-INFO")
        if not text and not self._tree[self._metadata].is_directory:
            text = self._read(self._metadata)
        found: dict[str, list[str]] = {}
        for line in text.splitlines():
            if not line:
                break
            key, colon, value = line.partition(":")
            if colon and not line[0].isspace():
                found.setdefault(key.lower(), []).append(value.strip())
        return MappingProxyType(found)

    def _recorded(self) -> set[ImagePath] | None:
        record = self._text("RECORD")
        if record:
            rows = csv.reader(record.splitlines())
            return self._existing((row[0] for row in rows if row), self._site)
        installed = self._text("installed-files.txt")
        if installed:
            return self._existing(installed.splitlines(), self._metadata)
        return None

    def _guessed(self, title: str) -> set[ImagePath]:
        """Files below the top-level names, where no record lists them."""
        names = self._text("top_level.txt").split() or [re.sub(r"[-.]", "_", title), title.lower()]
        found = {self._named}
        for name in names:
            for path in (self._site / name, self._site / f"{name}.py"):
                found.update(entry.path for entry in self._tree.walk(path))
            found.update(
                self._site / child
                for child in self._tree.children(self._site)
                if child.startswith(f"{name}.") and child.endswith((".so", ".py"))
            )
        found.update(entry.path for entry in self._tree.walk(self._metadata))
        return {path for path in found if path in self._tree and not self._tree[path].is_directory}

    def _existing(self, listed: Iterable[str], base: ImagePath) -> set[ImagePath]:
        found: set[ImagePath] = set()
        for text in listed:
            path = ImagePath(posixpath.normpath(posixpath.join(base, text)))
            entry = self._tree.find(path)
            if entry is None:
                found_at = self._tree.resolve(path, follow_last=False)
                entry, path = found_at.entry, found_at.path
            if entry is None:
                self._missing.add(text)
            elif not entry.is_directory:
                found.add(path)
        return found

    def _egg_requires(self) -> Iterator[str]:
        """Source: setuptools, "requires.txt": sections are `[extra:marker]`."""
        extra, marker = "", ""
        for line in self._text("requires.txt").splitlines():
            line = line.strip()
            if line.startswith("[") and line.endswith("]"):
                extra, _, marker = line[1:-1].partition(":")
            elif line:
                conditions = [f"({marker})"] if marker else []
                conditions += [f"extra == '{extra}'"] if extra else []
                yield f"{line}; {' and '.join(conditions)}" if conditions else line

    def _text(self, name: str) -> str:
        return self._read(self._metadata / name)

    def _read(self, path: ImagePath) -> str:
        return _read_text(self._rootfs, self._tree, path)


def _licenses(headers: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Source: core metadata 2.4. Some put the whole text of their licence into the field."""
    expression = headers.get("license-expression", ())
    stated = [text for text in headers.get("license", ()) if text not in ("", "UNKNOWN")]
    classified = [
        text.rpartition(" :: ")[2]
        for text in headers.get("classifier", ())
        if text.startswith("License :: ")
    ]
    return tuple(dict.fromkeys(expression or stated or classified))


def _read_text(rootfs: RootFS, tree: FileTree, path: ImagePath) -> str:
    entry = tree.resolve(path).entry if path in tree else None
    if entry is None or not entry.is_file:
        return ""
    with rootfs.open(entry.path) as stream:
        return stream.read(_MAX_RECORD_BYTES).decode("utf-8", "surrogateescape")


def _entry_points(text: str) -> Iterator[EntryPoint]:
    group = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif "=" in line and group and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            module = value.strip().partition(":")[0].partition("[")[0].strip()
            yield EntryPoint(group=group, name=name.strip(), module=module)
