"""`jettison advise`: from what was typed to the workflow, and its result printed."""

from __future__ import annotations

import os
from pathlib import Path

from jettison.cli.arguments import takes
from jettison.cli.db_verbs import database_path
from jettison.cli.options import OutputFormat
from jettison.cli.scan_options import AdviseArguments
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import UsageError

_NAMES = ("Dockerfile", "Containerfile")


@takes(AdviseArguments)
def advise(arguments: AdviseArguments) -> None:
    """Find a better base image: fewer vulnerabilities, a Python that the app can use, a digest."""
    from jettison.cli.sources import source_request  # noqa: PLC0415  # --help need not load it
    from jettison.feed.package_index import find_index_url  # noqa: PLC0415  # as above
    from jettison.report.advise_document import render_advise_document  # noqa: PLC0415  # as above
    from jettison.report.advise_text import render_advise_text  # noqa: PLC0415  # as above
    from jettison.workflow.advise import AdviseRequest, advise_on  # noqa: PLC0415  # as above

    found = find_dockerfile(arguments.target)
    dockerfile = found or arguments.dockerfile
    request = AdviseRequest(
        target=arguments.target,
        template=source_request(arguments.target, arguments),
        database=database_path(arguments.db),
        image=None if found is not None else arguments.target,
        dockerfile=dockerfile,
        build_arguments=tuple(_build_argument(text) for text in arguments.build_arg),
        candidates=arguments.candidate,
        repository=arguments.repository,
        project=arguments.project or (dockerfile.parent if dockerfile is not None else None),
        index_url=arguments.index_url or find_index_url(os.environ, Path.home()),
        is_offline=arguments.offline,
        most=arguments.most,
    )
    with progress() as events:
        document = advise_on(request, events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(render_advise_document(document).decode())
    else:
        print_result(render_advise_text(document, width=width()))


def find_dockerfile(target: str) -> Path | None:
    """The Dockerfile that is meant; None for an image.

    Raises: UsageError for a directory without one, and for one that is named and not there.
    """
    path = Path(target).expanduser()
    if path.is_dir() and not (path / "oci-layout").is_file():
        for name in _NAMES:
            if (path / name).is_file():
                return path / name
        raise UsageError(
            f"{target}: no Dockerfile is there", hint="name it, or an image as docker:NAME"
        )
    if path.name in _NAMES and not path.exists():
        raise UsageError(f"{target}: no such file", hint="name it, or an image as docker:NAME")
    return path if path.is_file() and ":" not in target else None


def _build_argument(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--build-arg {text!r}", hint="write NAME=VALUE")
    return name, value
