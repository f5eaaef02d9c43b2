"""Which version of a vulnerable distribution is the nearest that is free of what is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from packaging.version import InvalidVersion, Version

from jettison.scan.component import Component
from jettison.scan.match import Finding, FindRecords, match


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What becomes of one distribution.

    Shape: `after` is None where no version is better; `fixed` are the ids that it is rid of then,
    `remaining` those that it still has; `available` is a better version that could not be taken.
    """

    component: Component
    after: str | None
    fixed: tuple[str, ...]
    remaining: tuple[str, ...]
    available: str | None = None

    @property
    def undone(self) -> Upgrade:
        """The same where the version cannot be taken."""
        left = (*self.fixed, *(name for name in self.remaining if name not in self.fixed))
        found = self.after or self.available
        return replace(self, after=None, fixed=(), remaining=left, available=found)


def choose_upgrade(
    component: Component,
    findings: Sequence[Finding],
    versions: Iterable[str],
    find: FindRecords,
) -> Upgrade:
    """The smallest version after the component's own with the fewest vulnerabilities.

    Shape: `versions` in any order, those that can be installed; a pre-release is taken only by who
    has one already.
    """
    before = tuple(finding.id for finding in findings)
    best: tuple[int, str, tuple[str, ...]] | None = None
    for version in _later(component.version, versions):
        tried = replace(component, version=version, source_version=version)
        left = tuple(finding.id for finding in match([tried], find).findings)
        if best is None or len(left) < best[0]:
            best = (len(left), version, left)
        if not left:
            break
    if best is None or best[0] >= len(before):
        return Upgrade(component=component, after=None, fixed=(), remaining=before)
    gone = tuple(name for name in before if name not in best[2])
    return Upgrade(component=component, after=best[1], fixed=gone, remaining=best[2])


def _later(current: str, versions: Iterable[str]) -> list[str]:
    """Later versions, the nearest first."""
    try:
        own = Version(current)
    except InvalidVersion:
        return []
    found: dict[Version, str] = {}
    for text in versions:
        try:
            version = Version(text)
        except InvalidVersion:
            continue
        if version > own and (own.is_prerelease or not version.is_prerelease):
            found.setdefault(version, text)
    return [found[version] for version in sorted(found)]
