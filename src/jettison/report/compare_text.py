"""A comparison as text: the table, then what became of each vulnerability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from jettison.report.columns import Column, Cut, render_table, shorten, visible
from jettison.report.compare_document import CompareDocument, VulnerabilityRow
from jettison.report.compare_rows import comparison_rows, vulnerability_count
from jettison.scan.compare import Outcome

_ORDER: Final = (
    Outcome.REMAINING,
    Outcome.UNKNOWN,
    Outcome.FILE_GONE,
    Outcome.PACKAGE_GONE,
    Outcome.FIXED,
)
_MOST: Final = 20
_TITLES: Final = {
    Outcome.REMAINING: "remaining",
    Outcome.UNKNOWN: "unknown",
    Outcome.FILE_GONE: "file gone",
    Outcome.PACKAGE_GONE: "package gone",
    Outcome.FIXED: "fixed",
}


def render_compare_text(
    document: CompareDocument, *, width: int = 80, is_full: bool = False
) -> str:
    """Of each outcome at most twenty vulnerabilities unless `is_full`."""
    sections = [[*_head(document, width)]]
    for outcome in _ORDER:
        rows = [row for row in document.vulnerabilities if row.outcome is outcome]
        if rows:
            most = len(rows) if is_full else _MOST
            sections.append([*_outcome(outcome, rows, width, most)])
    sections.append([*_ending(document, width)])
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in sections if lines)


def _head(document: CompareDocument, width: int) -> Iterator[str]:
    columns = (
        Column(),
        Column(title=document.original.facts.reference, is_right=True, cut=Cut.START),
        Column(title=document.slimmed.facts.reference, is_right=True, cut=Cut.START),
        Column(is_right=True),
    )
    rows = [(row.label, row.original, row.slimmed, row.change) for row in comparison_rows(document)]
    yield from render_table(columns, rows, width=width, indent=0)


def _outcome(
    outcome: Outcome, rows: Sequence[VulnerabilityRow], width: int, most: int
) -> Iterator[str]:
    yield f"{_TITLES[outcome]}: {len(rows)}"
    for row in rows[:most]:
        package = f"{visible(row.package.source)} {visible(row.package.source_version)}"
        yield shorten(f"  {row.severity.upper():<8}  {visible(row.id)}  {package}", width, Cut.END)
        worst = [item for item in row.evidence if item.outcome is outcome] or list(row.evidence)
        first = worst[0]
        text = f"            {visible(first.package)}: {visible(first.reason)}"
        if first.examples:
            text += f", such as {visible(first.examples[0])}"
        if len(row.evidence) > 1:
            text += f" ({len(row.evidence)} packages)"
        yield shorten(text, width, Cut.END)
    if len(rows) > most:
        yield f"  … and {len(rows) - most} more; --all and --format json have them all"


def _ending(document: CompareDocument, width: int) -> Iterator[str]:
    if document.added:
        yield f"added: {len(document.added)}"
        for row in document.added[:_MOST]:
            package = f"{visible(row.package.source)} {visible(row.package.source_version)}"
            yield f"  {row.severity.upper():<8}  {visible(row.id)}  {package}"
    for item in document.untested[:_MOST]:
        what = (
            f"{visible(item.what)} of the {item.where} image" if item.where else visible(item.what)
        )
        yield shorten(f"not tested: {what}: {visible(item.reason)}", width, Cut.END)
    for notice in document.notices:
        yield f"note: {visible(notice)}"
    recorded = document.slimmed.recorded.vulnerabilities
    found = document.outcomes
    yield f"{vulnerability_count(document)} of the original:"
    yield (
        f"  {found.remaining} remaining, {found.unknown} unknown, {found.file_gone} file gone, "
        f"{found.package_gone} package gone, {found.fixed} fixed"
    )
    yield f"by its records alone a scanner finds {recorded} in {document.slimmed.facts.reference}"
