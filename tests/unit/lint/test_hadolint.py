from __future__ import annotations

import json

import pytest

from jettison.lint.hadolint import merged, read_findings
from jettison.lint.model import Finding, Place, Severity


def row(code: str, line: int, level: str = "warning") -> dict[str, object]:
    return {
        "code": code,
        "column": 1,
        "file": "Dockerfile",
        "level": level,
        "line": line,
        "message": f"{code} says so",
    }


def ours(rule: str, line: int) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.WARNING,
        place=Place(file="Dockerfile", line=line),
        message="ours",
    )


def test_its_findings_keep_their_ids_and_levels() -> None:
    raw = json.dumps(
        [
            row("DL3003", 2),
            row("SC2086", 3, "info"),
            row("DL4000", 4, "error"),
            row("DL1", 5, "style"),
        ]
    )
    assert [(item.rule, item.severity) for item in read_findings(raw.encode())] == [
        ("DL3003", Severity.WARNING),
        ("SC2086", Severity.INFO),
        ("DL4000", Severity.ERROR),
        ("DL1", Severity.INFO),
    ]


def test_pinned_versions_of_a_distribution_are_a_remark() -> None:
    (found,) = read_findings(json.dumps([row("DL3008", 2)]).encode())
    assert found.severity is Severity.INFO


def test_what_only_hadolint_cannot_read_is_no_error_of_the_file() -> None:
    (found,) = read_findings(json.dumps([row("DL1000", 2, "error")]).encode())
    assert found.severity is Severity.INFO
    assert found.message == (
        "hadolint reads no further, so that its own rules were left out: DL1000 says so"
    )


def test_what_both_say_of_a_line_is_said_once() -> None:
    theirs = read_findings(
        json.dumps(
            [row("DL3042", 4), row("DL3042", 9), row("DL3003", 4), row("DL3057", 1)]
        ).encode()
    )
    found = list(merged([ours("JT2002", 4), ours("JT5001", 12)], theirs))
    assert [(item.rule, item.place.line) for item in found] == [
        *(("JT2002", 4), ("JT5001", 12)),
        *(("DL3042", 9), ("DL3003", 4)),
    ]


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b'[{"code": "DL1"}]'])
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_findings(raw)
