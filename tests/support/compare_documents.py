"""A comparison's document with all that it can hold."""

from __future__ import annotations

import msgspec

from jettison.paths import ImagePath
from jettison.report.compare_document import (
    ComparedImage,
    CompareDocument,
    Push,
    PushKind,
    count_outcomes,
    left_rows,
    vulnerability_row,
)
from jettison.report.facts import ImageFacts
from jettison.report.scan_document import Totals, UntestedRow, count_totals
from jettison.report.scan_rows import FindingContext
from jettison.report.slim_document import Stage
from jettison.scan.compare import Smaller, compare
from jettison.scan.package_files import PackageFiles, Presence
from support.scan_documents import scan_document, scan_findings, scan_packages


def image_facts(name: str, size: int) -> ImageFacts:
    """Of an image of so many bytes."""
    return ImageFacts(
        reference=name,
        digest=f"sha256:{size:064x}",
        size_bytes=size,
        compressed_size_bytes=size // 3,
        is_compressed=True,
        file_count=size // 10_000,
        os_package_count=size // 5_000_000,
        python_package_count=20,
        setuid_count=0,
        shell_count=1,
        exec_layer_count=1,
        layer_count=3,
    )


def _image(name: str, size: int, counted: Totals, recorded: Totals) -> ComparedImage:
    return ComparedImage(
        facts=image_facts(name, size),
        distribution="Debian GNU/Linux 12 (bookworm)",
        packages_tested=4,
        vulnerabilities=counted,
        recorded=recorded,
        scan_seconds=size / 1e9,
        push=Push(
            seconds=size / 3 / 12_500_000,
            kind=PushKind.ESTIMATED,
            note="estimated, 100 Mbit/s",
        ),
    )


def compare_document() -> CompareDocument:
    """The packages of the sample scan: one stays, one goes, one loses its record."""
    libssl, openssl, jinja, flask = scan_packages()
    files = {
        package: PackageFiles(sizes={ImagePath.parse(f"/x/{package.name}"): 100})
        for package in (libssl, openssl, jinja, flask)
    }
    findings = scan_findings()
    kept = [finding for finding in findings if finding.affected_name == "openssl"]
    smaller = Smaller(
        components=[libssl],
        findings=[],
        presence=Presence(present=frozenset(map(ImagePath.parse, ["/x/libssl3", "/x/flask"]))),
    )
    rows = tuple(
        vulnerability_row(verdict, FindingContext())
        for verdict in compare(findings, files, smaller)
    )
    added = scan_document().findings[:1]
    counted = count_totals(rows)
    return CompareDocument(
        original=_image("docker:shop", 980_000_000, counted, counted),
        slimmed=_image(
            "docker:shop.slim", 30_000_000, count_totals(left_rows(rows, added)), count_totals(())
        ),
        outcomes=count_outcomes(rows),
        vulnerabilities=rows,
        added=added,
        untested=(UntestedRow(what="python 3.12.1", where="", reason="OSV has no advisories"),),
        notices=("the slimmed image names no release",),
        stages=(Stage(name="match", seconds=0.1),),
        fail_on="never",
        passed=bool(kept),
    )


def measured_document() -> CompareDocument:
    """The same, of images that an engine has, pushed to a registry."""
    document = compare_document()

    def measured(image: ComparedImage, seconds: float) -> ComparedImage:
        return msgspec.structs.replace(
            image,
            facts=msgspec.structs.replace(image.facts, is_compressed=False),
            push=Push(seconds=seconds, kind=PushKind.MEASURED, note="to 127.0.0.1"),
        )

    return msgspec.structs.replace(
        document,
        original=measured(document.original, 21.5),
        slimmed=measured(document.slimmed, 0.8),
    )
