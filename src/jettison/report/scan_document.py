"""What `jettison scan --format json` prints, its schema published."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal, Protocol

import msgspec

from jettison.report.documents import Count, DigestText, encode
from jettison.report.slim_document import Stage
from jettison.scan.severity import Severity


class TargetKind(StrEnum):
    """What was scanned."""

    IMAGE = "image"
    PROJECT = "project"
    BILL = "sbom"


class ScanTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was scanned: an image by its digest, or files.

    Shape: `digest`, `platform` and `distribution` are those of an image; `files` are what was read
    of a project, or the bill of materials.
    """

    kind: TargetKind
    reference: str
    digest: DigestText | None = None
    platform: str = ""
    distribution: str = ""
    files: tuple[str, ...] = ()


class LayerOrigin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The layer that brought a package; `index` counts from 0, `instruction` is its history's."""

    index: Count
    diff_id: DigestText
    instruction: str
    is_base: bool


class FoundPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What advisories know the package as, and what is installed of it.

    Shape: `name` and `version` are those of the one that is called as its source is, else of the
    first; `source` and `source_version` those of the source package, the same where there is no
    other; `purl` is its package URL.
    """

    type: str
    name: str
    version: str
    source: str
    source_version: str
    purl: str


class InstalledPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One that has the vulnerability: where its record is, and which layer brought it.

    Shape: `owner` is the OS package that a Python one is a part of, empty for most; distributions
    fix what they ship without taking over the new version.
    """

    name: str
    version: str
    location: str
    layer: Count | None
    purl: str
    owner: str = ""


class Kev(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the vulnerability is known to have been used; dates as CISA gives them."""

    added: str
    due: str
    is_ransomware: bool


class Epss(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How likely it is to be used within 30 days."""

    score: Annotated[float, msgspec.Meta(ge=0, le=1)]
    percentile: Annotated[float, msgspec.Meta(ge=0, le=1)]


class FindingRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vulnerability of one package.

    Shape: `severity_source` is `CVSS 3.1`, `Debian`, …, empty where nobody rated it; `packages`
    are all that are installed of it, binary packages of one source among them; `fixed_version`
    is null where there is no fix; `layer` is that of `package`, null outside of images;
    `introduced_through` are chains of Python requirements, each ending with the package.
    """

    id: str
    aliases: tuple[str, ...]
    severity: Severity
    score: float | None
    vector: str
    severity_source: str
    summary: str
    package: FoundPackage
    packages: tuple[InstalledPackage, ...]
    fixed_version: str | None
    layer: LayerOrigin | None
    introduced_through: tuple[tuple[str, ...], ...]
    links: tuple[str, ...]
    epss: Epss | None = None
    kev: Kev | None = None


class IgnoredRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that does not count: who says so, why, and until when (inclusive)."""

    finding: FindingRow
    by: str
    reason: str
    until: str | None


class Totals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings by severity; `vulnerabilities` is the sum, `fixable` those that have a fix."""

    vulnerabilities: Count
    critical: Count
    high: Count
    medium: Count
    low: Count
    unknown: Count
    fixable: Count = 0
    ignored: Count = 0


class UntestedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was not tested, where it was found, and why not."""

    what: str
    where: str
    reason: str


class TestedEcosystem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Advisories of one ecosystem: how many packages were held against them, and their age."""

    name: str
    packages: Count
    fetched_at: str


class WithoutRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Programs, libraries and modules that no package's record lists; `examples` are some paths."""

    file_count: Count
    examples: tuple[str, ...]


class ScanDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was tested, what was found, and what could not be told.

    Shape: `findings` from the worst on; `bundled` are findings in what packages carry in themselves
    without a record of its own, as pip does, which no total counts; `untested` and `notices` say
    what is not covered; `without_files` are packages whose record is there and whose files are
    not; `fail_on` is the least severity that fails, `any` or `never`; `passed` whether none
    reached it.
    """

    kind: Literal["scan"] = "scan"
    schema_version: Literal[1] = 1
    target: ScanTarget
    findings: tuple[FindingRow, ...]
    bundled: tuple[FindingRow, ...]
    ignored: tuple[IgnoredRow, ...]
    totals: Totals
    packages_tested: Count
    ecosystems: tuple[TestedEcosystem, ...]
    untested: tuple[UntestedRow, ...]
    without_files: tuple[str, ...]
    without_record: WithoutRecord | None
    notices: tuple[str, ...]
    stages: tuple[Stage, ...]
    fail_on: str
    passed: bool


class Counted(Protocol):
    """A row that has a severity, and perhaps a fix."""

    @property
    def severity(self) -> Severity:
        """How bad it is."""

    @property
    def fixed_version(self) -> str | None:
        """What fixes it."""


def count_totals(findings: Sequence[Counted], *, ignored: int = 0) -> Totals:
    """Findings by severity."""
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return Totals(
        vulnerabilities=len(findings),
        critical=counts[Severity.CRITICAL],
        high=counts[Severity.HIGH],
        medium=counts[Severity.MEDIUM],
        low=counts[Severity.LOW],
        unknown=counts[Severity.UNKNOWN],
        fixable=sum(finding.fixed_version is not None for finding in findings),
        ignored=ignored,
    )


def totals_line(document: ScanDocument) -> str:
    """`442 packages tested, 3 vulnerabilities: 0 critical, 1 high, …`."""
    totals = document.totals
    tested = f"{document.packages_tested} package{'' if document.packages_tested == 1 else 's'}"
    found = totals.vulnerabilities
    return (
        f"{tested} tested, {found} vulnerabilit{'y' if found == 1 else 'ies'}: "
        f"{totals.critical} critical, {totals.high} high, {totals.medium} medium, "
        f"{totals.low} low, {totals.unknown} unknown"
    )


def render_scan_document(document: ScanDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)
