"""A process that a runtime started for us and left to us: waiting for it, signalling it.

As pid 1 of our namespace we are the parent of all such orphans, also of those that a runtime
leaves behind when it fails half way. Those must be waited for as well: the kernel does not let the
first process of a container end while a dead one of the container has not been taken notice of.
"""

from __future__ import annotations

import math
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from jettison.errors import HostError

# How often the orphans are looked after while waiting.
_SLICE_S: Final = 0.05

# The pids that somebody waits for; who holds the lock is about to add one.
_expected: set[int] = set()
_adding = threading.RLock()


class Child:
    """One process by its pidfd.

    Raises: HostError if it is not our child, which happens only outside `run_isolated`.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        self._status: int | None = None
        _expected.add(pid)

    @classmethod
    def of(cls, start: Callable[[], int]) -> Child:
        """The process whose pid `start` gives, however soon it may end."""
        with _adding:
            return cls(start())

    @property
    def status(self) -> int | None:
        """The exit status if it has ended, 128 + N after signal N as in a shell."""
        return self.wait(0.0)

    def wait(self, timeout_s: float | None) -> int | None:
        """The exit status, or None if it still runs when the time is over."""
        if self._status is None and self._has_ended(timeout_s):
            try:
                _, status = os.waitpid(self.pid, 0)
            except ChildProcessError as err:
                raise HostError(f"process {self.pid} is not ours to wait for") from err
            finally:
                _expected.discard(self.pid)
            code = os.waitstatus_to_exitcode(status)
            self._status = 128 - code if code < 0 else code
        return self._status

    def _has_ended(self, timeout_s: float | None) -> bool:
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while True:
            reap_orphans()
            left = deadline - time.monotonic()
            if poll.poll(max(0.0, min(left, _SLICE_S)) * 1000):
                return True
            if left <= 0:
                return False

    def hears(self, number: int) -> bool:
        """Whether it has a handler for a signal; true where that cannot be found out.

        As pid 1 of its namespace it is spared every signal that it has none for, but SIGKILL.
        Source: pid_namespaces(7), "The namespace init process".
        """
        with suppress(OSError, StopIteration, ValueError):
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
            caught = next(line for line in lines if line.startswith("SigCgt:")).split()[1]
            return bool(int(caught, 16) >> (number - 1) & 1)
        return True

    def send(self, number: int) -> None:
        """Send a signal; nothing happens if it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def close(self) -> None:
        """Kill it if it still runs, and wait for its end."""
        if self._status is None:
            self.send(signal.SIGKILL)
            self.wait(None)
        os.close(self._handle)


def reap_orphans() -> None:
    """Take notice of our dead children in containers that nobody waits for."""
    if not _adding.acquire(blocking=False):
        return
    try:
        for pid in _find_dead_in_containers():
            if pid not in _expected:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
    finally:
        _adding.release()


def _find_dead_in_containers() -> Iterator[int]:
    """Our zombies in pid namespaces below ours; others are programs that `edge.process` awaits.

    Source: proc_pid_status(5): NSpid has one number for each namespace from ours down.
    """
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            for pid in (thread / "children").read_text().split():
                with suppress(OSError, KeyError):
                    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                    fields = dict(line.partition(":\t")[::2] for line in lines)
                    if fields["State"].startswith("Z") and len(fields["NSpid"].split()) > 1:
                        yield int(pid)


def parse_signal(text: str) -> int:
    """A signal as images name it: `SIGTERM`, `term`, `15`, `SIGRTMIN+3`; SIGTERM for nonsense."""
    name, _, offset = text.strip().upper().partition("+")
    if name.isdecimal():
        number = int(name)
    else:
        member = signal.Signals.__members__.get(f"SIG{name.removeprefix('SIG')}")
        if member is None or not (offset or "0").isdecimal():
            return int(signal.SIGTERM)
        number = int(member) + int(offset or "0")
    return number if 0 < number < signal.NSIG else int(signal.SIGTERM)
