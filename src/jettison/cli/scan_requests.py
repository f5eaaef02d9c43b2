"""From what was typed to what the verbs that scan are asked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jettison.cli.config import read_own_table
from jettison.cli.db_verbs import database_path
from jettison.cli.scan_options import CompareArguments, FailOn, ScanArguments
from jettison.cli.sources import source_request
from jettison.errors import UsageError
from jettison.scan.ignores import Ignore, parse_ignores
from jettison.scan.severity import Severity
from jettison.transport.schemes import Scheme
from jettison.workflow.compare import CompareRequest
from jettison.workflow.scan import ScanRequest

_PYTHON: Final = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")


def scan_request(arguments: ScanArguments) -> ScanRequest:
    """What `jettison scan` is asked. Raises: UsageError."""
    if arguments.python and not _PYTHON.fullmatch(arguments.python):
        raise UsageError(f"--python {arguments.python}: no Python version", hint="such as 3.12")
    path = find_path(arguments.target)
    return ScanRequest(
        source=None if path is not None else source_request(_image(arguments.target), arguments),
        path=path,
        database=database_path(arguments.db),
        today=datetime.now(UTC).date(),
        fail_on=fail_on(arguments.fail_on),
        ignores=() if arguments.ignores is None else _read_ignores(arguments.ignores),
        vex=tuple(map(Path, arguments.vex)),
        python=arguments.python,
    )


def compare_request(arguments: CompareArguments) -> CompareRequest:
    """What `jettison compare` is asked. Raises: UsageError."""
    return CompareRequest(
        original=source_request(_image(arguments.original), arguments),
        slimmed=source_request(_image(arguments.slimmed), arguments),
        database=database_path(arguments.db),
        push_to=arguments.push_to,
        fail_on=fail_on(arguments.fail_on),
    )


def find_path(target: str) -> Path | None:
    """The directory or file that is meant, None for an image.

    What is there goes before an image of the same name; a directory with a layout is an image.

    Raises: UsageError for a name with the look of a file that is not there.
    """
    if target.partition(":")[0] in set(Scheme) - {Scheme.NAME}:
        return None
    path = Path(target).expanduser()
    if path.is_dir():
        return None if (path / "oci-layout").is_file() else path
    if path.exists():
        return path
    if target.startswith((".", "/", "~")) or path.suffix in (".txt", ".toml", ".lock", ".json"):
        raise UsageError(
            f"{target}: there is no such file or directory",
            hint="images are named docker:NAME, oci:DIR, oci-archive:FILE, …",
        )
    return None


def _image(target: str) -> str:
    return f"oci:{target}" if (Path(target) / "oci-layout").is_file() else target


def fail_on(value: FailOn) -> Severity | None:
    """The severity that fails; None for none."""
    match value:
        case FailOn.ANY:
            return Severity.UNKNOWN
        case FailOn.NEVER:
            return None
        case _:
            return Severity(value.value)


def _read_ignores(path: Path) -> tuple[Ignore, ...]:
    """The list `[[scan.ignore]]` of a file. Raises: UsageError."""
    return parse_ignores(read_own_table(path, "scan", "ignore"), where=str(path))
