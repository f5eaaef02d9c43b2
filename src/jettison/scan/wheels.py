"""Whether a Python on some system finds a wheel for each locked package.

What has no wheel for any Linux of this machine, or none at all, is built from source everywhere or
is not for Linux; that is no reason against one Python more than against another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from jettison.analysis.locked_files import LockedFiles

_MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "ppc64le": "ppc64le",
                    "s390x": "s390x", "arm": "armv7l"}  # fmt: skip
_OLDEST_GLIBC: Final = 5
_LEGACY: Final = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
# musl keeps its interface; wheels are built for 1.1 and 1.2 alone so far: PEP 656.
_MUSL_MINORS: Final = (2, 1)
DEFAULT_GLIBC: Final = (2, 36)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonPlace:
    """A Python on a system: `version` whole (`3.12.4`) or not (`3.12`).

    Shape: `machine` as the kernel names it; `glibc` is None where the C library is musl.
    """

    version: str
    machine: str
    glibc: tuple[int, int] | None = DEFAULT_GLIBC

    @property
    def minor(self) -> tuple[int, int]:
        """Such as (3, 12)."""
        release = Version(self.version).release
        return release[0], release[1] if len(release) > 1 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelCheck:
    """Names and versions of packages without a wheel, and of those that nothing is known of."""

    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def machine_of(architecture: str) -> str:
    """The machine name of an image's architecture: `x86_64` for `amd64`."""
    return _MACHINES.get(architecture, architecture)


def check_wheels(packages: Iterable[LockedFiles], place: PythonPlace) -> WheelCheck:
    """What is needed there and has no wheel that fits, or may not be installed on that Python."""
    packages = tuple(packages)
    needed = _needed(packages, place)
    missing: dict[str, None] = {}
    unknown: dict[str, None] = {}
    versions: dict[str, list[LockedFiles]] = {}
    for package in packages:
        if package.name in needed and package.version and _holds(package.marker, place):
            versions.setdefault(package.name, []).append(package)
    for name, choices in versions.items():
        # Several versions of one package are locked for several Pythons.
        shown = f"{name} {choices[0].version}"
        if any(_fits(choice, place) for choice in choices):
            continue
        if all(choice.is_listed or not _allows(choice, place) for choice in choices):
            missing.setdefault(shown)
        else:
            unknown.setdefault(shown)
    return WheelCheck(missing=tuple(sorted(missing)), unknown=tuple(sorted(unknown)))


def allows(requires_python: str, version: str) -> bool:
    """Whether a `requires-python` takes a version; one that cannot be read takes all.

    A version without a patch level (`3.12`) is taken if any of its patch levels is.
    """
    try:
        wanted = SpecifierSet(_plain(requires_python))
        asked = Version(version)
    except (InvalidSpecifier, InvalidVersion):
        return True
    if len(asked.release) > 2:
        return wanted.contains(asked, prereleases=True)
    major, minor = (*asked.release, 0)[:2]
    return any(wanted.contains(f"{major}.{minor}.{patch}") for patch in (0, 1, 5, 12, 30, 99))


def _plain(requires_python: str) -> str:
    """Poetry's `^3.9` and `~3.9`, in the standard's words."""
    parts = []
    for part in requires_python.replace(" ", "").split(","):
        if part.startswith("^"):
            parts.append(f">={part[1:]},<{int(part[1:].partition('.')[0] or 0) + 1}")
        elif part.startswith("~") and not part.startswith("~="):
            major, _, minor = part[1:].partition(".")
            following = f"{major}.{int(minor.partition('.')[0]) + 1}" if minor else int(major) + 1
            parts.append(f">={part[1:]},<{following}")
        else:
            parts.append(part)
    return ",".join(parts)


def _fits(package: LockedFiles, place: PythonPlace) -> bool:
    """Whether it can be had there as well as anywhere."""
    if not _allows(package, place):
        return False
    supported = _supported(place)
    tags = [tag for name in package.wheels for tag in _tags_of(name)]
    if any(tag in supported for tag in tags):
        return True
    return package.is_listed and not any(_is_for_machine(tag, place) for tag in tags)


def _allows(package: LockedFiles, place: PythonPlace) -> bool:
    return not package.requires_python or allows(package.requires_python, place.version)


def _is_for_machine(tag: Tag, place: PythonPlace) -> bool:
    is_musl = tag.platform.startswith("musllinux")
    if tag.platform == "any":
        # Pure Python of another age says nothing of wheels for this one.
        return tag.interpreter.startswith(("py3", "cp3"))
    return (
        tag.platform.endswith(f"_{place.machine}")
        and "linux" in tag.platform
        and (is_musl == (place.glibc is None) or place.glibc is None)
    )


def _needed(packages: Iterable[LockedFiles], place: PythonPlace) -> frozenset[str]:
    """Names of what is needed where the markers hold: roots, and what they lead to."""
    by_name: dict[str, list[LockedFiles]] = {}
    for package in packages:
        by_name.setdefault(package.name, []).append(package)
    asked = {need.name for items in by_name.values() for item in items for need in item.needs}
    found: set[str] = set()
    waiting = [name for name in by_name if name not in asked]
    # Packages that need each other have no root among them.
    waiting = waiting or list(by_name)
    while waiting:
        name = waiting.pop()
        if name in found or name not in by_name:
            continue
        found.add(name)
        waiting += [
            need.name
            for item in by_name[name]
            if _holds(item.marker, place)
            for need in item.needs
            if _holds(need.marker, place)
        ]
    return frozenset(found)


@lru_cache(maxsize=1 << 14)
def _holds(marker: str, place: PythonPlace) -> bool:
    """Whether a marker holds there; one that cannot be read holds."""
    if not marker:
        return True
    try:
        return Marker(marker).evaluate(dict(_environment(place)))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return True


def _environment(place: PythonPlace) -> Mapping[str, str]:
    major, minor = place.minor
    whole = place.version if len(Version(place.version).release) > 2 else f"{major}.{minor}.0"
    return {
        "implementation_name": "cpython",
        "implementation_version": whole,
        "os_name": "posix",
        "platform_machine": place.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": whole,
        "python_version": f"{major}.{minor}",
        "sys_platform": "linux",
        "extra": "",
    }


@lru_cache(maxsize=1 << 14)
def _tags_of(name: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(name)[3]
    except InvalidWheelFilename:
        return frozenset()


@lru_cache(maxsize=64)
def _supported(place: PythonPlace) -> frozenset[Tag]:
    platforms = tuple(_platforms(place))
    version = place.minor
    interpreter = f"cp{version[0]}{version[1]}"
    return frozenset(
        (
            *cpython_tags(version, platforms=platforms),
            *compatible_tags(version, interpreter, platforms),
        )
    )


def _platforms(place: PythonPlace) -> Iterator[str]:
    if place.glibc is None:
        yield from (f"musllinux_1_{minor}_{place.machine}" for minor in _MUSL_MINORS)
    else:
        for minor in range(place.glibc[1], _OLDEST_GLIBC - 1, -1):
            yield f"manylinux_2_{minor}_{place.machine}"
            if minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{place.machine}"
    yield f"linux_{place.machine}"
