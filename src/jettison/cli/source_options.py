"""The options of the verbs that work on sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from typer import Argument, Option

from jettison.build.builders import BuilderKind
from jettison.cli.db_verbs import DatabaseArguments
from jettison.cli.options import BoundArguments, OutputFormat
from jettison.cli.scan_options import FailOn
from jettison.lint.model import Severity
from jettison.report.lint_format import LintFormat

_BUILD: Final = "Building"
_BRANCH: Final = "Branch and pull request"


@dataclass(frozen=True, kw_only=True)
class LintArguments(BoundArguments):
    """`jettison lint`."""

    targets: Annotated[
        tuple[str, ...],
        Argument(
            metavar="[DOCKERFILE|DIR|TARGET]…",
            help="Dockerfiles, manifests, directories with them, or one image; default: here.",
            show_default=False,
        ),
    ] = ()
    fix: Annotated[bool, Option("--fix", help="Put right what is safe to put right.")] = False
    format: Annotated[
        LintFormat,
        Option(
            metavar="FORMAT",
            help="What stdout receives: text, json, sarif, junit, markdown or github.",
        ),
    ] = LintFormat.TEXT
    fail_on: Annotated[
        Severity,
        Option(metavar="SEVERITY", help="Exit 1 at this or worse: info, warning or error."),
    ] = Severity.WARNING
    context: Annotated[
        Path | None,
        Option(metavar="DIR", help="The build context; default: found by what is copied."),
    ] = None
    hadolint: Annotated[
        bool | None, Option(help="Ask hadolint, too; default: where it is there.")
    ] = None
    online: Annotated[
        bool, Option("--online", help="Ask registries for the digests of base images.")
    ] = False
    ignores: Annotated[
        Path | None,
        Option(metavar="FILE", help="A jettison.toml with [[lint.ignore]]; default: that here."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class InitArguments:
    """`jettison init`."""

    directory: Annotated[
        Path, Argument(metavar="DIR", help="The project's directory; default: this one.")
    ] = Path()
    app: Annotated[
        str, Option(metavar="MODULE:OBJECT", help="The app, where it is not clear which is meant.")
    ] = ""
    base: Annotated[
        str, Option(metavar="NAME", help="Another base image, such as a mirror's; tag optional.")
    ] = ""
    port: Annotated[
        int | None, Option(metavar="PORT", help="The port to serve at.", min=1, max=65535)
    ] = None
    name: Annotated[str, Option(metavar="NAME", help="What image and services are called.")] = ""
    pin: Annotated[bool, Option(help="Ask the registry for digests.")] = True
    interactive: Annotated[
        bool, Option("--interactive", help="Ask what else would be found out.")
    ] = False
    dry_run: Annotated[bool, Option("--dry-run", help="Show what would change; write nothing.")] = (
        False
    )
    force: Annotated[bool, Option("--force", help="Replace files that are there.")] = False
    insecure: Annotated[bool, Option("--insecure", help="Speak plain HTTP to registries.")] = False
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class BuildArguments:
    """`jettison build`."""

    directory: Annotated[
        Path, Argument(metavar="DIR", help="The project's directory; default: this one.")
    ] = Path()
    tag: Annotated[
        str, Option("--tag", "-t", metavar="NAME", help="Default: the directory's name.")
    ] = ""
    file: Annotated[
        Path | None, Option("--file", "-f", metavar="FILE", help="Default: DIR/Dockerfile.")
    ] = None
    builder: Annotated[
        BuilderKind | None,
        Option(metavar="WHICH", help="docker, podman or buildah; default: the first there."),
    ] = None
    build_arg: Annotated[
        tuple[str, ...], Option(metavar="NAME=VALUE", help="A build argument.")
    ] = ()
    target: Annotated[str, Option(metavar="STAGE", help="Stop at this stage.")] = ""
    platform: Annotated[str, Option(metavar="OS/ARCH", help="Build for this platform.")] = ""
    network: Annotated[str, Option(metavar="MODE", help="The network of RUN.")] = ""
    cache_from: Annotated[
        tuple[str, ...], Option(metavar="NAME", help="An image whose layers may serve.")
    ] = ()
    pull: Annotated[bool, Option("--pull", help="Ask for newer base images.")] = False
    cache: Annotated[bool, Option(help="Use the builder's cache.")] = True
    slim: Annotated[
        bool, Option("--slim", help="Go on to slim it, with [slim] of DIR/jettison.toml.")
    ] = False
    scan: Annotated[
        bool, Option("--scan", help="Go on to scan what came of it, with [scan] of it.")
    ] = False
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class FixArguments(DatabaseArguments, BoundArguments):
    """`jettison fix`."""

    directory: Annotated[
        Path, Argument(metavar="DIR", help="The project's directory; default: this one.")
    ] = Path()
    dry_run: Annotated[bool, Option("--dry-run", help="Show what would change; write nothing.")] = (
        False
    )
    python: Annotated[
        str, Option(metavar="X.Y", help="The Python of the project; default: as it asks for.")
    ] = ""
    index_url: Annotated[
        str, Option(metavar="URL", help="The package index; default: what pip is told.")
    ] = ""
    base: Annotated[
        bool, Option(help="Look for a better base image for DIR/Dockerfile, and pin it.")
    ] = True
    candidate: Annotated[
        tuple[str, ...],
        Option(metavar="IMAGE", help="A base image to look at: registry:…, docker:…, oci:DIR …"),
    ] = ()
    most: Annotated[
        int, Option(metavar="N", help="Look at so many tags; 0 lists none.", min=0, max=50)
    ] = 4
    offline: Annotated[bool, Option("--offline", help="Ask no registry for base images.")] = False
    branch: Annotated[
        str,
        Option(metavar="NAME", help="Commit to a new git branch.", rich_help_panel=_BRANCH),
    ] = ""
    pull_request: Annotated[
        bool,
        Option("--pull-request", help="Push it and open one.", rich_help_panel=_BRANCH),
    ] = False
    repo: Annotated[
        str,
        Option(metavar="OWNER/NAME", help="Default: the remote's.", rich_help_panel=_BRANCH),
    ] = ""
    remote: Annotated[
        str, Option(metavar="NAME", help="The git remote.", rich_help_panel=_BRANCH)
    ] = "origin"
    api_url: Annotated[
        str,
        Option(metavar="URL", help="GitHub's REST API, or another.", rich_help_panel=_BRANCH),
    ] = ""
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class HardenArguments(DatabaseArguments):
    """`jettison harden`."""

    directory: Annotated[
        Path, Argument(metavar="DIR", help="The project's directory; default: this one.")
    ] = Path()
    tag: Annotated[
        str, Option("--tag", "-t", metavar="NAME", help="Default: the directory's name.")
    ] = ""
    base: Annotated[
        str, Option(metavar="NAME", help="Another base image for a Dockerfile that is missing.")
    ] = ""
    app: Annotated[
        str, Option(metavar="MODULE:OBJECT", help="The app, where it is not clear which is meant.")
    ] = ""
    pin: Annotated[bool, Option(help="Ask the registry for digests.")] = True
    env: Annotated[
        tuple[str, ...], Option(metavar="NAME=VALUE", help="Set a variable while the app is run.")
    ] = ()
    scan: Annotated[bool, Option(help="Look for vulnerabilities before and after.")] = True
    osv_url: Annotated[
        str,
        Option(
            metavar="URL",
            help="Where advisories are fetched from if there are none yet; default: OSV's own.",
        ),
    ] = ""
    fail_on: Annotated[
        FailOn, Option(help="End with 1 if one at least as bad is left in the slimmed image.")
    ] = FailOn.NEVER
    builder: Annotated[
        BuilderKind | None,
        Option(
            metavar="WHICH",
            help="docker, podman or buildah; default: the first there.",
            rich_help_panel=_BUILD,
        ),
    ] = None
    build_arg: Annotated[
        tuple[str, ...],
        Option(metavar="NAME=VALUE", help="A build argument.", rich_help_panel=_BUILD),
    ] = ()
    build_network: Annotated[
        str, Option(metavar="MODE", help="The network of RUN.", rich_help_panel=_BUILD)
    ] = ""
    report_dir: Annotated[
        Path | None, Option(metavar="DIR", help="Default: ./jettison-report/NAME/.")
    ] = None
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT
