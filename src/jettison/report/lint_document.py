"""What `jettison lint --format json` prints, its schema published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

import msgspec

from jettison.lint.catalogue import RULES
from jettison.lint.meta import META
from jettison.lint.model import Finding, Severity
from jettison.lint.suppressions import Sifted
from jettison.paths import printable
from jettison.report.documents import Count, encode

Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]

_RULES = {rule.code: rule for rule in (*RULES, *META)}


class LintFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding.

    Shape: `rule` is one of jettison's or of hadolint's; `title` and `remedy`, what to do, are the
    rule's, empty for hadolint's; `line` and `column` count from 1; `fixable` says that `--fix`
    puts it right.
    """

    rule: str
    title: str
    severity: Severity
    file: str
    line: Number
    column: Number
    message: str
    remedy: str
    fixable: bool


class LintSuppressed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that somebody decided to live with, and why."""

    finding: LintFinding
    reason: str


class LintTotals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many there are of each severity; `fixed` is what this run put right."""

    error: Count
    warning: Count
    info: Count
    fixable: Count
    suppressed: Count
    fixed: Count
    files: Count


class LintDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All findings, by file, line and rule.

    Shape: `files` are those that were looked at, `changed` those that `--fix` wrote; `hadolint`
    says whether it took part.
    """

    kind: Literal["lint"] = "lint"
    schema_version: Literal[1] = 1
    findings: tuple[LintFinding, ...]
    suppressed: tuple[LintSuppressed, ...]
    totals: LintTotals
    files: tuple[str, ...]
    changed: tuple[str, ...]
    hadolint: bool


def describe_lint(
    sifted: Sifted,
    files: tuple[str, ...],
    *,
    changed: tuple[str, ...] = (),
    fixed_count: int = 0,
    hadolint: bool = False,
) -> LintDocument:
    """The document of one run."""
    counts = Counter(finding.severity for finding in sifted.findings)
    return LintDocument(
        findings=tuple(map(_finding, sifted.findings)),
        suppressed=tuple(
            LintSuppressed(finding=_finding(item.finding), reason=_line(item.reason))
            for item in sifted.suppressed
        ),
        totals=LintTotals(
            error=counts[Severity.ERROR],
            warning=counts[Severity.WARNING],
            info=counts[Severity.INFO],
            fixable=sum(finding.is_fixable for finding in sifted.findings),
            suppressed=len(sifted.suppressed),
            fixed=fixed_count,
            files=len(files),
        ),
        files=tuple(map(printable, files)),
        changed=tuple(map(printable, changed)),
        hadolint=hadolint,
    )


def render_lint_document(document: LintDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)


def is_at_least(findings: Iterable[LintFinding], severity: Severity) -> bool:
    """Whether one of them is as bad as that, or worse."""
    return any(finding.severity.weight >= severity.weight for finding in findings)


def _finding(finding: Finding) -> LintFinding:
    place = finding.place
    rule = _RULES.get(finding.rule)
    return LintFinding(
        rule=finding.rule,
        title=rule.title if rule is not None else "",
        severity=finding.severity,
        file=printable(place.file),
        line=place.line,
        column=place.column,
        message=_line(finding.message),
        remedy=rule.remedy if rule is not None else "",
        fixable=finding.is_fixable,
    )


def _line(text: str) -> str:
    """Text of a file on one line, without what a terminal would obey."""
    shown = "".join(char if char.isprintable() else " " for char in printable(text))
    return " ".join(shown.split())[:1000]
