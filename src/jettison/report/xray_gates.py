"""What each gate of the X-ray measures, read from the document."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from jettison.report.xray_document import Part, XrayDocument
from jettison.xray.gates import Gate, GateResult, check_gates
from jettison.xray.risk_model import RiskKind, Severity

_Measure = Callable[[XrayDocument], float | None]


def _unowned(document: XrayDocument) -> float | None:
    return document.unowned.size_bytes if document.unowned is not None else None


def _runs_as_root(document: XrayDocument) -> float | None:
    return document.config.user.is_root if document.config is not None else None


def _count(kind: RiskKind) -> tuple[Part, _Measure]:
    return Part.RISKS, lambda document: sum(row.kind == kind for row in document.risks or ())


def _severe(document: XrayDocument) -> float:
    return sum(row.severity == Severity.HIGH.value for row in document.risks or ())


# By a gate's name: the part of the document that has to be there, and what it says.
_MEASURES: Final[Mapping[str, tuple[Part | None, _Measure]]] = {
    "size": (None, lambda document: document.image.size_bytes),
    "layers": (None, lambda document: document.image.layer_count),
    "files": (None, lambda document: document.image.file_count),
    "efficiency": (Part.WASTE, lambda document: document.efficiency),
    "waste": (Part.WASTE, lambda document: document.wasted_bytes),
    "user-waste": (Part.WASTE, lambda document: document.user_wasted_percent),
    "duplicates": (Part.DUPLICATES, lambda document: document.duplicate_bytes),
    "packages": (Part.PACKAGES, lambda document: len(document.packages or ())),
    "unowned": (Part.PACKAGES, _unowned),
    "root": (Part.CONFIG, _runs_as_root),
    "secrets": _count(RiskKind.SECRET),
    "private-keys": _count(RiskKind.PRIVATE_KEY),
    "setuid": _count(RiskKind.SETUID),
    "setgid": _count(RiskKind.SETGID),
    "capabilities": _count(RiskKind.CAPABILITIES),
    "world-writable": _count(RiskKind.WORLD_WRITABLE),
    "shells": _count(RiskKind.SHELL),
    "package-managers": _count(RiskKind.PACKAGE_MANAGER),
    "high-risks": (Part.RISKS, _severe),
}


def gate_parts(gates: Iterable[Gate]) -> frozenset[Part]:
    """Which parts of the document the gates need."""
    return frozenset(part for gate in gates if (part := _MEASURES[gate.kind.name][0]) is not None)


def check_document(document: XrayDocument, gates: Iterable[Gate]) -> tuple[GateResult, ...]:
    """Hold the document, which has all the parts that the gates need, against them."""
    asked = tuple(gates)
    measures: dict[str, float] = {}
    for gate in asked:
        found = _MEASURES[gate.kind.name][1](document)
        # Waste in layers that are empty but for what they delete is beyond every bound.
        measures[gate.kind.name] = math.inf if found is None else float(found)
    return check_gates(asked, measures, size_bytes=document.image.size_bytes)
