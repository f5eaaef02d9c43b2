"""`jettison build`: a project's Dockerfile, built by Docker, Podman or Buildah."""

from __future__ import annotations

import sys

from jettison.build.builders import BuildRequest
from jettison.cli.arguments import takes
from jettison.cli.options import OutputFormat
from jettison.cli.source_options import BuildArguments
from jettison.cli.terminal import print_result, progress


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
