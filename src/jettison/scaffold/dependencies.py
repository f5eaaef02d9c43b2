"""How a project says what it depends on, and how that is installed."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from jettison.analysis.lock_files import InvalidLockError, LockedPackage, parse_lock
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
    BACKEND = "pip with the project's build backend"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What a project depends on.

    Shape: `files` are what the installer needs, paths in the project, the one that names the
    dependencies first; `names` are normalized, everything that is named anywhere, locked ones
    included; `is_hashed` tells that each has a hash; `is_package` that the project itself can be
    installed; `members` are directories of the project that the lock file installs from; `clones`
    tells that something comes from a Git repository.
    """

    installer: Installer
    files: tuple[str, ...]
    names: frozenset[str]
    is_hashed: bool = False
    is_package: bool = False
    members: tuple[str, ...] = ()
    clones: bool = False


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
# As lock files write where a repository is.
_GIT: Final = re.compile(
    r"^(?:git[+@:]|ssh:)|\.git(?:[?#]|$)|[?&](?:rev|tag|branch)=|#[0-9a-f]{40}$"
    r"|^https://git(?:hub|lab)\.com/[^/]+/[^/]+$"
)


def read_dependencies(project: Project) -> Dependencies:
    """What the project's files say; a lock file counts before what it was made from.

    Raises: UsageError for a lock file that is none.
    """
    is_package = bool(project.pyproject.get("build-system")) or "setup.py" in project.paths
    for lock, installer in _LOCKS:
        if lock in project.texts:
            companion = "Pipfile" if installer is Installer.PIPENV else "pyproject.toml"
            locked = _locked(project, lock)
            return Dependencies(
                installer=installer,
                files=tuple(name for name in (companion, lock) if name in project.texts),
                names=frozenset(item.name for item in locked),
                is_hashed=True,
                is_package=is_package,
                members=tuple(sorted(_members(project, locked))),
                clones=any(_GIT.search(item.location) for item in locked),
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
            clones=any(_clones(line) for _, line in lines),
        )
    return _from_pyproject(project, is_package=is_package)


def _locked(project: Project, lock: str) -> list[LockedPackage]:
    try:
        packages = parse_lock(lock, project.texts[lock].encode()).packages
    except InvalidLockError as err:
        raise UsageError(f"{lock}: {err}", hint="write it again with its own tool") from err
    return [item for item in packages if not item.is_project]


def _members(project: Project, locked: Iterable[LockedPackage]) -> Iterator[str]:
    """Directories below the project's that locked packages are installed from."""
    for item in locked:
        directory = posixpath.normpath(item.location) if item.location else ""
        if any(path.startswith(f"{directory}/") for path in project.paths if directory):
            yield directory


def _clones(line: RequirementLine) -> bool:
    """Whether pip calls Git for a line of a requirements file."""
    url = (line.requirement.url if line.requirement is not None else None) or line.target
    return url.startswith("git+")


def _from_pyproject(project: Project, *, is_package: bool) -> Dependencies:
    """What `pyproject.toml` names itself; else what only its build backend, or setup.py, knows.

    Raises: UsageError where a tool has to choose first what is installed, and has not.
    """
    table = _table(project.pyproject, "project")
    listed = [str(item) for item in table.get("dependencies") or ()]
    _check_unlocked(project, listed)
    of_setup = _setup_requires(project)
    dynamic = "dependencies" in (table.get("dynamic") or ())
    by_backend = dynamic or (not table and "setup.py" in project.paths) or bool(of_setup)
    found = is_package or bool(listed) or by_backend
    files = tuple(
        name for name in ("pyproject.toml", "setup.cfg", "setup.py") if name in project.texts
    )
    asked = [_requirement(text) for text in (*listed, *of_setup)]
    installer = Installer.BACKEND if by_backend else Installer.PYPROJECT
    return Dependencies(
        installer=installer if found else Installer.NOTHING,
        files=files if found else (),
        names=frozenset(normalize(item.name) for item in asked if item is not None),
        is_package=is_package,
        clones=any((item.url or "").startswith("git+") for item in asked if item is not None),
    )


def _check_unlocked(project: Project, listed: Iterable[str]) -> None:
    """That pip can install what `pyproject.toml` names without the tool that it was written for."""
    of_poetry = set(_table(project.pyproject, "tool", "poetry", "dependencies")) - {"python"}
    if of_poetry and not listed:
        raise UsageError(
            "pyproject.toml names dependencies in Poetry's form, and there is no poetry.lock",
            hint="write it with `poetry lock`",
        )
    sources = {normalize(name) for name in _table(project.pyproject, "tool", "uv", "sources")}
    for text in listed:
        item = _requirement(text)
        if item is not None and normalize(item.name) in sources:
            raise UsageError(
                f"pyproject.toml: where {item.name} comes from stands in [tool.uv.sources], which "
                "pip does not read, and there is no uv.lock",
                hint="write it with `uv lock`; pip would take a stranger's package of that name",
            )


def _setup_requires(project: Project) -> tuple[str, ...]:
    """What setup.cfg and setup.py ask for in so many words."""
    found: list[str] = []
    config = ConfigParser(interpolation=None)
    with suppress(ConfigParserError):
        config.read_string(project.texts.get("setup.cfg", ""))
        found += config.get("options", "install_requires", fallback="").splitlines()
    with suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(project.texts.get("setup.py", ""))):
            match node:
                case ast.keyword(arg="install_requires", value=ast.List(elts=items)):
                    found += [str(item.value) for item in items if isinstance(item, ast.Constant)]
    return tuple(item.strip() for item in found if item.strip())


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


def _requirement(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _table(value: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = value.get(key)
        if not isinstance(inner, Mapping):
            return {}
        value = inner
    return value
