"""Findings as rows of the scan's document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jettison.image import Image
from jettison.paths import printable
from jettison.report.scan_document import (
    Epss,
    FindingRow,
    FoundPackage,
    IgnoredRow,
    InstalledPackage,
    Kev,
    LayerOrigin,
)
from jettison.scan.component import Component
from jettison.scan.ignores import Ignored
from jettison.scan.match import Finding
from jettison.scan.purls import purl_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingContext:
    """What rows need beside the findings: the image's layers, and what others say of a CVE."""

    layers: Sequence[LayerOrigin] = ()
    epss: Callable[[str], Epss | None] = lambda _: None
    kev: Callable[[str], Kev | None] = lambda _: None


def layer_origins(
    image: Image, instructions: Sequence[str], *, last_of_base: int
) -> tuple[LayerOrigin, ...]:
    """One for each layer; `instructions` are those of the history, empty where it tells none."""
    return tuple(
        LayerOrigin(
            index=index,
            diff_id=diff_id,
            instruction=printable(" ".join(instruction.split())),
            is_base=index <= last_of_base,
        )
        for index, (diff_id, instruction) in enumerate(
            zip(image.config.diff_ids, instructions, strict=True)
        )
    )


def finding_row(finding: Finding, context: FindingContext) -> FindingRow:
    """A finding as a row."""
    first = _principal(finding)
    cve = finding.id if finding.id.startswith("CVE-") else ""
    chains = dict.fromkeys(
        chain for package in finding.packages for chain in package.introduced_through
    )
    layer = first.layer
    return FindingRow(
        id=finding.id,
        aliases=finding.aliases,
        severity=finding.rating.severity,
        score=finding.rating.score,
        vector=finding.rating.vector,
        severity_source=finding.rating.source,
        summary=finding.summary,
        package=FoundPackage(
            type=first.type,
            name=printable(first.name),
            version=printable(first.version),
            source=printable(first.source),
            source_version=printable(first.source_version),
            purl=purl_of(first),
        ),
        packages=tuple(_installed(package) for package in finding.packages),
        fixed_version=finding.fixed_version,
        layer=context.layers[layer] if layer is not None and layer < len(context.layers) else None,
        introduced_through=tuple(tuple(map(printable, chain)) for chain in chains),
        links=finding.links or (f"https://osv.dev/vulnerability/{finding.id}",),
        epss=context.epss(cve) if cve else None,
        kev=context.kev(cve) if cve else None,
    )


def _principal(finding: Finding) -> Component:
    """The package that is called as its source is, else the first."""
    for package in finding.packages:
        if package.name == package.source:
            return package
    return finding.packages[0]


def ignored_row(ignored: Ignored, context: FindingContext) -> IgnoredRow:
    """An ignored finding as a row."""
    return IgnoredRow(
        finding=finding_row(ignored.finding, context),
        by=ignored.by,
        reason=ignored.reason,
        until=None if ignored.until is None else ignored.until.isoformat(),
    )


def _installed(package: Component) -> InstalledPackage:
    return InstalledPackage(
        name=printable(package.title),
        version=printable(package.version),
        location=printable(package.record),
        layer=package.layer,
        purl=purl_of(package),
        owner=printable(package.owner),
    )


def by_package(findings: Sequence[FindingRow]) -> Mapping[tuple[str, str, str], list[FindingRow]]:
    """Findings by type, source and its version, those with the worst first."""
    found: dict[tuple[str, str, str], list[FindingRow]] = {}
    for finding in findings:
        package = finding.package
        found.setdefault((package.type, package.source, package.source_version), []).append(finding)
    return found
