from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from jettison.lint.model import Finding, Place, Severity
from jettison.lint.suppressions import Sifted
from jettison.report.lint_document import LintDocument, describe_lint, is_at_least
from jettison.report.lint_format import LintFormat
from jettison.report.lint_text import render_lint, summary
from support.linting import lint_document


def one(message: str, file: str = "a b/Dockerfile") -> LintDocument:
    finding = Finding(
        rule="JT2002",
        severity=Severity.WARNING,
        place=Place(file=file, line=3, column=7),
        message=message,
    )
    return describe_lint(Sifted(findings=(finding,), suppressed=()), (file,))


def test_text_names_place_severity_and_rule_and_sums_up() -> None:
    text = render_lint(lint_document(), LintFormat.TEXT)
    assert "Dockerfile:3:1  error JT4001\n    there is no USER" in text
    assert "    fix: make a user, and USER 999:999 behind the last COPY\n" in text
    assert "Dockerfile:3:1  warning JT5006  (--fix)\n" in text
    assert "changed other/Dockerfile\n" in text
    assert " ".join(text.split()).endswith(
        "2 put right; 1 can be put right with --fix; 1 suppressed"
    )
    assert all(len(line) <= 80 for line in text.splitlines())


def test_nothing_found_is_said() -> None:
    document = describe_lint(Sifted(findings=(), suppressed=()), ("Dockerfile",))
    assert summary(document) == "nothing found in 1 file"


def test_json_has_findings_and_totals() -> None:
    document = json.loads(render_lint(lint_document(), LintFormat.JSON))
    assert set(document["findings"][0]) == {
        *("rule", "title", "severity", "file", "line", "column", "message", "remedy", "fixable")
    }
    totals = document["totals"]
    assert totals["error"] + totals["warning"] + totals["info"] == len(document["findings"])
    assert (totals["suppressed"], totals["fixed"], totals["files"]) == (1, 2, 2)


def test_sarif_has_rules_places_and_suppressions() -> None:
    (run,) = json.loads(render_lint(lint_document(), LintFormat.SARIF))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
    suppressed = [result for result in run["results"] if "suppressions" in result]
    assert suppressed[0]["suppressions"][0]["justification"].startswith("it is behind a proxy")
    (spaced,) = json.loads(render_lint(one("x"), LintFormat.SARIF))["runs"][0]["results"]
    location = spaced["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "a%20b/Dockerfile"
    assert location["region"] == {"startLine": 3, "startColumn": 7}


def test_junit_counts_cases_and_failures() -> None:
    document = lint_document()
    root = ET.fromstring(render_lint(document, LintFormat.JUNIT))
    assert root.get("failures") == str(len(document.findings))
    assert root.get("tests") == str(len(document.findings) + 1)
    assert [suite.get("name") for suite in root] == ["Dockerfile", "other/Dockerfile"]
    assert len(root.findall(".//failure")) == len(document.findings)


def test_annotations_escape_what_commands_are_made_of() -> None:
    text = render_lint(one("50% of it: a, b", file="a,b:c/Dockerfile"), LintFormat.GITHUB)
    assert text == (
        "::warning file=a%2Cb%3Ac/Dockerfile,line=3,col=7,"
        "title=JT2002 pip's cache stays in the layer::50%25 of it: a, b; fix: pip install"
        " --no-cache-dir, or RUN --mount=type=cache,target=/root/.cache/pip\n"
    )


def test_markdown_is_a_table_that_bars_do_not_break() -> None:
    text = render_lint(one("a | b"), LintFormat.MARKDOWN)
    assert "| warning | JT2002 | `a b/Dockerfile:3:7` | a &#124; b; fix: pip" in text


def test_what_a_file_says_never_reaches_the_terminal_as_commands() -> None:
    for form in LintFormat:
        assert "\x1b" not in render_lint(one("evil \x1b[2J\r\n::error::x"), form)
    assert "\n::error::x" not in render_lint(one("evil\n::error::x"), LintFormat.GITHUB)


@pytest.mark.parametrize(
    ("severity", "at_least"),
    [(Severity.INFO, True), (Severity.WARNING, True), (Severity.ERROR, False)],
)
def test_what_is_bad_enough(severity: Severity, at_least: bool) -> None:
    assert is_at_least(one("x").findings, severity) is at_least
