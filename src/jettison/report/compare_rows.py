"""The table of two images side by side: what each line is called, and what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from jettison.report.compare_document import ComparedImage, CompareDocument, Push, PushKind
from jettison.report.units import count_of, human_size
from jettison.scan.severity import Severity

_ABSENT: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One line: the two values as people read them, and how many times less the second is."""

    label: str
    original: str
    slimmed: str
    change: str


def comparison_rows(document: CompareDocument) -> tuple[ComparisonRow, ...]:
    """The results table: size, files, packages, vulnerabilities by severity, times."""
    return tuple(_rows(document))


def _rows(document: CompareDocument) -> Iterator[ComparisonRow]:
    one, other = document.original, document.slimmed

    def numbers(
        label: str, read: Callable[[ComparedImage], int], show: Callable[[int], str] = "{:,}".format
    ) -> ComparisonRow:
        before, after = read(one), read(other)
        return ComparisonRow(
            label=label, original=show(before), slimmed=show(after), change=_change(before, after)
        )

    yield numbers("size", lambda image: image.facts.size_bytes, human_size)
    yield _packed(one, other)
    yield numbers("files", lambda image: image.facts.file_count)
    yield numbers("OS packages", lambda image: image.facts.os_package_count)
    yield numbers("Python packages", lambda image: image.facts.python_package_count)
    yield numbers("vulnerabilities", lambda image: image.vulnerabilities.vulnerabilities)
    for severity in Severity:
        yield numbers(f"  {severity.value}", _of_severity(severity))
    push = _push(one.push, other.push)
    if push is not None:
        yield push
    yield ComparisonRow(
        label="time to scan",
        original=_seconds(one.scan_seconds),
        slimmed=_seconds(other.scan_seconds),
        change=_change(one.scan_seconds, other.scan_seconds),
    )


def vulnerability_count(document: CompareDocument) -> str:
    """How many the original has: `1 vulnerability`, `12 vulnerabilities`."""
    count = len(document.vulnerabilities)
    return count_of(count, "vulnerability", "vulnerabilities")


def _of_severity(severity: Severity) -> Callable[[ComparedImage], int]:
    def read(image: ComparedImage) -> int:
        count: int = getattr(image.vulnerabilities, severity.value)
        return count

    return read


def _packed(one: ComparedImage, other: ComparedImage) -> ComparisonRow:
    """An engine keeps layers unpacked; how small they would be packed nobody has found out."""
    shown = [
        human_size(image.facts.compressed_size_bytes) if image.facts.is_compressed else _ABSENT
        for image in (one, other)
    ]
    change = _ABSENT
    if _ABSENT not in shown:
        change = _change(one.facts.compressed_size_bytes, other.facts.compressed_size_bytes)
    return ComparisonRow(
        label="compressed size", original=shown[0], slimmed=shown[1], change=change
    )


def _push(one: Push | None, other: Push | None) -> ComparisonRow | None:
    known = one or other
    if known is None:
        return None
    label = "time to push"
    if known.kind is PushKind.ESTIMATED:
        label = f"push ({known.note})"
    return ComparisonRow(
        label=label,
        original=_seconds(one.seconds) if one is not None else _ABSENT,
        slimmed=_seconds(other.seconds) if other is not None else _ABSENT,
        change=_change(one.seconds, other.seconds) if one and other else _ABSENT,
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"


def _change(before: float, after: float) -> str:
    if before <= 0:
        return "" if after <= 0 else "more"
    if after <= 0:
        return "all gone"
    ratio = before / after
    if ratio >= 1.005:
        return f"{ratio:.3g}x less"
    return f"{1 / ratio:.3g}x more" if ratio <= 0.995 else "same"
