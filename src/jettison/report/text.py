"""Reports as text for a terminal or a log: tables, verdicts, explanations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Final

from rich.console import Console
from rich.table import Table

from jettison.report.columns import fitted
from jettison.report.explain import Explanation, Fate, Step
from jettison.report.facts import ImageFacts
from jettison.report.slim_document import SlimDocument, Verification
from jettison.report.units import count_of, human_size

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the comparison: what is counted, and how many times fewer there are."""

    label: str
    original: str
    slimmed: str
    ratio: str


def comparison_rows(original: ImageFacts, slimmed: ImageFacts) -> tuple[Row, ...]:
    """The two images side by side."""
    packed = _row(
        "compressed size",
        original.compressed_size_bytes,
        slimmed.compressed_size_bytes,
        human_size,
    )
    if not original.is_compressed:
        # An engine keeps layers unpacked; how small they would be packed nobody has found out.
        packed = Row(label=packed.label, original="-", slimmed=packed.slimmed, ratio="-")
    counts = (
        ("files", original.file_count, slimmed.file_count),
        ("OS packages", original.os_package_count, slimmed.os_package_count),
        ("Python packages", original.python_package_count, slimmed.python_package_count),
        ("setuid files", original.setuid_count, slimmed.setuid_count),
        ("shells", original.shell_count, slimmed.shell_count),
        ("exec layers", original.exec_layer_count, slimmed.exec_layer_count),
    )
    return (
        _row("size", original.size_bytes, slimmed.size_bytes, human_size),
        packed,
        *(_row(label, before, after, _count) for label, before, after in counts),
    )


def comparison_table(original: ImageFacts, slimmed: ImageFacts) -> Table:
    """The comparison as a table that rich prints."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("original", justify="right")
    table.add_column("slimmed", justify="right", style="green")
    table.add_column("ratio", justify="right")
    for row in comparison_rows(original, slimmed):
        table.add_row(row.label, row.original, row.slimmed, row.ratio)
    return table


def render_comparison(original: ImageFacts, slimmed: ImageFacts, *, width: int = 80) -> str:
    """The comparison as plain text."""
    return _plain(comparison_table(original, slimmed), width)


def verification_lines(verification: Verification) -> tuple[str, ...]:
    """What the proof found, in a few lines."""
    if verification.verdict == "skipped":
        return ("verification: skipped; nobody knows yet whether the slimmed image works",)
    asked = count_of(verification.requests, "request")
    lines = [
        f"verification: {verification.verdict}; {asked}, {count_of(verification.rounds, 'round')}"
    ]
    differences = verification.differences
    lines.extend(f"  differs: {item}" for item in differences[:_SHOWN])
    if len(differences) > _SHOWN:
        lines.append(f"  and {len(differences) - _SHOWN} more")
    lines.extend(f"  not compared: {item}" for item in verification.excluded[:_SHOWN])
    if len(verification.excluded) > _SHOWN:
        lines.append(f"  and {len(verification.excluded) - _SHOWN} more")
    return tuple(lines)


def render_slim_text(document: SlimDocument, *, width: int = 80) -> str:
    """The whole outcome as plain text: the table, the verdict, what was written, notices."""
    parts: list[str] = []
    if document.slimmed is not None:
        parts.append(render_comparison(document.original, document.slimmed, width=width))
    lines = [*verification_lines(document.verification)]
    lines.extend(f"image: {item.reference}" for item in document.outputs)
    lines.extend(f"{item.kind}: {item.path}" for item in document.artifacts)
    lines.extend(f"note: {item}" for item in document.notices)
    parts.append(fitted(lines, width))
    return "\n".join(parts)


def render_explanation(explanation: Explanation) -> str:
    """Why a path is there or not, its chains of reasons indented."""
    lines = [f"{link} is a link" for link in explanation.links]
    if explanation.kept is not None:
        kept = explanation.kept
        size = f", {human_size(kept.size_bytes)}" if kept.kind == "file" else ""
        owner = f", of {kept.owner}" if kept.owner else ""
        lines.append(f"{explanation.path}: kept in the {kept.layer} layer{size}{owner}")
        for chain in explanation.chains:
            lines.extend(_step(step, depth) for depth, step in enumerate(chain, start=1))
    elif explanation.fate is Fate.UNKNOWN:
        lines.append(f"{explanation.path}: neither image has it")
    elif explanation.why:
        owner = f" ({explanation.owner})" if explanation.owner else ""
        lines.append(f"{explanation.path}: dropped{owner}: {explanation.why}")
    else:
        lines.append(f"{explanation.path}: dropped with all that was in it")
    if explanation.dropped_count:
        size = human_size(explanation.dropped_size_bytes)
        lines.append(f"  dropped below it: {count_of(explanation.dropped_count, 'path')}, {size}")
    return "\n".join(lines) + "\n"


def _step(step: Step, depth: int) -> str:
    reason = step.reason
    detail = f": {reason.detail}" if reason.detail else ""
    because = f", because of {reason.because}" if reason.because else ""
    return f"{'  ' * depth}{reason.rule}{detail}{because}"


def _row(label: str, before: int, after: int, show: Callable[[int], str]) -> Row:
    ratio = f"{before / after:.1f}x" if before and after else "-"
    return Row(label=label, original=show(before), slimmed=show(after), ratio=ratio)


def _count(number: int) -> str:
    return f"{number:,}"


def _plain(table: Table, width: int) -> str:
    out = StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=False)
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())
