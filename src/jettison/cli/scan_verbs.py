"""The verbs that hold images and projects against advisories."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from jettison.cli.arguments import takes
from jettison.cli.scan_options import ScanArguments, ScanFormat
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import CheckFailedError, NothingToScanError
from jettison.report.scan_document import render_scan_document

if TYPE_CHECKING:
    from jettison.workflow.scan import ScanResult


@takes(ScanArguments)
def scan(arguments: ScanArguments) -> None:
    """Find what is known to be vulnerable in an image, a project, or a bill of materials."""
    from jettison.cli.scan_requests import scan_request  # noqa: PLC0415  # --help need not load it
    from jettison.workflow.scan import scan as run  # noqa: PLC0415  # as above

    request = scan_request(arguments)
    with progress() as events:
        result = run(request, events=events)
    document = result.document
    print_result(_rendered(result, arguments))
    if document.packages_tested == 0:
        reasons = "; ".join(dict.fromkeys(row.reason for row in document.untested))
        raise NothingToScanError(
            f"{arguments.target}: nothing in it could be tested",
            hint=reasons or "no packages, requirements or components were found in it",
        )
    if not document.passed:
        raise CheckFailedError(f"{arguments.target}: vulnerabilities were found")


def _rendered(result: ScanResult, arguments: ScanArguments) -> str:
    document = result.document
    match arguments.format:
        case ScanFormat.JSON:
            return render_scan_document(document).decode()
        case ScanFormat.SARIF:
            from jettison.report.scan_sarif import render_scan_sarif  # noqa: PLC0415  # one is used

            return render_scan_sarif(document).decode()
        case ScanFormat.MARKDOWN:
            from jettison.report.scan_markdown import render_scan_markdown  # noqa: PLC0415  # as above

            return render_scan_markdown(document)
        case ScanFormat.CYCLONEDX:
            from jettison.report.scan_cyclonedx import render_scan_cyclonedx  # noqa: PLC0415  # as above

            return render_scan_cyclonedx(document, result.tested).decode()
        case ScanFormat.TEXT:
            from jettison.report.scan_text import render_scan_text  # noqa: PLC0415  # as above

            return render_scan_text(document, width=width(), is_full=arguments.all)
        case _:
            assert_never(arguments.format)
