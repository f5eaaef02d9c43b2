"""A scan's document with all that it can hold."""

from __future__ import annotations

from datetime import date

from jettison.digest import Digest
from jettison.report.scan_document import (
    Epss,
    FindingRow,
    Kev,
    LayerOrigin,
    ScanDocument,
    ScanTarget,
    TargetKind,
    TestedEcosystem,
    UntestedRow,
    WithoutRecord,
    count_totals,
)
from jettison.report.scan_rows import FindingContext, finding_row, ignored_row
from jettison.report.slim_document import Stage
from jettison.scan.component import Component
from jettison.scan.ignores import Ignored
from jettison.scan.match import Finding, match
from support.matching import Advisories, debian_package, make_record, python_package

_HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]
_CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


def scan_packages() -> list[Component]:
    """Those that the sample is about."""
    return [
        debian_package("libssl3", "3.0.20-1~deb12u2", "openssl", record="/var/lib/dpkg/status",
                       layer=0),
        debian_package("openssl", "3.0.20-1~deb12u2", record="/var/lib/dpkg/status", layer=0),
        python_package(
            "Jinja2", "3.1.2", layer=1, record="/x/jinja2.dist-info",
            introduced_through=(("flask 2.2.2", "Jinja2 3.1.2"),),
        ),
        python_package("flask", "2.2.2", layer=1, record="/x/flask.dist-info",
                       owner="deb python3-flask 2.2.2-3"),
    ]  # fmt: skip


def scan_findings() -> tuple[Finding, ...]:
    """One of each kind: rated and not, with and without a fix, ignored below."""
    source = Advisories(
        make_record("DEBIAN-CVE-2026-35189", "Debian:12/openssl", "introduced 0",
                    "fixed 3.0.22-1~deb12u2", summary="A buffer is read past its end",
                    references=[{"type": "ADVISORY", "url": "https://tracker.example/CVE-2026-1"}]),
        make_record("DEBIAN-CVE-2026-42767", "Debian:12/openssl", "introduced 0", urgency="low"),
        make_record("GHSA-h5c8-rqwp-cp95", "PyPI/jinja2", "introduced 0", "fixed 3.1.3",
                    aliases=["CVE-2024-22195"], severity=_HIGH, summary="Injection\x1b[2J"),
        make_record("PYSEC-2023-62", "PyPI/flask", "introduced 0", "fixed 2.2.5",
                    aliases=["CVE-2023-30861"], severity=_CRITICAL),
    )  # fmt: skip
    return match(scan_packages(), source.find).findings


def scan_document() -> ScanDocument:
    """The sample."""
    context = FindingContext(
        layers=tuple(
            LayerOrigin(
                index=index,
                diff_id=Digest.parse(f"sha256:{index:064x}"),
                instruction=instruction,
                is_base=index == 0,
            )
            for index, instruction in enumerate(["ADD rootfs.tar /", "RUN pip install -r r.txt"])
        ),
        epss=lambda cve: Epss(score=0.42, percentile=0.9) if cve == "CVE-2024-22195" else None,
        kev=lambda cve: (
            Kev(added="2026-01-02", due="2026-02-02", is_ransomware=False)
            if cve == "CVE-2024-22195"
            else None
        ),
    )
    counted: list[FindingRow] = []
    ignored = []
    for finding in scan_findings():
        if finding.affected_name == "flask":
            decision = Ignored(
                finding=finding, reason="not reached", until=date(2026, 12, 31), by="jettison.toml"
            )
            ignored.append(ignored_row(decision, context))
        else:
            counted.append(finding_row(finding, context))
    findings = tuple(counted)
    return ScanDocument(
        target=ScanTarget(
            kind=TargetKind.IMAGE,
            reference="docker:shop",
            digest=Digest.parse(f"sha256:{7:064x}"),
            platform="linux/amd64",
            distribution="Debian GNU/Linux 12 (bookworm)",
        ),
        findings=findings,
        bundled=(findings[0],),
        ignored=tuple(ignored),
        totals=count_totals(findings, ignored=len(ignored)),
        packages_tested=4,
        ecosystems=(
            TestedEcosystem(name="Debian:12", packages=2, fetched_at="2026-11-28T00:00:00+00:00"),
            TestedEcosystem(name="PyPI", packages=2, fetched_at="2026-11-28T00:00:00+00:00"),
        ),
        untested=(UntestedRow(what="python 3.12.1", where="", reason="OSV has no advisories"),),
        without_files=("deb leftover 1.0",),
        without_record=WithoutRecord(file_count=2, examples=("/opt/tool", "/usr/bin/odd")),
        notices=("the ignore of CVE-1 fits nothing any more",),
        stages=(Stage(name="match", seconds=0.1),),
        fail_on="any",
        passed=False,
    )
