"""What a comparison has shown, as OpenVEX statements about the slimmed image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jettison.digest import Digest
from jettison.scan.compare import GONE, Outcome, Verdict
from jettison.scan.purls import purl_of
from jettison.scan.vex import (
    Justification,
    VexComponent,
    VexDocument,
    VexProduct,
    VexStatement,
    VexStatus,
)


def gone_statements(
    verdicts: Iterable[Verdict], *, image: str, digest: Digest, timestamp: str
) -> VexDocument:
    """A statement for each vulnerability that is gone; `image` is the image's package URL.

    Shape: what was fixed by another version is `fixed`; what went with its files is
    `not_affected`, as the vulnerable code is not present. Nothing is said of what is unknown.
    """
    return VexDocument(
        author="jettison",
        timestamp=timestamp,
        tooling="jettison compare",
        statements=tuple(_statements(verdicts, image, digest, timestamp)),
    )


def _statements(
    verdicts: Iterable[Verdict], image: str, digest: Digest, timestamp: str
) -> Iterator[VexStatement]:
    for verdict in verdicts:
        if verdict.outcome not in GONE:
            continue
        finding = verdict.finding
        is_fixed = verdict.outcome is Outcome.FIXED
        yield VexStatement(
            vulnerability=finding.id,
            aliases=finding.aliases,
            products=(
                VexProduct(
                    component=VexComponent(id=image, purl=image, sha256=digest.hex),
                    subcomponents=tuple(
                        VexComponent(id=purl, purl=purl)
                        for purl in dict.fromkeys(purl_of(item) for item in finding.packages)
                    ),
                ),
            ),
            status=VexStatus.FIXED if is_fixed else VexStatus.NOT_AFFECTED,
            justification=None if is_fixed else Justification.CODE_NOT_PRESENT,
            status_notes="; ".join(
                dict.fromkeys(
                    f"{item.package.title}: {item.reason}"
                    for item in verdict.evidence
                    if item.outcome is verdict.outcome
                )
            ),
            timestamp=timestamp,
        )
