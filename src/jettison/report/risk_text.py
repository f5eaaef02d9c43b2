"""The risks of an image as text: all of them, or a line for each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from jettison.report.columns import Column, Cut, render_table
from jettison.report.xray_document import RiskRow

_SEVERITIES: Final = ("high", "medium", "low", "info")
# So many places of a kind are named where there is one line for it.
_PLACES: Final = 3


def count_risks(risks: Sequence[RiskRow]) -> str:
    """How many there are of each severity, in words."""
    counts = Counter(risk.severity for risk in risks)
    return ", ".join(f"{counts[name]} {name}" for name in _SEVERITIES if counts[name]) or "none"


def render_risks(risks: Sequence[RiskRow], *, width: int, is_short: bool) -> Iterator[str]:
    """The most severe first; where it is to be short by kind, and what is only said left out."""
    rows = sorted(
        (row for row in risks if not is_short or row.severity != "info"),
        key=lambda row: (_SEVERITIES.index(row.severity), row.kind, row.path, row.line or 0),
    )
    if not rows:
        return
    yield "RISKS"
    if is_short:
        yield from _kinds(rows, width)
        return
    yield from render_table(
        (Column(), Column(), Column(cut=Cut.START), Column(cut=Cut.WRAP)),
        [(row.severity, row.kind, _where(row), row.detail) for row in rows],
        width=width,
    )


def _kinds(risks: Sequence[RiskRow], width: int) -> Iterator[str]:
    """A line for each kind: what it is if there is one of it, else where they are."""
    kinds: dict[tuple[str, str], list[RiskRow]] = {}
    for row in risks:
        kinds.setdefault((row.severity, row.kind), []).append(row)
    yield from render_table(
        (Column(), Column(), Column(is_right=True), Column(cut=Cut.END)),
        [
            (
                severity,
                kind,
                str(len(rows)),
                f"{rows[0].detail}{_at(rows[0])}" if len(rows) == 1 else _places(rows),
            )
            for (severity, kind), rows in kinds.items()
        ],
        width=width,
    )


def _places(rows: Sequence[RiskRow]) -> str:
    return ", ".join(dict.fromkeys(row.path or row.detail for row in rows[:_PLACES]))


def _at(row: RiskRow) -> str:
    return f" ({_where(row)})" if row.path else ""


def _where(row: RiskRow) -> str:
    line = f":{row.line}" if row.line is not None else ""
    hidden = f" (hidden, layer {row.layer})" if row.is_hidden else ""
    return f"{row.path or '(config)'}{line}{hidden}"
