"""How a project says what it depends on, and how that is installed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from jettison.analysis.lock_files import InvalidLockError, parse_lock
from jettison.analysis.python_packages import normalize
from jettison.analysis.python_releases import PythonRelease
from jettison.analysis.requirements_file import LineKind, RequirementLine, parse_requirements
from jettison.errors import UsageError
from jettison.scaffold.project import Project


class Installer(StrEnum):
    """What the project's dependencies are installed with; the values are for people."""

    REQUIREMENTS = "pip with requirements.txt"
    UV = "uv"
    POETRY = "Poetry"
    PDM = "PDM"
    PIPENV = "Pipenv"
    PYPROJECT = "pip with pyproject.toml"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What a project depends on.

    Shape: `files` are what the installer needs, paths in the project, the one that names the
    dependencies first; `names` are normalized, everything that is named anywhere, locked ones
    included; `is_hashed` tells that each has a hash; `is_package` that the project itself can be
    installed.
    """

    installer: Installer
    files: tuple[str, ...]
    names: frozenset[str]
    is_hashed: bool = False
    is_package: bool = False


_REQUIREMENTS: Final = (
    "requirements.txt",
    "requirements.lock",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements/base.txt",
)
# With a lock file first: it says more than what it was made from.
_LOCKS: Final = (
    ("uv.lock", Installer.UV),
    ("poetry.lock", Installer.POETRY),
    ("pdm.lock", Installer.PDM),
    ("Pipfile.lock", Installer.PIPENV),
)
_MOST_INCLUDES: Final = 5
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")


def read_dependencies(project: Project) -> Dependencies:
    """What the project's files say; a lock file counts before what it was made from.

    Raises: UsageError for a lock file that is none.
    """
    is_package = bool(project.pyproject.get("build-system")) or "setup.py" in project.paths
    for lock, installer in _LOCKS:
        if lock in project.texts:
            companion = "Pipfile" if installer is Installer.PIPENV else "pyproject.toml"
            return Dependencies(
                installer=installer,
                files=tuple(name for name in (companion, lock) if name in project.texts),
                names=_locked_names(project, lock),
                is_hashed=True,
                is_package=is_package,
            )
    named = next((name for name in _REQUIREMENTS if name in project.texts), None)
    if named is not None:
        lines = tuple(_lines(project, named))
        asked = [line for _, line in lines if line.requirement is not None]
        return Dependencies(
            installer=Installer.REQUIREMENTS,
            files=tuple(dict.fromkeys((named, *(path for path, _ in lines)))),
            names=frozenset(line.name for line in asked),
            is_hashed=bool(asked) and all(line.hashes for line in asked),
            is_package=is_package,
        )
    return _from_pyproject(project, is_package=is_package)


def _locked_names(project: Project, lock: str) -> frozenset[str]:
    try:
        packages = parse_lock(lock, project.texts[lock].encode()).packages
    except InvalidLockError as err:
        raise UsageError(f"{lock}: {err}", hint="write it again with its own tool") from err
    return frozenset(item.name for item in packages if not item.is_project)


def _from_pyproject(project: Project, *, is_package: bool) -> Dependencies:
    listed = _table(project.pyproject, "project").get("dependencies") or ()
    poetry = _table(project.pyproject, "tool", "poetry", "dependencies")
    asked = (_name(str(text)) for text in (*listed, *poetry))
    names = frozenset(normalize(name) for name in asked if name not in ("", "python"))
    found = is_package or bool(listed)
    files = tuple(
        name for name in ("pyproject.toml", "setup.cfg", "setup.py") if name in project.texts
    )
    return Dependencies(
        installer=Installer.PYPROJECT if found else Installer.NOTHING,
        files=files if found else (),
        names=names,
        is_package=is_package,
    )


def python_range(project: Project) -> tuple[str, str]:
    """What the project asks of Python, and the file that says so; both empty for nothing."""
    asked = _table(project.pyproject, "project").get("requires-python")
    if isinstance(asked, str):
        return asked, "pyproject.toml"
    poetry = _table(project.pyproject, "tool", "poetry", "dependencies").get("python")
    if isinstance(poetry, str):
        return _caret(poetry), "pyproject.toml"
    for name, pattern in (
        (".python-version", r"^\s*(\d+\.\d+)"),
        ("runtime.txt", r"python-(\d+\.\d+)"),
        ("Pipfile", r"python_version\s*=\s*[\"'](\d+\.\d+)"),
        ("setup.cfg", r"python_requires\s*=\s*([^\n]+)"),
        ("setup.py", r"python_requires\s*=\s*[\"']([^\"']+)"),
    ):
        match = re.search(pattern, project.texts.get(name, ""), re.MULTILINE)
        if match is not None:
            bare = re.fullmatch(r"\d+\.\d+", match[1])
            return (f"=={match[1]}.*" if bare else match[1].strip()), name
    return "", ""


def pinned_python(project: Project) -> tuple[int, int] | None:
    """The one version that the project is developed with, where a file says so."""
    match = re.search(r"^\s*(\d+)\.(\d+)", project.texts.get(".python-version", ""), re.MULTILINE)
    return (int(match[1]), int(match[2])) if match is not None else None


def allows(specifier: str, release: PythonRelease) -> bool:
    """Whether some micro version of the release is in the range; an odd range allows all."""
    try:
        asked = SpecifierSet(specifier)
    except InvalidSpecifier:
        return True
    return any(asked.contains(f"{release}.{micro}") for micro in (*range(30), 99))


def _caret(text: str) -> str:
    """Poetry's `^3.11` and `~3.11` as PEP 440 writes them."""
    parts = []
    for part in text.split(","):
        part = part.strip()
        match = _VERSION.search(part)
        if part.startswith("^") and match:
            parts.append(f">={match[0]},<{int(match[1]) + 1}")
        elif part.startswith("~") and not part.startswith("~=") and match:
            parts.append(f"=={match[0]}.*")
        elif part != "*":
            parts.append(part)
    return ",".join(parts)


def _lines(project: Project, path: str, depth: int = 0) -> Iterator[tuple[str, RequirementLine]]:
    """Each line with the file that has it, `-r` and `-c` followed."""
    base = path.rpartition("/")[0]
    for line in parse_requirements(project.texts.get(path, "")):
        yield path, line
        if line.kind in (LineKind.INCLUDE, LineKind.CONSTRAINTS) and depth < _MOST_INCLUDES:
            other = posixpath.normpath(posixpath.join(base, line.target))
            if other in project.texts:
                yield from _lines(project, other, depth + 1)


def _name(text: str) -> str:
    try:
        return Requirement(text).name
    except InvalidRequirement:
        return ""


def _table(value: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = value.get(key)
        if not isinstance(inner, Mapping):
            return {}
        value = inner
    return value
