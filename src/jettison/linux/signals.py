"""Being asked to stop, at moments of our own choosing.

Python runs handlers in the main thread only; in any other thread these do nothing.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

# What a terminal, a supervisor or a closed session sends to end a program.
STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_Handler = Callable[[int, FrameType | None], Any]


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _handlers(handler: _Handler, numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
    """Handle these signals, but not those that our parent had us ignore, as nohup does."""
    previous = {
        number: found
        for number in numbers
        if (found := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
    try:
        for number in previous:
            signal.signal(number, handler)
        yield
    finally:
        for number, found in previous.items():
            signal.signal(number, found)


@contextmanager
def termination_raises() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit (128 + number), so that context managers unwind."""
    if not _in_main_thread():
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    defaults = tuple(
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    )
    with _handlers(stop, defaults):
        yield


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Hold the stopping signals back until the block has ended."""
    if not _in_main_thread():
        yield
        return
    arrived: list[int] = []
    try:
        with _handlers(lambda number, _frame: arrived.append(number), STOPPING):
            yield
    finally:
        for number in dict.fromkeys(arrived):
            signal.raise_signal(number)


@contextmanager
def signals_to_descriptor(*more: signal.Signals) -> Iterator[int]:
    """A descriptor to poll: each stopping signal, and `more`, becomes one byte, its number."""
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(read_end, False)
        os.set_blocking(write_end, False)
        if not _in_main_thread():
            yield read_end
            return
        # The descriptor comes first: a handler without it would take a signal and tell nobody.
        previous = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        try:
            with _handlers(lambda _number, _frame: None, (*STOPPING, *more)):
                yield read_end
        finally:
            signal.set_wakeup_fd(previous)
    finally:
        for descriptor in (read_end, write_end):
            with suppress(OSError):
                os.close(descriptor)


def read_signals(descriptor: int) -> bytes:
    """The signals that arrived since, each one byte; empty if there are none."""
    try:
        return os.read(descriptor, 64)
    except BlockingIOError:
        return b""


def interrupt_on_sigterm() -> None:
    """Let the first SIGTERM raise KeyboardInterrupt; more of them must not disturb the unwinding.

    One that was held back until now does so at once. Handlers and not SIG_IGN, which programs that
    we start would inherit.
    """
    told = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        if not told:
            told = True
            raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
