"""Where exports are fetched from: a server, or a directory of the same layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from jettison.errors import UsageError

DEFAULT_BASE: Final = "https://storage.googleapis.com/osv-vulnerabilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One file to fetch: `path` if it lies on this host, else to be had from `url`."""

    url: str
    path: Path | None = None


def export_place(base: str, ecosystem: str) -> Place:
    """Where the export of an ecosystem is, below a URL or a directory.

    Raises: UsageError for a base that is neither.
    """
    # Imported here: the command line has the default from this module, and need not load more.
    from jettison.feed.names import export_path  # noqa: PLC0415  # as said above

    if base.startswith(("http://", "https://")):
        return Place(url=f"{base.rstrip('/')}/{export_path(ecosystem)}")
    directory = _local(base, "--osv-url")
    for name in (ecosystem, export_path(ecosystem).partition("/")[0]):
        path = directory / name / "all.zip"
        if path.is_file():
            break
    else:
        path = directory / ecosystem / "all.zip"
    return Place(url=path.absolute().as_uri(), path=path)


def file_place(given: str, option: str) -> Place:
    """A file that was named by URL or by path.

    Raises: UsageError for a URL of another kind.
    """
    if given.startswith(("http://", "https://")):
        return Place(url=given)
    path = _local(given, option)
    return Place(url=path.absolute().as_uri(), path=path)


def check_base(base: str) -> None:
    """Raises: UsageError for a directory that is not there, and for a URL of another kind."""
    if not base.startswith(("http://", "https://")):
        directory = _local(base, "--osv-url")
        if not directory.is_dir():
            raise UsageError(
                f"--osv-url {base}: there is no such directory",
                hint="it holds a folder for each ecosystem with an all.zip in it",
            )


def _local(given: str, option: str) -> Path:
    if not given.startswith("file:"):
        if "://" in given:
            raise UsageError(
                f"{option} {given}: only https, http and file addresses, and directories"
            )
        return Path(given)
    parts = urlsplit(given)
    if parts.netloc not in ("", "localhost"):
        raise UsageError(f"{option} {given}: a file address has three slashes, file:///PATH")
    return Path(unquote(parts.path))
