"""Work in a forked copy of this process, for what would otherwise keep other threads waiting."""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from jettison.errors import JettisonError
from jettison.linux.signals import signals_deferred

T = TypeVar("T")


class Forked(Generic[T]):
    """A call under way in a child process; `result` waits for what it returns or raises.

    The child sees everything as it was at the fork and hands back nothing but the result, pickled.
    It has one thread only, so the call must not wait for another one.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._read_end, write_end = os.pipe()
        # What handlers raise while Python itself tidies up after a fork, it drops. And the child
        # need not be told to stop: it ends with whoever waits for it.
        with signals_deferred():
            self._pid = os.fork()
            if self._pid == 0:
                try:
                    _answer(call, write_end)
                finally:
                    # Nothing that the parent has opened or started is the child's to clean up.
                    os._exit(0)
        os.close(write_end)
        self._is_over = False

    def discard(self) -> None:
        """End the call if its result was not taken; the child has nothing to clean up."""
        if self._is_over:
            return
        self._is_over = True
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        with suppress(OSError):
            os.close(self._read_end)

    def result(self) -> T:
        """What the call returned. For one use.

        Raises: what the call raised; JettisonError if the child was killed.
        """
        with os.fdopen(self._read_end, "rb") as pipe:
            body = pipe.read()
        os.waitpid(self._pid, 0)
        self._is_over = True
        if not body:
            raise JettisonError("a helper process ended without a result")
        returned: bool
        returned, value = pickle.loads(body)  # noqa: S301  # our own fork wrote it
        if not returned:
            raise value
        found: T = value
        return found


def _answer(call: Callable[[], object], write_end: int) -> None:
    try:
        body = pickle.dumps((True, call()))
    except JettisonError as err:
        body = pickle.dumps((False, err))
    except BaseException as err:  # noqa: BLE001  # raised again in the parent, as a bug
        text = "".join(traceback.format_exception(err))
        body = pickle.dumps((False, JettisonError(f"in a helper process: {text}")))
    with os.fdopen(write_end, "wb") as pipe:
        pipe.write(body)
