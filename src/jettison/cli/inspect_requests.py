"""From what was typed to what the verbs that look into images are asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from jettison.cli.inspect_options import (
    CopyArguments,
    InspectArguments,
    XrayArguments,
    XrayDiffArguments,
)
from jettison.cli.sources import source_request
from jettison.errors import UsageError
from jettison.report.xray_document import Part
from jettison.workflow.copy import CopyRequest
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.xray import XrayRequest
from jettison.workflow.xray_diff import XrayDiffRequest
from jettison.xray.gates import parse_gates


def xray_request(arguments: XrayArguments) -> XrayRequest:
    """What `jettison xray` is asked. Raises: UsageError."""
    return XrayRequest(
        source=source_request(arguments.target, arguments),
        parts=parse_parts(arguments.only),
        gates=parse_gates(arguments.gate),
    )


def xray_diff_request(arguments: XrayDiffArguments) -> XrayDiffRequest:
    """What `jettison xray diff` is asked. Raises: UsageError."""
    return XrayDiffRequest(
        before=source_request(arguments.before, arguments),
        after=source_request(arguments.after, arguments),
    )


def copy_request(arguments: CopyArguments) -> CopyRequest:
    """What `jettison copy` is asked. Raises: UsageError."""
    return CopyRequest(
        source=source_request(arguments.source, arguments),
        destination=arguments.destination,
        whole=arguments.all,
        force=arguments.force,
    )


def inspect_request(arguments: InspectArguments) -> SourceRequest:
    """What `jettison inspect` is asked. Raises: UsageError."""
    return source_request(arguments.target, arguments)


def parse_parts(texts: Iterable[str]) -> frozenset[Part]:
    """The parts of `layers,packages` texts; all of them where there is none.

    Raises: UsageError for a part that is not known.
    """
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    known = [str(part) for part in Part]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            raise UsageError(f"--only {name!r}: no part is named so", hint=hint)
    return frozenset(Part(name) for name in names) or frozenset(Part)
