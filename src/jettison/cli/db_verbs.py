"""`jettison db update` and `jettison db status`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Option

from jettison.cli.arguments import takes
from jettison.cli.options import OutputFormat
from jettison.cli.terminal import print_result, progress, width
from jettison.errors import AdvisoryDataError
from jettison.feed.places import DEFAULT_BASE


@dataclass(frozen=True, kw_only=True)
class DatabaseArguments:
    """Which database of advisories."""

    db: Annotated[
        Path | None,
        Option(metavar="FILE", help="The database, instead of the one in the cache directory."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class DbUpdateArguments(DatabaseArguments):
    """What is fetched from where."""

    osv_url: Annotated[
        str, Option(metavar="URL", help="Server or directory with OSV's public exports.")
    ] = DEFAULT_BASE
    ecosystem: Annotated[
        tuple[str, ...],
        Option(
            metavar="NAME",
            help="Such as npm or Debian:12. By default Alpine, Debian, PyPI, Ubuntu and those"
            " that are in the database.",
        ),
    ] = ()
    epss: Annotated[
        str, Option(metavar="FILE|URL", help="Scores of FIRST's EPSS, as CSV or gzipped CSV.")
    ] = ""
    kev: Annotated[
        str, Option(metavar="FILE|URL", help="CISA's known exploited vulnerabilities, as JSON.")
    ] = ""
    insecure: Annotated[
        bool,
        Option("--insecure", help="Allow plain HTTP to other hosts, and any certificate."),
    ] = False
    format: Annotated[OutputFormat, Option(help="How the result is printed.")] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class DbStatusArguments(DatabaseArguments):
    """How it is shown."""

    format: Annotated[OutputFormat, Option(help="How the result is printed.")] = OutputFormat.TEXT


def database_path(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The database of advisories: the one given, or `advisories.db` beside the store."""
    from jettison.cli.sources import store_directory  # noqa: PLC0415  # --help need not load it

    return given or store_directory(environ) / "advisories.db"


@takes(DbUpdateArguments, left_behind="what was fetched is kept, the former database is as it was")
def db_update(arguments: DbUpdateArguments) -> None:
    """Fetch OSV's advisories into a local database; what has not changed is not fetched again."""
    from jettison.edge.http import HttpOptions  # noqa: PLC0415  # as above
    from jettison.feed.update import UpdateRequest  # noqa: PLC0415  # as above
    from jettison.report.db_document import (  # noqa: PLC0415  # as above
        render_db_document,
        render_update_text,
    )
    from jettison.workflow.db import update  # noqa: PLC0415  # as above

    request = UpdateRequest(
        database=database_path(arguments.db),
        base=arguments.osv_url,
        ecosystems=arguments.ecosystem,
        epss=arguments.epss,
        kev=arguments.kev,
    )
    with progress() as events:
        document = update(request, HttpOptions(insecure=arguments.insecure), events=events)
    if arguments.format is OutputFormat.JSON:
        print_result(render_db_document(document).decode())
    else:
        print_result(render_update_text(document))
    if document.failures:
        raise AdvisoryDataError(
            "; ".join(document.failures), hint="everything else is up to date in the database"
        )


@takes(DbStatusArguments)
def db_status(arguments: DbStatusArguments) -> None:
    """Show what the database of advisories holds, and how old it is."""
    from jettison.report.db_document import (  # noqa: PLC0415  # as above
        render_db_document,
        render_status_text,
    )
    from jettison.workflow.db import status  # noqa: PLC0415  # as above

    document = status(database_path(arguments.db))
    if arguments.format is OutputFormat.JSON:
        print_result(render_db_document(document).decode())
    else:
        print_result(render_status_text(document, width=width()))
