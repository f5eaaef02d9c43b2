"""A process that a runtime started for us and left to us: waiting for it, signalling it."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

from jettison.errors import HostError


class Child:
    """One process by its pidfd; as pid 1 of our namespace we are the parent of such orphans.

    Raises: HostError if it is not our child, which happens only outside `run_isolated`.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        self._status: int | None = None

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
            code = os.waitstatus_to_exitcode(status)
            self._status = 128 - code if code < 0 else code
        return self._status

    def _has_ended(self, timeout_s: float | None) -> bool:
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return bool(poll.poll(None if timeout_s is None else timeout_s * 1000))

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
