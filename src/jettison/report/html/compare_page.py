"""The page of a comparison."""

from __future__ import annotations

from collections import Counter

from jettison.report.compare_document import CompareDocument
from jettison.report.compare_rows import comparison_rows
from jettison.report.html.page import Page, render_page
from jettison.scan.compare import Outcome


def render_compare_page(document: CompareDocument) -> bytes:
    """One HTML file with all of the document in it."""
    counts = Counter(row.outcome for row in document.vulnerabilities)
    return render_page(
        Page(
            template="compare.html.j2",
            title=f"{document.slimmed.facts.reference} · Comparison",
            styles=("assets/scan.css",),
            scripts=("assets/vulnerabilities.js", "assets/compare.js"),
            extra={
                "rows": comparison_rows(document),
                "outcomes": [(item.value, counts[item]) for item in reversed(Outcome)],
            },
        ),
        document,
    )
