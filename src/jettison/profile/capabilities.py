"""The smallest set of capabilities that what was observed needs, each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.filetree import Entry, FileTree
from jettison.trace import FileAccess, Operation, Origin, TraceLog

_MAX_EVIDENCE: Final = 5
_READ: Final = 0o4
_WRITE: Final = 0o2
_SEARCH: Final = 0o1
_DAC: Final = "DAC_OVERRIDE"

# Access checks that any program makes without needing a yes.
_LOOKING: Final = frozenset({Operation.STAT, Operation.READLINK, Operation.CHDIR})


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededCapability:
    """One capability, `name` without `CAP_`, and why: at most five different reasons, sorted."""

    name: str
    evidence: tuple[str, ...]


def find_needed(
    trace: TraceLog,
    tree: FileTree,
    *,
    origins: frozenset[Origin] = frozenset({Origin.APP, Origin.HEALTHCHECK}),
) -> tuple[NeededCapability, ...]:
    """Every capability that these processes used, sorted by name.

    Shape: to what the system calls showed, DAC_OVERRIDE is added where the user 0 reached
        something of the image that its mode bits alone keep from it.
    Source: capabilities(7).
    """
    pids = trace.pids(*origins)
    found: dict[str, set[str]] = {}
    for use in trace.capabilities:
        if use.pid in pids:
            found.setdefault(use.name, set()).add(use.evidence)
    for access in trace.accesses:
        if access.pid in pids and access.uid == 0:
            for evidence in _overrides(tree, access):
                found.setdefault(_DAC, set()).add(evidence)
    return tuple(
        NeededCapability(name=name, evidence=tuple(sorted(found[name])[:_MAX_EVIDENCE]))
        for name in sorted(found)
    )


def _overrides(tree: FileTree, access: FileAccess) -> Iterator[str]:
    reached = tree.resolve(access.path, follow_last=access.operation is not Operation.READLINK)
    for parent in reversed(reached.path.parents):
        entry = tree.get(parent)
        if entry is not None and not _allows(entry, _SEARCH):
            yield f"search {_show(entry)}"
            return
    entry = reached.entry
    if entry is None:
        above = tree.get(reached.path.parent)
        if access.operation is Operation.WRITE and above and not _allows(above, _WRITE):
            yield f"create in {_show(above)}"
        return
    wanted = _WRITE if access.operation is Operation.WRITE else _READ
    if access.operation not in _LOOKING and not _allows(entry, wanted):
        yield f"{'write' if wanted == _WRITE else 'read'} {_show(entry)}"


def _allows(entry: Entry, bit: int) -> bool:
    """Whether the mode lets user 0 of group 0 in, without any capability."""
    if entry.uid == 0:
        return bool(entry.mode >> 6 & bit)
    return bool((entry.mode >> 3 if entry.gid == 0 else entry.mode) & bit)


def _show(entry: Entry) -> str:
    return f"{entry.path} ({entry.mode:o}, {entry.uid}:{entry.gid})"
