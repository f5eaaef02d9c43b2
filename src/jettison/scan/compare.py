"""What became of each vulnerability of an image in a smaller one made from it.

Decided from the files that are there, never from a record that is missing:

| in the smaller image | outcome |
| --- | --- |
| a record of a version that the advisory does not hold | fixed |
| a record of another version that nothing is known of | unknown |
| no record, and none of the files that count | package-gone |
| the record, and none of the files that count | file-gone |
| the record, and some of them | remaining |
| no record, and some of them, or one of the same name and size elsewhere | unknown |
| files that no record ever listed | remaining with a record, else unknown |

Which file of a package is the vulnerable one no advisory of a distribution or of PyPI says, so as
long as one of those that count is there the vulnerability is not said to be gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.scan.component import Component
from jettison.scan.match import Finding
from jettison.scan.package_files import PackageFiles, Presence

_EXAMPLES: Final = 3


class Outcome(StrEnum):
    """From what is best to what is worst; a finding of several packages has the worst of theirs."""

    FIXED = "fixed"
    PACKAGE_GONE = "package-gone"
    FILE_GONE = "file-gone"
    UNKNOWN = "unknown"
    REMAINING = "remaining"


GONE: Final = frozenset({Outcome.FIXED, Outcome.PACKAGE_GONE, Outcome.FILE_GONE})
_RANKS: Final = {outcome: rank for rank, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one package: how many of its files count, how many are left, which.

    Shape: `version_after` is that of the record in the smaller image, empty where there is none;
    `examples` are paths in it.
    """

    package: Component
    outcome: Outcome
    reason: str
    version_after: str = ""
    file_count: int = 0
    left_count: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one finding."""

    finding: Finding
    outcome: Outcome
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Smaller:
    """The smaller image: its packages, its findings, and which files of the original it has.

    Shape: `unreadable` are those of its packages that no advisory, or not all, could be held
    against: their versions cannot be read, or there are no advisories for their release.
    """

    components: Sequence[Component]
    findings: Sequence[Finding]
    presence: Presence
    unreadable: frozenset[Component] = frozenset()


def compare(
    findings: Iterable[Finding], files: Mapping[Component, PackageFiles], smaller: Smaller
) -> tuple[Verdict, ...]:
    """A verdict on each finding of the original, in their order."""
    judge = _Judge(files, smaller)
    return tuple(judge.verdict(finding) for finding in findings)


def find_added(
    findings: Iterable[Finding], smaller_findings: Iterable[Finding]
) -> tuple[Finding, ...]:
    """Vulnerabilities that only the smaller image has, or has in another package."""
    known = {(name, *_identity(finding)) for finding in findings for name in finding.ids}
    return tuple(
        finding
        for finding in smaller_findings
        if not any((name, *_identity(finding)) in known for name in finding.ids)
    )


def _identity(finding: Finding) -> tuple[str, str]:
    return finding.packages[0].type, finding.affected_name


class _Judge:
    def __init__(self, files: Mapping[Component, PackageFiles], smaller: Smaller) -> None:
        self._files = files
        self._presence = smaller.presence
        self._unreadable = smaller.unreadable
        self._records = {component.record for component in files}
        self._by_name: dict[tuple[str, str], list[Component]] = {}
        for component in smaller.components:
            self._by_name.setdefault((component.type, component.name), []).append(component)
        self._affected: set[tuple[str, Component]] = {
            (name, component)
            for finding in smaller.findings
            for name in finding.ids
            for component in finding.packages
        }

    def verdict(self, finding: Finding) -> Verdict:
        evidence = tuple(self._evidence(finding, package) for package in finding.packages)
        worst = max((item.outcome for item in evidence), key=_RANKS.__getitem__)
        return Verdict(finding=finding, outcome=worst, evidence=evidence)

    def _evidence(self, finding: Finding, package: Component) -> Evidence:
        recorded = self._recorded(package)
        affected = [
            item
            for item in recorded
            if item.version == package.version
            or any((name, item) in self._affected for name in finding.ids)
        ]
        files = self._files.get(package, PackageFiles(sizes={}, is_known=False))
        if recorded and not affected:
            return self._upgraded(package, recorded)
        return self._by_files(package, files, affected)

    def _upgraded(self, package: Component, recorded: Sequence[Component]) -> Evidence:
        versions = ", ".join(sorted({item.version for item in recorded}))
        is_known = not self._unreadable.intersection(recorded)
        return Evidence(
            package=package,
            outcome=Outcome.FIXED if is_known else Outcome.UNKNOWN,
            reason=f"its version is {versions}, which "
            + ("the advisory does not hold" if is_known else "no advisory can be held against"),
            version_after=versions,
        )

    def _recorded(self, package: Component) -> list[Component]:
        """Its records in the smaller image."""
        found = self._by_name.get((package.type, package.name), [])
        if package.type != "python":
            return found
        # The same distribution may be in two environments, and stay in one of them; or it may
        # have moved to a place where the original had none.
        return [item for item in found if _site(item) == _site(package)] or [
            item for item in found if item.record not in self._records
        ]

    def _by_files(
        self, package: Component, files: PackageFiles, affected: Sequence[Component]
    ) -> Evidence:
        left = sorted(path for path in files.sizes if path in self._presence.present)
        alike = sorted(
            {found for path in files.sizes if (found := self._presence.alike.get(path)) is not None}
        )
        kind = "files of code" if files.has_code else "files"
        total = len(files.sizes)
        examples = tuple(left[:_EXAMPLES])
        if not files.is_known:
            outcome = Outcome.REMAINING if affected else Outcome.UNKNOWN
            reason = "no record lists its files, so nobody knows which are left"
        elif affected and not total:
            outcome = Outcome.REMAINING
            reason = "its record is there, and it had no files that could be looked for"
        elif affected and left:
            outcome = Outcome.REMAINING
            reason = f"its record and {len(left)} of {total} {kind} are there"
        elif left:
            outcome = Outcome.UNKNOWN
            reason = f"its record is gone, but {len(left)} of {total} {kind} are there"
        elif alike:
            outcome = Outcome.UNKNOWN
            reason = f"its {kind} are gone, but others of the same name and size are there"
            examples = tuple(alike[:_EXAMPLES])
        elif affected:
            outcome = Outcome.FILE_GONE
            reason = f"its record is there, but none of its {total} {kind}"
        elif not total:
            outcome = Outcome.PACKAGE_GONE
            reason = "its record is gone, and it had no files that could be looked for"
        else:
            outcome = Outcome.PACKAGE_GONE
            reason = f"neither its record nor any of its {total} {kind} is there"
        return Evidence(
            package=package,
            outcome=outcome,
            reason=reason,
            version_after=", ".join(sorted({item.version for item in affected})),
            file_count=total,
            left_count=len(left),
            examples=examples,
        )


def _site(component: Component) -> str:
    return component.record.rpartition("/")[0]
