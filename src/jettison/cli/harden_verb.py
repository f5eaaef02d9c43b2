"""`jettison harden`: everything, from a project's sources to a verified image and its account."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jettison.cli.arguments import arguments_of, takes
from jettison.cli.build_verb import build_request
from jettison.cli.config import FILE_NAME, read_defaults
from jettison.cli.db_verbs import database_path
from jettison.cli.init_verb import init_request
from jettison.cli.inspect_options import XrayArguments
from jettison.cli.options import OutputFormat, SlimArguments
from jettison.cli.scan_options import CompareArguments
from jettison.cli.source_options import (
    BuildArguments,
    HardenArguments,
    InitArguments,
    LintArguments,
)
from jettison.cli.terminal import print_result, progress
from jettison.errors import CheckFailedError
from jettison.feed.places import DEFAULT_BASE

if TYPE_CHECKING:
    from jettison.workflow.harden import HardenRequest, ImageSteps

_REPORTS = Path("jettison-report")


@takes(HardenArguments)
def harden(arguments: HardenArguments) -> None:
    """Do it all: write what is missing, lint, build, X-ray, slim, verify, scan, compare, report."""
    from jettison.report.documents import encode  # noqa: PLC0415  # --help need not load it
    from jettison.report.harden_document import render_harden_text  # noqa: PLC0415  # as above
    from jettison.workflow.harden import harden as run  # noqa: PLC0415  # as above

    with progress() as events:
        document = run(_request(arguments), events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(encode(document, indent=2).decode())
    else:
        print_result(render_harden_text(document))
    if not document.passed:
        raise CheckFailedError(
            f"{arguments.directory}: failed: {', '.join(document.failed)}",
            hint="the report tells what was found",
        )


def _request(arguments: HardenArguments) -> HardenRequest:
    from jettison.cli.source_verbs import lint_request  # noqa: PLC0415  # as above
    from jettison.workflow.build_source import default_tag  # noqa: PLC0415  # as above
    from jettison.workflow.harden import HardenRequest  # noqa: PLC0415  # as above

    directory = arguments.directory
    defaults = _defaults(directory)
    tag = arguments.tag or default_tag(directory)
    report_dir = arguments.report_dir or _REPORTS / tag.replace("/", "-").replace(":", "-")
    lint = arguments_of("lint", LintArguments, [str(directory)], defaults)
    return HardenRequest(
        directory=directory,
        init=init_request(
            InitArguments(
                directory=directory, app=arguments.app, base=arguments.base, pin=arguments.pin
            ),
            only_missing=True,
        ),
        lint=lint_request(lint),
        lint_fail_on=lint.fail_on,
        build=build_request(
            BuildArguments(
                directory=directory,
                tag=tag,
                build_arg=arguments.build_arg,
                network=arguments.build_network,
            )
        ),
        builder=arguments.builder,
        steps=lambda: _image_steps(arguments, report_dir),
        report_dir=report_dir,
        output=sys.stderr.fileno(),
    )


def _defaults(directory: Path) -> dict[str, dict[str, Any]]:
    """What the project's own jettison.toml says; the one of this directory is its own there."""
    return read_defaults(directory / FILE_NAME)


def _image_steps(arguments: HardenArguments, report_dir: Path) -> ImageSteps:
    """Each verb's own options come from the project's jettison.toml, which `init` may have made."""
    from jettison.cli.inspect_requests import xray_request  # noqa: PLC0415  # as above
    from jettison.cli.requests import slim_request  # noqa: PLC0415  # as above
    from jettison.cli.scan_requests import compare_request  # noqa: PLC0415  # as above
    from jettison.feed.update import UpdateRequest  # noqa: PLC0415  # as above
    from jettison.workflow.harden import ImageSteps  # noqa: PLC0415  # as above

    defaults = _defaults(arguments.directory)
    osv_url = arguments.osv_url or DEFAULT_BASE
    variables = [word for item in arguments.env for word in ("--env", item)]
    without_gates = {**defaults, "xray": {}}

    def compare(original: str, slimmed: str) -> Any:
        words = [original, slimmed, "--db", str(database_path(arguments.db))]
        words += ["--fail-on", arguments.fail_on.value]
        return compare_request(arguments_of("compare", CompareArguments, words, defaults))

    return ImageSteps(
        xray=lambda target: xray_request(
            arguments_of("xray", XrayArguments, [target], without_gates)
        ),
        slim=lambda target: slim_request(
            arguments_of(
                "slim",
                SlimArguments,
                [target, *variables, "--report-dir", str(report_dir)],
                defaults,
            )
        ),
        slimmed=lambda target: xray_request(
            arguments_of("xray", XrayArguments, [target, "--only", "config"], defaults)
        ),
        compare=compare if arguments.scan else None,
        advisories=UpdateRequest(database=database_path(arguments.db), base=osv_url),
    )
