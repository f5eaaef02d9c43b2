"""The options of the verbs that look into images or move them, without running any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from jettison.cli.options import BoundArguments, OutputFormat, PlaceArguments

_TARGET = "docker:NAME, podman:NAME, registry:NAME, oci:DIR, oci-archive:FILE, …, or NAME."


@dataclass(frozen=True, kw_only=True)
class CopyArguments(PlaceArguments):
    """`jettison copy`."""

    source: Annotated[str, Argument(metavar="SRC", help=f"From: {_TARGET}")]
    destination: Annotated[str, Argument(metavar="DST", help="To: the same, but for NAME alone.")]
    all: Annotated[
        bool,
        Option("--all", help="Insist on all platforms; an error where the place takes only one."),
    ] = False
    force: Annotated[bool, Option("--force", help="Replace another image that is there.")] = False
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class InspectArguments(PlaceArguments):
    """`jettison inspect`."""

    target: Annotated[str, Argument(metavar="TARGET", help=_TARGET)]
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class XrayArguments(BoundArguments):
    """`jettison xray`."""

    target: Annotated[str, Argument(metavar="TARGET", help=_TARGET)]
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT
    only: Annotated[
        tuple[str, ...],
        Option(
            metavar="PART,…",
            help="Only these parts, each in full: layers, packages, files, waste, duplicates, "
            "config, risks, dockerfile, estimate.",
        ),
    ] = ()
    html: Annotated[
        Path | None,
        Option(metavar="FILE", help="Also write a page for a browser: one file, without network."),
    ] = None
    gate: Annotated[
        tuple[str, ...],
        Option(
            metavar="NAME=BOUND,…",
            help="End with 1 if the image exceeds it: size=200MB, efficiency=0.95, waste=5%, …",
        ),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class XrayDiffArguments(BoundArguments):
    """`jettison xray diff`."""

    before: Annotated[str, Argument(metavar="A", help="The one image.")]
    after: Annotated[str, Argument(metavar="B", help="The other one.")]
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT
