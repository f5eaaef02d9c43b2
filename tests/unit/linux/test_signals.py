from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from jettison.linux.signals import (
    read_signals,
    signals_deferred,
    signals_to_descriptor,
    termination_raises,
)


@pytest.fixture
def arrived() -> Iterator[list[int]]:
    """SIGTERM is written down here rather than ending the test run."""
    found: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        found.append(number)

    previous = signal.signal(signal.SIGTERM, note)
    yield found
    signal.signal(signal.SIGTERM, previous)


def test_deferred_signal_arrives_after_the_block(arrived: list[int]) -> None:
    with signals_deferred():
        signal.raise_signal(signal.SIGTERM)
        assert arrived == []
    assert arrived == [signal.SIGTERM]


def test_deferred_interrupt_raises_after_the_block() -> None:
    done = False
    with pytest.raises(KeyboardInterrupt), signals_deferred():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done = True
    assert done


def test_termination_raises_an_exit_with_the_shells_status() -> None:
    with pytest.raises(SystemExit) as raised, termination_raises():
        signal.raise_signal(signal.SIGTERM)
    assert raised.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_of_the_caller_is_left_alone(arrived: list[int]) -> None:
    with termination_raises():
        signal.raise_signal(signal.SIGTERM)
    assert arrived == [signal.SIGTERM]


def test_a_signal_that_nohup_ignores_stays_ignored() -> None:
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with termination_raises(), signals_deferred(), signals_to_descriptor() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert read_signals(stop) == b""
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_signals_become_bytes_and_interrupt_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signals_to_descriptor(signal.SIGUSR1) as stop:
        assert read_signals(stop) == b""
        for number in (signal.SIGINT, signal.SIGUSR1):
            os.kill(os.getpid(), number)
        assert select.select([stop], [], [], 5.0)[0] == [stop]
        assert read_signals(stop) == bytes((signal.SIGINT, signal.SIGUSR1))
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_other_threads_leave_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def body() -> None:
        with termination_raises(), signals_deferred(), signals_to_descriptor():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert seen == [before]
