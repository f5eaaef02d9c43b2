"""A call in a thread, for what mostly waits or what something else can be waited for meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """A call under way; `result` waits for what it returns or raises."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._value: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], T]) -> None:
        try:
            self._value.append(call())
        except BaseException as err:  # noqa: BLE001  # raised again by `result`
            self._error = err

    def result(self) -> T:
        """What the call returned, as often as asked for.

        Raises: what the call raised.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value[0]
