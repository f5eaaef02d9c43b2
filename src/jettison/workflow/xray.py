"""`jettison xray`: look into one image, without running it, and hold it against bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from jettison.events import EventSink
from jettison.report.xray_document import GateRow, Part, XrayDocument
from jettison.report.xray_gates import check_document, gate_parts
from jettison.report.xray_rows import gate_rows
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.reading import read_image
from jettison.workflow.stages import StageTimes
from jettison.workflow.xray_parts import look
from jettison.xray.gates import Gate

ALL_PARTS: Final = frozenset(Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class XrayRequest:
    """Which image, which parts of the document, and the bounds it has to keep."""

    source: SourceRequest
    parts: frozenset[Part] = ALL_PARTS
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class XrayResult:
    """What was found; `failed` are the gates that the image does not pass."""

    document: XrayDocument
    failed: tuple[GateRow, ...]


def xray(request: XrayRequest, *, events: EventSink) -> XrayResult:
    """Look into an image.

    Raises: JettisonError for an image that cannot be read.
    """
    times = StageTimes(events)
    parts = request.parts | gate_parts(request.gates)
    document = read_image(request.source, lambda read, sink: look(read, parts, sink), events=times)
    gates = gate_rows(check_document(document, request.gates))
    document = msgspec.structs.replace(
        _only(document, request.parts),
        gates=gates,
        stages=tuple(times.stages),
        notices=tuple(times.notices),
    )
    return XrayResult(document=document, failed=tuple(row for row in gates if not row.passed))


_FIELDS: Final = {
    Part.LAYERS: ("layers",),
    Part.PACKAGES: ("packages", "unowned"),
    Part.FILES: ("files", "directories"),
    Part.WASTE: ("efficiency", "wasted_bytes", "user_wasted_percent", "waste"),
    Part.DUPLICATES: ("duplicates", "duplicate_count", "duplicate_bytes"),
    Part.CONFIG: ("config",),
    Part.RISKS: ("risks",),
    Part.DOCKERFILE: ("dockerfile",),
    Part.ESTIMATE: ("estimate",),
}


def _only(document: XrayDocument, parts: frozenset[Part]) -> XrayDocument:
    """Without what only a gate needed."""
    unasked = {field: None for part in ALL_PARTS - parts for field in _FIELDS[part]}
    return msgspec.structs.replace(document, **unasked)
