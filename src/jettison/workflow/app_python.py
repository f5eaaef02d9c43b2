"""What a project asks of its Python: `requires-python`, and wheels for what it has locked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from jettison.analysis.inventory import PackageType
from jettison.analysis.locked_files import LockedFiles, LockedProject, parse_locked_files
from jettison.errors import UsageError
from jettison.scan.advise import Project
from jettison.workflow.scan_files import read_project as read_files

_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_REQUIREMENTS: Final = ("requirements*.txt", "requirements/*.txt", "Pipfile.lock")
_LARGEST: Final = 64 << 20


def read_project(directory: Path) -> Project:
    """Read a project's files.

    Raises: UsageError for a file that cannot be read.
    """
    pyproject = _read_toml(directory / "pyproject.toml")
    locked = _read_lock(directory)
    packages = locked.packages if locked is not None else tuple(_pinned(directory))
    is_known = bool(packages) or _needs_nothing(directory, pyproject)
    own = _requires_python(pyproject)
    return Project(
        requires_python=own or (locked.requires_python if locked is not None else ""),
        packages=packages,
        is_known=is_known,
    )


def _read_lock(directory: Path) -> LockedProject | None:
    for name in _LOCKS:
        path = directory / name
        raw = _read(path)
        if raw is None:
            continue
        try:
            return parse_locked_files(name, raw)
        except ValueError as err:
            raise UsageError(f"{path}: no lock file: {err}") from err
    return None


def _pinned(directory: Path) -> Iterator[LockedFiles]:
    """What requirements files and Pipfile.lock pin; which files there are is not said there."""
    if not any(any(directory.glob(pattern)) for pattern in _REQUIREMENTS):
        return
    for component in read_files(directory).inputs.components:
        if component.type == PackageType.PYTHON:
            yield LockedFiles(name=component.name, version=component.version, is_listed=False)


def _needs_nothing(directory: Path, pyproject: dict[str, Any]) -> bool:
    project = pyproject.get("project")
    has_list = isinstance(project, dict) and "dependencies" not in project.get("dynamic", ())
    return (
        isinstance(project, dict)
        and has_list
        and not project.get("dependencies")
        and not any(any(directory.glob(pattern)) for pattern in _REQUIREMENTS)
    )


def _requires_python(pyproject: dict[str, Any]) -> str:
    project = pyproject.get("project")
    if isinstance(project, dict) and isinstance(project.get("requires-python"), str):
        return str(project["requires-python"])
    table: Any = pyproject
    for key in ("tool", "poetry", "dependencies", "python"):
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, str) and table != "*" else ""


def _read_toml(path: Path) -> dict[str, Any]:
    raw = _read(path)
    if raw is None:
        return {}
    try:
        return tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as err:
        raise UsageError(f"{path}: {err}") from err


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as err:
        raise UsageError(f"{path}: {err.strerror}") from err
    if len(raw) > _LARGEST:
        raise UsageError(f"{path}: over {_LARGEST >> 20} MiB")
    return raw
