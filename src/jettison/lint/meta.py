"""Rules on linting itself: files that cannot be read, suppressions that do not hold."""

from __future__ import annotations

from typing import Final

from jettison.lint.model import Rule, Severity

UNREADABLE: Final = Rule(
    code="JT0001",
    title="File cannot be understood",
    remedy="see the line that is named",
    severity=Severity.ERROR,
)
BAD_SUPPRESSION: Final = Rule(
    code="JT0002",
    title="Suppression without a reason or a rule",
    remedy="# jettison: ignore=RULE and why",
    severity=Severity.ERROR,
)
IDLE_SUPPRESSION: Final = Rule(
    code="JT0003",
    title="Suppression of nothing",
    remedy="take it out",
    severity=Severity.INFO,
)
META: Final = (UNREADABLE, BAD_SUPPRESSION, IDLE_SUPPRESSION)
