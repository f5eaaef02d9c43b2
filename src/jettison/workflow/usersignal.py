"""`--continue-after signal`: the user says when the app has been watched for long enough."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from jettison.events import EventSink, Notice

_NOTICE: Final = "the app is watched until SIGUSR1 comes: pkill -USR1 jettison"


@contextmanager
def user_signal(events: EventSink) -> Iterator[Callable[[], bool]]:
    """Say how to end the watching; what is yielded tells whether SIGUSR1 came since.

    The outer process hands the signal on. For the main thread.
    """
    told = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: told.set())
    events.emit(Notice(message=_NOTICE))
    try:
        yield told.is_set
    finally:
        signal.signal(signal.SIGUSR1, before)
