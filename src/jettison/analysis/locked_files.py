"""Which files lock files name for each package, and where a package is needed at all.

uv.lock, poetry.lock, pdm.lock and pylock.toml list the wheels that an index had; Pipfile.lock has
hashes alone. What the packages are is lock_files' work.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jettison.analysis.decoded import Table, as_list, table_at, tables_at, text_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """That a package needs another, where the marker holds (empty: everywhere)."""

    name: str
    marker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFiles:
    """One locked package and its files.

    Shape: `name` as names are compared; `wheels` are file names; `is_listed` is off where it is not
    known which other files there are; `requires_python` and `marker` as written.
    """

    name: str
    version: str
    wheels: tuple[str, ...] = ()
    is_listed: bool = True
    requires_python: str = ""
    marker: str = ""
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedProject:
    """Everything of one lock file; `requires_python` is what it was locked for."""

    requires_python: str
    packages: tuple[LockedFiles, ...]


def parse_locked_files(name: str, raw: bytes) -> LockedProject | None:
    """Read the files of a lock file of this name; None for one that tells of none.

    Raises: ValueError for a file that is not TOML.
    """
    parse = _PARSERS.get("pylock.toml" if name.startswith("pylock.") else name)
    if parse is None:
        return None
    try:
        return parse(tomllib.loads(raw.decode()))
    except RecursionError as err:
        raise ValueError("nested too deeply") from err


def _parse_uv(table: Table) -> LockedProject:
    packages = []
    for item in tables_at(table, "package"):
        # The project itself, and what comes from a path or an address, has needs and no files.
        is_of_index = "registry" in table_at(item, "source")
        names = _address_names(_files(item)) if is_of_index else []
        packages.append(replace(_package(item, names), needs=tuple(_uv_needs(item))))
    return LockedProject(
        requires_python=text_at(table, "requires-python"), packages=tuple(packages)
    )


def _uv_needs(item: Table) -> Iterator[Need]:
    groups = (
        item.get("dependencies"),
        *table_at(item, "optional-dependencies").values(),
        *table_at(item, "dev-dependencies").values(),
    )
    for group in groups:
        for need in as_list(group):
            if isinstance(need, dict):
                yield Need(
                    name=canonicalize_name(text_at(need, "name")), marker=text_at(need, "marker")
                )


def _parse_poetry(table: Table) -> LockedProject:
    metadata = table_at(table, "metadata")
    former = table_at(metadata, "files")  # before poetry 1.3 they stood together
    packages = []
    for item in tables_at(table, "package"):
        files = as_list(item.get("files")) or as_list(former.get(text_at(item, "name")))
        names = [text_at(file, "file") for file in files if isinstance(file, dict)]
        packages.append(
            replace(
                _package(item, names),
                needs=tuple(_poetry_needs(item)),
                requires_python=_python(text_at(item, "python-versions")),
                marker=_marker(item.get("markers")),
            )
        )
    return LockedProject(
        requires_python=_python(text_at(metadata, "python-versions")), packages=tuple(packages)
    )


def _poetry_needs(item: Table) -> Iterator[Need]:
    for name, need in table_at(item, "dependencies").items():
        for choice in need if isinstance(need, list) else [need]:
            marker = text_at(choice, "markers") if isinstance(choice, dict) else ""
            yield Need(name=canonicalize_name(name), marker=marker)


def _parse_pdm(table: Table) -> LockedProject:
    packages = []
    for item in tables_at(table, "package"):
        names = [
            text_at(file, "file") or _file_name(text_at(file, "url"))
            for file in tables_at(item, "files")
        ]
        packages.append(
            replace(
                _package(item, names),
                needs=tuple(_required(as_list(item.get("dependencies")))),
                requires_python=_python(text_at(item, "requires_python")),
                marker=text_at(item, "marker"),
            )
        )
    return LockedProject(
        requires_python=_python(text_at(table_at(table, "metadata"), "requires_python")),
        packages=tuple(packages),
    )


def _parse_pylock(table: Table) -> LockedProject:
    packages = [
        replace(
            _package(item, _address_names(_files(item))),
            requires_python=_python(text_at(item, "requires-python")),
            marker=text_at(item, "marker"),
        )
        for item in tables_at(table, "packages")
    ]
    return LockedProject(
        requires_python=text_at(table, "requires-python"), packages=tuple(packages)
    )


_PARSERS: Final[Mapping[str, Callable[[Table], LockedProject]]] = {
    "pdm.lock": _parse_pdm,
    "poetry.lock": _parse_poetry,
    "pylock.toml": _parse_pylock,
    "uv.lock": _parse_uv,
}


def _package(item: Table, names: list[str]) -> LockedFiles:
    return LockedFiles(
        name=canonicalize_name(text_at(item, "name")),
        version=text_at(item, "version"),
        wheels=tuple(sorted({name for name in names if name.endswith(".whl")})),
        is_listed=bool(names),
    )


def _files(item: Table) -> Iterator[Table]:
    yield from tables_at(item, "wheels")
    yield table_at(item, "sdist")


def _address_names(files: Iterable[Table]) -> list[str]:
    """The names of files that are known by an address or a path."""
    found = (
        text_at(file, "name") or _file_name(text_at(file, "url") or text_at(file, "path"))
        for file in files
    )
    return [name for name in found if name]


def _python(text: str) -> str:
    return "" if text == "*" else text


def _required(texts: Iterable[Any]) -> Iterator[Need]:
    for text in texts:
        try:
            requirement = Requirement(text)
        except (InvalidRequirement, TypeError):
            continue
        marker = str(requirement.marker) if requirement.marker is not None else ""
        yield Need(name=canonicalize_name(requirement.name), marker=marker)


def _marker(value: Any) -> str:  # decoded TOML
    """Poetry has one for each group of dependencies where they differ."""
    if isinstance(value, dict):
        return " or ".join(f"({text})" for text in value.values() if isinstance(text, str))
    return value if isinstance(value, str) else ""


def _file_name(address: str) -> str:
    return unquote(urlsplit(address).path.rpartition("/")[2])
