"""The options of the verbs that hold images and projects against advisories."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from jettison.cli.db_verbs import DatabaseArguments
from jettison.cli.options import BoundArguments, OutputFormat


class ScanFormat(StrEnum):
    """What stdout receives."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    SARIF = "sarif"
    CYCLONEDX = "cyclonedx"


class CompareFormat(StrEnum):
    """What stdout receives of a comparison."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


class FailOn(StrEnum):
    """The least severity that ends a scan with 1; `any` takes unrated ones too."""

    ANY = "any"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class AdviseArguments(DatabaseArguments, BoundArguments):
    """`jettison advise`."""

    target: Annotated[
        str,
        Argument(metavar="TARGET|DOCKERFILE|DIR", help="An image, a Dockerfile, or its directory."),
    ]
    candidate: Annotated[
        tuple[str, ...],
        Option(metavar="IMAGE", help="An image to compare with: registry:…, docker:…, oci:DIR …"),
    ] = ()
    repository: Annotated[
        str,
        Option(metavar="[HOST/]NAME", help="Where tags are listed, instead of the base's own."),
    ] = ""
    most: Annotated[
        int, Option(metavar="N", help="Look at so many tags; 0 lists none.", min=0, max=50)
    ] = 4
    dockerfile: Annotated[
        Path | None,
        Option("--dockerfile", "--file", "-f", metavar="FILE", help="What the image is built by."),
    ] = None
    build_arg: Annotated[
        tuple[str, ...], Option(metavar="NAME=VALUE", help="A value for an ARG before FROM.")
    ] = ()
    project: Annotated[
        Path | None,
        Option(
            metavar="DIR",
            help="The app: requires-python and lock files. By default where the Dockerfile is.",
        ),
    ] = None
    index_url: Annotated[
        str,
        Option(
            metavar="URL",
            help="Package index to ask for wheels that no lock file lists; else pip's or uv's.",
        ),
    ] = ""
    offline: Annotated[bool, Option("--offline", help="Ask no registry and no index.")] = False
    format: Annotated[OutputFormat, Option(help="What stdout receives.")] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class ScanArguments(DatabaseArguments, BoundArguments):
    """`jettison scan`."""

    target: Annotated[
        str,
        Argument(
            metavar="TARGET|DIR|FILE",
            help="An image, a project's directory, requirements.txt, a lock file, or an SBOM.",
        ),
    ]
    format: Annotated[ScanFormat, Option(help="What stdout receives.")] = ScanFormat.TEXT
    fail_on: Annotated[
        FailOn, Option(help="The least severity that ends with 1; any takes unrated ones too.")
    ] = FailOn.ANY
    ignores: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="TOML with [[scan.ignore]], instead of jettison.toml.",
        ),
    ] = None
    vex: Annotated[
        tuple[str, ...], Option(metavar="FILE", help="OpenVEX statements on what does not count.")
    ] = ()
    html: Annotated[
        Path | None,
        Option(metavar="FILE", help="Also write a page for a browser: one file, without network."),
    ] = None
    python: Annotated[
        str, Option(metavar="X.Y", help="The Python that a project is for, for its markers.")
    ] = ""
    all: Annotated[
        bool, Option("--all", help="Show every finding of a package, not the first 50.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class CompareArguments(DatabaseArguments, BoundArguments):
    """`jettison compare`."""

    original: Annotated[str, Argument(metavar="ORIGINAL", help="The image that it was made from.")]
    slimmed: Annotated[str, Argument(metavar="SLIMMED", help="The image that is compared with it.")]
    format: Annotated[CompareFormat, Option(help="What stdout receives.")] = CompareFormat.TEXT
    fail_on: Annotated[
        FailOn, Option(help="End with 1 if one at least as bad is remaining, unknown or added.")
    ] = FailOn.NEVER
    vex: Annotated[
        Path | None, Option(metavar="FILE", help="Write OpenVEX statements on what is gone.")
    ] = None
    html: Annotated[
        Path | None,
        Option(metavar="FILE", help="Also write a page for a browser: one file, without network."),
    ] = None
    push_to: Annotated[
        str,
        Option(
            metavar="registry:HOST/NAME",
            help="Push both there, as original and slimmed, to measure how long it takes.",
        ),
    ] = ""
    all: Annotated[
        bool, Option("--all", help="Show every vulnerability, not 20 of each outcome.")
    ] = False
