"""What `jettison slim --format json` prints: one document, its schema published."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from jettison.report.documents import Count, DigestText, encode
from jettison.report.facts import ImageFacts
from jettison.selection import Policy


class Verification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the proof ended.

    Shape: `rounds` counts the slimmed images that were tried, `requests` what the last one was
    asked; `differences` are those of the last round, one line each; `excluded` says what was not
    compared, since it differs between two runs of the original itself.
    """

    verdict: Literal["passed", "failed", "skipped"]
    rounds: Count = 0
    requests: Count = 0
    differences: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage of the run and the time it took."""

    name: str
    seconds: Annotated[float, msgspec.Meta(ge=0)]


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place that the slimmed image was written to."""

    reference: str
    digest: DigestText


class Artifact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that was written beside the image; `kind` such as `creport` or `seccomp`."""

    kind: str
    path: str


class SlimDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of one slimming.

    Shape: `ratio` is how many times smaller the slimmed image is, unpacked; `slimmed` and `ratio`
    are null where none was built.
    """

    kind: Literal["slim"] = "slim"
    schema_version: Literal[1] = 1
    original: ImageFacts
    slimmed: ImageFacts | None
    ratio: float | None
    policy: Policy
    verification: Verification
    stages: tuple[Stage, ...] = ()
    outputs: tuple[Output, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    notices: tuple[str, ...] = ()


def size_ratio(original: ImageFacts, slimmed: ImageFacts) -> float:
    """How many times smaller `slimmed` is, unpacked, to two digits."""
    return round(original.size_bytes / max(1, slimmed.size_bytes), 2)


def render_slim_document(document: SlimDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)
