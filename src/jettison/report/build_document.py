"""What `jettison build` says of the image that a builder made, and of what was made of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from jettison.report.scan_document import ScanDocument
from jettison.report.scan_text import render_scan_text
from jettison.report.slim_document import SlimDocument
from jettison.report.text import render_slim_text


class BuildDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shape: `target` is the image as every other verb takes it, `builder` who built it; `slim` and
    `scan` are null where they were not asked for, or not come to.
    """

    kind: Literal["build"] = "build"
    schema_version: Literal[1] = 1
    target: str
    builder: str
    slim: SlimDocument | None = None
    scan: ScanDocument | None = None


def render_build_text(document: BuildDocument, *, width: int) -> str:
    """A few lines for people, and what slimming and scanning say."""
    parts = [f"image: {document.target}\nbuilt by: {document.builder}\n"]
    if document.slim is not None:
        parts.append(render_slim_text(document.slim, width=width))
    if document.scan is not None:
        parts.append(render_scan_text(document.scan, width=width))
    return "\n".join(parts)
