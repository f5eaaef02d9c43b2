"""What every verb does with the terminal: progress on stderr, the result on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from jettison.cli.progress import LineProgress, LiveProgress
from jettison.events import EventSink

_WIDEST: Final = 100


@contextmanager
def progress() -> Iterator[EventSink]:
    """A sink that shows a verb's events: live on a terminal, line by line elsewhere."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal and not console.is_dumb_terminal:
        with LiveProgress(console) as live:
            yield live
    else:
        yield LineProgress(console)


def print_result(text: str) -> None:
    """Write a verb's result to stdout, now."""
    sys.stdout.write(text)
    sys.stdout.flush()


def width() -> int:
    """Columns that a table may take."""
    return min(Console().width, _WIDEST)
