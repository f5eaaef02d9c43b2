"""What `jettison why --format json` prints."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

import msgspec

from jettison.report.container_report import KeptBecause, KeptPath
from jettison.report.documents import encode
from jettison.report.explain import Explanation, Fate


class WhyStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One link of a chain of reasons."""

    path: str
    reason: KeptBecause


class WhyDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fate of one path; the fields are those of `Explanation`."""

    kind: Literal["why"] = "why"
    schema_version: Literal[1] = 1
    path: str
    fate: Fate
    links: tuple[str, ...]
    kept: KeptPath | None
    chains: tuple[tuple[WhyStep, ...], ...]
    owner: str
    why: str
    dropped_count: int
    dropped_size_bytes: int


def describe_why(explanation: Explanation) -> WhyDocument:
    """The document of an explanation."""
    values = {field.name: getattr(explanation, field.name) for field in fields(explanation)}
    values["chains"] = tuple(
        tuple(WhyStep(path=step.path, reason=step.reason) for step in chain)
        for chain in explanation.chains
    )
    return WhyDocument(**values)


def render_why_document(document: WhyDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)
