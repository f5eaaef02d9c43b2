"""Find what the slimmed image was asked for and lacks, and what belongs with it.

A miss is a fact about one run of the slimmed image. Adding it and trying again is the workflow's
work, with `repair.py` to keep the books.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from jettison.filetree import Entry, FileTree
from jettison.paths import ImagePath
from jettison.selection import Selection
from jettison.trace import FileAccess, Operation, Origin, TraceLog

# What a container runtime mounts or writes over, whatever the image has there.
_MOUNTED: Final = ("/dev", "/proc", "/sys")
_PROVIDED: Final = frozenset({"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"})
# A look-up that asks about a path, and does not need what is in it.
_ASKING: Final = frozenset({Operation.STAT, Operation.READLINK})
_ORIGINS: Final = (Origin.APP, Origin.HEALTHCHECK)

_LIBRARY: Final = re.compile(r".+\.so(\.[0-9.]+)?")
# Programs and settings stand side by side without having to do with each other.
_UNRELATED: Final = frozenset(
    {"/", "/bin", "/sbin", "/etc", "/lib", "/lib64", "/opt", "/usr", "/usr/lib", "/usr/share"}
    | {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/var/lib"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How much may be added along with one miss."""

    paths: int
    size_bytes: int


# One module of a distribution is seldom alone in being missed, but models and fonts that some
# distributions ship would undo the slimming.
_DISTRIBUTION: Final = Bound(paths=5000, size_bytes=64 << 20)
_PACKAGE: Final = Bound(paths=512, size_bytes=8 << 20)
_DIRECTORY: Final = Bound(paths=64, size_bytes=1 << 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A look-up of a path that the original has and the slimmed image lacks.

    Shape: `path` is real in the original: a link, or what was behind all links; `program` is what
    the process ran last, empty if it was never seen to execute one.
    """

    path: ImagePath
    operation: Operation
    pid: int
    program: str = ""

    def describe(self) -> str:
        """One line for people."""
        by = f" by {self.program}" if self.program else ""
        return f"{self.path}: {self.operation}{by}"


def _never(path: ImagePath) -> bool:  # noqa: ARG001  # the signature of every such test
    return False


def find_misses(
    trace: TraceLog,
    original: FileTree,
    slimmed: FileTree,
    selection: Selection,
    *,
    is_unwanted: Callable[[ImagePath], bool] = _never,
) -> tuple[Miss, ...]:
    """Each miss once, sorted by path.

    Shape: `trace` is of the slimmed image's run. Not a miss is what has an equivalent in the
    slimmed image, what the runtime provides, what only helpers of `--exec` asked for, and what
    `is_unwanted` says the user wanted gone.
    """
    pids = trace.pids(*_ORIGINS)
    programs = {
        process.pid: str(process.programs[-1][0]) for process in trace.processes if process.programs
    }
    search = _Search(original, slimmed, selection)
    found: dict[ImagePath, Miss] = {}
    for access in trace.accesses:
        if access.pid not in pids:
            continue
        for path in search.missing(access):
            if path not in found and not is_unwanted(path):
                found[path] = Miss(
                    path=path,
                    operation=access.operation,
                    pid=access.pid,
                    program=programs.get(access.pid, ""),
                )
    return tuple(found[path] for path in sorted(found))


def neighbours(
    miss: Miss, original: FileTree, owned: Callable[[ImagePath], Sequence[ImagePath]]
) -> tuple[ImagePath, ...]:
    """What to add for a miss: the path, what it leads to, and what is likely missed next.

    Shape: sorted; `owned` gives all paths of the Python distribution that a path belongs to, none
    if it belongs to none. A whole distribution is added if it is of sane size, else the modules
    beside a module, the other names of a library, the small files beside a data file.
    """
    reached = original.resolve(miss.path)
    found = {miss.path, *reached.links}
    if reached.entry is not None:
        found.add(reached.path)
        found.update(_companions(miss, reached.entry, original, owned))
    return tuple(sorted(found))


def _companions(
    miss: Miss,
    entry: Entry,
    original: FileTree,
    owned: Callable[[ImagePath], Sequence[ImagePath]],
) -> Iterable[ImagePath]:
    distribution = [path for path in owned(entry.path) if path in original]
    if distribution and _fits(distribution, original, _DISTRIBUTION):
        return distribution
    if _LIBRARY.fullmatch(entry.path.name):
        return _other_names(entry, original)
    if miss.operation is Operation.EXEC:
        return ()
    directory = entry.path if entry.is_directory else entry.path.parent
    if directory in _UNRELATED:
        return ()
    beside = [
        path
        for name in original.children(directory)
        if not original[path := directory / name].is_directory
    ]
    bound = _PACKAGE if directory / "__init__.py" in original else _DIRECTORY
    return beside if _fits(beside, original, bound) else ()


def _other_names(library: Entry, original: FileTree) -> Iterator[ImagePath]:
    """Links beside a library that lead to it: libx.so → libx.so.1 → libx.so.1.2."""
    directory = library.path.parent
    for name in original.children(directory):
        path = directory / name
        if original[path].is_symlink and original.resolve(path).path == library.path:
            yield path


def _fits(paths: Sequence[ImagePath], original: FileTree, bound: Bound) -> bool:
    return (
        len(paths) <= bound.paths
        and sum(original[path].size_bytes for path in paths) <= bound.size_bytes
    )


@dataclass(slots=True)
class _Search:
    original: FileTree
    slimmed: FileTree
    selection: Selection
    _replaced: frozenset[ImagePath] = field(init=False)

    def __post_init__(self) -> None:
        self._replaced = frozenset(
            code.source for code in self.selection.bytecode if code.target in self.slimmed
        )

    def missing(self, access: FileAccess) -> Iterator[ImagePath]:
        """The paths on the way of one look-up that only the original has."""
        reached = self.original.resolve(
            access.path, follow_last=access.operation is not Operation.READLINK
        )
        needed = [*reached.links, *((reached.path,) if reached.entry is not None else ())]
        for path in needed:
            if path not in self.slimmed and not self._has_equivalent(path, access.operation):
                yield path

    def _has_equivalent(self, path: ImagePath, operation: Operation) -> bool:
        if path in _PROVIDED or any(path.is_below(top) for top in _MOUNTED):
            return True
        # Python looks for stored byte code only to save time, and makes the directory anew.
        if path.name == "__pycache__" or path.parent.name == "__pycache__":
            return True
        # Tracebacks ask for sources and do without. Whoever opens one that was not found by
        # asking first wants its text: a script, a migration loaded by path.
        return path in self._replaced and operation in _ASKING
