"""`jettison build`: a project's Dockerfile, built by Docker, Podman or Buildah."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from jettison.build.builders import BuilderKind, BuildRequest
from jettison.cli.arguments import takes
from jettison.cli.options import OutputFormat
from jettison.cli.terminal import print_result, progress


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
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT


@takes(BuildArguments)
def build(arguments: BuildArguments) -> None:
    """Build a project's Dockerfile with whichever builder is there."""
    from jettison.report.build_document import render_build  # noqa: PLC0415  # --help needs it not
    from jettison.workflow.build_source import build_source  # noqa: PLC0415  # as above

    with progress() as events:
        built = build_source(
            build_request(arguments),
            arguments.builder,
            output=sys.stderr.fileno(),
            events=events,
        )
    as_json = arguments.format is OutputFormat.JSON
    print_result(render_build(str(built.target), str(built.builder), as_json=as_json))


def build_request(arguments: BuildArguments) -> BuildRequest:
    """What the builder is asked."""
    from jettison.workflow.build_source import default_tag  # noqa: PLC0415  # as above

    return BuildRequest(
        context=arguments.directory,
        tag=arguments.tag or default_tag(arguments.directory),
        dockerfile=arguments.file,
        arguments=arguments.build_arg,
        target=arguments.target,
        platform=arguments.platform,
        network=arguments.network,
        cache_from=arguments.cache_from,
        pull=arguments.pull,
        use_cache=arguments.cache,
    )
