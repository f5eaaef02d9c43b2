"""What lint found as SARIF, which code scanning services take.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from jettison import __version__
from jettison.lint.model import Severity
from jettison.report.lint_document import LintDocument, LintFinding

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def render_sarif(document: LintDocument) -> str:
    """One run, the rules that found something, suppressed findings as such."""
    everything = [*document.findings, *(item.finding for item in document.suppressed)]
    named = {finding.rule: finding for finding in everything}
    rules = sorted(named)
    reasons = [None] * len(document.findings) + [item.reason for item in document.suppressed]
    run = {
        "tool": {
            "driver": {
                "name": "jettison",
                "version": __version__,
                "rules": [_rule(named[code]) for code in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, rules.index(finding.rule), reason)
            for finding, reason in zip(everything, reasons, strict=True)
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(finding: LintFinding) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": finding.rule}
    if finding.title:
        rule["shortDescription"] = {"text": finding.title}
        rule["help"] = {"text": finding.remedy}
    return rule


def _result(finding: LintFinding, index: int, reason: str | None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.file)},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                }
            }
        ],
    }
    if reason is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": reason}]
    return result
