"""What lock files of Python projects have locked, and who needs whom.

uv.lock, poetry.lock, pdm.lock, pylock.toml (PEP 751) and Pipfile.lock are read as data, tolerantly:
what a newer format adds is passed over.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jettison.analysis.decoded import Table, as_list, table_at, tables_at, text_at

_UV_LOCATIONS: Final = ("git", "url", "path", "directory", "editable", "virtual")


class InvalidLockError(ValueError):
    """A file that is no lock file of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One locked package.

    Shape: `name` as names are compared, `title` as the file spells it; `version` is empty for what
    has none; `requires` are names of what it needs; `location` is the path or address of what
    comes from no index; `is_project` marks the project itself.
    """

    name: str
    title: str
    version: str
    requires: tuple[str, ...] = ()
    location: str = ""
    is_project: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock file: all packages in its order, and the names of what the project itself needs.

    `roots` is None where the file does not tell.
    """

    packages: tuple[LockedPackage, ...]
    roots: tuple[str, ...] | None = None


def parse_lock(name: str, raw: bytes) -> Lock:
    """Read the lock file of this name.

    Raises: InvalidLockError.
    """
    parse = find_lock_parser(name)
    if parse is None:
        raise InvalidLockError(f"no lock file is named {name}")
    try:
        text = raw.decode()
        table = json.loads(text) if name == "Pipfile.lock" else tomllib.loads(text)
    except (ValueError, RecursionError) as err:
        raise InvalidLockError(str(err)) from err
    if not isinstance(table, dict):
        raise InvalidLockError("it holds no table")
    return parse(table)


def find_lock_parser(name: str) -> Callable[[Table], Lock] | None:
    """Who reads files of this name; None for no lock file."""
    if name == "pylock.toml" or (name.startswith("pylock.") and name.endswith(".toml")):
        return _parse_pylock
    return _PARSERS.get(name)


def _parse_uv(table: Table) -> Lock:
    packages = []
    roots: list[str] = []
    for item in tables_at(table, "package"):
        source = table_at(item, "source")
        is_project = source.get("editable") == "." or source.get("virtual") == "."
        needs = [
            *_names(item.get("dependencies")),
            *(name for group in _groups(item, "optional-dependencies") for name in _names(group)),
            *(name for group in _groups(item, "dev-dependencies") for name in _names(group)),
        ]
        if is_project:
            roots += needs
        location = next((text_at(source, key) for key in _UV_LOCATIONS if key in source), "")
        packages.append(_package(item, needs, location=location, is_project=is_project))
    return _lock(packages, roots or None)


def _parse_poetry(table: Table) -> Lock:
    packages = []
    for item in tables_at(table, "package"):
        source = table_at(item, "source")
        location = text_at(source, "url") if source.get("type") not in (None, "legacy") else ""
        packages.append(_package(item, list(table_at(item, "dependencies")), location=location))
    return _lock(packages, None)


def _parse_pdm(table: Table) -> Lock:
    packages = []
    for item in tables_at(table, "package"):
        needs = [_required_name(text) for text in as_list(item.get("dependencies"))]
        location = text_at(item, "git") or text_at(item, "url") or text_at(item, "path")
        packages.append(_package(item, needs, location=location))
    return _lock(packages, None)


def _parse_pylock(table: Table) -> Lock:
    packages = []
    for item in tables_at(table, "packages"):
        location = next(
            (text_at(table_at(item, key), "url") or text_at(table_at(item, key), "path") or key
             for key in ("vcs", "directory", "archive") if key in item), ""
        )  # fmt: skip
        packages.append(_package(item, _names(item.get("dependencies")), location=location))
    return _lock(packages, None)


def _parse_pipfile(table: Table) -> Lock:
    packages = []
    for group in ("default", "develop"):
        for name, item in table_at(table, group).items():
            if not isinstance(item, dict):
                continue
            location = text_at(item, "git") or text_at(item, "path") or text_at(item, "file")
            version = text_at(item, "version").removeprefix("==")
            packages.append(_package({"name": name, "version": version}, (), location=location))
    return _lock(packages, None)


_PARSERS: Final[Mapping[str, Callable[[Table], Lock]]] = {
    "Pipfile.lock": _parse_pipfile,
    "pdm.lock": _parse_pdm,
    "poetry.lock": _parse_poetry,
    "uv.lock": _parse_uv,
}


def _lock(packages: Iterable[LockedPackage | None], roots: Iterable[str] | None) -> Lock:
    kept = dict.fromkeys(package for package in packages if package is not None)
    return Lock(
        packages=tuple(kept),
        roots=None if roots is None else tuple(dict.fromkeys(map(canonicalize_name, roots))),
    )


def _package(
    item: Table, needs: Iterable[str], *, location: str = "", is_project: bool = False
) -> LockedPackage | None:
    title = text_at(item, "name")
    if not title:
        return None
    return LockedPackage(
        name=canonicalize_name(title),
        title=title,
        version=text_at(item, "version"),
        requires=tuple(dict.fromkeys(canonicalize_name(name) for name in needs if name)),
        location=location,
        is_project=is_project,
    )


def _groups(table: Table, key: str) -> Iterator[Any]:
    yield from table_at(table, key).values()


def _names(value: Any) -> list[str]:  # decoded TOML
    return [text_at(item, "name") for item in as_list(value) if isinstance(item, dict)]


def _required_name(text: Any) -> str:  # decoded TOML
    try:
        return Requirement(text).name if isinstance(text, str) else ""
    except InvalidRequirement:
        return ""
