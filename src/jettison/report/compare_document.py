"""What `jettison compare --format json` prints: each vulnerability of an image, and its fate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from jettison.paths import printable
from jettison.report.documents import Count, encode
from jettison.report.facts import ImageFacts
from jettison.report.scan_document import FindingRow, FoundPackage, Totals, UntestedRow
from jettison.report.scan_rows import FindingContext, finding_row
from jettison.report.slim_document import Stage
from jettison.scan.compare import GONE, Outcome, Verdict
from jettison.scan.severity import Severity


class PushKind(StrEnum):
    """How the time of a push is known."""

    MEASURED = "measured"
    ESTIMATED = "estimated"


class Push(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a push to a registry takes.

    Shape: `note` says to where it was measured, or by which rate it is estimated.
    """

    seconds: Annotated[float, msgspec.Meta(ge=0)]
    kind: PushKind
    note: str


class ComparedImage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two images.

    Shape: `vulnerabilities` counts those of the original, and of the slimmed image those that are
    remaining, unknown or added; `recorded` counts what a scanner finds by the image's records
    alone; `push` is null where nothing tells.
    Units: `scan_seconds` that reading its packages and matching them took here.
    """

    facts: ImageFacts
    distribution: str
    packages_tested: Count
    vulnerabilities: Totals
    recorded: Totals
    scan_seconds: Annotated[float, msgspec.Meta(ge=0)]
    push: Push | None


class EvidenceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one package that had the vulnerability.

    Shape: `version_after` is that of its record in the slimmed image, empty where there is none;
    `file_count` counts those of its files that could hold the vulnerability, `left_count` those
    that the slimmed image has, `examples` are some of these.
    """

    package: str
    version: str
    outcome: Outcome
    reason: str
    version_after: str
    file_count: Count
    left_count: Count
    examples: tuple[str, ...]


class VulnerabilityRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vulnerability of one package of the original; fields as in a scan's document."""

    id: str
    aliases: tuple[str, ...]
    severity: Severity
    score: float | None
    summary: str
    package: FoundPackage
    fixed_version: str | None
    links: tuple[str, ...]
    outcome: Outcome
    evidence: tuple[EvidenceRow, ...]


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The original's vulnerabilities by what became of them."""

    fixed: Count
    package_gone: Count
    file_gone: Count
    remaining: Count
    unknown: Count


class CompareDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two images, and every vulnerability of the first.

    Shape: `vulnerabilities` from the worst on; `added` are those that only the slimmed image has;
    `untested` is what could not be held against anything, `where` the image that has it:
    `original`, or `slimmed` for what only that one has.
    """

    kind: Literal["compare"] = "compare"
    schema_version: Literal[1] = 1
    original: ComparedImage
    slimmed: ComparedImage
    outcomes: Outcomes
    vulnerabilities: tuple[VulnerabilityRow, ...]
    added: tuple[FindingRow, ...]
    untested: tuple[UntestedRow, ...]
    notices: tuple[str, ...]
    stages: tuple[Stage, ...]
    fail_on: str
    passed: bool


def vulnerability_row(verdict: Verdict, context: FindingContext) -> VulnerabilityRow:
    """A verdict as a row."""
    row = finding_row(verdict.finding, context)
    return VulnerabilityRow(
        id=row.id,
        aliases=row.aliases,
        severity=row.severity,
        score=row.score,
        summary=row.summary,
        package=row.package,
        fixed_version=row.fixed_version,
        links=row.links,
        outcome=verdict.outcome,
        evidence=tuple(
            EvidenceRow(
                package=printable(item.package.title),
                version=printable(item.package.version),
                outcome=item.outcome,
                reason=printable(item.reason),
                version_after=printable(item.version_after),
                file_count=item.file_count,
                left_count=item.left_count,
                examples=tuple(map(printable, item.examples)),
            )
            for item in verdict.evidence
        ),
    )


def count_outcomes(rows: Iterable[VulnerabilityRow]) -> Outcomes:
    """How many of each."""
    counts = dict.fromkeys(Outcome, 0)
    for row in rows:
        counts[row.outcome] += 1
    return Outcomes(
        fixed=counts[Outcome.FIXED],
        package_gone=counts[Outcome.PACKAGE_GONE],
        file_gone=counts[Outcome.FILE_GONE],
        remaining=counts[Outcome.REMAINING],
        unknown=counts[Outcome.UNKNOWN],
    )


def left_rows(
    rows: Sequence[VulnerabilityRow], added: Sequence[FindingRow]
) -> tuple[VulnerabilityRow | FindingRow, ...]:
    """What the slimmed image has to answer for: whatever is not known to be gone."""
    return (*(row for row in rows if row.outcome not in GONE), *added)


def render_compare_document(document: CompareDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)
