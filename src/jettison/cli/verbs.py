"""The verbs: ask the workflow, print its result, end with its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jettison.cli.arguments import takes
from jettison.cli.options import (
    OutputFormat,
    ProfileArguments,
    PruneArguments,
    SlimArguments,
    VerifyArguments,
    WhyArguments,
)
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import CheckFailedError

if TYPE_CHECKING:
    from jettison.report.slim_document import SlimDocument


def _print_outcome(document: SlimDocument, format_: OutputFormat) -> None:
    from jettison.report.slim_document import render_slim_document  # noqa: PLC0415  # --help needs none
    from jettison.report.text import render_slim_text  # noqa: PLC0415  # as above

    if format_ is OutputFormat.JSON:
        print_result(render_slim_document(document).decode())
    else:
        print_result(render_slim_text(document, width=width()))


@takes(SlimArguments)
def slim(arguments: SlimArguments) -> None:
    """Slim an image, prove that it works as before, and write it."""
    from jettison.cli.requests import slim_request  # noqa: PLC0415  # --help need not load it
    from jettison.workflow.slim import slim as run  # noqa: PLC0415  # as above

    with progress() as events:
        result = run(slim_request(arguments), events=events)
    _print_outcome(result.document, arguments.format)
    if not result.passed:
        raise CheckFailedError(
            "the slimmed image does not behave as the original does; nothing was written",
            hint="the report says what differs; --keep-path and --probe help, or --policy package",
        )


@takes(ProfileArguments)
def profile(arguments: ProfileArguments) -> None:
    """Rehearse: run an image, report what it used and would keep; write no image."""
    from jettison.cli.requests import profile_request  # noqa: PLC0415  # as above
    from jettison.workflow.slim import slim as run  # noqa: PLC0415  # as above

    with progress() as events:
        result = run(profile_request(arguments), events=events)
    _print_outcome(result.document, arguments.format)


@takes(VerifyArguments)
def verify(arguments: VerifyArguments) -> None:
    """Prove that one image behaves as another does."""
    from jettison.cli.requests import verify_request  # noqa: PLC0415  # as above
    from jettison.report.verify_document import (  # noqa: PLC0415  # as above
        render_verify_document,
        render_verify_text,
    )
    from jettison.workflow.verify import verify as run  # noqa: PLC0415  # as above

    with progress() as events:
        result = run(verify_request(arguments), events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(render_verify_document(result.document).decode())
    else:
        print_result(render_verify_text(result.document, width=width()))
    if not result.passed:
        raise CheckFailedError(f"{arguments.slimmed} does not behave as {arguments.original} does")


@takes(WhyArguments)
def why(arguments: WhyArguments) -> None:
    """Say why a path was kept or dropped, with the chain of reasons."""
    from jettison.report.text import render_explanation  # noqa: PLC0415  # as above
    from jettison.report.why_document import describe_why, render_why_document  # noqa: PLC0415  # as above
    from jettison.workflow.why import why as run  # noqa: PLC0415  # as above

    explanation = run(arguments.path, arguments.report)
    if arguments.format is OutputFormat.JSON:
        print_result(render_why_document(describe_why(explanation)).decode())
    else:
        print_result(render_explanation(explanation))


@takes(PruneArguments)
def prune(arguments: PruneArguments) -> None:
    """Remove unpacked layers from the store."""
    from jettison.cli.sources import parse_size, store_directory  # noqa: PLC0415  # as above
    from jettison.report.units import human_size  # noqa: PLC0415  # as above
    from jettison.workflow.prune import prune as run  # noqa: PLC0415  # as above

    size = arguments.max_size
    most = 0 if size == "0" else parse_size(size, "--max-size")
    freed = run(store_directory(), max_bytes=most)
    print_result(f"{human_size(freed)} freed\n")
