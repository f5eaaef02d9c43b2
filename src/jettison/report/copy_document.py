"""What `jettison copy` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from jettison.report.columns import visible
from jettison.report.documents import Count, DigestText, encode
from jettison.report.slim_document import Stage
from jettison.report.units import human_size


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image at a place; `digest` is what the place knows it by."""

    reference: str
    digest: DigestText


class BlobCounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How configs and layers came to be there: sent, there before, or out of another repository."""

    sent: Count
    present: Count
    mounted: Count
    sent_bytes: Count


class CopyDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image that was copied.

    Shape: `media_type` is that of the manifest or index; `platforms` are those of its images, in
    the index's order. `is_digest_kept` says that both places know it by the same digest.
    """

    kind: Literal["copy"] = "copy"
    schema_version: Literal[1] = 1
    source: Place
    destination: Place
    is_digest_kept: bool
    media_type: str
    platforms: tuple[str, ...]
    blobs: BlobCounts
    stages: tuple[Stage, ...] = ()
    notices: tuple[str, ...] = ()


def render_copy_document(document: CopyDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)


def render_copy_text(document: CopyDocument) -> str:
    """What was copied, where it is, and whether it is the same to the byte."""
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(document: CopyDocument) -> Iterator[str]:
    yield visible(document.destination.reference)
    yield document.destination.digest
    if document.is_digest_kept:
        yield "the same digest as before"
    else:
        yield f"before: {document.source.digest}"
    yield visible(", ".join(document.platforms)) or "no image, but an artifact"
    blobs = document.blobs
    told = [f"{blobs.sent} written ({human_size(blobs.sent_bytes)})"]
    if blobs.present:
        told.append(f"{blobs.present} there before")
    if blobs.mounted:
        told.append(f"{blobs.mounted} out of another repository")
    yield f"blobs: {', '.join(told)}"
