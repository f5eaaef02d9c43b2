"""The estimate of what slimming would save, as rows of the X-ray's document."""

from __future__ import annotations

from jettison.report.xray_document import EstimateCategory, EstimateRow
from jettison.xray.estimate import Estimate


def estimate_row(found: Estimate) -> EstimateRow:
    """The estimate with its kinds, the largest first."""
    return EstimateRow(
        size_bytes=found.size_bytes - found.saved_bytes,
        saved_bytes=found.saved_bytes,
        categories=tuple(
            EstimateCategory(
                name=item.kind.value,
                ground=item.ground,
                size_bytes=item.size_bytes,
                file_count=item.file_count,
                examples=item.examples,
            )
            for item in found.kinds
        ),
    )
