"""`jettison init`: propose the files that make a good image of a project, and write them."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jettison.edge.files import atomic_write
from jettison.errors import HostError, JettisonError, UsageError
from jettison.scaffold.plan import Plan, Wishes, make_plan
from jettison.scaffold.project import Project
from jettison.scaffold.render import DOCKERFILE, IGNORE_FILE, NGINX, render_files

_MOST_FILES: Final = 20_000
_MAX_TEXT_BYTES: Final = 2 << 20
_TEXTS: Final = (".py", ".txt", ".toml", ".cfg", ".lock", ".in", ".flaskenv", ".python-version")
_NAMED: Final = ("Pipfile", ".env.example", "Procfile")
_PASSED_OVER: Final = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """`jettison init`.

    Shape: with `only_missing` what is there stays, and where there is a Dockerfile already only
    `.dockerignore` is added, as the rest would be about another one; `resolve` gives the digest of
    a reference, or raises a JettisonError where no registry answers.
    """

    directory: Path
    wishes: Wishes
    only_missing: bool = False
    force: bool = False
    dry_run: bool = False
    resolve: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """What was decided and written.

    Shape: `files` by path in the project; `written` those that are new or changed; `diff` what
    changes, as a unified diff; `notices` what the user should know.
    """

    plan: Plan
    base: str
    files: Mapping[str, str]
    written: tuple[str, ...]
    diff: str
    notices: tuple[str, ...]


def init(request: InitRequest) -> InitResult:
    """Read the project, decide, and write; nothing is written unless everything can be.

    Raises: UsageError for a project that cannot be understood, and for files that are there
    already; HostError for a directory that cannot be written to.
    """
    project = read_project(request.directory)
    plan = make_plan(project, request.wishes, today=datetime.now(UTC).date())
    base, nginx, notices = plan.base, NGINX, list[str]()
    # Nobody is asked for the digests of what is not written.
    if not (request.only_missing and _text(request.directory / DOCKERFILE) is not None):
        base, *notices = _pinned(plan.base, request.resolve)
        notices = [*plan.notices, *notices]
        if plan.is_web:
            nginx, *more = _pinned(NGINX, request.resolve)
            notices += more
    files = render_files(plan, base=base, nginx=nginx)
    present = {
        path: text for path in files if (text := _text(request.directory / path)) is not None
    }
    if request.only_missing:
        files = _missing(files, present)
    changed = tuple(path for path in files if present.get(path) != files[path])
    taken = [path for path in changed if path in present]
    if not request.dry_run:
        if taken and not request.force:
            raise UsageError(
                f"{request.directory}: {', '.join(taken)} {'is' if len(taken) == 1 else 'are'} "
                "there already; nothing was written",
                hint="look at the difference with --dry-run, replace them with --force",
            )
        _write(request.directory, {path: files[path] for path in changed})
    return InitResult(
        plan=plan,
        base=base,
        files=files,
        written=changed,
        diff="".join(_diff(path, present.get(path), files[path]) for path in changed),
        notices=tuple(notices),
    )


def _missing(files: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    wanted = files if DOCKERFILE not in present else {IGNORE_FILE: files[IGNORE_FILE]}
    return {path: text for path, text in wanted.items() if path not in present}


def read_project(directory: Path) -> Project:
    """The files of a directory that tell something, as values.

    Raises: UsageError if it is no directory or has far too many files.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is no directory", hint="name the directory of the project")
    paths: set[str] = set()
    texts: dict[str, str] = {}
    for path in _walk(directory):
        name = path.relative_to(directory).as_posix()
        paths.add(name)
        if len(paths) > _MOST_FILES:
            raise UsageError(
                f"{directory} has more than {_MOST_FILES} files",
                hint="name the directory of the app itself",
            )
        if path.name.endswith(_TEXTS) or path.name in _NAMED:
            text = _text(path)
            if text is not None:
                texts[name] = text
    return Project(name=directory.resolve().name, texts=texts, paths=frozenset(paths))


def _walk(directory: Path) -> Iterator[Path]:
    for root, directories, names in os.walk(directory):
        here = Path(root)
        directories[:] = sorted(
            name
            for name in directories
            if name not in _PASSED_OVER and not (here / name / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in sorted(names))


def _text(path: Path) -> str | None:
    """A file's text; None where there is none to be had."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_TEXT_BYTES + 1)
    except OSError:
        return None
    if len(raw) > _MAX_TEXT_BYTES or b"\0" in raw:
        return None
    return raw.decode("utf-8", "replace")


def _pinned(reference: str, resolve: Callable[[str], str]) -> tuple[str, ...]:
    """The reference with its digest; or as it is, and why."""
    if "@" in reference:
        return (reference,)
    try:
        return (f"{reference}@{resolve(reference)}",)
    except JettisonError as err:
        return reference, f"{reference} is not pinned, no digest could be had: {err.message}"


def _write(directory: Path, files: Mapping[str, str]) -> None:
    made: list[Path] = []
    try:
        for path, text in files.items():
            target = directory / path
            for parent in reversed(target.relative_to(directory).parents):
                if not (directory / parent).exists():
                    (directory / parent).mkdir()
                    made.append(directory / parent)
            is_new = not target.exists()
            with atomic_write(target) as out:
                out.write(text.encode())
            if is_new:
                made.append(target)
    except OSError as err:
        for new in reversed(made):
            if new.is_dir():
                new.rmdir()
            else:
                new.unlink()
        raise HostError(
            f"{err.filename or directory}: {err.strerror}; nothing was written",
            hint=f"{_cure(err)}, or print what would be written with --dry-run",
        ) from err


def _cure(err: OSError) -> str:
    is_full = err.errno in (errno.ENOSPC, errno.EDQUOT)
    return "free some space" if is_full else "make the directory writable"


def _diff(path: str, before: str | None, after: str) -> str:
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile="/dev/null" if before is None else f"a/{path}",
        tofile=f"b/{path}",
    )
    return "".join(lines)
