"""Whether the processes of a container still do something, told by their time on the processor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_PAUSE_S: Final = 0.01
# What an app does after its answer has been sent (logs, background tasks) seldom pauses longer.
_QUIET_S: Final = 0.05

_Usage = frozenset[tuple[str, str]]


def wait_until_quiet(pid: int, *, within_s: float) -> bool:
    """Wait until no process in the pid namespace of `pid` has run for a moment; whether it came.

    A program that polls never rests, so this is no failure.
    """
    deadline = time.monotonic() + within_s
    seen = _usage(pid)
    since = time.monotonic()
    while (now := time.monotonic()) - since < _QUIET_S:
        if now > deadline:
            return False
        time.sleep(_PAUSE_S)
        usage = _usage(pid)
        if usage is None or usage != seen:
            seen, since = usage, time.monotonic()
    return True


def _usage(pid: int) -> _Usage | None:
    """Each thread with its times on the processor; None while one runs or is about to."""
    found: set[tuple[str, str]] = set()
    for thread in _threads(pid):
        with suppress(OSError):
            state = (thread / "stat").read_text().rpartition(")")[2].split()[0]
            if state == "R":
                return None
            # Nanoseconds run and waited, and how often: proc_pid_schedstat, in
            # Documentation/scheduler/sched-stats.rst.
            with suppress(FileNotFoundError):
                found.add((thread.name, (thread / "schedstat").read_text()))
    return frozenset(found)


def _threads(pid: int) -> Iterator[Path]:
    with suppress(OSError):
        namespace = Path(f"/proc/{pid}/ns/pid").readlink()
        for process in Path("/proc").glob("[0-9]*"):
            # A process may end, or be none of ours, at any moment.
            with suppress(OSError):
                if (process / "ns/pid").readlink() == namespace:
                    yield from (process / "task").iterdir()
