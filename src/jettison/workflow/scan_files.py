"""Read what a scan of a directory or a file looks at: requirements, locks, bills of materials."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement

from jettison.analysis.decoded import table_at
from jettison.analysis.lock_files import InvalidLockError, find_lock_parser, parse_lock
from jettison.analysis.requirements_file import (
    LineKind,
    decode_requirements,
    parse_requirements,
)
from jettison.errors import UsageError
from jettison.scan.bills import InvalidBillError, read_bill
from jettison.scan.inputs import Inputs, Untested, joined
from jettison.scan.projects import FileLine, lock_inputs, project_inputs, requirements_inputs

_MAX_BYTES: Final = 256 << 20
_MAX_FILES: Final = 1000
_KNOWN: Final = (
    "requirements*.txt, pyproject.toml, uv.lock, poetry.lock, pdm.lock, pylock.toml, Pipfile.lock, "
    "CycloneDX and SPDX in JSON"
)
_BILLS: Final = ("*.cdx.json", "*.spdx.json", "bom.json", "sbom.json")
_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFiles:
    """What was read, and what it gives to test; `is_bill` where it was a bill of materials."""

    inputs: Inputs
    files: tuple[str, ...]
    is_bill: bool = False


def read_project(path: Path, *, python: str = "") -> ProjectFiles:
    """Read a directory or one file, told by its name, and JSON by its content.

    Raises: UsageError for a file that is none of the known ones or is damaged.
    """
    if path.is_dir():
        return _read_directory(path, python)
    return _read_file(path, python)


def _read_directory(directory: Path, python: str) -> ProjectFiles:
    read = _Reader(directory, python)
    for name in _LOCKS:
        if (directory / name).is_file():
            read.add_lock(directory / name)
    for path in sorted(directory.glob("pylock.*.toml")):
        read.add_lock(path)
    candidates = [*directory.glob("requirements*.txt"), *directory.glob("requirements/*.txt")]
    read.add_requirements([path for path in sorted(candidates) if "constraint" not in path.name])
    project = directory / "pyproject.toml"
    if project.is_file() and not read.has_lock:
        read.add_project(project)
    bills = sorted({path for pattern in _BILLS for path in directory.glob(pattern)})
    for path in bills:
        read.add_bill(path)
    return read.result(is_bill=bool(bills) and len(bills) == len(read.files))


def _read_file(path: Path, python: str) -> ProjectFiles:
    read = _Reader(path.parent, python)
    if find_lock_parser(path.name) is not None:
        read.add_lock(path)
    elif path.name == "pyproject.toml":
        read.add_project(path)
    elif path.suffix == ".json":
        read.add_bill(path)
        return read.result(is_bill=True)
    elif path.suffix in (".txt", ".in", ".pip", ".requirements"):
        read.add_requirements([path])
    else:
        hint = f"known: {_KNOWN}"
        if path.suffix in (".tar", ".tgz", ".gz"):
            hint = f"an image is named oci-archive:{path} or docker-archive:{path}"
        raise UsageError(f"{path}: its name does not tell what kind of file it is", hint=hint)
    return read.result()


@dataclass(slots=True)
class _Reader:
    """Files read so far; names in results are below `root` where they can be."""

    root: Path
    python: str
    files: list[str] = field(default_factory=list)
    parts: list[Inputs] = field(default_factory=list)
    has_lock: bool = False

    def result(self, *, is_bill: bool = False) -> ProjectFiles:
        return ProjectFiles(
            inputs=joined(tuple(self.parts)), files=tuple(self.files), is_bill=is_bill
        )

    def add_lock(self, path: Path) -> None:
        try:
            lock = parse_lock(path.name, self._bytes(path))
        except InvalidLockError as err:
            raise UsageError(f"{path}: {err}", hint="write it again with its own tool") from err
        self.has_lock = True
        project = path.parent / "pyproject.toml"
        asked = None
        if lock.roots is None and project.is_file():
            asked = tuple(self._asked(project, [])) or None
        self.parts.append(lock_inputs(self._shown(path), lock, asked))

    def add_project(self, path: Path) -> None:
        untested: list[Untested] = []
        asked = tuple(self._asked(path, untested))
        found = project_inputs(self._shown(path), asked, python=self.python)
        self.parts += [found, Inputs(untested=tuple(untested))]

    def add_bill(self, path: Path) -> None:
        try:
            self.parts.append(read_bill(self._shown(path), self._bytes(path)))
        except InvalidBillError as err:
            raise UsageError(f"{path}: {err}", hint="CycloneDX and SPDX in JSON are read") from err

    def add_requirements(self, paths: list[Path]) -> None:
        """All of them as one installation; a file that another includes is read once."""
        seen: set[tuple[Path, bool]] = set()
        lines: list[FileLine] = []
        for path in paths:
            if (path.resolve(), False) not in seen:
                lines += self._lines(path, seen, is_constraint=False)
        if lines:
            self.parts.append(requirements_inputs(lines, python=self.python))

    def _lines(
        self, path: Path, seen: set[tuple[Path, bool]], *, is_constraint: bool
    ) -> Iterator[FileLine]:
        seen.add((path.resolve(), is_constraint))
        if len(seen) > _MAX_FILES:
            raise UsageError(f"{path}: more than {_MAX_FILES} files include each other")
        shown = self._shown(path)
        for line in parse_requirements(decode_requirements(self._bytes(path))):
            yield FileLine(file=shown, line=line, is_constraint=is_constraint)
            if line.kind not in (LineKind.INCLUDE, LineKind.CONSTRAINTS):
                continue
            if "://" in line.target:
                reason = "files at an address are not fetched"
                item = Untested(what=line.text, where=f"{shown}:{line.number}", reason=reason)
                self.parts.append(Inputs(untested=(item,)))
                continue
            below = is_constraint or line.kind is LineKind.CONSTRAINTS
            other = path.parent / line.target
            if (other.resolve(), below) in seen:
                continue
            if not other.is_file():
                raise UsageError(
                    f"{shown}:{line.number}: {line.text}: there is no such file",
                    hint="paths are taken from the directory of the file that includes them",
                )
            yield from self._lines(other, seen, is_constraint=below)

    def _asked(self, path: Path, untested: list[Untested]) -> Iterator[Requirement]:
        """What pyproject.toml asks for: the project's own, its extras and groups, Poetry's."""
        try:
            table = tomllib.loads(self._bytes(path).decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
            raise UsageError(f"{path}: {err}") from err
        for text in _requirement_texts(table):
            try:
                yield Requirement(text)
            except InvalidRequirement:
                untested.append(
                    Untested(what=text, where=self._shown(path), reason="not a requirement")
                )

    def _bytes(self, path: Path) -> bytes:
        shown = self._shown(path)
        if shown not in self.files:
            self.files.append(shown)
        try:
            with path.open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except OSError as err:
            raise UsageError(f"{path}: {err.strerror}") from err
        if len(raw) > _MAX_BYTES:
            raise UsageError(f"{path}: larger than {_MAX_BYTES >> 20} MiB")
        return raw

    def _shown(self, path: Path) -> str:
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()


def _requirement_texts(table: dict[str, Any]) -> Iterator[str]:
    project = table_at(table, "project")
    tools = table_at(table, "tool")
    yield from _texts(
        project.get("dependencies"),
        *table_at(project, "optional-dependencies").values(),
        *table_at(table, "dependency-groups").values(),
    )
    poetry = table_at(tools, "poetry")
    groups = table_at(poetry, "group")
    for needs in (
        table_at(poetry, "dependencies"),
        *(table_at(table_at(groups, name), "dependencies") for name in groups),
        table_at(poetry, "dev-dependencies"),
    ):
        yield from (_poetry_text(name, value) for name, value in needs.items() if name != "python")
    # What these two had before there were dependency groups, and still read.
    yield from _texts(
        *table_at(table_at(tools, "pdm"), "dev-dependencies").values(),
        table_at(tools, "uv").get("dev-dependencies"),
    )


def _texts(*groups: object) -> Iterator[str]:
    for group in groups:
        if isinstance(group, list):
            yield from (text for text in group if isinstance(text, str))


def _poetry_text(name: str, value: object) -> str:
    """Poetry's own form as a requirement, as far as it pins; ranges of its own stay open."""
    version = value.get("version", "") if isinstance(value, dict) else value
    if isinstance(version, str) and version[:1].isdigit():
        # "A plain version is exact": python-poetry.org, "Exact requirements".
        return f"{name}=={version}"
    if isinstance(version, str) and version.startswith("=="):
        return f"{name}{version}"
    return name
