"""The page of a scan."""

from __future__ import annotations

from jettison.report.html.page import Page, render_page
from jettison.report.scan_document import ScanDocument
from jettison.report.scan_rows import by_package
from jettison.scan.severity import Severity


def render_scan_page(document: ScanDocument) -> bytes:
    """One HTML file with all of the document in it."""
    totals = document.totals
    counts: list[tuple[str, int]] = [
        (severity.value, getattr(totals, severity.value)) for severity in Severity
    ]
    return render_page(
        Page(
            template="scan.html.j2",
            title=f"{document.target.reference} · Scan",
            styles=("assets/scan.css",),
            scripts=("assets/vulnerabilities.js", "assets/scan.js"),
            extra={"severities": counts, "package_count": len(by_package(document.findings))},
        ),
        document,
    )
