"""`jettison fix`: upgrades that clear what a scan of a project finds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jettison.cli.arguments import takes
from jettison.cli.options import OutputFormat
from jettison.cli.source_options import FixArguments
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import CheckFailedError

if TYPE_CHECKING:
    from jettison.workflow.advise import AdviseRequest
    from jettison.workflow.fix import FixRequest


@takes(FixArguments)
def fix(arguments: FixArguments) -> None:
    """Raise vulnerable dependencies to the nearest versions that are not, and that go together."""
    from jettison.report.documents import encode  # noqa: PLC0415  # --help need not load it
    from jettison.report.fix_document import render_fix_text  # noqa: PLC0415  # as above
    from jettison.workflow.fix import fix as run  # noqa: PLC0415  # as above

    with progress() as events:
        result = run(_request(arguments), events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(encode(result.document, indent=2).decode())
    else:
        print_result(result.diff if arguments.dry_run else "")
        print_result(render_fix_text(result.document, is_dry=arguments.dry_run, columns=width()))
    if result.remaining:
        raise CheckFailedError(
            f"left after the upgrades: {', '.join(result.remaining[:8])}",
            hint="what stands in the way is said above",
        )


def _request(arguments: FixArguments) -> FixRequest:
    from jettison.cli.db_verbs import database_path  # noqa: PLC0415  # as above
    from jettison.feed.package_index import find_index_url  # noqa: PLC0415  # as above
    from jettison.workflow.fix import FixRequest  # noqa: PLC0415  # as above
    from jettison.workflow.fix_branch import (  # noqa: PLC0415  # as above
        PullRequest,
        api_url_of,
        token_of,
    )

    index_url = arguments.index_url or find_index_url(os.environ, Path.home())
    pull_request = None
    if arguments.pull_request:
        pull_request = PullRequest(
            api_url=arguments.api_url.rstrip("/") or api_url_of(),
            token=token_of(),
            repository=arguments.repo,
            remote=arguments.remote,
        )
    return FixRequest(
        directory=arguments.directory,
        database=database_path(arguments.db),
        index_url=index_url,
        python=arguments.python or _python(arguments.directory),
        write=not arguments.dry_run,
        branch=arguments.branch or ("jettison/fix" if arguments.pull_request else ""),
        pull_request=pull_request,
        advise=_advise_request(arguments, index_url) if arguments.base else None,
    )


def _advise_request(arguments: FixArguments, index_url: str) -> AdviseRequest | None:
    from jettison.cli.db_verbs import database_path  # noqa: PLC0415  # as above
    from jettison.cli.sources import source_request  # noqa: PLC0415  # as above
    from jettison.workflow.advise import AdviseRequest  # noqa: PLC0415  # as above

    dockerfile = arguments.directory / "Dockerfile"
    if not dockerfile.is_file():
        return None
    return AdviseRequest(
        target=str(dockerfile),
        template=source_request(str(dockerfile), arguments),
        database=database_path(arguments.db),
        dockerfile=dockerfile,
        candidates=arguments.candidate,
        project=arguments.directory,
        index_url=index_url,
        is_offline=arguments.offline,
        most=arguments.most,
    )


def _python(directory: Path) -> str:
    """The newest release that the project allows, ours if it does."""
    from datetime import UTC, datetime  # noqa: PLC0415  # as above

    from jettison.analysis.python_releases import (  # noqa: PLC0415  # as above
        choose_release,
        find_release,
    )
    from jettison.scaffold.dependencies import allows, python_range  # noqa: PLC0415  # as above
    from jettison.workflow.init import read_project  # noqa: PLC0415  # as above

    asked, _ = python_range(read_project(directory))
    own = find_release(sys.version_info[:2])
    if own is not None and allows(asked, own):
        return str(own)
    release = choose_release(datetime.now(UTC).date(), lambda item: allows(asked, item))
    return str(release or own)
