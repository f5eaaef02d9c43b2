"""`jettison sbom`: an image's bill of materials."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from jettison.cli.arguments import takes
from jettison.cli.options import BoundArguments
from jettison.cli.terminal import print_result, progress
from jettison.errors import UsageError

_FORMATS = ("cyclonedx", "spdx")


@dataclass(frozen=True, kw_only=True)
class SbomArguments(BoundArguments):
    """`jettison sbom`."""

    target: Annotated[
        str,
        Argument(metavar="TARGET", help="docker:NAME, podman:NAME, oci:DIR, registry:NAME, …"),
    ]
    format: Annotated[
        str, Option(metavar="FORMAT", help="cyclonedx (1.6, JSON) or spdx (2.3, JSON).")
    ] = "cyclonedx"
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FILE", help="Default: stdout.")
    ] = None


@takes(SbomArguments)
def sbom(arguments: SbomArguments) -> None:
    """Write an image's bill of materials: packages, their files, layers and licences."""
    from jettison.cli.sources import source_request  # noqa: PLC0415  # --help needs it not
    from jettison.workflow.sbom import BillFormat, SbomRequest  # noqa: PLC0415  # as above
    from jettison.workflow.sbom import sbom as run  # noqa: PLC0415  # as above

    if arguments.format not in _FORMATS:
        raise UsageError(
            f"--format {arguments.format!r}: a bill of materials is not written in that",
            hint=f"write {' or '.join(_FORMATS)}",
        )
    request = SbomRequest(
        source=source_request(arguments.target, arguments),
        format=BillFormat(arguments.format),
        output=arguments.output,
        created=source_date(),
    )
    with progress() as events:
        text = run(request, events=events)
    if arguments.output is None:
        print_result(text.decode())


def source_date(environ: Mapping[str, str] = os.environ) -> datetime | None:
    """The date that SOURCE_DATE_EPOCH asks for, if it is set.

    Raises: UsageError where it is no number of seconds.
    """
    text = environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as err:
        raise UsageError(
            f"SOURCE_DATE_EPOCH {text!r} is not a number of seconds since 1970"
        ) from err
