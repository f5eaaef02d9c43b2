"""What `jettison advise --format json` prints."""

from __future__ import annotations

from typing import Literal

import msgspec

from jettison.report.documents import Count, DigestText, encode
from jettison.report.slim_document import Stage
from jettison.scan.advise import Advice, Change, Offer, Wheels
from jettison.scan.severity import Severity


class SeverityCounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many vulnerabilities there are of each severity, and of all."""

    critical: Count
    high: Count
    medium: Count
    low: Count
    unknown: Count
    total: Count


class AdviseRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image to build on.

    Shape: `name` is its place as a user writes it; `from` is what a FROM names it by, with the
    digest where one is known, empty for files; `change` is what taking it means for the base in
    use; `vulnerabilities` are null where the database cannot tell; `python` is empty where there
    is none; `wheels` say whether all locked packages have one for it.
    Units: `size_bytes` unpacked.
    """

    name: str
    pinned: str = msgspec.field(name="from")
    digest: DigestText | None
    change: Change
    is_better: bool
    vulnerabilities: SeverityCounts | None
    size_bytes: Count
    os_packages: Count
    distro: str
    python: str
    wheels: Wheels
    notes: tuple[str, ...]


class ExcludedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image that is not offered, and why."""

    name: str
    reason: str


class AdviseDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which base image is better than the one in use.

    Shape: `base` is the base's name, empty where it was not found out, and `base_known_by` how it
    was: by a FROM, a label, or the layers that the image shares with a candidate; `history` stands
    for a base without a name. `candidates` are in order, the best first; `recommended` is the
    `name` of the one to take.
    """

    kind: Literal["advise"] = "advise"
    schema_version: Literal[1] = 1
    target: str
    base: str
    base_known_by: Literal["from", "label", "layers", "history", "nothing"]
    moved: bool
    requires_python: str
    current: AdviseRow | None
    candidates: tuple[AdviseRow, ...]
    excluded: tuple[ExcludedRow, ...]
    recommended: str | None
    notices: tuple[str, ...]
    stages: tuple[Stage, ...]


def advise_row(offer: Offer) -> AdviseRow:
    """One offer as a row."""
    image = offer.image
    return AdviseRow(
        name=image.name,
        pinned=image.pinned,
        digest=image.digest,
        change=offer.change,
        is_better=offer.is_better,
        vulnerabilities=None if image.counts is None else _counts(dict(image.counts)),
        size_bytes=image.size_bytes,
        os_packages=image.os_packages,
        distro=image.distro,
        python=image.python,
        wheels=offer.wheels,
        notes=offer.notes,
    )


def excluded_rows(advice: Advice) -> tuple[ExcludedRow, ...]:
    """What is not offered."""
    return tuple(ExcludedRow(name=item.name, reason=item.reason) for item in advice.excluded)


def _counts(counts: dict[Severity, int]) -> SeverityCounts:
    return SeverityCounts(
        **{severity.value: counts.get(severity, 0) for severity in Severity},
        total=sum(counts.values()),
    )


def render_advise_document(document: AdviseDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)
