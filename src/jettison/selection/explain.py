"""Why a path was kept, and what was left out, with its owner, its size and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jettison.analysis.ownership import Ownership
from jettison.analysis.python_packages import Distributions, read_distributions
from jettison.filetree import FileTree, RootFS
from jettison.paths import ImagePath
from jettison.selection.model import Reason, Rule, Selection

# A chain shows the most telling reason of each path: the user's wish before anything else, and
# being somebody's parent or link only where nothing better is known.
_ORDER: Final = tuple(Rule)
_RANK: Final = {
    rule: (rule in (Rule.PARENT, Rule.LINK, Rule.PACKAGE), rule is not Rule.USER, index)
    for index, rule in enumerate(_ORDER)
}
_NOT_REACHED: Final = "no rule reached it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One path of a chain and the reason that leads to the next."""

    path: ImagePath
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A file of the original that the slimmed image lacks.

    Shape: `owner` is such as "deb perl-base 5.36.0-7" or "pypi Flask 3.0", empty where no package
    owns it; `compiled` is where its byte code is, for a source that leaves.
    Units: `size_bytes` uncompressed; a hard link counts with the first of its names.
    """

    path: ImagePath
    size_bytes: int
    owner: str
    why: str
    compiled: ImagePath | None = None


def why(selection: Selection, path: ImagePath) -> tuple[Step, ...]:
    """The chain of reasons from this path to the one that stands for itself; empty if not kept.

    Shape: `path` is a real path of the original, or where the slimmed image has byte code.
    """
    reasons = _reasons_by_path(selection)
    chain: list[Step] = []
    seen: set[ImagePath] = set()
    here: ImagePath | None = path
    while here is not None and here not in seen and reasons.get(here):
        seen.add(here)
        reason = min(reasons[here], key=lambda item: (item.because in seen, _RANK[item.rule]))
        chain.append(Step(path=here, reason=reason))
        here = reason.because
    return tuple(chain)


def list_removed(rootfs: RootFS, selection: Selection) -> tuple[Removed, ...]:
    """Each file and link that is not in the slimmed image, in path order; directories left out."""
    compiled = {item.source: item.target for item in selection.bytecode}
    moved = {item.stored for item in selection.bytecode}
    ownership = Ownership.read(rootfs)
    distributions = _distributions(rootfs)
    found: list[Removed] = []
    for path, entry in rootfs.tree.items():
        if entry.is_directory or path in selection.kept or path in moved:
            continue
        reason = "its byte code is kept" if path in compiled else _why_dropped(selection, path)
        is_other_name = entry.hardlink is not None and entry.hardlink != path
        found.append(
            Removed(
                path=path,
                size_bytes=0 if is_other_name else entry.size_bytes,
                owner=_owner(path, ownership, distributions),
                why=reason,
                compiled=compiled.get(path),
            )
        )
    return tuple(found)


def _why_dropped(selection: Selection, path: ImagePath) -> str:
    """What a rule noted for the path or for the nearest directory above it."""
    for candidate in (path, *path.parents):
        if note := selection.dropped.get(candidate):
            return note
    return _NOT_REACHED


def _owner(path: ImagePath, ownership: Ownership, distributions: Distributions) -> str:
    package = ownership.find_owner(path)
    if package is not None:
        return str(package)
    distribution = distributions.owner(path)
    return f"pypi {distribution.title} {distribution.version}" if distribution else ""


def _distributions(rootfs: RootFS) -> Distributions:
    return read_distributions(rootfs, _site_directories(rootfs.tree))


def _site_directories(tree: FileTree) -> list[ImagePath]:
    return [
        path
        for path, entry in tree.items()
        if entry.is_directory and path.endswith(("/site-packages", "/dist-packages"))
    ]


def _reasons_by_path(selection: Selection) -> Mapping[ImagePath, tuple[Reason, ...]]:
    found = dict(selection.kept)
    for item in selection.bytecode:
        for path in (item.source, item.target):
            found[path] = (*item.reasons, *found.get(path, ()))
    return found
