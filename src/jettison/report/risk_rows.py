"""Risks as rows of the X-ray's document."""

from __future__ import annotations

from collections.abc import Iterable

from jettison.report.xray_document import RiskRow
from jettison.xray.risk_model import Risk


def risk_rows(risks: Iterable[Risk]) -> tuple[RiskRow, ...]:
    """One row each, in the same order."""
    return tuple(
        RiskRow(
            kind=risk.kind.value,
            severity=risk.severity.value,
            path=risk.path or "",
            layer=risk.layer,
            is_hidden=risk.is_hidden,
            detail=risk.detail,
            line=risk.line,
            owner=risk.owner,
            rule=risk.rule,
        )
        for risk in risks
    )
