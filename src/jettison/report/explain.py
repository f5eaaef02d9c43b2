"""Say why a path is kept or not, from the reports of a run (`jettison why`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from jettison.paths import ImagePath, printable
from jettison.report.container_report import ContainerReport, KeptBecause, KeptPath
from jettison.report.documents import decode
from jettison.report.removed import RemovedReport

# Linux gives up after 40 links in one look-up: path_resolution(7), MAXSYMLINKS.
_MAX_LINKS = 40


class Fate(StrEnum):
    """What became of a path."""

    KEPT = "kept"
    DROPPED = "dropped"
    UNKNOWN = "unknown"  # neither in the original nor in the slimmed image


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One link of a chain: this path is kept for this reason."""

    path: str
    reason: KeptBecause


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer for one path.

    Shape: `path` is the real one, after the links in `links`; `kept` is its entry; `chains` has
    for each of its reasons the shortest way to one that needs no other, this path first.
    `owner` and `why` are of a dropped path; for a directory, `dropped_count` and
    `dropped_size_bytes` are of what was dropped below it.
    """

    path: str
    fate: Fate
    links: tuple[str, ...] = ()
    kept: KeptPath | None = None
    chains: tuple[tuple[Step, ...], ...] = ()
    owner: str = ""
    why: str = ""
    dropped_count: int = 0
    dropped_size_bytes: int = 0


def parse_container_report(raw: bytes) -> ContainerReport:
    """Read a `creport.json`.

    Raises: UsageError.
    """
    return decode(raw, ContainerReport, what="creport.json")


def parse_removed_report(raw: bytes) -> RemovedReport:
    """Read a `removed.json`.

    Raises: UsageError.
    """
    return decode(raw, RemovedReport, what="removed.json")


def explain_path(
    path: ImagePath, report: ContainerReport, removed: RemovedReport | None
) -> Explanation:
    """Why `path` is in the slimmed image, or why it is not. Links on the way are followed."""
    kept = {item.path: item for item in report.kept}
    real, links = _follow(printable(path), kept)
    count, size_bytes = _dropped_below(real, removed)
    found = kept.get(real)
    if found is not None:
        return Explanation(
            path=real,
            fate=Fate.KEPT,
            links=links,
            kept=found,
            chains=tuple(_chain(Step(path=real, reason=item), kept) for item in found.reasons),
            dropped_count=count,
            dropped_size_bytes=size_bytes,
        )
    for group in removed.groups if removed else ():
        for name, size in group.files:
            if name == real:
                return Explanation(
                    path=real,
                    fate=Fate.DROPPED,
                    links=links,
                    owner=group.owner,
                    why=group.why,
                    dropped_size_bytes=size,
                )
    return Explanation(
        path=real,
        fate=Fate.DROPPED if count else Fate.UNKNOWN,
        links=links,
        dropped_count=count,
        dropped_size_bytes=size_bytes,
    )


def _follow(path: str, kept: Mapping[str, KeptPath]) -> tuple[str, tuple[str, ...]]:
    """The real path behind links of directories; a link in the last place is asked about itself."""
    links: list[str] = []
    while len(links) < _MAX_LINKS:
        here = ImagePath.parse(path)
        link = next(
            (
                item
                for above in reversed(here.parents)
                if (item := kept.get(above)) is not None and item.link_target is not None
            ),
            None,
        )
        if link is None or link.link_target is None:
            return here, tuple(links)
        links.append(link.path)
        rest = here[len(link.path) + 1 :]
        path = ImagePath.parse(link.path).parent / link.link_target / rest
    return path, tuple(links)


def _dropped_below(path: str, removed: RemovedReport | None) -> tuple[int, int]:
    if removed is None:
        return 0, 0
    start = path.rstrip("/") + "/"
    sizes = [
        size for group in removed.groups for name, size in group.files if name.startswith(start)
    ]
    return len(sizes), sum(sizes)


def _chain(first: Step, kept: Mapping[str, KeptPath]) -> tuple[Step, ...]:
    """The shortest way from one reason to a reason that needs no other path."""
    pending: deque[tuple[Step, ...]] = deque([(first,)])
    seen = {first.path}
    while pending:
        chain = pending.popleft()
        because = chain[-1].reason.because
        if because is None or because not in kept:
            return chain
        if because not in seen:
            seen.add(because)
            pending.extend(
                (*chain, Step(path=because, reason=reason)) for reason in kept[because].reasons
            )
    return (first,)
