"""Which directories must stay writable when the container's root is mounted read-only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.filetree import Entry, FileTree
from jettison.paths import ROOT, ImagePath
from jettison.trace import Operation, Origin, TraceLog

# Every runtime mounts these itself: OCI runtime-spec 1.1, "Default Filesystems".
_RUNTIME_OWNED: Final = ("/dev", "/proc", "/sys")
_TEMPORARY: Final = ImagePath("/tmp")  # noqa: S108  # a path inside the image


class WritableCause(StrEnum):
    """Why a path is on the list."""

    VOLUME = "volume"
    WRITTEN = "written"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True, kw_only=True)
class WritablePath:
    """A directory, or a file the image has, that the app changes.

    Shape: `has_content` says that the image keeps something in it, so an empty tmpfs or emptyDir
    mounted over it would hide that; `example` is the first path that was written, if one was.
    """

    path: ImagePath
    cause: WritableCause
    has_content: bool
    example: str = ""


def find_writable(
    trace: TraceLog,
    tree: FileTree,
    volumes: Iterable[str] = (),
    *,
    origins: frozenset[Origin] = frozenset({Origin.APP, Origin.HEALTHCHECK}),
) -> tuple[WritablePath, ...]:
    """The list, sorted; nothing on it is inside another directory on it.

    What the file modes of the image forbid the writer does not count, nor does Python's own
    byte code, without which Python works as well.
    """
    found: dict[ImagePath, WritablePath] = {}
    for text in volumes:
        reached = tree.resolve(text)
        path = reached.path if reached.entry is not None else ImagePath.parse(text)
        found[path] = _listed(tree, path, WritableCause.VOLUME, "")
    temporary = tree.resolve(_TEMPORARY)
    if temporary.entry is not None and temporary.entry.is_directory:
        path = temporary.path
        found.setdefault(path, _listed(tree, path, WritableCause.TEMPORARY, ""))
    pids = trace.pids(*origins)
    for access in trace.accesses:
        if access.operation is not Operation.WRITE or access.pid not in pids:
            continue
        target = _target(tree, access.path, access.uid)
        if target is not None:
            listed = _listed(tree, target, WritableCause.WRITTEN, access.path)
            found.setdefault(target, listed)
    return tuple(
        found[path] for path in sorted(found) if not any(parent in found for parent in path.parents)
    )


def _listed(tree: FileTree, path: ImagePath, cause: WritableCause, example: str) -> WritablePath:
    entry = tree.get(path)
    has_content = entry is not None and (not entry.is_directory or bool(tree.children(path)))
    return WritablePath(path=path, cause=cause, has_content=has_content, example=example)


def _target(tree: FileTree, path: ImagePath, uid: int) -> ImagePath | None:
    """The directory or file that must be writable for this access; None if it does not count."""
    if any(path.is_below(owned) for owned in _RUNTIME_OWNED) or _is_bytecode(path):
        return None
    reached = tree.resolve(path)
    here, entry = reached.path, reached.entry
    if entry is not None:
        return here if here != ROOT and may_write(entry, uid) else None
    # What is not in the image was made during the run, in the nearest directory that is.
    while entry is None:
        here = here.parent
        entry = tree.get(here)
    if any(here.is_below(owned) for owned in _RUNTIME_OWNED):
        return None
    return here if entry.is_directory and may_write(entry, uid) else None


def _is_bytecode(path: ImagePath) -> bool:
    return "/__pycache__" in path or ".pyc." in path.name or path.suffix == ".pyc"


def may_write(entry: Entry, uid: int) -> bool:
    """Whether the mode lets this user write; groups are not known, so theirs counts for all."""
    return uid == 0 or bool(entry.mode & (0o222 if entry.uid == uid else 0o022))
