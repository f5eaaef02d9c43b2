"""`removed.json`: each path that the slimmed image has not, by the package it belonged to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from jettison.filetree import Entry
from jettison.paths import ImagePath
from jettison.report.container_report import ImageName, RunRecord, SlimmedRecord
from jettison.report.documents import Count, encode
from jettison.selection import Selection

UNREACHED: Final = "nothing that runs was seen to need it"
_REPLACED: Final = "its byte code stands in its place"
_MOVED: Final = "it stands in its source's place"


class RemovedGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths that had one owner and were left out for one reason.

    Shape: `owner` is a package or empty; `whole` says that nothing of that package is kept;
    `files` are (path, size in bytes), sorted; directories are named only where they were empty.
    Units: `size_bytes` sums them, a hard-linked file once.
    """

    owner: str
    why: str
    whole: bool
    file_count: Count
    size_bytes: Count
    files: tuple[tuple[str, Count], ...]


class RemovedReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that was left out, the groups sorted by owner and reason."""

    kind: Literal["removed"] = "removed"
    schema_version: Literal[1] = 1
    original: ImageName
    slimmed: ImageName
    file_count: Count
    size_bytes: Count
    groups: tuple[RemovedGroup, ...]


def make_removed_report(run: RunRecord, slimmed: SlimmedRecord) -> RemovedReport:
    """Put the report together."""
    why = _why(slimmed.selection)
    removed: dict[tuple[str, str], list[Entry]] = {}
    owners_kept: set[str] = {run.owner(code.source) for code in slimmed.selection.bytecode}
    for path, entry in run.tree.items():
        if entry.is_directory and (path in slimmed.tree or run.tree.children(path)):
            continue
        owner = run.owner(path)
        if path in slimmed.tree:
            owners_kept.add(owner)
        else:
            removed.setdefault((owner, why(path)), []).append(entry)
    groups = tuple(
        RemovedGroup(
            owner=owner,
            why=reason,
            whole=bool(owner) and owner not in owners_kept,
            file_count=sum(not entry.is_directory for entry in entries),
            size_bytes=_size_bytes(entries),
            files=tuple((entry.path, entry.size_bytes) for entry in entries),
        )
        for (owner, reason), entries in sorted(removed.items())
    )
    return RemovedReport(
        original=run.original,
        slimmed=slimmed.name,
        file_count=sum(group.file_count for group in groups),
        size_bytes=sum(group.size_bytes for group in groups),
        groups=groups,
    )


def render_removed_report(report: RemovedReport) -> bytes:
    """The report as JSON on one line: it is long."""
    return encode(report)


def _why(selection: Selection) -> Callable[[ImagePath], str]:
    """Tells why a path is not kept; a directory's reason is that of all below it."""
    known = dict(selection.dropped)
    for code in selection.bytecode:
        known.setdefault(code.source, _REPLACED)
        if code.stored is not None and code.stored != code.target:
            known.setdefault(code.stored, _MOVED)
    inherited: dict[ImagePath, str] = {}

    def of(path: ImagePath) -> str:
        found = known.get(path)
        if found is not None:
            return found
        if path == "/":
            return UNREACHED
        above = path.parent
        found = inherited.get(above)
        if found is None:
            found = inherited[above] = of(above)
        return found

    return of


def _size_bytes(entries: list[Entry]) -> int:
    return sum(
        entry.size_bytes
        for entry in entries
        if entry.is_file and entry.hardlink in (None, entry.path)
    )
