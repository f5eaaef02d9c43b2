"""A scan as Markdown, for a pull request or an issue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.report.columns import visible
from jettison.report.markdown import cell, link, table
from jettison.report.scan_document import FindingRow, ScanDocument, totals_line

_HEADINGS: Final = ("Severity", "Vulnerability", "Package", "Installed", "Fixed in", "Came in by")


def render_scan_markdown(document: ScanDocument) -> str:
    """A heading, the totals, a table of findings, and what could not be told."""
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(document: ScanDocument) -> Iterator[str]:
    target = document.target
    yield f"## Vulnerabilities in `{_code(target.reference)}`"
    yield ""
    yield f"**{totals_line(document)}**"
    if target.digest is not None:
        yield ""
        yield f"{cell(target.distribution)} {target.platform}, `{target.digest}`"
    if document.findings:
        yield ""
        yield from table(_HEADINGS, [_row(row) for row in document.findings])
    if document.bundled:
        yield from _details(
            f"{len(document.bundled)} in what packages carry in themselves, not counted",
            (
                f"{row.severity.value} {link(row.id, row.links[0])} in "
                f"{cell(row.package.name)} {cell(row.package.version)}"
                for row in document.bundled
            ),
        )
    if document.ignored:
        yield from _details(
            f"{len(document.ignored)} ignored",
            (
                f"{cell(item.finding.id)} in {cell(item.finding.package.source)}: "
                f"{cell(item.reason)} ({cell(item.by)}"
                f"{f', until {item.until}' if item.until else ''})"
                for item in document.ignored
            ),
        )
    untold = [
        f"{cell(row.what)}{f' ({cell(row.where)})' if row.where else ''}: {cell(row.reason)}"
        for row in document.untested
    ]
    untold += [f"{cell(name)}: its record is there, its files are not"
               for name in document.without_files]  # fmt: skip
    if document.without_record is not None:
        found = document.without_record
        shown = ", ".join(f"`{_code(path)}`" for path in found.examples)
        untold.append(
            f"{found.file_count} files of programs and libraries without a record: {shown}"
        )
    untold += [cell(notice) for notice in document.notices]
    if untold:
        yield from _details(f"{len(untold)} notes on what was not tested", untold)


def _row(row: FindingRow) -> tuple[str, ...]:
    package = row.package
    names = list(dict.fromkeys(item.name for item in row.packages))
    shown = cell(package.source)
    if package.type == "python":
        shown = cell(names[0])
    elif names != [package.source]:
        shown += f" ({cell(', '.join(names[:3]))}{', …' if len(names) > 3 else ''})"
    severity = row.severity.value
    if row.score is not None:
        severity += f" ({row.score:.1f})"
    if row.kev is not None:
        severity += ", known to be used"
    return (
        f"**{severity}**" if row.severity.value in ("critical", "high") else severity,
        f"{link(row.id, row.links[0])}{'<br>' if row.aliases else ''}"
        + "<br>".join(cell(alias) for alias in row.aliases),
        f"{shown} ({package.type})",
        cell(package.source_version if package.type != "python" else package.version),
        cell(row.fixed_version) if row.fixed_version is not None else "no fix yet",
        _origin(row),
    )


def _origin(row: FindingRow) -> str:
    chain = next((chain for chain in row.introduced_through if len(chain) > 1), ())
    if chain:
        return cell(" > ".join(chain))
    if row.layer is not None:
        instruction = row.layer.instruction
        short = instruction if len(instruction) <= 60 else f"{instruction[:59]}…"
        return f"layer {row.layer.index}: `{_code(short)}`" if short else f"layer {row.layer.index}"
    return cell(row.packages[0].location)


def _details(summary: str, items: Iterator[str] | list[str]) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{summary}</summary>"
    yield ""
    yield from (f"- {item}" for item in items)
    yield ""
    yield "</details>"


def _code(text: str) -> str:
    """What can stand between backticks, in a table too."""
    return visible(text).replace("`", "'").replace("|", "\\|")
