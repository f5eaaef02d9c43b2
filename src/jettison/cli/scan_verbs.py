"""The verbs that hold images and projects against advisories."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from jettison.cli.arguments import takes
from jettison.cli.scan_options import (
    CompareArguments,
    CompareFormat,
    ScanArguments,
    ScanFormat,
)
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import CheckFailedError, HostError, NothingToScanError

if TYPE_CHECKING:
    from pathlib import Path

    from jettison.report.compare_document import CompareDocument
    from jettison.workflow.compare import CompareResult
    from jettison.workflow.scan import ScanResult


@takes(ScanArguments)
def scan(arguments: ScanArguments) -> None:
    """Find what is known to be vulnerable in an image, a project, or a bill of materials."""
    from jettison.cli.scan_requests import scan_request  # noqa: PLC0415  # --help need not load it
    from jettison.workflow.pages import check_place, write_page  # noqa: PLC0415  # as above
    from jettison.workflow.scan import scan as run  # noqa: PLC0415  # as above

    request = scan_request(arguments)
    if arguments.html is not None:
        check_place(arguments.html)
    with progress() as events:
        result = run(request, events=events)
        document = result.document
        if arguments.html is not None:
            from jettison.report.html.scan_page import render_scan_page  # noqa: PLC0415  # as above

            write_page(arguments.html, lambda: render_scan_page(document), events=events)
    print_result(_rendered(result, arguments))
    if document.packages_tested == 0:
        reasons = "; ".join(dict.fromkeys(row.reason for row in document.untested))
        raise NothingToScanError(
            f"{arguments.target}: nothing in it could be tested",
            hint=reasons or "no packages, requirements or components were found in it",
        )
    if not document.passed:
        raise CheckFailedError(f"{arguments.target}: vulnerabilities were found")


@takes(CompareArguments)
def compare(arguments: CompareArguments) -> None:
    """Say what became of each vulnerability of an image in a slimmed one, and on what evidence."""
    from jettison.cli.scan_requests import compare_request  # noqa: PLC0415  # --help need not load it
    from jettison.workflow.compare import compare as run  # noqa: PLC0415  # as above
    from jettison.workflow.pages import check_place, write_page  # noqa: PLC0415  # as above

    request = compare_request(arguments)
    if arguments.html is not None:
        check_place(arguments.html)
    with progress() as events:
        result = run(request, events=events)
        if arguments.html is not None:
            from jettison.report.html.compare_page import render_compare_page  # noqa: PLC0415  # as above

            write_page(arguments.html, lambda: render_compare_page(result.document), events=events)
    if arguments.vex is not None:
        _write_vex(arguments.vex, result)
    print_result(_compared(result.document, arguments))
    if not result.document.passed:
        raise CheckFailedError(f"{arguments.slimmed}: vulnerabilities are left")


def _write_vex(path: Path, result: CompareResult) -> None:
    from jettison.edge.files import atomic_write  # noqa: PLC0415  # as above
    from jettison.scan.openvex import render_vex  # noqa: PLC0415  # as above

    if result.vex is None:
        raise NothingToScanError(
            f"{path}: nothing is gone, so there is nothing to state",
            hint="leave --vex out; a document without statements is none",
        )
    try:
        with atomic_write(path) as out:
            out.write(render_vex(result.vex))
    except OSError as err:
        raise HostError(f"write {path}: {err.strerror}") from err


def _compared(document: CompareDocument, arguments: CompareArguments) -> str:
    match arguments.format:
        case CompareFormat.JSON:
            from jettison.report.compare_document import render_compare_document  # noqa: PLC0415  # one is used

            return render_compare_document(document).decode()
        case CompareFormat.MARKDOWN:
            from jettison.report.compare_markdown import render_compare_markdown  # noqa: PLC0415  # as above

            return render_compare_markdown(document)
        case CompareFormat.HTML:
            from jettison.report.html.compare_page import render_compare_page  # noqa: PLC0415  # as above

            return render_compare_page(document).decode()
        case CompareFormat.TEXT:
            from jettison.report.compare_text import render_compare_text  # noqa: PLC0415  # as above

            return render_compare_text(document, width=width(), is_full=arguments.all)
        case _:
            assert_never(arguments.format)


def _rendered(result: ScanResult, arguments: ScanArguments) -> str:
    document = result.document
    match arguments.format:
        case ScanFormat.JSON:
            from jettison.report.scan_document import render_scan_document  # noqa: PLC0415  # one is used

            return render_scan_document(document).decode()
        case ScanFormat.SARIF:
            from jettison.report.scan_sarif import render_scan_sarif  # noqa: PLC0415  # as above

            return render_scan_sarif(document).decode()
        case ScanFormat.MARKDOWN:
            from jettison.report.scan_markdown import render_scan_markdown  # noqa: PLC0415  # as above

            return render_scan_markdown(document)
        case ScanFormat.HTML:
            from jettison.report.html.scan_page import render_scan_page  # noqa: PLC0415  # as above

            return render_scan_page(document).decode()
        case ScanFormat.CYCLONEDX:
            from jettison.report.scan_cyclonedx import render_scan_cyclonedx  # noqa: PLC0415  # as above

            return render_scan_cyclonedx(document, result.tested).decode()
        case ScanFormat.TEXT:
            from jettison.report.scan_text import render_scan_text  # noqa: PLC0415  # as above

            return render_scan_text(document, width=width(), is_full=arguments.all)
        case _:
            assert_never(arguments.format)
