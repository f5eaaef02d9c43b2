"""Run something in a thread of its own, for system calls that change the calling thread alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run_in_thread(function: Callable[[], T]) -> T:
    """What `function` returns or raises; its thread has ended by then."""
    returned: list[T] = []
    raised: list[BaseException] = []

    def body() -> None:
        try:
            returned.append(function())
        except BaseException as err:  # noqa: BLE001  # handed on to the caller below
            raised.append(err)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return returned[0]
