"""What `jettison harden` did with a project, step by step: a document, and a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from jettison.lint.model import Severity
from jettison.report.compare_document import CompareDocument
from jettison.report.compare_rows import comparison_rows
from jettison.report.lint_document import LintDocument
from jettison.report.slim_document import Artifact, SlimDocument
from jettison.report.text import Row
from jettison.report.text import comparison_rows as facts_rows
from jettison.report.xray_document import GateRow

_MOST_FINDINGS: Final = 20


class Outcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step and what came of it, in a few words."""

    name: str
    outcome: Outcome
    detail: str
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class HardenDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project on its way from sources to a verified image.

    Shape: `steps` in order, those that were not come to left out; `original` and `slimmed` are the
    images as every verb takes them, empty where there is none; the documents of the steps are null
    for those that were skipped or failed before they had one; `gates` are held against the slimmed
    image; `failed` names each step and gate that fails the run.
    """

    kind: Literal["harden"] = "harden"
    schema_version: Literal[1] = 1
    project: str
    original: str
    slimmed: str
    steps: tuple[StepRow, ...]
    lint: LintDocument | None
    slim: SlimDocument | None
    compare: CompareDocument | None
    gates: tuple[GateRow, ...]
    artifacts: tuple[Artifact, ...]
    failed: tuple[str, ...]
    passed: bool


def before_after(document: HardenDocument) -> tuple[Row, ...]:
    """The results table, with vulnerabilities where they were looked for."""
    if document.compare is not None:
        return tuple(
            Row(label=row.label, original=row.original, slimmed=row.slimmed, ratio=row.change)
            for row in comparison_rows(document.compare)
        )
    if document.slim is not None and document.slim.slimmed is not None:
        return facts_rows(document.slim.original, document.slim.slimmed)
    return ()


def render_harden_text(document: HardenDocument) -> str:
    """Steps, the results table, gates, where to read on."""
    marks = {Outcome.PASSED: "ok", Outcome.FAILED: "FAILED", Outcome.SKIPPED: "skipped"}
    lines = [f"{marks[step.outcome]:<8}{step.name:<10}{step.detail}" for step in document.steps]
    lines += _findings(document)
    rows = before_after(document)
    if rows:
        widths = [max(len(getattr(row, name)) for row in rows) for name in ("label", "original")]
        after = max(*(len(row.slimmed) for row in rows), len("slimmed"))
        before = max(widths[1], len("original"))
        lines += ["", f"{'':<{widths[0]}}  {'original':>{before}}  {'slimmed':>{after}}"]
        for row in rows:
            figures = f"{row.original:>{before}}  {row.slimmed:>{after}}  {row.ratio}"
            lines.append(f"{row.label:<{widths[0]}}  {figures}")
        lines.append("")
    lines += [
        f"gate {gate.name}: {gate.found}, allowed {gate.allowed}: "
        f"{'passed' if gate.passed else 'FAILED'}"
        for gate in document.gates
    ]
    if document.slimmed:
        lines.append(f"image: {document.slimmed}")
    lines += [f"{item.kind}: {item.path}" for item in document.artifacts]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _findings(document: HardenDocument) -> Iterator[str]:
    """Errors of lint with their places, and where lint fails the run what is less than an error."""
    found = document.lint.findings if document.lint is not None else ()
    if "lint" not in document.failed:
        found = tuple(item for item in found if item.severity is Severity.ERROR)
    worst = sorted(found, key=lambda item: -item.severity.weight)
    for item in worst[:_MOST_FINDINGS]:
        place = f"{item.file}:{item.line}:{item.column}"
        yield f"{place} {item.severity} {item.rule} {item.message}"
    if len(worst) > _MOST_FINDINGS:
        yield f"{len(worst) - _MOST_FINDINGS} more are in the report"
