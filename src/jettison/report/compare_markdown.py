"""A comparison as Markdown: the results table, and what became of each vulnerability."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.report.compare_document import CompareDocument, VulnerabilityRow
from jettison.report.compare_rows import comparison_rows, vulnerability_count
from jettison.report.markdown import cell, link, table
from jettison.scan.compare import GONE


def render_compare_markdown(document: CompareDocument) -> str:
    """What is left stands open, what is gone is folded."""
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(document: CompareDocument) -> Iterator[str]:
    one, other = document.original.facts, document.slimmed.facts
    yield f"## {cell(one.reference)} and {cell(other.reference)}"
    yield ""
    yield from table(
        ("", cell(one.reference), cell(other.reference), ""),
        [
            (cell(row.label.strip()), cell(row.original), cell(row.slimmed), cell(row.change))
            for row in comparison_rows(document)
        ],
    )
    found = document.outcomes
    yield ""
    yield (
        f"**{vulnerability_count(document)} of the original: {found.remaining} "
        f"remaining, {found.unknown} unknown, {found.file_gone} file gone, "
        f"{found.package_gone} package gone, {found.fixed} fixed.** "
        f"By its records alone a scanner finds {document.slimmed.recorded.vulnerabilities} in the "
        "slimmed image."
    )
    left = [row for row in document.vulnerabilities if row.outcome not in GONE]
    gone = [row for row in document.vulnerabilities if row.outcome in GONE]
    if left:
        yield ""
        yield from _table(left)
    if gone:
        yield ""
        yield f"<details><summary>{len(gone)} that are gone</summary>"
        yield ""
        yield from _table(gone)
        yield ""
        yield "</details>"
    for row in document.added:
        yield ""
        named = link(row.id, row.links[0])
        yield f"- added: {row.severity.value} {named} in {cell(row.package.name)}"
    for notice in document.notices:
        yield ""
        yield f"> {cell(notice)}"


def _table(rows: list[VulnerabilityRow]) -> Iterator[str]:
    yield from table(
        ("Severity", "Vulnerability", "Package", "Outcome", "Evidence"),
        [
            (
                row.severity.value,
                link(row.id, row.links[0]),
                f"{cell(row.package.source)} {cell(row.package.source_version)}",
                row.outcome.value,
                "<br>".join(
                    f"{cell(item.package)}: {cell(item.reason)}" for item in row.evidence[:3]
                )
                + (f"<br>and {len(row.evidence) - 3} more" if len(row.evidence) > 3 else ""),
            )
            for row in rows
        ],
    )
