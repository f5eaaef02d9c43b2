"""`jettison why`: the reasons of one path, from the reports of a run."""

from __future__ import annotations

from pathlib import Path

from jettison.errors import UsageError
from jettison.paths import ImagePath
from jettison.report.explain import (
    Explanation,
    explain_path,
    parse_container_report,
    parse_removed_report,
)

__all__ = ["why"]


def why(path: str, report_dir: Path) -> Explanation:
    """Look a path up in a report directory.

    Raises: UsageError if the directory has no report of ours, or the path cannot be one.
    """
    try:
        image_path = ImagePath.parse(path)
    except ValueError as err:
        raise UsageError(f"{path!r}: {err}") from err
    kept = parse_container_report(_read(report_dir / "creport.json"))
    removed_path = report_dir / "removed.json"
    removed = parse_removed_report(_read(removed_path)) if removed_path.exists() else None
    return explain_path(image_path, kept, removed)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise UsageError(
            f"{path}: {err.strerror}",
            hint="--report takes the directory that `jettison slim` wrote",
        ) from err
