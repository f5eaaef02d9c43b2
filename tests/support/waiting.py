"""Wait for a condition with a deadline; tests never sleep for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], deadline_s: float = 10.0) -> T:
    """Ask `condition` again and again until it is true, and return what it gave.

    Raises: AssertionError when `deadline_s` is over.
    """
    end = time.monotonic() + deadline_s
    pause = 0.005
    while not (found := condition()):
        left = end - time.monotonic()
        assert left > 0, f"{condition} was still {found!r} after {deadline_s:g} s"
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)
    return found
