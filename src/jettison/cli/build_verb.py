"""`jettison build`: a project's Dockerfile, built by Docker, Podman or Buildah."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from jettison.build.builders import BuildRequest
from jettison.cli.arguments import arguments_of, takes
from jettison.cli.config import FILE_NAME, read_defaults
from jettison.cli.options import OutputFormat, SlimArguments
from jettison.cli.scan_options import ScanArguments
from jettison.cli.source_options import BuildArguments
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import CheckFailedError
from jettison.events import EventSink

if TYPE_CHECKING:
    from jettison.report.scan_document import ScanDocument
    from jettison.report.slim_document import SlimDocument


@takes(BuildArguments)
def build(arguments: BuildArguments) -> None:
    """Build a project's Dockerfile with whichever builder is there; slim and scan the image."""
    import msgspec  # noqa: PLC0415  # --help need not load it

    from jettison.report.build_document import (  # noqa: PLC0415  # as above
        BuildDocument,
        render_build_text,
    )
    from jettison.report.documents import encode  # noqa: PLC0415  # as above
    from jettison.workflow.build_source import build_source  # noqa: PLC0415  # as above

    failed = ""
    with progress() as events:
        built = build_source(
            build_request(arguments),
            arguments.builder,
            output=sys.stderr.fileno(),
            events=events,
        )
        target = str(built.target)
        document = BuildDocument(target=target, builder=str(built.builder))
        if arguments.slim:
            slimmed = _slim(arguments, target, events)
            document = msgspec.structs.replace(document, slim=slimmed)
            if slimmed.verification.verdict == "failed":
                failed = "the slimmed image does not behave as the original does"
            elif slimmed.outputs:
                target = slimmed.outputs[0].reference
        if arguments.scan and not failed:
            scanned = _scan(arguments, target, events)
            document = msgspec.structs.replace(document, scan=scanned)
            failed = "" if scanned.passed else f"{target}: vulnerabilities were found"
    if arguments.format is OutputFormat.JSON:
        print_result(encode(document, indent=2).decode())
    else:
        print_result(render_build_text(document, width=width()))
    if failed:
        raise CheckFailedError(failed)


def _slim(arguments: BuildArguments, target: str, events: EventSink) -> SlimDocument:
    """As `slim` does it with the options of the project's own jettison.toml."""
    from jettison.cli.requests import slim_request  # noqa: PLC0415  # as above
    from jettison.workflow.slim import slim  # noqa: PLC0415  # as above

    defaults = read_defaults(arguments.directory / FILE_NAME)
    given = arguments_of("slim", SlimArguments, [target], defaults)
    return slim(slim_request(given), events=events).document


def _scan(arguments: BuildArguments, target: str, events: EventSink) -> ScanDocument:
    from jettison.cli.scan_requests import scan_request  # noqa: PLC0415  # as above
    from jettison.workflow.scan import scan  # noqa: PLC0415  # as above

    defaults = read_defaults(arguments.directory / FILE_NAME)
    given = arguments_of("scan", ScanArguments, [target], defaults)
    return scan(scan_request(given), events=events).document


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
