"""What `jettison verify --format json` prints."""

from __future__ import annotations

from typing import Literal

import msgspec

from jettison.report.columns import fitted
from jettison.report.container_report import ImageName
from jettison.report.documents import encode
from jettison.report.slim_document import Stage, Verification
from jettison.report.text import verification_lines


class VerifyDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether one image behaves as another.

    Shape: `missed` are paths that the slimmed image looked up in vain and the original has.
    """

    kind: Literal["verify"] = "verify"
    schema_version: Literal[1] = 1
    original: ImageName
    slimmed: ImageName
    verification: Verification
    missed: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    notices: tuple[str, ...] = ()


def render_verify_document(document: VerifyDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)


def render_verify_text(document: VerifyDocument, *, width: int = 80) -> str:
    """The verdict and what led to it."""
    lines = [*verification_lines(document.verification)]
    lines.extend(f"missed: {path}" for path in document.missed)
    lines.extend(f"note: {notice}" for notice in document.notices)
    return fitted(lines, width)
