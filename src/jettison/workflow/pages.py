"""Pages for a browser, written where the user wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jettison.edge.files import atomic_write
from jettison.errors import HostError, UsageError
from jettison.events import EventSink, stage


def check_place(path: Path) -> None:
    """Find out before the work is done that its page could not be written.

    Raises: UsageError.
    """
    if path.is_dir():
        raise UsageError(f"--html {path} is a directory", hint="name a file")
    if not path.parent.is_dir():
        raise UsageError(f"--html {path}: there is no directory {path.parent}", hint="make it")


def write_page(path: Path, render: Callable[[], bytes], *, events: EventSink) -> None:
    """Render a page and write it whole or not at all.

    Raises: HostError where it cannot be written.
    """
    with stage("page", events) as outcome:
        page = render()
        try:
            with atomic_write(path) as out:
                out.write(page)
        except OSError as err:
            raise HostError(f"write {path}: {err.strerror}") from err
        outcome.detail = str(path)
