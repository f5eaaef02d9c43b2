"""The verbs that look into images or move them: ask the workflow, print its result."""

from __future__ import annotations

from jettison.cli.arguments import takes
from jettison.cli.inspect_options import (
    CopyArguments,
    InspectArguments,
    XrayArguments,
    XrayDiffArguments,
)
from jettison.cli.options import OutputFormat
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import CheckFailedError


@takes(CopyArguments)
def copy(arguments: CopyArguments) -> None:
    """Copy an image between two places, its digest kept wherever both know it."""
    from jettison.cli.inspect_requests import copy_request  # noqa: PLC0415  # --help need not load it
    from jettison.report.copy_document import (  # noqa: PLC0415  # as above
        render_copy_document,
        render_copy_text,
    )
    from jettison.workflow.copy import copy as run  # noqa: PLC0415  # as above

    with progress() as events:
        document = run(copy_request(arguments), events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(render_copy_document(document).decode())
    else:
        print_result(render_copy_text(document))


@takes(InspectArguments)
def inspect(arguments: InspectArguments) -> None:
    """Show an image's digest, platform, config and layers, without unpacking it."""
    from jettison.cli.inspect_requests import inspect_request  # noqa: PLC0415  # as above
    from jettison.report.inspect_document import (  # noqa: PLC0415  # as above
        render_inspect_document,
        render_inspect_text,
    )
    from jettison.workflow.inspect import inspect as run  # noqa: PLC0415  # as above

    with progress() as events:
        document = run(inspect_request(arguments), events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(render_inspect_document(document).decode())
    else:
        print_result(render_inspect_text(document, width=width()))


@takes(XrayArguments)
def xray(arguments: XrayArguments) -> None:
    """Show what an image is made of: layers, packages, waste, settings, risks."""
    from jettison.cli.inspect_requests import xray_request  # noqa: PLC0415  # --help need not load it
    from jettison.report.xray_document import render_xray_document  # noqa: PLC0415  # as above
    from jettison.workflow.pages import check_place, write_page  # noqa: PLC0415  # as above
    from jettison.workflow.xray import xray as run  # noqa: PLC0415  # as above

    request = xray_request(arguments)
    if arguments.html is not None:
        check_place(arguments.html)
    with progress() as events:
        result = run(request, events=events)
        if arguments.html is not None:
            from jettison.report.html.xray_page import render_xray_page  # noqa: PLC0415  # as above

            write_page(arguments.html, lambda: render_xray_page(result.document), events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(render_xray_document(result.document).decode())
    else:
        from jettison.report.xray_text import render_xray_text  # noqa: PLC0415  # JSON needs no tables

        print_result(render_xray_text(result.document, request.parts, width=width()))
    if result.failed:
        told = "; ".join(
            f"{row.name} is {row.found}, allowed {row.allowed}" for row in result.failed
        )
        raise CheckFailedError(f"{arguments.target}: {told}")


@takes(XrayDiffArguments)
def xray_diff(arguments: XrayDiffArguments) -> None:
    """Show what differs between two images: files, sizes, packages, settings."""
    from jettison.cli.inspect_requests import xray_diff_request  # noqa: PLC0415  # as above
    from jettison.report.xray_diff_document import render_xray_diff_document  # noqa: PLC0415  # as above
    from jettison.report.xray_diff_text import render_xray_diff_text  # noqa: PLC0415  # as above
    from jettison.workflow.xray_diff import xray_diff as run  # noqa: PLC0415  # as above

    request = xray_diff_request(arguments)
    with progress() as events:
        document = run(request, events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(render_xray_diff_document(document).decode())
    else:
        print_result(render_xray_diff_text(document, width=width()))
