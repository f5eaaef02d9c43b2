"""What lint found, for people and for the programs that they read it in."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final, assert_never
from xml.etree import ElementTree as ET

from jettison import __version__
from jettison.lint.model import Severity
from jettison.report.lint_document import LintDocument, LintFinding, render_lint_document
from jettison.report.lint_format import LintFormat
from jettison.report.lint_sarif import render_sarif
from jettison.report.units import count_of

_INDENT: Final = "    "
_COMMANDS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def render_lint(document: LintDocument, form: LintFormat, *, columns: int = 80) -> str:
    """The document in one of the formats."""
    match form:
        case LintFormat.TEXT:
            return render_text(document, columns)
        case LintFormat.JSON:
            return render_lint_document(document).decode()
        case LintFormat.SARIF:
            return render_sarif(document)
        case LintFormat.JUNIT:
            return render_junit(document)
        case LintFormat.MARKDOWN:
            return render_markdown(document)
        case LintFormat.GITHUB:
            return render_github(document)
        case _:
            assert_never(form)


def render_text(document: LintDocument, columns: int) -> str:
    """Place and rule, what is wrong, what to do, for each finding; and a last line that sums up."""
    lines: list[str] = []
    for finding in document.findings:
        mark = "  (--fix)" if finding.fixable else ""
        lines.append(f"{_place(finding)}  {finding.severity} {finding.rule}{mark}")
        lines += _wrapped(finding.message, columns)
        if finding.remedy:
            lines += _wrapped(f"fix: {finding.remedy}", columns)
    lines += [f"changed {file}" for file in document.changed]
    lines += textwrap.wrap(summary(document), max(columns, 40), break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(columns, 40),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def summary(document: LintDocument) -> str:
    """What there is of each, in one line."""
    totals = document.totals
    counts = (
        (totals.error, "error", "errors"),
        (totals.warning, "warning", "warnings"),
        (totals.info, "remark", "remarks"),
    )
    said = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    files = count_of(totals.files, "file")
    parts = [f"{', '.join(said) or 'nothing'} found in {files}"]
    if totals.fixed:
        parts.append(f"{totals.fixed} put right")
    if totals.fixable:
        parts.append(f"{totals.fixable} can be put right with --fix")
    if totals.suppressed:
        parts.append(f"{totals.suppressed} suppressed")
    return "; ".join(parts)


def render_github(document: LintDocument) -> str:
    """Workflow commands, which GitHub shows beside the lines of a pull request.

    Source: docs.github.com, "Workflow commands for GitHub Actions".
    """
    return "".join(f"{line}\n" for line in _annotations(document))


def _annotations(document: LintDocument) -> Iterator[str]:
    for finding in document.findings:
        title = f"{finding.rule} {finding.title}".strip()
        properties = (
            f"file={_property(finding.file)},line={finding.line},col={finding.column}"
            f",title={_property(title)}"
        )
        yield f"::{_COMMANDS[finding.severity]} {properties}::{_escaped(_told(finding))}"


def _told(finding: LintFinding) -> str:
    return f"{finding.message}; fix: {finding.remedy}" if finding.remedy else finding.message


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def render_junit(document: LintDocument) -> str:
    """One suite for each file; each finding is a failed case, a file without any a passed one."""
    root = ET.Element(
        "testsuites",
        name="jettison lint",
        tests=str(_cases(document)),
        failures=str(len(document.findings)),
    )
    files = sorted({*document.files, *(finding.file for finding in document.findings)})
    for file in files:
        mine = [finding for finding in document.findings if finding.file == file]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=file,
            tests=str(max(1, len(mine))),
            failures=str(len(mine)),
            errors="0",
        )
        if not mine:
            ET.SubElement(suite, "testcase", name=file, classname="jettison.lint")
        for finding in mine:
            case = ET.SubElement(
                suite,
                "testcase",
                name=f"{finding.rule} {_place(finding)}",
                classname=f"jettison.lint.{finding.rule}",
            )
            failure = ET.SubElement(
                case, "failure", type=str(finding.severity), message=finding.message
            )
            failure.text = f"{_place(finding)}: {_told(finding)}"
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _cases(document: LintDocument) -> int:
    with_findings = {finding.file for finding in document.findings}
    return len(document.findings) + len(set(document.files) - with_findings)


def render_markdown(document: LintDocument) -> str:
    """A table for a comment or a job's summary."""
    lines = [f"### jettison {__version__} lint", "", summary(document), ""]
    if document.findings:
        lines += ["| severity | rule | where | what |", "| --- | --- | --- | --- |"]
    for finding in document.findings:
        rule = f"{finding.rule} (fixable)" if finding.fixable else finding.rule
        cells = (finding.severity, rule, f"`{_place(finding)}`", _told(finding))
        lines.append(f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines).rstrip() + "\n"


def _place(finding: LintFinding) -> str:
    return f"{finding.file}:{finding.line}:{finding.column}"
